import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { encodeEvent } from "../../actors/nexmark/gen/nexmark_wire.ts";
import { nexmark, type NexmarkEvent, timeOf } from "../../actors/nexmark/generator.ts";
import { queries } from "../../actors/nexmark/queries.ts";
import { type Seeded, seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { queries as twins, type Row, tablesOf } from "../models/nexmark.ts";
import { q12 as q12Twin } from "../models/nexmark_windows.ts";
import type { DeclaredRun, OutputRow } from "../support/declared.ts";
import { begin, buildOf, type Built, fork } from "./declared.ts";
import { expectedRows, oracleEvents, oracleQueries, writtenRows } from "./nexmark.ts";
import { rowsOf } from "./nexmark_rows.ts";

/** What the queries declare: four seconds. */
const DISORDER = 4_000_000;
const seed = seedOf(process.env, 20260721);

interface Stream {
  readonly events: readonly NexmarkEvent[];
  readonly payloads: readonly Uint8Array[];
  /** After all of them. */
  readonly clock: number;
}

describe(`Nexmark's queries as declared pipelines (MILLRACE_SEED=${seed})`, () => {
  const oracle = streamOf(oracleEvents());
  const generated = streamOf([...nexmark({ events: 3000, perSecond: 100, outOfOrderGroup: 20 })]);

  // How sales at one instant follow each other SQL leaves open, and of the oracle's two are.
  const small = streamOf([...nexmark({ events: 400, perSecond: 100 })]);

  for (const [query, declaration] of Object.entries(queries)) {
    describe(query, () => {
      const data = query === "q6" ? small : oracle;
      const answer = (stream: Stream, rows: Row[]) =>
        assert.deepEqual(writtenRows(rows), expected(query, stream));

      if (oracleQueries().includes(query)) {
        it("answers as RisingWave does", async () => {
          const rows = run(await buildOf(declaration), oracle);
          assert.deepEqual(writtenRows(rowsOf(query, rows)), expectedRows(query));
        });
      }

      it("answers a small data set as its twin does, in one frame or in many", async () => {
        const built = await buildOf(declaration);
        for (const frame of [undefined, 1, 7]) answer(data, rowsOf(query, run(built, data, frame)));
      });

      it("answers the same in any order within the bound of disorder", async () => {
        const built = await buildOf(declaration), random = seeded(seed);
        for (let round = 0; round < 20; round++) {
          const stream = shuffled(data, random);
          answer(stream, rowsOf(query, run(built, stream, 1 + random.int(0, 20))));
        }
      });

      it("answers the same when it is stopped and restored at any event", async () => {
        const built = await buildOf(declaration);
        const life = begin(built, data.clock);
        for (let at = 0; at < data.payloads.length; at++) {
          const other = fork(life, built);
          other.apply(data.payloads.slice(at));
          answer(data, rowsOf(query, ended(other)));
          life.apply([data.payloads[at]]);
        }
      });

      it("answers generated events as its twin does", async () => {
        const built = await buildOf(declaration);
        answer(generated, rowsOf(query, run(built, generated, 100)));
        const random = seeded(seed + 1);
        const stream = shuffled(generated, random);
        answer(stream, rowsOf(query, run(built, stream, 33)));
      });

      if (!declaration.plan.options.unbounded) {
        it("keeps nothing when all is told", async () => {
          const life = begin(await buildOf(declaration), generated.clock);
          life.apply(generated.payloads);
          life.end();
          assert.equal(life.keys, 0);
        });
      }
    });
  }
});

function expected(query: string, { events, clock }: Stream): string[] {
  const rows = query === "q12"
    ? q12Twin(events.flatMap(({ bid }) => bid ? [{ bid, at: clock }] : []))
    : twins[query](tablesOf(events));
  return writtenRows(rows);
}

function run(built: Built, { payloads, clock }: Stream, frame = payloads.length): readonly OutputRow[] {
  const life = begin(built, clock);
  life.apply(payloads, frame);
  return ended(life);
}

function ended(life: DeclaredRun): readonly OutputRow[] {
  life.end();
  assert.deepEqual([life.late, life.rejects], [[], []]);
  return life.standing(life.pipeline.name);
}

function streamOf(events: readonly NexmarkEvent[]): Stream {
  const out = new Uint8Array(4096);
  const payloads = events.map((event) => out.slice(0, encodeEvent(event, out, 0)));
  return { events, payloads, clock: events.reduce((latest, event) => Math.max(latest, timeOf(event)), 0) };
}

/** Each event comes up to the bound later than its time: the order changes, and nothing is late. */
function shuffled({ events, payloads, clock }: Stream, random: Seeded): Stream {
  const order = events.map((event, index) => ({ index, at: timeOf(event) + random.int(0, DISORDER - 1) }))
    .sort((a, b) => a.at - b.at).map(({ index }) => index);
  return {
    events: order.map((index) => events[index]),
    payloads: order.map((index) => payloads[index]),
    clock,
  };
}
