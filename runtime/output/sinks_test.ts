import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { tally } from "../../actors/tally/tally.ts";
import { withChains } from "../../tests/support/chains.ts";
import { kept, memoryWorld, running, tallyEvent } from "../../tests/support/world.ts";
import { TAIL_FRAMES } from "../partition/recover.ts";
import type { Runtime, Sink, SinkBatch, SinkMark, SinkSpec } from "../mod.ts";

const topology = { pipelines: [tally] };

interface Taken {
  readonly spec: SinkSpec;
  readonly batches: SinkBatch[];
  mark: SinkMark | undefined;
}

/** A sink in memory; `commit` may wait or throw before it takes the batch. */
function memorySink(commit: (batch: SinkBatch) => Promise<void> | void, more: Partial<Sink> = {}): Taken {
  const sink: Sink = {
    name: "memory",
    bounds: { outputsMax: 10, bytesMax: 100_000, lingerMs: 0 },
    keepsEmpty: true,
    position: () => Promise.resolve(taken.mark),
    async commit(batch) {
      await commit(batch);
      taken.batches.push(batch);
      taken.mark = batch.next;
    },
    close: () => Promise.resolve(),
    ...more,
  };
  const spec = { name: "test", pipeline: "tally", open: () => Promise.resolve(sink) };
  const taken: Taken = { spec, batches: [], mark: undefined };
  return taken;
}

async function submit(runtime: Runtime, count: number): Promise<void> {
  const outcomes = Array.from({ length: count }, (_, i) => runtime.submit("tally", tallyEvent(`k${i}`, 1)));
  await Promise.all(outcomes);
}

const sinkOf = (runtime: Runtime) => runtime.status().sinks![0];

async function until(met: () => boolean): Promise<void> {
  const { clock } = memoryWorld();
  for (let waits = 0; !met(); waits++) {
    if (waits > 12_000) throw new Error("it never became so");
    await clock.sleep(5);
  }
}

describe("whoever drives a sink", () => {
  it("commits batches within its bounds, each from where the one before ended, and tells the lag", async () => {
    const taken = memorySink(() => {});
    await running(topology, memoryWorld(), async (runtime) => {
      await submit(runtime, 137);
      await until(() => sinkOf(runtime).partitions[0].lagFrames === 0);
      let after = { frame: 1, output: 0 }, outputs = 0;
      for (const batch of taken.batches) {
        assert.deepEqual(batch.after, after);
        assert.ok(batch.outputs.length <= 10);
        after = batch.next;
        outputs += batch.outputs.length;
      }
      assert.equal(outputs, 137);
      const [{ position, outputs: counted, commits }] = sinkOf(runtime).partitions;
      assert.deepEqual([position, counted, commits], [after, 137, taken.batches.length]);
    }, { sinks: [taken.spec] });
  });

  it("reads no further ahead than it must while the sink is slow, and lets the pipeline go on", async () => {
    const store = kept();
    const FRAMES = 300;
    await running(topology, memoryWorld(store), async (runtime) => {
      for (let i = 0; i < FRAMES; i++) await submit(runtime, 1);
    });
    let release = () => {};
    const blocked = new Promise<void>((resolve) => release = resolve);
    const taken = memorySink(() => blocked, { close: () => Promise.resolve(release()) });
    let read = 0;
    const world = withChains(memoryWorld(store), (chain) => ({
      async *read(from, to) {
        for await (const stored of chain.read(from, to)) {
          read++;
          yield stored;
        }
      },
    }));
    await running(topology, world, async (runtime) => {
      await submit(runtime, 5);
      await until(() => read >= TAIL_FRAMES + 10);
      await world.clock.sleep(30);
      assert.equal(taken.batches.length, 0);
      // A batch of ten is under way, two wait, and one frame was read that found no room. Recovery, which has a
      // checkpoint, has read the tail as well.
      assert.ok(read <= TAIL_FRAMES + 40, `${read} frames were read`);
      assert.ok(sinkOf(runtime).partitions[0].lagFrames > FRAMES);
      release();
      await until(() => sinkOf(runtime).partitions[0].lagFrames === 0);
      assert.equal(taken.batches.reduce((sum, { outputs }) => sum + outputs.length, 0), FRAMES + 5);
    }, { sinks: [taken.spec] });
  });

  it("ends at once while a sink is being opened, and closes what opens after all", async () => {
    let answer = (_: Sink) => {}, asked = false, closed = 0;
    const { spec } = memorySink(() => {});
    const open = () => {
      asked = true;
      return new Promise<Sink>((resolve) => answer = resolve);
    };
    await running(topology, memoryWorld(), () => until(() => asked), { sinks: [{ ...spec, open }] });
    const sink = await spec.open();
    answer({ ...sink, close: () => Promise.resolve(void closed++) });
    await until(() => closed === 1);
  });

  it("waits for more as long as the sink likes, when a batch is not full", async () => {
    const bounds = { outputsMax: 20, bytesMax: 100_000 };
    const taken = memorySink(() => {}, { bounds: { ...bounds, lingerMs: 3_600_000 } });
    const hasty = memorySink(() => {}, { bounds: { ...bounds, lingerMs: 20 } });
    const sinks = [taken.spec, { ...hasty.spec, name: "hasty" }];
    await running(topology, memoryWorld(), async (runtime) => {
      const behind = () => runtime.status().sinks!.map(({ partitions: [{ lagFrames }] }) => lagFrames > 0);
      for (let i = 0; i < 20; i++) await submit(runtime, 1);
      await until(() => !behind().includes(true));
      assert.deepEqual(taken.batches.map(({ outputs }) => outputs.length), [20]);
      await submit(runtime, 3);
      await until(() => !behind()[1]);
      assert.deepEqual([behind(), taken.batches.length], [[true, false], 1]);
    }, { sinks });
  });

  it("takes only the output it was told to", async () => {
    const taken = memorySink(() => {});
    await running(topology, memoryWorld(), async (runtime) => {
      await submit(runtime, 10);
      await until(() => sinkOf(runtime).partitions[0].lagFrames === 0);
      assert.deepEqual(taken.batches, []);
    }, { sinks: [{ ...taken.spec, channel: 7 }] });
  });

  it("stops for good, and says why, where the sink holds more than the ledger", async () => {
    const taken = memorySink(() => {});
    const options = { sinks: [taken.spec], backoff: { firstMs: 1, lastMs: 2 } };
    await running(topology, memoryWorld(), async (runtime) => {
      await submit(runtime, 10);
      for (let i = 0; i < 10; i++) await submit(runtime, 1);
      await until(() => sinkOf(runtime).partitions[0].lagFrames === 0);
    }, options);
    const { length } = taken.batches;
    await running(topology, memoryWorld(), async (runtime) => {
      await until(() => sinkOf(runtime).lastError !== undefined);
      assert.match(sinkOf(runtime).lastError!, /ends at frame 1\. It belongs to another ledger/);
      await submit(runtime, 5);
      assert.equal(sinkOf(runtime).restarts, 1);
    }, options);
    assert.equal(taken.batches.length, length);
  });

  it("goes on where another owner wrote meanwhile and fed the sink further than this one knows", async () => {
    const store = kept();
    let away = true;
    const taken = memorySink(() => {});
    const late = memorySink((batch) => void (taken.mark = batch.next), {
      position: () => away ? Promise.reject(new Error("away")) : Promise.resolve(taken.mark),
    });
    await running(topology, memoryWorld(store), async (runtime) => {
      await running(topology, memoryWorld(store), async (other) => {
        for (let i = 0; i < 10; i++) await submit(other, 1);
        await until(() => sinkOf(other).partitions[0].lagFrames === 0);
      }, { sinks: [taken.spec] });
      away = false;
      await until(() => sinkOf(runtime).partitions[0].position !== undefined);
      while ((await runtime.submit("tally", tallyEvent("k", 1))).kind !== "decided");
      await until(() => late.batches.length > 0);
      assert.deepEqual(late.batches[0].after, taken.batches.at(-1)!.next);
    }, { sinks: [late.spec], backoff: { firstMs: 1, lastMs: 2 }, onFenced: "retake" });
  });

  it("keeps the frames that a sink does not hold yet, whatever the retention", async () => {
    const store = kept();
    let open = false;
    const away = memorySink(() => {
      if (!open) throw new Error("away");
    });
    const compact = {
      pipelines: [{ ...tally, retention: "compact" as const, dedupe: { windowMs: 0, idsMax: 1 } }],
    };
    const options = {
      sinks: [away.spec],
      checkpointEvents: 500,
      backoff: { firstMs: 1, lastMs: 5 },
    };
    await running(compact, memoryWorld(store), async (runtime) => {
      for (let i = 0; i < 20; i++) await submit(runtime, 200);
      open = true;
      await until(() => sinkOf(runtime).partitions[0].lagFrames === 0);
    }, options);
    assert.equal(away.batches.reduce((sum, { outputs }) => sum + outputs.length, 0), 4_000);
  });
});
