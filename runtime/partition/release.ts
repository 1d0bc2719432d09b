/** Turns the effects of a frame into outcomes, in event order, and tells each to whoever waits for it. */
import type { Outcome, Position } from "../runtime.ts";
import type { Chain } from "../world/mod.ts";
import { bytesEqual } from "../hash.ts";
import { decodeFrame, type Frame } from "./frame.ts";
import type { Done } from "./mailbox.ts";
import type { FrameInFlight, Partition } from "./partition.ts";
import { LateReason } from "../proto/gen/frame_pb.ts";
import { EFFECT_KIND, EffectCursor, EventCursor, isAnswer } from "./records.ts";
import { readVarint } from "./wire.ts";

export interface EffectCounts {
  replies: number;
  rejects: number;
  duplicates: number;
  outputs: number;
  late: number;
  latePartly: number;
}

/** Releases a durable frame. Every waiting event is answered exactly once. */
export function releaseFrame(
  frame: FrameInFlight,
  partition: Partition,
  chain: Chain,
  counts: EffectCounts,
): void {
  const cursor = new EffectCursor(frame.effects);
  let next = 0;
  while (cursor.next()) {
    count(counts, cursor);
    if (cursor.kind === EFFECT_KIND.LATE) partition.history.late(frame.number);
    if (cursor.kind === EFFECT_KIND.ADVANCE) partition.advanced(cursor.payload);
    if (!isAnswer(cursor.kind)) continue;
    for (; next < cursor.event; next++) applied(frame, partition, next);
    const waiting = frame.waiting[next];
    answer(cursor, { partition: partition.index, frame: frame.number, event: next }, {
      partition,
      chain,
      durable: true,
      done: waiting.done,
      current: true,
    });
    next++;
  }
  for (; next < frame.waiting.length; next++) applied(frame, partition, next);
  partition.watchLate();
}

function applied(frame: FrameInFlight, partition: Partition, event: number): void {
  const position = { partition: partition.index, frame: frame.number, event };
  frame.waiting[event].done({ kind: "applied", position, duplicate: false });
}

function count(counts: EffectCounts, cursor: EffectCursor): void {
  const { kind } = cursor;
  if (kind === EFFECT_KIND.REPLY) counts.replies++;
  else if (kind === EFFECT_KIND.OUTPUT) counts.outputs++;
  else if (kind === EFFECT_KIND.REJECT) counts.rejects++;
  else if (kind === EFFECT_KIND.LATE) {
    if (isPartial(cursor.payload)) counts.latePartly++;
    else counts.late++;
  } else if (kind !== EFFECT_KIND.ADVANCE) counts.duplicates++;
}

/** Of a Late: whether the event counts all the same, though not in all of its windows. */
function isPartial(late: Uint8Array): boolean {
  for (let at = 0; at < late.length;) {
    const tag = readVarint(late, at), value = readVarint(late, tag.next);
    if (tag.value === LATE_REASON_TAG) return value.value === LateReason.PARTIAL;
    at = value.next;
  }
  return false;
}

/** All fields of a Late are varints; this is the one of `reason`. */
const LATE_REASON_TAG = 0x28;

interface Answering {
  readonly partition: Partition;
  readonly chain: Chain;
  readonly durable: boolean;
  readonly done: Done;
  /**
   * Of an event that is answered before its frame is durable. What it repeats may not be durable either, and may
   * come to stand elsewhere after a restart: the first answer is taken only from an event of this id.
   */
  readonly id?: Uint8Array;
  /** The cursor already stands on the effect; otherwise it stands before the event's effects. */
  readonly current?: boolean;
}

/** Answers one event from its effects. A duplicate gets the first answer, read from where it stands. */
export function answer(cursor: EffectCursor, position: Position, to: Answering): void {
  if (!to.current) {
    let found = false;
    while (!found && cursor.next()) found = isAnswer(cursor.kind);
    if (!found) return to.done({ kind: "applied", position, duplicate: false });
  }
  switch (cursor.kind) {
    case EFFECT_KIND.REPLY:
      return to.done({
        kind: "decided",
        position,
        reply: cursor.payload,
        durable: to.durable,
        duplicate: false,
      });
    case EFFECT_KIND.REJECT:
      return to.done({ kind: "rejected", position, reason: cursor.reason, duplicate: false });
    case EFFECT_KIND.DUPLICATE:
      firstAnswer(to.partition, to.chain, cursor.originalFrame, cursor.originalEvent, to.id).then(to.done);
      return;
    default:
      return to.done({ kind: "applied", position, duplicate: true });
  }
}

async function firstAnswer(
  partition: Partition,
  chain: Chain,
  number: number,
  event: number,
  id: Uint8Array | undefined,
): Promise<Outcome> {
  const position = { partition: partition.index, frame: number, event };
  try {
    const life = partition.life;
    await partition.history.beyond(number - 1, life);
    const frame = partition.history.recent(number) ?? await recorded(chain, number);
    if (!frame) {
      const cause = new Error(
        `Cannot repeat the answer: frame ${number} of ${partition.name} is no longer retained`,
      );
      return { kind: "unknown", cause };
    }
    if (id && (life.aborted || partition.history.isVoid(number) || !isEvent(frame.events, event, id))) {
      const cause = new Error(`Cannot repeat the answer: ${partition.name} restarted before it was durable`);
      return { kind: "unknown", cause };
    }
    const cursor = effectsUpTo(frame.effects, event);
    while (cursor.next()) {
      if (cursor.event !== event) continue;
      if (cursor.kind === EFFECT_KIND.REPLY) {
        return { kind: "decided", position, reply: cursor.payload, durable: true, duplicate: true };
      }
      if (cursor.kind === EFFECT_KIND.REJECT) {
        return { kind: "rejected", position, reason: cursor.reason, duplicate: true };
      }
    }
    return { kind: "applied", position, duplicate: true };
  } catch (error) {
    return { kind: "unknown", cause: error as Error };
  }
}

let asked: { readonly effects: Uint8Array; readonly cursor: EffectCursor } | undefined;

/** Stands before an event's effects. Repeats come in their order, so it mostly goes on where it was for the last one. */
function effectsUpTo(effects: Uint8Array, event: number): EffectCursor {
  if (asked?.effects === effects && asked.cursor.event < event) return asked.cursor;
  const cursor = new EffectCursor(effects);
  asked = { effects, cursor };
  return cursor;
}

/** The frame that was read last, of each chain: a client that asks again asks for many events of one frame. */
const lastRead = new WeakMap<
  Chain,
  { readonly number: number; readonly frame: Promise<Frame | undefined> }
>();

function recorded(chain: Chain, number: number): Promise<Frame | undefined> {
  const last = lastRead.get(chain);
  if (last?.number === number) return last.frame;
  const frame = chain.get(number).then((message) =>
    message && decodeFrame(message, `frame ${number} of ${chain.name}`)
  );
  const read = { number, frame };
  lastRead.set(chain, read);
  frame.then((found) => found ?? forget(), forget); // what failed is read anew
  return frame;

  function forget(): void {
    if (lastRead.get(chain) === read) lastRead.delete(chain);
  }
}

/** Whether event `index` of a region has this id. */
function isEvent(region: Uint8Array, index: number, id: Uint8Array): boolean {
  const cursor = new EventCursor(region);
  for (let i = 0; i <= index; i++) if (!cursor.next()) return false;
  return bytesEqual(cursor.id, id);
}
