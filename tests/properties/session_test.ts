import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { Session } from "../models/session.ts";
import { type Random, seeded } from "./kernel_under_test.ts";
import { command, loadOperator, MAX, restored, run, settle, watermark } from "./operator_under_test.ts";
import { BAG, SUMS, text, UPDATES } from "./window_results.ts";

interface Settings {
  readonly bag: bigint;
  readonly gap: bigint;
  readonly lengthMax?: bigint;
  readonly lateness?: bigint;
  readonly update?: number;
  readonly earlyEvents?: number;
  readonly earlyEvery?: bigint;
}

function kernelOf({ bag, gap, lengthMax, lateness, update, earlyEvents, earlyEvery }: Settings) {
  const numbers = [
    lengthMax ?? 0n,
    lateness ?? 0n,
    BigInt(update ?? 0),
    BigInt(earlyEvents ?? 0),
    earlyEvery ?? 0n,
  ];
  return loadOperator("session", [bag, gap, ...numbers]);
}

interface Case {
  readonly commands: Uint8Array[];
  readonly expected: string[][];
}

/** Bursts and pauses, out of order, some late. */
function scenario(random: Random, size: number, settings: Settings): Case {
  const twin = new Session({ ...settings, update: UPDATES[settings.update ?? 0] });
  const commands: Uint8Array[] = [], expected: string[][] = [];
  let now = random.below(2) ? 1000n : -700n, mark = -(2n ** 63n);
  for (let i = 0; i < size; i++) {
    now += BigInt(random.below(random.below(30) ? 4 : 60));
    if (random.below(9) === 0) {
      const next = now - 25n + BigInt(random.below(12));
      if (next > mark) mark = next;
      commands.push(watermark(mark));
      expected.push(twin.advance(mark).map((told) => text(told, settings.bag)).sort());
      continue;
    }
    const key = random.below(9) ? `k${random.below(6)}`.padEnd(1 + random.below(2) * 30, "x") : "";
    const time = now - BigInt(random.below(random.below(8) ? 25 : 100)), value = BigInt(random.below(1000));
    commands.push(command(1, key, { time, a: value }));
    const told = twin.add(key, time, value);
    const late = !Array.isArray(told);
    expected.push(
      late ? [`late ${time} ${told.start}..${told.end}`] : told.map((one) => text(one, settings.bag)).sort(),
    );
  }
  commands.push(watermark(MAX));
  expected.push(twin.advance(MAX).map((told) => text(told, settings.bag)).sort());
  assert.equal(twin.sessions, 0);
  return { commands, expected };
}

async function holds(random: Random, settings: Settings, size = 800): Promise<void> {
  const { commands, expected } = scenario(random, size, settings);
  const kernel = (await kernelOf(settings)).instantiate();
  const results = run(kernel, commands, random);
  results[results.length - 1].push(...settle(kernel));
  for (const some of results) {
    const ends = some.filter((one) => /:1:\d+ W/.test(one)).map((one) =>
      Number(/W\(-?\d+,(-?\d+)/.exec(one)![1])
    );
    assert.deepEqual(ends, ends.toSorted((a, b) => a - b), "sessions are told in the order of their ends");
  }
  const what = Object.entries(settings).join(" ");
  assert.deepEqual(results.map((some) => some.sort()), expected, what);
  assert.equal(kernel.keys, 0);
}

describe("session windows", () => {
  for (const bag of [SUMS, BAG]) {
    const what = bag ? "accumulators that hold memory" : "plain accumulators";
    it(`give what their twin gives and are empty in the end: ${what}`, async () => {
      const random = seeded(`session, ${what}`);
      for (const gap of [1n, 7n, 20n]) {
        await holds(random, { bag, gap });
        await holds(random, { bag, gap, lengthMax: 30n });
      }
    });

    it(`tell late rows and early results in each manner of update: ${what}`, async () => {
      const random = seeded(`session late, ${what}`);
      for (const update of [0, 1, 2]) {
        await holds(random, { bag, gap: 6n, lateness: 25n, update });
        await holds(random, { bag, gap: 9n, update, earlyEvents: 2 });
        await holds(random, { bag, gap: 5n, lateness: 40n, update, earlyEvents: 1 });
        await holds(random, { bag, gap: 8n, lateness: 20n, update, earlyEvents: 3, lengthMax: 25n });
        await holds(random, { bag, gap: 12n, update, earlyEvery: 5n });
        await holds(random, { bag, gap: 30n, lateness: 20n, update, earlyEvents: 4, earlyEvery: 7n });
      }
    });

    it(`go on after a restore at any event: ${what}`, async () => {
      const random = seeded(`session restores, ${what}`);
      const settings = { bag, gap: 7n, lateness: 15n, update: 2, earlyEvents: 2, earlyEvery: 6n };
      const { commands, expected } = scenario(random, 150, settings);
      const module = await kernelOf(settings);
      let kernel = module.instantiate();
      for (const [i, one] of commands.entries()) {
        assert.deepEqual(run(kernel, [one]).map((some) => some.sort()), [expected[i]], `event ${i}`);
        kernel = restored(module, kernel);
      }
      assert.equal(kernel.keys, 0);
    });
  }
});
