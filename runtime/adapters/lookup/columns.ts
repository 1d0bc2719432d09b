/** Rows of a database's table as messages: a column for each field of the message that has one value. */
import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import type { LookupPlace, LookupSource } from "../../world/lookup.ts";

export interface Columns {
  /** The table, quoted. */
  readonly table: string;
  /** The key's column, quoted. */
  readonly key: string;
  /** What is selected: each column under the name of its field. */
  readonly list: string;
  rowOf(columns: Readonly<Record<string, unknown>>): Message;
}

/** Throws where no such query can be written. */
export function columnsOf({ message, key }: LookupSource, { table, columns = {} }: LookupPlace): Columns {
  if (table === undefined) {
    throw new Error('it names no table. Say which: lookupAt(Schema, address, { table: "customers", … })');
  }
  const fields = message.fields.filter((field) => field.fieldKind === "scalar" || field.fieldKind === "enum");
  const unknown = Object.keys(columns).find((name) => !fields.some(({ localName }) => localName === name));
  if (unknown !== undefined) {
    throw new Error(
      `it names a column for "${unknown}", and ${message.typeName} has ${
        fields.map(({ localName }) => localName).join(", ")
      }`,
    );
  }
  const columnOf = (field: DescField) => quoted(columns[field.localName] ?? field.name);
  return {
    table: table.split(".").map(quoted).join("."),
    key: columnOf(key.field),
    list: fields.map((field) => `${columnOf(field)} AS ${quoted(field.localName)}`).join(", "),
    rowOf: (row) => messageOf(message, fields, row),
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function messageOf(
  message: DescMessage,
  fields: readonly DescField[],
  row: Readonly<Record<string, unknown>>,
): Message {
  const init: Record<string, unknown> = {};
  for (const field of fields) {
    const value = row[field.localName];
    if (value === null || value === undefined) continue; // NULL is what the field is without a value
    try {
      init[field.localName] = valueOf(field, value);
    } catch (cause) {
      throw new Error(`column ${field.localName} holds ${String(value).slice(0, 50)}`, { cause });
    }
  }
  return create(message, init as never);
}

/** A column's value as the field's: databases give numbers, texts of numbers, bytes and times. */
function valueOf(field: DescField, value: unknown): unknown {
  if (field.fieldKind === "enum") return Number(value);
  switch (field.fieldKind === "scalar" ? field.scalar : undefined) {
    case ScalarType.STRING:
      return value instanceof Date ? value.toISOString() : String(value);
    case ScalarType.BYTES:
      return value instanceof Uint8Array ? value : new TextEncoder().encode(String(value));
    case ScalarType.BOOL:
      return typeof value === "boolean" ? value : Number(value) !== 0;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return Number(value);
    case ScalarType.INT32:
    case ScalarType.UINT32:
    case ScalarType.SINT32:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return Number(value);
    default: // 64 bits; a time is microseconds
      return value instanceof Date
        ? BigInt(value.getTime()) * 1000n
        : BigInt(value as string | number | bigint);
  }
}
