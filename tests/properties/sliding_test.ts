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

/** A result as the test kernel writes it. */
function text({ row, number, range }: Beside<TestRow>): string {
  const sum = range.reduce((all, { a }) => all + a, 0n);
  const least = range.reduce((all, { a }) => a < all ? a : all, MAX);
  return [`${row.key}:0:${number}`, shown("R", { ...row, name: "" }), shown("S", { time: sum, a: least })]
    .join(" ");
}

interface Shape {
  readonly range: bigint;
  readonly keep: bigint;
  readonly keys: number;
  /** Most rows of a key that come in a row. */
  readonly burst: number;
  /** Rows of one time at most. */
  readonly still: number;
}

const SHAPES: readonly Shape[] = [
  { range: 10n, keep: 10n, keys: 40, burst: 1, still: 1 },
  { range: 300n, keep: 300n, keys: 3, burst: 60, still: 3 },
  { range: 0n, keep: 20n, keys: 200, burst: 4, still: 6 },
  { range: 50n, keep: 0n, keys: 7, burst: 9, still: 2 },
];

/** Commands, and what is to come of each; `end`: at last a watermark that leaves nothing. */
function scenario(random: Random, size: number, shape: Shape) {
  const twin = new Over<TestRow>(shape.range, 1, shape.keep);
  const commands: Uint8Array[] = [], expected: string[][] = [];
  let now = 1000n, mark = 0n, key = "k0", left = 0;
  const advance = (to: bigint) => {
    mark = to;
    commands.push(watermark(to));
    expected.push(twin.advance(to).map(text));
  };
  for (let i = 0; i < size; i++) {
    if (random.below(shape.still) === 0) now += BigInt(random.below(random.below(200) ? 4 : 900));
    if (random.below(7) === 0 && now - 15n > mark) advance(now - 15n);
    if (left-- <= 0) {
      key = `k${random.below(shape.keys)}`;
      left = random.below(shape.burst);
    }
    const row: TestRow = {
      key,
      time: now - BigInt(random.below(20)),
      a: BigInt(random.below(1000)),
      b: BigInt(i),
    };
    commands.push(command(1, key, row));
    expected.push(twin.add(row) ? [] : [`late ${row.time} ${row.time}..${row.time}`]);
  }
  advance(MAX);
  return { commands, expected };
}

describe("sliding windows over rows of one length", () => {
  it("tell each row with what is in its window as their twin does, in frames of any size", async () => {
    const random = seeded("sliding");
    for (const shape of SHAPES) {
      const { commands, expected } = scenario(random, 2500, shape);
      const kernel = (await loadOperator("sliding", [shape.range, shape.keep])).instantiate();
      const results = run(kernel, commands, random);
      results[results.length - 1].push(...settle(kernel));
      assert.deepEqual(results.map(byTime), expected.map(byTime), JSON.stringify(shape, String));
      if (shape.keep) assert.equal(kernel.keys, 0);
    }
  });

  it("go on after a restore at any event", async () => {
    const random = seeded("sliding, restores");
    const shape = { range: 60n, keep: 60n, keys: 9, burst: 8, still: 2 };
    const module = await loadOperator("sliding", [shape.range, shape.keep]);
    const { commands, expected } = scenario(random, 200, shape);
    let kernel = module.instantiate();
    for (const [i, one] of commands.entries()) {
      assert.deepEqual(run(kernel, [one]).map(byTime), [byTime(expected[i])], `event ${i}`);
      kernel = restored(module, kernel);
    }
    assert.equal(kernel.keys, 0);
  });

  it("forget keys that fell silent while others go on, so that state does not grow with keys there were", async () => {
    const kernel = (await loadOperator("sliding", [100n, 100n])).instantiate();
    let most = 0;
    for (let i = 0; i < 40_000; i += 200) {
      const commands = Array.from({ length: 200 }, (_, j) => [
        command(1, `key ${i + j}`, { time: BigInt(i + j), a: 1n }),
        watermark(BigInt(i + j)),
      ]).flat();
      run(kernel, commands);
      most = Math.max(most, kernel.keys);
    }
    assert.ok(most < 250, `${most} keys`);
    run(kernel, [watermark(MAX)]);
    settle(kernel);
    assert.equal(kernel.keys, 0);
  });
});

function timeOf(result: string): number {
  return Number(/R\((-?\d+)/.exec(result)![1]);
}

/** Rows of one time come out key by key. */
function byTime(results: string[]): string[] {
  return results.toSorted((a, b) => (a.startsWith("late") ? 0 : timeOf(a) - timeOf(b)) || (a < b ? -1 : 1));
}
