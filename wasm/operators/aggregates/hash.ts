/** A hash of 64 bits that depends on the bytes alone, for sketches that are merged across keys and partitions. */

/** Reads whole words: up to 7 bytes past the end are looked at and masked away. */
export function hash64(ptr: usize, length: u32): u64 {
  let h: u64 = 0x9E3779B97F4A7C15 ^ (<u64> length * 0xA0761D6478BD642F);
  let left = length;
  for (; left >= 8; left -= 8, ptr += 8) h = mix(h ^ load<u64>(ptr));
  if (left) h = mix(h ^ (load<u64>(ptr) & ((<u64> 1 << (left << 3)) - 1)));
  return mix(h);
}

// @ts-ignore: decorator
@inline
export function mix(h: u64): u64 {
  h ^= h >> 32;
  h *= 0xD6E8FEB86659FD93;
  h ^= h >> 32;
  h *= 0xD6E8FEB86659FD93;
  return h ^ (h >> 32);
}

/** Floats in their order as integers, and back. Both zeros are one. */
export function ordered(value: f64): i64 {
  const bits = reinterpret<i64>(value + 0.0);
  return bits >= 0 ? bits : bits ^ i64.MAX_VALUE;
}
export function unordered(order: i64): f64 {
  return reinterpret<f64>(order >= 0 ? order : order ^ i64.MAX_VALUE);
}
