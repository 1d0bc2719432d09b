/** An owner that restarts: whether the partition is still its own, which the ledger alone knows. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { tally } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import {
  Replaced,
  type Runtime,
  start,
  type StartOptions,
  type Topology,
  type World,
} from "../../runtime/mod.ts";
import { encodeFrame } from "../../runtime/partition/frame.ts";
import { encodeEvent } from "../../runtime/partition/mailbox.ts";
import type { Appended } from "../../runtime/world/mod.ts";
import { withChains } from "../support/chains.ts";
import { type Kept, kept, keyBytes, memoryWorld, tallyEvent, tallyState, totals } from "../support/world.ts";

const topology = { pipelines: [tally] };

describe("an owner that restarts", () => {
  it("stays down where another process took over meanwhile, whatever it failed of", async () => {
    const files = kept(), faults: Fault[] = [];
    const older = await begin(failing(memoryWorld(files), faults));
    const newer = await begin(memoryWorld(files));
    assert.equal(epochOf(newer), 2);
    faults.push("no answer");
    assert.equal((await older.submit("tally", tallyEvent("a", 1), { id: "one" })).kind, "unknown");
    const [{ state, lastError }] = older.status().partitions;
    assert.equal(state, "failed");
    assert.match(lastError!, /in epoch 1: another owner appended \(epoch 2 has begun\)/);
    assert.deepEqual(totals(await newer.submit("tally", tallyEvent("a", 1), { id: "one" })), {
      count: 1n,
      sum: 1n,
    });
    assert.equal(epochOf(newer), 2);
    await older.stop();
    await newer.stop();
  });

  it("takes the partition back where it is to", async () => {
    const files = kept(), faults: Fault[] = [];
    const older = await begin(failing(memoryWorld(files), faults), { onFenced: "retake" });
    const newer = await begin(memoryWorld(files));
    faults.push("no answer");
    assert.equal((await older.submit("tally", tallyEvent("a", 1))).kind, "decided");
    assert.equal(epochOf(older), 3);
    await older.stop();
    await newer.stop();
  });

  it("knows its own epoch frame that it got no answer to", async () => {
    const files = kept(), faults: Fault[] = [];
    const runtime = await begin(failing(memoryWorld(files), faults));
    // Fails; its first frame in the next life is stored and not answered, and cannot be looked for.
    faults.push("no answer", "stored without an answer", "not readable");
    assert.equal((await runtime.submit("tally", tallyEvent("a", 1))).kind, "decided");
    assert.deepEqual(faults, []);
    assert.equal(epochOf(runtime), 3);
    await runtime.stop();
  });
});

describe("an owner of several partitions for which another stands by", () => {
  const quick = { ...tally, name: "quick" };
  const both = { pipelines: [tally, quick] };
  const standby = { standby: true, heartbeatMs: 10, patienceMs: 30 };

  it("ends when it learns that another process took one of them, though nobody sends it anything", async () => {
    const files = kept();
    const owner = await begin(seen(memoryWorld(files)), standby, both);
    const other = await begin(memoryWorld(files), {}, { pipelines: [quick] });
    assert.deepEqual(totals(await other.submit("quick", tallyEvent("a", 1))), { count: 1n, sum: 1n });
    await other.stop();
    await until(() => owner.status().state === "ended");
    assert.equal((await owner.ended)?.cause instanceof Replaced, true);
  });

  it("takes it back where it is to, and then answers as the ledger has it", async () => {
    const files = kept();
    await (await begin(memoryWorld(files), {}, { pipelines: [quick] })).stop();
    const owner = await begin(seen(memoryWorld(files)), { ...standby, onFenced: "retake" }, both);
    const other = await begin(memoryWorld(files), {}, { pipelines: [quick] });
    await other.submit("quick", tallyEvent("a", 1));
    await other.stop();
    await leaveBehind(files, "quick-0", 1); // void, and the newest frame
    await until(() => owner.status().partitions[1].epoch === 4);
    await owner.ready;
    assert.deepEqual(tallyState(await owner.query("quick", keyBytes("a"))), { count: 1n, sum: 1n });
    assert.deepEqual(owner.status().partitions.map(({ epoch }) => epoch), [1, 4]);
    await owner.stop();
  });
});

/** Far more often than an owner looks after its chains. */
const LOOKS_MAX = 1_000;

async function until(condition: () => boolean): Promise<void> {
  for (let looks = 0; !condition(); looks++) {
    assert.ok(looks < LOOKS_MAX, "it never comes");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What an owner of an older epoch had under way comes last. */
async function leaveBehind(files: Kept, name: string, epoch: number): Promise<void> {
  const chain = await memoryWorld(files).ledger.open(name);
  const { last } = await chain.extent();
  const none = new Uint8Array(0), kernel = new Uint8Array(32);
  const head = { epoch, number: last + 1, clock: 0, kernel, previous: kernel, positions: [] };
  await chain.append(last, encodeFrame(head, encodeEvent(tallyEvent("a", 1), {}), none).message);
}

/** Owners show themselves, and nobody looks. */
function seen(world: World): World {
  const show = () => Promise.resolve({ close: () => Promise.resolve() });
  return { ...world, presence: { show, look: () => Promise.resolve("alive" as const) } };
}

async function begin(
  world: World,
  options: Partial<StartOptions> = {},
  what: Topology = topology,
): Promise<Runtime> {
  const runtime = await start(what, world, new AbortController().signal, {
    kernels: readKernel,
    backoff: { firstMs: 1, lastMs: 2 },
    ...options,
  });
  await runtime.ready;
  return runtime;
}

function epochOf(runtime: Runtime): number {
  return runtime.status().partitions[0].epoch;
}

/** What goes wrong next, in this order, each with the first call that it can befall. */
type Fault = "no answer" | "stored without an answer" | "not readable";

function failing(world: World, faults: Fault[]): World {
  const unknown: Appended = { kind: "unknown", cause: new Error("no answer") };
  return withChains(world, (chain) => ({
    async append(after, message) {
      if (faults[0] === "no answer") return faults.shift(), unknown;
      const outcome = await chain.append(after, message);
      return faults[0] === "stored without an answer" ? (faults.shift(), unknown) : outcome;
    },
    get(sequence) {
      if (faults[0] !== "not readable") return chain.get(sequence);
      faults.shift();
      return Promise.reject(new Error("not readable"));
    },
  }));
}
