/**
 * No window fires twice and none is lost. At the end, when event time has come to its end: of each window that
 * an event was counted in exactly one row stands; one that tells once was never told before, and of the others
 * each row that is taken back is the one that stood.
 */
import type { Row, TimedHistory } from "./timed_history.ts";

/** Fields that name a window, by pipeline and channel; pairs are no windows. */
const NAMES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  spans: [[1, 2, 3], [1, 2], []],
  totals: [[1, 2], [1, 2]],
  pulse: [[1, 2]],
};

export function checkWindows(
  { name, pipeline, timed }: TimedHistory,
  violations: string[],
): Map<string, Row> {
  const names = NAMES[pipeline.name];
  const standing = new Map<string, Row>();
  const told = new Set<string>();
  for (const row of timed.flatMap(({ entries }) => entries.flatMap(({ rows }) => rows))) {
    if (names[row.channel].length === 0) continue;
    const window = `${row.channel} ${names[row.channel].map((field) => row.fields.get(field)).join(" ")}`;
    const before = standing.get(window);
    if (row.retracted) {
      if (!before || !sameRow(before, row)) {
        violations.push(`windows: frame ${row.frame} of ${name} takes back what does not stand of ${window}`);
      }
      standing.delete(window);
    } else {
      if (before) {
        violations.push(`windows: frame ${row.frame} of ${name} tells window ${window} a second time`);
      }
      standing.set(window, row);
      told.add(window);
    }
    if (violations.length > 0) return standing;
  }
  for (const window of told) {
    if (!standing.has(window)) {
      violations.push(`windows: window ${window} of ${name} was taken back for good`);
    }
  }
  return standing;
}

/** By the fields that every version has: a later one takes back what an earlier one told without the rest. */
function sameRow({ fields: a }: Row, { fields: b }: Row): boolean {
  for (const field of [1, 2, 3, 4, 5, 6]) if (a.get(field) !== b.get(field)) return false;
  return true;
}
