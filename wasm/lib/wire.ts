/**
 * Reading and writing protobuf in linear memory. A reader leaves the position after what it read in `at`, or 0
 * there when the bytes are malformed. Readers may look up to 15 bytes past the end of what they read, never
 * past the end of memory: the regions around it see to that.
 */

/** MALFORMED and INVALID_UTF8 of RejectReason: what a decoder answers. */
// @ts-ignore: decorator
@inline
export const MALFORMED: i32 = 1;

// @ts-ignore: decorator
@inline
export const INVALID_UTF8: i32 = 11;

/** Where the last read ended; 0 = malformed. */
export let at: usize = 0;

// @ts-ignore: decorator
@inline
export function moveTo(p: usize): void {
  at = p;
}

// @ts-ignore: decorator
@inline
export function varint(p: usize, end: usize): u64 {
  if (p < end) {
    const first = <u64> load<u8>(p);
    if (first < 0x80) {
      at = p + 1;
      return first;
    }
  }
  return longVarint(p, end);
}

export function longVarint(p: usize, end: usize): u64 {
  if (p >= end) {
    at = 0;
    return 0;
  }
  let word = load<u64>(p);
  const stops = ~word & 0x8080808080808080;
  if (!stops) return widestVarint(p, end);
  const next = p + <usize> (ctz(stops) >> 3) + 1;
  at = next <= end ? next : 0;
  word &= (stops ^ (stops - 1)) & 0x7f7f7f7f7f7f7f7f;
  word = (word & 0x007f007f007f007f) | ((word & 0x7f007f007f007f00) >> 1);
  word = (word & 0x00003fff00003fff) | ((word & 0x3fff00003fff0000) >> 2);
  return (word & 0x0fffffff) | ((word & 0x0fffffff00000000) >> 4);
}

/** Nine or ten bytes. */
function widestVarint(p: usize, end: usize): u64 {
  let value: u64 = 0;
  for (let i: usize = 0; i < 10; i++) {
    if (p + i >= end) break;
    const byte = <u64> load<u8>(p + i);
    if (i == 9 && byte > 1) break;
    value |= (byte & 0x7f) << (i * 7);
    if (byte < 0x80) {
      at = p + i + 1;
      return value;
    }
  }
  at = 0;
  return 0;
}

// @ts-ignore: decorator
@inline
export function zigzag(value: u64): i64 {
  return <i64> (value >> 1) ^ -(<i64> (value & 1));
}

/** Checks that a length-delimited field fits and returns its length; `at` stands at its first byte. */
// @ts-ignore: decorator
@inline
export function lengthOf(p: usize, end: usize): u32 {
  const length = varint(p, end);
  if (at && length > <u64> (end - at)) at = 0;
  return <u32> length;
}

/** Skips the field whose tag was just read; `at` stands behind it. */
export function skip(tag: u64, p: usize, end: usize): void {
  skipNested(tag, p, end, 0);
}

function skipNested(tag: u64, p: usize, end: usize, depth: u32): void {
  const field = tag >> 3;
  if (field == 0 || field > 0x1fffffff) {
    at = 0;
    return;
  }
  switch (<u32> tag & 7) {
    case 0:
      varint(p, end);
      return;
    case 1:
      at = end - p >= 8 && p <= end ? p + 8 : 0;
      return;
    case 2: {
      const length = lengthOf(p, end);
      if (at) at += length;
      return;
    }
    case 3:
      return skipGroup(tag, p, end, depth);
    case 5:
      at = end - p >= 4 && p <= end ? p + 4 : 0;
      return;
    default:
      at = 0;
  }
}

/** Groups nest at most 16 deep. */
function skipGroup(tag: u64, p: usize, end: usize, depth: u32): void {
  if (depth == 16) {
    at = 0;
    return;
  }
  while (true) {
    const inner = varint(p, end);
    if (!at) return;
    if (inner == (tag | 7) - 3) return; // its end: wire type 4
    skipNested(inner, at, end, depth + 1);
    if (!at) return;
    p = at;
  }
}

/** Length of what findBytes found; it stands at `at`. */
export let foundLength: u32 = 0;

/** Finds the first length-delimited field `field` of a message, without looking at the others. */
export function findBytes(p: usize, length: u32, field: u32): bool {
  const end = p + length;
  while (p < end) {
    const tag = varint(p, end);
    if (!at) return false;
    if (tag == <u64> field << 3 | 2) {
      foundLength = lengthOf(at, end);
      return at != 0;
    }
    skip(tag, at, end);
    if (!at) return false;
    p = at;
  }
  return false;
}

/** Finds the first varint field `field` of a message and gives its value; `at` is 0 where there is none. */
export function findVarint(p: usize, length: u32, field: u32): u64 {
  const end = p + length;
  while (p < end) {
    const tag = varint(p, end);
    if (!at) return 0;
    if (tag == <u64> field << 3) return varint(at, end);
    skip(tag, at, end);
    if (!at) return 0;
    p = at;
  }
  at = 0;
  return 0;
}

/** Whether bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF. */
export function utf8(p: usize, length: u32): bool {
  const end = p + length;
  while (p < end) {
    if (end - p >= 8) {
      if (!(load<u64>(p) & 0x8080808080808080)) {
        p += 8;
        continue;
      }
    } else if (!(load<u64>(p) & 0x8080808080808080 & ((<u64> 1 << (<u64> (end - p) << 3)) - 1))) {
      return true;
    }
    const first = <u32> load<u8>(p++);
    if (first < 0x80) continue;
    if (first < 0xc2 || first > 0xf4) return false;
    const more: usize = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (end - p < more) return false;
    const second = <u32> load<u8>(p);
    if (second >> 6 != 2) return false;
    if (first == 0xe0 && second < 0xa0 || first == 0xed && second > 0x9f) return false;
    if (first == 0xf0 && second < 0x90 || first == 0xf4 && second > 0x8f) return false;
    if (more > 1 && load<u8>(p, 1) >> 6 != 2) return false;
    if (more > 2 && load<u8>(p, 2) >> 6 != 2) return false;
    p += more;
  }
  return true;
}

// ---- joining ----

/** Bytes of an event that may be joined, all in all. */
// @ts-ignore: decorator
@inline
const JOINED_BYTES_MAX: u32 = 32768;

const joins = memory.data(32768 + 16, 8);
let joinsEnd: u32 = 0;

/** Before each event: what was joined is not wanted any more. */
// @ts-ignore: decorator
@inline
export function dropJoined(): void {
  joinsEnd = 0;
}

/** Two runs of bytes as one, which is how protobuf merges a message that is given twice; 0 = no room. */
export function joined(a: usize, aLength: u32, b: usize, bLength: u32): usize {
  let start = joins + joinsEnd - aLength;
  if (a != start) { // else it is the newest run, and grows where it stands
    if (joinsEnd + aLength > JOINED_BYTES_MAX) return 0;
    start = joins + joinsEnd;
    memory.copy(start, a, aLength);
    joinsEnd += aLength;
  }
  if (joinsEnd + bLength > JOINED_BYTES_MAX) return 0;
  memory.copy(joins + joinsEnd, b, bLength);
  joinsEnd += bLength;
  return start;
}

// ---- writing ----

// @ts-ignore: decorator
@inline
export function writeVarint(p: usize, value: u64): usize {
  while (value >= 0x80) {
    store<u8>(p++, <u8> value | 0x80);
    value >>= 7;
  }
  store<u8>(p, <u8> value);
  return p + 1;
}

/** Copies a short run of bytes; cheaper than memory.copy, which leaves the module. May write 7 bytes more. */
// @ts-ignore: decorator
@inline
export function copyShort(to: usize, from: usize, length: u32): void {
  if (length > 256) {
    memory.copy(to, from, length);
    return;
  }
  for (let i: usize = 0; i < <usize> length; i += 8) store<u64>(to + i, load<u64>(from + i));
}

export function writeBytes(p: usize, tag: u32, from: usize, length: u32): usize {
  p = writeVarint(writeVarint(p, tag), length);
  copyShort(p, from, length);
  return p + length;
}

/** Begins a nested message: one byte is kept for its length. */
// @ts-ignore: decorator
@inline
export function begin(p: usize, tag: u32): usize {
  return writeVarint(p, tag) + 1;
}

/** Ends the message whose content began at `begun`; a longer length moves the content up. */
export function endNested(begun: usize, p: usize): usize {
  const length = <u32> (p - begun);
  if (length < 0x80) {
    store<u8>(begun - 1, <u8> length);
    return p;
  }
  const room: usize = length < 0x4000 ? 1 : length < 0x200000 ? 2 : length < 0x10000000 ? 3 : 4;
  memory.copy(begun + room, begun, length);
  writeVarint(begun - 1, length);
  return p + room;
}
