import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { type Declared, declared } from "../../deploy/declared.ts";
import {
  bounded,
  countWithin,
  DecisionSchema,
  fedBy,
  pipeline,
  type Runtime,
  source,
  start,
  Verdict,
} from "../../runtime/mod.ts";
import { httpApp } from "../../runtime/ingress/http.ts";
import { runSource, sourceName } from "../../runtime/ingress/streams.ts";
import type { Network, StreamMessage } from "../../runtime/world/network.ts";
import { begin, cities, Outside, profileOf, recordedRows, tally } from "../support/lookups.ts";
import { type Kept, kept, memoryWorld } from "../support/world.ts";

const seed = seedOf(process.env, 20261127);
const events = () => source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("10s"), ahead: "1d" });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("decisions over what is looked up", () => {
  for (const reply of ["durable", "early"] as const) {
    it(`are answered over HTTP, ${reply}, in the order in which their events came`, async () => {
      const outside = new Outside(async (keys) => {
        if (keys.includes("slow")) await pause(40);
        return keys.map((key) => profileOf(key));
      });
      const built = await declared(
        pipeline("judged", { events: events() })
          .lookup("profile", outside.source, { key: (e) => e.key, wait: 0 })
          .key((e) => e.note)
          .decide({ hits: countWithin("1h") }, {
            grand: { when: (_f, e) => e.profile.level.gt(4), verdict: "decline", observed: (f) => f.hits },
          })
          .to("out"),
      );
      const memory = kept();
      const runtime = await begin({ ...built, pipeline: { ...built.pipeline, reply } }, memory);
      const { clock, random, log } = memoryWorld();
      const app = httpApp(runtime, { clock, random, log });
      const order: string[] = [];
      const decide = async (key: string) => {
        const response = await app.request("/v1/judged/decide", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ key, note: "all", at: String(clock.now()) }),
        });
        const { verdict } = await response.json() as { verdict: string };
        order.push(key);
        return verdict;
      };
      const asked = ["slow", "hasty", "last"].map(decide);
      assert.deepEqual(await Promise.all(asked), ["APPROVE", "DECLINE", "APPROVE"]);
      assert.deepEqual(order, ["slow", "hasty", "last"]);
      const outcome = await runtime.submit("judged", tally("slowly", 1));
      assert.ok(outcome.kind === "decided" && outcome.durable === (reply === "durable"));
      assert.equal(fromBinary(DecisionSchema, outcome.reply).verdict, Verdict.DECLINE);
      await runtime.stop();
    });
  }
});

describe("what was looked up", () => {
  it("is handed on with the event, and looked at behind a feed", async () => {
    const outside = new Outside(), memory = kept();
    const first = pipeline("first", { events: events() })
      .lookup("profile", outside.source, { key: (e) => e.key })
      .to("all");
    const second = pipeline("second", { all: fedBy(first, "all", { eventTime: (e) => e.at }) })
      .lookup("again", outside.source, { key: (e) => e.note })
      .map((e) => ({ key: e.key, amount: e.amount, first: e.profile.city, second: e.again.city }))
      .to("rows");
    const built = [await declared(first), await declared(second)];
    const runtime = await open(built, memory);
    const event = create(TallySchema, { key: "a", note: "b", amount: 1n, at: 5n });
    await runtime.submit("first", toBinary(TallySchema, event));
    while ((await recordedRows(built[1], memory)).length === 0) await pause(1);
    await runtime.stop();
    assert.deepEqual(await recordedRows(built[1], memory), ["a 1 city of a city of b"]);
  });
});

function open(built: readonly Declared[], memory: Kept): Promise<Runtime> {
  return start(
    {
      pipelines: built.map(({ pipeline }) => pipeline),
      feeds: [{ from: "first", to: "second", output: "all" }],
    },
    memoryWorld(memory),
    new AbortController().signal,
    { kernels: (name) => Promise.resolve(built.find(({ pipeline }) => pipeline.kernel === name)!.wasm) },
  ).then(async (runtime) => {
    await runtime.ready;
    return runtime;
  });
}

describe(`a stream whose events are looked up (MILLRACE_SEED=${seed})`, () => {
  it("is applied once and in its order, however often all ends in the middle of an outage", async () => {
    const random = seeded(seed), memory = kept();
    const messages = Array.from({ length: 300 }, (_, i) => tally(`k${random.int(0, 20)}`, i));
    const outside = new Outside(async (keys) => {
      await pause(random.int(0, 5));
      if (random.chance(0.3)) throw new Error("outage");
      return keys.map((key) => profileOf(key));
    });
    const built = await declared(cities(outside, { batch: 4, ttl: "20ms", timeout: "100ms", waiting: 50 }));
    const source = { stream: "tallies", pipeline: "cities" };
    let applied = 0;
    for (let lives = 0; applied < messages.length; lives++) {
      assert.ok(lives < messages.length, `${applied} were applied in ${lives} lives`);
      const over = new AbortController(), reading = new AbortController();
      const world = memoryWorld(memory);
      const runtime = await start({ pipelines: [built.pipeline] }, world, over.signal, {
        kernels: () => Promise.resolve(built.wasm),
      });
      await runtime.ready;
      // What became durable may not have been told any more in the life before.
      const { least: before } = await runtime.applied("cities", sourceName(source));
      applied = before;
      const network = { ...world.network, stream: readerOf(messages) };
      const { clock, log } = world;
      const options = { runtime, source, network, clock, log, applied: (at: number) => void (applied = at) };
      const read = runSource(options, reading.signal).catch(() => {});
      // Each life gets somewhere, however slow the machine is.
      const until = Date.now() + random.int(20, 120), most = Date.now() + 60_000;
      const isOver = () => Date.now() > (applied > before ? until : most) || applied === messages.length;
      while (!isOver()) await pause(2);
      over.abort(); // what waits for answers is not known
      reading.abort();
      await Promise.all([read, runtime.ended]);
    }
    const rows = await recordedRows(built, memory);
    assert.deepEqual(rows.map((row) => Number(row.split(" ")[1])), messages.map((_, i) => i));
    assert.ok(rows.every((row) => / city of k\d+ true false$/.test(row)));
    assert.equal(outside.mostForOneKey, 1);
  });
});

/** Reads messages by their sequences, from 1 on, and then waits for more. */
function readerOf(messages: readonly Uint8Array[]): Network["stream"] {
  return ({ from, signal }) =>
    Promise.resolve({
      pending: 0,
      newest: () => Promise.resolve(messages.length),
      extent: () => Promise.resolve({ first: 1, last: messages.length }),
      async *[Symbol.asyncIterator]() {
        const begin = typeof from === "object" && "sequence" in from ? from.sequence : 1;
        for (let sequence = begin; sequence <= messages.length && !signal.aborted; sequence++) {
          yield {
            subject: "s",
            payload: messages[sequence - 1],
            sequence,
            time: 0,
            header: () => undefined,
          } satisfies StreamMessage;
        }
        if (!signal.aborted) {
          await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        }
      },
    });
}
