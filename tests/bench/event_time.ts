/**
 * From the watermark to the reader: how long after the event that moves the watermark past a window's end was
 * due its results are durable and with whoever reads the output. Open loop, offered from a thread of its own:
 * an event that comes late because the engine was held up is counted from when it was due.
 */
import { Worker } from "node:worker_threads";
import { build } from "hdr-histogram-js";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import { openWorld } from "../../deploy/world.ts";
import { count, inOrder, pipeline, type Runtime, source, start, sum, tumbling } from "../../runtime/mod.ts";
import { place } from "./engine.ts";
import { type Batch, type LoadOptions, now } from "./event_time_load.ts";

export interface EventTimeBench {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Windows that ended, and results of them. */
  readonly windows: number;
  readonly results: number;
  readonly offeredPerSecond: number;
  /** How late the thread that offers was itself, which the latencies contain. */
  readonly lateP99Ms: number;
  /** What a message from that thread takes while the engine has nothing to do: the machine's own share. */
  readonly idleP99Ms: number;
  readonly conditions: string;
}

const KEYS = 200;
const PER_MS = 100;
/** Event time that the windows span, microseconds: so short that hundreds of them end. */
const WINDOW = 50_000;
/** The compiler's garbage and code that is not yet optimised are not what is measured. */
const WARM_UP_SECONDS = 3;
const IDLE_SECONDS = 2;

export async function benchEventTime(seconds = 20): Promise<EventTimeBench> {
  const declaration = pipeline("latency", {
    events: source(TallySchema, { eventTime: (e) => e.at, watermark: inOrder() }),
  })
    .key((e) => e.key)
    .window(tumbling(WINDOW))
    .aggregate({ n: count(), total: sum((e) => e.amount) })
    .to("windows");
  const { pipeline: built, wasm } = await declared(declaration);
  const where = await place("sqlite");
  const world = await openWorld(where.config);
  const over = new AbortController();
  const runtime = await start({ pipelines: [built] }, world, over.signal, {
    kernels: () => Promise.resolve(wasm),
  });
  await runtime.ready;
  const base = Math.floor(Date.now() / 1000) * 1_000_000;
  const latencies = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 });
  const lateness = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 });
  const idle = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 });
  const record = (into: typeof idle, ms: number) => into.recordValue(Math.max(1, Math.round(ms * 1000)));
  const ends = new Set<number>();
  let began = 0;
  const reading = (async () => {
    for await (const { payload } of runtime.outputs(built.name, "now", over.signal)) {
      const end = windowEnd(payload), dueMs = (end - base) / 1000;
      if (dueMs < WARM_UP_SECONDS * 1000) continue;
      ends.add(end);
      record(latencies, now() - began - dueMs);
    }
  })();
  const options = {
    keys: KEYS,
    perMs: PER_MS,
    seconds: WARM_UP_SECONDS + seconds,
    base,
    idleSeconds: IDLE_SECONDS,
  };
  let offered = 0;
  await offering(options, (batch) => {
    if (batch.events.length === 0) return record(idle, now() - batch.sent);
    began = batch.began;
    offered += offer(runtime, built.name, batch.events);
    record(lateness, batch.lateMs);
  });
  await runtime.settled(built.name);
  await new Promise((resolve) => setTimeout(resolve, 200));
  over.abort();
  await reading.catch(() => {});
  await runtime.stop();
  await world.close();
  await where.remove();
  const ms = (micros: number) => Math.round(micros / 10) / 100;
  return {
    p50Ms: ms(latencies.getValueAtPercentile(50)),
    p99Ms: ms(latencies.getValueAtPercentile(99)),
    maxMs: ms(latencies.maxValue),
    windows: ends.size,
    results: latencies.totalCount,
    offeredPerSecond: Math.round(offered / options.seconds),
    lateP99Ms: ms(lateness.getValueAtPercentile(99)),
    idleP99Ms: ms(idle.getValueAtPercentile(99)),
    conditions:
      `${KEYS} keys, tumbling windows of ${
        WINDOW / 1000
      } ms, ${PER_MS}k events a second, open loop, encoded ` +
      `in a thread of its own; after ${WARM_UP_SECONDS} s of warm-up; SQLite, process durability; from when ` +
      "the event that ends a window was due until each result is durable and with the reader of the output",
  };
}

/** Runs the thread that offers; resolves when its last batch was taken. */
async function offering(workerData: LoadOptions, take: (batch: Batch) => void): Promise<void> {
  const worker = new Worker(new URL("./event_time_load.ts", import.meta.url), { workerData });
  await new Promise<void>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("message", (batch: Batch) => {
      take(batch);
      if (batch.last) resolve();
    });
  });
  await worker.terminate();
}

/** Offers the events of a batch; how many were admitted. */
function offer(runtime: Runtime, name: string, events: Uint8Array): number {
  let admitted = 0;
  for (let at = 0; at < events.length;) {
    const end = at + 1 + events[at];
    if (runtime.offer(name, events.subarray(at + 1, end), {}, () => {}) === "admitted") admitted++;
    at = end;
  }
  return admitted;
}

/** Field 3 of a result. */
function windowEnd(payload: Uint8Array): number {
  for (let at = 0; at < payload.length;) {
    const tag = payload[at++];
    if (tag === 0x0a) {
      at += 1 + payload[at];
      continue;
    }
    let value = 0, scale = 1;
    for (; payload[at] >= 0x80; scale *= 128) value += (payload[at++] & 0x7f) * scale;
    value += payload[at++] * scale;
    if (tag === 0x18) return value;
  }
  return 0;
}
