/**
 * Nexmark's queries as declared pipelines, thousand events a second on one core: with the ledger off (the
 * kernel alone, in frames) and on (offered one by one, partition → kernel → durable frame → released effects).
 * Events are generated and encoded before anything is measured.
 */
import { queries } from "../../actors/nexmark/queries.ts";
import { START_AT } from "../../actors/nexmark/generator.ts";
import { declared } from "../../deploy/declared.ts";
import { openWorld } from "../../deploy/world.ts";
import {
  kernelParams,
  loadKernel,
  type Outcome,
  type Pipeline,
  type Runtime,
  start,
} from "../../runtime/mod.ts";
import { place } from "./engine.ts";
import { median } from "./measure.ts";
import { recordedBy } from "../support/recorded.ts";
import { Encoded } from "./nexmark_events.ts";

export interface NexmarkFigure {
  readonly perSecond: number;
  /** Of every round, so that a reader sees the spread; the figure is their median. */
  readonly rounds: readonly number[];
  /** Bytes that events and effects have as frames; 0 without a ledger. */
  readonly bytesPerEvent: number;
}

export interface NexmarkBench {
  readonly sqlite: Readonly<Record<string, NexmarkFigure>>;
  readonly jetstream: Readonly<Record<string, NexmarkFigure>>;
  readonly off: Readonly<Record<string, NexmarkFigure>>;
  readonly conditions: string;
}

export interface NexmarkBenchOptions {
  /** Default: Nexmark's own. */
  readonly only?: readonly string[];
  /** Before the measured rounds: windows and tables fill. Default 100,000. */
  readonly warmup?: number;
  /** Of one round. Default 200,000. */
  readonly events?: number;
}

/** Without RisingWave's additions, q101 and on. */
const MEASURED = Object.keys(queries).filter((query) => query.length < 4);
const ROUNDS = 3;
const FRAME_EVENTS = 500;
const EVENTS_PER_SECOND = 10_000;

export async function benchNexmark(options: NexmarkBenchOptions = {}): Promise<NexmarkBench> {
  const { only = MEASURED, warmup = 100_000, events = 200_000 } = options;
  const encoded = new Encoded({ events: warmup + ROUNDS * events, perSecond: EVENTS_PER_SECOND });
  const sqlite: Record<string, NexmarkFigure> = {}, jetstream: Record<string, NexmarkFigure> = {};
  const off: Record<string, NexmarkFigure> = {};
  for (const query of only) {
    const { pipeline, wasm } = await declared(queries[query]);
    off[query] = await withoutLedger(pipeline, wasm, encoded, warmup, events);
    sqlite[query] = await withLedger("sqlite", pipeline, wasm, encoded, warmup, events);
    jetstream[query] = await withLedger("jetstream", pipeline, wasm, encoded, warmup, events);
    const thousands = [off, sqlite, jetstream].map((all) => Math.round(all[query].perSecond / 1000));
    console.error(
      `${query}: off ${thousands[0]} k/s, sqlite ${thousands[1]} k/s, jetstream ${thousands[2]} k/s`,
    );
  }
  return {
    sqlite,
    jetstream,
    off,
    conditions:
      `generator of 1 person, 3 auctions, 46 bids, ${EVENTS_PER_SECOND} events a second of event time, ` +
      `4 s of declared disorder, encoded beforehand; ${warmup} events to warm up, median of ${ROUNDS} rounds of ${events}; ` +
      `1 partition; off: frames of ${FRAME_EVENTS} events, no ledger; sqlite, jetstream: process durability, ` +
      "closed loop, checkpoints on, the server of JetStream on another core",
  };
}

async function withoutLedger(
  pipeline: Pipeline,
  wasm: Uint8Array,
  encoded: Encoded,
  warmup: number,
  events: number,
): Promise<NexmarkFigure> {
  const kernel = (await loadKernel(pipeline.kernel, wasm, kernelParams(pipeline))).instantiate();
  const recorded = pipeline.lookups ? recordedBy(pipeline) : undefined;
  const frames = (from: number, to: number) => {
    const made: Uint8Array[] = [];
    for (let at = from; at < to; at += FRAME_EVENTS) {
      made.push(encoded.region(at, Math.min(at + FRAME_EVENTS, to), recorded));
    }
    return made;
  };
  let clock = START_AT, number = 0;
  const apply = (all: readonly Uint8Array[]) => {
    for (const frame of all) {
      clock += FRAME_EVENTS * 1_000_000 / EVENTS_PER_SECOND;
      for (let at = 0; at < frame.length;) {
        at += kernel.apply(clock, ++number, at ? frame.subarray(at) : frame, 1 << 20).consumedBytes;
      }
    }
  };
  apply(frames(0, warmup));
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const from = warmup + round * events;
    const all = frames(from, from + events);
    const began = performance.now();
    apply(all);
    return Math.round(events / (performance.now() - began) * 1000);
  });
  return { perSecond: median(rounds), rounds, bytesPerEvent: 0 };
}

async function withLedger(
  ledger: "sqlite" | "jetstream",
  pipeline: Pipeline,
  wasm: Uint8Array,
  encoded: Encoded,
  warmup: number,
  events: number,
): Promise<NexmarkFigure> {
  const at = await place(ledger);
  const world = await openWorld(at.config);
  const runtime = await start({ pipelines: [pipeline] }, world, new AbortController().signal, {
    kernels: () => Promise.resolve(wasm),
  });
  try {
    await runtime.ready;
    await push(runtime, pipeline.name, encoded, 0, warmup);
    const before = runtime.status().partitions[0].counts;
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const from = warmup + round * events;
      rounds.push(Math.round(events / await push(runtime, pipeline.name, encoded, from, from + events)));
    }
    const { counts } = runtime.status().partitions[0];
    return {
      perSecond: median(rounds),
      rounds,
      bytesPerEvent: Math.round((counts.frameBytes - before.frameBytes) / (counts.events - before.events)),
    };
  } finally {
    await runtime.stop();
    await world.close();
    await at.remove();
  }
}

/** Offers events as fast as they are admitted; resolves, with the seconds it took, when the last is released. */
function push(runtime: Runtime, name: string, encoded: Encoded, from: number, to: number): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    let sent = from, settled = from;
    const done = (outcome: Outcome) => {
      if (outcome.kind !== "applied") return reject(new Error(`an event was ${outcome.kind}`));
      if (++settled === to) resolve((performance.now() - began) / 1000);
    };
    const go = () => {
      while (sent < to) {
        const admission = runtime.offer(name, encoded.event(sent), {}, done);
        if (admission === "full") return void setImmediate(go);
        if (admission !== "admitted") return reject(new Error(`an event was not admitted: ${admission}`));
        sent++;
      }
    };
    go();
  });
}
