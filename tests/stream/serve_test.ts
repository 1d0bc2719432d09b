import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { after, before, describe, it } from "@std/testing/bdd";
import type { Hono } from "hono";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { type Declared, declared } from "../../deploy/declared.ts";
import {
  bounded,
  corrections,
  count,
  hopping,
  kernelParams,
  loadKernel,
  pipeline,
  type Runtime,
  source,
  stands,
  start,
  sum,
  tumbling,
} from "../../runtime/mod.ts";
import { httpApp } from "../../runtime/ingress/http.ts";
import { plain } from "../support/declared.ts";
import { kept, memoryWorld } from "../support/world.ts";

const SECOND = 1_000_000;
const declaration = pipeline("served", {
  input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("10s"), ahead: "1h" }),
}, ({ input }) => {
  const sums = input.key((e) => e.key).window(tumbling("10s")).aggregate({
    n: count(),
    total: sum((e) => e.amount),
  });
  return [sums.to("sums"), sums.view("windows", undefined, { ttl: "1d" })];
});

function event(key: string, amount: number, second: number): Uint8Array {
  const at = BigInt(second) * BigInt(SECOND);
  return toBinary(TallySchema, create(TallySchema, { key, amount: BigInt(amount), at }));
}

const INPUT = [event("a", 100, 5), event("b", 7, 12), event("a", 6, 14), event("a", 1, 8), event("a", 2, 40)];

async function begin({ pipeline, wasm }: Declared, memory = kept(), everyMs?: number): Promise<Runtime> {
  const runtime = await start(
    { pipelines: [{ ...pipeline, ...(everyMs === undefined ? {} : { trigger: { everyMs } }) }] },
    memoryWorld(memory),
    new AbortController().signal,
    { kernels: () => Promise.resolve(wasm) },
  );
  await runtime.ready;
  return runtime;
}

describe("a declared pipeline that runs", () => {
  let built: Declared, runtime: Runtime, app: Hono;
  const memory = kept();

  before(async () => {
    built = await declared(declaration);
    runtime = await begin(built, memory);
    const { clock, random, log } = memoryWorld();
    app = httpApp(runtime, { clock, random, log });
    for (const payload of INPUT) assert.equal((await runtime.submit("served", payload)).kind, "applied");
  });
  after(() => runtime.stop());

  const windows = async (query: Parameters<Runtime["view"]>[2]) =>
    (await runtime.view("served", "windows", query)).rows.map(({ payload }) => {
      const { key, windowStart, total } = plain(built.pipeline.views![0].message, payload);
      return [key, Number(windowStart) / SECOND, total];
    });

  it("shows its views by key, by the first parts of a key, by range and in full", async () => {
    assert.deepEqual(await windows({}), [["a", 0, 101n], ["a", 10, 6n], ["b", 10, 7n]]);
    assert.deepEqual(await windows({ key: ["a", 10 * SECOND] }), [["a", 10, 6n]]);
    assert.deepEqual(await windows({ key: ["a"] }), [["a", 0, 101n], ["a", 10, 6n]]);
    assert.deepEqual(await windows({ from: ["a", SECOND], to: ["b"] }), [["a", 10, 6n]]);
    assert.deepEqual(await windows({ key: ["c"] }), []);
    assert.equal((await runtime.view("served", "windows")).watermark, 30 * SECOND);
    await assert.rejects(
      runtime.view("served", "other"),
      /Cannot read view "other" of served: it has windows/,
    );
    await assert.rejects(
      runtime.view("served", "windows", { key: ["a", "b"] }),
      /"b" is no integer, as "windowStart" is/,
    );
  });

  it("records each late event with the window it missed, and one far ahead, which moves no watermark", async () => {
    await runtime.submit("served", event("a", 1, 3));
    await runtime.submit("served", event("a", 1, Math.floor(Date.now() / 1000) + 7200));
    const late = await runtime.lateEvents("served");
    assert.deepEqual(
      late.map((
        { reason, windowStart, windowEnd, watermark },
      ) => [reason, windowStart, windowEnd, watermark]),
      [
        ["window-closed", 0, 10 * SECOND, 30 * SECOND],
        ["far-future", late[1].time, late[1].time, 30 * SECOND],
      ],
    );
    assert.deepEqual(plain(TallySchema, late[0].payload).at, 3n * BigInt(SECOND));
    assert.deepEqual(await runtime.lateEvents("served", { after: late[0].position }), late.slice(1));
    assert.equal(runtime.status().partitions[0].counts.late, 2);
  });

  it("lists no late event whose frame another owner purged, also while it remembers it", async () => {
    const place = kept();
    const own = await begin(built, place);
    for (const payload of [...INPUT, event("a", 1, 3), event("a", 1, 4)]) await own.submit("served", payload);
    const late = await own.lateEvents("served");
    assert.equal(late.length, 2);
    const chain = await memoryWorld(place).ledger.open("served-0");
    await chain.purge(late[0].position.frame);
    await chain.close();
    assert.deepEqual(await own.lateEvents("served"), late.slice(1));
    await own.stop();
  });

  it("records apart an event that missed some of its windows and counts in the others, with how many", async () => {
    const hops = await declared(
      pipeline("hops", {
        input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("0s") }),
      }).key((e) => e.key).window(hopping("30s", "10s")).aggregate({ n: count() }).to("counts"),
    );
    const own = await begin(hops);
    // The watermark is 55 s: of 38's windows those that end at 40 and 50 are over, the one that ends at 60 is not.
    for (const second of [55, 38, 20]) await own.submit("hops", event("a", 1, second));
    const late = await own.lateEvents("hops");
    assert.deepEqual(
      late.map(({ reason, windowStart, windowEnd, missed }) => [
        reason,
        windowStart / SECOND,
        windowEnd / SECOND,
        missed,
      ]),
      [["partial", 20, 50, 2], ["window-closed", 20, 50, undefined]],
    );
    const { counts } = own.status().partitions[0];
    assert.deepEqual([counts.late, counts.latePartly], [1, 1]);
    await own.stop();
  });

  it("tells how results change when its late events are counted, and nothing of windows still open", async () => {
    const { pipeline, wasm } = await declared(declaration, { patient: true });
    const module = await loadKernel(pipeline.kernel, wasm, kernelParams(pipeline));
    const chain = await memoryWorld(memory).ledger.open("served-0");
    const { watermark } = runtime.status().partitions[0];
    const found = await corrections(
      chain,
      module,
      watermark!,
      new AbortController().signal,
      stands(pipeline),
    );
    const told = found.filter(({ channel }) => channel === 0).map(({ retracted, payload }) => {
      const { key, windowStart, total } = plain(pipeline.outputs![0].message, payload);
      return [retracted, key, Number(windowStart), total];
    });
    assert.deepEqual(told, [[true, "a", 0, 101n], [false, "a", 0, 102n]]);
  });

  it("answers over HTTP with the time it is true for, and refuses what it cannot read with the fix", async () => {
    const answer = await (await app.request("/v1/served/views/windows?key=a&limit=1")).json();
    assert.deepEqual(answer.rows, [{
      key: ["a", "0"],
      row: { key: "a", windowEnd: 10 * SECOND, n: 2, total: 101 },
    }]);
    assert.deepEqual([answer.more, answer.watermark, answer.ended], [true, 30 * SECOND, false]);
    assert.ok(answer.freshnessMs > 0);
    assert.equal((await app.request("/v1/served/views/none")).status, 404);
    assert.equal((await app.request("/v1/served/views/windows?limit=0")).status, 400);
    assert.equal((await app.request("/v1/served/late")).status, 200);
    const post = (body: unknown) =>
      app.request("/v1/served/watermark", { method: "POST", body: JSON.stringify(body) });
    assert.equal((await post({ time: 1, ended: true })).status, 400);
    assert.equal((await post({ time: 1.5 })).status, 400);
  });

  it("streams an output, and goes on behind the last event id without a gap or a repeat", async () => {
    const take = async (count: number, headers: Record<string, string> = {}) => {
      const over = new AbortController();
      const response = await app.request("/v1/served/outputs/sums", { headers, signal: over.signal });
      assert.equal(response.headers.get("content-type"), "text/event-stream");
      const reader = response.body!.pipeThrough(new TextDecoderStream() as never).getReader();
      let text = "";
      while (text.split("\n\n").length <= count) text += (await reader.read()).value;
      over.abort();
      await reader.cancel();
      return text.split("\n\n").slice(0, count).map((each) =>
        each.split("\n").map((line) => line.slice(line.indexOf(" ") + 1))
      );
    };
    const all = await take(3);
    assert.deepEqual(all.map(([, data]) => JSON.parse(data).total), [101, 6, 7]);
    const rest = await take(2, { "last-event-id": all[0][0] });
    assert.deepEqual(rest, all.slice(1));
  });

  it("holds its watermark for an input that is not idle, and tells all windows at the end, also after a restart", async () => {
    await runtime.mark("served", { time: 35 * SECOND });
    assert.equal((await runtime.view("served", "windows")).watermark, 35 * SECOND);
    await runtime.mark("served", { idle: true });
    await runtime.stop();
    runtime = await begin(built, memory);
    assert.equal((await runtime.lateEvents("served")).length, 2);
    await runtime.mark("served", {});
    await runtime.settled("served");
    assert.deepEqual((await windows({ key: ["a", 40 * SECOND] })).length, 0);
    const page = await runtime.view("served", "windows");
    // All has ended: what a view holds for a day is over, too.
    assert.deepEqual([page.rows.length, page.watermark > 1e18], [0, true]);
  });

  it("gives the same outputs in rounds as it does at once", async () => {
    const collected = async (everyMs?: number) => {
      const own = await begin(built, kept(), everyMs);
      const outcomes = INPUT.map((payload) => own.submit("served", payload));
      await Promise.all(outcomes);
      await own.mark("served", {});
      await own.settled("served");
      const over = new AbortController(), rows: string[] = [];
      const expected = own.status().partitions[0].counts.outputs;
      for await (const { channel, payload } of own.outputs("served", "start", over.signal)) {
        rows.push(`${channel} ${[...payload]}`);
        if (rows.length === expected) break;
      }
      over.abort();
      const { frames } = own.status().partitions[0].counts;
      await own.stop();
      return { rows, frames };
    };
    const atOnce = await collected(), rounds = await collected(30);
    assert.deepEqual(rounds.rows, atOnce.rows);
    assert.equal(atOnce.rows.length, 8);
  });
});
