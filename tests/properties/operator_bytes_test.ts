import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { command, loadOperator, MAX, type Row, run } from "./operator_under_test.ts";

const KEYS = 40_000;

/** Bytes a key with one row of 48 bytes takes, as wasm/operators/JOINS.md says: of key, row, index and wheel. */
const STATED: readonly (readonly [kernel: string, params: readonly bigint[], op: number, bytes: number])[] = [
  ["join_interval", [1n, 1000n, 1000n, 0n, 0n], 1, 150],
  ["join_interval", [0n, 1000n, 1000n, 0n, 0n], 1, 150],
  ["join_window", [1n, 1000n, 1000n, 0n, 0n, 0n], 1, 210],
  ["join_table", [1n, 0n], 1, 260],
  ["join_latest", [1n, 0n], 2, 120],
  ["join_temporal", [1n, 0n, MAX, 0n], 2, 190],
  ["top_n", [10n, 0n, 0n, 0n, 0n], 1, 150],
  ["keep", [1n, 0n, 1000n, 0n, 0n, 0n], 1, 160],
  ["keep", [0n, 0n, 0n, 0n, 0n, 0n], 1, 90],
  ["running", [0n, 0n], 1, 100],
  ["reorder", [0n], 1, 130],
  ["pattern", [2n, 1000n, 10n, 0n, 0n, 0n, 0x21n, 0n], 1, 200],
];

describe("state of keyed operators", () => {
  for (const [name, params, op, bytes] of STATED) {
    it(`${name} (${params[0]}) holds a key in no more than ${bytes} bytes`, async () => {
      const kernel = (await loadOperator(name, params)).instantiate();
      run(kernel, [command(op, "first", { time: 0n, a: -1n })]);
      const empty = kernel.stateBytes;
      const rows = Array.from({ length: KEYS }, (_, i): [string, Row] => [
        `key ${i}`.padEnd(12),
        { time: BigInt(i % 500), a: BigInt(i), b: 500n, c: 500n },
      ]);
      run(kernel, rows.map(([key, row]) => command(op, key, row)));
      assert.ok(kernel.keys >= KEYS, `${kernel.keys} keys`);
      const perKey = (kernel.stateBytes - empty) / KEYS;
      assert.ok(perKey <= bytes, `${perKey.toFixed(1)} bytes`);
      assert.ok(perKey > bytes / 2, `${perKey.toFixed(1)} bytes: what is stated is out of date`);
    });
  }
});
