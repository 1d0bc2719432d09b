/**
 * From the watermark to the reader: how long after the event that moves the watermark past a window's end was
 * due its results are durable and with whoever reads the output. Open loop, offered from a thread of its own:
 * an event that comes late because the engine was held up is counted from when it was due.
 */
import process from "node:process";
import { Worker } from "node:worker_threads";
import { build, type Histogram } from "hdr-histogram-js";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import { openWorld } from "../../deploy/world.ts";
import { count, inOrder, pipeline, type Runtime, source, start, sum, tumbling } from "../../runtime/mod.ts";
import { place } from "./engine.ts";
import { startControl } from "./event_time_control.ts";
import { type Batch, type LoadOptions, now } from "./event_time_load.ts";

export interface EventTimeBench {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Windows that ended, and results of them. */
  readonly windows: number;
  readonly results: number;
  readonly offeredPerSecond: number;
  /** How late the thread that offers sent the events that end windows, which the latencies contain. */
  readonly lateP99Ms: number;
  /**
   * A thread that only slept, in the same run: how late it was woken; the share of windows during which that was
   * more than a millisecond, which is the machine's doing; and the 99th percentile of all other windows.
   */
  readonly machine: {
    readonly lateP99Ms: number;
    readonly lateMaxMs: number;
    readonly disturbedWindows: number;
    readonly undisturbedP99Ms: number;
  };
  readonly conditions: string;
}

const KEYS = 200;
const PER_MS = 100;
/** Event time that the windows span, microseconds: so short that hundreds of them end. */
const WINDOW = 50_000;
/** The compiler's garbage and code that is not yet optimised are not what is measured. */
const WARM_UP_SECONDS = 3;
const DISTURBED_MS = 1;

/** A window, by when the event that ends it was due. */
interface Ended {
  readonly due: number;
  /** When each of its results was read. */
  readonly read: number[];
}

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
  const windows = new Map<number, Ended>();
  let began = 0;
  const reading = (async () => {
    for await (const { payload } of runtime.outputs(built.name, "now", over.signal)) {
      const end = windowEnd(payload), afterMs = (end - base) / 1000;
      if (afterMs < WARM_UP_SECONDS * 1000) continue;
      const window = windows.get(end);
      if (window) window.read.push(now());
      else windows.set(end, { due: began + afterMs, read: [now()] });
    }
  })();
  const options = { keys: KEYS, perMs: PER_MS, seconds: WARM_UP_SECONDS + seconds, base };
  const control = startControl(options.seconds + 5);
  const lateness = histogram();
  let offered = 0;
  await offering(options, (batch) => {
    began = batch.began;
    offered += offer(runtime, built.name, batch.events);
    const ended = Math.floor(offered / (PER_MS * WINDOW / 1000)) * WINDOW / 1000;
    if (began + ended > batch.sent - batch.spanMs) record(lateness, batch.sent - began - ended);
  });
  await runtime.settled(built.name);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const slept = await control.stop();
  over.abort();
  await reading.catch(() => {});
  await runtime.stop();
  await world.close();
  await where.remove();
  const all = [...windows.values()];
  const latencies = histogram(), undisturbed = histogram();
  let disturbedWindows = 0;
  for (const { due, read } of all) {
    const disturbed = lateBetween(slept, due, read.at(-1)!) > DISTURBED_MS;
    if (disturbed) disturbedWindows++;
    for (const at of read) {
      record(latencies, at - due);
      if (!disturbed) record(undisturbed, at - due);
    }
  }
  const sleeps = histogram();
  for (let i = 0; i < slept.sleeps; i++) record(sleeps, slept.times[2 * i + 1] - slept.times[2 * i]);
  return {
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    p999Ms: percentile(latencies, 99.9),
    maxMs: percentile(latencies, 100),
    windows: windows.size,
    results: latencies.totalCount,
    offeredPerSecond: Math.round(offered / options.seconds),
    lateP99Ms: percentile(lateness, 99),
    machine: {
      lateP99Ms: percentile(sleeps, 99),
      lateMaxMs: percentile(sleeps, 100),
      disturbedWindows: Math.round(1000 * disturbedWindows / all.length) / 1000,
      undisturbedP99Ms: percentile(undisturbed, 99),
    },
    conditions:
      `${KEYS} keys, tumbling windows of ${
        WINDOW / 1000
      } ms, ${PER_MS}k events a second, open loop, encoded ` +
      `in a thread of its own; after ${WARM_UP_SECONDS} s of warm-up; SQLite, process durability; from when ` +
      "the event that ends a window was due until each result is durable and with the reader of the output",
  };
}

/** Runs the thread that offers; resolves when its last batch was taken. */
async function offering(load: LoadOptions, take: (batch: Batch) => void): Promise<void> {
  const worker = new Worker(new URL("./event_time_load.ts", import.meta.url), { workerData: { load } });
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

/** The longest that the sleeping thread was kept from waking within a time, milliseconds. */
function lateBetween(
  { times, sleeps }: { times: Float64Array; sleeps: number },
  from: number,
  to: number,
): number {
  let low = 0, high = sleeps;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[2 * middle + 1] < from) low = middle + 1;
    else high = middle;
  }
  let longest = 0;
  for (let i = low; i < sleeps && times[2 * i] < to; i++) {
    longest = Math.max(longest, times[2 * i + 1] - times[2 * i]);
  }
  return longest;
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

function histogram(): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 });
}

function record(into: Histogram, ms: number): void {
  into.recordValue(Math.max(1, Math.round(ms * 1000)));
}

function percentile(from: Histogram, percent: number): number {
  return Math.round(from.getValueAtPercentile(percent) / 10) / 100;
}

if (import.meta.main) console.log(JSON.stringify(await benchEventTime(Number(process.argv[2] ?? 20))));
