import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { seeded } from "./kernel_under_test.ts";
import { command, loadOperator, MAX, run, settle, watermark } from "./operator_under_test.ts";

/** Operators whose state expires by time. */
const EXPIRING: readonly (readonly [kernel: string, params: readonly bigint[]])[] = [
  ["join_interval", [3n, 500n, 500n, 0n, 0n]],
  ["join_window", [3n, 300n, 100n, 0n, 0n, 0n]],
  ["join_temporal", [1n, 50n, 300n, 0n]],
  ["top_n", [3n, 1n, 1n, 300n, 0n]],
  ["keep", [2n, 100n, 300n, 0n, 0n, 0n]],
  ["keep", [1n, 0n, 300n, 0n, 1n, 0n]],
  ["running", [300n, 0n]],
  ["reorder", [0n]],
  ["pattern", [2n, 300n, 4n, 2n, 0n, 0n, 0x21n, 0n]],
];

describe("at the bound on state", () => {
  for (const [name, params] of EXPIRING) {
    it(`${name} (${params[0]}) refuses rows, goes on with what it holds, takes rows again when that has gone`, async () => {
      const random = seeded(`full ${name}`);
      const kernel = (await loadOperator(name, params, 250_000n)).instantiate();
      let now = 0n, refused = 0;
      for (let round = 0; round < 3; round++) {
        const rows = Array.from({ length: 6000 }, (_, i) => {
          now += BigInt(i % 8 === 0 ? 1 : 0);
          return command(1 + random.below(2), `key ${random.below(3000)} ${"x".repeat(random.below(40))}`, {
            time: now - BigInt(random.below(20)),
            a: BigInt(1 + random.below(2)),
            b: 500n,
            c: 500n,
            name: "n".repeat(random.below(60)),
            op: random.below(12) === 0 ? 1 : 0,
          });
        });
        const results = run(kernel, rows, random).flat();
        refused += results.filter((one) => one === "reject 8").length;
        assert.ok(kernel.stateBytes <= 250_000, `${kernel.stateBytes} bytes`);
        // Time moves on by steps: what found no room to be put off goes when its time has come.
        for (let step = 0; step < 10; step++) {
          now += 100n;
          run(kernel, [watermark(now)]);
          settle(kernel);
        }
        assert.equal(kernel.keys, 0, `keys with state after round ${round}`);
        now += 100n;
      }
      assert.ok(refused > 100, `${refused} rows refused`);
      run(kernel, [command(1, "again", { time: now, a: 1n, b: 500n, c: 500n })]);
      assert.equal(kernel.keys, 1);
      run(kernel, [watermark(MAX)]);
      settle(kernel);
      assert.equal(kernel.keys, 0);
    });
  }
});
