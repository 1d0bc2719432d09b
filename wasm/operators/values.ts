/**
 * What expressions compute with: checked integers and text. A computation that cannot be done (an overflow, a
 * division by zero, text that is no time) says so in `failed` and gives 0; the row is then rejected.
 */
import { addOverflows, mulOverflows, subOverflows } from "../lib/fixed";

/** A RejectReason, once something failed since `enterValues`. */
export let failed: u32 = 0;
/** Length of the text that was computed last. */
export let textLength: u32 = 0;

// @ts-ignore: decorator
@inline
const OVERFLOW: u32 = 4;

// @ts-ignore: decorator
@inline
const OUT_OF_RANGE: u32 = 3;

// @ts-ignore: decorator
@inline
const TEXT_BYTES: usize = 32768;

/** Text computed for the present event. Scratch. */
const room = memory.data(32768 + 16, 8);
let used: usize = 0;
let listed: usize = 0;

// @ts-ignore: decorator
@inline
export function enterValues(): void {
  failed = 0;
  used = 0;
}

/** Before what a result causes is computed: text of rows outside stays. Give what it returns to leaveValues. */
// @ts-ignore: decorator
@inline
export function nestValues(): usize {
  failed = 0;
  return used;
}

// @ts-ignore: decorator
@inline
export function leaveValues(mark: usize): void {
  failed = 0;
  used = mark;
}

// @ts-ignore: decorator
@inline
export function addI(a: i64, b: i64): i64 {
  if (addOverflows(a, b)) return fail(OVERFLOW);
  return a + b;
}
// @ts-ignore: decorator
@inline
export function subI(a: i64, b: i64): i64 {
  if (subOverflows(a, b)) return fail(OVERFLOW);
  return a - b;
}
// @ts-ignore: decorator
@inline
export function mulI(a: i64, b: i64): i64 {
  if (mulOverflows(a, b)) return fail(OVERFLOW);
  return a * b;
}
export function negI(a: i64): i64 {
  return a == i64.MIN_VALUE ? fail(OVERFLOW) : -a;
}
export function absI(a: i64): i64 {
  return a < 0 ? negI(a) : a;
}
export function idivI(a: i64, b: i64): i64 {
  if (b == 0 || a == i64.MIN_VALUE && b == -1) return fail(b ? OVERFLOW : OUT_OF_RANGE);
  return a / b;
}
export function modI(a: i64, b: i64): i64 {
  if (b == 0) return fail(OUT_OF_RANGE);
  return b == -1 ? 0 : a % b;
}
/** The largest multiple of `step` not above `a`. */
export function floorToI(a: i64, step: i64): i64 {
  if (step <= 0) return fail(OUT_OF_RANGE);
  const rest = a % step;
  return rest < 0 ? subI(a, rest + step) : a - rest;
}
/** Halves away from zero. */
export function roundF(a: f64): i64 {
  const whole = a < 0 ? Math.ceil(a - 0.5) : Math.floor(a + 0.5);
  if (!(whole >= -9223372036854775808.0 && whole < 9223372036854775808.0)) return fail(OVERFLOW);
  return <i64> whole;
}

function fail(reason: u32): i64 {
  if (!failed) failed = reason;
  return 0;
}

/** Called where a sum or a product of a result would overflow. */
export function overflowed(): void {
  fail(OVERFLOW);
}

// ---- text: (address, length) ----

export function sameText(a: usize, n: u32, b: usize, m: u32): bool {
  return n == m && memory.compare(a, b, n) == 0;
}
export function compareText(a: usize, n: u32, b: usize, m: u32): i32 {
  const order = memory.compare(a, b, min(n, m));
  return order ? order : n < m ? -1 : n > m ? 1 : 0;
}
export function startsText(a: usize, n: u32, b: usize, m: u32): bool {
  return m <= n && memory.compare(a, b, m) == 0;
}
export function endsText(a: usize, n: u32, b: usize, m: u32): bool {
  return m <= n && memory.compare(a + (n - m), b, m) == 0;
}
/** Where `b` begins in `a` from `from` on; -1 = nowhere. */
export function findText(a: usize, n: u32, b: usize, m: u32, from: u32): i32 {
  for (let i = from; i + m <= n; i++) if (memory.compare(a + i, b, m) == 0) return <i32> i;
  return -1;
}

export function concatText(a: usize, n: u32, b: usize, m: u32): usize {
  const p = take(<usize> n + m);
  if (!p) return 0;
  memory.copy(p, a, n);
  memory.copy(p + n, b, m);
  return p;
}

/** Part number `index` between separators. */
export function splitText(a: usize, n: u32, b: usize, m: u32, index: i64): usize {
  let from: u32 = 0;
  for (; index > 0 && m; index--) {
    const found = findText(a, n, b, m, from);
    if (found < 0) {
      textLength = 0;
      return a;
    }
    from = <u32> found + m;
  }
  const end = m ? findText(a, n, b, m, from) : -1;
  textLength = (end < 0 ? n : <u32> end) - from;
  return a + from;
}

export function lowerText(a: usize, n: u32): usize {
  return turned(a, n, 0x41);
}
export function upperText(a: usize, n: u32): usize {
  return turned(a, n, 0x61);
}

/** The 26 letters from `first` on as those of the other size. */
function turned(a: usize, n: u32, first: u32): usize {
  const p = take(n);
  if (!p) return 0;
  for (let i: u32 = 0; i < n; i++) {
    const byte = <u32> load<u8>(a + i);
    store<u8>(p + i, byte - first < 26 ? byte ^ 0x20 : byte);
  }
  return p;
}

export function trimText(a: usize, n: u32): usize {
  let from: u32 = 0;
  while (from < n && isSpace(load<u8>(a + from))) from++;
  while (n > from && isSpace(load<u8>(a + n - 1))) n--;
  textLength = n - from;
  return a + from;
}

// @ts-ignore: decorator
@inline
function isSpace(byte: u8): bool {
  return byte == 0x20 || byte - 9 < 5;
}

/**
 * Up to 8 bytes as a number, the first the lowest; text has no byte 0 that would tell nothing. The first half and the
 * last may overlap: they say the same there.
 */
// @ts-ignore: decorator
@inline
export function codeText(a: usize, n: u32): i64 {
  if (n - 2 > 6) return shortCode(a, n);
  if (n < 4) return <i64> load<u16>(a) | <i64> load<u8>(a + n - 1) << (<i64> (n - 1) << 3);
  return <i64> load<u32>(a) | <i64> load<u32>(a + n - 4) << (<i64> (n - 4) << 3);
}

function shortCode(a: usize, n: u32): i64 {
  return n > 8 ? fail(OUT_OF_RANGE) : n ? <i64> load<u8>(a) : 0;
}

export function digitsText(value: i64): usize {
  const p = take(20);
  if (!p) return 0;
  textLength = writeDigits(p, value);
  return p;
}

/** Writes decimal digits at p, at most 20; returns how many. */
export function writeDigits(p: usize, value: i64): u32 {
  let rest = value < 0 ? 0 - <u64> value : <u64> value;
  let count: u32 = value < 0 ? 2 : 1;
  for (let left = rest / 10; left; left /= 10) count++;
  for (let at = p + count - 1;; at--) {
    store<u8>(at, <u8> (0x30 + rest % 10));
    rest /= 10;
    if (!rest) break;
  }
  if (value < 0) store<u8>(p, 0x2d);
  return count;
}

/** yyyy-MM-dd of a time in microseconds, UTC. */
export function dateText(time: i64): usize {
  const p = take(16);
  if (!p) return 0;
  let days = floorToI(time, 86400000000) / 86400000000;
  // Days to civil date (proleptic Gregorian), eras of 400 years.
  days += 719468;
  const era = (days >= 0 ? days : days - 146096) / 146097;
  const dayOfEra = days - era * 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const shifted = (5 * dayOfYear + 2) / 153;
  const day = dayOfYear - (153 * shifted + 2) / 5 + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0 || year > 9999) {
    fail(OUT_OF_RANGE);
    return p;
  }
  padded(p, year, 4);
  store<u8>(p, 0x2d, 4);
  padded(p + 5, month, 2);
  store<u8>(p, 0x2d, 7);
  padded(p + 8, day, 2);
  textLength = 10;
  return p;
}

/** Microseconds of RFC 3339 text: 2026-11-20T14:00:00.123456Z, or with an offset; a space may stand for T. */
export function rfc3339Time(a: usize, n: u32): i64 {
  if (n < 20) return fail(OUT_OF_RANGE);
  const year = number(a, 4), month = number(a + 5, 2), day = number(a + 8, 2);
  const hour = number(a + 11, 2), minute = number(a + 14, 2), second = number(a + 17, 2);
  const separators = load<u8>(a, 4) == 0x2d && load<u8>(a, 7) == 0x2d && load<u8>(a, 13) == 0x3a &&
    load<u8>(a, 16) == 0x3a && ((load<u8>(a, 10) | 0x20) == 0x74 || load<u8>(a, 10) == 0x20);
  if (!separators || year < 0 || month < 1 || month > 12 || day < 1 || day > monthDays(year, month)) {
    return fail(OUT_OF_RANGE);
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return fail(OUT_OF_RANGE);
  let p: u32 = 19, fraction: i64 = 0, scale: i64 = 100000;
  if (load<u8>(a + p) == 0x2e) {
    for (p++; p < n && load<u8>(a + p) - 0x30 < 10; p++, scale /= 10) {
      fraction += scale * <i64> (load<u8>(a + p) - 0x30);
    }
  }
  if (p >= n) return fail(OUT_OF_RANGE);
  const sign = load<u8>(a + p);
  let offset: i64 = 0;
  if ((sign | 0x20) == 0x7a) {
    if (p + 1 != n) return fail(OUT_OF_RANGE);
  } else {
    if (p + 6 != n || load<u8>(a + p, 3) != 0x3a || sign != 0x2b && sign != 0x2d) return fail(OUT_OF_RANGE);
    const hours = number(a + p + 1, 2), minutes = number(a + p + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return fail(OUT_OF_RANGE);
    offset = (hours * 60 + minutes) * (sign == 0x2d ? -60000000 : 60000000);
  }
  const clock = (hour * 3600 + minute * 60 + second) * 1000000 + fraction;
  return daysBefore(year, month, day) * 86400000000 + clock - offset;
}

function daysBefore(year: i64, month: i64, day: i64): i64 {
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

function monthDays(year: i64, month: i64): i64 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** `digits` decimal digits; -1 where one is none. */
function number(p: usize, digits: u32): i64 {
  let value: i64 = 0;
  for (let i: u32 = 0; i < digits; i++) {
    const digit = load<u8>(p + i) - 0x30;
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function padded(p: usize, value: i64, digits: u32): void {
  for (let i = digits; i > 0; i--) {
    store<u8>(p + i - 1, <u8> (0x30 + value % 10));
    value /= 10;
  }
}

/** A text that is put together; one at a time, and no other text is computed meanwhile. */
export function beginList(): usize {
  listed = 0;
  return room + used;
}

/** What does not fit is left out, and the row refused. */
export function listBytes(text: usize, length: u32): void {
  if (used + listed + length > TEXT_BYTES) {
    fail(OUT_OF_RANGE);
    return;
  }
  memory.copy(room + used + listed, text, length);
  listed += length;
}

export function endList(list: usize): usize {
  used += listed;
  textLength = <u32> listed;
  return list;
}

/** So many bytes of scratch text; 0 = there is no more. */
function take(bytes: usize): usize {
  if (used + bytes > TEXT_BYTES) {
    fail(OUT_OF_RANGE);
    textLength = 0;
    return 0;
  }
  const p = room + used;
  used += bytes;
  textLength = <u32> bytes;
  return p;
}
