/** TypeScript encoders for one .proto: plain objects straight into a given buffer, for load generators. */
import { type DescField, type DescFile, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { basename } from "node:path";

export function wireOf(file: DescFile): string {
  const messages = allMessages(file.messages).filter((message) => !message.proto.options?.mapEntry);
  return [
    importsOf(file, messages),
    "export type Integer64 = number | bigint;",
    "/** A Uint8Array is taken for UTF-8. */",
    "export type Text = string | Uint8Array;\n",
    ...messages.map((message) => `${interfaceOf(message)}\n${encoderOf(message)}`),
    HELPERS,
  ].join("\n");
}

function importsOf(file: DescFile, messages: DescMessage[]): string {
  const foreign = new Map<string, Set<string>>();
  for (const message of messages) {
    for (const { message: used, fieldKind } of message.fields) {
      if (!used || used.file === file || fieldKind === "map") continue;
      const names = foreign.get(used.file.name) ?? new Set();
      foreign.set(used.file.name, names.add(`encode${nameOf(used)}`).add(`type ${nameOf(used)}Fields`));
    }
  }
  const up = "../".repeat(file.name.split("/").length);
  return [...foreign].map(([name, names]) => {
    const path = name.replace(/([^/]+)$/, `gen/${basename(name)}_wire.ts`);
    return `import { ${[...names].sort().join(", ")} } from "${up}${path}";`;
  }).join("\n");
}

function allMessages(messages: readonly DescMessage[]): DescMessage[] {
  return messages.flatMap((message) => [...allMessages(message.nestedMessages), message]);
}

function nameOf(desc: DescMessage): string {
  return (desc.parent ? nameOf(desc.parent) : "") + desc.name;
}

function interfaceOf(message: DescMessage): string {
  const lines = message.fields.filter((field) => field.fieldKind !== "map").map((field) => {
    const one = typeOf(field);
    return `  readonly ${field.localName}?: ${field.fieldKind === "list" ? `readonly (${one})[]` : one};`;
  });
  return `export interface ${nameOf(message)}Fields {\n${lines.join("\n")}\n}`;
}

function typeOf(field: DescField): string {
  if (field.message) return `${nameOf(field.message)}Fields`;
  if (field.enum) return "number";
  switch (field.scalar!) {
    case ScalarType.STRING:
      return "Text";
    case ScalarType.BYTES:
      return "Uint8Array";
    case ScalarType.BOOL:
      return "boolean";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "Integer64";
    default:
      return "number";
  }
}

function encoderOf(message: DescMessage): string {
  const name = nameOf(message);
  const lines = [
    `/** Writes \`message\` at \`at\` and returns where it ends. */`,
    `export function encode${name}(message: ${name}Fields, out: Uint8Array, at: number): number {`,
  ];
  for (const field of message.fields) if (field.fieldKind !== "map") lines.push(...fieldOf(field));
  lines.push(
    `  if (at > out.length) throw new RangeError("Cannot encode ${name}: the buffer is too small");`,
    `  return at;`,
    `}\n`,
  );
  return lines.join("\n");
}

function fieldOf(field: DescField): string[] {
  const access = `message.${field.localName}`;
  if (field.fieldKind === "list") {
    return [
      `  if (${access} !== undefined) {`,
      `    for (const value of ${access}) {`,
      ...valueOf(field, "value", "      "),
      `    }`,
      `  }`,
    ];
  }
  const explicit = field.message !== undefined || field.oneof !== undefined || field.presence === 1;
  const name = field.localName;
  return [
    `  const ${name}_ = ${access};`,
    `  if (${name}_ !== undefined${explicit ? "" : ` && ${notZero(field, `${name}_`)}`}) {`,
    ...valueOf(field, `${name}_`, "    "),
    `  }`,
  ];
}

function notZero(field: DescField, value: string): string {
  const type = typeOf(field);
  if (type === "Text" || type === "Uint8Array") return `${value}.length !== 0`;
  if (type === "boolean") return value;
  if (type === "Integer64") return `${value} != 0`;
  return field.scalar === ScalarType.DOUBLE || field.scalar === ScalarType.FLOAT
    ? `!Object.is(${value}, 0)`
    : `${value} !== 0`;
}

function valueOf(field: DescField, value: string, indent: string): string[] {
  const wire = wireTypeOf(field), tag = field.number * 8 + wire;
  const lines = tag < 128 ? [`out[at++] = ${tag};`] : [`at = varint(out, at, ${tag});`];
  if (field.message) {
    lines.push(
      `const ${field.localName}At = ++at;`,
      `at = ended(out, ${field.localName}At, encode${nameOf(field.message)}(${value}, out, at));`,
    );
  } else lines.push(`at = ${writerOf(field)}(out, at, ${value});`);
  return lines.map((line) => indent + line);
}

function wireTypeOf(field: DescField): number {
  if (field.message) return 2;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return 2;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 1;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 5;
    default:
      return 0;
  }
}

function writerOf(field: DescField): string {
  if (field.enum) return "varint";
  switch (field.scalar!) {
    case ScalarType.STRING:
      return "text";
    case ScalarType.BYTES:
      return "bytes";
    case ScalarType.DOUBLE:
      return "double";
    case ScalarType.FLOAT:
      return "float";
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "fixed64";
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return "fixed32";
    case ScalarType.SINT32:
      return "zigzag32";
    case ScalarType.SINT64:
      return "zigzag64";
    case ScalarType.BOOL:
      return "bool";
    default:
      return "varint";
  }
}

/** Every generated file carries its own helpers, since it may import nothing from elsewhere. */
const HELPERS = `
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

/** Puts the length before a message that began at \`begun\`, one byte after the place kept for it. */
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
`;
