import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { IntervalJoin, type IntervalRow, type Pair } from "../models/interval_join.ts";
import { type Random, seeded } from "./kernel_under_test.ts";
import {
  clamp,
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

interface Joined extends Row, IntervalRow {}

const KINDS = ["inner", "left", "right", "full"];

interface Case {
  readonly commands: Uint8Array[];
  readonly expected: string[][];
}

/** Rows out of order, some too late, some at equal times; the watermark now and then. */
function scenario(
  random: Random,
  size: number,
  kind: number,
  before: bigint,
  after: bigint,
  lateness: bigint,
): Case {
  const twin = new IntervalJoin<Joined>(kind, before, after, lateness);
  const commands: Uint8Array[] = [], expected: string[][] = [];
  let now = 1000n, mark = -(2n ** 63n);
  for (let i = 0; i < size; i++) {
    now += BigInt(random.below(4));
    if (random.below(8) === 0) {
      const next = now - 30n + BigInt(random.below(5));
      if (next > mark) mark = next;
      commands.push(watermark(mark));
      expected.push(twin.advance(mark).map(pairText));
      continue;
    }
    const key = `k${random.below(random.below(5) ? 6 : 60)}`.padEnd(1 + random.below(2) * 30, "x");
    const time = now - BigInt(random.below(random.below(10) ? 30 : 90));
    const shrink = BigInt(random.below(3));
    const row: Joined = {
      key,
      time,
      a: BigInt(i),
      b: before - shrink,
      c: after + (random.below(50) ? 0n : 1n) * (random.below(2) ? 1n : 0n),
      low: clamp(time - (before - shrink)),
      name: `n${i}`,
    };
    const left: Joined = { ...row, high: clamp(time + row.c!) };
    const isLeft = random.below(2) === 0;
    commands.push(command(isLeft ? 1 : 2, key, left));
    const result = isLeft ? twin.left(left) : twin.right(left);
    expected.push(
      result === "late"
        ? [`late ${time} ${time}..${time}`]
        : result === "reject"
        ? ["reject 3"]
        : result.map(pairText),
    );
  }
  commands.push(watermark(MAX));
  expected.push(twin.advance(MAX).map(pairText));
  assert.equal(twin.rows, 0);
  return { commands, expected };
}

function pairText([left, right]: Pair<Joined>): string {
  return `:${(left ? 1 : 0) + (right ? 2 : 0)}:0` + (left ? ` ${shown("L", left)}` : "") +
    (right ? ` ${shown("R", right)}` : "");
}

function kernelOf(kind: number, before: bigint, after: bigint, lateness: bigint) {
  return loadOperator("join_interval", [BigInt(kind), before, after, lateness, 0n]);
}

describe("interval join", () => {
  for (const [kind, name] of KINDS.entries()) {
    it(`${name}: gives what its twin gives, whatever the disorder, and is empty in the end`, async () => {
      const random = seeded(`interval join, ${name}`);
      for (
        const [before, after, lateness] of [[10n, 10n, 0n], [0n, 25n, 7n], [-5n, 12n, 0n], [0n, 0n, 3n], [
          20n,
          -3n,
          0n,
        ]]
      ) {
        const { commands, expected } = scenario(random, 1500, kind, before, after, lateness);
        const kernel = (await kernelOf(kind, before, after, lateness)).instantiate();
        assert.deepEqual(run(kernel, commands, random), expected, `${before} ${after} ${lateness}`);
        settle(kernel);
        assert.equal(kernel.keys, 0);
      }
    });
  }

  for (const kind of [0, 3]) {
    it(`${KINDS[kind]}: goes on after a restore at any event as if nothing had happened`, async () => {
      const random = seeded(`interval join, ${KINDS[kind]}, restores`);
      const module = await kernelOf(kind, 8n, 12n, 2n);
      const { commands, expected } = scenario(random, 250, kind, 8n, 12n, 2n);
      let kernel = module.instantiate();
      for (const [i, one] of commands.entries()) {
        assert.deepEqual(run(kernel, [one]), [expected[i]], `event ${i}`);
        kernel = restored(module, kernel);
      }
      settle(kernel);
      assert.equal(kernel.keys, 0);
    });
  }

  it("inner: frees rows soon after the watermark has passed what they can match, however far apart times are", async () => {
    const random = seeded("interval join, inner, what is kept");
    for (const after of [0n, 900n, 1_000_000n, 3_000_000_000n]) {
      const module = await kernelOf(0, 0n, after, 0n), tick = after / 4096n + 1n;
      let kernel = module.instantiate(), now = 0n, mark = 0n;
      const dues: bigint[] = [];
      run(kernel, [watermark(mark)]);
      const spread = () => 1 + Number(after / BigInt(random.pick([1, 30, 1000])) || 1n);
      for (let round = 0; round < 60; round++) {
        const rows = Array.from({ length: 80 }, (_, i) => {
          now += BigInt(random.below(spread()) / 40 | 0);
          const time = now - BigInt(random.below(spread()));
          const late = time < mark, left = random.below(3) > 0;
          if (!late) dues.push(time + (left ? after : 0n));
          return command(left ? 1 : 2, `${round}/${i}`, { time, a: 0n, b: 0n, c: after });
        });
        if (random.below(15) === 0) now += 20n * after;
        if (now - after / 8n > mark) mark = now - after / 8n;
        run(kernel, [...rows, watermark(mark)], random);
        settle(kernel);
        const least = dues.filter((due) => due >= mark).length;
        const most = dues.filter((due) => due >= mark - tick).length;
        assert.ok(kernel.keys >= least && kernel.keys <= most, `${after}: ${least}..${most}, ${kernel.keys}`);
        if (round % 7 === 6) kernel = restored(module, kernel);
      }
      run(kernel, [watermark(now + after + tick + 1n)]);
      settle(kernel);
      assert.equal(kernel.keys, 0);
    }
  });

  it("gives an answer that does not depend on the order of arrival", async () => {
    const random = seeded("interval join, orders");
    const module = await kernelOf(3, 8n, 12n, 0n);
    const rows = Array.from({ length: 300 }, (_, i) => ({
      op: 1 + random.below(2),
      key: `k${random.below(9)}`,
      row: { time: BigInt(random.below(200)), a: BigInt(i), b: 8n, c: 12n },
    }));
    let first: string[] | undefined;
    for (let round = 0; round < 5; round++) {
      rows.sort(() => random.below(3) - 1);
      const kernel = module.instantiate();
      const commands = [...rows.map(({ op, key, row }) => command(op, key, row)), watermark(MAX)];
      const answer = [...run(kernel, commands).flat(), ...settle(kernel)].sort();
      first ??= answer;
      assert.deepEqual(answer, first);
    }
  });

  for (const kind of [0, 3]) {
    it(`${KINDS[kind]}: takes times at the ends of int64`, async () => {
      const random = seeded(`interval join, ${KINDS[kind]}, edges`);
      const module = await kernelOf(kind, 5n, 5n, 0n);
      const twin = new IntervalJoin<Joined>(kind, 5n, 5n, 0n);
      const kernel = module.instantiate();
      const edges = [-(2n ** 63n), -(2n ** 63n) + 3n, -1n, 0n, 1n, MAX - 4n, MAX];
      const commands: Uint8Array[] = [], expected: string[] = [];
      for (let i = 0; i < 60; i++) {
        const time = random.pick(edges);
        const row: Joined = {
          key: "k",
          time,
          a: BigInt(i),
          b: 5n,
          c: 5n,
          low: clamp(time - 5n),
          high: clamp(time + 5n),
        };
        const left = random.below(2) === 0;
        commands.push(command(left ? 1 : 2, "k", row));
        const pairs = (left ? twin.left(row) : twin.right(row)) as Pair<Joined>[];
        expected.push(...pairs.map(pairText));
      }
      commands.push(watermark(MAX));
      const results = run(kernel, commands).flat();
      assert.deepEqual(results.slice(0, expected.length), expected);
      settle(kernel);
      assert.equal(kernel.keys, 0);
    });
  }

  it("tells of many lonely rows a frame's worth at a time, in order, each once", async () => {
    const module = await kernelOf(1, 10n, 10n, 0n);
    let kernel = module.instantiate();
    const count = 20_000;
    const rows = Array.from(
      { length: count },
      (_, i) => command(1, `key ${i}`, { time: BigInt(i % 100), a: BigInt(i), b: 10n, c: 10n }),
    );
    assert.deepEqual(run(kernel, rows).flat(), []);
    const all: bigint[] = [];
    const take = (texts: string[]) =>
      all.push(...texts.map((text) => BigInt(/L\(\d+,(\d+),/.exec(text)![1])));
    const [head] = run(kernel, [watermark(1000n)]);
    assert.ok(head.length < 2000, `${head.length} in one frame`);
    take(head);
    kernel = restored(module, kernel);
    take(settle(kernel));
    const wanted = Array.from({ length: count }, (_, i) => BigInt(i)).sort((x, y) =>
      Number(x % 100n - y % 100n || x - y)
    );
    assert.deepEqual(all, wanted);
    assert.equal(kernel.keys, 0);
  });
});
