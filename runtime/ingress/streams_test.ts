import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { tally } from "../../actors/tally/tally.ts";
import { kept, keyBytes, memoryWorld, running, tallyEvent, tallyState } from "../../tests/support/world.ts";
import { systemClock } from "../adapters/clock.ts";
import { memoryNetwork } from "../adapters/memory/network.ts";
import type { Network, StreamMessage } from "../world/network.ts";
import { OUTPUT_HEADERS, publishOutputs } from "../output/publish.ts";
import { runSource } from "./streams.ts";

const clock = systemClock();
const topology = { pipelines: [{ ...tally, partitions: 2 }] };
const source = { stream: "IN", pipeline: "tally" };

async function filled(count: number) {
  const network = memoryNetwork({ clock });
  network.keep("IN", ["in.>"]);
  network.keep("OUT", ["millrace.tally.out.>"]);
  for (let i = 0; i < count; i++) {
    await network.publish("in.x", tallyEvent(`k${i % 3}`, 1), {}, `in-${i}`);
  }
  return network;
}

async function all(network: Network, stream: string, count: number): Promise<StreamMessage[]> {
  const messages: StreamMessage[] = [];
  const abort = new AbortController();
  if (count > 0) {
    for await (const message of await network.stream({ stream, from: "start", signal: abort.signal })) {
      messages.push(message);
      if (message.sequence >= count) break;
    }
  }
  abort.abort();
  return messages;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; !(await condition()); i++) {
    if (i > 2000) throw new Error("it never became so");
    await clock.sleep(5);
  }
}

describe("a stream as a source", () => {
  it("is read from its start, and reading it again from anywhere changes nothing", async () => {
    const network = await filled(300);
    const store = kept();
    for (let round = 0; round < 3; round++) {
      const world = memoryWorld(store);
      await running(topology, world, async (runtime) => {
        const abort = new AbortController();
        let applied = 0;
        const from = round === 2 ? { from: { sequence: 250 } } : {};
        const options = { runtime, source, network, clock, log: world.log, ...from };
        const reading = runSource({ ...options, applied: (sequence) => applied = sequence }, abort.signal);
        await until(() => applied === 300);
        abort.abort();
        await reading;
        assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("k0"))), {
          count: 100n,
          sum: 100n,
        });
      });
    }
  });

  it("passes over what has no key, says so, and goes on", async () => {
    const network = await filled(2);
    await network.publish("in.x", new Uint8Array([0xff]), {}, "bad");
    await network.publish("in.x", tallyEvent("k9", 1), {}, "good");
    const world = memoryWorld();
    await running(topology, world, async (runtime) => {
      const abort = new AbortController();
      let applied = 0;
      const reading = runSource({
        runtime,
        source,
        network,
        clock,
        log: world.log,
        applied: (sequence) => applied = sequence,
      }, abort.signal);
      await until(() => applied === 4);
      abort.abort();
      await reading;
      assert.ok(world.lines.some((line) => line.includes("passed over")));
    });
  });
});

describe("outputs as a stream", () => {
  it("holds each output once, through a publisher that stops and fails anywhere", async () => {
    const network = await filled(0);
    const expected = 1500;
    await running(topology, memoryWorld(), async (runtime) => {
      for (let i = 0; i < expected; i++) await runtime.submit("tally", tallyEvent(`k ${i % 5}`, 1));
      let stored = 0;
      for (let round = 0; stored < expected; round++) {
        const abort = new AbortController();
        let budget = 200 + round * 37;
        const failing: Network = {
          ...network,
          publish: async (...message) => {
            if (--budget < 0 && budget % 3 !== 0) throw new Error("the server is away");
            await network.publish(message[0], message[1], message[2], `round ${round} ${message[3]}`);
            stored++;
          },
        };
        const publishing = publishOutputs(
          {
            runtime,
            pipeline: "tally",
            network: failing,
            stream: "OUT",
            lastSequence: () => Promise.resolve(stored),
          },
          abort.signal,
        ).catch((error) => assert.match(String(error.cause), /the server is away/));
        await Promise.race([publishing, until(() => stored >= expected)]);
        abort.abort();
        await publishing;
      }
      const messages = await all(network, "OUT", stored);
      const ids = messages.map((message) => message.header(OUTPUT_HEADERS.id));
      assert.equal(new Set(ids).size, ids.length, "an output was published twice");
      assert.equal(ids.length, expected);
      assert.equal(messages[0].subject.startsWith("millrace.tally.out.k%20"), true);
      assert.match(messages[0].header(OUTPUT_HEADERS.position)!, /^\d\.\d+\.\d+$/);
    });
  });
});
