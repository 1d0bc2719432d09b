/**
 * What exactly once costs: each sink takes the outputs of a ledger, and so does somebody content with at least
 * once (at_least_once.ts), in turns, within one run. And what checkpoints and the hash chain cost a partition.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { tally } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { fileCheckpoints } from "../../runtime/adapters/files/checkpoints.ts";
import { natsLink } from "../../runtime/adapters/jetstream/connection.ts";
import { openPostgres } from "../../runtime/adapters/postgres.ts";
import { systemRandom } from "../../runtime/adapters/random.ts";
import { fileSink } from "../../runtime/adapters/sinks/files.ts";
import { postgresSink } from "../../runtime/adapters/sinks/postgres.ts";
import { sqliteSink } from "../../runtime/adapters/sinks/sqlite.ts";
import { streamSink } from "../../runtime/adapters/sinks/stream.ts";
import { webhookSink } from "../../runtime/adapters/sinks/webhook.ts";
import { sha256 } from "../../runtime/hash.ts";
import type { CheckpointStore } from "../../runtime/world/checkpoints.ts";
import { type Output, type Sink, start } from "../../runtime/mod.ts";
import { startNats } from "../support/nats.ts";
import { startPostgres } from "../support/postgres.ts";
import { type Kept, kept, memoryWorld, running, tallyEvent } from "../support/world.ts";
import { looseFile, loosePostgres, looseSqlite, looseStore, looseStream } from "./at_least_once.ts";
import { engine, place, push } from "./engine.ts";
import { median } from "./measure.ts";
import { Payments } from "./payments.ts";

const ROUNDS = 5;
const KEYS = 10_000;
const FILES_TIMES = 5;

interface Contest {
  readonly outputs: number;
  readonly exactly: () => Promise<Sink>;
  readonly atLeast: (bounds: Sink["bounds"]) => Promise<Sink>;
  clean(): Promise<void>;
}

export interface SinkBench {
  /** Outputs a second, the median of the rounds. */
  readonly exactlyOnce: number;
  readonly atLeastOnce: number;
  /** Share of throughput that exactly once costs; below 0: it is faster. Median of the rounds' own ratios. */
  readonly cost: number;
  readonly rounds: readonly { readonly exactlyOnce: number; readonly atLeastOnce: number }[];
  readonly outputs: number;
}

export async function benchSinks({ outputs = 100_000, webhooks = 5_000 } = {}) {
  return {
    ...await benchDelivery(outputs, webhooks),
    checkpoints: await benchCheckpoints(),
    chain: await benchChain(),
  };
}

export async function benchDelivery(outputs: number, webhooks: number, only = Object.keys(CONTESTS)) {
  const figures: Record<string, SinkBench> = {};
  const stores = new Map<number, Filled>();
  for (const name of only) {
    const contest = await CONTESTS[name](outputs, webhooks);
    const store = stores.get(contest.outputs) ?? await filled(contest.outputs);
    stores.set(contest.outputs, store);
    try {
      figures[name] = await compete(contest, store);
    } finally {
      await contest.clean();
    }
  }
  const [{ bytes }] = stores.values();
  return {
    ...figures,
    conditions: `tally, 1 partition, ${KEYS} keys, outputs of ${bytes} B read from a ledger in memory; ` +
      `medians of ${ROUNDS} rounds in turns; SQLite NORMAL, PostgreSQL with fsync, nats-server R1, one sync a ` +
      `segment; at least once: the same writes and batches, no fence, position once a second (stream: message ` +
      `by message, 256 under way)`,
  };
}

interface Filled {
  readonly store: Kept;
  readonly bytes: number;
}

async function filled(outputs: number): Promise<Filled> {
  const store = kept();
  let bytes = 0;
  await running({ pipelines: [tally] }, memoryWorld(store), async (runtime) => {
    const waiting: Promise<unknown>[] = [];
    for (let i = 0; i < outputs; i++) {
      waiting.push(runtime.submit("tally", tallyEvent(`key-${i % KEYS}`, i)));
      if (waiting.length === 2_000) await Promise.all(waiting.splice(0));
    }
    await Promise.all(waiting);
    const stop = new AbortController();
    for await (const { payload } of runtime.outputs("tally", "start", stop.signal)) {
      bytes = payload.length;
      stop.abort();
    }
  });
  return { store, bytes };
}

async function compete({ exactly, atLeast, outputs }: Contest, { store }: Filled): Promise<SinkBench> {
  const { bounds } = await exactly().then(async (sink) => (await sink.close(), sink));
  const rounds: { exactlyOnce: number; atLeastOnce: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    // In turns, and the other one first each time: what the machine does besides falls on both.
    const order = [() => exactly(), () => atLeast(bounds)];
    const [first, second] = round % 2 === 0 ? order : [...order].reverse();
    const speeds = [await drained(store, first, outputs), await drained(store, second, outputs)];
    const [exactlyOnce, atLeastOnce] = round % 2 === 0 ? speeds : [...speeds].reverse();
    if (round > 0) rounds.push({ exactlyOnce, atLeastOnce });
  }
  return {
    exactlyOnce: median(rounds.map((round) => round.exactlyOnce)),
    atLeastOnce: median(rounds.map((round) => round.atLeastOnce)),
    cost: hundredths(median(rounds.map((round) => 1 - round.exactlyOnce / round.atLeastOnce))),
    rounds,
    outputs,
  };
}

/** Outputs a second, from the first batch's begin to the last one's end. */
async function drained(store: Kept, open: () => Promise<Sink>, outputs: number): Promise<number> {
  const world = memoryWorld(store);
  const opened = await open();
  let began = 0, taken = 0;
  const seconds = new Promise<number>((resolve) => {
    const sink: Sink = {
      name: opened.name,
      bounds: opened.bounds,
      keepsEmpty: opened.keepsEmpty,
      position: () => Promise.resolve(undefined),
      async commit(batch) {
        began ||= performance.now();
        await opened.commit(batch);
        taken += batch.outputs.length;
        if (taken === outputs) resolve((performance.now() - began) / 1000);
      },
      close: () => opened.close(),
    };
    const sinks = [{ name: "bench", pipeline: "tally", open: () => Promise.resolve(sink) }];
    const abort = new AbortController();
    void start({ pipelines: [tally] }, world, abort.signal, { kernels: readKernel, sinks }).then(
      (runtime) => void stops.push(() => runtime.stop()),
    );
  });
  const stops: (() => Promise<void>)[] = [];
  const took = await seconds;
  for (const stop of stops) await stop();
  return Math.round(outputs / took);
}

type Make = (outputs: number, webhooks: number) => Promise<Contest>;

const CONTESTS: Record<string, Make> = {
  async sqlite(outputs) {
    const folder = await scratch();
    let count = 0;
    const options = {
      pipeline: "tally",
      table: "totals",
      rows: "key",
      value: "protobuf",
      sync: false,
    } as const;
    return {
      outputs,
      exactly: () => sqliteSink({ ...options, file: join(folder, `out-${count++}.db`) }),
      atLeast: (bounds) => Promise.resolve(looseSqlite(bounds, folder, join(folder, `loose-${count++}.db`))),
      clean: () => rm(folder, { recursive: true }),
    };
  },
  async postgres(outputs) {
    const folder = await scratch();
    const server = await startPostgres();
    let count = 0;
    const options = { url: server.url, pipeline: "tally", rows: "key", value: "protobuf" } as const;
    return {
      outputs,
      exactly: () => postgresSink({ ...options, table: `totals_${count++}` }),
      async atLeast(bounds) {
        const own = openPostgres({ url: server.url, connections: 1, connectMs: 10_000, statementMs: 60_000 });
        await own.query("DROP TABLE IF EXISTS loose");
        await own.close(5_000);
        return loosePostgres(bounds, folder, server.url);
      },
      async clean() {
        await server.close();
        await rm(folder, { recursive: true });
      },
    };
  },
  async stream(outputs) {
    const folder = await scratch();
    const server = await startNats();
    const link = await natsLink({ servers: server.url });
    const remove = (name: string) => link.jsm.streams.delete(name).catch(() => {});
    return {
      outputs,
      async exactly() {
        await remove("out");
        return await streamSink({ link, pipeline: "tally", stream: "out" });
      },
      async atLeast(bounds) {
        await remove("loose");
        return await looseStream(bounds, folder, link);
      },
      async clean() {
        await link.close();
        await server.close();
        await rm(folder, { recursive: true });
      },
    };
  },
  async files(outputs) {
    const folder = await scratch();
    let count = 0;
    return {
      outputs: outputs * FILES_TIMES, // there are few segments in so many, and the first is small
      exactly: () => fileSink({ folder: join(folder, `out-${count++}`), format: "protobuf", segmentMs: 0 }),
      atLeast: (bounds) => looseFile(bounds, join(folder, `loose-${count++}`)),
      clean: () => rm(folder, { recursive: true }),
    };
  },
  async webhook(_, outputs) {
    const folder = await scratch();
    const server = createServer((request, response) => {
      request.resume().once("end", () => response.writeHead(204).end());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const secret = `whsec_${btoa("a secret of thirty-two bytes, yes")}`;
    const json = ({ payload }: Output) => `{"bytes":${payload.length}}`;
    const random = systemRandom(), clock = systemClock();
    const hook = (store: CheckpointStore) =>
      webhookSink({ name: "hook", pipeline: "tally", url, secret, json, store, clock, random });
    let count = 0;
    return {
      outputs,
      exactly: () => hook(fileCheckpoints({ folder: join(folder, `position-${count++}`), random })),
      atLeast: () =>
        hook(looseStore(fileCheckpoints({ folder: join(folder, `position-${count++}`), random }))),
      async clean() {
        server.closeAllConnections();
        server.close();
        await rm(folder, { recursive: true });
      },
    };
  },
};

/**
 * Processor time of a checkpoint when nothing else goes on, as a share of what the payments take after which one is
 * due by default. A share so small would drown in what two runs with and without differ by.
 */
async function benchCheckpoints({ cards = 200_000, everyByDefault = 1_000_000, rounds = 7 } = {}) {
  const at = await place("sqlite");
  const { runtime, stop } = await engine(at, { checkpointEvents: cards });
  const payments = new Payments(cards, cards * (rounds + 1), systemClock().now());
  const made = () => runtime.status().partitions[0].counts.checkpoints;
  const road: number[] = [], saving: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const before = process.cpuUsage();
    await push(runtime, () => payments.next(), cards); // the last of them begins a checkpoint
    const pushed = process.cpuUsage(before), began = process.cpuUsage();
    while (made() <= round) await new Promise((resolve) => setTimeout(resolve, 5));
    const saved = process.cpuUsage(began);
    if (round === 0) continue;
    road.push((pushed.user + pushed.system) / cards);
    saving.push((saved.user + saved.system) / 1000);
  }
  await stop();
  await at.remove();
  return {
    cost: hundredths(median(saving) * 1000 / (median(road) * everyByDefault)),
    milliseconds: saving.map(hundredths),
    microsecondsPerPayment: road.map(hundredths),
    conditions: `fraud, ${cards} cards, all pages changed, SQLite process durability, a checkpoint every ` +
      `${everyByDefault} events; processor time, all threads`,
  };
}

/** Processor time of the chain's SHA-256 over frames as the pipeline makes them, as a share of the road's. */
async function benchChain({ cards = 200_000, events = 1_000_000 } = {}) {
  const at = await place("sqlite");
  const { runtime, stop } = await engine(at, { checkpointEvents: 1_000_000_000 });
  const payments = new Payments(cards, cards + events, systemClock().now());
  await push(runtime, () => payments.next(), cards);
  const counts = () => runtime.status().partitions[0].counts;
  const began = counts(), before = process.cpuUsage();
  await push(runtime, () => payments.next(), events);
  const road = process.cpuUsage(before), ended = counts();
  await stop();
  await at.remove();
  const frames = ended.frames - began.frames;
  const frameBytes = Math.round((ended.frameBytes - began.frameBytes) / frames);
  const message = new Uint8Array(frameBytes).map((_, i) => i * 31);
  for (let i = 0; i < frames / 10; i++) sha256(message);
  const hashing = process.cpuUsage();
  for (let i = 0; i < frames; i++) sha256(message);
  const hashed = process.cpuUsage(hashing);
  const micros = (used: { user: number; system: number }) => used.user + used.system;
  return {
    cost: hundredths(micros(hashed) / (micros(road) - micros(hashed))),
    megabytesPerSecond: Math.round(frames * frameBytes / micros(hashed)),
    bytesPerEvent: Math.round((ended.frameBytes - began.frameBytes) / events),
    nanosecondsPerEvent: Math.round(micros(hashed) * 1000 / events),
    roadNanosecondsPerEvent: Math.round(micros(road) * 1000 / events),
    conditions: `fraud, ${cards} cards, SQLite, ${frameBytes} B a frame; processor time, all threads`,
  };
}

function scratch(): Promise<string> {
  return mkdtemp(join(tmpdir(), "millrace-bench-"));
}

function hundredths(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
