/** What the declared fraud rules compute with: places, speeds, currencies. */
import { validCurrency } from "./checks";
import { distance } from "./earth";

/** Places nearer than this are one place: terminals are mapped coarsely. */
// @ts-ignore: decorator
@inline
const DISTANCE_MIN: i64 = 1000;

/** km/h of one metre in one microsecond. */
// @ts-ignore: decorator
@inline
const KMH: i64 = 3600000;

/** Metres between two places in microdegrees, the first of them known; 0 otherwise. */
export function metres(known: bool, latitude1: i64, longitude1: i64, latitude2: i64, longitude2: i64): i64 {
  return known ? distance(<i32> latitude1, <i32> longitude1, <i32> latitude2, <i32> longitude2) : 0;
}

/** Microseconds between two times, from a second to 116 days: within these no product below leaves int64. */
export function apart(a: i64, b: i64): i64 {
  return min<i64>(max<i64>(abs<i64>(a - b), 1000000), 10000000000000);
}

export function faster(metres: i64, apart: i64, kmh: i64): bool {
  return metres >= DISTANCE_MIN && metres * KMH > kmh * apart;
}

/** km/h. */
export function speed(metres: i64, apart: i64): i64 {
  return metres < DISTANCE_MIN ? 0 : metres * KMH / apart;
}

export function currency(text: usize, length: u32): bool {
  return validCurrency(text, length);
}
