/**
 * Order per key: what was asked after an answer came stands after what was answered. And what one process admitted
 * stands in the order in which it did, per partition.
 */
import type { Planned } from "../clients.ts";
import type { Recorded } from "./history.ts";

/** `recorded`: of one chain, in its order. `early`: answers came before anything was in the ledger. */
export function checkOrder(
  recorded: readonly Recorded[],
  planned: ReadonlyMap<string, Planned>,
  early: boolean,
  violations: string[],
): void {
  const asked = new Map<string, Planned>();
  const admitted = new Map<number, Planned>();
  for (const { id, key } of recorded) {
    const event = planned.get(id);
    if (!event) {
      violations.push(`order: nobody ever sent ${id}`);
      continue;
    }
    // Of the events of this key so far, the one that was asked last.
    const latest = asked.get(key);
    if (!early && latest && event.answeredAt > 0 && event.answeredAt < latest.offeredAt) {
      violations.push(`order: ${latest.id} was asked after ${id} was answered, and stands before it`);
    }
    if (!latest || event.offeredAt > latest.offeredAt) asked.set(key, event);
    if (event.admissions !== 1) continue;
    const before = admitted.get(event.admittedBy);
    if (before && before.admittedAt > event.admittedAt) {
      violations.push(`order: ${before.id} was admitted after ${id}, and stands before it`);
    }
    admitted.set(event.admittedBy, event);
  }
}
