import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import {
  avg,
  bounded,
  calendarDay,
  collect,
  count,
  counting,
  countOver,
  cumulative,
  date,
  descending,
  distinct,
  first,
  heavy,
  lag,
  largest,
  last,
  max,
  min,
  pipeline,
  quantile,
  rowNumber,
  session,
  source,
  sum,
  sumOver,
  tumbling,
  variance,
  when,
} from "../../runtime/mod.ts";
import { openDeclared, type OutputRow } from "../support/declared.ts";

const SECOND = 1_000_000n;

function event(key: string, amount: number, second: number, note = ""): Uint8Array {
  const at = BigInt(Math.round(second * 1000)) * 1000n;
  return toBinary(TallySchema, create(TallySchema, { key, amount: BigInt(amount), note, at }));
}

const events = () => source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("10s") });

/** One pipeline with all of these as outputs: it is compiled once, and its operators stand side by side. */
const everything = pipeline("everything", { input: events() }, ({ input }) => {
  const rows = input.map((e) => ({ key: e.key, amount: e.amount, note: e.note }));
  const byKey = rows.key((e) => e.key);
  const { large, small } = rows.split({ large: (e) => e.amount.gte(100), small: (e) => e.amount.lt(100) });
  return [
    byKey.window(tumbling("10s")).aggregate({
      n: count(),
      large: count((e) => e.amount.gte(100)),
      least: min((e) => e.amount),
      most: max((e) => e.amount),
      mean: avg((e) => e.amount),
      spread: variance((e) => e.amount),
      first: first((e) => e.note),
      last: last((e) => e.note),
      notes: distinct((e) => e.note),
      median: quantile((e) => e.amount, 0.5),
      top: largest((e) => e.amount, 2),
      all: collect((e) => e.note, 3),
      often: heavy((e) => e.note, 1),
    }).to("tumbling"),
    byKey.window(session("5s", { max: "1m" })).aggregate({ n: count() }).to("sessions"),
    byKey.window(cumulative("20s", "10s")).aggregate({ n: count() }).to("growing"),
    byKey.window(calendarDay("Asia/Kolkata")).aggregate({ n: count() }).to("days"),
    byKey.window(counting(2)).aggregate({ total: sum((e) => e.amount) }).to("pairs"),
    byKey.over({
      number: rowNumber(),
      before: lag((e) => e.amount),
      near: sumOver((e) => e.amount, "3s"),
      count: countOver("3s"),
    }).map((e) => ({
      key: e.key,
      amount: e.amount,
      number: e.number,
      before: e.before,
      near: e.near,
      count: e.count,
    }))
      .to("over"),
    byKey.fillGaps("10s", { most: 2 }).map((e) => ({
      key: e.key,
      amount: e.amount,
      step: e.stepStart,
      filled: e.filled,
    }))
      .to("filled"),
    byKey.top(2, (e) => descending(e.amount), { rank: "rank" })
      .map((e) => ({ key: e.key, amount: e.amount, rank: e.rank })).to("top"),
    byKey.first().map((e) => ({ key: e.key, amount: e.amount })).to("first"),
    byKey.latest().map((e) => ({ key: e.key, amount: e.amount })).to("latest"),
    byKey.latest((e) => e.note).map((e) => ({ key: e.key, amount: e.amount, note: e.note }))
      .to("latestNote"),
    byKey.aggregate({ total: sum((e) => e.amount), most: max((e) => e.amount) }).key((r) => r.most)
      .aggregate({ keys: count(), least: min((r) => r.total) }).to("nested"),
    byKey.pattern(
      [
        { name: "high", where: (e) => e.amount.gte(600) },
        { name: "none", where: (e) => e.note.eq("stop"), absent: true },
        { name: "low", where: (e) => e.amount.lt(10) },
      ],
      "20s",
      (m) => ({ key: m.high.key, from: m.high.amount, to: m.low.amount }),
    ).to("pattern"),
    large.union(small).map((e) => ({ size: when(e.amount.gte(100), "large", "small"), day: date(0) })).to(
      "sizes",
    ),
  ];
});

const INPUT = [
  event("a", 100, 5, "x"),
  event("a", 700, 7, "y"),
  event("a", 600, 4, "x"),
  event("a", 1, 8.5, "z"),
  event("b", 650, 12, "p"),
  event("b", 3, 14, "stop"),
  event("b", 2, 31, "q"),
  event("a", 50, 33, "x"),
];

describe("the steps of a declaration", () => {
  const result = (async () => {
    const whole = await openDeclared(everything);
    whole.apply(INPUT);
    whole.end();
    return whole;
  })();

  const rows = async (name: string, fields?: readonly string[]): Promise<OutputRow[]> =>
    (await result).standing(name).map((row) =>
      fields ? Object.fromEntries(fields.map((field) => [field, row[field]])) : row
    );

  it("aggregate by tumbling windows, many aggregates at once", async () => {
    const [first] = await rows("tumbling");
    const { mean, spread, median, ...exact } = first;
    assert.deepEqual(exact, {
      key: "a",
      windowStart: 0n,
      windowEnd: 10n * SECOND,
      n: 4n,
      large: 3n,
      least: 1n,
      most: 700n,
      first: "x",
      last: "z",
      notes: 3n,
      top: "700,600",
      all: "x,x,y",
      often: "x:2",
    });
    assert.equal(mean, 350.25);
    assert.ok(Math.abs(Number(spread) - 123100.25) < 1e-6);
    assert.ok(Math.abs(Number(median) - 100) <= 0.4);
    assert.equal((await rows("tumbling")).length, 4);
  });

  it("aggregate by sessions, growing windows, days of a zone, and numbers of rows", async () => {
    assert.deepEqual(await rows("sessions", ["key", "windowStart", "n"]), [
      { key: "a", windowStart: 4n * SECOND, n: 4n },
      { key: "b", windowStart: 12n * SECOND, n: 2n },
      { key: "b", windowStart: 31n * SECOND, n: 1n },
      { key: "a", windowStart: 33n * SECOND, n: 1n },
    ]);
    const growing = await rows("growing", ["key", "windowEnd", "n"]);
    assert.deepEqual(growing.filter(({ key }) => key === "a"), [
      { key: "a", windowEnd: 10n * SECOND, n: 4n },
      { key: "a", windowEnd: 20n * SECOND, n: 4n },
      { key: "a", windowEnd: 40n * SECOND, n: 1n },
    ]);
    // Kolkata is 5 hours and 30 minutes ahead: its 1st of January 1970 began before the epoch.
    assert.deepEqual(await rows("days", ["key", "windowStart", "n"]), [
      { key: "a", windowStart: -19_800n * SECOND, n: 5n },
      { key: "b", windowStart: -19_800n * SECOND, n: 3n },
    ]);
    assert.deepEqual(await rows("pairs", ["key", "total"]), [
      { key: "a", total: 700n },
      { key: "a", total: 701n },
      { key: "b", total: 653n },
    ]);
  });

  it("put numbers beside rows, in the order of event time", async () => {
    assert.deepEqual((await rows("over")).filter(({ key }) => key === "a"), [
      { key: "a", amount: 600n, number: 1n, before: 0n, near: 600n, count: 1n },
      { key: "a", amount: 100n, number: 2n, before: 600n, near: 700n, count: 2n },
      { key: "a", amount: 700n, number: 3n, before: 100n, near: 1400n, count: 3n },
      { key: "a", amount: 1n, number: 4n, before: 700n, near: 701n, count: 2n },
      { key: "a", amount: 50n, number: 5n, before: 1n, near: 50n, count: 1n },
    ]);
  });

  it("fill the gaps of a key for as long as is said", async () => {
    const filled = (await rows("filled", ["key", "amount", "step", "filled"])).filter(({ key }) =>
      key === "a"
    );
    assert.deepEqual(filled.map(({ amount, step, filled }) => [amount, step, filled]), [
      [1n, 0n, false],
      [1n, 10n * SECOND, true],
      [1n, 20n * SECOND, true],
      [50n, 30n * SECOND, false],
      [50n, 40n * SECOND, true],
      [50n, 50n * SECOND, true],
    ]);
  });

  it("keep the best, the first and the latest rows of a key", async () => {
    assert.deepEqual(
      sorted(await rows("top")),
      sorted([
        { key: "a", amount: 700n, rank: 1n },
        { key: "a", amount: 600n, rank: 2n },
        { key: "b", amount: 650n, rank: 1n },
        { key: "b", amount: 3n, rank: 2n },
      ]),
    );
    assert.deepEqual(await rows("first"), [{ key: "a", amount: 600n }, { key: "b", amount: 650n }]);
    assert.deepEqual(
      sorted(await rows("latest")),
      sorted([{ key: "a", amount: 50n }, { key: "b", amount: 2n }]),
    );
    // In an order of its own: of rows that are equal in it, the one that came last.
    assert.deepEqual(
      sorted(await rows("latestNote")),
      sorted([{ key: "a", amount: 50n, note: "x" }, { key: "b", amount: 650n, note: "p" }]),
    );
  });

  it("aggregate what is updated: rows that are taken back leave no trace", async () => {
    assert.deepEqual(
      sorted(await rows("nested", ["most", "keys", "least"])),
      sorted([
        { most: 700n, keys: 1n, least: 1451n },
        { most: 650n, keys: 1n, least: 655n },
      ]),
    );
  });

  it("find rows that follow each other, unless another comes between", async () => {
    assert.deepEqual(await rows("pattern"), [{ key: "a", from: 600n, to: 1n }]);
  });

  it("split, unite and compute text", async () => {
    const sizes = await rows("sizes");
    assert.equal(sizes.filter(({ size }) => size === "large").length, 4);
    assert.equal(sizes.length, INPUT.length);
    assert.ok(sizes.every(({ day }) => day === "1970-01-01"));
  });

  it("go on where they stopped: a restart after any event changes no result", async () => {
    const whole = await result;
    for (let stop = 1; stop < INPUT.length; stop++) {
      const cut = await openDeclared(everything);
      cut.apply(INPUT.slice(0, stop), 1);
      cut.restart();
      cut.apply(INPUT.slice(stop), 3);
      cut.restart();
      cut.end();
      for (const { name } of everything.plan.ends) {
        assert.deepEqual(
          sorted(cut.standing(name)),
          sorted(whole.standing(name)),
          `${name}, stopped after ${stop}`,
        );
      }
    }
  });
});

function sorted(rows: readonly OutputRow[]): string[] {
  return rows.map((row) => JSON.stringify(row, (_, value) => typeof value === "bigint" ? `${value}n` : value))
    .sort();
}
