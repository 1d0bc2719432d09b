/** What the chains of a finished simulation record, and what clients were told: the ground of the checkers. */
import { TallyStateSchema } from "../../../actors/tally/gen/tally_pb.ts";
import {
  EFFECT_KIND,
  EffectCursor,
  EVENT_KIND,
  EventCursor,
  type Frame,
  type Pipeline,
  type Position,
} from "../../../runtime/mod.ts";
import type { Planned } from "../clients.ts";
import { readTally, text } from "./tally.ts";

/** What is answered where there is nothing to say but that it was taken. */
export const APPLIED = new Uint8Array(0);

/** One answer as it left a runtime. */
export interface Told {
  readonly event: Planned;
  readonly position: Position;
  /** The reply, or the reason of a reject. */
  readonly answer: Uint8Array | number;
  /** False where it was given before its frame was in the ledger, and said so. */
  readonly durable: boolean;
  /** Which process said it. */
  readonly process: number;
}

/** One event of the ledger that counted: neither a repeat nor stale. */
export interface Recorded {
  readonly id: string;
  readonly key: string;
  readonly amount: bigint;
  readonly quarantined: boolean;
  /** Hash of the kernel that decided it. */
  readonly kernel: Uint8Array;
  readonly position: Position;
  /** The reply, or the reason of its reject. */
  readonly answer: Uint8Array | number;
}

/** A repeat, and where the ledger says its first answer stands. */
export interface Repeat {
  readonly id: string;
  readonly where: string;
  readonly original: Position;
}

export interface RecordedOutput {
  readonly frame: number;
  readonly output: number;
  readonly payload: Uint8Array;
}

export interface ChainHistory {
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly partition: number;
  /** Frames that count, from the first ever written on, whether or not they were purged since. */
  readonly frames: readonly Frame[];
  readonly recorded: Recorded[];
  readonly repeats: Repeat[];
  readonly outputs: RecordedOutput[];
  events: number;
}

/** Takes the frames of one chain apart. */
export function readHistory(
  name: string,
  pipeline: Pipeline,
  partition: number,
  frames: readonly Frame[],
): ChainHistory {
  const history: ChainHistory = {
    name,
    pipeline,
    partition,
    frames,
    recorded: [],
    repeats: [],
    outputs: [],
    events: 0,
  };
  for (const frame of frames) readFrame(history, frame);
  return history;
}

function readFrame(history: ChainHistory, frame: Frame): void {
  const { partition, recorded, repeats, outputs, pipeline } = history;
  const isFed = pipeline.input.typeName === TallyStateSchema.typeName;
  const events = new EventCursor(frame.events), effects = new EffectCursor(frame.effects);
  let index = -1, output = 0;
  while (effects.next()) {
    while (index < effects.event) {
      events.next();
      index++;
    }
    const position = { partition, frame: frame.number, event: index };
    switch (effects.kind) {
      case EFFECT_KIND.OUTPUT:
        outputs.push({ frame: frame.number, output: output++, payload: effects.payload });
        break;
      case EFFECT_KIND.REPLY:
      case EFFECT_KIND.REJECT: {
        const { key, amount } = readTally(events.payload);
        recorded.push({
          id: isFed ? `${text(events.source)}/${events.sequence}` : text(events.id),
          key,
          amount,
          quarantined: events.kind === EVENT_KIND.QUARANTINED,
          kernel: frame.kernel,
          position,
          answer: effects.kind === EFFECT_KIND.REPLY ? effects.payload : effects.reason,
        });
        break;
      }
      case EFFECT_KIND.DUPLICATE: {
        const original = { partition, frame: effects.originalFrame, event: effects.originalEvent };
        repeats.push({ id: text(events.id), where: placed(position), original });
        break;
      }
    }
  }
  while (events.next()) index++;
  history.events += index + 1;
}

export function placed({ partition, frame, event }: Position): string {
  return `${partition}.${frame}.${event}`;
}

export function sameAnswer(a: Uint8Array | number, b: Uint8Array | number): boolean {
  if (typeof a === "number" || typeof b === "number") return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
