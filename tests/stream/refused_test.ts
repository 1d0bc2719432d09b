import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { LoginSchema } from "../../actors/logins/gen/login_pb.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import {
  bounded,
  checkBounded,
  compile,
  continuous,
  count,
  countWithin,
  every,
  explain,
  hopping,
  min,
  pipeline,
  quantile,
  source,
  sum,
  type Trigger,
  tumbling,
} from "../../runtime/mod.ts";

const timed = () => source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("10s") });
const stream = () => pipeline("refused", { input: timed() });

describe("a declaration that cannot work", () => {
  const cases: [string, () => unknown, RegExp][] = [
    [
      "event time without a watermark",
      () => pipeline("refused", { input: source(TallySchema, { eventTime: (e) => e.at }) }),
      /"refused" \(source "input"\): it has event time and no watermark\. Say how far.*bounded\("10s"\)/,
    ],
    [
      "a window on a stream without event time",
      () => pipeline("refused", { input: source(TallySchema) }).key((e) => e.key).window(tumbling("1m")),
      /\(\.window, step 2\): a aligned window needs event time, and source "input" declares none\. Give it/,
    ],
    [
      "a field that does not exist",
      // deno-lint-ignore no-explicit-any
      () => stream().filter((e) => (e as any).amuont.gt(1)),
      /\(\.filter, step 1\): Cannot find field "amuont" in millrace\.tally\.v1\.Tally: it has key, amount, at, note/,
    ],
    [
      "a field that a row of aggregates does not have",
      () =>
        // deno-lint-ignore no-explicit-any
        stream().key((e) => e.key).aggregate({ n: count() }, { ttl: "1h" }).having((w) => (w as any).m.gt(1)),
      /step 3\): Cannot find field "m" in the row: it has key, n/,
    ],
    [
      "a join without retention",
      () =>
        pipeline(
          "refused",
          { a: timed(), b: timed() },
          ({ a, b }) =>
            a.key((e) => e.key).join(b.key((e) => e.key), {}, (l, r) => ({ x: l.amount, y: r.amount })).to(
              "out",
            ),
        ),
      /\(\.join, step \d\): it has no retention\. Say how near rows must be/,
    ],
    [
      "keys of different types",
      () =>
        pipeline(
          "refused",
          { a: timed(), b: timed() },
          ({ a, b }) =>
            a.key((e) => e.key).join(
              b.key((e) => e.amount),
              { after: "1h" },
              (l, r) => ({ x: l.amount, y: r.amount }),
            ).to("out"),
        ),
      /its keys differ: \(text\) and \(i64\)/,
    ],
    [
      "a union of different rows",
      () => stream().map((e) => ({ a: e.key })).union(stream().map((e) => ({ b: e.key })) as never),
      /rows differ: \{a: text\} and \{b: text\}/,
    ],
    [
      "a union of whole messages",
      () => stream().union(stream()),
      /\(\.union, step \d\): its rows are whole messages\. Say with map which fields/,
    ],
    [
      "early results of windows that overlap, told as what came since",
      () =>
        stream().key((e) => e.key).window(hopping("1m", "10s")).early({ events: 5 })
          .late({ allowed: "1m", policy: "discarding" }).aggregate({ n: count() }),
      /windows that overlap share what came.*Use the policy "retracting" or "accumulating"/,
    ],
    [
      "a share beyond all",
      () =>
        compile(
          stream().map((e) => ({ key: e.key, amount: e.amount })).key((e) => e.key).aggregate({ n: count() })
            .key((r) => r.n).aggregate({ q: quantile((r) => r.n, 2) }).to("out"),
        ),
      /Cannot take the quantile 2: give a share from 0 to 1/,
    ],
    [
      "two answers to one event",
      () =>
        compile(pipeline("refused", { input: timed() }, ({ input }) => {
          const decide = () =>
            input.key((e) => e.key).decide({ n: countWithin("1m") }, {
              many: { when: (f) => f.n.gt(5), verdict: "review" },
            });
          return [decide().to("a"), decide().to("b")];
        })),
      /an event has one answer, and \.decide, step \d gives it already/,
    ],
    [
      "a slide longer than the window",
      () => hopping("1m", "5m"),
      /Cannot make windows of 1m every 5m: events between them would be lost/,
    ],
    [
      "a duration that is none",
      () => tumbling("soon"),
      /Cannot take "soon" as a window size: write a number/,
    ],
    [
      "two outputs of one name",
      () => pipeline("refused", { input: timed() }, ({ input }) => [input.to("out"), input.to("out")]),
      /two ends are called "out"\. Rename one/,
    ],
    [
      "partitions that no key of it gives",
      () =>
        compile(
          pipeline("refused", { input: timed() }, { partitions: 4 }).key((e) => e.amount.mod(7)).aggregate({
            n: count(),
          })
            .to("out"),
        ),
      /it has 4 partitions, and this step is keyed by something else/,
    ],
    [
      "sources of different envelopes",
      () =>
        compile(pipeline("refused", {
          a: timed(),
          b: { ...timed(), variant: { within: LoginSchema, field: "user" } },
        }, ({ a, b }) => [a.to("a"), b.to("b")])),
      /its sources are of different envelopes/,
    ],
    [
      "state that grows for ever",
      () => checkBounded(stream().key((e) => e.key).aggregate({ n: min((e) => e.amount) }).to("out").plan),
      /its state grows with its keys for ever \(\.aggregate, step 2\).*unbounded: true/,
    ],
  ];
  for (const [what, declare, message] of cases) {
    it(`is refused for ${what}, with the place and the fix`, () => assert.throws(declare, message));
  }

  it("is refused when nothing leaves it", () => {
    const declaration = pipeline("refused", { a: timed(), b: timed() }, () => []);
    assert.throws(
      () => compile(declaration),
      /nothing leaves it\. End it with \.to\("name"\) or \.view\("name"\)/,
    );
  });
});

describe("when events are taken", () => {
  it("is as they come unless a declaration says otherwise", () => {
    const of = (trigger?: Trigger) =>
      compile(
        pipeline("rounds", { input: timed() }, { trigger }).key((e) => e.key).window(tumbling("1m"))
          .aggregate({ n: count() }).to("out"),
      ).pipeline.trigger;
    assert.deepEqual([of(), of(continuous), of(every("1m"))], [undefined, undefined, { everyMs: 60_000 }]);
  });
});

describe("explain", () => {
  it("tells steps, state and what a number of keys takes", () => {
    const declaration = stream().filter((e) => e.amount.gt(0)).key((e) => e.key).window(tumbling("1m"))
      .aggregate({ n: count(), total: sum((e) => e.amount) }).to("sums");
    const lines = explain(compile(declaration), { keys: 1_000_000, wasmBytes: 30_000 }).join("\n");
    assert.match(
      lines,
      /1\. source input: millrace\.tally\.v1\.Tally, event time at, out of order by 10s at most/,
    );
    assert.match(lines, /2\. filter \(amount gt 0\)/);
    assert.match(
      lines,
      /3\. window tumbling 1m by key: n = count, total = sum; late events are left out and recorded/,
    );
    assert.match(lines, /about \d+ bytes a key and pane/);
    assert.match(lines, /1,000,000 keys with one window, row or pane each: about \d+ MB/);
  });
});
