// Generated from tests/properties/proto/everything.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.

export type Integer64 = number | bigint;
/** A Uint8Array is taken for UTF-8. */
export type Text = string | Uint8Array;

export interface EverythingPlainLeafFields {
  readonly bytes?: Uint8Array;
  readonly number?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeEverythingPlainLeaf(message: EverythingPlainLeafFields, out: Uint8Array, at: number): number {
  const bytes_ = message.bytes;
  if (bytes_ !== undefined && bytes_.length !== 0) {
    out[at++] = 10;
    at = bytes(out, at, bytes_);
  }
  const number_ = message.number;
  if (number_ !== undefined && number_ !== 0) {
    out[at++] = 16;
    at = zigzag32(out, at, number_);
  }
  if (at > out.length) throw new RangeError("Cannot encode EverythingPlainLeaf: the buffer is too small");
  return at;
}

export interface EverythingPlainFields {
  readonly name?: Text;
  readonly value?: Integer64;
  readonly maybe?: number;
  readonly leaf?: EverythingPlainLeafFields;
  readonly yes?: boolean;
  readonly other?: EverythingPlainLeafFields;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeEverythingPlain(message: EverythingPlainFields, out: Uint8Array, at: number): number {
  const name_ = message.name;
  if (name_ !== undefined && name_.length !== 0) {
    out[at++] = 10;
    at = text(out, at, name_);
  }
  const value_ = message.value;
  if (value_ !== undefined && value_ != 0) {
    out[at++] = 16;
    at = varint(out, at, value_);
  }
  const maybe_ = message.maybe;
  if (maybe_ !== undefined) {
    out[at++] = 24;
    at = varint(out, at, maybe_);
  }
  const leaf_ = message.leaf;
  if (leaf_ !== undefined) {
    out[at++] = 34;
    const leafAt = ++at;
    at = ended(out, leafAt, encodeEverythingPlainLeaf(leaf_, out, at));
  }
  const yes_ = message.yes;
  if (yes_ !== undefined) {
    out[at++] = 40;
    at = bool(out, at, yes_);
  }
  const other_ = message.other;
  if (other_ !== undefined) {
    out[at++] = 50;
    const otherAt = ++at;
    at = ended(out, otherAt, encodeEverythingPlainLeaf(other_, out, at));
  }
  if (at > out.length) throw new RangeError("Cannot encode EverythingPlain: the buffer is too small");
  return at;
}

export interface EverythingInnerFields {
  readonly name?: Text;
  readonly value?: Integer64;
  readonly marks?: readonly (number)[];
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeEverythingInner(message: EverythingInnerFields, out: Uint8Array, at: number): number {
  const name_ = message.name;
  if (name_ !== undefined && name_.length !== 0) {
    out[at++] = 10;
    at = text(out, at, name_);
  }
  const value_ = message.value;
  if (value_ !== undefined && value_ != 0) {
    out[at++] = 16;
    at = varint(out, at, value_);
  }
  if (message.marks !== undefined) {
    for (const value of message.marks) {
      out[at++] = 24;
      at = varint(out, at, value);
    }
  }
  if (at > out.length) throw new RangeError("Cannot encode EverythingInner: the buffer is too small");
  return at;
}

export interface EverythingFields {
  readonly double?: number;
  readonly float?: number;
  readonly int32?: number;
  readonly int64?: Integer64;
  readonly uint32?: number;
  readonly uint64?: Integer64;
  readonly sint32?: number;
  readonly sint64?: Integer64;
  readonly fixed32?: number;
  readonly fixed64?: Integer64;
  readonly sfixed32?: number;
  readonly sfixed64?: Integer64;
  readonly bool?: boolean;
  readonly string?: Text;
  readonly bytes?: Uint8Array;
  readonly colour?: number;
  readonly inner?: EverythingInnerFields;
  readonly maybe?: Integer64;
  readonly maybeText?: Text;
  readonly number?: Integer64;
  readonly word?: Text;
  readonly deep?: EverythingInnerFields;
  readonly flat?: EverythingPlainFields;
  readonly packedNumbers?: readonly (Integer64)[];
  readonly looseNumbers?: readonly (number)[];
  readonly packedFixed?: readonly (number)[];
  readonly words?: readonly (Text)[];
  readonly inners?: readonly (EverythingInnerFields)[];
  readonly plain?: EverythingPlainFields;
  readonly farField?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeEverything(message: EverythingFields, out: Uint8Array, at: number): number {
  const double_ = message.double;
  if (double_ !== undefined && !Object.is(double_, 0)) {
    out[at++] = 9;
    at = double(out, at, double_);
  }
  const float_ = message.float;
  if (float_ !== undefined && !Object.is(float_, 0)) {
    out[at++] = 21;
    at = float(out, at, float_);
  }
  const int32_ = message.int32;
  if (int32_ !== undefined && int32_ !== 0) {
    out[at++] = 24;
    at = varint(out, at, int32_);
  }
  const int64_ = message.int64;
  if (int64_ !== undefined && int64_ != 0) {
    out[at++] = 32;
    at = varint(out, at, int64_);
  }
  const uint32_ = message.uint32;
  if (uint32_ !== undefined && uint32_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, uint32_);
  }
  const uint64_ = message.uint64;
  if (uint64_ !== undefined && uint64_ != 0) {
    out[at++] = 48;
    at = varint(out, at, uint64_);
  }
  const sint32_ = message.sint32;
  if (sint32_ !== undefined && sint32_ !== 0) {
    out[at++] = 56;
    at = zigzag32(out, at, sint32_);
  }
  const sint64_ = message.sint64;
  if (sint64_ !== undefined && sint64_ != 0) {
    out[at++] = 64;
    at = zigzag64(out, at, sint64_);
  }
  const fixed32_ = message.fixed32;
  if (fixed32_ !== undefined && fixed32_ !== 0) {
    out[at++] = 77;
    at = fixed32(out, at, fixed32_);
  }
  const fixed64_ = message.fixed64;
  if (fixed64_ !== undefined && fixed64_ != 0) {
    out[at++] = 81;
    at = fixed64(out, at, fixed64_);
  }
  const sfixed32_ = message.sfixed32;
  if (sfixed32_ !== undefined && sfixed32_ !== 0) {
    out[at++] = 93;
    at = fixed32(out, at, sfixed32_);
  }
  const sfixed64_ = message.sfixed64;
  if (sfixed64_ !== undefined && sfixed64_ != 0) {
    out[at++] = 97;
    at = fixed64(out, at, sfixed64_);
  }
  const bool_ = message.bool;
  if (bool_ !== undefined && bool_) {
    out[at++] = 104;
    at = bool(out, at, bool_);
  }
  const string_ = message.string;
  if (string_ !== undefined && string_.length !== 0) {
    out[at++] = 114;
    at = text(out, at, string_);
  }
  const bytes_ = message.bytes;
  if (bytes_ !== undefined && bytes_.length !== 0) {
    out[at++] = 122;
    at = bytes(out, at, bytes_);
  }
  const colour_ = message.colour;
  if (colour_ !== undefined && colour_ !== 0) {
    at = varint(out, at, 128);
    at = varint(out, at, colour_);
  }
  const inner_ = message.inner;
  if (inner_ !== undefined) {
    at = varint(out, at, 138);
    const innerAt = ++at;
    at = ended(out, innerAt, encodeEverythingInner(inner_, out, at));
  }
  const maybe_ = message.maybe;
  if (maybe_ !== undefined) {
    at = varint(out, at, 144);
    at = varint(out, at, maybe_);
  }
  const maybeText_ = message.maybeText;
  if (maybeText_ !== undefined) {
    at = varint(out, at, 154);
    at = text(out, at, maybeText_);
  }
  const number_ = message.number;
  if (number_ !== undefined) {
    at = varint(out, at, 160);
    at = varint(out, at, number_);
  }
  const word_ = message.word;
  if (word_ !== undefined) {
    at = varint(out, at, 170);
    at = text(out, at, word_);
  }
  const deep_ = message.deep;
  if (deep_ !== undefined) {
    at = varint(out, at, 178);
    const deepAt = ++at;
    at = ended(out, deepAt, encodeEverythingInner(deep_, out, at));
  }
  const flat_ = message.flat;
  if (flat_ !== undefined) {
    at = varint(out, at, 242);
    const flatAt = ++at;
    at = ended(out, flatAt, encodeEverythingPlain(flat_, out, at));
  }
  if (message.packedNumbers !== undefined) {
    for (const value of message.packedNumbers) {
      at = varint(out, at, 184);
      at = varint(out, at, value);
    }
  }
  if (message.looseNumbers !== undefined) {
    for (const value of message.looseNumbers) {
      at = varint(out, at, 192);
      at = zigzag32(out, at, value);
    }
  }
  if (message.packedFixed !== undefined) {
    for (const value of message.packedFixed) {
      at = varint(out, at, 205);
      at = fixed32(out, at, value);
    }
  }
  if (message.words !== undefined) {
    for (const value of message.words) {
      at = varint(out, at, 210);
      at = text(out, at, value);
    }
  }
  if (message.inners !== undefined) {
    for (const value of message.inners) {
      at = varint(out, at, 218);
      const innersAt = ++at;
      at = ended(out, innersAt, encodeEverythingInner(value, out, at));
    }
  }
  const plain_ = message.plain;
  if (plain_ !== undefined) {
    at = varint(out, at, 234);
    const plainAt = ++at;
    at = ended(out, plainAt, encodeEverythingPlain(plain_, out, at));
  }
  const farField_ = message.farField;
  if (farField_ !== undefined && farField_ !== 0) {
    at = varint(out, at, 4294967288);
    at = varint(out, at, farField_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Everything: the buffer is too small");
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
