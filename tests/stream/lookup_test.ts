import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ProfileSchema } from "../../actors/profiles/gen/profile_pb.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { type Declared, declared } from "../../deploy/declared.ts";
import {
  bounded,
  EVENT_KIND,
  fedBy,
  kernelParams,
  loadKernel,
  type Outcome,
  pipeline,
  RejectReasonSchema,
  type Runtime,
  source,
  start,
  sum,
  tumbling,
  verifyChain,
} from "../../runtime/mod.ts";
import { runFile } from "../../runtime/ingress/files.ts";
import { httpApp } from "../../runtime/ingress/http.ts";
import { plain } from "../support/declared.ts";
import {
  begin,
  cities,
  Outside,
  profileOf,
  recordedEvents,
  recordedRows,
  tally,
} from "../support/lookups.ts";
import { type Kept, kept, memoryWorld } from "../support/world.ts";

const LOOKUP_FAILED = RejectReasonSchema.value[14].number;

/** Answers that come when a test lets them. */
function held(outside: Outside): () => void {
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  outside.answer = async (keys) => {
    await released;
    return keys.map((key) => profileOf(key));
  };
  return release;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

async function assertReplays({ pipeline, wasm }: Declared, memory: Kept): Promise<void> {
  const module = await loadKernel(pipeline.name, wasm, kernelParams(pipeline));
  const chain = await memoryWorld(memory).ledger.open(`${pipeline.name}-0`);
  assert.deepEqual((await verifyChain(chain, module)).findings, []);
}

describe("a lookup", () => {
  it("gives each event the row of its key, recorded with it, and a replay asks nobody", async () => {
    const outside = new Outside(), memory = kept();
    outside.answer = (keys) =>
      Promise.resolve(keys.filter((key) => key !== "c").map((key) => profileOf(key)));
    const built = await declared(cities(outside));
    const runtime = await begin(built, memory);
    const outcomes = await Promise.all(
      ["a", "b", "a", "c"].map((key, i) => runtime.submit("cities", tally(key, i))),
    );
    assert.deepEqual(outcomes.map(({ kind }) => kind), ["applied", "applied", "applied", "applied"]);
    const [status] = runtime.status().lookups!;
    await runtime.stop();
    assert.deepEqual(await recordedRows(built, memory), [
      "a 0 city of a true false",
      "b 1 city of b true false",
      "a 2 city of a true false",
      "c 3  false false",
    ]);
    assert.deepEqual(outside.calls, [["a", "b", "c"]]);
    const { lookups, hits, absent, calls, keys, waiting, cached } = status;
    assert.deepEqual([lookups, hits, absent, calls, keys, waiting, cached], [4, 0, 1, 1, 3, 0, 3]);
    await assertReplays(built, memory);
    assert.equal(outside.calls.length, 1);
  });

  it("takes nobody's word for what it is to find", async () => {
    const outside = new Outside(), memory = kept();
    outside.answer = (keys) =>
      Promise.resolve(keys.filter((key) => key === "a").map((key) => profileOf(key)));
    const built = await declared(cities(outside));
    const { field } = built.pipeline.lookups!.of[0];
    const runtime = await begin(built, memory);
    const forged = (key: string) =>
      toBinary(
        built.pipeline.input,
        create(built.pipeline.input, { key, profile: { city: "forged" }, profileFound: true } as never),
      );
    assert.ok(forged("a").length > tally("a", 0).length + 10);
    await runtime.submit("cities", forged("a"));
    await runtime.submit("cities", forged("b"));
    // In pieces, before and behind the event's own fields, and with another wire type.
    const own = tally("b", 7);
    const bool = create(built.pipeline.input, { profileFound: true } as never);
    const flag = toBinary(built.pipeline.input, bool);
    await runtime.submit("cities", Uint8Array.of(...flag, ...own, ...forged("b").subarray(3), ...flag));
    const varint = [...flag]; // the number of the row, as a varint
    varint[0] = (field * 8) & 127 | 128;
    await runtime.submit("cities", Uint8Array.of(...own, ...varint));
    // What ends in the middle of a field is nothing that a kernel should guess at.
    const cut = await runtime.submit("cities", forged("b").subarray(0, -1));
    assert.equal(cut.kind, "rejected");
    await runtime.stop();
    assert.deepEqual(await recordedRows(built, memory), [
      "a 0 city of a true false",
      "b 0  false false",
      "b 7  false false",
      "b 7  false false",
    ]);
  });

  it("gives a retry of an id its first answer, whatever is outside now", async () => {
    const outside = new Outside(), memory = kept();
    const built = await declared(cities(outside, { ttl: 0 }));
    const runtime = await begin(built, memory);
    const { clock, random, log } = memoryWorld();
    const app = httpApp(runtime, { clock, random, log });
    const send = async (amount: number) => {
      const response = await app.request("/v1/cities/decide", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": "x" },
        body: JSON.stringify({ key: "a", amount }),
      });
      return [response.status, (await response.json() as { code?: string }).code];
    };
    assert.deepEqual(await send(1), [200, undefined]);
    outside.answer = (keys) => Promise.resolve(keys.map((key) => profileOf(key, "elsewhere")));
    assert.deepEqual(await send(1), [200, undefined]);
    await runtime.stop();

    // Another process, which has seen neither: the ledger tells what was sent first.
    const again = await begin(built, memory);
    const other = httpApp(again, { clock, random, log });
    const first = await again.submit("cities", tally("a", 1), { id: "x" });
    assert.deepEqual([first.kind, "duplicate" in first && first.duplicate], ["applied", true]);
    const reused = await other.request("/v1/cities/decide", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "x" },
      body: JSON.stringify({ key: "a", amount: 2 }),
    });
    assert.equal(reused.status, 422);
    const metrics = await (await other.request("/metrics")).text();
    assert.match(metrics, /millrace_lookups_total\{pipeline="cities",lookup="profile"\} 2/);
    await again.stop();
    assert.deepEqual(await recordedRows(built, memory), ["a 1 city of a true false"]);
  });

  it("holds back what came later, up to its bound, and loses nothing in an outage", async () => {
    const outside = new Outside(), memory = kept(), world = memoryWorld(memory);
    outside.answer = () => Promise.reject(new Error("no route to host"));
    const built = await declared(cities(outside, { waiting: 20, timeout: "50ms" }));
    const runtime = await begin(built, memory, world);
    const outcomes: Outcome[] = [];
    let refused = 0;
    for (let i = 0; i < 25; i++) {
      const source = { source: "file", sequence: i + 1 };
      const admission = runtime.offer(
        "cities",
        tally(`k${i}`, i),
        source,
        (outcome) => outcomes.push(outcome),
      );
      if (admission === "full") refused++;
    }
    assert.equal(refused, 5);
    assert.equal(runtime.admits("cities").open, false);
    await until(() => runtime.status().lookups![0].failures > 2);
    const [status] = runtime.status().lookups!;
    assert.deepEqual([status.waiting, status.lastError, outcomes.length], [20, "no route to host", 0]);
    assert.ok(world.lines.includes("cities cannot look up profile in profiles"));
    outside.answer = (keys) => Promise.resolve(keys.map((key) => profileOf(key)));
    await until(() => outcomes.length === 20);
    assert.equal(runtime.status().lookups![0].lastError, undefined);
    await runtime.stop();
    const rows = await recordedRows(built, memory);
    assert.deepEqual(rows, Array.from({ length: 20 }, (_, i) => `k${i} ${i} city of k${i} true false`));
  });

  it("keeps watermarks behind the events that they speak of", async () => {
    const outside = new Outside(), release = held(outside);
    const built = await declared(
      pipeline("sums", { events: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("10s") }) })
        .lookup("profile", outside.source, { key: (e) => e.key, kind: "inner" })
        .key((e) => ({ city: e.profile.city })).window(tumbling("10s"))
        .aggregate({ total: sum((e) => e.amount) }).to("rows"),
    );
    const memory = kept(), runtime = await begin(built, memory);
    const event = runtime.submit("sums", tally("a", 5));
    const marked = runtime.mark("sums", {});
    setTimeout(release, 30);
    await Promise.all([event, marked]);
    await runtime.settled("sums");
    assert.equal(runtime.status().partitions[0].counts.late, 0);
    await runtime.stop();
    assert.deepEqual(await recordedRows(built, memory), ["city of a 0 10000000 5"]);
  });

  it("goes on without a row where none is told in time, and says so", async () => {
    const outside = new Outside(() => new Promise(() => {})), memory = kept();
    const built = await declared(cities(outside, { timeout: "30ms", fallback: "null" }));
    const runtime = await begin(built, memory);
    await runtime.submit("cities", tally("a", 1));
    outside.answer = (keys) => Promise.resolve(keys.map((key) => profileOf(key)));
    await until(() => runtime.status().lookups![0].timeouts > 0);
    await runtime.submit("cities", tally("b", 2));
    assert.equal(runtime.status().lookups![0].unanswered, 1);
    await runtime.stop();
    assert.deepEqual(await recordedRows(built, memory), ["a 1  false true", "b 2 city of b true false"]);
    await assertReplays(built, memory);
  });

  it("keeps a dead letter of what has no answer in time, to be driven again", async () => {
    const outside = new Outside(() => new Promise(() => {})), memory = kept();
    const built = await declared(cities(outside, { timeout: "30ms", fallback: "dead-letter" }));
    const runtime = await begin(built, memory);
    const outcome = await runtime.submit("cities", tally("a", 1), { id: "x" });
    assert.deepEqual([outcome.kind, "reason" in outcome && outcome.reason], ["rejected", LOOKUP_FAILED]);
    outside.answer = (keys) => Promise.resolve(keys.map((key) => profileOf(key)));
    const [letter] = await runtime.deadLetters("cities");
    assert.deepEqual([letter.reason, letter.payload], [LOOKUP_FAILED, tally("a", 1)]);
    // The key is asked for again a moment after the call was given up, sooner than an event gives up.
    await until(() => runtime.status().lookups![0].timeouts > 0);
    assert.equal((await runtime.redrive("cities", letter.position)).kind, "applied");
    const [first, second] = await recordedEvents(built, memory);
    await runtime.stop();
    assert.deepEqual([first.kind, second.kind], [EVENT_KIND.UNFIT, EVENT_KIND.EVENT]);
    assert.deepEqual(await recordedRows(built, memory), ["a 1 city of a true false"]);
  });

  it("keeps a dead letter of an event that its row makes too large", async () => {
    const outside = new Outside((keys) =>
      Promise.resolve(keys.map((key) => profileOf(key, "x".repeat(20_000))))
    );
    const built = await declared(cities(outside)), memory = kept();
    const runtime = await begin(built, memory);
    const outcome = await runtime.submit("cities", tally("a", 1));
    await runtime.stop();
    assert.deepEqual([outcome.kind, "reason" in outcome && outcome.reason], ["rejected", 13]);
  });

  it("loses nothing in a crash: what waited is unknown, is sent again, and stands once", async () => {
    const outside = new Outside(() => new Promise(() => {})), memory = kept();
    const built = await declared(cities(outside));
    const over = new AbortController();
    const runtime = await start({ pipelines: [built.pipeline] }, memoryWorld(memory), over.signal, {
      kernels: () => Promise.resolve(built.wasm),
    });
    await runtime.ready;
    const ids = Array.from({ length: 50 }, (_, i) => `id-${i}`);
    const sent = ids.map((id, i) => runtime.submit("cities", tally(`k${i % 7}`, i), { id }));
    over.abort(); // without a word to what waits
    assert.deepEqual([...new Set((await Promise.all(sent)).map(({ kind }) => kind))], ["unknown"]);
    assert.deepEqual(await recordedRows(built, memory), []);

    outside.answer = (keys) => Promise.resolve(keys.map((key) => profileOf(key)));
    const next = await begin(built, memory);
    await Promise.all(ids.slice(0, 20).map((id, i) => next.submit("cities", tally(`k${i % 7}`, i), { id })));
    await Promise.all(ids.map((id, i) => next.submit("cities", tally(`k${i % 7}`, i), { id })));
    await next.stop();
    const rows = await recordedRows(built, memory);
    assert.deepEqual(rows, ids.map((_, i) => `k${i % 7} ${i} city of k${i % 7} true false`));
    await assertReplays(built, memory);
  });

  it("is waited for when the runtime stops", async () => {
    const outside = new Outside(), release = held(outside), memory = kept();
    const built = await declared(cities(outside));
    const runtime = await begin(built, memory);
    const sent = runtime.submit("cities", tally("a", 1));
    await until(() => outside.calls.length === 1);
    const stopped = runtime.stop();
    assert.equal(runtime.offer("cities", tally("b", 1), {}, () => {}), "unavailable");
    release();
    await stopped;
    assert.equal((await sent).kind, "applied");
  });

  it("works on the lines of a file, which go on where they stopped", async () => {
    const outside = new Outside(), memory = kept(), built = await declared(cities(outside));
    const lines = Array.from({ length: 30 }, (_, i) => JSON.stringify({ key: `k${i % 4}`, amount: i }));
    const read = async (count: number) => {
      const runtime = await begin(built, memory);
      const text = lines.slice(0, count).join("\n") + "\n";
      const input = (async function* () {
        yield new TextEncoder().encode(text);
      })();
      const signal = new AbortController().signal, { clock } = memoryWorld();
      const options = { source: "f", format: "ndjson", write: () => {} } as const;
      const summary = await runFile(runtime, { ...options, pipeline: "cities", input, clock, signal });
      await runtime.stop();
      return summary.applied;
    };
    assert.deepEqual([await read(12), await read(30)], [12, 30]);
    const rows = await recordedRows(built, memory);
    assert.deepEqual(rows, lines.map((_, i) => `k${i % 4} ${i} city of k${i % 4} true false`));
  });

  for (const [first, second] of [[1, 1], [2, 3]]) {
    it(`stands behind a feed, from ${first} to ${second} partitions, whoever stops in between`, async () => {
      const outside = new Outside(), memory = kept();
      const timed = { eventTime: (e: { at: never }) => e.at, watermark: bounded("10s") };
      const sums = pipeline("sums", { events: source(TallySchema, timed as never) }, { partitions: first })
        .key((e) => ({ key: e.key })).window(tumbling("10s")).aggregate({ total: sum((e) => e.amount) })
        .to("sums");
      const named = pipeline("named", {
        sums: fedBy(sums, "sums", { eventTime: (row) => row.windowEnd.sub(1) }),
      }, { partitions: second })
        .lookup("profile", outside.source, { key: (row) => row.key })
        .key((row) => ({ key: row.key })).window(tumbling("20s"))
        .aggregate({ total: sum((row) => row.total), level: sum((row) => row.profile.level) })
        .to("rows");
      const built = [await declared(sums), await declared(named)];
      const open = async (): Promise<Runtime> => {
        const runtime = await start(
          {
            pipelines: built.map(({ pipeline }) => pipeline),
            feeds: [{ from: "sums", to: "named", output: "sums" }],
          },
          memoryWorld(memory),
          new AbortController().signal,
          {
            kernels: (name) => Promise.resolve(built.find(({ pipeline }) => pipeline.kernel === name)!.wasm),
          },
        );
        await runtime.ready;
        return runtime;
      };
      const event = (i: number) =>
        toBinary(
          TallySchema,
          create(TallySchema, { key: "k".repeat(1 + i % 5), amount: BigInt(i), at: BigInt(i * 1_000_000) }),
        );
      let runtime = await open();
      for (let i = 0; i < 60; i++) await runtime.submit("sums", event(i));
      await runtime.stop();
      runtime = await open();
      await runtime.mark("sums", {});
      const totals = new Map<string, bigint[]>();
      const ended = new AbortController();
      const { message } = built[1].pipeline.outputs![0];
      let rows = 0;
      for await (const { payload } of runtime.outputs("named", "start", ended.signal)) {
        const { key, total, level } = plain(message, payload) as {
          key: string;
          total: bigint;
          level: bigint;
        };
        const known = totals.get(key) ?? [0n, 0n];
        totals.set(key, [known[0] + total, known[1] + level]);
        if (++rows === 15) break;
      }
      ended.abort();
      await runtime.stop();
      assert.deepEqual(
        [...totals].sort(),
        Array.from({ length: 5 }, (_, n) => {
          const own = Array.from({ length: 60 }, (_, i) => i).filter((i) => i % 5 === n);
          const total = BigInt(own.reduce((sum, i) => sum + i, 0));
          return ["k".repeat(n + 1), [total, BigInt((n + 1) * 6)]];
        }),
      );
    });
  }
});

describe("what a lookup records", () => {
  it("is a message of its own in the event, by names that JSON has too", async () => {
    const outside = new Outside(), memory = kept(), built = await declared(cities(outside));
    const runtime = await begin(built, memory);
    await runtime.submit("cities", tally("a", 1));
    await runtime.stop();
    const [{ payload }] = await recordedEvents(built, memory);
    assert.equal(fromBinary(TallySchema, payload).key, "a"); // to whoever does not know of it nothing changed
    const { profile, profileFound } = fromBinary(built.pipeline.input, payload) as unknown as {
      profile: { city: string };
      profileFound: boolean;
    };
    assert.deepEqual([profile.city, profileFound], ["city of a", true]);
    assert.equal(built.pipeline.input.typeName, TallySchema.typeName);
    assert.ok(
      built.pipeline.input.fields.some(({ message }) => message?.typeName === ProfileSchema.typeName),
    );
  });
});
