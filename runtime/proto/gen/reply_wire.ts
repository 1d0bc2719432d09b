// Generated from runtime/proto/reply.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { encodeDecision, type DecisionFields } from "../../../runtime/proto/gen/decision_wire.ts";
export type Integer64 = number | bigint;
/** A Uint8Array is taken for UTF-8. */
export type Text = string | Uint8Array;

export interface DecideReplyFields {
  readonly outcome?: number;
  readonly decision?: DecisionFields;
  readonly position?: EventPositionFields;
  readonly kernel?: Uint8Array;
  readonly durable?: boolean;
  readonly duplicate?: boolean;
  readonly problem?: ProblemFields;
  readonly pipeline?: Text;
  readonly answers?: readonly (DecideReplyFields)[];
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeDecideReply(message: DecideReplyFields, out: Uint8Array, at: number): number {
  const outcome_ = message.outcome;
  if (outcome_ !== undefined && outcome_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, outcome_);
  }
  const decision_ = message.decision;
  if (decision_ !== undefined) {
    out[at++] = 18;
    const decisionAt = ++at;
    at = ended(out, decisionAt, encodeDecision(decision_, out, at));
  }
  const position_ = message.position;
  if (position_ !== undefined) {
    out[at++] = 26;
    const positionAt = ++at;
    at = ended(out, positionAt, encodeEventPosition(position_, out, at));
  }
  const kernel_ = message.kernel;
  if (kernel_ !== undefined && kernel_.length !== 0) {
    out[at++] = 34;
    at = bytes(out, at, kernel_);
  }
  const durable_ = message.durable;
  if (durable_ !== undefined && durable_) {
    out[at++] = 40;
    at = bool(out, at, durable_);
  }
  const duplicate_ = message.duplicate;
  if (duplicate_ !== undefined && duplicate_) {
    out[at++] = 48;
    at = bool(out, at, duplicate_);
  }
  const problem_ = message.problem;
  if (problem_ !== undefined) {
    out[at++] = 58;
    const problemAt = ++at;
    at = ended(out, problemAt, encodeProblem(problem_, out, at));
  }
  const pipeline_ = message.pipeline;
  if (pipeline_ !== undefined && pipeline_.length !== 0) {
    out[at++] = 66;
    at = text(out, at, pipeline_);
  }
  if (message.answers !== undefined) {
    for (const value of message.answers) {
      out[at++] = 74;
      const answersAt = ++at;
      at = ended(out, answersAt, encodeDecideReply(value, out, at));
    }
  }
  if (at > out.length) throw new RangeError("Cannot encode DecideReply: the buffer is too small");
  return at;
}

export interface EventPositionFields {
  readonly partition?: number;
  readonly frame?: Integer64;
  readonly event?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeEventPosition(message: EventPositionFields, out: Uint8Array, at: number): number {
  const partition_ = message.partition;
  if (partition_ !== undefined && partition_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, partition_);
  }
  const frame_ = message.frame;
  if (frame_ !== undefined && frame_ != 0) {
    out[at++] = 16;
    at = varint(out, at, frame_);
  }
  const event_ = message.event;
  if (event_ !== undefined && event_ !== 0) {
    out[at++] = 24;
    at = varint(out, at, event_);
  }
  if (at > out.length) throw new RangeError("Cannot encode EventPosition: the buffer is too small");
  return at;
}

export interface ProblemFields {
  readonly status?: number;
  readonly type?: Text;
  readonly title?: Text;
  readonly detail?: Text;
  readonly retryAfterMs?: number;
  readonly rejectReason?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeProblem(message: ProblemFields, out: Uint8Array, at: number): number {
  const status_ = message.status;
  if (status_ !== undefined && status_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, status_);
  }
  const type_ = message.type;
  if (type_ !== undefined && type_.length !== 0) {
    out[at++] = 18;
    at = text(out, at, type_);
  }
  const title_ = message.title;
  if (title_ !== undefined && title_.length !== 0) {
    out[at++] = 26;
    at = text(out, at, title_);
  }
  const detail_ = message.detail;
  if (detail_ !== undefined && detail_.length !== 0) {
    out[at++] = 34;
    at = text(out, at, detail_);
  }
  const retryAfterMs_ = message.retryAfterMs;
  if (retryAfterMs_ !== undefined && retryAfterMs_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, retryAfterMs_);
  }
  const rejectReason_ = message.rejectReason;
  if (rejectReason_ !== undefined && rejectReason_ !== 0) {
    out[at++] = 48;
    at = varint(out, at, rejectReason_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Problem: the buffer is too small");
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
