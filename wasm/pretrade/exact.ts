/**
 * Exact int64 sums of money: each step notes when it leaves the range of int64, and the event is rejected
 * before anything was written. `overflowed` belongs to one event.
 */
import { addOverflows, mulOverflows, subOverflows } from "../lib/fixed";

export let overflowed: bool = false;

// @ts-ignore: decorator
@inline
export function beginExact(): void {
  overflowed = false;
}

// @ts-ignore: decorator
@inline
export function plus(a: i64, b: i64): i64 {
  if (addOverflows(a, b)) overflowed = true;
  return a + b;
}

// @ts-ignore: decorator
@inline
export function minus(a: i64, b: i64): i64 {
  if (subOverflows(a, b)) overflowed = true;
  return a - b;
}

/** Of numbers that are not negative. Two whose bits together stay below 63 cannot overflow. */
// @ts-ignore: decorator
@inline
export function times(a: i64, b: i64): i64 {
  if (clz(a) + clz(b) < 66 && mulOverflows(a, b)) overflowed = true;
  return a * b;
}

/** floor(amount × bps / 10,000), exact, of numbers that are not negative. */
// @ts-ignore: decorator
@inline
export function share(amount: i64, bps: i64): i64 {
  if (clz(amount) + clz(bps) >= 66) return <i64>(<u64>(amount * bps) / 10_000);
  const whole = <i64>(<u64>amount / 10_000);
  return plus(times(whole, bps), <i64>(<u64>((amount - whole * 10_000) * bps) / 10_000));
}

// @ts-ignore: decorator
@inline
export function distance(a: i64, b: i64): i64 {
  return a > b ? a - b : b - a;
}
