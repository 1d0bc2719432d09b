/**
 * Parsed JSON → the encoded message, without a message object in between: what most events come to. Whatever
 * is not plain (a field it does not know, a number beyond 2^53, text beyond ASCII, bytes, lists, maps, anything
 * wrong) is left to protobuf's own mapping in json.ts, which has the last word and the error messages; a
 * property test holds the two equal.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";

/** Encodes at `at` in the buffer and returns the end, or -1 where the other way must be taken. */
type Write = (json: Record<string, unknown>, at: number) => number;
type WriteValue = (value: unknown, at: number) => number;

interface Plan {
  readonly name: string;
  readonly jsonName: string;
  /** Bit of its oneof, 0 where it stands alone. */
  readonly oneof: number;
  /** Left out when it has its zero value, one byte of 0. */
  readonly implicit: boolean;
  readonly tag: number;
  readonly write: WriteValue;
}

const ELSEWHERE = -1;
/** A larger event takes the other way. */
const BYTES_MAX = 16 * 1024;
const DEPTH_MAX = 16;
/** Digits that are exact as a number, or come out beyond 2^53. */
const DIGITS_MAX = 16;

const buffer = new Uint8Array(BYTES_MAX);
const writers = new WeakMap<DescMessage, Write>();

/** The encoded message, or undefined where the other way must be taken. */
export function encodePlain(desc: DescMessage, json: unknown): Uint8Array | undefined {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const end = writerOf(desc, 0)(json as Record<string, unknown>, 0);
  return end < 0 ? undefined : buffer.slice(0, end);
}

function writerOf(desc: DescMessage, depth: number): Write {
  const known = writers.get(desc);
  if (known) return known;
  const plans = planOf(desc, depth);
  const write: Write = (json, at) => {
    let met = 0;
    let oneofs = 0;
    for (const plan of plans) {
      let value = json[plan.jsonName];
      if (value === undefined) {
        if (plan.name === plan.jsonName) continue;
        value = json[plan.name];
        if (value === undefined) continue;
      }
      met++;
      if (plan.oneof !== 0) {
        if ((oneofs & plan.oneof) !== 0) return ELSEWHERE;
        oneofs |= plan.oneof;
      }
      if (at > BYTES_MAX - 32) return ELSEWHERE;
      const start = small(plan.tag, at);
      const end = plan.write(value, start);
      if (end < 0) return ELSEWHERE;
      if (!plan.implicit || end !== start + 1 || buffer[start] !== 0) at = end;
    }
    for (const _ in json) met--;
    return met === 0 ? at : ELSEWHERE; // otherwise there is a field it does not know
  };
  writers.set(desc, write);
  return write;
}

function planOf(desc: DescMessage, depth: number): Plan[] {
  const oneofs = desc.oneofs.slice(0, 30);
  return [...desc.fields].sort((a, b) => a.number - b.number).map((field) => {
    const oneof = field.oneof ? oneofs.indexOf(field.oneof) : -1;
    const fits = field.number < 2 ** 28 && (field.oneof === undefined || oneof >= 0) &&
      field.presence !== Presence.LEGACY_REQUIRED && !desc.typeName.startsWith("google.protobuf.");
    const value = fits ? valueOf(field, depth) : undefined;
    return {
      name: field.name,
      jsonName: field.jsonName,
      oneof: oneof < 0 ? 0 : 1 << oneof,
      implicit: field.presence === Presence.IMPLICIT,
      tag: field.number << 3 | (value?.wire ?? 0),
      write: value?.write ?? (() => ELSEWHERE),
    };
  });
}

const VARINT = 0;
const LENGTH = 2;

function valueOf(field: DescField, depth: number): { wire: number; write: WriteValue } | undefined {
  switch (field.fieldKind) {
    case "message":
      if (field.delimitedEncoding || depth >= DEPTH_MAX) return undefined;
      return { wire: LENGTH, write: nested(field.message, depth + 1) };
    case "enum": {
      if (!field.enum.open) return undefined;
      const numbers = new Map(field.enum.values.map(({ name, number }) => [name, number]));
      return {
        wire: VARINT,
        write: (value, at) =>
          unsigned(typeof value === "string" ? numbers.get(value) : value, at, 0x7fffffff),
      };
    }
    case "scalar":
      return scalarOf(field.scalar);
    default:
      return undefined;
  }
}

function scalarOf(scalar: ScalarType): { wire: number; write: WriteValue } | undefined {
  switch (scalar) {
    case ScalarType.STRING:
      return { wire: LENGTH, write: text };
    case ScalarType.BOOL:
      return {
        wire: VARINT,
        write: (value, at) => typeof value === "boolean" ? byte(value ? 1 : 0, at) : ELSEWHERE,
      };
    case ScalarType.INT32:
      return { wire: VARINT, write: (value, at) => unsigned(value, at, 0x7fffffff) };
    case ScalarType.UINT32:
      return { wire: VARINT, write: (value, at) => unsigned(value, at, 0xffffffff) };
    case ScalarType.SINT32:
      return { wire: VARINT, write: zigzag };
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return { wire: VARINT, write: (value, at) => unsigned(wide(value), at, Number.MAX_SAFE_INTEGER) };
    default:
      return undefined;
  }
}

function nested(desc: DescMessage, depth: number): WriteValue {
  let write: Write | undefined;
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return ELSEWHERE;
    write ??= writerOf(desc, depth);
    const end = write(value as Record<string, unknown>, at + 1);
    if (end < 0) return ELSEWHERE;
    const length = end - at - 1;
    if (length < 0x80) {
      buffer[at] = length;
      return end;
    }
    if (length >= 0x4000 || end >= BYTES_MAX) return ELSEWHERE;
    buffer.copyWithin(at + 2, at + 1, end);
    buffer[at] = length & 0x7f | 0x80;
    buffer[at + 1] = length >> 7;
    return end + 1;
  };
}

function text(value: unknown, at: number): number {
  if (typeof value !== "string" || at + value.length + 3 > BYTES_MAX) return ELSEWHERE;
  at = unsigned(value.length, at, BYTES_MAX);
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0x7f) return ELSEWHERE;
    buffer[at++] = code;
  }
  return at;
}

/** A number, or the digits of one that is sure to be exact. */
function wide(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (value.length === 0 || value.length > DIGITS_MAX || (value.length > 1 && value[0] === "0")) {
    return undefined;
  }
  let number = 0;
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number;
}

function unsigned(given: unknown, at: number, max: number): number {
  if (typeof given !== "number" || !Number.isInteger(given) || given < 0 || given > max) return ELSEWHERE;
  let value = given;
  while (value > 0x7fffffff) {
    buffer[at++] = value % 128 | 0x80;
    value = Math.floor(value / 128);
  }
  return small(value, at);
}

function small(value: number, at: number): number {
  while (value > 127) {
    buffer[at++] = value & 127 | 128;
    value >>>= 7;
  }
  return byte(value, at);
}

function zigzag(value: unknown, at: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value !== (value | 0)) return ELSEWHERE;
  return unsigned(((value << 1) ^ (value >> 31)) >>> 0, at, 0xffffffff);
}

function byte(value: number, at: number): number {
  buffer[at] = value;
  return at + 1;
}
