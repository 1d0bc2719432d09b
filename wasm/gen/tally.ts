// Generated from actors/tally/tally.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "b57de3e1e82a026826c1492801341d6698e92096816db85d00f3b9cc3ab4ef09";

export const enum TallyFigure {
  TALLY_FIGURE_NONE = 0,
  COUNT = 1,
  SUM = 2,
}

@unmanaged
export class Tally {
  amount: i64;
  at: i64;
  key: usize;
  keyLength: u32;
  note: usize;
  noteLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeTally(into: Tally, ptr: usize, length: u32): i32 {
  clearTally(into);
  return mergeTally(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearTally(into: Tally): void {
  into.amount = 0;
  into.at = 0;
  into.key = 0;
  into.keyLength = 0;
  into.note = 0;
  into.noteLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeTally(into: Tally, ptr: usize, length: u32): i32 {
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
        into.key = at;
        into.keyLength = size;
        p = at + size;
        break;
      }
      case 16: {
        into.amount = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.at = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 34: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.note = at;
        into.noteLength = size;
        p = at + size;
        break;
      }
      default: {
        if (tag >>> 3 <= 4 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeTally_key(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeTally_amount(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeTally_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeTally_note(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 34, ptr, length);
}
@unmanaged
export class TallyState {
  count: i64;
  sum: i64;
  key: usize;
  keyLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeTallyState(into: TallyState, ptr: usize, length: u32): i32 {
  clearTallyState(into);
  return mergeTallyState(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearTallyState(into: TallyState): void {
  into.count = 0;
  into.sum = 0;
  into.key = 0;
  into.keyLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeTallyState(into: TallyState, ptr: usize, length: u32): i32 {
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
        into.key = at;
        into.keyLength = size;
        p = at + size;
        break;
      }
      case 16: {
        into.count = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.sum = <i64>varint(p, stop);
        p = at;
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

export function writeTallyState_key(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeTallyState_count(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeTallyState_sum(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class TallyParams {
  trapNote: usize;
  trapNoteLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeTallyParams(into: TallyParams, ptr: usize, length: u32): i32 {
  clearTallyParams(into);
  return mergeTallyParams(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearTallyParams(into: TallyParams): void {
  into.trapNote = 0;
  into.trapNoteLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeTallyParams(into: TallyParams, ptr: usize, length: u32): i32 {
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
        into.trapNote = at;
        into.trapNoteLength = size;
        p = at + size;
        break;
      }
      default: {
        if (tag >>> 3 == 1) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeTallyParams_trapNote(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}