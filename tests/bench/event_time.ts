/**
 * From the watermark to the reader: how long after the event that moves the watermark past a window's end its
 * results are durable and with whoever reads the output. Open loop: events are offered when they are due.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { build } from "hdr-histogram-js";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import { openWorld } from "../../deploy/world.ts";
import { count, inOrder, pipeline, source, start, sum, tumbling } from "../../runtime/mod.ts";
import { place } from "./engine.ts";

export interface EventTimeBench {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly results: number;
  readonly offeredPerSecond: number;
  readonly conditions: string;
}

const KEYS = 200;
const PER_MS = 100;
/** Event time that the windows span, microseconds: 100 ms, so that many of them end. */
const WINDOW = 100_000;

export async function benchEventTime(seconds = 10): Promise<EventTimeBench> {
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
  const histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 });
  /** When the watermark passed the end of each window, by that end. */
  const passed = new Map<number, number>();
  const reading = (async () => {
    for await (const { payload } of runtime.outputs(built.name, "now", over.signal)) {
      const end = windowEnd(payload), at = passed.get(end);
      if (at !== undefined) histogram.recordValue(Math.max(1, Math.round((performance.now() - at) * 1000)));
    }
  })();
  const keys = Array.from({ length: KEYS }, (_, i) => `key-${i}`);
  const base = Math.floor(Date.now() / 1000) * 1_000_000;
  let offered = 0, refused = 0, end = base + WINDOW;
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    const due = Math.floor((performance.now() - began) * PER_MS);
    for (; offered < due; offered++) {
      const at = base + Math.floor(offered * 1000 / PER_MS);
      if (at >= end) {
        passed.set(end, performance.now());
        end += WINDOW;
      }
      const event = create(TallySchema, { key: keys[offered % KEYS], amount: 1n, at: BigInt(at) });
      if (runtime.offer(built.name, toBinary(TallySchema, event), {}, () => {}) !== "admitted") refused++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await runtime.settled(built.name);
  await new Promise((resolve) => setTimeout(resolve, 200));
  over.abort();
  await reading.catch(() => {});
  await runtime.stop();
  await world.close();
  await where.remove();
  const ms = (value: number) => Math.round(value / 10) / 100;
  return {
    p50Ms: ms(histogram.getValueAtPercentile(50)),
    p99Ms: ms(histogram.getValueAtPercentile(99)),
    maxMs: ms(histogram.maxValue),
    results: histogram.totalCount,
    offeredPerSecond: Math.round((offered - refused) / seconds),
    conditions:
      `${KEYS} keys, tumbling windows of 100 ms, ${PER_MS}k events a second offered when due, encoded on the ` +
      "same core; SQLite, process durability; until the result is durable and with the reader of the output",
  };
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
