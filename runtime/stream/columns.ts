/** What rows of a key are compared by: orders, numbers beside a row, the steps of a pattern. */
import type { AnyValue, BoolLike, NumLike } from "./expr.ts";
import type { OverColumn } from "./plan.ts";
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
