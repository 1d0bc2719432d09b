/** Outputs that stand in the ledger, counted anew where it grew. */
import { decodeFrame, EFFECT_KIND, EffectCursor } from "../../runtime/mod.ts";
import type { SimStore } from "./ledger.ts";

interface Known {
  frames: number;
  outputs: number;
  rejects: number;
  epoch: number;
  voided: boolean;
}

export class StoredOutputs {
  readonly #store: SimStore;
  readonly #known = new Map<string, Known>();

  constructor(store: SimStore) {
    this.#store = store;
  }

  /** Of all partitions of a pipeline. */
  of(pipeline: string): number {
    return this.#sum(pipeline, "outputs");
  }

  /** Events that it put aside: what passing traps struck twice. */
  rejectsOf(pipeline: string): number {
    return this.#sum(pipeline, "rejects");
  }

  #sum(pipeline: string, what: "outputs" | "rejects"): number {
    let sum = 0;
    for (const [name, { messages }] of this.#store.chains) {
      if (!name.startsWith(`${pipeline}-`)) continue;
      let known = this.#known.get(name);
      if (!known) {
        this.#known.set(name, known = { frames: 0, outputs: 0, rejects: 0, epoch: 0, voided: false });
      }
      for (; known.frames < messages.length; known.frames++) count(known, messages[known.frames]);
      sum += known[what];
    }
    return sum;
  }
}

function count(known: Known, message: Uint8Array): void {
  const frame = decodeFrame(message, "a stored frame");
  known.voided = frame.epoch < known.epoch || (known.voided && frame.epoch === known.epoch);
  if (known.voided) return;
  known.epoch = frame.epoch;
  const cursor = new EffectCursor(frame.effects);
  while (cursor.next()) {
    if (cursor.kind === EFFECT_KIND.OUTPUT) known.outputs++;
    else if (cursor.kind === EFFECT_KIND.REJECT) known.rejects++;
  }
}
