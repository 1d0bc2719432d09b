/** Seeded randomness repeats itself exactly, and its distributions have the moments they claim. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { seeded, zipf } from "./random.ts";

describe("seeded randomness", () => {
  it("draws the same numbers from the same seed, and others from another", () => {
    const draws = (seed: number) =>
      Array.from({ length: 100 }, ((random) => () => random.u32())(seeded(seed)));
    assert.deepEqual(draws(1), draws(1));
    assert.notDeepEqual(draws(1), draws(2));
  });

  it("keeps a forked stream apart from its parent", () => {
    const one = seeded(7), two = seeded(7);
    const fork = two.fork("other");
    fork.u32();
    assert.equal(one.u32(), two.u32());
    assert.equal(seeded(7).fork("other").u64(), seeded(7).fork("other").u64());
  });

  it("stays within the bounds of int and reaches both", () => {
    const random = seeded(3);
    const seen = new Set(Array.from({ length: 1000 }, () => random.int(-2, 2)));
    assert.deepEqual([...seen].sort((a, b) => a - b), [-2, -1, 0, 1, 2]);
  });

  it("draws gamma, normal and poisson of the mean and deviation asked for", () => {
    const random = seeded(11);
    const near = (draw: () => number, mean: number, deviation: number) => {
      const values = Array.from({ length: 40_000 }, draw);
      const average = values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = Math.sqrt(
        values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length,
      );
      assert.ok(Math.abs(average - mean) < deviation * 0.05, `mean ${average}, wanted ${mean}`);
      assert.ok(Math.abs(spread - deviation) < deviation * 0.1, `deviation ${spread}, wanted ${deviation}`);
    };
    near(() => random.gamma(70, 15), 70, 15);
    near(() => random.gamma(60, 90), 60, 90);
    near(() => random.normal(), 0, 1);
    near(() => random.poisson(4), 4, 2);
  });

  it("favours low ranks under zipf", () => {
    const random = seeded(5), sample = zipf(100, 1.1);
    const counts = new Array(100).fill(0);
    for (let draw = 0; draw < 10_000; draw++) counts[sample(random)]++;
    assert.ok(counts[0] > counts[10] && counts[10] > counts[90]);
  });
});
