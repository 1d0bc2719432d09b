/** What rows of a key are compared by: orders, numbers beside a row, the steps of a pattern. */
import type { AnyValue, BoolLike, NumLike } from "./expr.ts";
import type { Figure, OverColumn } from "./plan.ts";
import { type Duration, micros } from "./windows.ts";

/** An order by a value, ascending unless `descending`. */
export type OrderExpr = AnyValue | Descending;

export class Descending {
  readonly of: AnyValue;
  constructor(of: AnyValue) {
    this.of = of;
  }
}

export function descending(of: AnyValue): Descending {
  return new Descending(of);
}

export interface FigureExpr<R> {
  readonly function: Figure["function"];
  readonly of?: (row: R) => NumLike;
  readonly where?: (row: R) => BoolLike;
  readonly fact?: string;
  readonly within: number;
}

/** Events of the key within a duration, this one included. */
export function countWithin<R>(within: Duration, where?: (row: R) => BoolLike): FigureExpr<R> {
  return { function: "count", where, within: micros(within) };
}

/** The sum of an integer over the events of the key within a duration, this one included. */
export function sumWithin<R>(
  of: (row: R) => NumLike,
  within: Duration,
  where?: (row: R) => BoolLike,
): FigureExpr<R> {
  return { function: "sum", of, where, within: micros(within) };
}

/** An integer as it was with the key's event before; 0 with the first. */
export function previous<R>(of: (row: R) => NumLike): FigureExpr<R> {
  return { function: "previous", of, within: 0 };
}

/**
 * An integer as it was known last, in the order in which rows come: with an event that meets the condition, or by a
 * row of the facts whose field `fact` is not 0; 0 before. A key that was idle for its time is known by its facts.
 */
export function lastKnown<R>(
  of: (row: R) => NumLike,
  { where, fact }: { readonly where?: (row: R) => BoolLike; readonly fact?: string } = {},
): FigureExpr<R> {
  return { function: "known", of, where, fact, within: 0 };
}

/** Events of the key before this one. */
export function seenBefore<R>(): FigureExpr<R> {
  return { function: "seen", within: 0 };
}

/** An integer as it was with the key's newest event, by event time, that meets the condition; 0 without one. */
export function newest<R>(of: (row: R) => NumLike, where?: (row: R) => BoolLike): FigureExpr<R> {
  return { function: "newest", of, where, within: 0 };
}

/** The time of that event; 0 without one. */
export function newestAt<R>(where?: (row: R) => BoolLike): FigureExpr<R> {
  return { function: "newestAt", where, within: 0 };
}

/** Events of the key before this one to which a rule applied; none when the last of them is `quiet` ago. */
export function flaggedWithin<R>(quiet: Duration): FigureExpr<R> {
  return { function: "flagged", within: micros(quiet) };
}

/** Microseconds since the key's event before; 0 with the first. */
export function sinceBefore<R>(): FigureExpr<R> {
  return { function: "since", within: 0 };
}

export interface RuleExpr<R, F> {
  readonly when: (figures: F, row: R) => BoolLike;
  readonly verdict: "review" | "decline";
  /** Figures of the reason: what was seen, and what is allowed. */
  readonly observed?: (figures: F, row: R) => NumLike;
  readonly limit?: NumLike | ((figures: F, row: R) => NumLike);
  /** It changes the verdict and gives no reason. */
  readonly silent?: boolean;
}

export interface PatternStep<R> {
  readonly name: string;
  readonly where: (row: R) => BoolLike;
  /** No such row may come between the step before and the end. */
  readonly absent?: boolean;
}

export interface OverExpr<R> {
  readonly function: OverColumn["function"];
  readonly of?: (row: R) => NumLike;
  readonly extent: number;
}

/** 1, 2, 3 … in event time. */
export function rowNumber<R>(): OverExpr<R> {
  return { function: "rowNumber", extent: 0 };
}

/** The value `rows` rows before; 0 where there is none. */
export function lag<R>(of: (row: R) => NumLike, rows = 1): OverExpr<R> {
  return { function: "lag", of, extent: rows };
}

/** The sum over this row and those up to `range` of event time before it. */
export function sumOver<R>(of: (row: R) => NumLike, range: Duration): OverExpr<R> {
  return { function: "sumRange", of, extent: micros(range, "range") };
}

/** The sum over this row and the `rows` before it. */
export function sumOverRows<R>(of: (row: R) => NumLike, rows: number): OverExpr<R> {
  return { function: "sumRows", of, extent: rows };
}

export function countOver<R>(range: Duration): OverExpr<R> {
  return { function: "countRange", extent: micros(range, "range") };
}
