/**
 * JSON ↔ protobuf at the edges, by protobuf's own JSON mapping, with two differences that keep int64 exact
 * and pleasant: on the way in a JSON number is accepted only where it is exact (an unsafe integer is refused:
 * by the time it is parsed its last digits are gone), and on the way out an int64 is a number where that is
 * exact and a string where it is not.
 */
import {
  type DescField,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { encodePlain } from "./json_fast.ts";
import { badRequest, ProblemError } from "./problem.ts";

export const JSON_TYPE = "application/json";

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes of a JSON document → the encoded message. Throws a ProblemError that names what is wrong. */
export function eventFromJsonBytes(desc: DescMessage, bytes: Uint8Array): Uint8Array {
  return eventFromJson(desc, parseJson(decodeUtf8(bytes)));
}

export function eventFromJson(desc: DescMessage, json: JsonValue): Uint8Array {
  const plain = encodePlain(desc, json);
  if (plain !== undefined) return plain;
  try {
    visitInt64(desc, json, refuseInexact);
    return toBinary(desc, fromJson(desc, json));
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause;
    throw badRequest("wrong-schema", "The event does not fit its schema", sentence(cause));
  }
}

/** The message as JSON; malformed bytes throw. */
export function messageToJson(desc: DescMessage, bytes: Uint8Array): JsonValue {
  const json = toJson(desc, fromBinary(desc, bytes));
  visitInt64(desc, json, numberWhereExact);
  return json;
}

export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw badRequest(
      "invalid-utf8",
      "The body is not UTF-8",
      "The body holds bytes that are not valid UTF-8.",
    );
  }
}

export function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badRequest("invalid-json", "The body is not JSON", sentence(cause));
  }
}

/** An int64 as JSON text: a number where every reader keeps it exact. */
export function int64Json(value: bigint | number | string): string {
  return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`;
}

type Visit = (value: unknown, field: DescField) => unknown;

/** Calls `visit` on each 64-bit integer of a parsed JSON message and puts what it returns in its place. */
function visitInt64(desc: DescMessage, json: unknown, visit: Visit): void {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return;
  if (desc.typeName.startsWith("google.protobuf.")) return; // their JSON has forms of its own
  const record = json as Record<string, unknown>;
  for (const name in record) {
    const field = fieldByJsonName(desc, name);
    if (field === undefined) continue;
    const value = record[name];
    if (field.message) {
      if (Array.isArray(value)) { for (const item of value) visitInt64(field.message, item, visit); }
      else if (field.fieldKind === "map") {
        for (const item of Object.values(value ?? {})) visitInt64(field.message, item, visit);
      } else visitInt64(field.message, value, visit);
    } else if (isInt64(field.scalar)) {
      if (Array.isArray(value)) value.forEach((item, index) => value[index] = visit(item, field));
      else if (field.fieldKind === "map") {
        const map = (value ?? {}) as Record<string, unknown>;
        for (const key in map) map[key] = visit(map[key], field);
      } else record[name] = visit(value, field);
    }
  }
}

const refuseInexact: Visit = (value, field) => {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  throw badRequest(
    "inexact-number",
    "A number is not exact",
    `Field "${field.jsonName}" is a 64-bit integer, and ${value} is not exact as a JSON number. ` +
      (Math.abs(value) < Number.MAX_SAFE_INTEGER ? "Write a whole number." : "Write it as a string."),
  );
};

const numberWhereExact: Visit = (value) =>
  typeof value === "string" && Number.isSafeInteger(Number(value)) ? Number(value) : value;

const fieldsByName = new WeakMap<DescMessage, Map<string, DescField>>();

function fieldByJsonName(desc: DescMessage, name: string): DescField | undefined {
  let fields = fieldsByName.get(desc);
  if (fields === undefined) {
    fields = new Map(desc.fields.flatMap((field) => [[field.name, field], [field.jsonName, field]]));
    fieldsByName.set(desc, fields);
  }
  return fields.get(name);
}

function isInt64(scalar: ScalarType | undefined): boolean {
  switch (scalar) {
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return true;
    default:
      return false;
  }
}

/** The error's text as a sentence, cut to what a person reads. */
function sentence(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const short = text.length > 400 ? `${text.slice(0, 400)}…` : text;
  return `${short.charAt(0).toUpperCase()}${short.slice(1)}.`;
}
