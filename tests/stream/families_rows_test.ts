import assert from "node:assert/strict";
import process from "node:process";
import type { DescMessage } from "@bufbuild/protobuf";
import { describe, it } from "@std/testing/bdd";
import { type Seeded, seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import {
  count,
  countOver,
  descending,
  hopping,
  lag,
  last,
  max,
  min,
  pipeline,
  rowNumber,
  sliding,
  sum,
  sumOver,
  sumOverRows,
  tumbling,
} from "../../runtime/mod.ts";
import * as twin from "../models/families.ts";
import type { Item } from "../models/families.ts";
import { encodeOf, openDeclared, type OutputRow } from "../support/declared.ts";
import { apart, inAnyOrder, items, same, SECOND, shuffled, timed, written } from "../support/families.ts";

const seed = seedOf(process.env, 20261123);
const KINDS = ["inner", "left", "right", "full"] as const;

const shown = (l?: Item, r?: Item) => ({
  key: l?.key ?? "",
  l: l?.amount ?? 0n,
  r: r?.amount ?? 0n,
  paired: l !== undefined && r !== undefined,
  lonely: r === undefined,
});

const joins = pipeline("joins", { a: timed(), b: timed() }, (streams) => {
  const a = streams.a.map((e) => ({ key: e.key, amount: e.amount, note: e.note })).key((e) => e.key);
  const b = streams.b.map((e) => ({ key: e.key, amount: e.amount, note: e.note })).key((e) => e.key);
  return KINDS.flatMap((type) => [
    a.join(b, { before: "5s", after: "3s", type }, (l, r, there) => ({
      key: l.key,
      l: l.amount,
      r: r.amount,
      paired: there.left.and(there.right),
      lonely: there.right.not(),
    })).to(`interval-${type}`),
    ...[tumbling("10s", { offset: "3s" }), hopping("20s", "5s")].map((window, i) =>
      a.joinWindow(b, window, (l, r, w) => ({
        key: l.key,
        l: l.amount,
        r: r.amount,
        paired: w.left.and(w.right),
        lonely: w.right.not(),
        start: w.windowStart,
      }), { type }).to(`${i ? "hopping" : "tumbling"}-${type}`)
    ),
    ...(type === "inner" || type === "left"
      ? [
        a.enrich(b, { asOf: "eventTime", history: "1h", type }, (l, r, there) => ({
          key: l.key,
          l: l.amount,
          r: r.amount,
          paired: there.right,
          lonely: there.right.not(),
        })).to(`as-of-${type}`),
        a.joinTable(b, (l) => l.note, (l, r, there) => ({
          key: l.key,
          l: l.amount,
          r: r.amount,
          paired: there.right,
          lonely: there.right.not(),
        }), { type }).to(`tables-${type}`),
        a.enrich(b, { asOf: "latest", type }, (l, r, there) => ({
          key: l.key,
          l: l.amount,
          r: r.amount,
          paired: there.right,
          lonely: there.right.not(),
        })).to(`latest-${type}`),
      ]
      : []),
  ]);
}, { unbounded: true });

const START = { tumbling: [10n, 10n, 3n], hopping: [20n, 5n, 0n] } as const;

describe(`joins of each kind and their naive twins (MILLRACE_SEED=${seed})`, () => {
  for (const type of KINDS) {
    it(`${type} join of rows near each other`, async () => {
      await joined(`interval-${type}`, (a, b) =>
        twin.joined(
          a,
          b,
          type,
          (l, r) => l.key === r.key && r.at >= l.at - 5n * SECOND && r.at <= l.at + 3n * SECOND,
        ).map((pair) => shown(...pair)));
    });

    for (const name of ["tumbling", "hopping"] as const) {
      it(`${type} join in ${name} windows`, async () => {
        const [size, slide, offset] = START[name].map((each) => each * SECOND);
        await joined(`${name}-${type}`, (a, b) => {
          const starts = new Set(
            [...a, ...b].flatMap((row) => twin.hopping([row], size, slide, offset).map(({ start }) => start)),
          );
          return [...starts].flatMap((start) => {
            const within = (rows: readonly Item[]) =>
              rows.filter(({ at }) => at >= start && at < start + size);
            return twin.joined(within(a), within(b), type, (l, r) => l.key === r.key)
              .map((pair) => ({ ...shown(...pair), start }));
          });
        });
      });
    }
  }

  for (const type of ["inner", "left"] as const) {
    it(`${type} join with a table as it was at event time`, async () => {
      await joined(`as-of-${type}`, (a, b) =>
        a.flatMap((l) => {
          const r = twin.asOf(b, l.key, l.at);
          return r || type === "left" ? [shown(l, r)] : [];
        }));
    });

    it(`${type} join of two tables by a foreign key`, async () => {
      const newest = (rows: readonly Item[]) => [...twin.byKey(rows).values()].map((each) => each.at(-1)!);
      await joined(`tables-${type}`, (a, b) =>
        newest(a).flatMap((l) => {
          const r = newest(b).find(({ key }) => key === l.note);
          return r || type === "left" ? [shown(l, r)] : [];
        }), true);
    });
  }
});

const rows = pipeline("rows", { input: timed() }, ({ input }) => {
  const all = input.map((e) => ({ key: e.key, amount: e.amount, note: e.note, at: e.at }));
  const byKey = all.key((e) => e.key);
  const named = (e: { key: typeof all.row.key; amount: typeof all.row.amount; at: typeof all.row.at }) => ({
    key: e.key,
    amount: e.amount,
    at: e.at,
  });
  return [
    byKey.over({
      number: rowNumber(),
      before: lag((e) => e.amount, 2),
      near: sumOver((e) => e.amount, "7s"),
      half: sumOver((e) => e.amount.div(2), "7s"),
      five: sumOverRows((e) => e.amount, 4),
      n: countOver("7s"),
    }).map((e) => ({
      ...named(e),
      number: e.number,
      before: e.before,
      near: e.near,
      half: e.half,
      five: e.five,
      n: e.n,
    }))
      .to("over"),
    byKey.window(sliding("25s")).aggregate({
      n: count(),
      least: min((e) => e.amount),
      most: max((e) => e.amount, { where: (e) => e.amount.lt(70) }),
      last: last((e) => e.note),
    }).to("extremes"),
    byKey.top(3, (e) => [descending(e.amount), e.at], { rank: "rank" })
      .map((e) => ({ ...named(e), rank: e.rank })).to("top"),
    byKey.first().map(named).to("first"),
    byKey.first({ ttl: "15s" }).map(named).to("dedup"),
    byKey.latest((e) => [descending(e.at)]).map(named).to("latest"),
    byKey.aggregate({ n: count(), total: sum((e) => e.amount), most: max((e) => e.amount) }).to("running"),
    byKey.window(hopping("20s", "5s")).aggregate({ total: sum((e) => e.amount) })
      .key((w) => w.windowStart).top(2, (w) => [descending(w.total), w.key], { rank: "rank", ttl: "1m" })
      .map((w) => ({ start: w.windowStart, key: w.key, total: w.total, rank: w.rank })).to("leaders"),
    byKey.window(tumbling("20s")).aggregate({ total: sum((e) => e.amount) })
      .key((w) => w.key).window(tumbling("1m")).aggregate({ n: count(), most: max((w) => w.total) })
      .to("stages"),
  ];
}, { unbounded: true });

const named = ({ key, amount, at }: Item) => ({ key, amount, at });
const total = (some: readonly Item[]) => some.reduce((sum, { amount }) => sum + amount, 0n);
const ofKeys = (all: readonly Item[], each: (rows: readonly Item[]) => OutputRow[]) =>
  [...twin.byKey(all).values()].flatMap(each);

/** The best first: greater amounts, then earlier rows. */
const best = (rows: readonly Item[]) =>
  rows.toSorted((a, b) => a.amount === b.amount ? twin.byTime(a, b) : a.amount > b.amount ? -1 : 1);

const ANSWERS: Readonly<Record<string, (all: readonly Item[]) => OutputRow[]>> = {
  over: (all) =>
    ofKeys(all, (mine) =>
      mine.map((row, i) => {
        const near = mine.filter(({ at }) => at <= row.at && at >= row.at - 7n * SECOND);
        return {
          ...named(row),
          number: BigInt(i + 1),
          before: mine[i - 2]?.amount ?? 0n,
          near: total(near),
          half: Number(total(near)) / 2,
          five: total(mine.slice(Math.max(0, i - 4), i + 1)),
          n: BigInt(near.length),
        };
      })),
  extremes: (all) =>
    twin.sliding(all, 25n * SECOND).map(({ key, start, end, rows }) => {
      const low = rows.filter(({ amount }) => amount < 70n);
      return {
        key,
        windowStart: start,
        windowEnd: end,
        n: BigInt(rows.length),
        least: best(rows).at(-1)!.amount,
        most: low.length ? best(low)[0].amount : 0n,
        last: rows.at(-1)!.note,
      };
    }),
  top: (all) =>
    ofKeys(all, (mine) => best(mine).slice(0, 3).map((row, i) => ({ ...named(row), rank: BigInt(i + 1) }))),
  first: (all) => ofKeys(all, (mine) => [named(mine[0])]),
  dedup: (all) =>
    ofKeys(all, (mine) => {
      const kept: Item[] = [];
      for (const row of mine) if (!kept.length || row.at > kept.at(-1)!.at + 15n * SECOND) kept.push(row);
      return kept.map(named);
    }),
  latest: (all) => ofKeys(all, (mine) => [named(mine.at(-1)!)]),
  running: (all) =>
    ofKeys(all, (mine) => [{
      key: mine[0].key,
      n: BigInt(mine.length),
      total: total(mine),
      most: best(mine)[0].amount,
    }]),
  leaders: (all) => {
    const windows = twin.hopping(all, 20n * SECOND, 5n * SECOND);
    return [...new Set(windows.map(({ start }) => start))].flatMap((start) =>
      windows.filter((each) => each.start === start).map(({ key, rows }) => ({ key, total: total(rows) }))
        .sort((a, b) => a.total === b.total ? (a.key < b.key ? -1 : 1) : a.total > b.total ? -1 : 1)
        .slice(0, 2).map((each, i) => ({ ...each, start, rank: BigInt(i + 1) }))
    );
  },
  stages: (all) => {
    const sums = twin.hopping(all, 20n * SECOND, 20n * SECOND).map(({ key, end, rows }) => ({
      key,
      at: end - 1n,
      amount: total(rows),
      note: "",
    }));
    return twin.hopping(sums, 60n * SECOND, 60n * SECOND).map(({ key, start, end, rows }) => ({
      key,
      windowStart: start,
      windowEnd: end,
      n: BigInt(rows.length),
      most: best(rows)[0].amount,
    }));
  },
};

describe(`a table as it stands (MILLRACE_SEED=${seed})`, () => {
  for (const type of ["inner", "left"] as const) {
    it(`has the row of each key that is newest in event time, whatever came last: ${type} join`, async () => {
      const random = seeded(`${seed} latest ${type}`);
      const draw = () => apart(items(random, 60, undefined, 200n * SECOND)).slice(0, 40);
      const a = draw().map((row, i) => i % 7 ? row : { ...row, key: "nobody" }), b = shuffled(draw(), random);
      const life = await openDeclared(joins, 1.8e15);
      life.apply(b.map((row) => encoded(life.pipeline.input, { ...row, side: "b" })));
      life.apply(a.map((row) => encoded(life.pipeline.input, { ...row, side: "a" })));
      const wanted = a.flatMap((l) => {
        const r = twin.byKey(b).get(l.key)?.at(-1);
        return r || type === "left" ? [shown(l, r)] : [];
      });
      same(written(life.standing(`latest-${type}`)), written(wanted), "after all of the table");
    });
  }
});

describe(`rows of a key compared with each other, and their naive twins (MILLRACE_SEED=${seed})`, () => {
  for (const [name, answer] of Object.entries(ANSWERS)) {
    it(`${name}: the answer is the twin's, in any order within the bound, cut and restored anywhere`, async () => {
      await inAnyOrder(seed, rows, name, answer, (r) => apart(items(r, 150)));
    });
  }
});

async function joined(
  output: string,
  answer: (a: readonly Item[], b: readonly Item[]) => OutputRow[],
  tables = false,
): Promise<void> {
  const random = seeded(`${seed} ${output}`);
  for (let round = 0; round < 3; round++) {
    const draw = (r: Seeded) => apart(items(r, 60, undefined, 200n * SECOND));
    // Of tables some rows are named by notes of the others.
    const [a, b] = [draw(random), draw(random).map((row) => tables ? { ...row, key: row.note } : row)];
    const wanted = written(answer(a, b));
    for (let order = 0; order < 3; order++) {
      const rows = shuffled([
        ...a.map((row) => ({ ...row, side: "a" })),
        ...b.map((row) => ({ ...row, side: "b" })),
      ], random);
      const life = await openDeclared(joins, Number(rows.at(-1)!.at) + 1e8);
      const payloads = rows.map((row) => encoded(life.pipeline.input, row));
      for (let at = 0; at < payloads.length;) {
        const frame = random.int(1, 30);
        life.apply(payloads.slice(at, at += frame), frame);
        if (random.chance(0.2)) life.restart();
      }
      for (const input of [0, 1]) life.mark(2n ** 63n - 1n, input);
      same(written(life.standing(output)), wanted, `round ${round}, order ${order}`);
      assert.deepEqual([life.late, life.rejects], [[], []]);
    }
  }
}

function encoded(
  input: DescMessage,
  { side, key, amount, note, at }: Item & { readonly side: string },
): Uint8Array {
  return encodeOf(input, side, { key, amount, note, at });
}
