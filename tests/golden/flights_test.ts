import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { describe, it } from "@std/testing/bdd";
import { type Flight, inArrivalOrder } from "../../actors/flights/arrivals.ts";
import { delays, ENOUGH, type Patience } from "../../actors/flights/delays.ts";
import { FlightSchema } from "../../actors/flights/gen/flight_pb.ts";
import { encodeFlight } from "../../actors/flights/gen/flight_wire.ts";
import { HOUR, type Hour, hourly, hourOf, late } from "../models/flights.ts";
import type { DeclaredRun } from "../support/declared.ts";
import { memoryWorld, running } from "../support/world.ts";
import { begin, buildOf } from "./declared.ts";
import { flights } from "./flights.ts";

const FRAME = 500;

describe("delays by airport and hour, from 200,000 flights as they arrive", () => {
  const arrivals = flights().then(inArrivalOrder);

  it("are those of the batch, exactly, when the watermark waits as long as flights are late", async () => {
    const all = await arrivals;
    const life = await run(all, { disorder: ENOUGH });
    same(hoursOf(life), hourly(all));
    assert.deepEqual([life.late.length, life.rejects, life.keys], [0, [], 0]);
  });

  it("are those of the batch, exactly, when hours are corrected for as long", async () => {
    const all = await arrivals;
    const life = await run(all, { disorder: 0, lateness: ENOUGH });
    same(hoursOf(life), hourly(all));
    assert.deepEqual([life.late.length, life.rejects, life.keys], [0, [], 0]);
  });

  it("leave out the late flights, and no others, when nothing waits long enough; each is recorded", async () => {
    const all = (await arrivals).slice(0, 50_000);
    for (
      const [disorder, lateness] of [[0, undefined], [HOUR, undefined], [3 * HOUR, undefined], [0, HOUR]]
    ) {
      const missed = new Set(late(all, disorder!, lateness ?? 0));
      const life = await run(all, { disorder: disorder!, lateness });
      assert.equal(life.late.length, missed.size);
      same(hoursOf(life), hourly(all.filter((flight) => !missed.has(flight))));
    }
  });

  it("come with a record of each late flight, from the engine: which, for which hour, behind which watermark", async () => {
    const some = (await arrivals).slice(0, 20_000), missed = late(some, HOUR, 0);
    const { pipeline, wasm } = await buildOf(delays({ disorder: HOUR }));
    await running({ pipelines: [pipeline] }, memoryWorld(), async (runtime) => {
      const out = new Uint8Array(256);
      for (let at = 0; at < some.length; at += FRAME) {
        const offered = some.slice(at, at + FRAME).map((flight) =>
          runtime.submit(pipeline.name, out.slice(0, encodeFlight(flight, out, 0)))
        );
        for (const { kind } of await Promise.all(offered)) assert.equal(kind, "applied");
      }
      const records = await runtime.lateEvents(pipeline.name, { limit: some.length });
      assert.deepEqual(records.map(({ payload }) => flightOf(payload)), missed);
      for (const { time, windowStart, windowEnd, watermark, reason } of records) {
        assert.deepEqual([windowStart, windowEnd, reason], [
          hourOf(time),
          hourOf(time) + HOUR,
          "window-closed",
        ]);
        assert.ok(watermark >= windowEnd);
      }
      const { late: counted, events } = runtime.status().partitions[0].counts;
      assert.equal(counted / events, missed.length / some.length);
    }, { kernels: () => Promise.resolve(wasm) });
  });

  it("do not depend on how events are framed, nor on a stop and restore in between", async () => {
    const some = (await arrivals).slice(0, 20_000);
    const whole = await run(some, { disorder: 3 * HOUR, lateness: HOUR });
    const other = await run(some, { disorder: 3 * HOUR, lateness: HOUR }, 37, 1111);
    same(hoursOf(other), hoursOf(whole));
    assert.deepEqual(other.late, whole.late);
  });
});

async function run(arrivals: readonly Flight[], patience: Patience, frame = FRAME, restartEvery = Infinity) {
  const life = begin(await buildOf(delays(patience)), arrivals.at(-1)!.scheduledAt);
  const out = new Uint8Array(256);
  for (let at = 0, since = 0; at < arrivals.length; at += frame) {
    const payloads = arrivals.slice(at, at + frame).map((flight) =>
      out.slice(0, encodeFlight(flight, out, 0))
    );
    life.apply(payloads, frame);
    since += payloads.length;
    if (since >= restartEvery) life.restart(), since = 0;
  }
  life.end();
  return life;
}

function flightOf(payload: Uint8Array): Flight {
  const { origin, destination, scheduledAt, delay, distance } = fromBinary(FlightSchema, payload);
  return {
    origin,
    destination,
    scheduledAt: Number(scheduledAt),
    delay: Number(delay),
    distance: Number(distance),
  };
}

function hoursOf(life: DeclaredRun): Hour[] {
  return life.standing("delays").map(({ origin, windowStart, flights, delay, worst }) => ({
    origin: String(origin),
    hour: Number(windowStart),
    flights: Number(flights),
    delay: Number(delay),
    worst: Number(worst),
  })).sort((a, b) => a.hour - b.hour || (a.origin < b.origin ? -1 : 1));
}

/** Tells the first hour that differs: a comparison of all tens of thousands at once takes its time. */
function same(actual: readonly Hour[], expected: readonly Hour[]): void {
  const differs = expected.findIndex((hour, index) => JSON.stringify(hour) !== JSON.stringify(actual[index]));
  assert.deepEqual(actual[differs], expected[differs]);
  assert.equal(actual.length, expected.length);
}
