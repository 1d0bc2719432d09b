/** Known bugs, put back one at a time: a simulator that does not notice them is worth nothing. */
import { Partition } from "../../runtime/partition/partition.ts";
import type { EventFields } from "../../runtime/partition/mailbox.ts";
import type { WorldVariant } from "./world.ts";

export interface Variant {
  readonly world?: WorldVariant;
  /** Breaks the engine; returns the call that mends it. */
  breakIt?(): () => void;
}

export const VARIANTS: Readonly<Record<string, Variant>> = {
  "release before commit": { world: { releaseBeforeCommit: true } },
  "fence left out": { world: { noFence: true } },
  "high-water mark lost": { breakIt: () => alterFields(({ id }) => ({ id })) },
  "ids not remembered": { breakIt: () => alterFields(({ source, sequence }) => ({ source, sequence })) },
};

function alterFields(alter: (fields: EventFields) => EventFields): () => void {
  const original = Partition.prototype.offer;
  Partition.prototype.offer = function (payload, fields, done) {
    return original.call(this, payload, fields && alter(fields), done);
  };
  return () => void (Partition.prototype.offer = original);
}
