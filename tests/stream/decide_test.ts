/** Decisions: what is refused leaves no trace, what was known last of a key, and more events than are kept. */
import assert from "node:assert/strict";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { before, describe, it } from "@std/testing/bdd";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import { EFFECT_KIND, EffectCursor } from "../../runtime/partition/records.ts";
import { encodeEvent } from "../../runtime/partition/mailbox.ts";
import {
  bounded,
  countWithin,
  DecisionSchema,
  type Declaration,
  type KernelModule,
  kernelParams,
  lastKnown,
  loadKernel,
  type Pipeline,
  pipeline,
  source,
  sumWithin,
} from "../../runtime/mod.ts";
import { RejectReason } from "../../runtime/proto/gen/frame_pb.ts";
import { encodeOf } from "../support/declared.ts";

const SECOND = 1_000_000n, CLOCK = 1_900_000_000_000_000;
const timed = () => source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1h") });

/** What each event is answered: the figures of its decision by name, or why it was refused. */
async function answers(declaration: Declaration) {
  const { pipeline, wasm } = await declared(declaration);
  const module: KernelModule = await loadKernel(pipeline.kernel, wasm, kernelParams(pipeline));
  const kernel = module.instantiate();
  let frame = 0;
  return (payload: Uint8Array, clock = CLOCK): unknown => {
    const effects = new EffectCursor(
      kernel.apply(clock, ++frame, encodeEvent(payload, {}), 65536).effects.slice(),
    );
    while (effects.next()) {
      if (effects.kind === EFFECT_KIND.REJECT) return nameOf(pipeline.rejects, effects.reason);
      if (effects.kind !== EFFECT_KIND.REPLY) continue;
      const { figures } = fromBinary(DecisionSchema, effects.payload);
      return Object.fromEntries(figures.map(({ code, value }) => [nameOf(pipeline.figures, code), value]));
    }
    return undefined;
  };
}

function nameOf(names: Pipeline["rejects"], code: number): string | number {
  return names?.value[code]?.localName ?? code;
}

const tally = (at: bigint, amount: bigint, note = "") =>
  toBinary(TallySchema, create(TallySchema, { key: "k", at: at * SECOND, amount, note }));

describe("a decision", () => {
  let code: Awaited<ReturnType<typeof answers>>;
  before(async () => {
    const rows = pipeline(
      "known",
      { rows: timed(), facts: source(TallySchema) },
      ({ rows, facts }) =>
        rows.key((e) => e.key).decide(
          {
            n: countWithin("1m"),
            note: lastKnown((e) => e.note.code(), { where: (e) => e.note.length().gt(0), fact: "noted" }),
          },
          (f, e) => ({
            refuse: {
              otherNote: () => {
                const note = e.note.code();
                return note.ne(0).and(f.note.ne(0)).and(note.ne(f.note)).and(f.n.gt(0));
              },
            },
            rules: {},
          }),
          {
            facts: facts.map((e) => ({ key: e.key, noted: e.note.code() })).key((e) => e.key),
            ttl: "1h",
          },
        ).to("told"),
    );
    const told = await answers(rows), { pipeline: { input } } = await declared(rows);
    code = (payload, clock) => told(payload, clock);
    of = (name, at, note) => encodeOf(input, name, { key: "k", at: at * SECOND, amount: 1, note });
  });
  let of: (name: "rows" | "facts", at: bigint, note: string) => Uint8Array;
  const CODE = (text: string) =>
    [...text].reduce((sum, c, i) => sum + (BigInt(c.charCodeAt(0)) << BigInt(8 * i)), 0n);

  it("refuses by what was known before the event, says why by name, and counts nothing of it", () => {
    assert.deepEqual(code(of("rows", 100n, "INR")), { N: 1n, NOTE: 0n });
    assert.deepEqual(code(of("rows", 101n, "")), { N: 2n, NOTE: CODE("INR") });
    assert.equal(code(of("rows", 102n, "USD")), "OTHER_NOTE");
    assert.deepEqual(code(of("rows", 103n, "INR")), { N: 3n, NOTE: CODE("INR") });
    // Nothing is left of those before: another is taken.
    assert.deepEqual(code(of("rows", 300n, "USD")), { N: 1n, NOTE: CODE("INR") });
    assert.deepEqual(code(of("rows", 301n, "US")), "OTHER_NOTE");
  });

  it("knows what a fact said last, also when the key was idle, and refuses text that is too long for a code", () => {
    code(of("facts", 0n, "EUR"));
    assert.equal(code(of("rows", 302n, "USD")), "OTHER_NOTE");
    code(of("facts", 0n, "")); // it says nothing any more; what it said was the last
    assert.deepEqual(code(of("rows", 303n, "")), { N: 2n, NOTE: CODE("EUR") });
    code(of("facts", 0n, "GBP"));
    const later = CLOCK + 2 * 3_600_000_000;
    assert.deepEqual(code(of("rows", 304n, ""), later), { N: 1n, NOTE: CODE("GBP") });
    assert.equal(code(of("rows", 305n, "too long a note"), later), RejectReason.OUT_OF_RANGE);
    assert.deepEqual(code(of("rows", 305n, "8 bytes!"), later), "OTHER_NOTE");
  });

  it("counts nothing of an event that is too old for one of its windows", async () => {
    const ask = await answers(
      pipeline("windows", { input: timed() }).key((e) => e.key).decide({
        recent: sumWithin((e) => e.amount, "10s", (e) => e.amount.gt(5)),
        long: sumWithin((e) => e.amount, "1m"),
      }, {}).to("told"),
    );
    assert.deepEqual(ask(tally(100n, 10n)), { RECENT: 10n, LONG: 10n });
    assert.equal(ask(tally(80n, 7n)), RejectReason.TOO_OLD);
    assert.deepEqual(ask(tally(80n, 3n)), { RECENT: 10n, LONG: 13n });
  });

  it("takes the oldest for one where more come than are kept, for as long as they count", async () => {
    const many = pipeline("many", { input: timed() }).key((e) => e.key).decide(
      { n: countWithin("20s"), sum: sumWithin((e) => e.amount, "1m") },
      {},
      { most: 3, beyond: "merge" },
    ).to("told");
    const ask = await answers(many);
    for (let i = 0n; i < 5n; i++) {
      assert.deepEqual(ask(tally(100n + i, 1n)), { N: i + 1n, SUM: i + 1n });
    }
    // Three are one, at the time of the third; what is older than that joins it. Never too few are counted.
    assert.deepEqual(ask(tally(90n, 1n)), { N: 6n, SUM: 6n });
    assert.deepEqual(ask(tally(121n, 1n)), { N: 7n, SUM: 7n });
    assert.deepEqual(ask(tally(300n, 1n)), { N: 1n, SUM: 1n });
  });
});
