/** What a running declared pipeline is asked: its views, its late events, and how far its inputs have come. */
import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import type { Pipeline, ViewSpec } from "../declare.ts";
import { bytesEqual } from "../hash.ts";
import type { Kernel } from "../kernel/host.ts";
import { comparePositions } from "../pipeline.ts";
import type { Stage } from "../pipeline.ts";
import type { KeyValue, LateEvent, Mark, Position, ViewQuery, ViewRow, ViewRows } from "../runtime.ts";
import { forgetPurged, ifRetained } from "../checkpoint/retention.ts";
import type { Partition } from "../partition/partition.ts";
import { EFFECT_KIND, EffectCursor, EVENT_KIND, EventCursor } from "../partition/records.ts";
import { readFrame } from "../partition/recover.ts";
import { readVarint } from "../partition/wire.ts";
import { LateReason, LateSchema } from "../proto/gen/frame_pb.ts";
import type { World } from "../world/mod.ts";
import { type Correction, encodeCorrection } from "./corrections.ts";
import { encodeMarks } from "./marks.ts";

const MAX = 2n ** 63n - 1n;
/** Wait before a partition that does not take events is asked again. */
const RETRY_MS = 5;
const VIEW_ROWS = 1_000;
/** Rows that one call into the kernel gives. */
const SCAN_ROWS = 10_000;
const LATE_PAGE = 100;

// ---- watermarks ----

/** Tells every partition, and waits until all have it durably. */
export async function tellMark(
  { partitions }: Stage,
  { time, input, idle = false }: Mark,
  takes: (partition: Partition) => boolean,
  world: World,
  signal: AbortSignal,
): Promise<void> {
  const at = time === undefined || time === Infinity ? MAX : BigInt(time);
  const tell = async (partition: Partition, payload: Uint8Array): Promise<void> => {
    while (true) {
      if (signal.aborted) throw new Error(`Cannot tell ${partition.name} its watermark: it is stopping`);
      const told = takes(partition) && await new Promise<boolean>((resolve, reject) => {
        const admitted = partition.offer(payload, { kind: EVENT_KIND.WATERMARK }, (outcome) => {
          if (outcome.kind === "unknown") reject(outcome.cause);
          else resolve(true);
        });
        if (!admitted) resolve(false);
      });
      if (told) return;
      await world.clock.sleep(RETRY_MS, signal);
    }
  };
  const payloads = encodeMarks({ time: at, input, idle });
  await Promise.all(
    partitions.flatMap((partition) => payloads.map((payload) => tell(partition, payload))),
  );
}

// ---- corrections ----

/** Offers them in their order, and waits until all are durable. */
export async function tellCorrections(
  { pipeline, partitions }: Stage,
  index: number,
  rows: readonly Correction[],
  takes: (partition: Partition) => boolean,
  world: World,
  signal: AbortSignal,
): Promise<void> {
  const partition = partitions[index];
  const told: Promise<void>[] = [];
  for (const row of rows) {
    const { name, message, changelog } = pipeline.outputs![row.channel];
    const view = pipeline.views?.find((each) => each.name === name);
    const viewKey = view && encodeKey(view, keyOf(view, message, row.payload));
    const payload = encodeCorrection(row, { says: changelog, viewKey });
    let outcome: Promise<void> | undefined;
    while (!outcome) {
      if (signal.aborted) throw new Error(`Cannot correct ${partition.name}: it is stopping`);
      outcome = takes(partition) ? offered(partition, payload) : undefined;
      if (!outcome) await world.clock.sleep(RETRY_MS, signal);
    }
    outcome.catch(() => {}); // told below
    told.push(outcome);
  }
  await Promise.all(told);
}

/** Whether a row is to be put out: a view's only where it is the newest of its key. */
export function stands({ outputs, views }: Pick<Pipeline, "outputs" | "views">) {
  return (kernel: Kernel, { channel, payload }: Correction): boolean => {
    const { name, message } = outputs![channel];
    const index = views?.findIndex((each) => each.name === name) ?? -1;
    if (index < 0) return true;
    const key = encodeKey(views![index], keyOf(views![index], message, payload));
    const answer = kernel.query(getRequest(index, key));
    return answer !== undefined &&
      [...rowsOf(answer, 8, views![index])].some((row) => bytesEqual(row.payload, payload));
  };
}

/** Undefined where there is no room. */
function offered(partition: Partition, payload: Uint8Array): Promise<void> | undefined {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const admitted = partition.offer(payload, { kind: EVENT_KIND.CORRECTION }, (outcome) => {
    if (outcome.kind === "applied") resolve();
    else {
      reject(
        outcome.kind === "unknown"
          ? outcome.cause
          : new Error(`Cannot correct ${partition.name}: ${outcome.kind}`),
      );
    }
  });
  return admitted ? promise : undefined;
}

/** What a row of a view is found by, from its message. */
function keyOf({ keys }: ViewSpec, message: DescMessage, payload: Uint8Array): KeyValue[] {
  const row = fromBinary(message, payload) as unknown as Record<string, KeyValue>;
  return keys.map(({ name }) => row[message.fields.find((field) => field.jsonName === name)!.localName]);
}

// ---- views ----

export async function readView(
  { pipeline, partitions }: Stage,
  name: string,
  query: ViewQuery,
): Promise<ViewRows> {
  const index = pipeline.views?.findIndex((view) => view.name === name) ?? -1;
  if (index < 0) {
    const names = pipeline.views?.map((view) => view.name).join(", ");
    throw new RangeError(`Cannot read view "${name}" of ${pipeline.name}: it has ${names || "no view"}`);
  }
  const spec = pipeline.views![index];
  const { key = [], limit = VIEW_ROWS } = query;
  const whole = key.length === spec.keys.length;
  const bytes = encodeKey(spec, key);
  const found: ViewRow[] = [];
  let watermark = Infinity;
  for (const partition of partitions) {
    for (let cursor = 0;;) {
      const request = whole ? getRequest(index, bytes) : scanRequest(index, cursor, bytes);
      const answer = await partition.query(request);
      if (!answer) break;
      const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
      watermark = Math.min(watermark, Number(view.getBigInt64(0, true)));
      cursor = whole ? 0 : view.getUint32(8, true);
      for (const row of rowsOf(answer, whole ? 8 : 12, spec)) if (within(row.key, query)) found.push(row);
      if (cursor === 0) break;
    }
  }
  found.sort((a, b) => compareKeys(a.key, b.key));
  return { rows: found.slice(0, limit), more: found.length > limit, watermark };
}

function getRequest(view: number, key: Uint8Array): Uint8Array {
  return Uint8Array.from([view, 0, ...key]);
}

function scanRequest(view: number, cursor: number, prefix: Uint8Array): Uint8Array {
  const request = new Uint8Array(10 + prefix.length), data = new DataView(request.buffer);
  request.set([view, 1]);
  data.setUint32(2, cursor, true);
  data.setUint32(6, SCAN_ROWS, true);
  request.set(prefix, 10);
  return request;
}

function* rowsOf(answer: Uint8Array, at: number, spec: ViewSpec): Generator<ViewRow> {
  while (at < answer.length) {
    const key = readVarint(answer, at);
    const row = readVarint(answer, key.next + key.value);
    at = row.next + row.value;
    yield {
      key: decodeKey(spec, answer.subarray(key.next, key.next + key.value)),
      payload: answer.slice(row.next, at),
    };
  }
}

/** The first parts of a key as the kernel writes them: see compile/rows.ts. */
export function encodeKey({ name, keys }: ViewSpec, values: readonly KeyValue[]): Uint8Array {
  if (values.length > keys.length) {
    throw new RangeError(
      `Cannot read view "${name}": its key is (${keys.map((key) => key.name).join(", ")}), ` +
        `and ${values.length} values are given`,
    );
  }
  const parts = values.map((value, i) => {
    const { type, name: part } = keys[i];
    if (type === "text") {
      const text = new TextEncoder().encode(String(value));
      if (keys.length === 1) return text;
      const bytes = new Uint8Array(4 + text.length);
      new DataView(bytes.buffer).setUint32(0, text.length, true);
      bytes.set(text, 4);
      return bytes;
    }
    const bytes = new Uint8Array(8), data = new DataView(bytes.buffer);
    if (type === "f64") data.setFloat64(0, Number(value), true);
    else {
      const number = type === "bool" ? (value === true || value === "true" ? "1" : "0") : String(value);
      if (!/^-?\d{1,19}$/.test(number)) {
        throw new RangeError(`Cannot read view "${name}": "${value}" is no integer, as "${part}" is`);
      }
      data.setBigInt64(0, BigInt(number), true);
    }
    return bytes;
  });
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function decodeKey({ keys }: ViewSpec, bytes: Uint8Array): KeyValue[] {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (keys.length === 1 && keys[0].type === "text") return [new TextDecoder().decode(bytes)];
  let at = 0;
  return keys.map(({ type }) => {
    if (type === "text") {
      const length = data.getUint32(at, true);
      const text = new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length));
      at += 4 + length;
      return text;
    }
    at += 8;
    if (type === "f64") return data.getFloat64(at - 8, true);
    const value = data.getBigInt64(at - 8, true);
    return type === "bool" ? value !== 0n : value;
  });
}

function within(key: readonly KeyValue[], { from = [], to = [] }: ViewQuery): boolean {
  return (from.length === 0 || compareKeys(key.slice(0, from.length), from) >= 0) &&
    (to.length === 0 || compareKeys(key.slice(0, to.length), to) < 0);
}

function compareKeys(a: readonly KeyValue[], b: readonly KeyValue[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = typeof a[i] === "string" || typeof b[i] === "string"
      ? [String(a[i]), String(b[i])]
      : [a[i], b[i]];
    if (x !== y && !(x == y)) return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

// ---- late events ----

const REASONS: Readonly<Record<number, LateEvent["reason"]>> = {
  [LateReason.WINDOW_CLOSED]: "window-closed",
  [LateReason.ROW_EXPIRED]: "row-expired",
  [LateReason.FAR_FUTURE]: "far-future",
  [LateReason.PARTIAL]: "partial",
};

export async function readLate(
  { partitions }: Stage,
  world: World,
  { after, limit = LATE_PAGE }: { after?: Position; limit?: number },
): Promise<LateEvent[]> {
  const found: LateEvent[] = [];
  for (const partition of partitions) {
    if (after && partition.index < after.partition) continue;
    const chain = await world.ledger.open(partition.name);
    try {
      await forgetPurged(partition.history, chain);
      for (const number of partition.history.lateFrames) {
        if (found.length >= limit) return found;
        if (after?.partition === partition.index && number < after.frame) continue;
        const { history } = partition;
        const frame = history.recent(number) ?? await ifRetained(history, readFrame(chain, number));
        if (!frame) continue;
        for (const each of lateOf(partition.index, number, frame)) {
          if ((!after || comparePositions(each.position, after) > 0) && found.length < limit) {
            found.push(each);
          }
        }
      }
    } finally {
      await chain.close();
    }
  }
  return found;
}

function* lateOf(
  partition: number,
  number: number,
  { events, effects }: { events: Uint8Array; effects: Uint8Array },
): Generator<LateEvent> {
  const event = new EventCursor(events), effect = new EffectCursor(effects);
  let at = -1;
  while (effect.next()) {
    if (effect.kind !== EFFECT_KIND.LATE) continue;
    for (; at < effect.event; at++) event.next();
    const late = fromBinary(LateSchema, effect.payload);
    yield {
      position: { partition, frame: number, event: effect.event },
      payload: event.payload.slice(),
      time: Number(late.time),
      watermark: Number(late.watermark),
      windowStart: Number(late.windowStart),
      windowEnd: Number(late.windowEnd),
      reason: REASONS[late.reason] ?? "window-closed",
      ...(late.missed > 0 ? { missed: late.missed } : {}),
      operator: late.operator,
    };
  }
}
