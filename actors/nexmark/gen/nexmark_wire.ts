// Generated from actors/nexmark/nexmark.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.

export type Integer64 = number | bigint;
/** A Uint8Array is taken for UTF-8. */
export type Text = string | Uint8Array;

export interface EventFields {
  readonly person?: PersonFields;
  readonly auction?: AuctionFields;
  readonly bid?: BidFields;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeEvent(message: EventFields, out: Uint8Array, at: number): number {
  const person_ = message.person;
  if (person_ !== undefined) {
    out[at++] = 10;
    const personAt = ++at;
    at = ended(out, personAt, encodePerson(person_, out, at));
  }
  const auction_ = message.auction;
  if (auction_ !== undefined) {
    out[at++] = 18;
    const auctionAt = ++at;
    at = ended(out, auctionAt, encodeAuction(auction_, out, at));
  }
  const bid_ = message.bid;
  if (bid_ !== undefined) {
    out[at++] = 26;
    const bidAt = ++at;
    at = ended(out, bidAt, encodeBid(bid_, out, at));
  }
  if (at > out.length) throw new RangeError("Cannot encode Event: the buffer is too small");
  return at;
}

export interface PersonFields {
  readonly id?: Integer64;
  readonly name?: Text;
  readonly emailAddress?: Text;
  readonly creditCard?: Text;
  readonly city?: Text;
  readonly state?: Text;
  readonly dateTime?: Integer64;
  readonly extra?: Text;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodePerson(message: PersonFields, out: Uint8Array, at: number): number {
  const id_ = message.id;
  if (id_ !== undefined && id_ != 0) {
    out[at++] = 8;
    at = varint(out, at, id_);
  }
  const name_ = message.name;
  if (name_ !== undefined && name_.length !== 0) {
    out[at++] = 18;
    at = text(out, at, name_);
  }
  const emailAddress_ = message.emailAddress;
  if (emailAddress_ !== undefined && emailAddress_.length !== 0) {
    out[at++] = 26;
    at = text(out, at, emailAddress_);
  }
  const creditCard_ = message.creditCard;
  if (creditCard_ !== undefined && creditCard_.length !== 0) {
    out[at++] = 34;
    at = text(out, at, creditCard_);
  }
  const city_ = message.city;
  if (city_ !== undefined && city_.length !== 0) {
    out[at++] = 42;
    at = text(out, at, city_);
  }
  const state_ = message.state;
  if (state_ !== undefined && state_.length !== 0) {
    out[at++] = 50;
    at = text(out, at, state_);
  }
  const dateTime_ = message.dateTime;
  if (dateTime_ !== undefined && dateTime_ != 0) {
    out[at++] = 56;
    at = varint(out, at, dateTime_);
  }
  const extra_ = message.extra;
  if (extra_ !== undefined && extra_.length !== 0) {
    out[at++] = 66;
    at = text(out, at, extra_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Person: the buffer is too small");
  return at;
}

export interface AuctionFields {
  readonly id?: Integer64;
  readonly itemName?: Text;
  readonly description?: Text;
  readonly initialBid?: Integer64;
  readonly reserve?: Integer64;
  readonly dateTime?: Integer64;
  readonly expires?: Integer64;
  readonly seller?: Integer64;
  readonly category?: Integer64;
  readonly extra?: Text;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeAuction(message: AuctionFields, out: Uint8Array, at: number): number {
  const id_ = message.id;
  if (id_ !== undefined && id_ != 0) {
    out[at++] = 8;
    at = varint(out, at, id_);
  }
  const itemName_ = message.itemName;
  if (itemName_ !== undefined && itemName_.length !== 0) {
    out[at++] = 18;
    at = text(out, at, itemName_);
  }
  const description_ = message.description;
  if (description_ !== undefined && description_.length !== 0) {
    out[at++] = 26;
    at = text(out, at, description_);
  }
  const initialBid_ = message.initialBid;
  if (initialBid_ !== undefined && initialBid_ != 0) {
    out[at++] = 32;
    at = varint(out, at, initialBid_);
  }
  const reserve_ = message.reserve;
  if (reserve_ !== undefined && reserve_ != 0) {
    out[at++] = 40;
    at = varint(out, at, reserve_);
  }
  const dateTime_ = message.dateTime;
  if (dateTime_ !== undefined && dateTime_ != 0) {
    out[at++] = 48;
    at = varint(out, at, dateTime_);
  }
  const expires_ = message.expires;
  if (expires_ !== undefined && expires_ != 0) {
    out[at++] = 56;
    at = varint(out, at, expires_);
  }
  const seller_ = message.seller;
  if (seller_ !== undefined && seller_ != 0) {
    out[at++] = 64;
    at = varint(out, at, seller_);
  }
  const category_ = message.category;
  if (category_ !== undefined && category_ != 0) {
    out[at++] = 72;
    at = varint(out, at, category_);
  }
  const extra_ = message.extra;
  if (extra_ !== undefined && extra_.length !== 0) {
    out[at++] = 82;
    at = text(out, at, extra_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Auction: the buffer is too small");
  return at;
}

export interface SideInputFields {
  readonly key?: Integer64;
  readonly value?: Text;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeSideInput(message: SideInputFields, out: Uint8Array, at: number): number {
  const key_ = message.key;
  if (key_ !== undefined && key_ != 0) {
    out[at++] = 8;
    at = varint(out, at, key_);
  }
  const value_ = message.value;
  if (value_ !== undefined && value_.length !== 0) {
    out[at++] = 18;
    at = text(out, at, value_);
  }
  if (at > out.length) throw new RangeError("Cannot encode SideInput: the buffer is too small");
  return at;
}

export interface BidFields {
  readonly auction?: Integer64;
  readonly bidder?: Integer64;
  readonly price?: Integer64;
  readonly channel?: Text;
  readonly url?: Text;
  readonly dateTime?: Integer64;
  readonly extra?: Text;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeBid(message: BidFields, out: Uint8Array, at: number): number {
  const auction_ = message.auction;
  if (auction_ !== undefined && auction_ != 0) {
    out[at++] = 8;
    at = varint(out, at, auction_);
  }
  const bidder_ = message.bidder;
  if (bidder_ !== undefined && bidder_ != 0) {
    out[at++] = 16;
    at = varint(out, at, bidder_);
  }
  const price_ = message.price;
  if (price_ !== undefined && price_ != 0) {
    out[at++] = 24;
    at = varint(out, at, price_);
  }
  const channel_ = message.channel;
  if (channel_ !== undefined && channel_.length !== 0) {
    out[at++] = 34;
    at = text(out, at, channel_);
  }
  const url_ = message.url;
  if (url_ !== undefined && url_.length !== 0) {
    out[at++] = 42;
    at = text(out, at, url_);
  }
  const dateTime_ = message.dateTime;
  if (dateTime_ !== undefined && dateTime_ != 0) {
    out[at++] = 48;
    at = varint(out, at, dateTime_);
  }
  const extra_ = message.extra;
  if (extra_ !== undefined && extra_.length !== 0) {
    out[at++] = 58;
    at = text(out, at, extra_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Bid: the buffer is too small");
  return at;
}


// deno-lint-ignore-file no-unused-vars

function varint(out: Uint8Array, at: number, value: Integer64): number {
  if (typeof value === "bigint") {
    const whole = Number(value);
    if (whole < 0 || whole > 9007199254740991) return varintBig(out, at, BigInt.asUintN(64, value));
    value = whole;
  } else if (value < 0) {
    return varintBig(out, at, BigInt.asUintN(64, BigInt(value)));
  }
  while (value > 2147483647) {
    out[at++] = value % 128 + 128;
    value = Math.floor(value / 128);
  }
  while (value > 127) {
    out[at++] = (value & 127) | 128;
    value >>>= 7;
  }
  out[at++] = value;
  return at;
}

function varintBig(out: Uint8Array, at: number, value: bigint): number {
  while (value > 127n) {
    out[at++] = Number(value & 127n) | 128;
    value >>= 7n;
  }
  out[at++] = Number(value);
  return at;
}

function bool(out: Uint8Array, at: number, value: boolean): number {
  out[at] = value ? 1 : 0;
  return at + 1;
}

function zigzag32(out: Uint8Array, at: number, value: number): number {
  return varint(out, at, ((value << 1) ^ (value >> 31)) >>> 0);
}

function zigzag64(out: Uint8Array, at: number, value: Integer64): number {
  const wide = BigInt(value);
  return varintBig(out, at, BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n)));
}

function text(out: Uint8Array, at: number, value: Text): number {
  if (typeof value !== "string") return bytes(out, at, value);
  const length = value.length, start = at;
  at = varint(out, at, length);
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > 127) return bytes(out, start, encoder.encode(value));
    out[at++] = code;
  }
  return at;
}

function bytes(out: Uint8Array, at: number, value: Uint8Array): number {
  at = varint(out, at, value.length);
  if (at + value.length <= out.length) out.set(value, at);
  return at + value.length;
}

function fixed32(out: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < 4; i++) out[at++] = value >>> (8 * i);
  return at;
}

function fixed64(out: Uint8Array, at: number, value: Integer64): number {
  const wide = BigInt.asUintN(64, BigInt(value));
  return fixed32(out, fixed32(out, at, Number(wide & 0xffffffffn)), Number(wide >> 32n));
}

function float(out: Uint8Array, at: number, value: number): number {
  floats.setFloat32(0, value, true);
  return fixed32(out, at, floats.getUint32(0, true));
}

function double(out: Uint8Array, at: number, value: number): number {
  floats.setFloat64(0, value, true);
  return fixed32(out, fixed32(out, at, floats.getUint32(0, true)), floats.getUint32(4, true));
}

/** Puts the length before a message that began at `begun`, one byte after the place kept for it. */
function ended(out: Uint8Array, begun: number, at: number): number {
  const length = at - begun;
  if (length < 128) {
    out[begun - 1] = length;
    return at;
  }
  const room = length < 16384 ? 1 : length < 2097152 ? 2 : 3;
  if (at + room <= out.length) {
    out.copyWithin(begun + room, begun, at);
    varint(out, begun - 1, length);
  }
  return at + room;
}

const encoder = new TextEncoder();
const floats = new DataView(new ArrayBuffer(8));
