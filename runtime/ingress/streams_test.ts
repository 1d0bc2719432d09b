import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { tally } from "../../actors/tally/tally.ts";
import type { Runtime, StreamSource } from "../mod.ts";
import { fakeRuntime } from "../../tests/support/fake_runtime.ts";
import { kept, keyBytes, memoryWorld, running, tallyEvent, tallyState } from "../../tests/support/world.ts";
import { systemClock } from "../adapters/clock.ts";
import { memoryNetwork } from "../adapters/memory/network.ts";
import type { Network } from "../world/network.ts";
import { RejectReason } from "../proto/gen/frame_pb.ts";
import type { Log } from "../world/mod.ts";
import { partitionOf } from "./partition.ts";
import { runSource, SourceGone } from "./streams.ts";

const clock = systemClock();
const topology = { pipelines: [{ ...tally, partitions: 2 }] };
const source = { stream: "IN", pipeline: "tally" };

async function filled(count: number) {
  const network = memoryNetwork({ clock });
  network.keep("IN", ["in.>"]);
  for (let i = 0; i < count; i++) {
    await network.publish("in.x", tallyEvent(`k${i % 3}`, 1), {}, `in-${i}`);
  }
  return network;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; !(await condition()); i++) {
    if (i > 12_000) throw new Error("it never became so");
    await clock.sleep(5);
  }
}

describe("a stream as a source", () => {
  it("is read from its start, and after a restart from behind what every partition has applied", async () => {
    const network = await filled(300);
    const store = kept();
    const begun: unknown[] = [];
    const watched: Network = {
      ...network,
      stream: (options) => {
        begun.push(options.from);
        return network.stream(options);
      },
    };
    for (let round = 0; round < 2; round++) {
      const world = memoryWorld(store);
      await running(topology, world, async (runtime) => {
        if (round === 1) await network.publish("in.x", tallyEvent("k0", 1), {}, "one more");
        await read(runtime, watched, world.log, source, 300 + round);
        assert.deepEqual(
          tallyState(await runtime.query("tally", keyBytes("k0")))!.count,
          100n + BigInt(round),
        );
      });
    }
    const partitions = ["k0", "k1", "k2"].map((key) => partitionOf(keyBytes(key), 2));
    const lastOf = (partition: number) =>
      Math.max(...partitions.map((p, i) => p === partition ? 298 + i : 0));
    assert.deepEqual(begun, ["start", { sequence: Math.min(lastOf(0), lastOf(1)) + 1 }]);
  });

  it("keeps what has no key, or is too large, as a dead letter of its place in the stream", async () => {
    const network = await filled(2);
    await network.publish("in.x", new Uint8Array([0xff]), {}, "malformed");
    await network.publish("in.x", tallyEvent("", 1), {}, "no key");
    await network.publish("in.x", tallyEvent("k0", 1, "x".repeat(300_000)), {}, "large");
    await network.publish("in.x", tallyEvent("k9", 1), {}, "good");
    const store = kept();
    for (let round = 0; round < 2; round++) {
      const world = memoryWorld(store);
      await running(topology, world, async (runtime) => {
        await read(runtime, network, world.log, source, 6);
        const letters = await runtime.deadLetters("tally");
        assert.deepEqual(
          letters.map(({ reason, source, sequence }) => ({ reason, source, sequence })),
          [[RejectReason.NO_KEY, 3], [RejectReason.NO_KEY, 4], [RejectReason.TOO_LARGE, 5]].map(
            ([reason, sequence]) => ({ reason, source: "stream IN", sequence }),
          ),
        );
        assert.deepEqual([...letters[0].payload], [0xff]);
        const again = await runtime.redrive("tally", letters[1].position);
        assert.equal(again.kind === "refused" && again.admission, "no-key");
        const large = await runtime.redrive("tally", letters[2].position);
        assert.equal(large.kind === "refused" && large.admission, "too-large");
        assert.equal(tallyState(await runtime.query("tally", keyBytes("k9")))!.count, 1n);
      });
    }
  });

  it("says what can be done where the next message is no longer kept, or the stream is another", async () => {
    const network = await filled(300);
    const store = kept();
    const one = { pipelines: [tally] };
    const world = memoryWorld(store);
    await running(one, world, (runtime) => read(runtime, network, world.log, source, 300));
    for (let i = 0; i < 100; i++) await network.publish("in.x", tallyEvent("k0", 1), {}, `more ${i}`);
    network.purge("IN", 350);
    await running(one, memoryWorld(store), async (runtime) => {
      await assert.rejects(
        read(runtime, network, world.log, source, 400),
        (error) =>
          error instanceof SourceGone &&
          /from 301: .* from 351 on, and 50 .* gone: "skip"/.test(error.message),
      );
      await read(runtime, network, world.log, { ...source, gone: "skip" }, 400);
      assert.ok(world.lines.some((line) => line.includes("lost messages")));
      assert.equal(tallyState(await runtime.query("tally", keyBytes("k0")))!.count, 150n);
      const shorter = await filled(20);
      await assert.rejects(
        read(runtime, shorter, world.log, source, 20),
        (error) =>
          error instanceof SourceGone && /from 401: it ends at 20, .* another name/.test(error.message),
      );
      await read(runtime, shorter, world.log, { ...source, name: "IN, the second" }, 20);
      assert.equal(tallyState(await runtime.query("tally", keyBytes("k0")))!.count, 157n);
    });
  });

  it("goes on near the end though one partition has never had an event of it", async () => {
    const network = memoryNetwork({ clock });
    network.keep("IN", ["in.>"]);
    for (let i = 0; i < 20_000; i++) await network.publish("in.x", tallyEvent("k0", 1), {}, `in-${i}`);
    const store = kept();
    const world = memoryWorld(store);
    await running(topology, world, (runtime) => read(runtime, network, world.log, source, 20_000));
    await network.publish("in.x", tallyEvent("k0", 1), {}, "one more");
    let begun: unknown;
    const watched: Network = {
      ...network,
      stream: (options) => {
        begun = options.from;
        return network.stream(options);
      },
    };
    await running(topology, memoryWorld(store), async (runtime) => {
      await read(runtime, watched, world.log, source, 20_001);
      assert.deepEqual(begun, { sequence: 20_000 - 8192 + 1 });
      assert.equal(tallyState(await runtime.query("tally", keyBytes("k0")))!.count, 20_001n);
    });
  });

  it("ends with the signal though the pipeline never serves", async () => {
    const never: Runtime = { ...fakeRuntime({ pipelines: [tally] }), applied: () => new Promise(() => {}) };
    const abort = new AbortController();
    const log = { info() {}, warn() {}, error() {} };
    const reading = runSource({ runtime: never, source, network: await filled(1), clock, log }, abort.signal);
    abort.abort();
    await reading;
  });

  it("notices messages that go while it reads", async () => {
    const network = await filled(10);
    const world = memoryWorld();
    let runtimeRead = 0;
    const slow: Network = {
      ...network,
      async stream(options) {
        const reader = await network.stream(options);
        return Object.assign(Object.create(reader), {
          async *[Symbol.asyncIterator]() {
            for await (const message of reader) {
              if (++runtimeRead === 5) network.purge("IN", 7);
              yield message;
            }
          },
        });
      },
    };
    await running(topology, world, async (runtime) => {
      await assert.rejects(
        read(runtime, slow, world.log, { ...source, from: { sequence: 1 } }, 10),
        (error) =>
          error instanceof SourceGone && /from 6: it keeps messages from 8 on, and 2 /.test(error.message),
      );
    });
  });
});

/** Reads a source until all up to `last` is durable. */
async function read(
  runtime: Runtime,
  network: Network,
  log: Log,
  source: StreamSource,
  last: number,
): Promise<void> {
  const abort = new AbortController();
  let applied = 0;
  const reading = runSource(
    { runtime, source, network, clock, log, applied: (sequence) => applied = sequence },
    abort.signal,
  );
  let failed = false;
  reading.catch(() => failed = true);
  await until(() => failed || applied >= last);
  abort.abort();
  await reading;
}
