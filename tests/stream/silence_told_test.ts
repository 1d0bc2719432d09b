/**
 * What a stage tells of time once all its inputs are silent: that there is nothing to wait for where time alone
 * would bring nothing out of it, and only there. What is merely kept, or not swept yet, is nothing to wait for.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import {
  bounded,
  compile,
  count,
  counting,
  cumulative,
  type Declaration,
  descending,
  distinct,
  hopping,
  lag,
  max,
  pipeline,
  session,
  sliding,
  source,
  sum,
  sumOver,
  tumbling,
  type WindowSpec,
} from "../../runtime/mod.ts";
import { type DeclaredRun, encodeOf, openDeclared } from "../support/declared.ts";

const seed = seedOf(process.env, 20261121);
/** More than ROUNDS where neither case, or only one of them, has come up by then. */
const SECOND = 1_000_000, ROUNDS = 25, ROUNDS_MAX = 1_000;

const timed = () => source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("2s") });
const plain = () => pipeline("plain", { input: timed() });
/** Rows without an amount only say what time it is. */
const keyed = (input: ReturnType<typeof plain>) =>
  input.filter((e) => e.amount.gt(0)).map((e) => ({ key: e.key, amount: e.amount, at: e.at })).key((e) =>
    e.key
  );
type Side = ReturnType<typeof keyed>;

const windowed = (spec: WindowSpec) => (a: Side) =>
  a.window(spec).aggregate({ n: count(), most: max((e) => e.amount) }).to("told");
const summed = (spec: WindowSpec) => (a: Side) =>
  a.window(spec).aggregate({ n: count(), total: sum((e) => e.amount), notes: distinct((e) => e.key) }).to(
    "told",
  );
const joined = (type: "inner" | "left" | "right" | "full", spec: WindowSpec) => (a: Side, b: Side) =>
  a.joinWindow(b, spec, (l, r, w) => ({ l: l.amount, r: r.amount, at: w.windowStart }), { type }).to("told");
const near = (type: "inner" | "left" | "right" | "full") => (a: Side, b: Side) =>
  a.join(b, { before: "4s", after: "3s", type }, (l, r) => ({ l: l.amount, r: r.amount })).to("told");

const KINDS: Readonly<Record<string, (a: Side, b: Side) => Declaration>> = {
  "tumbling windows": windowed(tumbling("5s")),
  "hopping windows that are unmerged": summed(hopping("12s", "3s")),
  "hopping windows that are not": windowed(hopping("12s", "3s")),
  "cumulative windows": windowed(cumulative("12s", "4s")),
  "windows that are told again": (a) =>
    a.window(tumbling("5s")).late({ allowed: "6s", policy: "retracting" }).aggregate({ n: count() }).to(
      "told",
    ),
  "hopping windows that are told again": (a) =>
    a.window(hopping("9s", "3s")).late({ allowed: "6s", policy: "accumulating" }).aggregate({ n: count() })
      .to("told"),
  "windows that are told early": (a) =>
    a.window(tumbling("10s")).early({ events: 3 }).aggregate({ n: count() }).to("told"),
  "sessions": windowed(session("4s")),
  "sessions that are cut": windowed(session("4s", { max: "9s" })),
  "sessions that are told again": (a) =>
    a.window(session("4s")).late({ allowed: "5s", policy: "retracting" }).aggregate({ n: count() }).to(
      "told",
    ),
  "windows of rows": windowed(counting(3)),
  "sliding windows": windowed(sliding("6s")),
  "rows beside their neighbours": (a) =>
    a.over({ before: lag((e) => e.amount), near: sumOver((e) => e.amount, "5s") }, { ttl: "20s" })
      .map((e) => ({ before: e.before, near: e.near })).to("told"),
  "the best row of a time": (a) =>
    a.best((e) => descending(e.amount), { after: "5s" }).map((e) => ({ amount: e.amount })).to("told"),
  "the first row of a key": (a) => a.first({ ttl: "20s" }).map((e) => ({ amount: e.amount })).to("told"),
  "gaps that are filled": (a) =>
    a.fillGaps("3s", { most: 2 }).map((e) => ({ amount: e.amount, at: e.stepStart })).to("told"),
  "rows that follow each other": (a) =>
    a.pattern(
      [{ name: "low", where: (e) => e.amount.lt(4) }, { name: "high", where: (e) => e.amount.gt(5) }],
      "6s",
      (
        m,
      ) => ({ low: m.low.amount, high: m.high.amount }),
    ).to("told"),
  "rows that are not followed": (a) =>
    a.pattern(
      [{ name: "low", where: (e) => e.amount.lt(4) }, {
        name: "high",
        where: (e) => e.amount.gt(5),
        absent: true,
      }],
      "6s",
      (m) => ({ low: m.low.amount }),
    ).to("told"),
  "tumbling joins, inner": joined("inner", tumbling("5s")),
  "tumbling joins, left": joined("left", tumbling("5s")),
  "tumbling joins, right": joined("right", tumbling("5s")),
  "hopping joins, full": joined("full", hopping("6s", "3s")),
  "joins of rows near each other, inner": near("inner"),
  "joins of rows near each other, left": near("left"),
  "joins of rows near each other, right": near("right"),
  "joins of rows near each other, full": near("full"),
  "a table as of event time": (a, b) =>
    a.enrich(b, { asOf: "eventTime", history: "10s" }, (l, r) => ({ l: l.amount, r: r.amount })).to("told"),
};

/** Rows that wait for their turn may come to nothing then; and rows of one key need not be in one window. */
const WAITING = [
  "windows of rows",
  "the first row of a key",
  "rows that follow each other",
  "rows that are not followed",
  "tumbling joins, inner",
  "hopping joins, full",
  "a table as of event time",
];

describe(`a stage whose inputs are all silent (MILLRACE_SEED=${seed})`, () => {
  for (const [name, build] of Object.entries(KINDS)) {
    it(`${name}: says that there is nothing to wait for exactly where time would bring nothing`, async () => {
      const declaration = pipeline(
        "told",
        { a: timed(), b: timed() },
        ({ a, b }) => build(keyed(a), keyed(b)),
        { unbounded: true },
      );
      const { input } = compile(declaration).pipeline, random = seeded(`${seed} ${name}`);
      const always = name === "joins of rows near each other, inner"; // time brings nothing out of it
      let silent = 0, round = 0;
      const metBoth = () => silent > 0 && (always || silent < round);
      for (; round < ROUNDS || !metBoth() && round < ROUNDS_MAX; round++) {
        const run = await openDeclared(declaration, 1000 * SECOND);
        const steps = random.int(1, 40), quiet = random.int(0, 20);
        let at = 100;
        for (let i = 0; i < steps + quiet; i++) {
          at += random.chance(0.5) ? 0 : random.int(0, 3);
          const fields = {
            key: random.pick(["k", "l", "m"]),
            amount: i < steps ? random.int(0, 9) : 0,
            at: (at - (i < steps ? random.int(0, 2) : 0)) * SECOND,
          };
          run.apply([encodeOf(input, random.chance(0.5) ? "a" : "b", fields)]);
          if (random.chance(0.05)) run.restart();
        }
        fallSilent(run);
        const told = run.puts.length, { allIdle } = run;
        run.end();
        const nothing = run.puts.length === told;
        if (allIdle || !WAITING.includes(name)) assert.equal(nothing, allIdle, `round ${round}`);
        if (allIdle) silent++;
      }
      assert.ok(metBoth(), `${silent} of ${round} had nothing to wait for`);
    });
  }
});

function fallSilent(run: DeclaredRun): void {
  for (const input of [0, 1]) run.idle(input);
  run.restart();
}
