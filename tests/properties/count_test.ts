import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { CountWindow } from "../models/count.ts";
import { CLOCK, region, seeded } from "./kernel_under_test.ts";
import { command, loadOperator, restored, run } from "./operator_under_test.ts";
import { BAG, SUMS, text } from "./window_results.ts";

const SHAPES = [[1, 1], [5, 5], [6, 4], [4, 6], [10, 1], [12, 3], [3, 7]] as const;

describe("windows of a number of rows", () => {
  for (const bag of [SUMS, BAG]) {
    const what = bag ? "accumulators that hold memory" : "accumulators that can be unmerged";
    it(`give what their twin gives, restored at any event: ${what}`, async () => {
      const random = seeded(`count, ${what}`);
      for (const [size, slide] of SHAPES) {
        const module = await loadOperator("count", [bag, BigInt(size), BigInt(slide), 0n]);
        const twin = new CountWindow(size, slide);
        let kernel = module.instantiate();
        for (let i = 0; i < 150; i++) {
          const key = `k${random.below(4)}`.padEnd(2 + random.below(2) * 30, "x"),
            a = BigInt(random.below(1000));
          const [results] = run(kernel, [command(1, key, { time: BigInt(i), a })]);
          assert.deepEqual(
            results,
            twin.add(key, a).map((told) => text(told, bag)),
            `${size} by ${slide}, row ${i}`,
          );
          if (i % 5 === 0) kernel = restored(module, kernel);
        }
      }
    });

    it(`forget a key that is idle by the frame's clock, and give its memory back: ${what}`, async () => {
      const module = await loadOperator("count", [bag, 50n, 5n, 60_000_000n]);
      const kernel = module.instantiate();
      let bytes = 0;
      for (let round = 0; round < 4; round++) {
        const clock = CLOCK + round * 1_000_000_000;
        const rows = Array.from({ length: 2000 }, (_, i) => ({
          payload: command(1, `round ${round} key ${i % 200}`, { time: 0n, a: 1n }),
        }));
        for (let i = 0; i < rows.length; i += 200) {
          kernel.apply(clock, 1, region(rows.slice(i, i + 200)), 1 << 20);
        }
        assert.ok(kernel.keys <= 400, `${kernel.keys} keys`);
        if (round === 2) bytes = kernel.stateBytes;
      }
      assert.equal(kernel.stateBytes, bytes);
    });
  }
});
