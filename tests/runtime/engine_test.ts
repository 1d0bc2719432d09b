/** The engine as a whole, on the memory ledger: what a program that calls `start` may rely on. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { tally, tallyThatTraps } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import {
  decodeFrame,
  kernelParams,
  loadKernel,
  type Outcome,
  type Output,
  type Pipeline,
  type Runtime,
  start,
  type Topology,
  verifyChain,
  type World,
} from "../../runtime/mod.ts";
import { second } from "../support/tally.ts";
import { kept, keyBytes, memoryWorld, running, tallyEvent, tallyState, totals } from "../support/world.ts";

const one: Topology = { pipelines: [tally] };

describe("the engine", () => {
  it("decides an event, durably, and says where it stands", async () => {
    await running(one, memoryWorld(), async (runtime) => {
      const outcome = await runtime.submit("tally", tallyEvent("alice", 5));
      assert.deepEqual(totals(outcome), { count: 1n, sum: 5n });
      assert(outcome.kind === "decided" && outcome.durable && !outcome.duplicate);
      assert.equal(outcome.position.partition, 0);
      assert.deepEqual(totals(await runtime.submit("tally", tallyEvent("alice", -7))), {
        count: 2n,
        sum: -2n,
      });
    });
  });

  it("answers a repeated id with the first answer, and applies it once", async () => {
    await running(one, memoryWorld(), async (runtime) => {
      const first = await runtime.submit("tally", tallyEvent("alice", 5), { id: "a1" });
      await runtime.submit("tally", tallyEvent("alice", 1), { id: "a2" });
      const again = await runtime.submit("tally", tallyEvent("alice", 5), { id: "a1" });
      assert(first.kind === "decided" && again.kind === "decided");
      assert.deepEqual(again, { ...first, duplicate: true });
      assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("alice"))), { count: 2n, sum: 6n });
    });
  });

  it("answers a repeat that shares its frame with the first", async () => {
    await running(one, memoryWorld(), async (runtime) => {
      const outcomes = await Promise.all(
        [1, 2, 3].map(() => runtime.submit("tally", tallyEvent("alice", 5), { id: "same" })),
      );
      assert.deepEqual(outcomes.map(totals), Array(3).fill({ count: 1n, sum: 5n }));
      assert.deepEqual(outcomes.map((each) => each.kind === "decided" && each.duplicate), [
        false,
        true,
        true,
      ]);
    });
  });

  it("keeps answering an event in order while hundreds are in flight", async () => {
    await running({ pipelines: [{ ...tally, partitions: 3 }] }, memoryWorld(), async (runtime) => {
      const outcomes = await Promise.all(
        Array.from({ length: 900 }, (_, i) => runtime.submit("tally", tallyEvent(`k${i % 9}`, 1))),
      );
      outcomes.forEach((outcome, i) => assert.equal(totals(outcome).count, BigInt(Math.floor(i / 9) + 1)));
    });
  });

  it("gives reference data to every partition and answers once all have it", async () => {
    const pipeline = { ...tally, partitions: 3, broadcast: ["note"] };
    await running({ pipelines: [pipeline] }, memoryWorld(), async (runtime) => {
      const outcome = await runtime.submit("tally", tallyEvent("limits", 1, "for all"), { id: "b1" });
      assert.equal(outcome.kind, "decided");
      assert.deepEqual(runtime.status().partitions.map(({ counts }) => counts.events), [1, 1, 1]);
    });
  });

  it("records bad input as a dead letter that is driven again at most once", async () => {
    await running(one, memoryWorld(), async (runtime) => {
      await runtime.submit("tally", tallyEvent("alice", 2n ** 63n - 1n));
      const rejected = await runtime.submit("tally", tallyEvent("alice", 1), { id: "over" });
      assert(rejected.kind === "rejected");
      assert.equal(rejected.reason, 4);
      const [letter, ...rest] = await runtime.deadLetters("tally");
      assert.deepEqual(rest, []);
      assert.deepEqual(letter.position, rejected.position);
      assert.deepEqual(letter.payload, tallyEvent("alice", 1));
      assert.equal(new TextDecoder().decode(letter.id), "over");
      await runtime.submit("tally", tallyEvent("alice", -10));
      const driven = await runtime.redrive("tally", letter.position);
      assert.equal(totals(driven).count, 3n);
      const again = await runtime.redrive("tally", letter.position);
      assert(driven.kind === "decided" && again.kind === "decided");
      assert.deepEqual(again.position, driven.position);
      assert(again.duplicate);
      await assert.rejects(runtime.redrive("tally", { partition: 0, frame: 1, event: 0 }), /no dead letter/);
    });
  });

  it("refuses what it cannot take, and keeps nothing of it", async () => {
    await running(one, memoryWorld(), async (runtime) => {
      const admissions = [
        await runtime.submit("tally", new Uint8Array(0)),
        await runtime.submit("tally", new Uint8Array(70_000)),
        await runtime.submit("nobody", tallyEvent("a", 1)),
        await runtime.submit("tally", tallyEvent("a", 1), { id: "x".repeat(257) }),
      ].map((outcome) => outcome.kind === "refused" ? outcome.admission : outcome.kind);
      assert.deepEqual(admissions, ["no-key", "too-large", "unknown", "too-large"]);
      assert.equal(runtime.status().partitions[0].counts.events, 0);
    });
  });

  it("answers full when the mailbox is, and takes events again afterwards", async () => {
    await running(one, memoryWorld(), async (runtime) => {
      const outcomes: Outcome[] = [];
      const admissions = Array.from(
        { length: 6 },
        (_, i) => runtime.offer("tally", tallyEvent("a", i), {}, (outcome) => outcomes.push(outcome)),
      );
      assert.deepEqual(admissions, ["admitted", "admitted", "admitted", "admitted", "full", "full"]);
      assert.equal(runtime.admits("tally").open, false);
      await until(() => outcomes.length === 4);
      assert.equal(runtime.admits("tally").open, true);
      assert.equal((await runtime.submit("tally", tallyEvent("a", 9))).kind, "decided");
    }, { mailboxEventsMax: 4 });
  });

  it("quarantines an event that traps twice, and goes on with the rest", async () => {
    const world = memoryWorld();
    const pipeline = tallyThatTraps("poison");
    await running({ pipelines: [pipeline] }, world, async (runtime) => {
      const outcomes = await Promise.all([
        runtime.submit("tally", tallyEvent("a", 1)),
        runtime.submit("tally", tallyEvent("a", 100, "poison")),
        runtime.submit("tally", tallyEvent("a", 2)),
        runtime.submit("tally", tallyEvent("b", 100, "poison")),
        runtime.submit("tally", tallyEvent("a", 3)),
      ]);
      assert.deepEqual(outcomes.map(({ kind }) => kind), [
        "decided",
        "rejected",
        "decided",
        "rejected",
        "decided",
      ]);
      assert.deepEqual(totals(outcomes[4]), { count: 3n, sum: 6n });
      assert(outcomes[1].kind === "rejected" && outcomes[1].reason === 9);
      assert.equal((await runtime.deadLetters("tally")).length, 2);
      assert.equal(runtime.status().partitions[0].counts.quarantined, 2);
    });
    assert.deepEqual((await verified(world, pipeline)).findings, []);
  });

  it("answers at once under early, says so, and is durable soon after", async () => {
    const world = memoryWorld();
    const pipeline: Pipeline = { ...tally, reply: "early" };
    await running({ pipelines: [pipeline] }, world, async (runtime) => {
      let outcome: Outcome | undefined;
      runtime.offer("tally", tallyEvent("a", 1), { id: "e1" }, (given) => (outcome = given));
      assert(outcome?.kind === "decided", "answered before offer returned");
      assert.equal(outcome.durable, false);
      const more = await Promise.all(
        Array.from({ length: 500 }, () => runtime.submit("tally", tallyEvent("a", 1))),
      );
      assert.equal(totals(more[499]).count, 501n);
      assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("a"))), { count: 501n, sum: 501n });
    });
    const replay = await verified(world, pipeline);
    assert.deepEqual(replay.findings, []);
    assert.equal(replay.events, 501);
  });

  it("keeps frames of early events within the ledger's message limit, however large the events", async () => {
    const pipeline: Pipeline = { ...tally, reply: "early" };
    const world = memoryWorld();
    const frameBytesMax = 32 * 1024;
    await running({ pipelines: [pipeline] }, world, async (runtime) => {
      const sizes = [10, 20_000, 29_000, 5, 14_000, 14_000, 14_000, 29_000];
      const outcomes = await Promise.all(
        sizes.map((size) => runtime.submit("tally", tallyEvent("alice", 1, "x".repeat(size)))),
      );
      assert.deepEqual(outcomes.map((outcome) => totals(outcome).count), sizes.map((_, i) => BigInt(i + 1)));
    }, { frameBytesMax });
    const chain = await world.ledger.open("tally-0");
    for await (const { message } of chain.read(1)) {
      assert(message.length <= frameBytesMax, `${message.length} bytes`);
    }
  });

  it("feeds one pipeline's outputs to another, each exactly once", async () => {
    const topology: Topology = {
      pipelines: [{ ...tally, partitions: 2 }, { ...second, partitions: 3 }],
      feeds: [{ from: "tally", to: "second" }],
    };
    const files = kept();
    for (let round = 1; round <= 3; round++) {
      await running(topology, memoryWorld(files), async (runtime) => {
        await Promise.all(
          Array.from({ length: 200 }, (_, i) => runtime.submit("tally", tallyEvent(`k${i % 5}`, 3))),
        );
        const n = BigInt(40 * round);
        for (let k = 0; k < 5; k++) {
          await untilAsync(async () =>
            tallyState(await runtime.query("second", keyBytes(`k${k}`)))?.count === n
          );
          const state = tallyState(await runtime.query("second", keyBytes(`k${k}`)));
          assert.deepEqual(state, { count: n, sum: n * (n + 1n) / 2n });
        }
      });
    }
  });

  it("restores the newest checkpoint and replays only what came after it", async () => {
    const files = kept();
    await running(one, memoryWorld(files), (runtime) => submitMany(runtime, 100));
    const world = memoryWorld(files);
    await running(one, world, async (runtime) => {
      const { recovery, checkpointFrame } = runtime.status().partitions[0];
      assert(checkpointFrame > 1);
      assert.equal(recovery?.events, 0);
      assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("k0"))), { count: 50n, sum: 50n });
    });
    files.blobs.clear();
    await running(one, memoryWorld(files), async (runtime) => {
      assert.equal(runtime.status().partitions[0].recovery?.events, 100);
      assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("k1"))), { count: 50n, sum: 50n });
    });
  });

  it("takes checkpoints while events go on, and each of them restores", async () => {
    const files = kept();
    let batches = 0;
    await running(one, memoryWorld(files), async (runtime) => {
      while (runtime.status().partitions[0].counts.checkpoints < 3) {
        await submitMany(runtime, 50);
        assert(++batches < 2_000, "three checkpoints are taken in the end");
      }
    }, { checkpointEvents: 100, checkpointsKept: 2 });
    const names = [...files.blobs.keys()].filter((name) => name.endsWith(".json"));
    assert.equal(names.length, 2);
    for (const torn of [undefined, ...names.sort().reverse()]) {
      if (torn) files.blobs.set(torn, files.blobs.get(torn)!.slice(0, -10));
      const copy = { store: files.store, blobs: new Map(files.blobs) };
      await running(one, memoryWorld(copy), async (runtime) => {
        assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("k0"))), {
          count: BigInt(25 * batches),
          sum: BigInt(25 * batches),
        });
      });
    }
  });

  it("passes over a checkpoint part that was damaged", async () => {
    const files = kept();
    await running(one, memoryWorld(files), (runtime) => submitMany(runtime, 100));
    for (const [name, blob] of files.blobs) if (name.endsWith(".pages")) blob[blob.length >> 1] ^= 1;
    const world = memoryWorld(files);
    await running(one, world, async (runtime) => {
      assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("k0"))), { count: 50n, sum: 50n });
    });
    assert(
      world.lines.some((line) => line.startsWith("passing over the checkpoint")),
      world.lines.join("\n"),
    );
  });

  it("refuses a checkpoint of another kernel and rebuilds from the ledger", async () => {
    const files = kept();
    await running(one, memoryWorld(files), (runtime) => submitMany(runtime, 100));
    const world = memoryWorld(files);
    await running({ pipelines: [tallyThatTraps("never")] }, world, async (runtime) => {
      assert.equal(runtime.status().partitions[0].recovery?.events, 100);
      assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("k0"))), { count: 50n, sum: 50n });
    });
    assert(world.lines.some((line) => line.includes("another kernel")), world.lines.join("\n"));
  });

  it("commits and answers what was admitted before it stops", async () => {
    const world = memoryWorld();
    const runtime = await begin(one, world);
    const waiting = Array.from({ length: 300 }, () => runtime.submit("tally", tallyEvent("a", 1)));
    await runtime.stop();
    for (const outcome of await Promise.all(waiting)) assert.equal(outcome.kind, "decided");
    assert.equal(await runtime.ended, undefined);
    assert.equal(runtime.status().state, "ended");
    const late = await runtime.submit("tally", tallyEvent("a", 1));
    assert(late.kind === "refused" && late.admission === "unavailable");
  });

  it("gives outputs from the start, from a position, and as they come", async () => {
    await running(one, memoryWorld(), async (runtime) => {
      await submitMany(runtime, 30);
      const all = await outputs(runtime, "start", 30);
      const rest = await outputs(runtime, [all[9].position], 20);
      assert.deepEqual(rest, all.slice(10));
      const next = outputs(runtime, "now", 1);
      await runtime.submit("tally", tallyEvent("new", 1));
      assert.equal(new TextDecoder().decode((await next)[0].key), "new");
    });
  });

  it("steps down when another owner takes over, and says that the outcome is unknown", async () => {
    const files = kept();
    const older = await begin(one, memoryWorld(files));
    await older.submit("tally", tallyEvent("a", 1));
    const newer = await begin(one, memoryWorld(files));
    await newer.submit("tally", tallyEvent("a", 2), { id: "theirs" });
    assert.equal((await older.submit("tally", tallyEvent("a", 4), { id: "lost" })).kind, "unknown");
    assert.equal(older.status().partitions[0].state, "failed");
    assert.deepEqual(totals(await newer.submit("tally", tallyEvent("a", 4), { id: "lost" })), {
      count: 3n,
      sum: 7n,
    });
    await older.stop();
    await newer.stop();
    assert.deepEqual((await verified(memoryWorld(files), tally)).findings, []);
  });

  it("refuses a ledger whose frames were altered, naming both hashes", async () => {
    const files = kept();
    await running(one, memoryWorld(files), (runtime) => submitMany(runtime, 10));
    files.blobs.clear();
    const message = files.store.chains.get("tally-0")!.messages[1];
    const { events } = decodeFrame(message, "frame 2");
    events[events.length - 1] ^= 1;
    const abort = new AbortController();
    const runtime = await start(one, memoryWorld(files), abort.signal, { kernels: readKernel });
    await until(() => runtime.status().partitions[0].state === "failed");
    const { lastError } = runtime.status().partitions[0];
    assert.match(lastError!, /frame 2 of tally-0.*recorded hash [0-9a-f]{64}, computed [0-9a-f]{64}/);
    const outcome = await runtime.submit("tally", tallyEvent("a", 1));
    assert(outcome.kind === "refused" && outcome.admission === "unavailable");
    await runtime.stop();
  });
});

async function begin(topology: Topology, world: World): Promise<Runtime> {
  const runtime = await start(topology, world, new AbortController().signal, { kernels: readKernel });
  await runtime.ready;
  return runtime;
}

async function submitMany(runtime: Runtime, events: number): Promise<void> {
  await Promise.all(
    Array.from({ length: events }, (_, i) => runtime.submit("tally", tallyEvent(`k${i % 2}`, 1))),
  );
}

async function outputs(
  runtime: Runtime,
  from: Parameters<Runtime["outputs"]>[1],
  count: number,
): Promise<Output[]> {
  const abort = new AbortController();
  const found: Output[] = [];
  for await (const output of runtime.outputs("tally", from, abort.signal)) {
    found.push({ ...output, key: output.key.slice(), payload: output.payload.slice() });
    if (found.length === count) break;
  }
  abort.abort();
  return found;
}

async function verified(world: World, pipeline: Pipeline) {
  const module = await loadKernel(pipeline.kernel, await readKernel(pipeline.kernel), kernelParams(pipeline));
  return verifyChain(await world.ledger.open(`${pipeline.name}-0`), module);
}

function until(met: () => boolean): Promise<void> {
  return untilAsync(() => Promise.resolve(met()));
}

async function untilAsync(met: () => Promise<boolean>): Promise<void> {
  while (!await met()) await new Promise((resolve) => setTimeout(resolve, 1));
}
