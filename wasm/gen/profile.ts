// Generated from actors/profiles/profile.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "77bfc0049a8e9fd3a99bcd4f7b09cb8834ac245f7cb78fa132177d57d3faa1aa";

@unmanaged
export class Activity {
  at: i64;
  user: usize;
  userLength: u32;
  action: usize;
  actionLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeActivity(into: Activity, ptr: usize, length: u32): i32 {
  clearActivity(into);
  return mergeActivity(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearActivity(into: Activity): void {
  into.at = 0;
  into.user = 0;
  into.userLength = 0;
  into.action = 0;
  into.actionLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeActivity(into: Activity, ptr: usize, length: u32): i32 {
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
        into.user = at;
        into.userLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.action = at;
        into.actionLength = size;
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

export function writeActivity_user(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeActivity_action(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeActivity_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class Profile {
  at: i64;
  user: usize;
  userLength: u32;
  city: usize;
  cityLength: u32;
  level: i32;
  padding28: u8;
  padding29: u8;
  padding30: u8;
  padding31: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeProfile(into: Profile, ptr: usize, length: u32): i32 {
  clearProfile(into);
  return mergeProfile(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearProfile(into: Profile): void {
  into.at = 0;
  into.user = 0;
  into.userLength = 0;
  into.city = 0;
  into.cityLength = 0;
  into.level = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeProfile(into: Profile, ptr: usize, length: u32): i32 {
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
        into.user = at;
        into.userLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.city = at;
        into.cityLength = size;
        p = at + size;
        break;
      }
      case 24: {
        into.level = <i32>varint(p, stop);
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

export function writeProfile_user(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeProfile_city(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeProfile_level(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeProfile_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}