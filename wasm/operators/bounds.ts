/** Times that stop at the ends of int64 instead of passing them, and blocks for rows. */
import { alloc, PAGE, touch, touchRange } from "../lib/memory";

export function plus(time: i64, span: i64): i64 {
  const sum = time + span;
  if (((time ^ sum) & (span ^ sum)) >= 0) return sum;
  return span < 0 ? i64.MIN_VALUE : i64.MAX_VALUE;
}

export function minus(time: i64, span: i64): i64 {
  const difference = time - span;
  if (((time ^ span) & (time ^ difference)) >= 0) return difference;
  return span < 0 ? i64.MAX_VALUE : i64.MIN_VALUE;
}

/** The watermark at which nothing at or before `time` can come any more, with `lateness` allowed. */
// @ts-ignore: decorator
@inline
export function passed(time: i64, lateness: i64): i64 {
  return plus(plus(time, lateness), 1);
}

/** Zeroed memory, all of it writable; 0 = no room. */
export function block(bytes: usize): usize {
  const at = alloc(bytes);
  if (at && bytes > PAGE) touchRange(at, bytes);
  return at;
}

/** Announces a write to something shorter than a page, which may end on the next. */
// @ts-ignore: decorator
@inline
export function touchEnds(at: usize, bytes: usize): void {
  touch(at);
  touch(at + bytes - 1);
}

/** What is short is copied here: memory.copy leaves the module. */
// @ts-ignore: decorator
@inline
export function copyWords(to: usize, from: usize, bytes: usize): void {
  if (bytes > 512) memory.copy(to, from, bytes);
  else for (let i: usize = 0; i < bytes; i += 8) store<u64>(to + i, load<u64>(from + i));
}

/** Which rows without a partner come out. Bits, as the result says which side is present. */
export namespace JoinKind {
  export const INNER: u32 = 0;
  export const LEFT: u32 = 1;
  export const RIGHT: u32 = 2;
  export const FULL: u32 = 3;
}

/** What is present in a joined row. */
export namespace Has {
  export const LEFT: u32 = 1;
  export const RIGHT: u32 = 2;
  export const BOTH: u32 = 3;
}
