/** What the code of all operators has in common: where a step stands in the kernel, keys, rows and results. */
import { type Node, type RowVariable, walk } from "../../expr.ts";
import type { Field, Named, Order, Step } from "../../plan.ts";
import { type RowClass, writeKey } from "../rows.ts";
import { Block, type Code, express, type Fields, type Module, type Scope } from "../text.ts";

/** What the kernel gives an operator to work with. */
export interface Site {
  readonly module: Module;
  /** Number of the operator in the plan; part of all its names. */
  readonly number: number;
  /** What comes of it changes no state, and state alone is wanted: what follows need not be written. */
  readonly silent: boolean;
  /** Writes what follows the step for a row: `fields` are the step's row, at event time `time`. */
  after(block: Block, fields: Fields, time: string, op: string): void;
}

/** One operator in the kernel. */
export interface Operator {
  /** Type of the operator's struct and the constant that says its bytes. */
  readonly type: string;
  readonly bytes: string;
  /** Code of init, an expression: false = it cannot start. */
  readonly init: string;
  /** Classes and functions of its own. */
  readonly declarations: readonly string[];
  /** Microseconds by which what it puts out may trail its watermark. */
  readonly delay: number;
  /** Gives it a row that came along `side` (the index among the step's inputs). */
  give(block: Block, scope: Scope, side: number, time: string, op: string): void;
}

/** The static block that an operator's keys are written in. */
export function keyBuffer(site: Site, which = ""): { name: string; declaration: string } {
  const name = `key${site.number}${which}`;
  return { name, declaration: `const ${name} = memory.data(1040, 8);` };
}

export const self = (site: Site) => `op${site.number}`;

/** The fields of a row that some expressions look at, by name: in whatever order these do. */
export function usedFields(
  row: RowVariable,
  nodes: readonly (Node | undefined)[],
  extra: readonly Field[] = [],
): Field[] {
  const used = new Map(extra.map((field) => [field.name, field]));
  for (const node of nodes) {
    if (!node) continue;
    for (const each of walk(node)) {
      if (each.kind === "field" && each.row === row) {
        used.set(each.name, { name: each.name, type: each.type });
      }
    }
  }
  return [...used.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Values computed from rows, as the fields of the step's row. */
export function projected(values: readonly Named[], block: Block, scope: Scope): Fields {
  const codes = new Map(values.map(({ name, node }) => [name, block.hold(express(node, scope, block))]));
  return fieldsIn(codes);
}

export function fieldsIn(codes: ReadonlyMap<string, Code>): Fields {
  return (name) => {
    const code = codes.get(name);
    if (!code) throw new TypeError(`field "${name}" does not exist`);
    return code;
  };
}

/** The body of a method of D: what follows, then the operator at work is this one again. */
export function method(site: Site, signature: string, body: (block: Block) => void): string {
  const name = site.module.fresh(`after${site.number}_`);
  const [, , parameters] = /^(\w+)\((.*)\)/.exec(signature)!;
  const block = new Block(site.module);
  if (!site.silent) body(block);
  const names = parameters.split(",").map((each) => each.trim().split(":")[0]).filter(Boolean).join(", ");
  const restore = site.module.use("operators/time", "enterOperator");
  return [
    `function ${name}(${parameters}): void {\n${block}\n}`,
    [
      `  ${signature}: void {`,
      `    const mark = ${site.module.use("operators/values", "nestValues")}();`,
      `    ${name}(${names});`,
      `    ${site.module.use("operators/values", "leaveValues")}(mark);`,
      `    ${restore}(${site.number});`,
      "  }",
    ].join("\n"),
  ].join("\u0000");
}

/** D, and before it the functions its methods call. */
export function tell(name: string, parts: readonly string[]): string {
  const functions = parts.filter((part) => part.includes("\u0000")).map((part) => part.split("\u0000")[0]);
  const methods = parts.map((part) => part.split("\u0000").at(-1)!);
  return [...functions, "@unmanaged", `class ${name} {`, ...methods, "}"].join("\n");
}

/** The method that puts rows in an order; `ofEqual`: whether one of equal rows comes before the other. */
export function before(
  site: Site,
  row: RowVariable,
  type: RowClass,
  order: readonly Order[],
  ofEqual = false,
): string {
  const block = new Block(site.module, "    ");
  for (const { node, descending } of order) {
    const x = express(node, new Map([[row, type.of("a")]]), block);
    const y = express(node, new Map([[row, type.of("b")]]), block);
    const [first, second] = descending ? [y, x] : [x, y];
    if (node.type === "text") {
      const compare = site.module.use("operators/values", "compareText");
      const c = site.module.fresh("c");
      block.line(`const ${c} = ${compare}(${first.v}, ${first.n}, ${second.v}, ${second.n});`);
      block.line(`if (${c}) return ${c} < 0;`);
    } else block.line(`if (${first.v} != ${second.v}) return ${first.v} < ${second.v};`);
  }
  block.line(`return ${ofEqual};`);
  return `  before(a: ${type.name}, b: ${type.name}): bool {\n${block}\n  }`;
}

/** Whether two stored rows say the same. */
export function same(
  site: Site,
  name: string,
  type: RowClass,
  parameters: [string, string],
  signature: string,
): string {
  const [a, b] = parameters;
  const tests = type.fields.map(({ name: field, type: kind }) => {
    const x = type.of(a)(field), y = type.of(b)(field);
    return kind === "text"
      ? `${site.module.use("operators/values", "sameText")}(${x.v}, ${x.n}, ${y.v}, ${y.n})`
      : `${x.v} == ${y.v}`;
  });
  return `  ${name}(${signature}): bool {\n    return ${tests.join(" && ") || "true"};\n  }`;
}

export function holdFields(block: Block, fields: readonly Field[], values: Fields): Fields {
  return fieldsIn(new Map(fields.map(({ name }) => [name, block.hold(values(name))])));
}

/**
 * Gives the operator a row of its key: `row(key)` where rows may be taken back (`op` in the row says so),
 * `row(time, key)` where they come once.
 */
export function giveRow(
  { from, keys }: { readonly from: Step; readonly keys: readonly Named[] },
  site: Site,
  row: RowClass,
  buffer: string,
  says: "op" | "time",
): Operator["give"] {
  return (block, scope, _side, time, op) => {
    const key = writeKey(block, keys, scope, () => buffer);
    const held = holdFields(block, row.fields, scope.get(from.row)!);
    block.checked();
    row.fill(block, held, time);
    if (says === "op") block.line(`${row.instance}.op = ${op};`);
    block.line(`${self(site)}.row(${says === "time" ? `${time}, ` : ""}${key.v}, ${key.n});`);
  };
}

/** Fields of several lists, each name once. */
export function merged(...lists: readonly (readonly Field[])[]): Field[] {
  return [...new Map(lists.flat().map((field) => [field.name, field])).values()];
}
