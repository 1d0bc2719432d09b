import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { type Filled, GapFill, type GapRow } from "../models/gapfill.ts";
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

interface TestRow extends GapRow, Row {}

function text({ key, start, row, isFilled }: Filled<TestRow>): string {
  return `${key}:${isFilled ? 1 : 0}:${start} ${shown("R", row)}`;
}

interface Case {
  readonly commands: Uint8Array[];
  readonly expected: string[][];
}

function scenario(random: Random, size: number, step: bigint, offset: bigint, keep: bigint): Case {
  const twin = new GapFill<TestRow>(step, offset, keep);
  const commands: Uint8Array[] = [], expected: string[][] = [];
  let now = random.below(2) ? 1000n : -600n, mark = -(2n ** 63n);
  for (let i = 0; i < size; i++) {
    now += BigInt(random.below(random.below(30) ? 4 : 150));
    if (random.below(8) === 0) {
      const next = now - 25n + BigInt(random.below(12));
      if (next > mark) mark = next;
      commands.push(watermark(mark));
      expected.push(twin.advance(mark).map(text));
      continue;
    }
    const key = `k${random.below(5)}`.padEnd(2 + random.below(2) * 30, "x");
    const time = now - BigInt(random.below(random.below(10) ? 25 : 70));
    const row: TestRow = { key, time, a: BigInt(i), name: `n${i}` };
    commands.push(command(1, key, row));
    const late = twin.add(row);
    expected.push(late ? [`late ${time} ${late.start}..${late.end}`] : []);
  }
  commands.push(watermark(MAX));
  expected.push(twin.advance(MAX).map(text));
  return { commands, expected };
}

describe("gap fill", () => {
  it("tells each step of each key once, in order, as its twin does, and is empty in the end", async () => {
    const random = seeded("gap fill");
    for (const [step, offset, keep] of [[10n, 0n, 50n], [7n, 3n, 0n], [1n, 0n, 9n], [20n, -5n, 1000n]]) {
      const { commands, expected } = scenario(random, 600, step, offset, keep);
      const kernel = (await loadOperator("gapfill", [step, offset, keep])).instantiate();
      const results = run(kernel, commands, random);
      results[results.length - 1].push(...settle(kernel));
      for (const some of results) {
        const starts = some.filter((one) => !one.startsWith("late")).map((one) =>
          Number(one.split(/[: ]/)[2])
        );
        assert.deepEqual(starts, starts.toSorted((a, b) => a - b));
      }
      const isLate = (one: string) => one.startsWith("late"), isRow = (one: string) => !isLate(one);
      // What is late is so at once; rows may come with the event after, where a long time went by, never before.
      assert.deepEqual(
        results.map((some) => some.filter(isLate)),
        expected.map((some) => some.filter(isLate)),
      );
      let ahead = 0;
      results.forEach((some, i) => {
        ahead += expected[i].filter(isRow).length - some.filter(isRow).length;
        assert.ok(ahead >= 0, `${step} ${offset} ${keep}: a row is told before its time`);
      });
      const rows = (lists: string[][]) => lists.flat().filter(isRow).toSorted();
      assert.deepEqual(rows(results), rows(expected), `${step} ${offset} ${keep}`);
      assert.equal(kernel.keys, 0);
    }
  });

  it("goes on after a restore at any event", async () => {
    const random = seeded("gap fill, restores");
    const module = await loadOperator("gapfill", [8n, 1n, 30n]);
    const { commands, expected } = scenario(random, 200, 8n, 1n, 30n);
    let kernel = module.instantiate();
    for (const [i, one] of commands.entries()) {
      assert.deepEqual(run(kernel, [one])[0].toSorted(), expected[i].toSorted(), `event ${i}`);
      kernel = restored(module, kernel);
    }
    assert.equal(kernel.keys, 0);
  });
});
