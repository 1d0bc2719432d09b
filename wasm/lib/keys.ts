/** Keys as bytes: their hash, which state is found by, copies of them, and whether two are the same. */
import { seed } from "./memory";

/** 32 bits of a hash keyed by the state's seed; key bytes past the end are read but masked away. */
// @ts-ignore: decorator
@inline
export function hashOf(key: usize, length: u32): u32 {
  return length == 8 ? hashWord(load<u64>(key)) : hashBytes(key, length);
}

/** The same of eight bytes. */
// @ts-ignore: decorator
@inline
function hashWord(word: u64): u32 {
  let h = (seed() ^ <u64> 8 * 0x9FB21C651E98DF25 ^ word) * 0xD6E8FEB86659FD93;
  h ^= h >> 32;
  return <u32> (h * 0xA0761D6478BD642F >> 32);
}

function hashBytes(key: usize, length: u32): u32 {
  let h = seed() ^ (<u64> length * 0x9FB21C651E98DF25);
  let left = length;
  while (left >= 8) {
    h = (h ^ load<u64>(key)) * 0xD6E8FEB86659FD93;
    h ^= h >> 32;
    key += 8;
    left -= 8;
  }
  if (left) {
    h = (h ^ (load<u64>(key) & ((<u64> 1 << (left << 3)) - 1))) * 0xD6E8FEB86659FD93;
    h ^= h >> 32;
  }
  h *= 0xA0761D6478BD642F;
  return <u32> (h >> 32);
}

/** A key into its zeroed entry; what stands behind the key is left out, so that equal states are equal bytes. */
export function copyKey(to: usize, key: usize, length: u32): void {
  while (length >= 8) {
    store<u64>(to, load<u64>(key));
    to += 8;
    key += 8;
    length -= 8;
  }
  if (length) store<u64>(to, load<u64>(key) & ((<u64> 1 << (length << 3)) - 1));
}

/** Whether `length` bytes are the same. */
export function sameBytes(a: usize, b: usize, length: u32): bool {
  while (length >= 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
    length -= 8;
  }
  return !length || !((load<u64>(a) ^ load<u64>(b)) & ((<u64> 1 << (length << 3)) - 1));
}
