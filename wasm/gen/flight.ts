// Generated from actors/flights/flight.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "867d9c0bbe8e18c3e7018e3c2cdefbb7d2cde36e542cbeb9857f18eceb10c311";

@unmanaged
export class Flight {
  scheduledAt: i64;
  delay: i64;
  distance: i64;
  origin: usize;
  originLength: u32;
  destination: usize;
  destinationLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeFlight(into: Flight, ptr: usize, length: u32): i32 {
  clearFlight(into);
  return mergeFlight(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearFlight(into: Flight): void {
  into.scheduledAt = 0;
  into.delay = 0;
  into.distance = 0;
  into.origin = 0;
  into.originLength = 0;
  into.destination = 0;
  into.destinationLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeFlight(into: Flight, ptr: usize, length: u32): i32 {
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
        into.origin = at;
        into.originLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.destination = at;
        into.destinationLength = size;
        p = at + size;
        break;
      }
      case 24: {
        into.scheduledAt = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.delay = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.distance = <i64>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 5 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeFlight_origin(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeFlight_destination(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeFlight_scheduledAt(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeFlight_delay(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeFlight_distance(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}