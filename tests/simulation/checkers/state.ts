/** State is the fold of the ledger: recounted from nothing, in plain TypeScript, and compared with what was answered. */
import { partitionOf } from "../../../runtime/ingress/partition.ts";
import type { ChainHistory } from "./history.ts";
import { readTotals, type Totals } from "./tally.ts";

const MOST = 2n ** 63n - 1n;
const OVERFLOW = 4, POISON = 9;
const TEXT = new TextEncoder();

/** Recounts every key of one chain and compares every recorded answer; returns the totals. */
export function checkState(
  { name, recorded, partition }: ChainHistory,
  partitions: number,
  violations: string[],
): Map<string, Totals> {
  const totals = new Map<string, Totals>();
  for (const { id, key, amount, answer, quarantined } of recorded) {
    let total = totals.get(key);
    if (!total) {
      totals.set(key, total = { count: 0n, sum: 0n });
      if (partitionOf(TEXT.encode(key), partitions) !== partition) {
        violations.push(`state: ${key} stands in ${name}, which is not its partition`);
      }
    }
    if (quarantined || answer === POISON) {
      if (!quarantined || answer !== POISON) {
        violations.push(`state: ${id} is no poison and answered as such`);
      }
      continue;
    }
    const overflows = total.sum + amount > MOST;
    if (typeof answer === "number") {
      if (answer !== OVERFLOW || !overflows) violations.push(`state: ${id} was rejected for ${answer}`);
      continue;
    }
    total.count += 1n;
    total.sum += amount;
    const said = readTotals(answer);
    if (said.count !== total.count || said.sum !== total.sum) {
      violations.push(
        `state: ${name}: ${id} answers ${said.count}/${said.sum}, the recount is ${total.count}/${total.sum}`,
      );
      return totals;
    }
  }
  for (const [key, { count }] of totals) if (count === 0n) totals.delete(key);
  return totals;
}
