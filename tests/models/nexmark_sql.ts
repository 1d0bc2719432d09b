/** The little of SQL that Nexmark's twins need: groups, averages, top rows, time as text. */
import type { Decimal } from "./nexmark.ts";

export const SECOND = 1_000_000;

export function groups<T>(items: readonly T[], key: (item: T) => string | number): Map<string | number, T[]> {
  const found = new Map<string | number, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = found.get(name);
    if (group) group.push(item);
    else found.set(name, [item]);
  }
  return found;
}

export function avg(values: readonly number[]): Decimal {
  return { over: sum(values), under: BigInt(values.length) };
}

export function sum(values: readonly number[]): bigint {
  return values.reduce((total, value) => total + BigInt(value), 0n);
}

export function max(values: readonly number[]): number {
  return values.reduce((most, value) => value > most ? value : most);
}

export function min(values: readonly number[]): number {
  return values.reduce((least, value) => value < least ? value : least);
}

export function distinct(values: readonly (string | number)[]): number {
  return new Set(values).size;
}

/** Starts of the windows [start, start + size) that hold `at`, aligned to the epoch. */
export function windowsOf(at: number, size: number, slide = size): number[] {
  const starts = [];
  for (let start = Math.floor(at / slide) * slide; start > at - size; start -= slide) starts.push(start);
  return starts;
}

/** For sorting: the first of the comparisons that tells the two apart. */
export function by<T>(...comparisons: ((a: T, b: T) => number)[]): (a: T, b: T) => number {
  return (a, b) => comparisons.reduce((order, compare) => order || compare(a, b), 0);
}

/** Code points, as engines that compare bytes do. */
export function text(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** 2015-07-15. */
export function day(at: number): string {
  return iso(at).slice(0, 10);
}

/** 23:59. */
export function minute(at: number): string {
  return iso(at).slice(11, 16);
}

export function hour(at: number): number {
  return Number(iso(at).slice(11, 13));
}

/** 2015-07-15 00:00:20.163, without a fraction of zero. */
export function timestamp(at: number): string {
  const fraction = String(at % SECOND).padStart(6, "0").replace(/000$/, "");
  const seconds = iso(at).slice(0, 19).replace("T", " ");
  return fraction === "000" ? seconds : `${seconds}.${fraction}`;
}

function iso(at: number): string {
  return new Date(Math.floor(at / 1000)).toISOString();
}
