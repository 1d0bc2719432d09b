/** Checked arithmetic in BigInt. */
const MAX = (1n << 63n) - 1n, MIN = -(1n << 63n);

export function overflows(value: bigint): boolean {
  return value > MAX || value < MIN;
}

export function addOverflows(a: bigint, b: bigint): boolean {
  return overflows(a + b);
}
export function subOverflows(a: bigint, b: bigint): boolean {
  return overflows(a - b);
}
export function mulOverflows(a: bigint, b: bigint): boolean {
  return overflows(a * b);
}
export function mulHigh(a: bigint, b: bigint): bigint {
  return BigInt.asIntN(64, (a * b) >> 64n);
}
export function compareProducts(a: bigint, b: bigint, c: bigint, d: bigint): bigint {
  return a * b < c * d ? -1n : a * b > c * d ? 1n : 0n;
}
