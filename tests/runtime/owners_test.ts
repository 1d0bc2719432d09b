/** An owner that restarts: whether the partition is still its own, which the ledger alone knows. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { tally } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { type Runtime, start, type StartOptions, type World } from "../../runtime/mod.ts";
import type { Appended } from "../../runtime/world/mod.ts";
import { withChains } from "../support/chains.ts";
import { kept, memoryWorld, tallyEvent, totals } from "../support/world.ts";

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

async function begin(world: World, options: Partial<StartOptions> = {}): Promise<Runtime> {
  const runtime = await start(topology, world, new AbortController().signal, {
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
