// Generated from actors/nexmark/nexmark.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "6cb8e381d59eab469428944f5424f518ae4c845dc1b6e1e62be2b53987a5dd97";

@unmanaged
export class Event {
  person_0: u64;
  person_1: u64;
  person_2: u64;
  person_3: u64;
  person_4: u64;
  person_5: u64;
  person_6: u64;
  person_7: u64;
  auction_0: u64;
  auction_1: u64;
  auction_2: u64;
  auction_3: u64;
  auction_4: u64;
  auction_5: u64;
  auction_6: u64;
  auction_7: u64;
  auction_8: u64;
  auction_9: u64;
  bid_0: u64;
  bid_1: u64;
  bid_2: u64;
  bid_3: u64;
  bid_4: u64;
  bid_5: u64;
  bid_6: u64;
  eventCase: u32;
  padding204: u8;
  padding205: u8;
  padding206: u8;
  padding207: u8;
  // @ts-ignore: decorator
  @inline
  get person(): Person {
    return changetype<Person>(changetype<usize>(this) + offsetof<Event>("person_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasPerson(): bool {
    return this.eventCase == 1;
  }
  // @ts-ignore: decorator
  @inline
  get auction(): Auction {
    return changetype<Auction>(changetype<usize>(this) + offsetof<Event>("auction_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasAuction(): bool {
    return this.eventCase == 2;
  }
  // @ts-ignore: decorator
  @inline
  get bid(): Bid {
    return changetype<Bid>(changetype<usize>(this) + offsetof<Event>("bid_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasBid(): bool {
    return this.eventCase == 3;
  }
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeEvent(into: Event, ptr: usize, length: u32): i32 {
  clearEvent(into);
  return mergeEvent(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearEvent(into: Event): void {
  into.eventCase = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeEvent(into: Event, ptr: usize, length: u32): i32 {
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
        if (into.eventCase != 1) {
          into.eventCase = 1;
          clearPerson(into.person);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergePerson(into.person, at, size);
        if (bad) return bad;
        break;
      }
      case 18: {
        if (into.eventCase != 2) {
          into.eventCase = 2;
          clearAuction(into.auction);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeAuction(into.auction, at, size);
        if (bad) return bad;
        break;
      }
      case 26: {
        if (into.eventCase != 3) {
          into.eventCase = 3;
          clearBid(into.bid);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeBid(into.bid, at, size);
        if (bad) return bad;
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

export function beginEvent_person(p: usize): usize {
  return begin(p, 10);
}
export function endEvent_person(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginEvent_auction(p: usize): usize {
  return begin(p, 18);
}
export function endEvent_auction(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginEvent_bid(p: usize): usize {
  return begin(p, 26);
}
export function endEvent_bid(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
@unmanaged
export class Person {
  id: i64;
  dateTime: i64;
  name: usize;
  nameLength: u32;
  emailAddress: usize;
  emailAddressLength: u32;
  creditCard: usize;
  creditCardLength: u32;
  city: usize;
  cityLength: u32;
  state: usize;
  stateLength: u32;
  extra: usize;
  extraLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodePerson(into: Person, ptr: usize, length: u32): i32 {
  clearPerson(into);
  return mergePerson(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearPerson(into: Person): void {
  into.id = 0;
  into.dateTime = 0;
  into.name = 0;
  into.nameLength = 0;
  into.emailAddress = 0;
  into.emailAddressLength = 0;
  into.creditCard = 0;
  into.creditCardLength = 0;
  into.city = 0;
  into.cityLength = 0;
  into.state = 0;
  into.stateLength = 0;
  into.extra = 0;
  into.extraLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergePerson(into: Person, ptr: usize, length: u32): i32 {
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
      case 8: {
        into.id = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.name = at;
        into.nameLength = size;
        p = at + size;
        break;
      }
      case 26: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.emailAddress = at;
        into.emailAddressLength = size;
        p = at + size;
        break;
      }
      case 34: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.creditCard = at;
        into.creditCardLength = size;
        p = at + size;
        break;
      }
      case 42: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.city = at;
        into.cityLength = size;
        p = at + size;
        break;
      }
      case 50: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.state = at;
        into.stateLength = size;
        p = at + size;
        break;
      }
      case 56: {
        into.dateTime = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 66: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.extra = at;
        into.extraLength = size;
        p = at + size;
        break;
      }
      default: {
        if (tag >>> 3 <= 8 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writePerson_id(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writePerson_name(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writePerson_emailAddress(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 26, ptr, length);
}
export function writePerson_creditCard(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 34, ptr, length);
}
export function writePerson_city(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 42, ptr, length);
}
export function writePerson_state(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 50, ptr, length);
}
export function writePerson_dateTime(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
export function writePerson_extra(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 66, ptr, length);
}
@unmanaged
export class Auction {
  id: i64;
  initialBid: i64;
  reserve: i64;
  dateTime: i64;
  expires: i64;
  seller: i64;
  category: i64;
  itemName: usize;
  itemNameLength: u32;
  description: usize;
  descriptionLength: u32;
  extra: usize;
  extraLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeAuction(into: Auction, ptr: usize, length: u32): i32 {
  clearAuction(into);
  return mergeAuction(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearAuction(into: Auction): void {
  into.id = 0;
  into.initialBid = 0;
  into.reserve = 0;
  into.dateTime = 0;
  into.expires = 0;
  into.seller = 0;
  into.category = 0;
  into.itemName = 0;
  into.itemNameLength = 0;
  into.description = 0;
  into.descriptionLength = 0;
  into.extra = 0;
  into.extraLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeAuction(into: Auction, ptr: usize, length: u32): i32 {
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
      case 8: {
        into.id = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.itemName = at;
        into.itemNameLength = size;
        p = at + size;
        break;
      }
      case 26: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.description = at;
        into.descriptionLength = size;
        p = at + size;
        break;
      }
      case 32: {
        into.initialBid = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.reserve = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.dateTime = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.expires = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 64: {
        into.seller = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 72: {
        into.category = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 82: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.extra = at;
        into.extraLength = size;
        p = at + size;
        break;
      }
      default: {
        if (tag >>> 3 <= 10 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeAuction_id(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeAuction_itemName(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeAuction_description(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 26, ptr, length);
}
export function writeAuction_initialBid(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeAuction_reserve(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeAuction_dateTime(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeAuction_expires(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
export function writeAuction_seller(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 64);
  return writeVarint(p, <u64>value);
}
export function writeAuction_category(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 72);
  return writeVarint(p, <u64>value);
}
export function writeAuction_extra(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 82, ptr, length);
}
@unmanaged
export class SideInput {
  key: i64;
  value: usize;
  valueLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeSideInput(into: SideInput, ptr: usize, length: u32): i32 {
  clearSideInput(into);
  return mergeSideInput(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearSideInput(into: SideInput): void {
  into.key = 0;
  into.value = 0;
  into.valueLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeSideInput(into: SideInput, ptr: usize, length: u32): i32 {
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
      case 8: {
        into.key = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.value = at;
        into.valueLength = size;
        p = at + size;
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

export function writeSideInput_key(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeSideInput_value(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
@unmanaged
export class Bid {
  auction: i64;
  bidder: i64;
  price: i64;
  dateTime: i64;
  channel: usize;
  channelLength: u32;
  url: usize;
  urlLength: u32;
  extra: usize;
  extraLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeBid(into: Bid, ptr: usize, length: u32): i32 {
  clearBid(into);
  return mergeBid(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearBid(into: Bid): void {
  into.auction = 0;
  into.bidder = 0;
  into.price = 0;
  into.dateTime = 0;
  into.channel = 0;
  into.channelLength = 0;
  into.url = 0;
  into.urlLength = 0;
  into.extra = 0;
  into.extraLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeBid(into: Bid, ptr: usize, length: u32): i32 {
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
      case 8: {
        into.auction = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.bidder = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.price = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 34: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.channel = at;
        into.channelLength = size;
        p = at + size;
        break;
      }
      case 42: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.url = at;
        into.urlLength = size;
        p = at + size;
        break;
      }
      case 48: {
        into.dateTime = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 58: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.extra = at;
        into.extraLength = size;
        p = at + size;
        break;
      }
      default: {
        if (tag >>> 3 <= 7 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeBid_auction(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeBid_bidder(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeBid_price(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeBid_channel(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 34, ptr, length);
}
export function writeBid_url(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 42, ptr, length);
}
export function writeBid_dateTime(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeBid_extra(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 58, ptr, length);
}