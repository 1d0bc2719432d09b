/**
 * Quantiles of numbers: how many fell into each of 128 equal parts of each power of two. A quantile is given as
 * the middle of its part, so it is off by at most 0.4 % of itself (1/256); integers up to 256 are exact. Values
 * nearer to zero than 2^-64 count as zero, beyond 2^64 as that. Counts can be merged, unmerged and taken back,
 * and do not depend on the order of arrival.
 *
 * Parts that hold something stand in order in one block, 16 bytes each: at most 32,769, for data within a
 * factor of 1,000 about 1,280.
 */
import { alloc, release, touchRange } from "../../lib/memory";

// @ts-ignore: decorator
@inline
export const QUANTILES_BYTES: u32 = 24;

// @ts-ignore: decorator
@inline
const SHIFT: i64 = 45; // 52 bits of fraction, 7 of which are kept

/** The exponents of 2^-64 and 2^64, as floats have them. */
// @ts-ignore: decorator
@inline
const LEAST: i64 = (1023 - 64) << 7;
// @ts-ignore: decorator
@inline
const MOST: i64 = ((1023 + 64) << 7) + 127;

@unmanaged
class Parts {
  total: i64;
  block: usize;
  count: u32;
  capacity: u32;
}

@unmanaged
class Part {
  /** Which one, in the order of values. */
  at: i64;
  count: i64;
}

// @ts-ignore: decorator
@inline
const PART: usize = 16;

/** Adds a value `times` times (fewer than none takes it out). False = no room. No number counts as zero. */
export function quantilesChange(p: usize, value: f64, times: i64): bool {
  return change(changetype<Parts>(p), partOf(value), times);
}
// @ts-ignore: decorator
@inline
export function quantilesAdd(p: usize, value: f64): bool {
  return quantilesChange(p, value, 1);
}
// @ts-ignore: decorator
@inline
export function quantilesRemove(p: usize, value: f64): bool {
  return quantilesChange(p, value, -1);
}

export function quantilesMerge(p: usize, from: usize): bool {
  const other = changetype<Parts>(from);
  for (let i: u32 = 0; i < other.count; i++) {
    const part = partAt(other, i);
    if (!change(changetype<Parts>(p), part.at, part.count)) return false;
  }
  return true;
}
export function quantilesUnmerge(p: usize, from: usize): void {
  const other = changetype<Parts>(from);
  for (let i: u32 = 0; i < other.count; i++) {
    const part = partAt(other, i);
    change(changetype<Parts>(p), part.at, -part.count);
  }
}

/** The value of rank ⌊q · (n - 1)⌋, or about that; 0 where there is none. */
export function quantilesAt(p: usize, q: f64): f64 {
  const parts = changetype<Parts>(p);
  if (parts.total <= 0) return 0;
  const rank = <i64> floor<f64>(max<f64>(0, min<f64>(1, q)) * <f64> (parts.total - 1));
  let seen: i64 = 0;
  for (let i: u32 = 0; i < parts.count; i++) {
    const part = partAt(parts, i);
    seen += part.count;
    if (seen > rank) return valueOf(part.at);
  }
  return valueOf(partAt(parts, parts.count - 1).at);
}

export function quantilesFree(p: usize): void {
  const parts = changetype<Parts>(p);
  if (parts.block) release(parts.block, <usize> parts.capacity * PART);
  memory.fill(p, 0, QUANTILES_BYTES);
}

function partOf(value: f64): i64 {
  if (value != value) return 0;
  const bits = reinterpret<i64>(value), magnitude = (bits & i64.MAX_VALUE) >> SHIFT;
  if (magnitude < LEAST) return 0;
  const part = min<i64>(magnitude, MOST) - LEAST + 1;
  return bits < 0 ? -part : part;
}

/** The middle of a part; of parts of a width of one or less, the integer in them if there is one. */
function valueOf(part: i64): f64 {
  if (!part) return 0;
  const bits = ((part < 0 ? -part : part) + LEAST - 1) << SHIFT;
  const low = reinterpret<f64>(bits), high = reinterpret<f64>(bits + (<i64> 1 << SHIFT));
  const middle = high - low <= 1 && ceil<f64>(low) < high ? ceil<f64>(low) : low + (high - low) * 0.5;
  return part < 0 ? -middle : middle;
}

// @ts-ignore: decorator
@inline
function partAt(parts: Parts, i: u32): Part {
  return changetype<Part>(parts.block + <usize> i * PART);
}

function change(parts: Parts, at: i64, times: i64): bool {
  let low: u32 = 0, high = parts.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (partAt(parts, middle).at < at) low = middle + 1;
    else high = middle;
  }
  const found = low < parts.count && partAt(parts, low).at == at;
  if (!found && !insert(parts, low, at)) return false;
  const part = partAt(parts, low);
  touchRange(changetype<usize>(part), PART);
  part.count += times;
  parts.total += times;
  if (!part.count) {
    parts.count--;
    const rest = <usize> (parts.count - low) * PART;
    touchRange(changetype<usize>(part), rest + PART);
    memory.copy(changetype<usize>(part), changetype<usize>(part) + PART, rest);
  }
  return true;
}

function insert(parts: Parts, i: u32, at: i64): bool {
  if (parts.count == parts.capacity) {
    const capacity = max<u32>(4, parts.capacity << 1);
    const fresh = alloc(<usize> capacity * PART);
    if (!fresh) return false;
    touchRange(fresh, <usize> parts.count * PART);
    memory.copy(fresh, parts.block, <usize> parts.count * PART);
    if (parts.block) release(parts.block, <usize> parts.capacity * PART);
    parts.block = fresh;
    parts.capacity = capacity;
  }
  const place = changetype<usize>(partAt(parts, i)), rest = <usize> (parts.count - i) * PART;
  touchRange(place, rest + PART);
  memory.copy(place + PART, place, rest);
  changetype<Part>(place).at = at;
  changetype<Part>(place).count = 0;
  parts.count++;
  return true;
}
