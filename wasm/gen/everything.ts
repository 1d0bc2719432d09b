// Generated from tests/properties/proto/everything.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "8f5b2e7776ae19bba1d640c521a3125142b28e06f87a68eb4a1cf9d3a9b6b34a";

export const enum Colour {
  NO_COLOUR = 0,
  RED = 1,
  NEGATIVE = -1,
}

@unmanaged
export class EverythingPlainLeaf {
  bytes: usize;
  bytesLength: u32;
  number: i32;
  padding12: u8;
  padding13: u8;
  padding14: u8;
  padding15: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeEverythingPlainLeaf(into: EverythingPlainLeaf, ptr: usize, length: u32): i32 {
  clearEverythingPlainLeaf(into);
  return mergeEverythingPlainLeaf(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearEverythingPlainLeaf(into: EverythingPlainLeaf): void {
  into.bytes = 0;
  into.bytesLength = 0;
  into.number = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeEverythingPlainLeaf(into: EverythingPlainLeaf, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 10: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        into.bytes = at;
        into.bytesLength = size;
        p = at + size;
        break;
      }
      case 16: {
        into.number = <i32>zigzag(<u64><u32>varint(p, stop));
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 2 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeEverythingPlainLeaf_bytes(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeEverythingPlainLeaf_number(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64><u32>((value << 1) ^ (value >> 31)));
}
@unmanaged
export class EverythingPlain {
  value: i64;
  leaf_0: u64;
  leaf_1: u64;
  other_0: u64;
  other_1: u64;
  name: usize;
  nameLength: u32;
  maybe: u32;
  choiceCase: u32;
  hasMaybe: bool;
  hasLeaf: bool;
  yes: bool;
  padding59: u8;
  padding60: u8;
  padding61: u8;
  padding62: u8;
  padding63: u8;
  // @ts-ignore: decorator
  @inline
  get leaf(): EverythingPlainLeaf {
    return changetype<EverythingPlainLeaf>(changetype<usize>(this) + offsetof<EverythingPlain>("leaf_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasYes(): bool {
    return this.choiceCase == 5;
  }
  // @ts-ignore: decorator
  @inline
  get other(): EverythingPlainLeaf {
    return changetype<EverythingPlainLeaf>(changetype<usize>(this) + offsetof<EverythingPlain>("other_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasOther(): bool {
    return this.choiceCase == 6;
  }
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeEverythingPlain(into: EverythingPlain, ptr: usize, length: u32): i32 {
  clearEverythingPlain(into);
  return mergeEverythingPlain(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearEverythingPlain(into: EverythingPlain): void {
  into.value = 0;
  into.name = 0;
  into.nameLength = 0;
  into.maybe = 0;
  into.choiceCase = 0;
  into.hasMaybe = false;
  into.hasLeaf = false;
  into.yes = false;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeEverythingPlain(into: EverythingPlain, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 10: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.name = at;
        into.nameLength = size;
        p = at + size;
        break;
      }
      case 16: {
        into.value = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.maybe = <u32>varint(p, stop);
        p = at;
        into.hasMaybe = true;
        break;
      }
      case 34: {
        if (!into.hasLeaf) {
          into.hasLeaf = true;
          clearEverythingPlainLeaf(into.leaf);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeEverythingPlainLeaf(into.leaf, at, size);
        if (bad) return bad;
        break;
      }
      case 40: {
        into.yes = varint(p, stop) != 0;
        p = at;
        into.choiceCase = 5;
        break;
      }
      case 50: {
        if (into.choiceCase != 6) {
          into.choiceCase = 6;
          clearEverythingPlainLeaf(into.other);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeEverythingPlainLeaf(into.other, at, size);
        if (bad) return bad;
        break;
      }
      default: {
        if (tag >>> 3 <= 6 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeEverythingPlain_name(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeEverythingPlain_value(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeEverythingPlain_maybe(p: usize, value: u32): usize {
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function beginEverythingPlain_leaf(p: usize): usize {
  return begin(p, 34);
}
export function endEverythingPlain_leaf(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function writeEverythingPlain_yes(p: usize, value: bool): usize {
  p = writeVarint(p, 40);
  return writeVarint(p, value ? 1 : 0);
}
export function beginEverythingPlain_other(p: usize): usize {
  return begin(p, 50);
}
export function endEverythingPlain_other(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
@unmanaged
export class EverythingInner {
  value: i64;
  name: usize;
  nameLength: u32;
  marks: u32;
  marksFrom: usize;
  marksAt: usize;
  marksEnd: usize;
  marksPacked: usize;
  marksCount: u32;
  marksRewind(): void {
    this.marksAt = this.marksFrom;
    this.marksPacked = 0;
  }
  /** Loads the next element; false = there is none. */
  marksNext(): bool {
    let p = this.marksAt;
    const end = this.marksEnd;
    if (this.marksPacked) {
      if (p < this.marksPacked) {
        this.marks = <u32>varint(p, end);
        p = at;
        this.marksAt = p;
        return true;
      }
      this.marksPacked = 0;
    }
    while (p < end) {
      const tag = varint(p, end);
      p = at;
      if (tag == 24) {
        this.marks = <u32>varint(p, end);
        p = at;
        this.marksAt = p;
        return true;
      }
      if (tag == 26) {
        const length = lengthOf(p, end);
        p = at;
        if (!length) continue;
        this.marksPacked = p + length;
        this.marks = <u32>varint(p, end);
        p = at;
        this.marksAt = p;
        return true;
      }
      skip(tag, p, end);
      p = at;
    }
    this.marksAt = p;
    return false;
  }
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeEverythingInner(into: EverythingInner, ptr: usize, length: u32): i32 {
  clearEverythingInner(into);
  return mergeEverythingInner(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearEverythingInner(into: EverythingInner): void {
  into.value = 0;
  into.name = 0;
  into.nameLength = 0;
  into.marks = 0;
  into.marksFrom = 0;
  into.marksAt = 0;
  into.marksEnd = 0;
  into.marksPacked = 0;
  into.marksCount = 0;
}

/** Into a cleared struct. */
export function mergeEverythingInner(into: EverythingInner, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    const start = p;
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 10: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.name = at;
        into.nameLength = size;
        p = at + size;
        break;
      }
      case 16: {
        into.value = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        if (!into.marksCount) {
          into.marksFrom = start;
          into.marksAt = into.marksFrom;
          into.marksEnd = stop;
        }
        into.marksCount++;
        into.marks = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 26: {
        if (!into.marksCount) {
          into.marksFrom = start;
          into.marksAt = into.marksFrom;
          into.marksEnd = stop;
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at;
        const end = p + size;
        while (p < end) {
          varint(p, end);
          if (!at) return MALFORMED;
          into.marksCount++;
          p = at;
        }
        break;
      }
      default: {
        if (tag >>> 3 <= 3 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeEverythingInner_name(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeEverythingInner_value(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeEverythingInner_marks(p: usize, value: u32): usize {
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class Everything {
  double: f64;
  int64: i64;
  uint64: u64;
  sint64: i64;
  fixed64: u64;
  sfixed64: i64;
  inner_0: u64;
  inner_1: u64;
  inner_2: u64;
  inner_3: u64;
  inner_4: u64;
  maybe: i64;
  number: i64;
  deep_0: u64;
  deep_1: u64;
  deep_2: u64;
  deep_3: u64;
  deep_4: u64;
  flat_0: u64;
  flat_1: u64;
  flat_2: u64;
  flat_3: u64;
  flat_4: u64;
  flat_5: u64;
  flat_6: u64;
  flat_7: u64;
  packedNumbers: i64;
  inners_0: u64;
  inners_1: u64;
  inners_2: u64;
  inners_3: u64;
  inners_4: u64;
  plain_0: u64;
  plain_1: u64;
  plain_2: u64;
  plain_3: u64;
  plain_4: u64;
  plain_5: u64;
  plain_6: u64;
  plain_7: u64;
  float: f32;
  int32: i32;
  uint32: u32;
  sint32: i32;
  fixed32: u32;
  sfixed32: i32;
  string: usize;
  stringLength: u32;
  bytes: usize;
  bytesLength: u32;
  colour: i32;
  maybeText: usize;
  maybeTextLength: u32;
  word: usize;
  wordLength: u32;
  packedNumbersFrom: usize;
  packedNumbersAt: usize;
  packedNumbersEnd: usize;
  packedNumbersPacked: usize;
  packedNumbersCount: u32;
  looseNumbers: i32;
  looseNumbersFrom: usize;
  looseNumbersAt: usize;
  looseNumbersEnd: usize;
  looseNumbersPacked: usize;
  looseNumbersCount: u32;
  packedFixed: u32;
  packedFixedFrom: usize;
  packedFixedAt: usize;
  packedFixedEnd: usize;
  packedFixedPacked: usize;
  packedFixedCount: u32;
  words: usize;
  wordsLength: u32;
  wordsFrom: usize;
  wordsAt: usize;
  wordsEnd: usize;
  wordsPacked: usize;
  wordsCount: u32;
  innersFrom: usize;
  innersAt: usize;
  innersEnd: usize;
  innersPacked: usize;
  innersCount: u32;
  farField: i32;
  choiceCase: u32;
  bool: bool;
  hasInner: bool;
  hasMaybe: bool;
  hasMaybeText: bool;
  hasPlain: bool;
  padding509: u8;
  padding510: u8;
  padding511: u8;
  // @ts-ignore: decorator
  @inline
  get inner(): EverythingInner {
    return changetype<EverythingInner>(changetype<usize>(this) + offsetof<Everything>("inner_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasNumber(): bool {
    return this.choiceCase == 20;
  }
  // @ts-ignore: decorator
  @inline
  get hasWord(): bool {
    return this.choiceCase == 21;
  }
  // @ts-ignore: decorator
  @inline
  get deep(): EverythingInner {
    return changetype<EverythingInner>(changetype<usize>(this) + offsetof<Everything>("deep_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasDeep(): bool {
    return this.choiceCase == 22;
  }
  // @ts-ignore: decorator
  @inline
  get flat(): EverythingPlain {
    return changetype<EverythingPlain>(changetype<usize>(this) + offsetof<Everything>("flat_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasFlat(): bool {
    return this.choiceCase == 30;
  }
  packedNumbersRewind(): void {
    this.packedNumbersAt = this.packedNumbersFrom;
    this.packedNumbersPacked = 0;
  }
  /** Loads the next element; false = there is none. */
  packedNumbersNext(): bool {
    let p = this.packedNumbersAt;
    const end = this.packedNumbersEnd;
    if (this.packedNumbersPacked) {
      if (p < this.packedNumbersPacked) {
        this.packedNumbers = <i64>varint(p, end);
        p = at;
        this.packedNumbersAt = p;
        return true;
      }
      this.packedNumbersPacked = 0;
    }
    while (p < end) {
      const tag = varint(p, end);
      p = at;
      if (tag == 184) {
        this.packedNumbers = <i64>varint(p, end);
        p = at;
        this.packedNumbersAt = p;
        return true;
      }
      if (tag == 186) {
        const length = lengthOf(p, end);
        p = at;
        if (!length) continue;
        this.packedNumbersPacked = p + length;
        this.packedNumbers = <i64>varint(p, end);
        p = at;
        this.packedNumbersAt = p;
        return true;
      }
      skip(tag, p, end);
      p = at;
    }
    this.packedNumbersAt = p;
    return false;
  }
  looseNumbersRewind(): void {
    this.looseNumbersAt = this.looseNumbersFrom;
    this.looseNumbersPacked = 0;
  }
  /** Loads the next element; false = there is none. */
  looseNumbersNext(): bool {
    let p = this.looseNumbersAt;
    const end = this.looseNumbersEnd;
    if (this.looseNumbersPacked) {
      if (p < this.looseNumbersPacked) {
        this.looseNumbers = <i32>zigzag(<u64><u32>varint(p, end));
        p = at;
        this.looseNumbersAt = p;
        return true;
      }
      this.looseNumbersPacked = 0;
    }
    while (p < end) {
      const tag = varint(p, end);
      p = at;
      if (tag == 192) {
        this.looseNumbers = <i32>zigzag(<u64><u32>varint(p, end));
        p = at;
        this.looseNumbersAt = p;
        return true;
      }
      if (tag == 194) {
        const length = lengthOf(p, end);
        p = at;
        if (!length) continue;
        this.looseNumbersPacked = p + length;
        this.looseNumbers = <i32>zigzag(<u64><u32>varint(p, end));
        p = at;
        this.looseNumbersAt = p;
        return true;
      }
      skip(tag, p, end);
      p = at;
    }
    this.looseNumbersAt = p;
    return false;
  }
  packedFixedRewind(): void {
    this.packedFixedAt = this.packedFixedFrom;
    this.packedFixedPacked = 0;
  }
  /** Loads the next element; false = there is none. */
  packedFixedNext(): bool {
    let p = this.packedFixedAt;
    const end = this.packedFixedEnd;
    if (this.packedFixedPacked) {
      if (p < this.packedFixedPacked) {
        if (end - p < 4) return false;
        this.packedFixed = load<u32>(p);
        p += 4;
        this.packedFixedAt = p;
        return true;
      }
      this.packedFixedPacked = 0;
    }
    while (p < end) {
      const tag = varint(p, end);
      p = at;
      if (tag == 205) {
        if (end - p < 4) return false;
        this.packedFixed = load<u32>(p);
        p += 4;
        this.packedFixedAt = p;
        return true;
      }
      if (tag == 202) {
        const length = lengthOf(p, end);
        p = at;
        if (!length) continue;
        this.packedFixedPacked = p + length;
        if (end - p < 4) return false;
        this.packedFixed = load<u32>(p);
        p += 4;
        this.packedFixedAt = p;
        return true;
      }
      skip(tag, p, end);
      p = at;
    }
    this.packedFixedAt = p;
    return false;
  }
  wordsRewind(): void {
    this.wordsAt = this.wordsFrom;
    this.wordsPacked = 0;
  }
  /** Loads the next element; false = there is none. */
  wordsNext(): bool {
    let p = this.wordsAt;
    const end = this.wordsEnd;
    while (p < end) {
      const tag = varint(p, end);
      p = at;
      if (tag == 210) {
        const length = lengthOf(p, end);
        this.words = at;
        this.wordsLength = length;
        p = at + length;
        this.wordsAt = p;
        return true;
      }
      skip(tag, p, end);
      p = at;
    }
    this.wordsAt = p;
    return false;
  }
  // @ts-ignore: decorator
  @inline
  get inners(): EverythingInner {
    return changetype<EverythingInner>(changetype<usize>(this) + offsetof<Everything>("inners_0"));
  }
  innersRewind(): void {
    this.innersAt = this.innersFrom;
    this.innersPacked = 0;
  }
  /** Loads the next element; false = there is none. */
  innersNext(): bool {
    let p = this.innersAt;
    const end = this.innersEnd;
    while (p < end) {
      const tag = varint(p, end);
      p = at;
      if (tag == 218) {
        const length = lengthOf(p, end);
        const next = at + length;
        if (decodeEverythingInner(this.inners, at, length)) unreachable();
        p = next;
        this.innersAt = p;
        return true;
      }
      skip(tag, p, end);
      p = at;
    }
    this.innersAt = p;
    return false;
  }
  // @ts-ignore: decorator
  @inline
  get plain(): EverythingPlain {
    return changetype<EverythingPlain>(changetype<usize>(this) + offsetof<Everything>("plain_0"));
  }
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeEverything(into: Everything, ptr: usize, length: u32): i32 {
  clearEverything(into);
  return mergeEverything(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearEverything(into: Everything): void {
  into.double = 0;
  into.int64 = 0;
  into.uint64 = 0;
  into.sint64 = 0;
  into.fixed64 = 0;
  into.sfixed64 = 0;
  into.maybe = 0;
  into.number = 0;
  into.packedNumbers = 0;
  into.float = 0;
  into.int32 = 0;
  into.uint32 = 0;
  into.sint32 = 0;
  into.fixed32 = 0;
  into.sfixed32 = 0;
  into.string = 0;
  into.stringLength = 0;
  into.bytes = 0;
  into.bytesLength = 0;
  into.colour = 0;
  into.maybeText = 0;
  into.maybeTextLength = 0;
  into.word = 0;
  into.wordLength = 0;
  into.packedNumbersFrom = 0;
  into.packedNumbersAt = 0;
  into.packedNumbersEnd = 0;
  into.packedNumbersPacked = 0;
  into.packedNumbersCount = 0;
  into.looseNumbers = 0;
  into.looseNumbersFrom = 0;
  into.looseNumbersAt = 0;
  into.looseNumbersEnd = 0;
  into.looseNumbersPacked = 0;
  into.looseNumbersCount = 0;
  into.packedFixed = 0;
  into.packedFixedFrom = 0;
  into.packedFixedAt = 0;
  into.packedFixedEnd = 0;
  into.packedFixedPacked = 0;
  into.packedFixedCount = 0;
  into.words = 0;
  into.wordsLength = 0;
  into.wordsFrom = 0;
  into.wordsAt = 0;
  into.wordsEnd = 0;
  into.wordsPacked = 0;
  into.wordsCount = 0;
  into.innersFrom = 0;
  into.innersAt = 0;
  into.innersEnd = 0;
  into.innersPacked = 0;
  into.innersCount = 0;
  into.farField = 0;
  into.choiceCase = 0;
  into.bool = false;
  into.hasInner = false;
  into.hasMaybe = false;
  into.hasMaybeText = false;
  into.hasPlain = false;
}

/** Into a cleared struct. */
export function mergeEverything(into: Everything, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  let innerFrom: usize = 0, innerSize: u32 = 0;
  let deepFrom: usize = 0, deepSize: u32 = 0;
  while (p < stop) {
    const start = p;
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 9: {
        if (stop - p < 8) return MALFORMED;
        into.double = load<f64>(p);
        p += 8;
        break;
      }
      case 21: {
        if (stop - p < 4) return MALFORMED;
        into.float = load<f32>(p);
        p += 4;
        break;
      }
      case 24: {
        into.int32 = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.int64 = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.uint32 = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.uint64 = varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.sint32 = <i32>zigzag(<u64><u32>varint(p, stop));
        p = at;
        break;
      }
      case 64: {
        into.sint64 = zigzag(varint(p, stop));
        p = at;
        break;
      }
      case 77: {
        if (stop - p < 4) return MALFORMED;
        into.fixed32 = load<u32>(p);
        p += 4;
        break;
      }
      case 81: {
        if (stop - p < 8) return MALFORMED;
        into.fixed64 = load<u64>(p);
        p += 8;
        break;
      }
      case 93: {
        if (stop - p < 4) return MALFORMED;
        into.sfixed32 = load<i32>(p);
        p += 4;
        break;
      }
      case 97: {
        if (stop - p < 8) return MALFORMED;
        into.sfixed64 = load<i64>(p);
        p += 8;
        break;
      }
      case 104: {
        into.bool = varint(p, stop) != 0;
        p = at;
        break;
      }
      case 114: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.string = at;
        into.stringLength = size;
        p = at + size;
        break;
      }
      case 122: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        into.bytes = at;
        into.bytesLength = size;
        p = at + size;
        break;
      }
      case 128: {
        into.colour = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 138: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        if (!into.hasInner) {
          into.hasInner = true;
          innerFrom = at;
          innerSize = size;
        } else {
          innerFrom = joined(innerFrom, innerSize, at, size);
          innerSize += size;
          if (!innerFrom) return MALFORMED; // more than JOINED_BYTES_MAX
        }
        const bad = decodeEverythingInner(into.inner, innerFrom, innerSize);
        if (bad) return bad;
        break;
      }
      case 144: {
        into.maybe = <i64>varint(p, stop);
        p = at;
        into.hasMaybe = true;
        break;
      }
      case 154: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.maybeText = at;
        into.maybeTextLength = size;
        p = at + size;
        into.hasMaybeText = true;
        break;
      }
      case 160: {
        into.number = <i64>varint(p, stop);
        p = at;
        into.choiceCase = 20;
        break;
      }
      case 170: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.word = at;
        into.wordLength = size;
        p = at + size;
        into.choiceCase = 21;
        break;
      }
      case 178: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        if (into.choiceCase != 22) {
          into.choiceCase = 22;
          deepFrom = at;
          deepSize = size;
        } else {
          deepFrom = joined(deepFrom, deepSize, at, size);
          deepSize += size;
          if (!deepFrom) return MALFORMED; // more than JOINED_BYTES_MAX
        }
        const bad = decodeEverythingInner(into.deep, deepFrom, deepSize);
        if (bad) return bad;
        break;
      }
      case 242: {
        if (into.choiceCase != 30) {
          into.choiceCase = 30;
          clearEverythingPlain(into.flat);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeEverythingPlain(into.flat, at, size);
        if (bad) return bad;
        break;
      }
      case 184: {
        if (!into.packedNumbersCount) {
          into.packedNumbersFrom = start;
          into.packedNumbersAt = into.packedNumbersFrom;
          into.packedNumbersEnd = stop;
        }
        into.packedNumbersCount++;
        into.packedNumbers = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 186: {
        if (!into.packedNumbersCount) {
          into.packedNumbersFrom = start;
          into.packedNumbersAt = into.packedNumbersFrom;
          into.packedNumbersEnd = stop;
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at;
        const end = p + size;
        while (p < end) {
          varint(p, end);
          if (!at) return MALFORMED;
          into.packedNumbersCount++;
          p = at;
        }
        break;
      }
      case 192: {
        if (!into.looseNumbersCount) {
          into.looseNumbersFrom = start;
          into.looseNumbersAt = into.looseNumbersFrom;
          into.looseNumbersEnd = stop;
        }
        into.looseNumbersCount++;
        into.looseNumbers = <i32>zigzag(<u64><u32>varint(p, stop));
        p = at;
        break;
      }
      case 194: {
        if (!into.looseNumbersCount) {
          into.looseNumbersFrom = start;
          into.looseNumbersAt = into.looseNumbersFrom;
          into.looseNumbersEnd = stop;
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at;
        const end = p + size;
        while (p < end) {
          varint(p, end);
          if (!at) return MALFORMED;
          into.looseNumbersCount++;
          p = at;
        }
        break;
      }
      case 205: {
        if (!into.packedFixedCount) {
          into.packedFixedFrom = start;
          into.packedFixedAt = into.packedFixedFrom;
          into.packedFixedEnd = stop;
        }
        into.packedFixedCount++;
        if (stop - p < 4) return MALFORMED;
        into.packedFixed = load<u32>(p);
        p += 4;
        break;
      }
      case 202: {
        if (!into.packedFixedCount) {
          into.packedFixedFrom = start;
          into.packedFixedAt = into.packedFixedFrom;
          into.packedFixedEnd = stop;
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at;
        const end = p + size;
        if (size % 4) return MALFORMED;
        into.packedFixedCount += size / 4;
        p = end;
        break;
      }
      case 210: {
        if (!into.wordsCount) {
          into.wordsFrom = start;
          into.wordsAt = into.wordsFrom;
          into.wordsEnd = stop;
        }
        into.wordsCount++;
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        p = at + size;
        break;
      }
      case 218: {
        if (!into.innersCount) {
          into.innersFrom = start;
          into.innersAt = into.innersFrom;
          into.innersEnd = stop;
        }
        into.innersCount++;
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = decodeEverythingInner(into.inners, at, size);
        if (bad) return bad;
        break;
      }
      case 226: {
        skip(tag, p, stop);
        p = at;
        break;
      }
      case 234: {
        if (!into.hasPlain) {
          into.hasPlain = true;
          clearEverythingPlain(into.plain);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeEverythingPlain(into.plain, at, size);
        if (bad) return bad;
        break;
      }
      case 4294967288: {
        into.farField = <i32>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 30 && tag >= 8 || tag >>> 3 == 536870911) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeEverything_double(p: usize, value: f64): usize {
  if (!reinterpret<u64>(value)) return p;
  p = writeVarint(p, 9);
  store<f64>(p, value);
  return p + 8;
}
export function writeEverything_float(p: usize, value: f32): usize {
  if (!reinterpret<u32>(value)) return p;
  p = writeVarint(p, 21);
  store<f32>(p, value);
  return p + 4;
}
export function writeEverything_int32(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeEverything_int64(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeEverything_uint32(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeEverything_uint64(p: usize, value: u64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeEverything_sint32(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64><u32>((value << 1) ^ (value >> 31)));
}
export function writeEverything_sint64(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 64);
  return writeVarint(p, <u64>((value << 1) ^ (value >> 63)));
}
export function writeEverything_fixed32(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 77);
  store<u32>(p, value);
  return p + 4;
}
export function writeEverything_fixed64(p: usize, value: u64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 81);
  store<u64>(p, value);
  return p + 8;
}
export function writeEverything_sfixed32(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 93);
  store<i32>(p, value);
  return p + 4;
}
export function writeEverything_sfixed64(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 97);
  store<i64>(p, value);
  return p + 8;
}
export function writeEverything_bool(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 104);
  return writeVarint(p, value ? 1 : 0);
}
export function writeEverything_string(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 114, ptr, length);
}
export function writeEverything_bytes(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 122, ptr, length);
}
export function writeEverything_colour(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 128);
  return writeVarint(p, <u64>value);
}
export function beginEverything_inner(p: usize): usize {
  return begin(p, 138);
}
export function endEverything_inner(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function writeEverything_maybe(p: usize, value: i64): usize {
  p = writeVarint(p, 144);
  return writeVarint(p, <u64>value);
}
export function writeEverything_maybeText(p: usize, ptr: usize, length: u32): usize {
  return writeBytes(p, 154, ptr, length);
}
export function writeEverything_number(p: usize, value: i64): usize {
  p = writeVarint(p, 160);
  return writeVarint(p, <u64>value);
}
export function writeEverything_word(p: usize, ptr: usize, length: u32): usize {
  return writeBytes(p, 170, ptr, length);
}
export function beginEverything_deep(p: usize): usize {
  return begin(p, 178);
}
export function endEverything_deep(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginEverything_flat(p: usize): usize {
  return begin(p, 242);
}
export function endEverything_flat(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function writeEverything_packedNumbers(p: usize, value: i64): usize {
  p = writeVarint(p, 184);
  return writeVarint(p, <u64>value);
}
export function writeEverything_looseNumbers(p: usize, value: i32): usize {
  p = writeVarint(p, 192);
  return writeVarint(p, <u64><u32>((value << 1) ^ (value >> 31)));
}
export function writeEverything_packedFixed(p: usize, value: u32): usize {
  p = writeVarint(p, 205);
  store<u32>(p, value);
  return p + 4;
}
export function writeEverything_words(p: usize, ptr: usize, length: u32): usize {
  return writeBytes(p, 210, ptr, length);
}
export function beginEverything_inners(p: usize): usize {
  return begin(p, 218);
}
export function endEverything_inners(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginEverything_plain(p: usize): usize {
  return begin(p, 234);
}
export function endEverything_plain(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function writeEverything_farField(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 4294967288);
  return writeVarint(p, <u64>value);
}