/** What can be told of many rows: declared here, computed in the kernel. */
import {
  type Bool,
  type BoolLike,
  type Num,
  num,
  type NumLike,
  type Text,
  type TextLike,
  valueOf,
} from "./expr.ts";
import { bool, type Node, type ValueType } from "./expr.ts";

export type AggregateKind =
  | "count"
  | "sum"
  | "min"
  | "max"
  | "avg"
  | "variance"
  | "first"
  | "last"
  | "distinct"
  | "approxDistinct"
  | "quantile"
  | "largest"
  | "smallest"
  | "heavy"
  | "collect";

/** An aggregate over rows of type R that gives a value of type V. `build` is called once, with the row. */
export interface Aggregate<R, V> {
  readonly kind: AggregateKind;
  readonly build: (row: R) => AggregateInput;
  /** Only there for its type. */
  readonly gives?: V;
}

export interface AggregateInput {
  /** What is aggregated; absent for a count. */
  readonly of?: Node;
  /** Only rows for which this holds. */
  readonly where?: Node;
  readonly type: ValueType;
  /** A rank, a size, a probability: what the kind takes besides. */
  readonly parameter?: number;
}

// deno-lint-ignore no-explicit-any
export type AnyAggregate<R> = Aggregate<R, any>;

interface Where<R> {
  readonly where?: (row: R) => BoolLike;
}

/** How many rows, or how many of them meet a condition. */
export function count<R>(where?: (row: R) => BoolLike): Aggregate<R, Num> {
  return { kind: "count", build: (row) => ({ type: "i64", where: where && bool(where(row)).node }) };
}

/** Int64 sums are checked: an event that would overflow one is rejected. */
export function sum<R>(of: (row: R) => NumLike, options: Where<R> = {}): Aggregate<R, Num> {
  return numeric("sum", of, options);
}

export function min<R>(of: (row: R) => NumLike, options: Where<R> = {}): Aggregate<R, Num> {
  return numeric("min", of, options);
}

export function max<R>(of: (row: R) => NumLike, options: Where<R> = {}): Aggregate<R, Num> {
  return numeric("max", of, options);
}

/** The mean, a float; of integers it is taken from their exact sum. */
export function avg<R>(of: (row: R) => NumLike, options: Where<R> = {}): Aggregate<R, Num> {
  return numeric("avg", of, options, "f64");
}

/** The variance of the sample (divided by n - 1; 0 for one row). */
export function variance<R>(of: (row: R) => NumLike, options: Where<R> = {}): Aggregate<R, Num> {
  return numeric("variance", of, options, "f64");
}

/** The value of the earliest row by event time; of equals, the one that came first. */
export function first<R, V extends Num<string> | Text<string> | Bool<string>>(
  of: (row: R) => V,
  options: Where<R> = {},
): Aggregate<R, Plain<V>> {
  return picked("first", of, options);
}

/** The value of the latest row by event time; of equals, the one that came last. */
export function last<R, V extends Num<string> | Text<string> | Bool<string>>(
  of: (row: R) => V,
  options: Where<R> = {},
): Aggregate<R, Plain<V>> {
  return picked("last", of, options);
}

/** How many different values, exactly; memory grows with them. */
export function distinct<R>(of: (row: R) => NumLike | TextLike, options: Where<R> = {}): Aggregate<R, Num> {
  return any("distinct", of, options, "i64");
}

/** About how many different values (HyperLogLog; standard error about 1.6 % in 4 KiB or less). */
export function approxDistinct<R>(
  of: (row: R) => NumLike | TextLike,
  options: Where<R> = {},
): Aggregate<R, Num> {
  return any("approxDistinct", of, options, "i64");
}

/** About the value below which a share `q` of all values lies; the error is in wasm/operators/README.md. */
export function quantile<R>(of: (row: R) => NumLike, q: number, options: Where<R> = {}): Aggregate<R, Num> {
  if (!(q >= 0 && q <= 1)) throw new TypeError(`Cannot take the quantile ${q}: give a share from 0 to 1`);
  return numeric("quantile", of, options, "f64", q);
}

/** The `most` greatest numbers, as text: in falling order, joined by commas. */
export function largest<R>(
  of: (row: R) => NumLike,
  most: number,
  options: Where<R> = {},
): Aggregate<R, Text> {
  return list("largest", of, most, 1000, options);
}

/** The `most` least numbers, as text: in rising order, joined by commas. */
export function smallest<R>(
  of: (row: R) => NumLike,
  most: number,
  options: Where<R> = {},
): Aggregate<R, Text> {
  return list("smallest", of, most, 1000, options);
}

/** The first `most` values by event time, as text joined by commas; later ones are left out. */
export function collect<R>(
  of: (row: R) => NumLike | TextLike,
  most: number,
  options: Where<R> = {},
): Aggregate<R, Text> {
  return list("collect", of, most, 1000, options);
}

/**
 * The values that came most often, as text: `value:count`, joined by commas. Counts are never too low, and too
 * high by 0.27 % of all rows at most in 98 of 100 cases (Count-Min).
 */
export function heavy<R>(
  of: (row: R) => NumLike | TextLike,
  most: number,
  options: Where<R> = {},
): Aggregate<R, Text> {
  return list("heavy", of, most, 128, options);
}

function list<R>(
  kind: AggregateKind,
  of: (row: R) => NumLike | TextLike,
  most: number,
  bound: number,
  { where }: Where<R>,
): Aggregate<R, Text> {
  if (!Number.isInteger(most) || most < 1 || most > bound) {
    throw new TypeError(`Cannot keep ${most} values: give an integer from 1 to ${bound}`);
  }
  return {
    kind,
    build: (row) => ({
      of: valueOf(of(row)).node,
      where: where && bool(where(row)).node,
      type: "text",
      parameter: most,
    }),
  };
}

/** The name-less type of a value. */
export type Plain<V> = V extends Num<string> ? Num : V extends Text<string> ? Text : Bool;

function numeric<R>(
  kind: AggregateKind,
  of: (row: R) => NumLike,
  { where }: Where<R>,
  type?: ValueType,
  parameter?: number,
): Aggregate<R, Num> {
  return {
    kind,
    build: (row) => {
      const node = num(of(row)).node;
      return { of: node, where: where && bool(where(row)).node, type: type ?? node.type, parameter };
    },
  };
}

function any<R>(
  kind: AggregateKind,
  of: (row: R) => NumLike | TextLike,
  { where }: Where<R>,
  type: ValueType,
): Aggregate<R, Num> {
  return {
    kind,
    build: (row) => ({ of: valueOf(of(row)).node, where: where && bool(where(row)).node, type }),
  };
}

function picked<R, V extends Num<string> | Text<string> | Bool<string>>(
  kind: AggregateKind,
  of: (row: R) => V,
  { where }: Where<R>,
): Aggregate<R, Plain<V>> {
  return {
    kind,
    build: (row) => {
      const { node } = of(row);
      return { of: node, where: where && bool(where(row)).node, type: node.type };
    },
  };
}
