import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { Aligned, growing, hopping, type WindowRules } from "../models/aligned.ts";
import { type Random, seeded } from "./kernel_under_test.ts";
import { command, loadOperator, MAX, restored, run, settle, watermark } from "./operator_under_test.ts";
import { BAG, SUMS, text, UPDATES } from "./window_results.ts";

interface Shape {
  readonly name: string;
  readonly params: readonly [kind: bigint, size: bigint, slide: bigint, offset: bigint];
  readonly windowsOf: WindowRules["windowsOf"];
}

function shape(kind: "hopping" | "growing", size: bigint, slide: bigint, offset = 0n): Shape {
  const windowsOf = kind === "hopping" ? hopping(size, slide, offset) : growing(size, slide, offset);
  return {
    name: `${kind} ${size} ${slide} ${offset}`,
    params: [kind === "hopping" ? 0n : 1n, size, slide, offset],
    windowsOf,
  };
}

/** Windows that follow one another, with nothing between them or with a gap. */
const TUMBLING = [
  shape("hopping", 10n, 10n),
  shape("hopping", 10n, 10n, -3n),
  shape("hopping", 1n, 1n),
  shape("hopping", 5n, 10n, 1n),
];

/** Windows that overlap, each with a pane of its own at its end. */
const HOPPING = [
  shape("hopping", 30n, 10n, 4n),
  shape("hopping", 20n, 10n),
  shape("hopping", 60n, 1n),
  shape("hopping", 400n, 100n),
];

const SHAPES = [
  ...TUMBLING.slice(0, 2),
  shape("hopping", 30n, 10n, 4n),
  shape("hopping", 25n, 10n),
  shape("hopping", 60n, 1n),
  shape("hopping", 7n, 3n, 100n),
  shape("hopping", 4n, 10n, 1n),
  shape("growing", 40n, 10n, 5n),
  shape("growing", 12n, 1n),
];

interface Settings {
  readonly bag: bigint;
  readonly lateness?: bigint;
  readonly update?: number;
  readonly earlyEvents?: number;
  readonly earlyEvery?: bigint;
  /** By the operator for windows that are told once. */
  readonly plain?: boolean;
  /** By two stacks of panes. */
  readonly stacked?: boolean;
}

function kernelOf({ params: [kind, ...params] }: Shape, settings: Settings) {
  return loadOperator("aligned", [
    settings.bag,
    settings.plain ? kind + 10n : settings.stacked ? kind + 20n : kind,
    ...params,
    settings.lateness ?? 0n,
    BigInt(settings.update ?? 0),
    BigInt(settings.earlyEvents ?? 0),
    settings.earlyEvery ?? 0n,
    0n,
    0n,
  ]);
}

function twinOf({ windowsOf }: Shape, settings: Settings): Aligned {
  return new Aligned({ windowsOf, ...settings, update: UPDATES[settings.update ?? 0] });
}

interface Case {
  readonly commands: Uint8Array[];
  readonly expected: string[][];
}

/** Rows out of order, some late, some far apart; the watermark now and then. */
function scenario(random: Random, size: number, shaped: Shape, settings: Settings): Case {
  const twin = twinOf(shaped, settings), commands: Uint8Array[] = [], expected: string[][] = [];
  let now = random.below(2) ? 1000n : -500n, mark = -(2n ** 63n);
  const tell = (time: bigint) => {
    commands.push(watermark(time));
    expected.push(twin.advance(time).map((told) => text(told, settings.bag)).sort());
  };
  for (let i = 0; i < size; i++) {
    now += BigInt(random.below(random.below(60) ? 3 : shaped.params[2] === 1n ? 40 : 200));
    if (random.below(9) === 0) {
      const next = now - 20n + BigInt(random.below(8));
      if (next > mark) mark = next;
      tell(mark);
      continue;
    }
    const key = random.below(9) ? `k${random.below(5)}`.padEnd(1 + random.below(2) * 30, "x") : "";
    const time = now - BigInt(random.below(random.below(8) ? 20 : 90)), value = BigInt(random.below(1000));
    commands.push(command(1, key, { time, a: value }));
    const missed = twin.missed(time), newest = missed.at(-1);
    const partly = newest ? [`late ${time} ${newest.start}..${newest.end} and ${missed.length} in all`] : [];
    const told = twin.add(key, time, value);
    expected.push(
      Array.isArray(told)
        ? [...told.map((one) => text(one, settings.bag)), ...partly].sort()
        : [`late ${time} ${told.start}..${told.end}`],
    );
  }
  tell(MAX);
  assert.equal(twin.windows, 0);
  return { commands, expected };
}

/** Results of one event in an order of their own, after seeing that windows were told in order of their end. */
function ordered(results: string[][]): string[][] {
  return results.map((some) => {
    const ends = some.filter((one) => /:1:\d+ W/.test(one)).map((one) =>
      BigInt(/W\(-?\d+,(-?\d+)/.exec(one)![1])
    );
    assert.deepEqual(ends, [...ends].sort((a, b) => a < b ? -1 : a > b ? 1 : 0));
    return [...some].sort();
  });
}

async function holds(random: Random, shaped: Shape, settings: Settings, size = 700): Promise<void> {
  const { commands, expected } = scenario(random, size, shaped, settings);
  const kernel = (await kernelOf(shaped, settings)).instantiate();
  const results = run(kernel, commands, random);
  results[results.length - 1].push(...settle(kernel));
  const what = `${shaped.name} ${JSON.stringify(settings, big)}`;
  // More than fits into the answer to one event comes with the next events: then it is the sum that counts.
  if (shaped.params[2] === 1n) assert.deepEqual(results.flat().sort(), expected.flat().sort(), what);
  else assert.deepEqual(ordered(results), expected, what);
  assert.equal(kernel.keys, 0);
}

function big(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

describe("aligned windows", () => {
  for (const bag of [SUMS, BAG]) {
    const what = bag ? "accumulators that hold memory" : "accumulators that can be unmerged";
    it(`give what their twin gives and are empty in the end: ${what}`, async () => {
      const random = seeded(`aligned, ${what}`);
      for (const shaped of SHAPES) await holds(random, shaped, { bag });
    });

    it(`give what their twin gives where they are told once: ${what}`, async () => {
      const random = seeded(`told once, ${what}`);
      for (const shaped of bag ? TUMBLING : [...TUMBLING, ...HOPPING]) {
        for (let round = 0; round < 3; round++) await holds(random, shaped, { bag, plain: true });
      }
    });

    it(`give what their twin gives by two stacks of panes: ${what}`, async () => {
      const random = seeded(`stacked, ${what}`);
      const shapes = SHAPES.filter(({ params: [kind, size, slide] }) => kind === 0n && size > slide);
      for (const shaped of [...HOPPING, ...shapes]) {
        for (let round = 0; round < 3; round++) await holds(random, shaped, { bag, stacked: true });
      }
    });

    it(`tell late rows within the lateness, in each manner of update: ${what}`, async () => {
      const random = seeded(`aligned late, ${what}`);
      for (const shaped of SHAPES) {
        for (const update of [0, 1, 2]) await holds(random, shaped, { bag, lateness: 23n, update }, 400);
      }
    });

    it(`tell early, by events and by time, in each manner of update: ${what}`, async () => {
      const random = seeded(`aligned early, ${what}`);
      for (const update of [0, 1, 2]) {
        for (const shaped of SHAPES.slice(0, 2)) {
          await holds(random, shaped, { bag, update, earlyEvents: 3 });
          await holds(random, shaped, { bag, update, earlyEvery: 4n });
          await holds(random, shaped, { bag, update, earlyEvents: 1, earlyEvery: 15n, lateness: 12n });
        }
      }
    });

    it(`go on after a restore at any event: ${what}`, async () => {
      const random = seeded(`aligned restores, ${what}`);
      const late = { bag, lateness: 15n, update: 2 }, plain = { bag, plain: true };
      const stacked = { bag, stacked: true };
      for (
        const [shaped, settings] of [
          [SHAPES[0], late],
          [SHAPES[3], late],
          [SHAPES[7], late],
          [SHAPES[2], stacked],
          [SHAPES[3], stacked],
          [TUMBLING[0], plain],
          [TUMBLING[3], plain],
          [bag ? TUMBLING[1] : HOPPING[0], plain],
        ] as const
      ) {
        const { commands, expected } = scenario(random, 120, shaped, settings);
        const module = await kernelOf(shaped, settings);
        let kernel = module.instantiate();
        for (const [i, one] of commands.entries()) {
          assert.deepEqual(ordered(run(kernel, [one])), [expected[i]], `${shaped.name}, event ${i}`);
          kernel = restored(module, kernel);
        }
        assert.equal(kernel.keys, 0);
      }
    });
  }
});
