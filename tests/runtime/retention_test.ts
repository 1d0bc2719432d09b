/** Retention: what is purged, what never is, and what readers and recovery are told of a chain that begins late. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { tally } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { type Mark, type Purgeable, purgeable } from "../../runtime/checkpoint/retention.ts";
import {
  NotRetained,
  type Output,
  type Pipeline,
  type Position,
  type Runtime,
  start,
} from "../../runtime/mod.ts";
import type { Road } from "../../runtime/pipeline.ts";
import { second } from "../support/tally.ts";
import {
  type Kept,
  kept,
  keyBytes,
  memoryWorld,
  running,
  tallyEvent,
  tallyState,
  totals,
} from "../support/world.ts";

const compact: Pipeline = { ...tally, retention: "compact", dedupe: { windowMs: 0, idsMax: 0 } };
const often = { checkpointEvents: 100 };

describe("retention", () => {
  it("for ever keeps every frame, which is what holds when nothing is declared", async () => {
    const place = kept();
    await running({ pipelines: [tally] }, memoryWorld(place), (runtime) => load(runtime, 500), often);
    assert.equal(place.store.chain("tally-0").first, 1);
  });

  it("compact purges behind two checkpoints, and recovery goes on from there with the same state", async () => {
    const place = await compacted();
    const { first, messages } = place.store.chain("tally-0");
    assert.ok(first > 300, `the chain begins at ${first}`);
    assert.ok(messages.length >= 64, `${messages.length} frames are left`);
    await running({ pipelines: [compact] }, memoryWorld(place), async (runtime) => {
      assert.deepEqual(totals(await runtime.submit("tally", tallyEvent("a", 1))), { count: 901n, sum: 901n });
    });
  });

  it("leaves enough for recovery when the newest checkpoint turns out damaged", async () => {
    const place = await compacted();
    const manifests = [...place.blobs.keys()].filter((name) => name.endsWith(".json")).sort();
    place.blobs.get(manifests.at(-1)!)![70] ^= 1;
    await running({ pipelines: [compact] }, memoryWorld(place), async (runtime) => {
      assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("a"))), { count: 900n, sum: 900n });
    });
  });

  it("says what to do when no checkpoint is left behind which the frames were purged", async () => {
    const place = await compacted();
    for (const name of place.blobs.keys()) place.blobs.delete(name);
    const runtime = await start({ pipelines: [compact] }, memoryWorld(place), new AbortController().signal, {
      kernels: readKernel,
    });
    const [status] = await until(runtime, ({ state }) => state === "failed");
    assert.match(
      status.lastError ?? "",
      /frames before \d+ were purged and no checkpoint.*import a checkpoint/,
    );
    await runtime.stop();
  });

  it("tells a reader of a purged frame which frames there are, and begins at the oldest of them for `start`", async () => {
    const place = await compacted();
    const { first } = place.store.chain("tally-0");
    await running({ pipelines: [compact] }, memoryWorld(place), async (runtime) => {
      await assert.rejects(
        outputs(runtime, [{ partition: 0, frame: 7, event: -1 }], 1),
        (error) => error instanceof NotRetained && error.frame === 7 && error.first === first,
      );
      const [oldest] = await outputs(runtime, "start", 1);
      assert.ok(oldest.position.frame >= first && oldest.position.frame < first + 3);
    });
  });

  it("does not purge what a reader under way has not come to", async () => {
    const place = kept();
    await running({ pipelines: [compact] }, memoryWorld(place), async (runtime) => {
      await load(runtime, 200);
      const abort = new AbortController();
      const reader = runtime.outputs("tally", "start", abort.signal)[Symbol.asyncIterator]();
      const at = (await reader.next()).value.position.frame;
      await load(runtime, 500);
      assert.ok(place.store.chain("tally-0").first <= at + 2, "one output may be on its way");
      for (let i = 1; i <= 500; i++) assert.equal((await reader.next()).value.position.frame, at + i);
      abort.abort();
      await reader.return?.();
      // Once the reader is gone, the next checkpoints take the frames with them.
      while (place.store.chain("tally-0").first <= at + 1) await load(runtime, 100);
    }, often);
  });

  it("purges behind a feed only what the feed has delivered, and loses nothing of it over restarts", async () => {
    const place = kept();
    const topology = {
      pipelines: [compact, { ...second, dedupe: { windowMs: 0, idsMax: 0 } }],
      feeds: [{ from: "tally", to: "second" }],
    };
    for (let life = 0; life < 3; life++) {
      await running(topology, memoryWorld(place), (runtime) => load(runtime, 400), often);
    }
    assert.ok(place.store.chain("tally-0").first > 100);
    await running(topology, memoryWorld(place), async (runtime) => {
      while (true) {
        const fed = tallyState(await runtime.query("second", keyBytes("a")));
        if (fed?.count === 1200n) return assert.equal(fed.sum, 1200n * 1201n / 2n);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
  });

  it("keeps the frames from which repeats within the dedupe window are answered", async () => {
    const place = kept();
    await running(
      { pipelines: [{ ...tally, retention: "compact" }] },
      memoryWorld(place),
      async (runtime) => {
        const first = await runtime.submit("tally", tallyEvent("a", 1), { id: "one" });
        await load(runtime, 400);
        const again = await runtime.submit("tally", tallyEvent("a", 1), { id: "one" });
        assert.deepEqual(totals(again), totals(first));
      },
      often,
    );
    assert.equal(place.store.chain("tally-0").first, 1);
  });

  it("lists no dead letter whose frame another owner purged", async () => {
    const world = memoryWorld();
    await running({ pipelines: [tally] }, world, async (runtime) => {
      await runtime.submit("tally", tallyEvent("a", 2n ** 63n - 1n));
      const rejected: number[] = [];
      for (let i = 0; i < 2; i++) {
        const outcome = await runtime.submit("tally", tallyEvent("a", 1));
        assert(outcome.kind === "rejected");
        rejected.push(outcome.position.frame);
      }
      const chain = await world.ledger.open("tally-0");
      await chain.purge(rejected[0]);
      await chain.close();
      const letters = await runtime.deadLetters("tally");
      assert.deepEqual(letters.map(({ position }) => position.frame), [rejected[1]]);
    });
  });

  it("is checked at the start, with the fix", async () => {
    const wrong: [Pipeline["retention"], RegExp][] = [
      ["never" as "compact", /retention is "never"\. Give "forever"/],
      [{}, /names neither ms nor bytes/],
      [{ bytes: 0 }, /retention\.bytes is 0\. Give a whole number above 0/],
      [{ ms: 1000 }, /shorter than the 600000 ms in which a repeated id.*shorten dedupe/],
    ];
    for (const [retention, message] of wrong) {
      const topology = { pipelines: [{ ...tally, retention }] };
      const signal = new AbortController().signal;
      await assert.rejects(start(topology, memoryWorld(), signal, { kernels: readKernel }), message);
    }
  });
});

describe("what may be purged", () => {
  const marks: Mark[] = [[100, 1_000_000, 1_000], [200, 2_000_000, 2_000], [300, 3_000_000, 3_000]];
  const host = { deadLetters: [], fed: { a: 10_000, b: 10_000 }, voids: [] };
  const base: Purgeable = {
    retention: "compact",
    dedupeMicros: 0,
    newest: [1_000, 4_000_000, 4_000],
    marks,
    kept: [{ frame: 400, host }, { frame: 300, host }],
    receivers: ["a", "b"],
    read: Infinity,
  };
  const of = (changes: Partial<Purgeable>) => purgeable({ ...base, ...changes });

  it("ends at the older checkpoint, at what a receiver lacks, at a reader, at the tail, at repeats", () => {
    assert.equal(of({}), 300);
    assert.equal(of({ kept: [{ frame: 400, host: { ...host, fed: { a: 10_000, b: 17 } } }] }), 17);
    assert.equal(of({ receivers: ["a", "b", "new"] }), 0, "a receiver that never had anything");
    assert.equal(of({ read: 51 }), 50);
    assert.equal(of({ newest: [120, 4_000_000, 4_000] }), 56);
    assert.equal(of({ dedupeMicros: 1_500_000 }), 200);
    assert.equal(of({ kept: [] }), 0);
  });

  it("goes by age and by size where they are declared, the stricter of the two", () => {
    assert.equal(of({ retention: "forever" }), 0);
    assert.equal(of({ retention: { ms: 1_500 } }), 200);
    assert.equal(of({ retention: { ms: 3_500 } }), 0);
    assert.equal(of({ retention: { bytes: 2_500 } }), 100);
    assert.equal(of({ retention: { bytes: 2_500, ms: 1_500 } }), 200);
  });
});

/** A chain of 900 events, a frame each, purged as far as it may be. */
async function compacted(): Promise<Kept> {
  const place = kept();
  await running({ pipelines: [compact] }, memoryWorld(place), (runtime) => load(runtime, 900), often);
  return place;
}

/** One event after the other, so that each has a frame of its own; then until no checkpoint is under way. */
async function load(runtime: Runtime, events: number): Promise<void> {
  for (let i = 0; i < events; i++) await runtime.submit("tally", tallyEvent("a", 1));
  const [partition] = (runtime as Road).partitions();
  while (partition.status().frame - partition.status().checkpointFrame > 110) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function outputs(runtime: Runtime, from: "start" | Position[], count: number): Promise<Output[]> {
  const abort = new AbortController();
  const taken: Output[] = [];
  try {
    for await (const output of runtime.outputs("tally", from, abort.signal)) {
      if (taken.push(output) === count) break;
    }
    return taken;
  } finally {
    abort.abort();
  }
}

async function until(
  runtime: Runtime,
  met: (status: ReturnType<Runtime["status"]>["partitions"][number]) => boolean,
) {
  while (true) {
    const found = runtime.status().partitions.filter(met);
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
