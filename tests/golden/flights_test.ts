import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { type Flight, inArrivalOrder } from "../../actors/flights/arrivals.ts";
import { delays, ENOUGH, type Patience } from "../../actors/flights/delays.ts";
import { encodeFlight } from "../../actors/flights/gen/flight_wire.ts";
import { HOUR, type Hour, hourly, late } from "../models/flights.ts";
import type { DeclaredRun } from "../support/declared.ts";
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
