/**
 * What was acknowledged is in the ledger: once, where it was said to be, and as it was answered. An early answer
 * says itself that it is not durable yet; it may be lost with its process, and only then.
 */
import type { Planned } from "../clients.ts";
import { placed, type Recorded, sameAnswer, type Told } from "./history.ts";

export function checkAcknowledged(
  recorded: ReadonlyMap<string, Recorded>,
  told: readonly Told[],
  /** The process that still runs, if it was the only one. */
  survivor: number | undefined,
  violations: string[],
): void {
  for (const { event, position, answer, durable, process } of told) {
    const found = recorded.get(event.id);
    if (!found) {
      if (durable || process === survivor) {
        violations.push(`acknowledged: ${event.id} was answered and is not in the ledger`);
      }
      continue;
    }
    if (!durable) continue; // it may have been decided anew, after a restart
    if (placed(found.position) !== placed(position) || !sameAnswer(found.answer, answer)) {
      violations.push(
        `acknowledged: ${event.id} was told another answer (at ${
          placed(position)
        }) than the ledger holds at ${placed(found.position)}`,
      );
    }
  }
}

/** Poison is put aside, and nothing else is but for what a passing trap struck twice. */
export function checkQuarantine(
  recorded: ReadonlyMap<string, Recorded>,
  planned: readonly Planned[],
  mayDiffer: { readonly upgraded: boolean; readonly traps: number },
  violations: string[],
): void {
  for (const { id, note } of planned) {
    const found = recorded.get(id);
    if (!found) continue;
    if (note && !found.quarantined && !mayDiffer.upgraded) {
      violations.push(`acknowledged: ${id} is poison and was applied`);
    }
    if (!note && found.quarantined && mayDiffer.traps < 2) {
      violations.push(`acknowledged: ${id} was quarantined and is no poison`);
    }
  }
}
