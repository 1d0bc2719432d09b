/**
 * How fast the ledgers take frames: JetStream with 200 events of 128 B a frame, 8 frames in flight, against
 * the client library's own publish of one event a message, in the same run on the same server; and SQLite.
 */
import { jetstream, StorageType } from "@nats-io/jetstream";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { type NatsLink, natsLink } from "../../runtime/adapters/jetstream/connection.ts";
import { jetstreamLedger } from "../../runtime/adapters/jetstream/ledger.ts";
import { sqliteLedger } from "../../runtime/adapters/sqlite/ledger.ts";
import type { Appended, Chain, Durability } from "../../runtime/world/ledger.ts";
import { startNats } from "../support/nats.ts";

export interface LedgerBenchOptions {
  /** Roughly how long each measurement lasts. Default 2. */
  readonly seconds?: number;
}

export interface LedgerBench {
  /** Events per second in frames over events per second with js.publish: the point of frames. */
  readonly timesJsPublish: number;
  readonly jsPublishPerSecond: number;
  readonly framesEventsPerSecond: number;
  /** One small append at a time on JetStream. */
  readonly appendOneP50Ms: number;
  readonly sqlite: Record<string, SqliteFigures>;
  readonly conditions: Record<string, string | number>;
}

interface SqliteFigures {
  /** Frames of 100 kB per second, 8 in flight. */
  readonly frames100kPerSecond: number;
  readonly appendOneP50Us: number;
  readonly appendOneP99Us: number;
}

const EVENT_BYTES = 128;
const FRAME_EVENTS = 200;
const IN_FLIGHT = 8;
/** The best of these counts for js.publish. */
const PUBLISH_CONCURRENCY = [64, 256, 1024];

export async function benchLedger(options: LedgerBenchOptions = {}): Promise<LedgerBench> {
  const seconds = options.seconds ?? 2;
  const server = await startNats();
  const link = await natsLink({ servers: server.url });
  try {
    const version = link.nc.info!.version;
    await jsPublish(link, 256, seconds / 4);
    const publishes: number[] = [];
    for (const concurrency of PUBLISH_CONCURRENCY) {
      publishes.push(await jsPublish(link, concurrency, seconds));
    }
    const jsPublishPerSecond = Math.round(Math.max(...publishes));
    const ledger = await jetstreamLedger({ link, clock: systemClock(), prefix: "bench" });
    const chain = await ledger.open("frames-0");
    const frame = new Uint8Array(EVENT_BYTES * FRAME_EVENTS).fill(7);
    await pipelined(chain, frame, seconds / 4);
    const framesEventsPerSecond = Math.round(await pipelined(chain, frame, seconds) * FRAME_EVENTS);
    const one = await oneAtATime(await ledger.open("one-0"), seconds);
    await ledger.close();
    return {
      timesJsPublish: rounded(framesEventsPerSecond / jsPublishPerSecond),
      jsPublishPerSecond,
      framesEventsPerSecond,
      appendOneP50Ms: rounded(one.p50Us / 1000),
      sqlite: await sqliteFigures(seconds),
      conditions: {
        eventBytes: EVENT_BYTES,
        frameEvents: FRAME_EVENTS,
        framesInFlight: IN_FLIGHT,
        durability: "process",
        natsServer: version,
        jsPublishConcurrency: PUBLISH_CONCURRENCY[publishes.indexOf(Math.max(...publishes))],
        cores: cpus().length,
        runtime: "Deno" in globalThis
          ? `deno ${process.versions.deno}`
          : `bun ${process.versions.bun ?? process.version}`,
      },
    };
  } finally {
    await link.close();
    await server.close();
  }
}

/** The library as it comes: one event a message, `concurrency` publishes under way. Events per second. */
async function jsPublish(link: NatsLink, concurrency: number, seconds: number): Promise<number> {
  const stream = "BENCH_PUBLISH";
  await link.jsm.streams.add({ name: stream, subjects: ["bench.publish"], storage: StorageType.File });
  const client = jetstream(link.nc);
  const event = new Uint8Array(EVENT_BYTES).fill(7);
  const start = performance.now();
  let count = 0;
  const publisher = async () => {
    while (performance.now() - start < seconds * 1000) {
      await client.publish("bench.publish", event);
      count++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, publisher));
  const perSecond = count / ((performance.now() - start) / 1000);
  await link.jsm.streams.delete(stream);
  return perSecond;
}

/** Frames per second with `IN_FLIGHT` of them under way. */
async function pipelined(chain: Chain, frame: Uint8Array, seconds: number): Promise<number> {
  let { last } = await chain.extent();
  const window: Promise<Appended>[] = [];
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < seconds * 1000) {
    window.push(chain.append(last++, frame));
    if (window.length >= IN_FLIGHT) count += insist(await window.shift()!);
  }
  for (const outcome of window) count += insist(await outcome);
  return count / ((performance.now() - start) / 1000);
}

async function oneAtATime(chain: Chain, seconds: number): Promise<{ p50Us: number; p99Us: number }> {
  const message = new Uint8Array(300).fill(7);
  let { last } = await chain.extent();
  const times: number[] = [];
  const start = performance.now();
  while (performance.now() - start < seconds * 1000 && times.length < 100_000) {
    const before = performance.now();
    insist(await chain.append(last++, message));
    times.push((performance.now() - before) * 1000);
  }
  // The first tenth warms up.
  const sorted = times.slice(Math.floor(times.length / 10)).sort((a, b) => a - b);
  return { p50Us: sorted[Math.floor(sorted.length * 0.5)], p99Us: sorted[Math.floor(sorted.length * 0.99)] };
}

async function sqliteFigures(seconds: number): Promise<Record<string, SqliteFigures>> {
  const figures: Record<string, SqliteFigures> = {};
  for (const durability of ["process", "bounded", "fsync"] satisfies Durability[]) {
    const folder = await mkdtemp(join(tmpdir(), "millrace-bench-"));
    const ledger = await sqliteLedger({ folder, durability, clock: systemClock() });
    const frames = await pipelined(await ledger.open("frames-0"), new Uint8Array(100_000).fill(7), seconds);
    const one = await oneAtATime(await ledger.open("one-0"), seconds);
    figures[durability] = {
      frames100kPerSecond: Math.round(frames),
      appendOneP50Us: rounded(one.p50Us),
      appendOneP99Us: rounded(one.p99Us),
    };
    await ledger.close();
    await rm(folder, { recursive: true });
  }
  return figures;
}

function insist(outcome: Appended): 1 {
  if (outcome.kind === "stored") return 1;
  throw new Error(`Cannot measure the ledger: an append was ${outcome.kind}.`, { cause: outcome });
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

if (import.meta.main) console.log(JSON.stringify(await benchLedger(), null, 2));
