/** Late events counted after all: what was put out and what corrects it are, together, the answer of the batch. */
import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { inArrivalOrder } from "../../actors/flights/arrivals.ts";
import { delays } from "../../actors/flights/delays.ts";
import { encodeFlight } from "../../actors/flights/gen/flight_wire.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { type Declared, declared } from "../../deploy/declared.ts";
import {
  bounded,
  compile,
  type Correction,
  corrections,
  count,
  type Declaration,
  kernelParams,
  loadKernel,
  pipeline,
  type Runtime,
  session,
  source,
  stands,
  start,
  sum,
  tumbling,
  unwritable,
} from "../../runtime/mod.ts";
import { EFFECT_KIND, EffectCursor } from "../../runtime/partition/records.ts";
import { walk } from "../../runtime/partition/walk.ts";
import { flights } from "../golden/flights.ts";
import { hourly } from "../models/flights.ts";
import { plain } from "../support/declared.ts";
import { type Kept, kept, memoryWorld } from "../support/world.ts";

const SECOND = 1_000_000;

async function begin({ pipeline, wasm }: Declared, memory: Kept): Promise<Runtime> {
  const runtime = await start({ pipelines: [pipeline] }, memoryWorld(memory), new AbortController().signal, {
    kernels: () => Promise.resolve(wasm),
  });
  await runtime.ready;
  return runtime;
}

async function found(runtime: Runtime, declaration: Declaration, memory: Kept): Promise<Correction[]> {
  const { pipeline, wasm } = await declared(declaration, { patient: true });
  const module = await loadKernel(pipeline.kernel, wasm, kernelParams(pipeline));
  const chain = await memoryWorld(memory).ledger.open(`${pipeline.name}-0`);
  const { watermark } = runtime.status().partitions[0];
  return await corrections(chain, module, watermark!, new AbortController().signal, stands(pipeline));
}

/** Rows of an output that stand by what the ledger holds, those taken back aside. */
async function standing(
  { pipeline }: Declared,
  memory: Kept,
  output: string,
): Promise<Record<string, unknown>[]> {
  const chain = await memoryWorld(memory).ledger.open(`${pipeline.name}-0`);
  const rows = new Map<string, number>(), { last } = await chain.extent();
  for await (const { frame } of walk(chain, { from: 1 }, last)) {
    const effect = new EffectCursor(frame.effects);
    while (effect.next()) {
      if (effect.kind !== EFFECT_KIND.OUTPUT || pipeline.outputs![effect.channel].name !== output) continue;
      const { retracted, ...row } = plain(pipeline.outputs![effect.channel].message, effect.payload);
      const text = JSON.stringify(row, (_, each) => typeof each === "bigint" ? Number(each) : each);
      rows.set(text, (rows.get(text) ?? 0) + (retracted ? -1 : 1));
    }
  }
  return [...rows].flatMap(([text, times]) => {
    assert.ok(times >= 0, `${text} is taken back more often than put out`);
    return Array.from({ length: times }, () => JSON.parse(text));
  });
}

const tally = (key: string, second: number, amount = 1) =>
  toBinary(TallySchema, create(TallySchema, { key, amount: BigInt(amount), at: BigInt(second * SECOND) }));

describe("late events that are counted after all", () => {
  it("make of hours that left flights out those of the batch, exactly, and once", async () => {
    const some = inArrivalOrder(await flights()).slice(0, 20_000);
    const declaration = delays({ disorder: "1h" }), built = await declared(declaration), memory = kept();
    let runtime = await begin(built, memory);
    const out = new Uint8Array(256);
    for (let at = 0; at < some.length; at += 500) {
      await Promise.all(
        some.slice(at, at + 500).map((flight) =>
          runtime.submit("delays", out.slice(0, encodeFlight(flight, out, 0)))
        ),
      );
    }
    await runtime.mark("delays", {});
    await runtime.settled("delays");
    const { late } = runtime.status().partitions[0].counts;
    assert.ok(late > 500, `${late} late`);
    const hours = async () =>
      (await standing(built, memory, "delays")).map((row) =>
        `${row.origin} ${row.windowStart} ${row.flights} ${row.delay} ${row.worst}`
      ).sort();
    const batch = hourly(some).map((each) =>
      `${each.origin} ${each.hour} ${each.flights} ${each.delay} ${each.worst}`
    ).sort();
    assert.notDeepEqual(await hours(), batch);

    const rows = await found(runtime, declaration, memory);
    assert.ok(rows.length > 100 && rows.length <= 2 * late, `${rows.length} rows`);
    // Half of them; then the process ends. Whoever goes on finds the other half.
    await runtime.correct("delays", 0, rows.slice(0, rows.length >> 1));
    await runtime.stop();
    runtime = await begin(built, { ...memory, blobs: new Map() });
    const rest = await found(runtime, declaration, memory);
    assert.equal(rest.length, rows.length - (rows.length >> 1));
    await runtime.correct("delays", 0, rest);
    assert.deepEqual(await found(runtime, declaration, memory), []);
    assert.deepEqual(await hours(), batch);
    await runtime.stop();
    // And whoever replays puts out the same.
    runtime = await begin(built, { ...memory, blobs: new Map() });
    assert.deepEqual(await hours(), batch);
    await runtime.stop();
  });

  it("are seen in views, where no newer row stands, and events go on as before", async () => {
    const declaration = pipeline("shown", {
      input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("0s") }),
    }, ({ input }) => {
      const sums = input.key((e) => e.key).window(tumbling("10s")).aggregate({
        n: count(),
        total: sum((e) => e.amount),
      });
      return [
        sums.to("sums", { corrected: true }),
        sums.view("windows"),
        sums.view("newest", (row) => row.key),
        input.key((e) => e.key).window(session("5s")).aggregate({ n: count() }).to("sessions", {
          corrected: true,
        }),
      ];
    });
    const built = await declared(declaration), memory = kept();
    let runtime = await begin(built, memory);
    const give = async (...events: Uint8Array[]) => {
      for (const each of events) assert.equal((await runtime.submit("shown", each)).kind, "applied");
    };
    await give(
      tally("a", 1),
      tally("b", 2),
      tally("a", 12),
      tally("x", 30),
      tally("a", 3, 10),
      tally("b", 14, 7),
    );
    const rows = await found(runtime, declaration, memory);
    await runtime.correct("shown", 0, rows);
    assert.deepEqual(await found(runtime, declaration, memory), []);
    const view = async (name: string) => {
      const { message } = built.pipeline.views!.find((each) => each.name === name)!;
      return (await runtime.view("shown", name)).rows.map(({ payload }) => {
        const { key, windowStart, total } = plain(message, payload);
        return `${key} ${Number(windowStart) / SECOND} ${total}`;
      });
    };
    const check = async () => {
      assert.deepEqual(await view("windows"), ["a 0 11", "a 10 1", "b 0 1", "b 10 7"]);
      assert.deepEqual(await view("newest"), ["a 10 1", "b 10 7"]);
      const sums = await standing(built, memory, "sums");
      assert.deepEqual(sums.map(({ key, total }) => `${key} ${total}`).sort(), ["a 1", "a 11", "b 1", "b 7"]);
      const sessions = await standing(built, memory, "sessions");
      assert.deepEqual(sessions.map(({ key, n }) => `${key} ${n}`).sort(), ["a 1", "a 2", "b 1", "b 1"]);
    };
    await check();
    await runtime.stop();
    runtime = await begin(built, { ...memory, blobs: new Map() });
    await check();
    await give(tally("x", 31), tally("y", 60));
    assert.ok((await view("windows")).includes("x 30 2"));
    await runtime.stop();
  });

  it("are not written where messages cannot take a row back, or a step goes on from what it had told", () => {
    const input = source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("0s") });
    const why = (declaration: Declaration) => unwritable(compile(declaration).plan.ends[0]);
    const windows = () =>
      pipeline("kept", { input }).key((e) => e.key).window(tumbling("10s")).aggregate({ n: count() });
    assert.match(why(windows().to("out"))!, /cannot say that a row is taken back.*corrected: true/);
    assert.equal(why(windows().to("out", { corrected: true })), undefined);
    const running = pipeline("told", { input }).key((e) => e.key).aggregate({ n: count() }, { ttl: "1d" }).to(
      "out",
    );
    assert.match(why(running)!, /an aggregate that is updated.*Replay/);
  });
});
