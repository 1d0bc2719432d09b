/** What the messages and fields of a .proto are in AssemblyScript, for the generator of kernels' decoders. */
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

/**
 * Whether a message has a repeated field somewhere within. Such a field is read from one run of bytes; so when
 * the message is given twice, both runs are joined and decoded anew. Others are merged in their struct.
 */
export function isListed(message: DescMessage): boolean {
  return message.fields.some((field) =>
    field.fieldKind === "list" || field.fieldKind === "message" && isListed(field.message)
  );
}

/** Nested names are joined: Outer.Inner is OuterInner. */
export function nameOf(desc: DescMessage | DescEnum): string {
  return (desc.parent ? nameOf(desc.parent) : "") + desc.name;
}

export interface Kind {
  /** AssemblyScript type of one value; "bytes" and "message" are not scalars. */
  type: "i32" | "u32" | "i64" | "u64" | "f32" | "f64" | "bool" | "bytes" | "message";
  wire: 0 | 1 | 2 | 5;
  signed?: "zigzag";
  utf8?: boolean;
}

export function kindOf(field: DescField): Kind {
  if (field.message) return { type: "message", wire: 2 };
  if (field.enum) return { type: "i32", wire: 0 };
  switch (field.scalar!) {
    case ScalarType.DOUBLE:
      return { type: "f64", wire: 1 };
    case ScalarType.FLOAT:
      return { type: "f32", wire: 5 };
    case ScalarType.INT64:
      return { type: "i64", wire: 0 };
    case ScalarType.UINT64:
      return { type: "u64", wire: 0 };
    case ScalarType.INT32:
      return { type: "i32", wire: 0 };
    case ScalarType.UINT32:
      return { type: "u32", wire: 0 };
    case ScalarType.FIXED64:
      return { type: "u64", wire: 1 };
    case ScalarType.FIXED32:
      return { type: "u32", wire: 5 };
    case ScalarType.SFIXED64:
      return { type: "i64", wire: 1 };
    case ScalarType.SFIXED32:
      return { type: "i32", wire: 5 };
    case ScalarType.SINT32:
      return { type: "i32", wire: 0, signed: "zigzag" };
    case ScalarType.SINT64:
      return { type: "i64", wire: 0, signed: "zigzag" };
    case ScalarType.BOOL:
      return { type: "bool", wire: 0 };
    case ScalarType.STRING:
      return { type: "bytes", wire: 2, utf8: true };
    case ScalarType.BYTES:
      return { type: "bytes", wire: 2 };
  }
}

export interface Slot {
  name: string;
  type: string;
  bytes: number;
}

/** The fields of a struct, the widest first, so that none needs padding. */
export function slotsOf(message: DescMessage): Slot[] {
  const slots: Slot[] = [];
  const add = (name: string, type: string, bytes: number) => slots.push({ name, type, bytes });
  for (const field of message.fields) {
    if (field.fieldKind === "map") continue;
    const name = field.localName, kind = kindOf(field);
    if (kind.type === "message") {
      for (let i = 0; i < sizeOf(field.message!) / 8; i++) add(`${name}_${i}`, "u64", 8);
      if (field.fieldKind === "message" && !field.oneof) add(`has${capital(name)}`, "bool", 1);
    } else if (kind.type === "bytes") {
      add(name, "usize", 4);
      add(`${name}Length`, "u32", 4);
    } else {
      add(name, kind.type, kind.type.endsWith("64") ? 8 : kind.type === "bool" ? 1 : 4);
    }
    if (field.fieldKind === "list") {
      for (const part of ["From", "At", "End", "Packed"]) add(name + part, "usize", 4);
      add(`${name}Count`, "u32", 4);
    } else if (optional(field)) add(`has${capital(name)}`, "bool", 1);
  }
  for (const oneof of message.oneofs) add(`${oneof.localName}Case`, "u32", 4);
  return slots.sort((a, b) => b.bytes - a.bytes);
}

export function sizeOf(message: DescMessage): number {
  return Math.ceil(slotsOf(message).reduce((sum, slot) => sum + slot.bytes, 0) / 8) * 8 || 8;
}

/** A scalar whose presence is told apart from its zero. */
export function optional(field: DescField): boolean {
  return !field.oneof && field.fieldKind !== "message" && field.fieldKind !== "list" && field.presence === 1;
}

export function capital(name: string): string {
  return name[0].toUpperCase() + name.slice(1);
}

export function tagOf(field: DescField, wire: number): number {
  return field.number * 8 + wire;
}
