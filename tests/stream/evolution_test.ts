/** Declarations that change: whose state carries over, and that what carries over is what a replay would give. */
import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import process from "node:process";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import {
  avg,
  bounded,
  compile,
  count,
  countWithin,
  type Declaration,
  descending,
  distinct,
  type Evolved,
  flaggedWithin,
  type KernelModule,
  kernelParams,
  loadKernel,
  max,
  newest,
  type Num,
  pipeline,
  previous,
  quantile,
  session,
  source,
  sum,
  sumWithin,
  type Text,
  tumbling,
  verdictOf,
} from "../../runtime/mod.ts";
import type { Kernel } from "../../runtime/kernel/host.ts";
import type { Manifest } from "../../runtime/checkpoint/checkpoint.ts";
import { carries, meaningOf } from "../../runtime/partition/evolve.ts";
import { encodeEvent } from "../../runtime/partition/mailbox.ts";
import { EVENT_KIND } from "../../runtime/partition/records.ts";
import { encodeMarks } from "../../runtime/stream/marks.ts";
import { declaredKey } from "../../wasm/build.ts";

const seed = String(seedOf(process.env, 20261126));
console.log(`evolution: MILLRACE_SEED=${seed}`);

const SECOND = 1_000_000;
const OUTPUT_MAX = 1 << 20;

/** What may be changed of the declarations below. Those of TAILS change no state, the others do. */
const TAILS = [
  "another threshold",
  "an output renamed",
  "aggregates renamed and in another order",
  "another quantile",
  "another output",
  "another projection of a join",
  "a filter behind a table",
  "a view renamed",
] as const;
const STATES = [
  "a longer window",
  "an aggregate more",
  "an aggregate of something else",
  "a filter before",
  "another key",
  "more disorder",
  "a longer session",
  "a wider join",
  "a join that keeps more",
  "more rows kept",
  "a view of more",
  "an output that reads a text beside a table",
  "an output that can fail beside a table",
] as const;
/** Those that stand in the place of some of STATES, where both are made. */
const INSTEAD: readonly string[] = [
  "aggregates renamed and in another order",
  "another projection of a join",
];
type Edit = (typeof TAILS)[number] | (typeof STATES)[number];

function rows(edits: ReadonlySet<Edit>): Declaration {
  const has = (edit: Edit) => edits.has(edit);
  const input = source(TallySchema, {
    eventTime: (e) => e.at,
    watermark: bounded(has("more disorder") ? "12s" : "10s"),
  });
  return pipeline("changing", { input }, ({ input }) => {
    const kept = has("a filter before") ? input.filter((e) => e.amount.gte(-500)) : input;
    const byKey = kept.key((e) => has("another key") ? e.note : e.key);
    const windows = byKey.window(tumbling(has("a longer window") ? "20s" : "10s"));
    const of = has("an aggregate of something else");
    const n = count<typeof byKey.row>(),
      total = sum((e: typeof byKey.row) => of ? e.amount.mul(2) : e.amount);
    const share = has("another quantile") ? 0.9 : 0.5;
    const middle = quantile((e: typeof byKey.row) => e.amount, share);
    const notes = distinct((e: typeof byKey.row) => e.note);
    const four = { n, total, middle, notes };
    const small = has("another threshold") ? 3 : 2;
    const first = has("aggregates renamed and in another order")
      ? windows.aggregate({ notes, middle, all: total, rows: n }).having((w) => w.rows.gte(small))
        .map((w) => ({ mean: w.all.div(w.rows), start: w.windowStart, middle: w.middle }))
      : windows.aggregate(
        (has("an aggregate more")
          ? { ...four, most: max((e: typeof byKey.row) => e.amount) }
          : four) as typeof four,
      ).having((w) => w.n.gte(small)).map((w) => ({
        start: w.windowStart,
        mean: w.total.div(w.n),
        middle: w.middle,
      }));
    const ends: Declaration[] = [first.to(has("an output renamed") ? "means" : "averages")];
    const table = byKey.aggregate({ n: count(), mean: avg((e) => e.amount) }, { ttl: "40s" });
    ends.push(
      (has("a filter behind a table") ? table.filter((t) => t.n.gt(3)) : table).to("table"),
      byKey.window(session(has("a longer session") ? "4s" : "3s")).aggregate({ n: count() }).to("sessions"),
    );
    const flat = kept.map((e) => ({ key: e.key, amount: e.amount, note: e.note }));
    ends.push(
      flat.key((e) => e.key).top(has("more rows kept") ? 3 : 2, (e) => descending(e.amount)).to("top"),
    );
    const { high, low } = flat.split({ high: (e) => e.amount.gte(300), low: (e) => e.amount.lt(100) });
    const width = { before: has("a wider join") ? "6s" : "5s", after: "5s" } as const;
    ends.push(
      high.key((e) => e.key).join(
        low.key((e) => e.key),
        width,
        (l, r): Readonly<Record<string, Num | Text>> =>
          has("another projection of a join")
            ? { more: l.amount.sub(r.amount), key: r.key, low: r.amount }
            : has("a join that keeps more")
            ? { key: r.key, low: r.amount, high: l.amount, note: l.note }
            : { key: r.key, low: r.amount, high: l.amount },
      ).to("joined"),
    );
    ends.push(
      (has("a view of more") ? flat : flat.map((e) => ({ key: e.key, amount: e.amount })))
        .key((e) => e.key).latest(undefined, { ttl: "1m" })
        .view(has("a view renamed") ? "newest" : "latest", (e) => e.key, { ttl: "1m" }),
    );
    if (has("another output")) ends.push(first.filter((w) => w.mean.gt(10)).to("high"));
    if (has("an output that reads a text beside a table")) {
      ends.push(input.filter((e) => e.key.eq("k1")).to("as_they_came"), flat.map((e) => e).to("copied"));
    }
    if (has("an output that can fail beside a table")) {
      ends.push(flat.map((e) => ({ large: e.amount.mul(9_000_000_000_000_000) })).to("large"));
    }
    return ends;
  });
}

function deciding(limit: number, most: number, within: "10s" | "20s" = "10s", least = -1_000): Declaration {
  return pipeline("deciding", {
    input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("10s") }),
  }).key((e) => e.key).decide({
    n: countWithin(within),
    total: sumWithin((e) => e.amount.greatest(least), "30s"),
    before: previous((e) => e.amount),
  }, {
    often: { when: (f) => f.n.gt(limit), verdict: "decline", observed: (f) => f.n, limit },
    much: { when: (f, e) => f.total.add(e.amount).gt(most), verdict: "review" },
  }).filter((d) => d.verdict.gt(1)).to("found");
}

/** A rule that flags, and one that looks at flags. */
function flagging(limit: number, after: number): Declaration {
  return pipeline("flagging", {
    input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("10s") }),
  }).key((e) => e.key).decide({ flags: flaggedWithin("1m"), most: newest((e) => e.amount) }, (f, e) => ({
    rules: { high: { when: () => e.amount.gt(limit), verdict: "review", observed: () => f.most } },
    escalate: ({ broken }) => ({
      again: {
        when: () => f.flags.gte(after).and(broken.gt(0)),
        verdict: "decline",
        observed: () => f.flags,
      },
    }),
  })).filter((d) => d.verdict.gt(2)).to("found");
}

interface Made {
  readonly module: KernelModule;
  readonly meaning: NonNullable<ReturnType<typeof meaningOf>>;
}

async function make(declaration: Declaration): Promise<Made> {
  const { pipeline, wasm } = await declared(declaration);
  const module = await loadKernel(pipeline.kernel, wasm, kernelParams(pipeline));
  return { module, meaning: meaningOf(pipeline, module)! };
}

/** What its state means, without a kernel: as one that begins with no bytes. */
function meant(declaration: Declaration): Pick<Made, "meaning"> {
  const { state, outline } = compile(declaration);
  return { meaning: { state: declaredKey(state), steps: outline, initial: "" } };
}

type Meant = Pick<Made, "meaning">;
const between = (was: Meant, is: Meant): Evolved => verdictOf(was.meaning, is.meaning);

interface Frame {
  readonly clock: number;
  readonly region: Uint8Array;
}

/** Frames of events out of order by up to 10 s and more, some of them no good. */
function frames(random: ReturnType<typeof seeded>): Frame[] {
  const base = 1_700_000_000 * SECOND;
  return Array.from({ length: 60 }, (_, f) => {
    const records = Array.from({ length: random.int(1, 12) }, () => {
      const at = base + f * 2 * SECOND - random.int(0, 11 * SECOND);
      const amount = random.chance(0.01) ? 2n ** 62n : BigInt(random.int(-1_000, 1_000));
      const value = { key: `k${random.int(0, 6)}`, note: `n${random.int(0, 4)}`, amount, at: BigInt(at) };
      const payload = toBinary(TallySchema, create(TallySchema, value));
      if (random.chance(0.02)) payload[payload.length - 1] ^= 0xff;
      return encodeEvent(payload, {});
    });
    return { clock: base + f * 2 * SECOND, region: joined(records) };
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A kernel and what it was given: timers that it asks for are frames of their own, as in a ledger. */
class Run {
  kernel: Kernel;
  timer = Infinity;
  number = 0;
  readonly effects: Uint8Array[] = [];
  constructor(readonly module: KernelModule) {
    this.kernel = module.instantiate();
  }

  apply({ clock, region }: Frame): void {
    const applied = this.kernel.apply(clock, ++this.number, region, OUTPUT_MAX);
    assert.equal(applied.consumedBytes, region.length);
    this.timer = applied.nextTimer;
    this.effects.push(applied.effects.slice());
  }

  /** The timers that are due, as frames. */
  *due(clock: number): Generator<Frame> {
    while (this.timer <= clock) {
      yield { clock, region: encodeEvent(new Uint8Array(0), { kind: EVENT_KIND.TIMER }) };
    }
  }

  /** As a checkpoint has it. */
  save(): { memoryBytes: number; records: Uint8Array[] } {
    this.kernel.snapshotBegin(true);
    const records: Uint8Array[] = [];
    for (let next = this.kernel.snapshotNext(64); next.length; next = this.kernel.snapshotNext(64)) {
      records.push(next.slice());
    }
    return { memoryBytes: this.kernel.memoryBytes, records };
  }

  load({ memoryBytes, records }: ReturnType<Run["save"]>, number: number): void {
    this.kernel.restoreBegin(memoryBytes);
    for (const record of records) this.kernel.restorePages(record);
    this.timer = this.kernel.restoreEnd().nextTimer;
    this.number = number;
  }
}

/** The one kernel up to a frame and the other from its state on, beside the other from the first frame on. */
function compare(was: KernelModule, is: KernelModule, all: readonly Frame[], cut: number): void {
  const old = new Run(was), rebuilt = new Run(is), carried = new Run(is);
  for (const frame of all.slice(0, cut)) {
    old.apply(frame);
    rebuilt.apply(frame);
    for (const timer of old.due(frame.clock)) {
      old.apply(timer);
      rebuilt.apply(timer);
    }
  }
  carried.load(old.save(), old.number);
  rebuilt.effects.length = 0;
  const end = all[all.length - 1].clock;
  const marks = encodeMarks({ time: 2n ** 63n - 1n }).map((mark) => ({
    clock: end,
    region: encodeEvent(mark, { kind: EVENT_KIND.WATERMARK }),
  }));
  for (const frame of [...all.slice(cut), ...marks]) {
    for (const run of [rebuilt, carried]) {
      run.apply(frame);
      for (const timer of run.due(frame.clock)) run.apply(timer);
    }
    assert.equal(carried.timer, rebuilt.timer);
  }
  assert.ok(rebuilt.effects.some(({ length }) => length > 0));
  assert.deepEqual(carried.effects, rebuilt.effects);
  assert.equal(carried.kernel.keys, rebuilt.kernel.keys);
}

describe("a declaration that was changed", () => {
  it("goes on with the state it had where only what is put out changed, as a replay would have it", async () => {
    const random = seeded(seed);
    const all = frames(random);
    const before = meant(rows(new Set()));
    for (const edit of TAILS) {
      const verdict = between(before, meant(rows(new Set([edit]))));
      assert.equal(verdict.kind, "carried", `${edit}: ${verdict.changes.join("; ")}`);
    }
    // Few of them are run: each is a kernel to compile.
    const subsets: Edit[][] = [[], [...TAILS], TAILS.filter(() => random.chance(0.5))];
    const made = await Promise.all(subsets.map((edits) => make(rows(new Set(edits)))));
    for (const one of made) {
      for (const other of made) {
        assert.equal(between(one, other).kind, "carried", subsets.join(" / "));
        for (let i = 0; i < 3; i++) compare(one.module, other.module, all, random.int(1, all.length - 1));
      }
    }
  });

  it("has its state rebuilt where that would be another, and names what changed", () => {
    const random = seeded(`${seed} states`);
    const before = meant(rows(new Set()));
    for (const edit of STATES) {
      const tail = random.pick(TAILS.filter((each) => !INSTEAD.includes(each)));
      const after = meant(rows(new Set<Edit>([edit, tail])));
      for (const verdict of [between(before, after), between(after, before)]) {
        assert.equal(verdict.kind, "rebuilt", edit);
        assert.ok(verdict.changes.length > 0, edit);
      }
    }
    const after = meant(rows(new Set<Edit>(["a longer window", "another threshold"])));
    assert.deepEqual(between(before, after).changes.map((text) => text.split(":")[0]), [
      ".aggregate, step 3",
    ]);
    assert.match(
      between(before, after).changes[0],
      /tumbling 20s by key.*\(it was window tumbling 10s by key/,
    );
  });

  it("is not gone on from where results were still to be put out", () => {
    const { meaning } = meant(rows(new Set()));
    const manifest = { meaning, clock: 5, nextTimer: 6 as number | null } as Manifest;
    assert.equal(carries(manifest, meaning).kind, "carried");
    assert.equal(carries({ ...manifest, nextTimer: null }, meaning).kind, "carried");
    const waiting = carries({ ...manifest, nextTimer: 5 }, meaning);
    assert.deepEqual(waiting, {
      kind: "rebuilt",
      changes: ["results were still to be put out when the checkpoint was taken"],
    });
    assert.equal(carries({ ...manifest, meaning: undefined }, meaning).kind, "rebuilt");
  });

  it("keeps what cards did when only the rules change", async () => {
    const random = seeded(`${seed} rules`);
    const all = frames(random);
    const [strict, mild, longer] = await Promise.all([
      make(deciding(3, 1_000)),
      make(deciding(5, 100)),
      make(deciding(3, 1_000, "20s")),
    ]);
    const verdict = between(strict, mild);
    assert.equal(verdict.kind, "carried");
    assert.match(verdict.changes.join(), /often when \(n gt 5\)/);
    for (let i = 0; i < 5; i++) compare(strict.module, mild.module, all, random.int(1, all.length - 1));
    const more = await make(deciding(3, 1_000, "10s", 900));
    assert.equal(between(strict, more).kind, "rebuilt");
    assert.throws(() => compare(strict.module, more.module, all, all.length - 1), assert.AssertionError);
    // A rule that flags is state; one that looks at flags is none.
    const flags = await Promise.all([make(flagging(500, 2)), make(flagging(500, 3)), make(flagging(600, 2))]);
    assert.equal(between(flags[0], flags[1]).kind, "carried");
    assert.equal(between(flags[0], flags[2]).kind, "rebuilt");
    for (let i = 0; i < 5; i++) compare(flags[0].module, flags[1].module, all, random.int(1, all.length - 1));
    // The window of the counts is no longer than that of the sums, which they share.
    assert.equal(between(strict, longer).kind, "carried");
    compare(strict.module, longer.module, all, random.int(1, all.length - 1));
  });
});
