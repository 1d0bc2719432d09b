/**
 * The naive twin of pattern detection: all rows of one key in order; for each possible first row the match it
 * leads to, and of those the one that is complete first; then again from behind its last row.
 */

export interface Step<R> {
  readonly negated: boolean;
  readonly strict: boolean;
  matches(row: R, first: R | undefined): boolean;
}

interface Match<R> {
  readonly rows: R[];
  /** Index of the row that completed it, or of the first row behind the time that did. */
  readonly complete: number;
  readonly byTime: boolean;
  /** Index of its last row. */
  readonly reached: number;
}

export function patterns<R extends { readonly time: bigint }>(
  rows: readonly R[],
  steps: readonly Step<R>[],
  within: bigint,
): R[][] {
  const found: R[][] = [];
  for (let from = 0; from < rows.length;) {
    let best: Match<R> | undefined;
    for (let start = from; start < rows.length; start++) {
      if (!steps[0].matches(rows[start], undefined)) continue;
      const match = follow(rows, start, steps, within);
      if (match && (!best || sooner(match, best))) best = match;
    }
    if (!best) break;
    found.push(best.rows);
    from = best.reached + 1;
  }
  return found;
}

/** A match by time comes before the row that shows that the time is up. */
function sooner<R>(a: Match<R>, b: Match<R>): boolean {
  return a.complete < b.complete || a.complete === b.complete && a.byTime && !b.byTime;
}

function follow<R extends { readonly time: bigint }>(
  rows: readonly R[],
  start: number,
  steps: readonly Step<R>[],
  within: bigint,
): Match<R> | undefined {
  const first = rows[start], taken = [first];
  let step = 1, reached = start;
  if (step === steps.length) return { rows: taken, complete: start, byTime: false, reached };
  for (let i = start + 1; i <= rows.length; i++) {
    if (i === rows.length || rows[i].time - first.time > within) {
      const onlyNegated = steps.slice(step).every(({ negated }) => negated);
      return onlyNegated ? { rows: taken, complete: i, byTime: true, reached } : undefined;
    }
    let next = step;
    for (; next < steps.length && steps[next].negated; next++) {
      if (steps[next].matches(rows[i], first)) return undefined;
    }
    if (next === steps.length) continue;
    if (steps[next].matches(rows[i], first)) {
      taken.push(rows[i]);
      reached = i;
      step = next + 1;
      if (step === steps.length) return { rows: taken, complete: i, byTime: false, reached };
    } else if (steps[next].strict) return undefined;
  }
  return undefined;
}
