import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { disorder, inArrivalOrder } from "../../actors/flights/arrivals.ts";
import { HOUR, hourly, late } from "../models/flights.ts";
import { flights } from "./flights.ts";

describe("the flights", () => {
  const scheduled = flights();

  it("are 200,000, of 223 airports, some early and some more than a day late", async () => {
    const all = await scheduled;
    assert.equal(all.length, 200_000);
    assert.equal(new Set(all.map(({ origin }) => origin)).size, 223);
    const delays = all.map(({ delay }) => delay / 60_000_000).sort((a, b) => a - b);
    assert.deepEqual([delays[0], delays.at(-1)], [-80, 1575]);
  });

  it("arrive out of order, by more than a day at worst", async () => {
    const arrivals = inArrivalOrder(await scheduled);
    assert.ok(disorder(arrivals) > 24 * HOUR && disorder(arrivals) < 28 * HOUR);
  });

  it("are late for nothing when the bound is their disorder, and some when it is not", async () => {
    const arrivals = inArrivalOrder(await scheduled);
    assert.equal(late(arrivals, disorder(arrivals), 0).length, 0);
    assert.equal(late(arrivals, 0, disorder(arrivals)).length, 0);
    const rates = [0, 1, 2, 3, 6, 24].map((hours) =>
      late(arrivals, hours * HOUR, 0).length / arrivals.length
    );
    assert.deepEqual(rates, [0.625915, 0.083205, 0.018055, 0.00562, 0.000285, 0.00001]);
  });

  it("are all in some hour of some airport", async () => {
    const hours = hourly(await scheduled);
    assert.equal(hours.reduce((sum, { flights }) => sum + flights, 0), 200_000);
  });
});
