import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { type Seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import {
  calendarDay,
  collect,
  count,
  counting,
  cumulative,
  distinct,
  first,
  hopping,
  largest,
  last,
  max,
  min,
  pipeline,
  session,
  sliding,
  smallest,
  sum,
  tumbling,
  type WindowSpec,
} from "../../runtime/mod.ts";
import * as twin from "../models/families.ts";
import type { Item } from "../models/families.ts";
import type { OutputRow } from "../support/declared.ts";
import { apart, inAnyOrder, items, SECOND, timed } from "../support/families.ts";

const MINUTE = 60n * SECOND, HOUR = 60n * MINUTE, DAY = 24n * HOUR;
const seed = seedOf(process.env, 20261121);

/** Windows beside each other in one pipeline, with the naive answer of each. */
const WINDOWS: Record<string, [WindowSpec, (items: readonly Item[]) => twin.Window[]]> = {
  tumbling: [tumbling("7s"), (all) => twin.hopping(all, 7n * SECOND, 7n * SECOND)],
  offset: [
    tumbling("1m", { offset: "13s" }),
    (all) => twin.hopping(all, MINUTE, MINUTE, 13n * SECOND),
  ],
  hopping: [hopping("1m", "5s"), (all) => twin.hopping(all, MINUTE, 5n * SECOND)],
  uneven: [hopping("10s", "4s"), (all) => twin.hopping(all, 10n * SECOND, 4n * SECOND)],
  odd: [
    hopping("10s", "3s", { offset: "2s" }),
    (all) => twin.hopping(all, 10n * SECOND, 3n * SECOND, 2n * SECOND),
  ],
  growing: [
    cumulative("1m", "15s", { offset: "5s" }),
    (all) => twin.cumulative(all, MINUTE, 15n * SECOND, 5n * SECOND),
  ],
  sessions: [session("5s"), (all) => twin.sessions(all, 5n * SECOND)],
  cut: [session("8s", { max: "20s" }), (all) => twin.sessions(all, 8n * SECOND, 20n * SECOND)],
  sliding: [sliding("12s"), (all) => twin.sliding(all, 12n * SECOND)],
  threes: [counting(3), (all) => twin.counting(all, 3)],
  five: [counting(5, 2), (all) => twin.counting(all, 5, 2)],
};

function aggregated(spec: WindowSpec, name: string) {
  return (input: Input) =>
    input.key((e) => e.key).window(spec).aggregate({
      n: count(),
      large: count((e) => e.amount.gte(50)),
      total: sum((e) => e.amount),
      least: min((e) => e.amount),
      most: max((e) => e.amount),
      notes: distinct((e) => e.note),
      first: first((e) => e.note),
      last: last((e) => e.note),
      top: largest((e) => e.amount, 2),
      bottom: smallest((e) => e.amount, 3),
      all: collect((e) => e.note, 4),
    }).to(name);
}

type Input = ReturnType<typeof plain>;
const plain = () =>
  pipeline("plain", { input: timed() }).map((e) => ({ key: e.key, amount: e.amount, note: e.note }));

const windows = pipeline("windows", { input: timed() }, ({ input }) => {
  const rows = input.map((e) => ({ key: e.key, amount: e.amount, note: e.note }));
  return Object.entries(WINDOWS).map(([name, [spec]]) => aggregated(spec, name)(rows));
});

/** Months in which clocks change; Apia had no 30th of December 2011. */
const MONTHS: Readonly<Record<string, readonly string[]>> = {
  "Asia/Kolkata": ["2026-03"],
  "Europe/Berlin": ["2026-03", "2026-10"],
  "America/New_York": ["2026-03", "2026-11"],
  "Australia/Lord_Howe": ["2026-04", "2026-10"],
  "America/Santiago": ["2026-04", "2026-09"],
  "Pacific/Apia": ["2011-12"],
};
const ZONES = Object.keys(MONTHS);

const days = pipeline("days", { input: timed() }, ({ input }) => {
  const rows = input.map((e) => ({ key: e.key, amount: e.amount, note: e.note }));
  return ZONES.map((zone) =>
    rows.key((e) => e.key).window(calendarDay(zone)).aggregate({ n: count(), total: sum((e) => e.amount) })
      .to(nameOf(zone))
  );
});

function nameOf(zone: string): string {
  return zone.replaceAll("/", "-");
}

describe(`declarations of each family and their naive twins (MILLRACE_SEED=${seed})`, () => {
  for (const [name, [, answer]] of Object.entries(WINDOWS)) {
    it(`${name}: windows are those of the twin, in any order within the bound, cut and restored anywhere`, async () => {
      // Rows of one time that a window of so many rows cuts apart come in their order.
      const draw = (r: Seeded) => name === "threes" || name === "five" ? apart(items(r, 150)) : items(r, 150);
      await inAnyOrder(seed, windows, name, (all) => answer(all).map(aggregates), draw);
    });
  }

  for (const name of ["hopping", "uneven", "odd"]) {
    it(`${name}: the least and the greatest come by two stacks of panes`, async () => {
      const [spec, answer] = WINDOWS[name];
      const extremes = pipeline("extremes", { input: timed() })
        .map((e) => ({ key: e.key, amount: e.amount }))
        .key((e) => e.key).window(spec).aggregate({
          n: count(),
          total: sum((e) => e.amount),
          least: min((e) => e.amount),
          most: max((e) => e.amount, { where: (e) => e.amount.lt(70) }),
        }).to("extremes");
      const amounts = (rows: readonly Item[]) => rows.map(({ amount }) => amount);
      const best = (some: readonly bigint[], take: (a: bigint, b: bigint) => boolean) =>
        some.reduce((a, b) => take(a, b) ? a : b);
      await inAnyOrder(seed, extremes, "extremes", (all) =>
        answer(all).map(({ key, start, end, rows }) => ({
          key,
          windowStart: start,
          windowEnd: end,
          n: BigInt(rows.length),
          total: total(rows),
          least: best(amounts(rows), (a, b) => a < b),
          most: best([...amounts(rows).filter((amount) => amount < 70n), -1_000n], (a, b) => a > b),
        })).map((row) => row.most === -1_000n ? { ...row, most: 0n } : row), (r) => items(r, 150));
    });
  }

  for (const zone of ZONES) {
    it(`days of ${zone} have the hours that the calendar gives them`, async () => {
      for (const month of MONTHS[zone]) {
        const from = BigInt(Date.parse(`${month}-01T00:00:00Z`)) * 1000n;
        await inAnyOrder(
          seed,
          days,
          nameOf(zone),
          (all) =>
            twin.days(all, zone).map(({ key, start, end, rows }) => ({
              key,
              windowStart: start,
              windowEnd: end,
              n: BigInt(rows.length),
              total: total(rows),
            })),
          (r) => items(r, 150, from, 31n * DAY),
          1,
        );
      }
    });
  }
});

function aggregates({ key, start, end, rows }: twin.Window): OutputRow {
  const amounts = rows.map(({ amount }) => amount).sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
  return {
    key,
    windowStart: start,
    windowEnd: end,
    n: BigInt(rows.length),
    large: BigInt(rows.filter(({ amount }) => amount >= 50n).length),
    total: total(rows),
    least: amounts[0],
    most: amounts.at(-1)!,
    notes: BigInt(new Set(rows.map(({ note }) => note)).size),
    first: rows[0].note,
    last: rows.at(-1)!.note,
    top: amounts.toReversed().slice(0, 2).join(","),
    bottom: amounts.slice(0, 3).join(","),
    all: rows.slice(0, 4).map(({ note }) => note).join(","),
  };
}

const total = (rows: readonly Item[]) => rows.reduce((all, { amount }) => all + amount, 0n);
