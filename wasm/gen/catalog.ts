// Generated from actors/catalog/catalog.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "a991cee33e9c76d4b04d048cb39dc96d21a949185f0f1426278575563e03ae9c";

@unmanaged
export class Order {
  quantity: i64;
  at: i64;
  orderId: usize;
  orderIdLength: u32;
  productId: usize;
  productIdLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeOrder(into: Order, ptr: usize, length: u32): i32 {
  clearOrder(into);
  return mergeOrder(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearOrder(into: Order): void {
  into.quantity = 0;
  into.at = 0;
  into.orderId = 0;
  into.orderIdLength = 0;
  into.productId = 0;
  into.productIdLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeOrder(into: Order, ptr: usize, length: u32): i32 {
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
        into.orderId = at;
        into.orderIdLength = size;
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
        into.quantity = <i64>varint(p, stop);
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

export function writeOrder_orderId(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeOrder_productId(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeOrder_quantity(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeOrder_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class Product {
  price: i64;
  at: i64;
  productId: usize;
  productIdLength: u32;
  title: usize;
  titleLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeProduct(into: Product, ptr: usize, length: u32): i32 {
  clearProduct(into);
  return mergeProduct(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearProduct(into: Product): void {
  into.price = 0;
  into.at = 0;
  into.productId = 0;
  into.productIdLength = 0;
  into.title = 0;
  into.titleLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeProduct(into: Product, ptr: usize, length: u32): i32 {
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
        into.productId = at;
        into.productIdLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.title = at;
        into.titleLength = size;
        p = at + size;
        break;
      }
      case 24: {
        into.price = <i64>varint(p, stop);
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

export function writeProduct_productId(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeProduct_title(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeProduct_price(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeProduct_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}