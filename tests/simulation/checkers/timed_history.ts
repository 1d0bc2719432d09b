/** What chains of declared pipelines record, taken apart: each event with the rows and late records it caused. */
import { fromBinary } from "@bufbuild/protobuf";
import {
  EFFECT_KIND,
  EffectCursor,
  EVENT_KIND,
  EventCursor,
  type Frame,
  type Pipeline,
} from "../../../runtime/mod.ts";
import {
  type Late,
  LateSchema,
  type Watermark,
  WatermarkSchema,
} from "../../../runtime/proto/gen/frame_pb.ts";
import { APPLIED, type ChainHistory, type Recorded } from "./history.ts";
import { readTally, text } from "./tally.ts";

export interface Row {
  readonly frame: number;
  /** Index among the outputs of its frame. */
  readonly output: number;
  readonly channel: number;
  readonly payload: Uint8Array;
  /** What it takes in its frame, but for lengths and tags. */
  readonly bytes: number;
  /** Numbers and texts by the numbers of their fields. */
  readonly fields: ReadonlyMap<number, bigint | string>;
  readonly retracted: boolean;
}

/** One event as the ledger has it. */
export interface Entry {
  readonly frame: number;
  readonly event: number;
  readonly clock: number;
  /** Hash of the kernel that wrote it. */
  readonly kernel: Uint8Array;
  readonly kind: number;
  readonly payload: Uint8Array;
  /** Of an event that another stage put out. */
  readonly source: string;
  readonly sequence: number;
  /** It counted: it is no repeat, and not put aside. */
  applied: boolean;
  readonly rows: Row[];
  readonly late: Late[];
}

export interface TimedFrame {
  readonly number: number;
  readonly entries: readonly Entry[];
  /** What it tells of its event time, where that has moved. */
  readonly advance: Watermark | undefined;
}

export interface TimedHistory extends ChainHistory {
  readonly timed: readonly TimedFrame[];
}

/** Whether an event is one of the pipeline's own, and not the runtime's. */
function isEvent(kind: number): boolean {
  return kind === EVENT_KIND.EVENT || kind === EVENT_KIND.QUARANTINED || kind === EVENT_KIND.UNFIT;
}

export function readTimedHistory(
  name: string,
  pipeline: Pipeline,
  partition: number,
  frames: readonly Frame[],
): TimedHistory {
  const timed: TimedFrame[] = [];
  const history: TimedHistory = {
    name,
    pipeline,
    partition,
    frames,
    recorded: [],
    repeats: [],
    outputs: [],
    events: 0,
    timed,
  };
  for (const frame of frames) timed.push(readFrame(history, frame));
  return history;
}

function readFrame(history: TimedHistory, frame: Frame): TimedFrame {
  const { partition, recorded, repeats, outputs } = history;
  const entries: Entry[] = [], ids: string[] = [];
  const answers: (number | undefined)[] = [];
  for (const event = new EventCursor(frame.events); event.next();) {
    ids.push(text(event.id));
    entries.push({
      frame: frame.number,
      event: entries.length,
      clock: frame.clock,
      kernel: frame.kernel,
      kind: event.kind,
      payload: event.payload,
      source: text(event.source),
      sequence: event.sequence,
      applied: event.kind !== EVENT_KIND.QUARANTINED,
      rows: [],
      late: [],
    });
  }
  let advance: Watermark | undefined;
  for (const effect = new EffectCursor(frame.effects); effect.next();) {
    const entry = entries[effect.event];
    switch (effect.kind) {
      case EFFECT_KIND.OUTPUT: {
        const output = outputs.length > 0 && outputs.at(-1)!.frame === frame.number
          ? outputs.at(-1)!.output + 1
          : 0;
        const { channel, payload, key } = effect, fields = readFields(payload);
        outputs.push({ frame: frame.number, output, payload });
        const retracted = fields.get(RETRACTED) === 1n;
        const bytes = payload.length + key.length;
        entry.rows.push({ frame: frame.number, output, channel, payload, bytes, fields, retracted });
        break;
      }
      case EFFECT_KIND.LATE:
        entry.late.push(fromBinary(LateSchema, effect.payload));
        break;
      case EFFECT_KIND.ADVANCE:
        advance = fromBinary(WatermarkSchema, effect.payload);
        break;
      case EFFECT_KIND.REJECT:
        entry.applied = false;
        answers[effect.event] = effect.reason;
        break;
      case EFFECT_KIND.STALE:
        entry.applied = false;
        break;
      case EFFECT_KIND.DUPLICATE: {
        entry.applied = false;
        const original = { partition, frame: effect.originalFrame, event: effect.originalEvent };
        const where = `${partition}.${frame.number}.${effect.event}`;
        repeats.push({ id: ids[effect.event], where, original });
        break;
      }
    }
  }
  for (const [event, entry] of entries.entries()) {
    const answer = answers[event];
    if (isEvent(entry.kind) && (entry.applied || answer !== undefined)) {
      recorded.push(recordOf(history, entry, ids[event], answer ?? APPLIED));
    }
  }
  history.events += entries.length;
  return { number: frame.number, entries, advance };
}

function recordOf(
  { partition, pipeline }: ChainHistory,
  { frame, event, payload, kernel, kind, source, sequence }: Entry,
  id: string,
  answer: Uint8Array | number,
): Recorded {
  const { key, amount } = pipeline.name === "spans" ? readTally(payload.subarray(2)) : readTally(payload);
  return {
    id: source === "" ? id : `${source}/${sequence}`,
    key,
    amount,
    quarantined: kind === EVENT_KIND.QUARANTINED,
    kernel,
    position: { partition, frame, event },
    answer,
  };
}

/** The field that says whether a row is taken back. */
const RETRACTED = 1000;

/** Integers and texts of a message, by number; what is zero or empty is not there. */
export function readFields(payload: Uint8Array): Map<number, bigint | string> {
  const fields = new Map<number, bigint | string>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = payload[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, value);
    }
  };
  while (at < payload.length) {
    const tag = Number(varint()), value = varint();
    if ((tag & 7) === 2) {
      fields.set(tag >> 3, text(payload.subarray(at, at + Number(value))));
      at += Number(value);
    } else fields.set(tag >> 3, value);
  }
  return fields;
}
