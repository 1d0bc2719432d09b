/** AssemblyScript for one .proto: flat structs with their decoders, and a writer for each field. */
import { type DescEnum, type DescField, type DescFile, type DescMessage } from "@bufbuild/protobuf";
import { basename } from "node:path";
import {
  capital,
  isListed,
  type Kind,
  kindOf,
  nameOf,
  optional,
  sizeOf,
  slotsOf,
  tagOf,
} from "./codegen_fields.ts";

export function assemblyScriptOf(file: DescFile, schemaHash: string): string {
  const messages = allMessages(file.messages);
  for (const message of messages) refuseRecursion(message, []);
  const enums = [...file.enums, ...messages.flatMap((message) => message.nestedEnums)];
  const parts = [
    imports(file, messages),
    `export const SCHEMA_HASH = "${schemaHash}";\n`,
    ...enums.map(enumOf),
    ...messages.map((message) => [structOf(message), decoderOf(message), writersOf(message)].join("\n")),
  ];
  return parts.join("\n");
}

const WIRE = [
  "at",
  "begin",
  "endNested",
  "INVALID_UTF8",
  "joined",
  "lengthOf",
  "MALFORMED",
  "skip",
  "utf8",
  "varint",
  "writeBytes",
  "writeVarint",
  "zigzag",
];

function imports(file: DescFile, messages: DescMessage[]): string {
  const foreign = new Map<string, Set<string>>();
  for (const message of messages) {
    for (const { message: used } of message.fields) {
      if (!used || used.file === file || isMap(message, used)) continue;
      const names = foreign.get(used.file.name) ?? new Set();
      for (const part of ["", "decode", ...(isListed(used) ? [] : ["clear", "merge"])]) {
        names.add(part + nameOf(used));
      }
      foreign.set(used.file.name, names);
    }
  }
  const lines = [`import { ${WIRE.join(", ")} } from "../lib/wire";`];
  for (const [name, names] of foreign) {
    lines.push(`import { ${[...names].sort().join(", ")} } from "./${basename(name)}";`);
  }
  return lines.join("\n") + "\n";
}

function isMap(_owner: DescMessage, used: DescMessage): boolean {
  return used.proto.options?.mapEntry === true;
}

function allMessages(messages: readonly DescMessage[]): DescMessage[] {
  return messages.flatMap((message) => [...allMessages(message.nestedMessages), message]);
}

function refuseRecursion(message: DescMessage, above: DescMessage[]): void {
  if (above.includes(message)) {
    throw new Error(
      `Cannot generate a decoder for ${message.typeName}: it contains itself, and kernels take flat messages`,
    );
  }
  for (const field of message.fields) {
    if (field.fieldKind !== "map" && field.message) refuseRecursion(field.message, [...above, message]);
  }
}

function enumOf(desc: DescEnum): string {
  const values = desc.values.map((value) => `  ${value.name} = ${value.number},`);
  return `export const enum ${nameOf(desc)} {\n${values.join("\n")}\n}\n`;
}

// ---- struct ----

function structOf(message: DescMessage): string {
  const name = nameOf(message), slots = slotsOf(message), size = sizeOf(message);
  const lines = [`@unmanaged`, `export class ${name} {`];
  for (const slot of slots) lines.push(`  ${slot.name}: ${slot.type};`);
  const used = slots.reduce((sum, slot) => sum + slot.bytes, 0);
  for (let i = used; i < size; i++) lines.push(`  padding${i}: u8;`);
  for (const field of message.fields) {
    if (field.fieldKind === "map") continue;
    if (field.message) {
      const type = nameOf(field.message);
      lines.push(
        inline,
        `  get ${field.localName}(): ${type} {`,
        `    return changetype<${type}>(changetype<usize>(this) + offsetof<${name}>("${field.localName}_0"));`,
        `  }`,
      );
    }
    if (field.oneof) {
      lines.push(
        inline,
        `  get has${capital(field.localName)}(): bool {`,
        `    return this.${field.oneof.localName}Case == ${field.number};`,
        `  }`,
      );
    }
    if (field.fieldKind === "list") lines.push(...iteratorOf(field));
  }
  lines.push("}\n");
  return lines.join("\n");
}

const inline = "  // @ts-ignore: decorator\n  @inline";

/** Rewind and next of a repeated field: they read the bytes again, which the decoder has found sound. */
function iteratorOf(field: DescField): string[] {
  const name = field.localName, kind = kindOf(field);
  const lines = [
    `  ${name}Rewind(): void {`,
    `    this.${name}At = this.${name}From;`,
    `    this.${name}Packed = 0;`,
    `  }`,
    `  /** Loads the next element; false = there is none. */`,
    `  ${name}Next(): bool {`,
    `    let p = this.${name}At;`,
    `    const end = this.${name}End;`,
  ];
  if (kind.wire !== 2) {
    lines.push(
      `    if (this.${name}Packed) {`,
      `      if (p < this.${name}Packed) {`,
      ...readInto(kind, `this.${name}`, "end").map((line) => `        ${line}`),
      `        this.${name}At = p;`,
      `        return true;`,
      `      }`,
      `      this.${name}Packed = 0;`,
      `    }`,
    );
  }
  lines.push(
    `    while (p < end) {`,
    `      const tag = varint(p, end);`,
    `      p = at;`,
    `      if (tag == ${tagOf(field, kind.wire)}) {`,
  );
  if (kind.wire === 2) {
    lines.push(`        const length = lengthOf(p, end);`);
    if (field.message) {
      lines.push(
        `        const next = at + length;`,
        // The bytes are sound, but what is given twice within them may find no more room to be joined.
        `        if (decode${nameOf(field.message)}(this.${name}, at, length)) unreachable();`,
        `        p = next;`,
      );
    } else {lines.push(
        `        this.${name} = at;`,
        `        this.${name}Length = length;`,
        `        p = at + length;`,
      );}
  } else {
    lines.push(...readInto(kind, `this.${name}`, "end").map((line) => `        ${line}`));
  }
  lines.push(`        this.${name}At = p;`, `        return true;`, `      }`);
  if (kind.wire !== 2) {
    lines.push(
      `      if (tag == ${tagOf(field, 2)}) {`,
      `        const length = lengthOf(p, end);`,
      `        p = at;`,
      `        if (!length) continue;`,
      `        this.${name}Packed = p + length;`,
      ...readInto(kind, `this.${name}`, "end").map((line) => `        ${line}`),
      `        this.${name}At = p;`,
      `        return true;`,
      `      }`,
    );
  }
  lines.push(
    `      skip(tag, p, end);`,
    `      p = at;`,
    `    }`,
    `    this.${name}At = p;`,
    `    return false;`,
    `  }`,
  );
  return lines;
}

/** Statements that read one scalar at `p` into `target` and move `p`; 0 there = malformed. */
function readInto(kind: Kind, target: string, end: string): string[] {
  if (kind.wire === 1 || kind.wire === 5) {
    const bytes = kind.wire === 1 ? 8 : 4;
    return [
      `if (${end} - p < ${bytes}) return ${end === "end" ? "false" : "MALFORMED"};`,
      `${target} = load<${kind.type}>(p);`,
      `p += ${bytes};`,
    ];
  }
  return [`${target} = ${converted(kind, `varint(p, ${end})`)};`, `p = at;`];
}

function converted(kind: Kind, raw: string): string {
  if (kind.signed) return kind.type === "i32" ? `<i32>zigzag(<u64><u32>${raw})` : `zigzag(${raw})`;
  if (kind.type === "bool") return `${raw} != 0`;
  return kind.type === "u64" ? raw : `<${kind.type}>${raw}`;
}

// ---- decoder ----

function decoderOf(message: DescMessage): string {
  const name = nameOf(message);
  const lines = [
    `/** 0, or why not: MALFORMED or INVALID_UTF8. */`,
    `export function decode${name}(into: ${name}, ptr: usize, length: u32): i32 {`,
    `  clear${name}(into);`,
    `  return merge${name}(into, ptr, length);`,
    `}\n`,
    inline.replaceAll("  //", "//").replaceAll("  @", "@"),
    `export function clear${name}(into: ${name}): void {`,
  ];
  for (const slot of slotsOf(message)) {
    if (/_\d+$/.test(slot.name)) continue;
    lines.push(`  into.${slot.name} = ${slot.type === "bool" ? "false" : "0"};`);
  }
  lines.push(
    `}\n`,
    isListed(message)
      ? `/** Into a cleared struct. */`
      : `/** Into a cleared struct, or one that another part of the same message was read into. */`,
    `export function merge${name}(into: ${name}, ptr: usize, length: u32): i32 {`,
    `  let p = ptr;`,
    `  const stop = ptr + length;`,
    ...message.fields.filter((field) => field.fieldKind === "message" && isListed(field.message))
      .map(({ localName }) => `  let ${localName}From: usize = 0, ${localName}Size: u32 = 0;`),
    `  while (p < stop) {`,
    ...(message.fields.some((field) => field.fieldKind === "list") ? [`    const start = p;`] : []),
    `    let tag = <u32>load<u8>(p);`,
    `    if (tag < 0x80) {`,
    `      p++;`,
    `    } else {`,
    `      const wide = varint(p, stop);`,
    `      if (!at || wide > 0xffffffff) return MALFORMED;`,
    `      tag = <u32>wide;`,
    `      p = at;`,
    `    }`,
    `    switch (tag) {`,
  );
  for (const field of message.fields) {
    for (const { tag, body } of casesOf(field)) {
      lines.push(
        `      case ${tag}: {`,
        ...body.map((line) => `        ${line}`),
        `        break;`,
        `      }`,
      );
    }
  }
  const numbers = message.fields.map((field) => field.number);
  lines.push(`      default: {`);
  if (numbers.length) lines.push(`        if (${known(numbers)}) return MALFORMED; // in another wire type`);
  lines.push(
    `        skip(tag, p, stop);`,
    `        p = at;`,
    `      }`,
    `    }`,
    `    if (!p) return MALFORMED;`,
    `  }`,
    `  return 0;`,
    `}\n`,
  );
  return lines.join("\n");
}

/** A condition on `tag`: it names one of these fields. */
function known(numbers: number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b), ranges: [number, number][] = [];
  for (const number of sorted) {
    const last = ranges.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) =>
    from === to
      ? `tag >>> 3 == ${from}`
      : from === 1
      ? `tag >>> 3 <= ${to} && tag >= 8`
      : `tag >>> 3 >= ${from} && tag >>> 3 <= ${to}`
  ).join(" || ");
}

function casesOf(field: DescField): { tag: number; body: string[] }[] {
  const name = field.localName, kind = kindOf0(field);
  if (field.fieldKind === "map") return [{ tag: tagOf(field, 2), body: [`skip(tag, p, stop);`, `p = at;`] }];
  if (field.fieldKind === "list") return listCases(field);
  if (field.message) {
    return [{ tag: tagOf(field, 2), body: singular(field, field.message) }];
  }
  const present = field.oneof
    ? [`into.${field.oneof.localName}Case = ${field.number};`]
    : optional(field)
    ? [`into.has${capital(name)} = true;`]
    : [];
  if (kind.type === "bytes") {
    return [{
      tag: tagOf(field, 2),
      body: [
        ...bytesChecked(kind),
        `into.${name} = at;`,
        `into.${name}Length = size;`,
        `p = at + size;`,
        ...present,
      ],
    }];
  }
  return [{ tag: tagOf(field, kind.wire), body: [...readInto(kind, `into.${name}`, "stop"), ...present] }];
}

function kindOf0(field: DescField): Kind {
  return field.fieldKind === "map" ? { type: "bytes", wire: 2 } : kindOf(field);
}

function bytesChecked(kind: Kind): string[] {
  const lines = [`const size = lengthOf(p, stop);`, `if (!at) return MALFORMED;`];
  if (kind.utf8) lines.push(`if (!utf8(at, size)) return INVALID_UTF8;`);
  return lines;
}

/** A message field that is not repeated. Given again, it is merged into what it was: so protobuf wants it. */
function singular(field: DescField, message: DescMessage): string[] {
  const name = field.localName, type = nameOf(message);
  const isNew = field.oneof
    ? `into.${field.oneof.localName}Case != ${field.number}`
    : `!into.has${capital(name)}`;
  const set = field.oneof
    ? `into.${field.oneof.localName}Case = ${field.number};`
    : `into.has${capital(name)} = true;`;
  if (!isListed(message)) {
    return [
      `if (${isNew}) {`,
      `  ${set}`,
      `  clear${type}(into.${name});`,
      `}`,
      ...nested(`merge${type}(into.${name}, at, size)`),
    ];
  }
  return [
    `const size = lengthOf(p, stop);`,
    `if (!at) return MALFORMED;`,
    `p = at + size;`,
    `if (${isNew}) {`,
    `  ${set}`,
    `  ${name}From = at;`,
    `  ${name}Size = size;`,
    `} else {`,
    `  ${name}From = joined(${name}From, ${name}Size, at, size);`,
    `  ${name}Size += size;`,
    `  if (!${name}From) return MALFORMED; // more than JOINED_BYTES_MAX`,
    `}`,
    `const bad = decode${type}(into.${name}, ${name}From, ${name}Size);`,
    `if (bad) return bad;`,
  ];
}

function nested(call: string): string[] {
  return [
    `const size = lengthOf(p, stop);`,
    `if (!at) return MALFORMED;`,
    `p = at + size;`,
    `const bad = ${call};`,
    `if (bad) return bad;`,
  ];
}

function listCases(field: DescField): { tag: number; body: string[] }[] {
  const name = field.localName, kind = kindOf(field);
  const first = [
    `if (!into.${name}Count) {`,
    `  into.${name}From = start;`,
    `  into.${name}At = into.${name}From;`,
    `  into.${name}End = stop;`,
    `}`,
  ];
  const one = tagOf(field, kind.wire);
  if (field.message) {
    return [{
      tag: one,
      body: [
        ...first,
        `into.${name}Count++;`,
        ...nested(`decode${nameOf(field.message)}(into.${name}, at, size)`),
      ],
    }];
  }
  if (kind.type === "bytes") {
    return [{ tag: one, body: [...first, `into.${name}Count++;`, ...bytesChecked(kind), `p = at + size;`] }];
  }
  const packed = tagOf(field, 2);
  const count = kind.wire === 0
    ? [
      `while (p < end) {`,
      `  varint(p, end);`,
      `  if (!at) return MALFORMED;`,
      `  into.${name}Count++;`,
      `  p = at;`,
      `}`,
    ]
    : [
      `if (size % ${kind.wire === 1 ? 8 : 4}) return MALFORMED;`,
      `into.${name}Count += size / ${kind.wire === 1 ? 8 : 4};`,
      `p = end;`,
    ];
  return [
    { tag: one, body: [...first, `into.${name}Count++;`, ...readInto(kind, `into.${name}`, "stop")] },
    {
      tag: packed,
      body: [
        ...first,
        `const size = lengthOf(p, stop);`,
        `if (!at) return MALFORMED;`,
        `p = at;`,
        `const end = p + size;`,
        ...count,
      ],
    },
  ];
}

// ---- writers ----

function writersOf(message: DescMessage): string {
  return message.fields.filter((field) => field.fieldKind !== "map").map((field) => writerOf(message, field))
    .join("\n");
}

function writerOf(message: DescMessage, field: DescField): string {
  const kind = kindOf(field), tag = tagOf(field, kind.wire);
  const id = `${nameOf(message)}_${field.localName}`;
  const always = field.oneof !== undefined || field.fieldKind === "list" || optional(field);
  if (kind.type === "message") {
    return `export function begin${id}(p: usize): usize {\n  return begin(p, ${tag});\n}\n` +
      `export function end${id}(begun: usize, p: usize): usize {\n  return endNested(begun, p);\n}`;
  }
  if (kind.type === "bytes") {
    const guard = always ? "" : `  if (!length) return p;\n`;
    return `export function write${id}(p: usize, ptr: usize, length: u32): usize {\n${guard}  return writeBytes(p, ${tag}, ptr, length);\n}`;
  }
  const zero = kind.type === "bool"
    ? "!value"
    : kind.type === "f64"
    ? "!reinterpret<u64>(value)"
    : kind.type === "f32"
    ? "!reinterpret<u32>(value)"
    : "value == 0";
  const guard = always ? "" : `  if (${zero}) return p;\n`;
  return `export function write${id}(p: usize, value: ${kind.type}): usize {\n${guard}  p = writeVarint(p, ${tag});\n  ${
    written(kind)
  }\n}`;
}

function written(kind: Kind): string {
  if (kind.wire !== 0) {
    return `store<${kind.type}>(p, value);\n  return p + ${kind.wire === 1 ? 8 : 4};`;
  }
  if (kind.signed) {
    return kind.type === "i32"
      ? `return writeVarint(p, <u64><u32>((value << 1) ^ (value >> 31)));`
      : `return writeVarint(p, <u64>((value << 1) ^ (value >> 63)));`;
  }
  return kind.type === "bool"
    ? `return writeVarint(p, value ? 1 : 0);`
    : `return writeVarint(p, <u64>value);`;
}
