/**
 * CSV records as JSON that fits a message: the header names fields (dotted for nested ones), and each cell
 * takes the type its field has. An empty cell is a field left out.
 */
import {
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";

export interface CsvColumns {
  /** The event of one record. Throws where the record has another number of cells than the header. */
  event(cells: readonly string[]): JsonObject;
}

export function csvColumns(desc: DescMessage, header: readonly string[]): CsvColumns {
  const columns = header.map((name) => columnOf(desc, name.trim()));
  return {
    event(cells) {
      if (cells.length !== columns.length) {
        throw new Error(`The record has ${cells.length} cells and the header ${columns.length}`);
      }
      const event: JsonObject = {};
      for (let i = 0; i < columns.length; i++) {
        if (cells[i] !== "") columns[i](event, cells[i]);
      }
      return event;
    },
  };
}

function columnOf(desc: DescMessage, path: string): (event: JsonObject, cell: string) => void {
  const names = path.split(".");
  let message = desc;
  const parents: string[] = [];
  for (let i = 0;; i++) {
    const field = message.fields.find(({ name, jsonName }) => name === names[i] || jsonName === names[i]);
    if (field === undefined) {
      const known = message.fields.map(({ name }) => name).join(", ");
      throw new Error(
        `Cannot read the CSV header: column "${path}" names no field of ${message.typeName}. Its fields are ${known}.`,
      );
    }
    const isLast = i === names.length - 1;
    if (
      field.fieldKind === "list" || field.fieldKind === "map" || (field.fieldKind === "message") === isLast
    ) {
      const fix = isLast
        ? "Use dotted names of single fields, or NDJSON"
        : `"${names[i]}" has no fields of its own`;
      throw new Error(`Cannot read the CSV header: column "${path}" is not one value. ${fix}.`);
    }
    if (isLast) return (event, cell) => nested(event, parents)[field.jsonName] = valueOf(field, cell);
    parents.push(field.jsonName);
    message = (field as DescField & { fieldKind: "message" }).message;
  }
}

function nested(event: JsonObject, parents: readonly string[]): JsonObject {
  let at = event;
  for (const name of parents) at = (at[name] ??= {}) as JsonObject;
  return at;
}

/** Numbers stay text: protobuf's JSON mapping reads them exactly from it. */
function valueOf(field: DescField, cell: string): JsonValue {
  if (field.enum) return /^-?\d+$/.test(cell) ? Number(cell) : cell;
  if (field.scalar !== ScalarType.BOOL) return cell;
  if (cell === "true" || cell === "1") return true;
  return cell === "false" || cell === "0" ? false : cell;
}
