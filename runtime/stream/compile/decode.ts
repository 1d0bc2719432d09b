/**
 * Decoders for sources: they read the fields that the plan uses and skip all others, so an event costs what is
 * asked of it. Malformed bytes, and text that is not UTF-8 in a field that is used, are told apart.
 */
import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { resolvePath, typeOf } from "../fields.ts";
import type { Source } from "../plan.ts";
import type { Code, Module } from "./text.ts";

/** A used field of a message, or a message with used fields in it. */
interface Used {
  readonly field: DescField;
  /** Name in the struct; empty for a message. */
  readonly name: string;
  readonly inner: Map<number, Used>;
}

export class Decoder {
  readonly #module: Module;
  readonly #source: Source;
  readonly #used = new Map<number, Used>();
  readonly #slots = new Map<string, { type: string }>();

  constructor(module: Module, source: Source) {
    this.#module = module;
    this.#source = source;
  }

  /** The struct that holds what was read. */
  get instance(): string {
    return `in${this.#source.input}`;
  }

  /** Where a field is after decoding; asking for it is what makes it be read. */
  field(path: string): Code {
    // `name?`: whether it is there.
    if (path.endsWith("?")) {
      const { v } = this.field(path.slice(0, -1)), slot = `${v.slice(this.instance.length + 1)}Set`;
      this.#slots.set(slot, { type: "bool" });
      return { type: "bool", v: `${this.instance}.${slot}` };
    }
    const fields = resolvePath(this.#source.message, path);
    let level = this.#used;
    for (const field of fields.slice(0, -1)) {
      const used = level.get(field.number) ?? { field, name: "", inner: new Map<number, Used>() };
      level.set(field.number, used);
      level = used.inner;
    }
    const last = fields[fields.length - 1];
    const name = `f_${path.replaceAll(".", "_")}`;
    if (!level.has(last.number)) level.set(last.number, { field: last, name, inner: new Map() });
    const at = `${this.instance}.${name}`;
    const kind = typeOf(last, this.#source.message);
    this.#slots.set(name, { type: kind });
    if (kind === "text") {
      this.#slots.set(`${name}Length`, { type: "u32" });
      return { type: "text", v: at, n: `${at}Length` };
    }
    return { type: kind, v: at };
  }

  /** The fields that are read, by path, number and type. */
  get schema(): string {
    const walk = (used: Map<number, Used>, above: string): string[] =>
      [...used].sort(([a], [b]) => a - b).flatMap(([number, { field, inner }]) =>
        field.fieldKind === "message"
          ? walk(inner, `${above}${number}.`)
          : [`${above}${number}:${field.fieldKind === "scalar" ? field.scalar : field.fieldKind}`]
      );
    return `${this.#source.message.typeName}{${walk(this.#used, "").join(",")}}`;
  }

  /** The struct and its decoder: `decode<i>(ptr, length): i32`, 0 or a RejectReason. */
  toString(): string {
    const type = `In${this.#source.input}`, into = this.instance;
    const slots = [...this.#slots].sort(([, a], [, b]) => bytesOf(b.type) - bytesOf(a.type));
    const struct = slots.map(([name, { type }]) => `  ${name}: ${type === "text" ? "usize" : type};`);
    const functions: string[] = [];
    const clear = slots.map(([name, { type }]) => `  ${into}.${name} = ${type === "bool" ? "false" : "0"};`);
    const first = this.#reader(this.#used, functions);
    return [
      "@unmanaged",
      `class ${type} {`,
      ...struct,
      "  pad: u8;",
      "}",
      `const ${into} = changetype<${type}>(memory.data(offsetof<${type}>(), 8));`,
      ...functions,
      `function decode${this.#source.input}(ptr: usize, length: u32): i32 {`,
      ...clear,
      `  return ${first}(ptr, ptr + length);`,
      "}",
    ].join("\n");
  }

  /** A function that reads one message; returns its name. */
  #reader(used: Map<number, Used>, functions: string[]): string {
    const use = (name: string) => this.#module.use("lib/wire", name);
    const name = this.#module.fresh(`read${this.#source.input}_`);
    const cases = [...used.values()].map(({ field, name: slot, inner }) =>
      field.fieldKind === "message"
        ? this.#messageCase(field, this.#reader(inner, functions))
        : this.#case(field, `${this.instance}.${slot}`)
    );
    functions.push([
      `function ${name}(p: usize, stop: usize): i32 {`,
      "  while (p < stop) {",
      `    const tag = ${use("varint")}(p, stop);`,
      `    if (!${use("at")} || tag > 0xffffffff) return ${use("MALFORMED")};`,
      "    p = at;",
      "    switch (<u32> tag) {",
      ...cases.flat(),
      "      default: {",
      `        ${use("skip")}(tag, p, stop);`,
      "        p = at;",
      "      }",
      "    }",
      "    if (!p) return MALFORMED;",
      "  }",
      "  return 0;",
      "}",
    ].join("\n"));
    return name;
  }

  #messageCase(field: DescField, reader: string): string[] {
    this.#module.use("lib/wire", "lengthOf");
    return [
      `      case ${field.number << 3 | 2}: {`,
      "        const size = lengthOf(p, stop);",
      "        if (!at) return MALFORMED;",
      "        const end = at + size;",
      `        const bad = ${reader}(at, end);`,
      "        if (bad) return bad;",
      "        p = end;",
      "        break;",
      "      }",
    ];
  }

  #case(field: DescField, at: string): string[] {
    const wire = wireOf(field);
    const body = this.#read(field, at).map((line) => `        ${line}`);
    const set = `${at.slice(this.instance.length + 1)}Set`;
    if (this.#slots.has(set)) body.push(`        ${this.instance}.${set} = true;`);
    return [`      case ${(field.number << 3 | wire) >>> 0}: {`, ...body, "        break;", "      }"];
  }

  #read(field: DescField, into: string): string[] {
    const use = (name: string) => this.#module.use("lib/wire", name);
    const fixed = (bytes: number, load: string) => [
      `if (stop - p < ${bytes}) return MALFORMED;`,
      `${into} = ${load};`,
      `p += ${bytes};`,
    ];
    const varint = (value: string) => [`${into} = ${value.replace("?", "varint(p, stop)")};`, "p = at;"];
    if (field.fieldKind === "enum") return varint("<i64> <i32> ?");
    if (field.fieldKind !== "scalar") return [];
    switch (field.scalar) {
      case ScalarType.STRING:
      case ScalarType.BYTES: {
        const check = field.scalar === ScalarType.STRING
          ? [`if (!${use("utf8")}(at, size)) return ${use("INVALID_UTF8")};`]
          : [];
        return [
          `const size = ${use("lengthOf")}(p, stop);`,
          "if (!at) return MALFORMED;",
          ...check,
          `${into} = at;`,
          `${into}Length = size;`,
          "p = at + size;",
        ];
      }
      case ScalarType.DOUBLE:
        return fixed(8, "load<f64>(p)");
      case ScalarType.FLOAT:
        return fixed(4, "<f64> load<f32>(p)");
      case ScalarType.FIXED64:
      case ScalarType.SFIXED64:
        return fixed(8, "load<i64>(p)");
      case ScalarType.FIXED32:
        return fixed(4, "<i64> load<u32>(p)");
      case ScalarType.SFIXED32:
        return fixed(4, "<i64> load<i32>(p)");
      case ScalarType.BOOL:
        return varint("? != 0");
      case ScalarType.SINT32:
      case ScalarType.SINT64:
        return varint(`${use("zigzag")}(?)`);
      case ScalarType.INT32:
        return varint("<i64> <i32> ?");
      case ScalarType.UINT32:
        return varint("<i64> <u32> ?");
      default:
        return varint("<i64> ?");
    }
  }
}

function wireOf(field: DescField): number {
  if (field.fieldKind !== "scalar") return 0;
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

function bytesOf(type: string): number {
  return type === "i64" || type === "f64" ? 8 : type === "bool" ? 1 : 4;
}
