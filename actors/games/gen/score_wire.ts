// Generated from actors/games/score.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.

export type Integer64 = number | bigint;
/** A Uint8Array is taken for UTF-8. */
export type Text = string | Uint8Array;

export interface ScoreFields {
  readonly player?: Text;
  readonly region?: Text;
  readonly points?: Integer64;
  readonly at?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeScore(message: ScoreFields, out: Uint8Array, at: number): number {
  const player_ = message.player;
  if (player_ !== undefined && player_.length !== 0) {
    out[at++] = 10;
    at = text(out, at, player_);
  }
  const region_ = message.region;
  if (region_ !== undefined && region_.length !== 0) {
    out[at++] = 18;
    at = text(out, at, region_);
  }
  const points_ = message.points;
  if (points_ !== undefined && points_ != 0) {
    out[at++] = 24;
    at = varint(out, at, points_);
  }
  const at_ = message.at;
  if (at_ !== undefined && at_ != 0) {
    out[at++] = 32;
    at = varint(out, at, at_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Score: the buffer is too small");
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
