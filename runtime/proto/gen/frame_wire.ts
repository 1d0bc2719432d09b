// Generated from runtime/proto/frame.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.

export type Integer64 = number | bigint;
/** A Uint8Array is taken for UTF-8. */
export type Text = string | Uint8Array;

export interface FrameFields {
  readonly epoch?: Integer64;
  readonly number?: Integer64;
  readonly clock?: Integer64;
  readonly kernel?: Uint8Array;
  readonly previous?: Uint8Array;
  readonly positions?: readonly (SourcePositionFields)[];
  readonly events?: readonly (EventFields)[];
  readonly effects?: readonly (EffectFields)[];
  readonly taker?: number;
  readonly outputs?: readonly (Text)[];
  readonly chain?: Uint8Array;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeFrame(message: FrameFields, out: Uint8Array, at: number): number {
  const epoch_ = message.epoch;
  if (epoch_ !== undefined && epoch_ != 0) {
    out[at++] = 8;
    at = varint(out, at, epoch_);
  }
  const number_ = message.number;
  if (number_ !== undefined && number_ != 0) {
    out[at++] = 16;
    at = varint(out, at, number_);
  }
  const clock_ = message.clock;
  if (clock_ !== undefined && clock_ != 0) {
    out[at++] = 24;
    at = varint(out, at, clock_);
  }
  const kernel_ = message.kernel;
  if (kernel_ !== undefined && kernel_.length !== 0) {
    out[at++] = 34;
    at = bytes(out, at, kernel_);
  }
  const previous_ = message.previous;
  if (previous_ !== undefined && previous_.length !== 0) {
    out[at++] = 42;
    at = bytes(out, at, previous_);
  }
  if (message.positions !== undefined) {
    for (const value of message.positions) {
      out[at++] = 50;
      const positionsAt = ++at;
      at = ended(out, positionsAt, encodeSourcePosition(value, out, at));
    }
  }
  if (message.events !== undefined) {
    for (const value of message.events) {
      out[at++] = 58;
      const eventsAt = ++at;
      at = ended(out, eventsAt, encodeEvent(value, out, at));
    }
  }
  if (message.effects !== undefined) {
    for (const value of message.effects) {
      out[at++] = 66;
      const effectsAt = ++at;
      at = ended(out, effectsAt, encodeEffect(value, out, at));
    }
  }
  const taker_ = message.taker;
  if (taker_ !== undefined && taker_ !== 0) {
    out[at++] = 72;
    at = varint(out, at, taker_);
  }
  if (message.outputs !== undefined) {
    for (const value of message.outputs) {
      out[at++] = 82;
      at = text(out, at, value);
    }
  }
  const chain_ = message.chain;
  if (chain_ !== undefined && chain_.length !== 0) {
    out[at++] = 122;
    at = bytes(out, at, chain_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Frame: the buffer is too small");
  return at;
}

export interface SourcePositionFields {
  readonly source?: Text;
  readonly sequence?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeSourcePosition(message: SourcePositionFields, out: Uint8Array, at: number): number {
  const source_ = message.source;
  if (source_ !== undefined && source_.length !== 0) {
    out[at++] = 10;
    at = text(out, at, source_);
  }
  const sequence_ = message.sequence;
  if (sequence_ !== undefined && sequence_ != 0) {
    out[at++] = 16;
    at = varint(out, at, sequence_);
  }
  if (at > out.length) throw new RangeError("Cannot encode SourcePosition: the buffer is too small");
  return at;
}

export interface EventFields {
  readonly payload?: Uint8Array;
  readonly id?: Uint8Array;
  readonly source?: Uint8Array;
  readonly sequence?: Integer64;
  readonly kind?: number;
  readonly reason?: number;
  readonly type?: Text;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeEvent(message: EventFields, out: Uint8Array, at: number): number {
  const payload_ = message.payload;
  if (payload_ !== undefined && payload_.length !== 0) {
    out[at++] = 10;
    at = bytes(out, at, payload_);
  }
  const id_ = message.id;
  if (id_ !== undefined && id_.length !== 0) {
    out[at++] = 18;
    at = bytes(out, at, id_);
  }
  const source_ = message.source;
  if (source_ !== undefined && source_.length !== 0) {
    out[at++] = 26;
    at = bytes(out, at, source_);
  }
  const sequence_ = message.sequence;
  if (sequence_ !== undefined && sequence_ != 0) {
    out[at++] = 32;
    at = varint(out, at, sequence_);
  }
  const kind_ = message.kind;
  if (kind_ !== undefined && kind_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, kind_);
  }
  const reason_ = message.reason;
  if (reason_ !== undefined && reason_ !== 0) {
    out[at++] = 48;
    at = varint(out, at, reason_);
  }
  const type_ = message.type;
  if (type_ !== undefined && type_.length !== 0) {
    out[at++] = 58;
    at = text(out, at, type_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Event: the buffer is too small");
  return at;
}

export interface WatermarkFields {
  readonly time?: Integer64;
  readonly input?: number;
  readonly partition?: number;
  readonly idle?: boolean;
  readonly seen?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeWatermark(message: WatermarkFields, out: Uint8Array, at: number): number {
  const time_ = message.time;
  if (time_ !== undefined && time_ != 0) {
    out[at++] = 9;
    at = fixed64(out, at, time_);
  }
  const input_ = message.input;
  if (input_ !== undefined && input_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, input_);
  }
  const partition_ = message.partition;
  if (partition_ !== undefined && partition_ !== 0) {
    out[at++] = 24;
    at = varint(out, at, partition_);
  }
  const idle_ = message.idle;
  if (idle_ !== undefined && idle_) {
    out[at++] = 32;
    at = bool(out, at, idle_);
  }
  const seen_ = message.seen;
  if (seen_ !== undefined) {
    out[at++] = 40;
    at = varint(out, at, seen_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Watermark: the buffer is too small");
  return at;
}

export interface LateFields {
  readonly time?: Integer64;
  readonly watermark?: Integer64;
  readonly windowStart?: Integer64;
  readonly windowEnd?: Integer64;
  readonly reason?: number;
  readonly operator?: number;
  readonly missed?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeLate(message: LateFields, out: Uint8Array, at: number): number {
  const time_ = message.time;
  if (time_ !== undefined && time_ != 0) {
    out[at++] = 8;
    at = varint(out, at, time_);
  }
  const watermark_ = message.watermark;
  if (watermark_ !== undefined && watermark_ != 0) {
    out[at++] = 16;
    at = varint(out, at, watermark_);
  }
  const windowStart_ = message.windowStart;
  if (windowStart_ !== undefined && windowStart_ != 0) {
    out[at++] = 24;
    at = varint(out, at, windowStart_);
  }
  const windowEnd_ = message.windowEnd;
  if (windowEnd_ !== undefined && windowEnd_ != 0) {
    out[at++] = 32;
    at = varint(out, at, windowEnd_);
  }
  const reason_ = message.reason;
  if (reason_ !== undefined && reason_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, reason_);
  }
  const operator_ = message.operator;
  if (operator_ !== undefined && operator_ !== 0) {
    out[at++] = 48;
    at = varint(out, at, operator_);
  }
  const missed_ = message.missed;
  if (missed_ !== undefined && missed_ !== 0) {
    out[at++] = 56;
    at = varint(out, at, missed_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Late: the buffer is too small");
  return at;
}

export interface CorrectionFields {
  readonly channel?: number;
  readonly key?: Uint8Array;
  readonly payload?: Uint8Array;
  readonly retracted?: boolean;
  readonly viewKey?: Uint8Array;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeCorrection(message: CorrectionFields, out: Uint8Array, at: number): number {
  const channel_ = message.channel;
  if (channel_ !== undefined && channel_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, channel_);
  }
  const key_ = message.key;
  if (key_ !== undefined && key_.length !== 0) {
    out[at++] = 18;
    at = bytes(out, at, key_);
  }
  const payload_ = message.payload;
  if (payload_ !== undefined && payload_.length !== 0) {
    out[at++] = 26;
    at = bytes(out, at, payload_);
  }
  const retracted_ = message.retracted;
  if (retracted_ !== undefined && retracted_) {
    out[at++] = 32;
    at = bool(out, at, retracted_);
  }
  const viewKey_ = message.viewKey;
  if (viewKey_ !== undefined && viewKey_.length !== 0) {
    out[at++] = 42;
    at = bytes(out, at, viewKey_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Correction: the buffer is too small");
  return at;
}

export interface EffectFields {
  readonly event?: number;
  readonly kind?: number;
  readonly payload?: Uint8Array;
  readonly key?: Uint8Array;
  readonly reason?: number;
  readonly originalFrame?: Integer64;
  readonly originalEvent?: number;
  readonly channel?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeEffect(message: EffectFields, out: Uint8Array, at: number): number {
  const event_ = message.event;
  if (event_ !== undefined && event_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, event_);
  }
  const kind_ = message.kind;
  if (kind_ !== undefined && kind_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, kind_);
  }
  const payload_ = message.payload;
  if (payload_ !== undefined && payload_.length !== 0) {
    out[at++] = 26;
    at = bytes(out, at, payload_);
  }
  const key_ = message.key;
  if (key_ !== undefined && key_.length !== 0) {
    out[at++] = 34;
    at = bytes(out, at, key_);
  }
  const reason_ = message.reason;
  if (reason_ !== undefined && reason_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, reason_);
  }
  const originalFrame_ = message.originalFrame;
  if (originalFrame_ !== undefined && originalFrame_ != 0) {
    out[at++] = 48;
    at = varint(out, at, originalFrame_);
  }
  const originalEvent_ = message.originalEvent;
  if (originalEvent_ !== undefined && originalEvent_ !== 0) {
    out[at++] = 56;
    at = varint(out, at, originalEvent_);
  }
  const channel_ = message.channel;
  if (channel_ !== undefined && channel_ !== 0) {
    out[at++] = 64;
    at = varint(out, at, channel_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Effect: the buffer is too small");
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
