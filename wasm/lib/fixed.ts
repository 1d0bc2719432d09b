/** Checked int64 arithmetic: money and quantities never wrap, and 128-bit products decide exactly. */

// @ts-ignore: decorator
@inline
export function addOverflows(a: i64, b: i64): bool {
  const sum = a + b;
  return ((a ^ sum) & (b ^ sum)) < 0;
}

// @ts-ignore: decorator
@inline
export function subOverflows(a: i64, b: i64): bool {
  const difference = a - b;
  return ((a ^ b) & (a ^ difference)) < 0;
}

// @ts-ignore: decorator
@inline
export function mulOverflows(a: i64, b: i64): bool {
  if (<u64> (a + 0x80000000) <= 0xffffffff && <u64> (b + 0x80000000) <= 0xffffffff) {
    return false; // both fit in 32 bits
  }
  return mulHigh(a, b) != (a * b) >> 63;
}

/** The upper 64 bits of the 128-bit product; `a * b` is the lower half. */
export function mulHigh(a: i64, b: i64): i64 {
  let high = <i64> mulHighU(<u64> a, <u64> b);
  if (a < 0) high -= b;
  if (b < 0) high -= a;
  return high;
}

/** The upper half of the product of unsigned numbers. */
export function mulHighU(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff, aHigh = a >> 32, bLow = b & 0xffffffff, bHigh = b >> 32;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >> 32);
  const middle2 = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (middle2 >> 32);
}

/** The sign of a·b − c·d, exact for all int64. */
export function compareProducts(a: i64, b: i64, c: i64, d: i64): i32 {
  const high1 = mulHigh(a, b), high2 = mulHigh(c, d);
  if (high1 != high2) return high1 < high2 ? -1 : 1;
  const low1 = <u64> (a * b), low2 = <u64> (c * d);
  return low1 == low2 ? 0 : low1 < low2 ? -1 : 1;
}

/** |a|, also of the smallest int64. */
// @ts-ignore: decorator
@inline
export function absU(a: i64): u64 {
  return a < 0 ? 0 - <u64> a : <u64> a;
}
