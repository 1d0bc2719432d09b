/** Lines of AssemblyScript, and expressions written into them. */
import type { Node, Op, RowVariable, ValueType } from "../expr.ts";

/** A value in generated code; text is an address and a length. */
export interface Code {
  readonly type: ValueType;
  readonly v: string;
  readonly n?: string;
}

/** Where the fields of a row are, for code in some block. */
export type Fields = (name: string) => Code;
export type Scope = ReadonlyMap<RowVariable, Fields>;

export function within(scope: Scope, row: RowVariable, fields: Fields): Scope {
  return new Map(scope).set(row, fields);
}

/** What generated code needs from elsewhere, gathered while it is written. */
export class Module {
  readonly #imports = new Map<string, Set<string>>();
  readonly #texts = new Map<string, string>();
  readonly #sources = new Map<string, string>();
  #names = 0;

  /** Imports a name from a file of wasm/ ("lib/table") and returns it. */
  use(file: string, name: string): string {
    const names = this.#imports.get(file) ?? new Set();
    this.#imports.set(file, names.add(name));
    return name;
  }

  fresh(prefix: string): string {
    return `${prefix}${++this.#names}`;
  }

  /** A text constant: the name of the static block that holds it, and its length. */
  text(value: string): Code {
    const bytes = new TextEncoder().encode(value);
    if (bytes.length === 0) return { type: "text", v: "0", n: "0" };
    const known = this.#texts.get(value) ?? `text${this.#texts.size}`;
    this.#texts.set(value, known);
    return { type: "text", v: known, n: String(bytes.length) };
  }

  /** A module of the developer's own: the file name that it is compiled as. */
  own(source: string): string {
    const known = this.#sources.get(source) ?? `own${this.#sources.size}`;
    this.#sources.set(source, known);
    return known;
  }

  get ownSources(): ReadonlyMap<string, string> {
    return new Map([...this.#sources].map(([source, name]) => [name, source]));
  }

  header(): string {
    const imports = [...this.#imports].sort(([a], [b]) => a < b ? -1 : 1).map(([file, names]) =>
      `import { ${[...names].sort().join(", ")} } from "${file.startsWith("./") ? file : `../${file}`}";`
    );
    const texts = [...this.#texts].map(([value, name]) =>
      // Eight bytes more: text is copied in words.
      `const ${name} = memory.data<u8>([${
        [...new TextEncoder().encode(value), ...Array(8).fill(0)].join(", ")
      }]);`
    );
    return [...imports, "", ...texts].join("\n");
  }
}

export class Block {
  readonly module: Module;
  readonly #lines: string[] = [];
  #indent: string;
  /** Whether an expression written here can fail, and nobody has looked at it yet. */
  #mayFail = false;

  constructor(module: Module, indent = "  ") {
    this.module = module;
    this.#indent = indent;
  }

  line(text: string): void {
    this.#lines.push(this.#indent + text);
  }

  /** `head {` … `}` */
  nest(head: string, body: (block: Block) => void): void {
    this.line(`${head} {`);
    const inner = new Block(this.module, this.#indent + "  ");
    inner.#mayFail = this.#mayFail;
    body(inner);
    this.#lines.push(...inner.#lines);
    this.line("}");
  }

  /** Before state changes or a row leaves: an expression that failed rejects the event. */
  checked(): void {
    if (!this.#mayFail) return;
    this.#mayFail = false;
    this.line(
      `if (${this.module.use("operators/values", "failed")}) return ${
        this.module.use("operators/out", "refuse")
      }(failed);`,
    );
  }

  mayFail(): void {
    this.#mayFail = true;
  }

  /** A constant of this block that holds a value. */
  hold(code: Code, prefix = "v"): Code {
    if (/^[\w.]+$/.test(code.v) && (code.n === undefined || /^[\w.]+$/.test(code.n))) return code;
    const name = this.module.fresh(prefix);
    this.line(`const ${name} = ${code.v};`);
    if (code.n === undefined) return { type: code.type, v: name };
    this.line(`const ${name}Length: u32 = ${code.n};`);
    return { type: "text", v: name, n: `${name}Length` };
  }

  toString(): string {
    return this.#lines.join("\n");
  }
}

/** Writes what an expression needs into the block and returns the expression. */
export function express(node: Node, scope: Scope, block: Block): Code {
  switch (node.kind) {
    case "field": {
      const fields = scope.get(node.row);
      if (!fields) {
        throw new TypeError(
          `field "${node.name}" belongs to ${node.row.of || "another row"}, which is not at hand here`,
        );
      }
      return fields(node.name);
    }
    case "const":
      return constant(node, block.module);
    case "call": {
      const file = block.module.own(node.source);
      const name = block.module.use(`./${file}`, node.name);
      const args = node.args.map((arg) => express(arg, scope, block)).map(({ v, n }) => n ? `${v}, ${n}` : v);
      return { type: node.type, v: `${name}(${args.join(", ")})` };
    }
    case "op":
      return operation(node, node.args.map((arg) => express(arg, scope, block)), block);
  }
}

/** Whether a row may be refused for what this node computes. */
export function canFail(node: Node): boolean {
  if (node.kind !== "op") return false;
  const { op, type, args } = node;
  if (
    ["concat", "split", "code", "lower", "upper", "trim", "digits", "date", "rfc3339", "round"].includes(op)
  ) return true;
  return type === "i64" && op in CHECKED && args.every((arg) => arg.type === "i64");
}

function constant(node: Extract<Node, { kind: "const" }>, module: Module): Code {
  switch (node.type) {
    case "text":
      return module.text(node.value as string);
    case "bool":
      return { type: "bool", v: String(node.value) };
    case "f64": {
      const value = String(node.value);
      return { type: "f64", v: /[.eEnN]/.test(value) ? `(${value})` : `(${value}.0)` };
    }
    case "i64":
      return { type: "i64", v: integer(node.value as bigint) };
  }
}

/** An int64 literal. */
export function integer(value: bigint | number): string {
  const wide = BigInt(value);
  if (wide === -(2n ** 63n)) return "i64.MIN_VALUE";
  return wide < 0 ? `(<i64>${wide})` : `<i64>${wide}`;
}

/** The file that computes what has no operator of its own. */
const VALUES = "operators/values";

const CHECKED: Partial<Record<Op, string>> = {
  add: "addI",
  sub: "subI",
  mul: "mulI",
  idiv: "idivI",
  mod: "modI",
  neg: "negI",
  abs: "absI",
  floorTo: "floorToI",
  round: "roundF",
};

const SIGNS: Partial<Record<Op, string>> = {
  eq: "==",
  ne: "!=",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
  and: "&&",
  or: "||",
};

const FLOATS: Partial<Record<Op, string>> = { add: "+", sub: "-", mul: "*", div: "/" };

function operation(node: Extract<Node, { kind: "op" }>, args: Code[], block: Block): Code {
  const { op, type } = node;
  if (op === "now") return { type, v: block.module.use("lib/context", "clock") };
  const [a, b, c] = args;
  if (a.type === "text" || type === "text") return textOperation(node, args, block);
  const sign = SIGNS[op];
  if (sign) return { type, v: `(${a.v} ${sign} ${b.v})` };
  if (op === "not") return { type, v: `!(${a.v})` };
  if (op === "if") return { type, v: `(${a.v} ? ${b.v} : ${c.v})` };
  if (op === "float") return { type, v: `<f64>(${a.v})` };
  if (op === "least" || op === "greatest") {
    return { type, v: `${op === "least" ? "min" : "max"}<${type}>(${a.v}, ${b.v})` };
  }
  if (type === "f64") {
    if (op === "neg") return { type, v: `(-(${a.v}))` };
    if (op === "abs") return { type, v: `abs<f64>(${a.v})` };
    return { type, v: `(${a.v} ${FLOATS[op]} ${b.v})` };
  }
  const name = CHECKED[op];
  if (!name) throw new Error(`Cannot compile ${op}: nothing computes it`);
  block.mayFail();
  return { type, v: `${block.module.use(VALUES, name)}(${args.map(({ v }) => v).join(", ")})` };
}

const COMPARISONS: Partial<Record<Op, string>> = { lt: "<", lte: "<=", gt: ">", gte: ">=" };

function textOperation(node: Extract<Node, { kind: "op" }>, args: Code[], block: Block): Code {
  const { op, type } = node;
  const use = (name: string) => block.module.use(VALUES, name);
  const pair = (code: Code) => `${code.v}, ${code.n}`;
  const [a, b, c] = args.map((arg) => arg.n ? block.hold(arg, "t") : arg);
  /** Text is computed by a statement of its own: its length is known only after. */
  const computed = (call: string): Code => {
    block.mayFail();
    const name = block.module.fresh("t");
    block.line(`const ${name} = ${call};`);
    block.line(`const ${name}Length: u32 = ${use("textLength")};`);
    return { type: "text", v: name, n: `${name}Length` };
  };
  switch (op) {
    case "eq":
      return { type, v: `${use("sameText")}(${pair(a)}, ${pair(b)})` };
    case "ne":
      return { type, v: `!${use("sameText")}(${pair(a)}, ${pair(b)})` };
    case "lt":
    case "lte":
    case "gt":
    case "gte":
      return { type, v: `(${use("compareText")}(${pair(a)}, ${pair(b)}) ${COMPARISONS[op]} 0)` };
    case "startsWith":
      return { type, v: `${use("startsText")}(${pair(a)}, ${pair(b)})` };
    case "endsWith":
      return { type, v: `${use("endsText")}(${pair(a)}, ${pair(b)})` };
    case "contains":
      return { type, v: `(${use("findText")}(${pair(a)}, ${pair(b)}, 0) >= 0)` };
    case "length":
      return { type, v: `<i64>${a.n}` };
    case "concat":
      return computed(`${use("concatText")}(${pair(a)}, ${pair(b)})`);
    case "split":
      return computed(`${use("splitText")}(${pair(a)}, ${pair(b)}, ${c.v})`);
    case "lower":
    case "upper":
    case "trim":
      return computed(`${use(`${op}Text`)}(${pair(a)})`);
    case "code":
      block.mayFail();
      return { type, v: `${use("codeText")}(${pair(a)})` };
    case "digits":
      return computed(`${use("digitsText")}(${a.v})`);
    case "date":
      return computed(`${use("dateText")}(${a.v})`);
    case "rfc3339":
      block.mayFail();
      return { type, v: `${use("rfc3339Time")}(${pair(a)})` };
    case "if": {
      const test = block.hold(a, "b");
      return { type, v: `(${test.v} ? ${b.v} : ${c.v})`, n: `(${test.v} ? ${b.n} : ${c.n})` };
    }
    default:
      throw new Error(`Cannot compile ${op} of text: nothing computes it`);
  }
}
