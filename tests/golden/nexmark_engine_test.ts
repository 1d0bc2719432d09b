import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { encodeEvent } from "../../actors/nexmark/gen/nexmark_wire.ts";
import { nexmark } from "../../actors/nexmark/generator.ts";
import { queries } from "../../actors/nexmark/queries.ts";
import { bids } from "../../actors/nexmark/sources.ts";
import {
  count,
  type Outcome,
  type Pipeline,
  pipeline,
  type Runtime,
  session,
  start,
  verifyChain,
  type World,
} from "../../runtime/mod.ts";
import { queries as twins, tablesOf } from "../models/nexmark.ts";
import { type Kept, kept, memoryWorld } from "../support/world.ts";
import { buildOf, type Built } from "./declared.ts";
import { writtenRows } from "./nexmark.ts";
import { rowsOf } from "./nexmark_rows.ts";
import { standing } from "./standing.ts";

const EVENTS = [...nexmark({ events: 1500, perSecond: 100 })];
const out = new Uint8Array(4096);
const PAYLOADS = EVENTS.map((event) => out.slice(0, encodeEvent(event, out, 0)));

/** The queries of event time; q12's answer depends on when its events are processed. */
const byEventTime = Object.entries(queries).filter(([query]) => query !== "q12");

describe("Nexmark's queries in the engine", () => {
  for (const [query, declaration] of byEventTime) {
    it(`${query} is the same continuously, every so often, and once over all there is; and it replays`, async () => {
      const built = await buildOf(declaration);
      const expected = writtenRows(twins[query](tablesOf(EVENTS)));
      for (const mode of [continuous, everySoOften, once]) {
        const files = kept();
        await mode(built, files);
        assert.deepEqual(writtenRows(rowsOf(query, await standing(built, files))), expected, mode.name);
        const chain = await memoryWorld(files).ledger.open(`${built.pipeline.name}-0`);
        assert.deepEqual((await verifyChain(chain, built.module)).findings, []);
      }
    });
  }

  it("give one answer over any number of partitions", async () => {
    const expected = writtenRows(twins.q11(tablesOf(EVENTS)));
    for (const partitions of [1, 2, 5]) {
      const sessions = pipeline(
        "sessions",
        { bids },
        ({ bids }) =>
          bids.key(({ bidder }) => ({ bidder })).window(session("10s")).aggregate({ bids: count() })
            .map(({ bidder, bids, windowStart, windowEnd }) => ({ bidder, bids, windowStart, windowEnd }))
            .to("sessions"),
        { partitions },
      );
      const built = await buildOf(sessions), files = kept();
      const bidsAlone = PAYLOADS.filter((_, index) => EVENTS[index].bid);
      const runtime = await open(built, files);
      await offer(runtime, built.pipeline, bidsAlone, 100);
      await end(runtime, built.pipeline);
      assert.deepEqual(writtenRows(rowsOf("q11", await standing(built, files))), expected, `${partitions}`);
    }
  });
});

/** Events come in small groups, and another owner takes over in the middle, without a word from the first. */
async function continuous(built: Built, files: Kept): Promise<void> {
  const first = await open(built, files);
  await offer(first, built.pipeline, PAYLOADS.slice(0, 700), 7);
  const second = await open(built, files);
  await offer(second, built.pipeline, PAYLOADS.slice(700), 50);
  await end(second, built.pipeline);
  await first.stop();
}

/** All that came is taken every few milliseconds. */
async function everySoOften(built: Built, files: Kept): Promise<void> {
  const pipeline: Pipeline = { ...built.pipeline, trigger: { everyMs: 3 } };
  const runtime = await open({ ...built, pipeline }, files);
  await offer(runtime, pipeline, PAYLOADS, 300);
  await end(runtime, pipeline);
}

/** A bounded input, and then its end. */
async function once(built: Built, files: Kept): Promise<void> {
  const runtime = await open(built, files);
  await offer(runtime, built.pipeline, PAYLOADS, PAYLOADS.length);
  await end(runtime, built.pipeline);
}

async function open({ pipeline, wasm }: Built, files: Kept): Promise<Runtime> {
  const world: World = memoryWorld(files);
  const runtime = await start({ pipelines: [pipeline] }, world, new AbortController().signal, {
    kernels: () => Promise.resolve(wasm),
    checkpointEvents: 400,
  });
  await runtime.ready;
  return runtime;
}

/** `group` events at a time; each is applied, durably, before the next group comes. */
async function offer(runtime: Runtime, { name }: Pipeline, payloads: readonly Uint8Array[], group: number) {
  for (let at = 0; at < payloads.length; at += group) {
    const outcomes: Outcome[] = await Promise.all(
      payloads.slice(at, at + group).map((payload) => runtime.submit(name, payload)),
    );
    assert.deepEqual(outcomes.filter(({ kind }) => kind !== "applied"), []);
  }
}

async function end(runtime: Runtime, { name }: Pipeline): Promise<void> {
  await runtime.mark(name, {});
  await runtime.settled(name);
  assert.equal(runtime.status().partitions[0].counts.late, 0);
  await runtime.stop();
}
