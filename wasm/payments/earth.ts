/**
 * Great-circle distance in integers: haversine in fixed point, 30 fractional bits (Q30), shifts rounding down.
 * Angles are microdegrees, distances metres on a sphere of radius 6,371,009 m. Against an exact haversine it
 * errs by at most 2 m + 1/20,000 of the distance (tests/properties/fraud_earth_test.ts).
 *
 * A series is nested: 1 ± x²·r1·(1 ± x²·r2·(…)), each factor with its own reciprocal, which keeps the
 * rounding of each step from being multiplied by a power of x.
 */

// @ts-ignore: decorator
@inline
const ONE: i64 = 1 << 30;

// @ts-ignore: decorator
@inline
const HALF_PI: i64 = 1686629713; // round(π/2 · 2^30)

// @ts-ignore: decorator
@inline
const RADIANS: i64 = 20122276272; // round(π / 180,000,000 · 2^60)

// @ts-ignore: decorator
@inline
const DIAMETER: i64 = 12742018;

/** Below this (1/64 in Q30) two terms of either series leave less than half a unit. */
// @ts-ignore: decorator
@inline
const SMALL: i64 = 1 << 24;

/** round(2^30 / (2k·(2k+1))), k = 1 … 7. */
const SINE = memory.data<i64>([178956971, 53687091, 25565282, 14913081, 9761289, 6882960, 5113056]);
/** round(2^30 · (2k−1)² / (2k·(2k+1))), k = 1 … 12. */
const ARCSINE = memory.data<i64>([
  178956971,
  483183821,
  639132038,
  730740964,
  790664434,
  832838210,
  864106516,
  888205553,
  907343237,
  922906663,
  935810562,
  946682375,
]);

/** Metres between two places. */
export function distance(latitude1: i32, longitude1: i32, latitude2: i32, longitude2: i32): i64 {
  const north = abs<i64>(<i64> latitude1 - latitude2);
  let east = abs<i64>(<i64> longitude1 - longitude2);
  if (!(north | east)) return 0;
  if (east > 180000000) east = 360000000 - east;
  const halfNorth = sine(north >> 1), halfEast = sine(east >> 1);
  const cosine1 = sine(90000000 - abs<i64>(latitude1)), cosine2 = sine(90000000 - abs<i64>(latitude2));
  const haversine = halfNorth * halfNorth + ((halfEast * cosine1) >> 30) * ((halfEast * cosine2) >> 30);
  return (DIAMETER * arcsine(root(min<i64>(haversine, ONE << 30)))) >> 30;
}

/** Sine of 0 … 90 degrees. */
function sine(angle: i64): i64 {
  const x = (angle * RADIANS) >> 30, square = (x * x) >> 30;
  let sum = ONE;
  for (let k = x < SMALL ? 1 : 6; k >= 0; k--) {
    sum = ONE - ((((square * load<i64>(SINE + (<usize> k << 3))) >> 30) * sum) >> 30);
  }
  return min<i64>((x * sum) >> 30, ONE);
}

/** Arc sine of 0 … 1, in radians; past one half by the half-angle identity. */
function arcsine(x: i64): i64 {
  if (x <= ONE >> 1) return arcsineLow(x);
  return HALF_PI - 2 * arcsineLow(root((ONE - x) << 29));
}

function arcsineLow(x: i64): i64 {
  const square = (x * x) >> 30;
  let sum = ONE;
  for (let k = x < SMALL ? 1 : 11; k >= 0; k--) {
    sum = ONE + ((((square * load<i64>(ARCSINE + (<usize> k << 3))) >> 30) * sum) >> 30);
  }
  return (x * sum) >> 30;
}

/** The integer square root, rounded down, of a number below 2^62: Q60 in, Q30 out. */
function root(value: i64): i64 {
  let rest = <u64> value, result: u64 = 0;
  if (!rest) return 0;
  for (let bit = <u64> 1 << (63 - clz(rest) & ~1); bit; bit >>= 2) {
    const trial = result + bit, taken = rest >= trial; // chosen without a branch, which would be guessed wrong
    rest -= select<u64>(trial, 0, taken);
    result = (result >> 1) + select<u64>(bit, 0, taken);
  }
  return <i64> result;
}
