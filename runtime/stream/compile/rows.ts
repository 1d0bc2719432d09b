/** Rows that operators keep, and keys, as generated code writes and reads them. */
import type { Field, Named } from "../plan.ts";
import { type Block, type Code, express, type Fields, type Scope } from "./text.ts";

/** A struct for a row that is stored: its one static instance, and how it is saved and loaded. */
export class RowClass {
  readonly name: string;
  readonly fields: readonly Field[];
  /** Names of its static instances. */
  readonly instances: readonly string[];

  constructor(name: string, fields: readonly Field[], ...more: string[]) {
    this.name = name;
    this.fields = fields;
    this.instances = [name[0].toLowerCase() + name.slice(1), ...more];
  }

  get instance(): string {
    return this.instances[0];
  }

  /** Where the fields of an instance are. */
  of(instance: string): Fields {
    return (name) => {
      const index = this.fields.findIndex((each) => each.name === name);
      if (index < 0) throw new TypeError(`field "${name}" is not kept`);
      const field = this.fields[index], at = `${instance}.f${index}`;
      return field.type === "text" ? { type: "text", v: at, n: `${at}Length` } : { type: field.type, v: at };
    };
  }

  field: Fields = (name) => this.of(this.instance)(name);

  /** Sets the instance to a row at hand. */
  fill(block: Block, values: Fields, time: string): void {
    block.line(`${this.instance}.time = ${time};`);
    for (const [index, { name }] of this.fields.entries()) {
      const code = values(name), at = `${this.instance}.f${index}`;
      block.line(`${at} = ${code.v};`);
      if (code.n !== undefined) block.line(`${at}Length = ${code.n};`);
    }
  }

  toString(): string {
    const slots = this.fields.map(({ name, type }, index) => ({ slot: `f${index}`, name, type }));
    const texts = slots.filter(({ type }) => type === "text");
    const words = slots.filter(({ type }) => type === "i64" || type === "f64");
    const flags = slots.filter(({ type }) => type === "bool");
    const bytes = 8 + 8 * words.length + 4 * texts.length + flags.length;
    const save: string[] = [], load: string[] = [];
    let at = 8;
    for (const { slot, type } of words) {
      save.push(`    store<${type}>(p, this.${slot}, ${at});`);
      load.push(`    this.${slot} = load<${type}>(p, ${at});`);
      at += 8;
    }
    for (const { slot } of texts) {
      save.push(`    store<u32>(p, this.${slot}Length, ${at});`);
      load.push(`    this.${slot}Length = load<u32>(p, ${at});`);
      at += 4;
    }
    for (const { slot } of flags) {
      save.push(`    store<bool>(p, this.${slot}, ${at});`);
      load.push(`    this.${slot} = load<bool>(p, ${at});`);
      at += 1;
    }
    const lengths = texts.map(({ slot }) => ` + this.${slot}Length`).join("");
    return [
      "@unmanaged",
      `class ${this.name} {`,
      "  time: i64;",
      // Numbered: what a field is called is no part of the state, see state.ts.
      ...words.map(({ slot, name, type }) => `  ${slot}: ${type}; // ${name}`),
      ...texts.map(({ slot, name }) => `  ${slot}: usize; // ${name}\n  ${slot}Length: u32;`),
      "  op: i32;",
      ...flags.map(({ slot, name }) => `  ${slot}: bool; // ${name}`),
      "  size(): u32 {",
      `    return (${bytes}${lengths} + 7) & ~7;`,
      "  }",
      "  fixedBytes(): u32 {",
      `    return ${texts.length ? 0 : (bytes + 7) & ~7};`,
      "  }",
      "  clear(): void {",
      `    memory.fill(changetype<usize>(this), 0, offsetof<${this.name}>());`,
      "  }",
      "  save(p: usize): void {",
      "    store<i64>(p, this.time);",
      ...save,
      ...(texts.length ? [`    p += ${bytes};`] : []),
      ...texts.map(({ slot }) =>
        `    memory.copy(p, this.${slot}, this.${slot}Length);\n    p += this.${slot}Length;`
      ),
      "  }",
      "  load(p: usize): void {",
      "    this.time = load<i64>(p);",
      ...load,
      ...(texts.length ? [`    p += ${bytes};`] : []),
      ...texts.map(({ slot }) => `    this.${slot} = p;\n    p += this.${slot}Length;`),
      "  }",
      "}",
      ...this.instances.map((instance) =>
        `const ${instance} = changetype<${this.name}>(memory.data(offsetof<${this.name}>(), 8));`
      ),
    ].join("\n");
  }
}

/** Longest key, bytes. */
export const KEY_BYTES_MAX = 1024;

/** Bytes of a key that stand beside its state; longer ones are kept in the arena. */
export function keyInline(keys: readonly Named[]): number {
  const bytes = keys.reduce(
    (sum, { node }) => sum + (node.type === "text" ? keys.length > 1 ? 20 : 16 : 8),
    0,
  );
  return Math.max(8, Math.min(64, (bytes + 7) & ~7));
}

/** Writes the bytes of a key; returns their address and length. `buffer` is a static block of its own. */
export function writeKey(block: Block, keys: readonly Named[], scope: Scope, buffer: () => string): Code {
  if (keys.length === 0) return { type: "text", v: "8", n: "0" };
  const codes = keys.map(({ node }) => express(node, scope, block));
  const refuse = block.module.use("operators/out", "refuse"),
    reject = block.module.use("lib/effects", "Reject");
  if (codes.length === 1 && codes[0].n !== undefined) {
    const text = block.hold(codes[0], "k");
    block.checked();
    block.line(`if (${text.n} > ${KEY_BYTES_MAX}) return ${refuse}(${reject}.KEY_TOO_LONG);`);
    return text;
  }
  const at = buffer();
  block.checked();
  const texts = codes.filter(({ n }) => n !== undefined);
  if (texts.length > 0) {
    const fixed = codes.reduce((sum, { n }) => sum + (n === undefined ? 8 : 4), 0);
    const sum = texts.map(({ n }) => n).join(" + ");
    block.line(`if (${sum} > ${KEY_BYTES_MAX - fixed}) return ${refuse}(${reject}.KEY_TOO_LONG);`);
  }
  let offset = 0;
  let p = at;
  for (const { type, v, n } of codes) {
    if (n === undefined) {
      block.line(
        type === "f64" ? `store<f64>(${p}, ${v}, ${offset});` : `store<i64>(${p}, <i64>${v}, ${offset});`,
      );
      offset += 8;
      continue;
    }
    block.line(`store<u32>(${p}, ${n}, ${offset});`);
    block.line(`memory.copy(${p} + ${offset + 4}, ${v}, ${n});`);
    const next = block.module.fresh("p");
    block.line(`const ${next}: usize = ${p} + ${offset + 4} + ${n};`);
    p = next;
    offset = 0;
  }
  return { type: "text", v: at, n: p === at ? String(offset) : `<u32>(${p} + ${offset} - ${at})` };
}

/** Reads the parts of a key back. */
export function readKey(
  block: Block,
  keys: readonly Named[],
  key: string,
  length: string,
): Map<string, Code> {
  const parts = new Map<string, Code>();
  if (keys.length === 1 && keys[0].node.type === "text") {
    return parts.set(keys[0].name, { type: "text", v: key, n: length });
  }
  let p = key, offset = 0;
  for (const { name, node } of keys) {
    const part = block.module.fresh("k");
    if (node.type !== "text") {
      const load = node.type === "f64" ? "load<f64>" : "load<i64>";
      block.line(`const ${part} = ${load}(${p}, ${offset})${node.type === "bool" ? " != 0" : ""};`);
      parts.set(name, { type: node.type, v: part });
      offset += 8;
      continue;
    }
    block.line(`const ${part}Length = load<u32>(${p}, ${offset});`);
    block.line(`const ${part}: usize = ${p} + ${offset + 4};`);
    parts.set(name, { type: "text", v: part, n: `${part}Length` });
    const next = block.module.fresh("p");
    block.line(`const ${next}: usize = ${part} + ${part}Length;`);
    p = next;
    offset = 0;
  }
  return parts;
}
