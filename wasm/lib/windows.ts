/**
 * Counters over the recent past, by event time. A window at time `at` is `(at - window, at]`. They live inside
 * an entry that the caller has made writable; sizes are constants, so that calls inline to straight code.
 * Events may come out of order: each is counted where its own time puts it, and refused when it is older than
 * what is kept, so that the answer depends on the events and their order alone.
 */
import { addOverflows } from "./fixed";
import { alloc, blockBytes, release, touchRange } from "./memory";

// ---- ring of buckets: approximate to a bucket's width, of constant size ----

/** newest bucket: i64 (0 = none yet; bucket numbers are kept one higher), then one T for each bucket. */
// @ts-ignore: decorator
@inline
export function ringBytes<T>(buckets: u32): u32 {
  return 8 + ((buckets * <u32> sizeof<T>() + 7) & ~7);
}

// @ts-ignore: decorator
@inline
function bucketOf(at: i64, width: i64): i64 {
  const q = at / width;
  return (at < 0 && q * width != at ? q - 1 : q) + 0x1000000000000000; // floor; never 0, so that 0 = none
}

/** Adds to the bucket of `at`; false = older than the ring, or the bucket would overflow. */
// @ts-ignore: decorator
@inline
export function ringAdd<T>(ring: usize, buckets: u32, width: i64, at: i64, value: T): bool {
  const bucket = bucketOf(at, width);
  const newest = load<i64>(ring);
  if (bucket > newest) ringAdvance<T>(ring, buckets, newest, bucket);
  else if (bucket <= newest - <i64> buckets) return false;
  const cell = ring + 8 + <usize> (<u64> bucket % <u64> buckets) * sizeof<T>();
  const before = load<T>(cell);
  const after = <T> (before + value);
  if (isSigned<T>()) {
    if (addOverflows(<i64> before, <i64> value) || <i64> after != <i64> before + <i64> value) return false;
  } else if (after < before) return false;
  store<T>(cell, after);
  return true;
}

function ringAdvance<T>(ring: usize, buckets: u32, newest: i64, bucket: i64): void {
  if (bucket - newest >= <i64> buckets) {
    memory.fill(ring + 8, 0, <usize> buckets * sizeof<T>());
  } else {
    for (let b = newest + 1; b <= bucket; b++) {
      store<T>(ring + 8 + <usize> (<u64> b % <u64> buckets) * sizeof<T>(), <T> 0);
    }
  }
  store<i64>(ring, bucket);
}

/** The sum over the `buckets` buckets that end with the one of `at`; past int64 it stays at the bound. */
// @ts-ignore: decorator
@inline
export function ringSum<T>(ring: usize, buckets: u32, width: i64, at: i64): i64 {
  const newest = load<i64>(ring);
  if (!newest) return 0;
  const last = min<i64>(bucketOf(at, width), newest);
  const first = max<i64>(bucketOf(at, width), newest) - <i64> buckets + 1;
  let sum: i64 = 0;
  // Buckets later than `at` are not part of its window; those before newest - buckets are gone.
  const from = max<i64>(first, bucketOf(at, width) - <i64> buckets + 1);
  for (let b = from; b <= last; b++) {
    sum += <i64> load<T>(ring + 8 + <usize> (<u64> b % <u64> buckets) * sizeof<T>());
  }
  return sum;
}

// ---- exact: every item with its time, a few in the entry, more in the arena, never above a declared bound ----

// @ts-ignore: decorator
@inline
export const EXACT_HEADER: u32 = 16;

// @ts-ignore: decorator
@inline
const ITEM: usize = 16;

@unmanaged
class Exact {
  spilled: usize; // block in the arena, 0 = the items stand in the entry
  capacity: u32; // of the block
  head: u32; // first live item
  count: u32;
}

let exactOverflowed: bool = false;

/** Whether the last exactSum went past int64 (it then answers the bound it ran into). */
export function exactSumOverflowed(): bool {
  return exactOverflowed;
}

// @ts-ignore: decorator
@inline
export function exactBytes(inline: u32): u32 {
  return EXACT_HEADER + inline * <u32> ITEM;
}

// @ts-ignore: decorator
@inline
function items(w: usize): usize {
  const e = changetype<Exact>(w);
  return e.spilled ? e.spilled : w + EXACT_HEADER;
}

/** 0 = added; 1 = `max` items are held; 2 = older than the newest by `window` or more; 3 = no room for state. */
export function exactAdd(w: usize, inline: u32, max: u32, window: i64, at: i64, value: i64): i32 {
  const e = changetype<Exact>(w);
  let base = items(w);
  if (e.count) {
    const newest = load<i64>(base + <usize> (e.head + e.count - 1) * ITEM);
    if (at > newest) {
      exactExpire(w, base, at, window);
      base = items(w);
    } else if (subtract(newest, window) >= at) return 2;
  }
  if (e.count >= max) return 1;
  if (e.head + e.count >= (e.spilled ? e.capacity : inline)) {
    if (e.head && e.head * 4 >= e.count) exactCompact(e, base);
    else if (!exactGrow(w, inline, base)) return 3;
    base = items(w);
  }
  if (e.spilled) touchRange(base, <usize> e.capacity * ITEM);
  let place = base + <usize> (e.head + e.count) * ITEM;
  while (place > base + <usize> e.head * ITEM && load<i64>(place - ITEM) > at) {
    store<i64>(place, load<i64>(place - ITEM));
    store<i64>(place, load<i64>(place - ITEM, 8), 8);
    place -= ITEM;
  }
  store<i64>(place, at);
  store<i64>(place, value, 8);
  e.count++;
  return 0;
}

/** Whether exactAdd would find the item too old. */
export function exactTooOld(w: usize, window: i64, at: i64): bool {
  const e = changetype<Exact>(w);
  return e.count != 0 && subtract(load<i64>(items(w) + <usize> (e.head + e.count - 1) * ITEM), window) >= at;
}

/**
 * As exactAdd, but where `max` items are held the two oldest become one, of the later time and both values: sums
 * and counts may then be too high, never too low. `merged` is the address of an i64, 0 at first: for how many more
 * the oldest stands. An item older than that one takes its time, so that it stays the oldest.
 */
export function exactMerge(
  w: usize,
  inline: u32,
  max: u32,
  window: i64,
  at: i64,
  value: i64,
  merged: usize,
): i32 {
  const e = changetype<Exact>(w);
  if (!load<i64>(merged) && e.count < max) return exactAdd(w, inline, max, window, at, value);
  if (e.count) {
    const base = items(w), held = e.count;
    if (at > load<i64>(base + <usize> (e.head + held - 1) * ITEM)) exactExpire(w, base, at, window);
    else if (exactTooOld(w, window, at)) return 2;
    if (e.count != held) store<i64>(merged, 0);
    else if (held >= max) mergeOldest(e, base, merged);
  }
  if (load<i64>(merged)) at = laterOf(at, load<i64>(items(w) + <usize> e.head * ITEM));
  return exactAdd(w, inline, max, window, at, value);
}

// @ts-ignore: decorator
@inline
function laterOf(a: i64, b: i64): i64 {
  return a > b ? a : b;
}

function mergeOldest(e: Exact, base: usize, merged: usize): void {
  const oldest = base + <usize> e.head * ITEM;
  if (e.count < 2 || addOverflows(load<i64>(oldest, 8), load<i64>(oldest + ITEM, 8))) return;
  if (e.spilled) touchRange(base, <usize> e.capacity * ITEM);
  store<i64>(oldest + ITEM, load<i64>(oldest, 8) + load<i64>(oldest + ITEM, 8), 8);
  e.head++;
  e.count--;
  store<i64>(merged, load<i64>(merged) + 1);
}

/** exactCount, each item for what it stands for: the oldest for so many more. */
// @ts-ignore: decorator
@inline
export function exactCountMerged(w: usize, inline: u32, at: i64, window: i64, merged: i64): u32 {
  const count = exactCount(w, inline, at, window);
  return count && count == changetype<Exact>(w).count ? count + <u32> merged : count;
}

// @ts-ignore: decorator
@inline
function subtract(a: i64, b: i64): i64 {
  const d = a - b;
  return ((a ^ b) & (a ^ d)) < 0 ? i64.MIN_VALUE : d;
}

/** Drops what is no longer within `window` of the new newest time. */
function exactExpire(w: usize, base: usize, at: i64, window: i64): void {
  const e = changetype<Exact>(w);
  const oldest = subtract(at, window);
  while (e.count && load<i64>(base + <usize> e.head * ITEM) <= oldest) {
    e.head++;
    e.count--;
  }
  if (e.count) return;
  e.head = 0;
  if (!e.spilled) return;
  release(e.spilled, <usize> e.capacity * ITEM);
  e.spilled = 0;
  e.capacity = 0;
}

function exactCompact(e: Exact, base: usize): void {
  if (e.spilled) touchRange(base, <usize> e.capacity * ITEM);
  memory.copy(base, base + <usize> e.head * ITEM, <usize> e.count * ITEM);
  e.head = 0;
}

function exactGrow(w: usize, inline: u32, base: usize): bool {
  const e = changetype<Exact>(w);
  const have = e.spilled ? e.capacity : inline;
  const capacity = <u32> (blockBytes(<usize> (have << 1) * ITEM) / ITEM);
  const block = alloc(<usize> capacity * ITEM);
  if (!block) return false;
  touchRange(block, <usize> capacity * ITEM);
  memory.copy(block, base + <usize> e.head * ITEM, <usize> e.count * ITEM);
  if (e.spilled) release(e.spilled, <usize> e.capacity * ITEM);
  e.spilled = block;
  e.capacity = capacity;
  e.head = 0;
  return true;
}

/** Items in `(at - window, at]`. */
export function exactCount(w: usize, inline: u32, at: i64, window: i64): u32 {
  const e = changetype<Exact>(w);
  const first = items(w) + <usize> e.head * ITEM, oldest = subtract(at, window);
  let place = first + <usize> e.count * ITEM, count: u32 = 0;
  while (place > first) {
    place -= ITEM;
    const time = load<i64>(place);
    if (time <= oldest) break;
    if (time <= at) count++;
  }
  return count;
}

/** The sum of the values in `(at - window, at]`; see exactSumOverflowed. */
export function exactSum(w: usize, inline: u32, at: i64, window: i64): i64 {
  const e = changetype<Exact>(w);
  const first = items(w) + <usize> e.head * ITEM, oldest = subtract(at, window);
  let place = first + <usize> e.count * ITEM, sum: i64 = 0;
  exactOverflowed = false;
  while (place > first) {
    place -= ITEM;
    const time = load<i64>(place);
    if (time <= oldest) break;
    if (time > at) continue;
    const value = load<i64>(place, 8);
    if (addOverflows(sum, value)) {
      exactOverflowed = true;
      return value < 0 ? i64.MIN_VALUE : i64.MAX_VALUE;
    }
    sum += value;
  }
  return sum;
}

/** Releases what it holds in the arena; before its entry is removed. */
export function exactClear(w: usize, inline: u32): void {
  const e = changetype<Exact>(w);
  if (e.spilled) release(e.spilled, <usize> e.capacity * ITEM);
  e.spilled = 0;
  e.capacity = 0;
  e.head = 0;
  e.count = 0;
}

// ---- token bucket, in millionths of a token ----

// @ts-ignore: decorator
@inline
export const BUCKET_BYTES: u32 = 16;

/**
 * Takes `cost` tokens of a bucket that holds `burst` and gains `perSecond`; false = not enough, none taken.
 * Zeroed memory is a full bucket. Time that runs backwards gains nothing. Bounds: burst, cost < 2^43.
 */
export function bucketTake(bucket: usize, perSecond: i64, burst: i64, at: i64, cost: i64): bool {
  const full = burst * 1_000_000;
  let missing = load<i64>(bucket);
  const last = load<i64>(bucket, 8);
  if (at > last) {
    const elapsed = at - last;
    missing = perSecond > 0 && (elapsed < 0 || elapsed >= missing / perSecond + 1)
      ? 0
      : max<i64>(0, missing - elapsed * perSecond);
    store<i64>(bucket, at, 8);
  }
  const taken = missing + cost * 1_000_000;
  const enough = taken <= full;
  store<i64>(bucket, enough ? taken : missing);
  return enough;
}
