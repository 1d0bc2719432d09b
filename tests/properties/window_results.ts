/** Results of windows as the test kernels of windows write them; see kernels/accumulators.ts. */
import type { Told } from "../models/aligned.ts";

/** Accumulators: one that can be unmerged, one that holds memory. */
export const SUMS = 0n, BAG = 1n;
export const UPDATES = ["accumulating", "discarding", "retracting"] as const;

export function text(told: Told, bag: bigint): string {
  const sum = BigInt.asIntN(64, told.values.reduce((a, b) => a + b, 0n));
  const lowest = bag && told.values.length ? told.values.reduce((a, b) => b < a ? b : a) : 0n;
  const mixed = bag ? told.values.reduce((a, v) => a + ((v * v) ^ (v << 7n)), 0n) : 0n;
  return `${told.key}:${
    told.op * 10 + told.timing
  }:${told.values.length} W(${told.start},${told.end},${sum},)` +
    ` A(0,${lowest},${mixed},)`;
}
