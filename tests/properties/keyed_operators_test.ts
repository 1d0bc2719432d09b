import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { Keep, type KeepChange } from "../models/keep.ts";
import { patterns, type Step } from "../models/pattern.ts";
import { Running } from "../models/running.ts";
import { type TopChange, TopN } from "../models/top_n.ts";
import { type Random, seeded } from "./kernel_under_test.ts";
import {
  command,
  hold,
  loadOperator,
  MAX,
  restored,
  type Row,
  run,
  Scripted,
  settle,
  shown,
  watermark,
} from "./operator_under_test.ts";

function keyOf(random: Random): string {
  return `k${random.below(random.below(4) ? 4 : 40)}`.padEnd(1 + random.below(2) * 25, "x");
}

describe("top-N", () => {
  const order = (x: Row, y: Row) => Number(y.a - x.a) || Number(x.b! - y.b!);
  const text = (key: string) => ({ op, rank, row }: TopChange<Row>) =>
    `${key}:${op}:${rank} ${shown("L", row)}`;

  for (const ranks of [false, true]) {
    for (const retracts of [false, true]) {
      for (const ttl of [0n, 50n]) {
        const what = [
          ranks ? "with ranks" : "without ranks",
          retracts ? "with retractions" : "",
          ttl ? "with a TTL" : "",
        ];
        it(`${what.filter(Boolean).join(", ")}: gives what sorting everything anew gives`, async () => {
          const random = seeded(`top-N ${what}`);
          for (const n of [1, 3, 10]) {
            const twin = new TopN<Row>(n, ranks, retracts, ttl, order), script = new Scripted();
            const live: { key: string; row: Row }[] = [];
            let now = 0n;
            for (let i = 0; i < 700; i++) {
              now += BigInt(random.below(4));
              if (random.below(12) === 0) {
                twin.advance(now - 20n);
                script.add(watermark(now - 20n), []);
                continue;
              }
              const at = random.below(live.length + 1);
              if (retracts && random.below(5) < 2 && at < live.length) {
                const [{ key, row }] = live.splice(at, 1);
                const changes = twin.retract(
                  key,
                  (one) => one.a === row.a && one.b === row.b && one.time === row.time,
                );
                // With a TTL it may have been forgotten with its key, which is no fault.
                script.add(
                  command(1, key, { ...row, op: 1 }),
                  changes ? changes.map(text(key)) : ttl ? [] : ["reject 3"],
                );
                continue;
              }
              const key = keyOf(random);
              const row: Row = {
                time: now - BigInt(random.below(20)),
                a: BigInt(random.below(15)),
                b: BigInt(random.below(4)),
                name: retracts ? "" : `n${i}`,
              };
              const twice = (one: { key: string; row: Row }) =>
                one.key === key && one.row.a === row.a && one.row.b === row.b && one.row.time === row.time;
              if (retracts && live.some(twice)) continue; // which of the two is meant, nothing would tell
              live.push({ key, row });
              script.add(command(1, key, row), twin.insert(key, row).map(text(key)));
            }
            if (ttl) {
              twin.advance(MAX);
              script.add(watermark(MAX), []);
            }
            const params = [BigInt(n), ranks ? 1n : 0n, retracts ? 1n : 0n, ttl, 0n];
            hold(await loadOperator("top_n", params), script, random, false, twin.keys);
          }
        });
      }
    }
  }
});

describe("keep", () => {
  const text = ({ op, key, row }: KeepChange<Row>) => `${key}:${op}:0 ${shown("L", row)}`;

  for (const [mode, name] of ["by arrival", "with updates", "once"].entries()) {
    for (const newest of [false, true]) {
      it(`${newest ? "the last" : "the first"}, ${name}: gives what its twin gives`, async () => {
        const random = seeded(`keep ${name} ${newest}`);
        for (const [wait, ttl, lateness] of [[0n, 0n, 0n], [10n, 30n, 0n], [0n, 12n, 5n], [25n, 25n, 0n]]) {
          const twin = new Keep<Row>(mode, wait, ttl, lateness, (x, y) => {
            if (x.time !== y.time) return newest ? x.time > y.time : x.time < y.time;
            return x.b! < y.b!;
          });
          const script = new Scripted();
          let now = 0n;
          for (let i = 0; i < 800; i++) {
            now += BigInt(random.below(4));
            if (random.below(6) === 0) {
              script.add(watermark(now - 20n), twin.advance(now - 20n).map(text));
              continue;
            }
            const key = keyOf(random);
            const row: Row = {
              time: now - BigInt(random.below(random.below(9) ? 20 : 60)),
              a: BigInt(i),
              b: BigInt(random.below(3)),
              name: `n${i}`,
            };
            const changes = twin.row(key, row);
            script.add(
              command(1, key, row),
              changes === "late" ? [`late ${row.time} ${row.time}..${row.time}`] : changes.map(text),
            );
          }
          const end = now + 1000n;
          script.add(watermark(end), twin.advance(end).map(text));
          const params = [BigInt(mode), wait, ttl, lateness, newest ? 1n : 0n, 0n];
          hold(await loadOperator("keep", params), script, random, true, twin.keys);
        }
      });
    }
  }

  it("the first in event time comes out once, whatever the order of arrival", async () => {
    const random = seeded("keep, orders");
    const module = await loadOperator("keep", [2n, 0n, 0n, 0n, 0n, 0n]);
    const rows = Array.from({ length: 200 }, (_, i) => ({
      key: keyOf(random),
      row: { time: BigInt(i), a: BigInt(i), b: 0n },
    }));
    let first: string[] | undefined;
    for (let round = 0; round < 4; round++) {
      rows.sort(() => random.below(3) - 1);
      const kernel = module.instantiate();
      const answer = run(kernel, [...rows.map(({ key, row }) => command(1, key, row)), watermark(MAX)])
        .flat();
      first ??= answer;
      assert.deepEqual([...answer, ...settle(kernel)], first);
    }
  });
});

describe("running aggregate", () => {
  it("takes back what it said before, forgets keys whose rows were all retracted, or whose time is up", async () => {
    const random = seeded("running");
    for (const ttl of [0n, 40n]) {
      const twin = new Running(ttl), script = new Scripted();
      let now = 0n;
      for (let i = 0; i < 1200; i++) {
        now += BigInt(random.below(4));
        if (random.below(12) === 0) {
          twin.advance(now - 20n);
          script.add(watermark(now - 20n), []);
          continue;
        }
        const key = keyOf(random), op = random.below(5) < 2 ? 1 : 0;
        const row: Row = { time: now - BigInt(random.below(20)), a: BigInt(random.below(12)), op };
        const changes = twin.row(key, row.time, row.a, op);
        script.add(
          command(1, key, row),
          changes
            ? changes.map(({ op, total }) =>
              `${key}:${op}:0 ${shown("L", { time: 0n, a: total.sum, b: total.count })}`
            )
            : ["reject 3"],
        );
      }
      if (ttl) {
        twin.advance(MAX);
        script.add(watermark(MAX), []);
      }
      hold(await loadOperator("running", [ttl, 0n]), script, random, false, twin.keys);
    }
  });

  it("keeps nothing of a key whose first row was refused", async () => {
    const kernel = (await loadOperator("running", [0n, 0n])).instantiate();
    assert.deepEqual(run(kernel, [command(1, "k", { time: 0n, a: 13n })]), [[]]);
    assert.equal(kernel.keys, 0);
  });
});

describe("reorder", () => {
  it("gives rows out in the order of time, of equal times as they came, and records late ones", async () => {
    const random = seeded("reorder");
    const script = new Scripted();
    let waiting: { key: string; row: Row }[] = [], now = 0n, mark = -(2n ** 63n);
    const release = (w: bigint) => {
      const ready = waiting.filter(({ row }) => row.time < w);
      waiting = waiting.filter(({ row }) => row.time >= w);
      ready.sort((x, y) => Number(x.row.time - y.row.time));
      return ready.map(({ key, row }) => `${key}:0:0 ${shown("L", row)}`);
    };
    for (let i = 0; i < 2000; i++) {
      now += BigInt(random.below(3));
      if (random.below(9) === 0) {
        const next = now - BigInt(random.below(40));
        if (next > mark) mark = next;
        script.add(watermark(mark), release(mark));
        continue;
      }
      const row: Row = { time: now - BigInt(random.below(random.below(9) ? 30 : 80)), a: BigInt(i) };
      const key = keyOf(random), late = row.time < mark;
      if (!late) waiting.push({ key, row });
      script.add(command(1, key, row), late ? [`late ${row.time} ${row.time}..${row.time}`] : []);
    }
    script.add(watermark(MAX), release(MAX));
    hold(await loadOperator("reorder", [0n]), script, random);
  });

  it("gives many rows out a frame's worth at a time, in order, across very different times", async () => {
    const random = seeded("reorder, many");
    const module = await loadOperator("reorder", [0n]);
    let kernel = module.instantiate();
    const rows = Array.from({ length: 6000 }, (_, i): Row => ({
      time: random.below(3) ? BigInt(random.below(50)) : random.i64() >> BigInt(random.below(40)),
      a: BigInt(i),
    })).map((row) => ({ ...row, time: row.time === MAX ? 0n : row.time }));
    run(kernel, rows.map((row) => command(1, "k", row)), random);
    const results: string[] = [];
    for (const mark of [-(2n ** 40n), -1n, 0n, 25n, 2n ** 33n, MAX]) {
      results.push(...run(kernel, [watermark(mark)]).flat());
      kernel = restored(module, kernel);
      results.push(...settle(kernel));
    }
    const wanted = rows.toSorted((x, y) => x.time < y.time ? -1 : x.time > y.time ? 1 : 0);
    assert.deepEqual(results, wanted.map((row) => `k:0:0 ${shown("L", row)}`));
    assert.equal(kernel.keys, 0);
  });
});

describe("pattern", () => {
  for (
    const [what, wants, negated, strict, looksBack] of [
      ["a sequence", 0x21n, 0n, 0n, 0n],
      ["a sequence of three that looks back", 0x321n, 0n, 0n, 1n],
      ["not followed by", 0x21n, 2n, 0n, 0n],
      ["one without another between", 0x321n, 2n, 0n, 0n],
      ["strictly one after the other", 0x211n, 0n, 6n, 0n],
      ["a sequence, then nothing", 0x321n, 4n, 0n, 0n],
      ["the same thrice", 0x111n, 0n, 0n, 0n],
      ["one row", 0x3n, 0n, 0n, 0n],
    ] as const
  ) {
    it(`${what}: finds what its twin finds, whatever the order of arrival`, async () => {
      const random = seeded(`pattern, ${what}`);
      const count = wants.toString(16).length;
      const steps: Step<Row>[] = Array.from({ length: count }, (_, s) => ({
        negated: (negated >> BigInt(s) & 1n) === 1n,
        strict: (strict >> BigInt(s) & 1n) === 1n,
        matches: (row, first) =>
          row.a === (wants >> BigInt(4 * s) & 15n) && (s === 0 || !looksBack || row.b! >= first!.b!),
      }));
      const module = await loadOperator("pattern", [
        BigInt(count),
        20n,
        100n,
        negated,
        strict,
        looksBack,
        wants,
        0n,
      ]);
      for (let round = 0; round < 3; round++) {
        let kernel = module.instantiate();
        const arrived = new Map<string, Row[]>(), results = new Map<string, string[]>();
        const take = (texts: string[]) => {
          for (const one of texts) {
            const key = one.slice(0, one.indexOf(":"));
            results.set(key, [...results.get(key) ?? [], one]);
          }
        };
        let now = 0n, mark = -(2n ** 63n);
        for (let i = 0; i < 500; i++) {
          now += BigInt(random.below(4));
          const key = `k${random.below(4)}`;
          const row: Row = {
            time: now - BigInt(random.below(15)),
            a: BigInt(1 + random.below(4)),
            b: BigInt(random.below(5)),
            name: `n${i}`,
          };
          if (row.time >= mark) arrived.set(key, [...arrived.get(key) ?? [], row]);
          take(run(kernel, [command(1, key, row)]).flat().filter((one) => !one.startsWith("late")));
          if (random.below(5) === 0) {
            if (now - 15n > mark) mark = now - 15n;
            take(run(kernel, [watermark(mark)]).flat());
          }
          if (i % 50 === 0) kernel = restored(module, kernel);
        }
        take(run(kernel, [watermark(MAX)]).flat());
        assert.deepEqual(settle(kernel), []);
        assert.equal(kernel.keys, 0);
        for (const [key, rows] of arrived) {
          const ordered = rows.toSorted((x, y) => Number(x.time - y.time));
          const wanted = patterns(ordered, steps, 20n).map((match) =>
            `${key}:0:0 ${match.map((row) => shown("L", row)).join(" ")}`
          );
          assert.deepEqual(results.get(key) ?? [], wanted, key);
        }
      }
    });
  }

  it("holds no more partial matches of a key than declared, and records the ones given up", async () => {
    const kernel = (await loadOperator("pattern", [2n, 100n, 3n, 0n, 0n, 0n, 0x21n, 0n])).instantiate();
    const rows = Array.from({ length: 5 }, (_, i) => command(1, "k", { time: BigInt(i), a: 1n }));
    const results = run(kernel, [
      ...rows,
      watermark(50n),
      command(1, "k", { time: 60n, a: 2n }),
      watermark(70n),
    ]).flat();
    assert.deepEqual(results.map((one) => one.replace(/^late -?\d+/, "late")), [
      "late 0..0",
      "late 1..1",
      `k:0:0 ${shown("L", { time: 2n, a: 1n })} ${shown("L", { time: 60n, a: 2n })}`,
    ]);
    run(kernel, [watermark(MAX)]);
    assert.equal(kernel.keys, 0);
  });
});
