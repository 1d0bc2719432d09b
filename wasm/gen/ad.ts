// Generated from actors/ads/ad.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "21e98feda97e213150a5be379f15a85036f91ab9b95dba481e5611f6f6c7e999";

@unmanaged
export class Impression {
  bid: i64;
  at: i64;
  impressionId: usize;
  impressionIdLength: u32;
  campaign: usize;
  campaignLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeImpression(into: Impression, ptr: usize, length: u32): i32 {
  clearImpression(into);
  return mergeImpression(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearImpression(into: Impression): void {
  into.bid = 0;
  into.at = 0;
  into.impressionId = 0;
  into.impressionIdLength = 0;
  into.campaign = 0;
  into.campaignLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeImpression(into: Impression, ptr: usize, length: u32): i32 {
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
        into.impressionId = at;
        into.impressionIdLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.campaign = at;
        into.campaignLength = size;
        p = at + size;
        break;
      }
      case 24: {
        into.bid = <i64>varint(p, stop);
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

export function writeImpression_impressionId(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeImpression_campaign(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeImpression_bid(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeImpression_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class Click {
  at: i64;
  impressionId: usize;
  impressionIdLength: u32;
  user: usize;
  userLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeClick(into: Click, ptr: usize, length: u32): i32 {
  clearClick(into);
  return mergeClick(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearClick(into: Click): void {
  into.at = 0;
  into.impressionId = 0;
  into.impressionIdLength = 0;
  into.user = 0;
  into.userLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeClick(into: Click, ptr: usize, length: u32): i32 {
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
        into.impressionId = at;
        into.impressionIdLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.user = at;
        into.userLength = size;
        p = at + size;
        break;
      }
      case 24: {
        into.at = <i64>varint(p, stop);
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

export function writeClick_impressionId(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeClick_user(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeClick_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}