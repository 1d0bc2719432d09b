/** How far event time has come in the ledger, counted anew where it grew: what a run waits for at its end. */
import { fromBinary } from "@bufbuild/protobuf";
import {
  decodeFrame,
  EFFECT_KIND,
  EffectCursor,
  EVENT_KIND,
  EventCursor,
  type Frame,
} from "../../runtime/mod.ts";
import { WatermarkSchema } from "../../runtime/proto/gen/frame_pb.ts";
import type { SimStore } from "./ledger.ts";
import { TIMED } from "./timed.ts";

interface Known {
  frames: number;
  epoch: number;
  voided: boolean;
  /** Outputs of the first channel; events that came from the stage before. */
  outputs: number;
  fed: number;
  watermark: bigint;
}

/** No event of a simulation is as late as this. */
const END = 2n ** 62n;

export class StoredTime {
  readonly #store: SimStore;
  readonly #known = new Map<string, Known>();

  constructor(store: SimStore) {
    this.#store = store;
  }

  /** Rows of `spans` that `totals` has not taken yet. */
  underWay(): boolean {
    return this.#sum("spans", "outputs") > this.#sum("totals", "fed");
  }

  /** Every partition with event time has told its end. */
  ended(): boolean {
    return [...this.#chains("spans"), ...this.#chains("totals")].every(({ watermark }) => watermark > END);
  }

  #sum(pipeline: string, what: "outputs" | "fed"): number {
    return this.#chains(pipeline).reduce((sum, known) => sum + known[what], 0);
  }

  #chains(pipeline: string): Known[] {
    const found: Known[] = [];
    for (const [name, { messages }] of this.#store.chains) {
      if (!name.startsWith(`${pipeline}-`)) continue;
      const known = this.#known.get(name) ??
        { frames: 0, epoch: 0, voided: false, outputs: 0, fed: 0, watermark: -1n };
      this.#known.set(name, known);
      for (; known.frames < messages.length; known.frames++) {
        const frame = decodeFrame(messages[known.frames], "a stored frame");
        known.voided = frame.epoch < known.epoch || (known.voided && frame.epoch === known.epoch);
        if (known.voided) continue;
        known.epoch = frame.epoch;
        count(known, frame);
      }
      found.push(known);
    }
    return found;
  }
}

function count(known: Known, { events, effects }: Frame): void {
  const rows: boolean[] = [];
  for (const event = new EventCursor(events); event.next();) {
    rows.push(event.source.length > 0 && event.kind !== EVENT_KIND.WATERMARK);
    if (rows.at(-1)) known.fed++;
  }
  const effect = new EffectCursor(effects);
  while (effect.next()) {
    if (effect.kind === EFFECT_KIND.OUTPUT && effect.channel === 0) known.outputs++;
    else if (effect.kind === EFFECT_KIND.STALE && rows[effect.event]) known.fed--;
    else if (effect.kind === EFFECT_KIND.ADVANCE) {
      known.watermark = fromBinary(WatermarkSchema, effect.payload).time;
    }
  }
}

/** Whether a frame of a declared pipeline holds results of windows. */
export function tellsWindows(name: string, message: Uint8Array): boolean {
  if (!TIMED.some((pipeline) => name.startsWith(`${pipeline}-`))) return false;
  const effect = new EffectCursor(decodeFrame(message, "a stored frame").effects);
  while (effect.next()) if (effect.kind === EFFECT_KIND.OUTPUT) return true;
  return false;
}
