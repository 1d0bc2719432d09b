import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import * as model from "../models/fixed.ts";
import { command, loadForTest, run, seeded } from "./kernel_under_test.ts";

const EDGES = [
  0n,
  1n,
  2n,
  3n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  3037000499n,
  3037000500n,
  2n ** 62n,
  2n ** 63n - 2n,
  2n ** 63n - 1n,
].flatMap((edge) => [edge, -edge, -edge - 1n]);

describe("fixed", () => {
  it("agrees with BigInt on every pair of int64 edges, and on random ones", async () => {
    const random = seeded("fixed");
    const kernel = (await loadForTest("operators")).instantiate();
    const cases: [bigint, bigint, bigint, bigint][] = [];
    for (const a of EDGES) for (const b of EDGES) cases.push([a, b, random.pick(EDGES), random.pick(EDGES)]);
    for (let i = 0; i < 6000; i++) cases.push([random.i64(), random.i64(), random.i64(), random.i64()]);
    for (let i = 0; i < 500; i++) {
      const a = random.i64(), b = random.i64();
      cases.push([a, b, b, a]);
    }
    const answers = run(kernel, cases.map((args) => command(9, new Uint8Array(), ...args)));
    cases.forEach(([a, b, c, d], i) => {
      const flags = (model.addOverflows(a, b) ? 1n : 0n) | (model.subOverflows(a, b) ? 2n : 0n) |
        (model.mulOverflows(a, b) ? 4n : 0n);
      const expected = {
        1: flags,
        2: model.mulHigh(a, b),
        3: BigInt.asIntN(64, a * b),
        4: model.compareProducts(a, b, c, d),
        5: BigInt.asIntN(64, a < 0n ? -a : a),
        reason: 0,
      };
      assert.deepEqual(answers[i], expected, `${a} ${b} ${c} ${d}`);
    });
  });
});
