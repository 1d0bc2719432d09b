import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import {
  count,
  cumulative,
  type Declaration,
  hopping,
  pipeline,
  session,
  sum,
  tumbling,
  type WindowSpec,
} from "../../runtime/mod.ts";
import * as twin from "../models/families.ts";
import { openDeclared, type OutputRow, type Put } from "../support/declared.ts";
import { feed, items, same, SECOND, shuffled, timed, written } from "../support/families.ts";

const seed = seedOf(process.env, 20261122);

type Answer = (items: readonly twin.Item[]) => twin.Window[];
const WINDOWS: readonly (readonly [string, WindowSpec, Answer])[] = [
  ["tumbling", tumbling("7s"), (all) => twin.hopping(all, 7n * SECOND, 7n * SECOND)],
  ["hopping", hopping("20s", "5s"), (all) => twin.hopping(all, 20n * SECOND, 5n * SECOND)],
  ["growing", cumulative("30s", "10s"), (all) => twin.cumulative(all, 30n * SECOND, 10n * SECOND)],
  ["sessions", session("5s"), (all) => twin.sessions(all, 5n * SECOND)],
];
const POLICIES = ["retracting", "accumulating", "discarding"] as const;
const EARLY = [{ events: 3 }, { every: "4s" }, { events: 4, every: "3s" }] as const;

/** Windows that overlap cannot tell early what came since. */
function policiesOf(name: string): readonly (typeof POLICIES[number])[] {
  return name === "hopping" || name === "growing" ? POLICIES.slice(0, 2) : POLICIES;
}

/** All windows with all policies as outputs of one pipeline: `tumbling-retracting`. */
const late = pipeline(
  "late",
  { input: timed() },
  ({ input }) =>
    WINDOWS.flatMap(([name, spec]) =>
      POLICIES.map((policy) =>
        input.key((e) => e.key).window(spec).late({ allowed: "1m", policy }).aggregate({
          n: count(),
          total: sum((e) => e.amount),
        }).to(`${name}-${policy}`)
      )
    ),
);

const early = pipeline(
  "early",
  { input: timed() },
  ({ input }) =>
    WINDOWS.flatMap(([name, spec]) =>
      EARLY.map((firing, i) =>
        input.key((e) => e.key).window(spec).early(firing).aggregate({
          n: count(),
          total: sum((e) => e.amount),
        }).to(`${name}-${i}`)
      )
    ),
);

const earlyAndLate = pipeline(
  "early-late",
  { input: timed() },
  ({ input }) =>
    WINDOWS.flatMap(([name, spec]) =>
      policiesOf(name).map((policy, i) =>
        input.key((e) => e.key).window(spec).early(EARLY[i]).late({ allowed: "1m", policy }).aggregate({
          n: count(),
          total: sum((e) => e.amount),
        }).to(`${name}-${policy}`)
      )
    ),
);

const strict = pipeline(
  "strict",
  { input: timed() },
  ({ input }) =>
    WINDOWS.slice(0, 1).map(([name, spec]) =>
      input.key((e) => e.key).window(spec).aggregate({ n: count(), total: sum((e) => e.amount) }).to(name)
    ),
);

describe(`late and early results of ordinary declarations (MILLRACE_SEED=${seed})`, () => {
  for (const [name, , answer] of WINDOWS) {
    for (const policy of POLICIES) {
      it(`${name}, ${policy}: rows within the allowed lateness all count in the end`, async () => {
        await comesOut(late, `${name}-${policy}`, policy, answer, 60n * SECOND);
      });
      if (!policiesOf(name).includes(policy)) continue;
      it(`${name}, ${policy}: with early results, too`, async () => {
        await comesOut(earlyAndLate, `${name}-${policy}`, policy, answer, 60n * SECOND);
      });
    }
    for (const [i, firing] of EARLY.entries()) {
      it(`${name}, told early ${JSON.stringify(firing)}: each result takes back the one before`, async () => {
        const puts = await comesOut(early, `${name}-${i}`, "retracting", answer, 10n * SECOND);
        assert.ok(puts.some(({ retracted }) => retracted), "something was told early");
      });
    }
  }

  it("rows that come too late for a window are recorded, and no others", async () => {
    const random = seeded(`${seed} strict`);
    for (let round = 0; round < 4; round++) {
      const all = items(random, 200), rows = shuffled(all, random, 40n * SECOND);
      let mark = -(2n ** 62n);
      const counted = rows.filter(({ at }) => {
        const end = at - at % (7n * SECOND) + 7n * SECOND, isLate = end <= mark;
        if (at - 10n * SECOND > mark) mark = at - 10n * SECOND;
        return !isLate;
      });
      const life = await openDeclared(strict, Number(all.at(-1)!.at));
      feed(life, rows, random);
      life.end();
      same(
        written(life.standing("tumbling")),
        written(WINDOWS[0][2](counted).map(aggregates)),
        `round ${round}`,
      );
      assert.equal(life.late.length, rows.length - counted.length);
      assert.ok(life.late.length > 0);
    }
  });
});

async function comesOut(
  declaration: Declaration,
  output: string,
  policy: typeof POLICIES[number],
  answer: Answer,
  disorder: bigint,
): Promise<readonly Put[]> {
  const random = seeded(`${seed} ${declaration.plan.name} ${output}`);
  let puts: readonly Put[] = [];
  for (let round = 0; round < 4; round++) {
    const all = items(random, 150);
    const life = await openDeclared(declaration, Number(all.at(-1)!.at));
    feed(life, shuffled(all, random, disorder), random);
    life.end();
    assert.deepEqual([life.late, life.rejects, life.keys], [[], [], 0]);
    puts = life.puts.filter(({ name }) => name === output);
    const rows = policy === "retracting"
      ? life.standing(output)
      : policy === "accumulating"
      ? newest(puts)
      : summed(puts);
    const wanted = answer(all).map(aggregates);
    // Sessions that another row makes one are told as what they became: the last that was told of them counts.
    const isSession = output.startsWith("sessions") && policy !== "retracting";
    same(written(isSession ? reaching(rows, wanted) : rows), written(wanted), `round ${round}`);
  }
  return puts;
}

function newest(puts: readonly Put[]): OutputRow[] {
  assert.ok(puts.every(({ retracted }) => !retracted));
  return [
    ...new Map(puts.map(({ row }) => [`${row.key} ${row.windowStart} ${row.windowEnd}`, row])).values(),
  ];
}

function summed(puts: readonly Put[]): OutputRow[] {
  const sums = new Map<string, OutputRow>();
  for (const { row } of puts) {
    const name = `${row.key} ${row.windowStart} ${row.windowEnd}`, known = sums.get(name);
    const add = (field: string) => (row[field] as bigint) + (known?.[field] as bigint ?? 0n);
    sums.set(name, { ...row, n: add("n"), total: add("total") });
  }
  return [...sums.values()];
}

/** What was told of each session, whatever its bounds then were: all within it, or the last of it. */
function reaching(rows: readonly OutputRow[], wanted: readonly OutputRow[]): OutputRow[] {
  return wanted.map((session) => {
    const within = rows.filter(({ key, windowStart, windowEnd }) =>
      key === session.key && windowStart >= session.windowStart && windowEnd <= session.windowEnd
    );
    const whole = within.filter(({ windowStart, windowEnd, n }) =>
      windowStart === session.windowStart && windowEnd === session.windowEnd && n === session.n
    );
    if (whole.length > 0) return whole[0];
    const add = (field: string) => within.reduce((sum, row) => sum + (row[field] as bigint), 0n);
    return { ...session, n: add("n"), total: add("total") };
  });
}

function aggregates({ key, start, end, rows }: twin.Window): OutputRow {
  const total = rows.reduce((all, { amount }) => all + amount, 0n);
  return { key, windowStart: start, windowEnd: end, n: BigInt(rows.length), total };
}
