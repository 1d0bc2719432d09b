import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { type Beside, Over, type OverRow } from "../models/over.ts";
import { type Random, seeded } from "./kernel_under_test.ts";
import {
  command,
  loadOperator,
  MAX,
  restored,
  type Row,
  run,
  settle,
  shown,
  watermark,
} from "./operator_under_test.ts";

interface TestRow extends OverRow, Row {}

function sum(rows: readonly TestRow[]): bigint {
  return rows.reduce((all, { a }) => all + a, 0n);
}
function least(rows: readonly TestRow[]): bigint {
  return rows.reduce((all, { a }) => a < all ? a : all, MAX);
}

/** A result as the test kernel writes it. */
function text({ row, number, range, half, rows, all, lag }: Beside<TestRow>): string {
  const lags = [lag(1), lag(3)];
  const bits = lags.reduce((mask, one, i) => one ? mask | (1 << i) : mask, 0);
  const sums = shown("S", { time: sum(range), a: sum(rows), b: sum(all) });
  const leasts = shown("M", { time: least(half), a: least(rows) });
  const before = lags.flatMap((one, i) => one ? [shown(i ? "3" : "1", one)] : []);
  return [`${row.key}:${bits}:${number}`, shown("R", row), sums, leasts, ...before].join(" ");
}

interface Case {
  readonly commands: Uint8Array[];
  readonly expected: string[][];
}

function scenario(random: Random, size: number, range: bigint, rows: bigint, keep: bigint): Case {
  const twin = new Over<TestRow>(range, Number(rows), keep);
  const commands: Uint8Array[] = [], expected: string[][] = [];
  let now = random.below(2) ? 1000n : -600n, mark = -(2n ** 63n);
  for (let i = 0; i < size; i++) {
    now += BigInt(random.below(random.below(40) ? 3 : 90));
    if (random.below(10) === 0) {
      const next = now - 20n + BigInt(random.below(9));
      if (next > mark) mark = next;
      commands.push(watermark(mark));
      expected.push(twin.advance(mark).map(text));
      continue;
    }
    const key = `k${random.below(4)}`.padEnd(2 + random.below(2) * 30, "x");
    const time = now - BigInt(random.below(random.below(12) ? 20 : 60));
    const row: TestRow = { key, time, a: BigInt(random.below(1000)) - 300n, name: `n${i}` };
    commands.push(command(1, key, row));
    expected.push(twin.add(row) ? [] : [`late ${time} ${time}..${time}`]);
  }
  commands.push(watermark(MAX));
  expected.push(twin.advance(MAX).map(text));
  return { commands, expected };
}

describe("over-windows", () => {
  it("tell each row beside its neighbours as their twin does, in order of time, and forget idle keys", async () => {
    const random = seeded("over");
    for (const [range, rows, keep] of [[10n, 3n, 60n], [0n, 1n, 25n], [40n, 7n, 40n], [5n, 30n, 1000n]]) {
      const { commands, expected } = scenario(random, 900, range, rows, keep);
      const kernel = (await loadOperator("over", [range, rows, keep])).instantiate();
      const results = run(kernel, commands, random);
      results[results.length - 1].push(...settle(kernel));
      // Rows of one time come out key by key.
      for (const list of [results, expected]) list[list.length - 1] = list.at(-1)!.flat();
      assert.deepEqual(results.map(byTime), expected.map(byTime), `${range} ${rows} ${keep}`);
      const times = results.flat().filter((one) => !one.startsWith("late")).map(timeOf);
      assert.deepEqual(times, times.toSorted((a, b) => a - b));
      assert.equal(kernel.keys, 0);
    }
  });

  it("do not depend on the order of arrival, but for rows of one time and their order", async () => {
    const random = seeded("over, orders");
    const module = await loadOperator("over", [12n, 3n, 100n]);
    const rows = Array.from(
      { length: 300 },
      (_, i) => ({ time: BigInt(i), a: random.i64() >> 20n, name: `n${i}` }),
    );
    const keys = rows.map(() => `k${random.below(5)}`);
    let first: string[] | undefined;
    for (let round = 0; round < 4; round++) {
      const order = rows.map((_, i) => ({ i, at: i + random.below(20) })).sort((a, b) => a.at - b.at);
      const kernel = module.instantiate();
      const commands = order.map(({ i }) => command(1, keys[i], rows[i]));
      const answer = run(kernel, [...commands, watermark(MAX)], random).flat().concat(settle(kernel));
      first ??= answer;
      assert.deepEqual(answer, first);
    }
  });

  it("keep the order of time however many rows fall due together, and come while others do", async () => {
    const random = seeded("over, dense");
    const module = await loadOperator("over", [20n, 3n, 100_000n]);
    for (const span of [50, 300, 5000]) {
      for (const some of [10, 60, 140, 400]) {
        const twin = new Over<TestRow>(20n, 3, 100_000n), kernel = module.instantiate();
        const commands: Uint8Array[] = [], expected: string[][] = [];
        let mark = 0;
        for (let wave = 0; wave < 6; wave++) {
          for (let i = 0; i < some; i++) {
            const time = BigInt(mark + random.below(span));
            const row: TestRow = { key: `k${random.below(6)}`, time, a: BigInt(i), name: `n${wave} ${i}` };
            commands.push(command(1, row.key, row));
            twin.add(row);
            expected.push([]);
          }
          mark += 1 + random.below(span);
          commands.push(watermark(BigInt(mark)));
          expected.push(twin.advance(BigInt(mark)).map(text));
        }
        commands.push(watermark(MAX));
        expected.push(twin.advance(MAX).map(text));
        const told = [...run(kernel, commands, random).flat(), ...settle(kernel)];
        const times = told.map(timeOf);
        assert.deepEqual(times, times.toSorted((a, b) => a - b));
        assert.deepEqual(byTime(told), byTime(expected.flat()), `${some} rows over ${span} µs`);
        assert.equal(kernel.keys, 0);
      }
    }
  });

  it("go on after a restore at any event", async () => {
    const random = seeded("over, restores");
    const module = await loadOperator("over", [15n, 4n, 50n]);
    const { commands, expected } = scenario(random, 200, 15n, 4n, 50n);
    let kernel = module.instantiate();
    for (const [i, one] of commands.entries()) {
      assert.deepEqual(run(kernel, [one]).map(byTime), [byTime(expected[i])], `event ${i}`);
      kernel = restored(module, kernel);
    }
    assert.equal(kernel.keys, 0);
  });

  it("tell more than fits into the answer to one event, and nothing twice", async () => {
    const random = seeded("over, many");
    const kernel = (await loadOperator("over", [5n, 2n, 10n])).instantiate();
    const twin = new Over<TestRow>(5n, 2, 10n), commands: Uint8Array[] = [];
    for (let i = 0; i < 3000; i++) {
      const row: TestRow = {
        key: `k${random.below(700)}`,
        time: BigInt(random.below(3)),
        a: 1n,
        name: `n${i}`,
      };
      twin.add(row);
      commands.push(command(1, row.key, row));
    }
    const results = run(kernel, [...commands, watermark(MAX)]).flat().concat(settle(kernel));
    assert.deepEqual(results.toSorted(), twin.advance(MAX).map(text).sort());
    assert.equal(kernel.keys, 0);
  });
});

function timeOf(result: string): number {
  return Number(/R\((-?\d+)/.exec(result)![1]);
}

function byTime(results: string[]): string[] {
  return results.toSorted((a, b) => (a.startsWith("late") ? 0 : timeOf(a) - timeOf(b)) || (a < b ? -1 : 1));
}
