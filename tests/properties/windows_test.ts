import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { Exact, Ring, TokenBucket } from "../models/windows.ts";
import { command, loadForTest, run, seeded } from "./kernel_under_test.ts";

const KEYS = ["a", "b", "c"].map((key) => new TextEncoder().encode(key));

describe("windows", () => {
  it("counts and sums exactly, with events out of order and at the edges of a window", async () => {
    const random = seeded("exact window");
    const kernel = (await loadForTest("operators")).instantiate();
    const models = KEYS.map(() => new Exact(1000n, 40));
    let now = 5000n, added = 0, full = 0, late = 0;
    const commands: Uint8Array[] = [], expected: bigint[][] = [], sums: (bigint | undefined)[] = [];
    for (let i = 0; i < 6000; i++) {
      if (random.below(5) < 2) now += BigInt(random.below(random.below(150) === 0 ? 3000 : 15));
      const at = now - BigInt(random.pick([0, 0, 1, 999, 1000, 1001, random.below(1500)]));
      const value = random.below(20) === 0 ? random.i64() : BigInt(random.below(1000) - 300);
      const window = BigInt(random.pick([1, 100, 999, 1000]));
      const which = random.below(3), model = models[which];
      const result = model.add(at, value);
      result === 0 ? added++ : result === 1 ? full++ : late++;
      commands.push(command(6, KEYS[which], at, value, window));
      expected.push([BigInt(result), BigInt(model.within(at, window).length)]);
      sums.push(model.sum(at, window));
    }
    run(kernel, commands).forEach((answer, i) => {
      assert.deepEqual([answer[1] ?? 0n, answer[2] ?? 0n], expected[i], `event ${i}`);
      if (!answer[4]) assert.equal(answer[3] ?? 0n, sums[i], `sum of event ${i}`);
    });
    assert.ok(added > 1000 && full > 20 && late > 20, `${added} added, ${full} full, ${late} late`);
  });

  it("says so where an exact sum leaves int64", async () => {
    const kernel = (await loadForTest("operators")).instantiate();
    const max = (1n << 63n) - 1n;
    const answers = run(kernel, [command(6, KEYS[0], 10n, max, 100n), command(6, KEYS[0], 11n, 1n, 100n)]);
    assert.equal(answers[0][4] ?? 0n, 0n);
    assert.equal(answers[1][4], 1n);
    assert.equal(answers[1][3], max);
  });

  it("counts by bucket as a map of buckets does", async () => {
    const random = seeded("ring");
    const kernel = (await loadForTest("operators")).instantiate();
    const models = KEYS.map(() => new Ring(6, 100n));
    const commands: Uint8Array[] = [], expected: bigint[][] = [];
    let now = -3000n;
    for (let i = 0; i < 6000; i++) {
      if (random.below(3) === 0) now += BigInt(random.below(random.below(30) === 0 ? 2000 : 90));
      const at = now - BigInt(random.below(900)), asked = now - BigInt(random.below(800)) + 100n;
      const which = random.below(3), value = BigInt(random.below(9));
      const added = models[which].add(at, value);
      commands.push(command(7, KEYS[which], at, value, asked));
      expected.push([added ? 1n : 0n, models[which].sum(at), models[which].sum(asked)]);
    }
    run(kernel, commands).forEach((answer, i) =>
      assert.deepEqual([answer[1] ?? 0n, answer[2] ?? 0n, answer[3] ?? 0n], expected[i], `event ${i}`)
    );
  });

  it("fills a token bucket in exact fractions, and gains nothing from time that runs backwards", async () => {
    const random = seeded("token bucket");
    const kernel = (await loadForTest("operators")).instantiate();
    const model = new TokenBucket();
    const commands: Uint8Array[] = [], expected: bigint[] = [];
    let now = 1_000_000n;
    for (let i = 0; i < 5000; i++) {
      now += BigInt(random.below(random.below(50) === 0 ? 10_000_000 : 90_000) - 20_000);
      const cost = BigInt(random.below(4));
      expected.push(model.take(7n, 20n, now, cost) ? 1n : 0n);
      commands.push(command(8, KEYS[0], now, 7n, 20n, cost));
    }
    assert.deepEqual(run(kernel, commands).map((answer) => answer[1] ?? 0n), expected);
    assert.ok(expected.includes(0n) && expected.includes(1n));
  });
});
