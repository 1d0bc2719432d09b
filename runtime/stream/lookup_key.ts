/**
 * The key of a lookup, read from an encoded event on the host: a field of it, or a little arithmetic over its
 * fields. What a field is, is what the kernel's own decoder says: the last occurrence, the default where there
 * is none. `undefined`: there is no such key, as where it overflows.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { skipField } from "../partition/wire.ts";
import type { LookupKey } from "../world/lookup.ts";
import type { Node, Op, RowVariable } from "./expr.ts";
import { resolvePath } from "./fields.ts";

/** Reads it from bytes `start` to `end`, which hold a well-formed message. */
export type ReadKey = (bytes: Uint8Array, start: number, end: number) => LookupKey | undefined;

/** Throws, with the reason, where a key cannot be evaluated here. `others` are fields that lookups give. */
export function hostKey(
  node: Node,
  message: DescMessage,
  row: RowVariable,
  others: readonly string[],
): ReadKey {
  switch (node.kind) {
    case "const": {
      const { value } = node;
      if (typeof value !== "bigint" && typeof value !== "string") break;
      return () => value;
    }
    case "field": {
      if (node.row !== row) throw new TypeError("the key is made of another row than the event");
      const [first] = node.name.split(".");
      if (others.some((name) => [name, `${name}Found`, `${name}TimedOut`].includes(first))) {
        throw new TypeError(
          `the key is made of what lookup "${first}" finds, and both are asked for at once`,
        );
      }
      return fieldReader(resolvePath(message, node.name), node.name);
    }
    case "op": {
      const evaluate = OPERATIONS[node.op];
      if (!evaluate) break;
      const args = node.args.map((arg) => hostKey(arg, message, row, others));
      return (bytes, start, end) => {
        const values: LookupKey[] = [];
        for (const arg of args) {
          const value = arg(bytes, start, end);
          if (value === undefined) return undefined;
          values.push(value);
        }
        return evaluate(values as never[]);
      };
    }
    case "call":
      break;
  }
  const what = node.kind === "op" ? `"${node.op}"` : node.kind === "call" ? `${node.name}()` : "a constant";
  throw new TypeError(`the key is made with ${what}, which only a kernel can evaluate`);
}

const MAX = 2n ** 63n - 1n, MIN = -(2n ** 63n);
const checked = (value: bigint) => value > MAX || value < MIN ? undefined : value;

const OPERATIONS: Partial<Record<Op, (values: never[]) => LookupKey | undefined>> = {
  add: ([a, b]: bigint[]) => checked(a + b),
  sub: ([a, b]: bigint[]) => checked(a - b),
  mul: ([a, b]: bigint[]) => checked(a * b),
  idiv: ([a, b]: bigint[]) => b === 0n ? undefined : checked(a / b),
  mod: ([a, b]: bigint[]) => b === 0n ? undefined : a % b,
  digits: ([a]: bigint[]) => a.toString(),
  concat: ([a, b]: string[]) => a + b,
};

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function fieldReader(path: readonly DescField[], name: string): ReadKey {
  const field = path[path.length - 1];
  const wire = wireOf(field, name);
  const tags = path.map(({ number }, i) => number * 8 + (i < path.length - 1 ? 2 : wire));
  const none: LookupKey = wire === 2 ? "" : 0n;
  const value = valueReader(field);
  return (bytes, start, end) => {
    const at = last(bytes, start, end, tags, 0);
    if (at < 0) return none;
    try {
      return value(bytes, at);
    } catch {
      return undefined; // not UTF-8: the kernel will say so
    }
  };
}

/** Where the value of the last occurrence begins, -1 where there is none. */
function last(bytes: Uint8Array, start: number, end: number, tags: readonly number[], depth: number): number {
  let found = -1;
  for (let at = start; at < end;) {
    const tag = number(bytes, at);
    at = next(bytes, at);
    if (tag === tags[depth]) {
      if (depth === tags.length - 1) found = at;
      else {
        const from = next(bytes, at);
        const inner = last(bytes, from, from + number(bytes, at), tags, depth + 1);
        if (inner >= 0) found = inner;
      }
    }
    at = skipField(bytes, at, tag);
    if (at < 0) return found;
  }
  return found;
}

/** A varint below 2^53. */
function number(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 128) return first;
  let value = first & 127, scale = 128;
  for (let i = 1; i < 10; i++, scale *= 128) {
    const byte = bytes[at + i];
    value += (byte & 127) * scale;
    if (!(byte & 128)) break;
  }
  return value;
}

function next(bytes: Uint8Array, at: number): number {
  while (bytes[at] & 128) at++;
  return at + 1;
}

function varint(bytes: Uint8Array, at: number): bigint {
  const short = next(bytes, at) - at <= 7;
  if (short) return BigInt(number(bytes, at));
  let value = 0n;
  for (let i = 0n; i < 70n; i += 7n) {
    const byte = bytes[at++];
    value |= BigInt(byte & 127) << i;
    if (!(byte & 128)) break;
  }
  return BigInt.asUintN(64, value);
}

function wireOf(field: DescField, name: string): 0 | 1 | 2 | 5 {
  const wrong = () => new TypeError(`the key is field "${name}", which is neither an integer nor a string`);
  if (field.fieldKind === "enum") return 0;
  if (field.fieldKind !== "scalar") throw wrong();
  switch (field.scalar) {
    case ScalarType.STRING:
      return 2;
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 1;
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 5;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
    case ScalarType.BOOL:
    case ScalarType.BYTES:
      throw wrong();
    default:
      return 0;
  }
}

function valueReader(field: DescField): (bytes: Uint8Array, at: number) => LookupKey {
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (field.fieldKind === "scalar" ? field.scalar : ScalarType.INT32) {
    case ScalarType.STRING:
      return (bytes, at) => {
        const from = next(bytes, at);
        return UTF8.decode(bytes.subarray(from, from + number(bytes, at)));
      };
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return (bytes, at) => view(bytes).getBigInt64(at, true);
    case ScalarType.FIXED32:
      return (bytes, at) => BigInt(view(bytes).getUint32(at, true));
    case ScalarType.SFIXED32:
      return (bytes, at) => BigInt(view(bytes).getInt32(at, true));
    case ScalarType.INT32:
      return (bytes, at) => BigInt.asIntN(32, varint(bytes, at));
    case ScalarType.UINT32:
      return (bytes, at) => BigInt.asUintN(32, varint(bytes, at));
    case ScalarType.SINT32:
    case ScalarType.SINT64:
      return (bytes, at) => {
        const value = varint(bytes, at);
        return (value >> 1n) ^ -(value & 1n);
      };
    default:
      return (bytes, at) => BigInt.asIntN(64, varint(bytes, at));
  }
}
