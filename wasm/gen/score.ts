// Generated from actors/games/score.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "bf27dcf5c6909e5195f7697ba59480a9adadef70190c5bb2c7df28e3a51804e6";

@unmanaged
export class Score {
  points: i64;
  at: i64;
  player: usize;
  playerLength: u32;
  region: usize;
  regionLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeScore(into: Score, ptr: usize, length: u32): i32 {
  clearScore(into);
  return mergeScore(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearScore(into: Score): void {
  into.points = 0;
  into.at = 0;
  into.player = 0;
  into.playerLength = 0;
  into.region = 0;
  into.regionLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeScore(into: Score, ptr: usize, length: u32): i32 {
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
        into.player = at;
        into.playerLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.region = at;
        into.regionLength = size;
        p = at + size;
        break;
      }
      case 24: {
        into.points = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.at = <i64>varint(p, stop);
        p = at;
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

export function writeScore_player(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeScore_region(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeScore_points(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeScore_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}