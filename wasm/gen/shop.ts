// Generated from actors/shop/shop.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "5b8c48ba79c763432342896739a8948ef956062823d6580dd910dc3c8bd27028";

export const enum PageEventKind {
  VIEW = 0,
  ORDER = 1,
}

@unmanaged
export class PageEvent {
  amount: i64;
  at: i64;
  userId: usize;
  userIdLength: u32;
  productId: usize;
  productIdLength: u32;
  kind: i32;
  status: i32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodePageEvent(into: PageEvent, ptr: usize, length: u32): i32 {
  clearPageEvent(into);
  return mergePageEvent(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearPageEvent(into: PageEvent): void {
  into.amount = 0;
  into.at = 0;
  into.userId = 0;
  into.userIdLength = 0;
  into.productId = 0;
  into.productIdLength = 0;
  into.kind = 0;
  into.status = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergePageEvent(into: PageEvent, ptr: usize, length: u32): i32 {
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
        into.userId = at;
        into.userIdLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.productId = at;
        into.productIdLength = size;
        p = at + size;
        break;
      }
      case 24: {
        into.kind = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.amount = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.status = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.at = <i64>varint(p, stop);
        p = at;
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

export function writePageEvent_userId(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writePageEvent_productId(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writePageEvent_kind(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writePageEvent_amount(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writePageEvent_status(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writePageEvent_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}