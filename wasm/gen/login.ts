// Generated from actors/logins/login.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "aeffa17dc9bc058952050c51647f04c2bde26f23390b1fa0df3e6ab9a9a6915a";

@unmanaged
export class Login {
  at: i64;
  user: usize;
  userLength: u32;
  address: usize;
  addressLength: u32;
  ok: bool;
  padding25: u8;
  padding26: u8;
  padding27: u8;
  padding28: u8;
  padding29: u8;
  padding30: u8;
  padding31: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeLogin(into: Login, ptr: usize, length: u32): i32 {
  clearLogin(into);
  return mergeLogin(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearLogin(into: Login): void {
  into.at = 0;
  into.user = 0;
  into.userLength = 0;
  into.address = 0;
  into.addressLength = 0;
  into.ok = false;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeLogin(into: Login, ptr: usize, length: u32): i32 {
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
      case 16: {
        into.ok = varint(p, stop) != 0;
        p = at;
        break;
      }
      case 26: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.address = at;
        into.addressLength = size;
        p = at + size;
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

export function writeLogin_user(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeLogin_ok(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, value ? 1 : 0);
}
export function writeLogin_address(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 26, ptr, length);
}
export function writeLogin_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}