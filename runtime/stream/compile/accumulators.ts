/** Accumulators: what windows and running aggregates keep of the rows they have seen. */
import { formula } from "../formula.ts";
import type { NamedAggregate } from "../plan.ts";
import { stored } from "./stored.ts";
import { type Block, type Code, express, type Module, type Scope } from "./text.ts";

export interface Slot {
  readonly name: string;
  readonly type: string;
}

/** How one aggregate is kept: its slots, and the code that changes and reads them. */
export interface Part {
  readonly slots: readonly Slot[];
  readonly invertible: boolean;
  /** Whether a row can be taken out again. */
  readonly retractable: boolean;
  /** Where a row cannot be taken out: whether all is the same without it. */
  stands?(acc: string, value: Code, time: string): string;
  /** A condition under which the row must be refused; nothing has changed then. */
  refuses?(acc: string, value: Code, sub: boolean): string;
  add(acc: string, value: Code | undefined, time: string): string[];
  sub(acc: string, value: Code | undefined): string[];
  merge(to: string, from: string): string[];
  unmerge(to: string, from: string): string[];
  result(acc: string): Code;
  free(acc: string): string[];
}

/** Code for the aggregates of one step. */
export class Accumulator {
  readonly name: string;
  readonly #module: Module;
  readonly #aggregates: readonly NamedAggregate[];
  readonly #parts: readonly Part[];

  constructor(module: Module, name: string, aggregates: readonly NamedAggregate[], retracts: boolean) {
    this.name = name;
    this.#module = module;
    this.#aggregates = inOrder(aggregates);
    this.#parts = this.#aggregates.map((aggregate, i) => partOf(aggregate, `a${i}`, name, module, retracts));
  }

  /** Names of aggregates that cannot take a row back. */
  get unretractable(): string[] {
    return this.#aggregates.filter((_, i) => !this.#parts[i].retractable).map(({ name, kind }) =>
      `${name} (${kind})`
    );
  }

  /** Whether rows of an aggregate can be taken out exactly: sums of floats would drift. */
  #takesOut(i: number): boolean {
    const { kind, of } = this.#aggregates[i];
    return this.#parts[i].retractable && !(of?.type === "f64" && kind !== "count" && kind !== "distinct");
  }

  /** Takes the row at hand out of these aggregates; returns false where they must be put together anew. */
  leave(
    block: Block,
    acc: string,
    values: readonly { of?: Code; where?: Code }[],
    time: string,
    names: ReadonlySet<string>,
  ): void {
    const out = new Set(
      [...names].filter((name) => this.#takesOut(this.#aggregates.findIndex((each) => each.name === name))),
    );
    this.change(block, acc, values, time, "1", out);
    this.#parts.forEach((part, i) => {
      const { name } = this.#aggregates[i], { of, where } = values[i];
      if (!names.has(name) || out.has(name)) return;
      const anew = [where?.v, of && part.stands && `!(${part.stands(acc, of, time)})`].filter(Boolean).join(
        " && ",
      );
      block.line(`${anew && `if (${anew}) `}return false;`);
    });
  }

  /** Values and conditions of the row at hand, computed once, before the accumulator is asked for. */
  values(block: Block, scope: Scope, only?: ReadonlySet<string>): { of?: Code; where?: Code }[] {
    return this.#aggregates.map(({ name, of, where }) =>
      only && !only.has(name) ? {} : {
        of: of && block.hold(express(of, scope, block)),
        where: where && block.hold(express(where, scope, block), "b"),
      }
    );
  }

  /** Adds the row at hand to `acc`, or takes it out where `op` says so. */
  change(
    block: Block,
    acc: string,
    values: readonly { of?: Code; where?: Code }[],
    time: string,
    op: string,
    only?: ReadonlySet<string>,
  ): void {
    const left = (i: number) => only !== undefined && !only.has(this.#aggregates[i].name);
    const retracts = op !== "0";
    const refusals = this.#parts.flatMap((part, i) => {
      const { of, where } = values[i];
      if (!part.refuses || !of || left(i)) return [];
      const test = retracts
        ? `(${op} ? ${part.refuses(acc, of, true)} : ${part.refuses(acc, of, false)})`
        : part.refuses(acc, of, false);
      return [where ? `(${where.v} && ${test})` : test];
    });
    const apply = (block: Block) =>
      this.#parts.forEach((part, i) => {
        if (left(i)) return;
        const { of, where } = values[i];
        const add = part.add(acc, of, time), sub = retracts ? part.sub(acc, of) : [];
        const write = (inner: Block) => {
          if (!retracts) return add.forEach((line) => inner.line(line));
          inner.nest(`if (${op})`, (then) => sub.forEach((line) => then.line(line)));
          inner.nest("else", (otherwise) => add.forEach((line) => otherwise.line(line)));
        };
        if (where) block.nest(`if (${where.v})`, write);
        else write(block);
      });
    if (refusals.length === 0) return apply(block);
    const refuse = this.#module.use("operators/out", "refuse");
    const reject = this.#module.use("lib/effects", "Reject");
    block.line(`if (${refusals.join(" || ")}) ${refuse}(${reject}.OVERFLOW);`);
    block.nest("else", apply);
  }

  /** Empties these aggregates, and no other. */
  clear(block: Block, acc: string, names: ReadonlySet<string>): void {
    this.#parts.forEach((part, i) => {
      if (!names.has(this.#aggregates[i].name)) return;
      for (const line of part.free(acc)) block.line(line);
      for (const { name, type } of part.slots) {
        block.line(`${acc}.${name} = ${type === "bool" ? "false" : "0"};`);
      }
    });
  }

  /** The result of an aggregate. */
  result(acc: string, name: string): Code {
    return this.#parts[this.#aggregates.findIndex((each) => each.name === name)].result(acc);
  }

  /** What was merged can be taken out again. */
  get invertible(): boolean {
    return this.#parts.every(({ invertible }) => invertible);
  }

  /**
   * Merged in whatever groups, the result is the same, and nothing is held in the arena. Sums of floats round
   * otherwise in other groups, and the least of some floats beside a NaN is not the same.
   */
  get stacks(): boolean {
    return this.#aggregates.every(({ kind, of }, i) =>
      ["count", "sum", "avg", "min", "max", "first", "last"].includes(kind) &&
      (of?.type !== "f64" || ["count", "first", "last"].includes(kind)) &&
      this.#parts[i].free("acc").length === 0
    );
  }

  toString(): string {
    const parts = this.#parts;
    const slots = parts.flatMap((part) => part.slots).sort((a, b) => bytesOf(b.type) - bytesOf(a.type));
    const lines = (of: (part: Part) => string[]) => parts.flatMap(of).map((line) => `    ${line}`);
    return [
      "@unmanaged",
      `class ${this.name} {`,
      ...slots.map(({ name, type }) => `  ${name}: ${type};`),
      `  merge(from: ${this.name}): bool {`,
      ...lines((part) => part.merge("this", "from")),
      "    return true;",
      "  }",
      `  unmerge(from: ${this.name}): void {`,
      ...lines((part) => part.unmerge("this", "from")),
      "  }",
      "  invertible(): bool {",
      `    return ${this.invertible};`,
      "  }",
      "  free(): void {",
      ...lines((part) => part.free("this")),
      "  }",
      "}",
    ].join("\n");
  }
}

/** By what they are kept of, whatever they are called and in whatever order they are declared. */
export function inOrder(aggregates: readonly NamedAggregate[]): NamedAggregate[] {
  const keys = new Map(aggregates.map((each) => {
    const { kind, type, of, where, parameter } = each;
    // A quantile's share is looked at when it is told.
    return [
      each,
      `${kind} ${type} ${of ? formula(of) : ""} ${where ? formula(where) : ""} ${
        kind === "quantile" ? "" : parameter ?? ""
      }`,
    ];
  }));
  return [...aggregates].sort((a, b) =>
    keys.get(a)! < keys.get(b)! ? -1 : keys.get(a)! > keys.get(b)! ? 1 : 0
  );
}

function partOf(
  aggregate: NamedAggregate,
  a: string,
  type: string,
  module: Module,
  retracts: boolean,
): Part {
  const of = aggregate.of?.type ?? "i64";
  switch (aggregate.kind) {
    case "count":
      return counter(a);
    case "sum":
      return of === "f64" ? floatSum(a, (acc) => `${acc}.${a}s`, "f64", []) : integerSum(a, module);
    case "avg":
      return of === "f64"
        ? floatSum(a, (acc) => `(${acc}.${a}n ? ${acc}.${a}s / <f64> ${acc}.${a}n : 0)`, "f64", [`${a}n`])
        : integerMean(a, module);
    case "min":
    case "max":
      if (retracts) return stored(aggregate, a, type, module);
      return extreme(a, aggregate.kind, of);
    case "first":
    case "last":
      return picked(a, aggregate.kind, of, module);
    case "variance":
      return spread(a, of);
    default:
      return stored(aggregate, a, type, module);
  }
}

const nothing = () => [];

function counter(a: string): Part {
  return {
    slots: [{ name: `${a}n`, type: "i64" }],
    invertible: true,
    retractable: true,
    add: (acc) => [`${acc}.${a}n += 1;`],
    sub: (acc) => [`${acc}.${a}n -= 1;`],
    merge: (to, from) => [`${to}.${a}n += ${from}.${a}n;`],
    unmerge: (to, from) => [`${to}.${a}n -= ${from}.${a}n;`],
    result: (acc) => ({ type: "i64", v: `${acc}.${a}n` }),
    free: nothing,
  };
}

/** An int64 sum never wraps: a row that would overflow it is refused, and panes stop at the bounds. */
function integerSum(a: string, module: Module): Part {
  const over = (sub: boolean) => module.use("lib/fixed", sub ? "subOverflows" : "addOverflows");
  return {
    slots: [{ name: `${a}s`, type: "i64" }],
    invertible: true,
    retractable: true,
    refuses: (acc, value, sub) => `${over(sub)}(${acc}.${a}s, ${value.v})`,
    add: (acc, value) => [`${acc}.${a}s += ${value!.v};`],
    sub: (acc, value) => [`${acc}.${a}s -= ${value!.v};`],
    merge: (
      to,
      from,
    ) => [`${to}.${a}s = ${module.use("operators/bounds", "plus")}(${to}.${a}s, ${from}.${a}s);`],
    unmerge: (
      to,
      from,
    ) => [`${to}.${a}s = ${module.use("operators/bounds", "minus")}(${to}.${a}s, ${from}.${a}s);`],
    result: (acc) => ({ type: "i64", v: `${acc}.${a}s` }),
    free: nothing,
  };
}

function integerMean(a: string, module: Module): Part {
  const sum = integerSum(a, module), n = counter(a);
  return {
    ...sum,
    slots: [...sum.slots, ...n.slots],
    add: (acc, value, time) => [...sum.add(acc, value, time), ...n.add(acc, value, time)],
    sub: (acc, value) => [...sum.sub(acc, value), ...n.sub(acc, value)],
    merge: (to, from) => [...sum.merge(to, from), ...n.merge(to, from)],
    unmerge: (to, from) => [...sum.unmerge(to, from), ...n.unmerge(to, from)],
    result: (acc) => ({ type: "f64", v: `(${acc}.${a}n ? <f64> ${acc}.${a}s / <f64> ${acc}.${a}n : 0)` }),
  };
}

/** Sums of floats are merged, never unmerged: taking out what was rounded in would drift. */
function floatSum(a: string, value: (acc: string) => string, type: "f64", counts: string[]): Part {
  const each = (lines: (name: string) => string) => counts.map(lines);
  return {
    slots: [{ name: `${a}s`, type: "f64" }, ...counts.map((name) => ({ name, type: "i64" }))],
    invertible: false,
    retractable: true,
    add: (acc, of) => [`${acc}.${a}s += ${of!.v};`, ...each((n) => `${acc}.${n} += 1;`)],
    sub: (acc, of) => [`${acc}.${a}s -= ${of!.v};`, ...each((n) => `${acc}.${n} -= 1;`)],
    merge: (to, from) => [`${to}.${a}s += ${from}.${a}s;`, ...each((n) => `${to}.${n} += ${from}.${n};`)],
    unmerge: nothing,
    result: (acc) => ({ type, v: value(acc) }),
    free: nothing,
  };
}

function extreme(a: string, kind: "min" | "max", of: string): Part {
  const better = kind === "min" ? "<" : ">";
  const take = (to: string, has: string, value: string) =>
    `if (!${to}.${a}h || ${value} ${better} ${to}.${a}v) ${to}.${a}v = ${value};${has}`;
  return {
    slots: [{ name: `${a}v`, type: of }, { name: `${a}h`, type: "bool" }],
    invertible: false,
    retractable: false,
    add: (acc, value) => [take(acc, "", value!.v), `${acc}.${a}h = true;`],
    sub: nothing,
    // Not so of NaN, nor beside one.
    stands: (acc, value) => `${value.v} < ${acc}.${a}v || ${value.v} > ${acc}.${a}v`,
    merge: (
      to,
      from,
    ) => [`if (${from}.${a}h) {`, `  ${take(to, "", `${from}.${a}v`)}`, `  ${to}.${a}h = true;`, "}"],
    unmerge: nothing,
    result: (acc) => ({ type: of as Code["type"], v: `${acc}.${a}v` }),
    free: nothing,
  };
}

/** The value of the first or last row by event time. Text is kept in the arena. */
function picked(a: string, kind: "first" | "last", of: string, module: Module): Part {
  const wins = (to: string, time: string) =>
    kind === "first" ? `!${to}.${a}h || ${time} < ${to}.${a}t` : `!${to}.${a}h || ${time} >= ${to}.${a}t`;
  const isText = of === "text";
  if (isText) {
    module.use("operators/texts", "keepText");
    module.use("operators/texts", "dropText");
  }
  const set = (to: string, v: string, n: string | undefined) =>
    isText
      ? [
        `  const kept = keepText(${to}.${a}v, ${to}.${a}vLength, ${v}, ${n});`,
        `  ${to}.${a}v = kept;`,
        `  ${to}.${a}vLength = ${n};`,
      ]
      : [`  ${to}.${a}v = ${v};`];
  return {
    slots: [
      { name: `${a}t`, type: "i64" },
      ...(isText
        ? [{ name: `${a}v`, type: "usize" }, { name: `${a}vLength`, type: "u32" }]
        : [{ name: `${a}v`, type: of }]),
      { name: `${a}h`, type: "bool" },
    ],
    invertible: false,
    retractable: false,
    add: (acc, value, time) => [
      `if (${wins(acc, time)}) {`,
      ...set(acc, value!.v, value!.n),
      `  ${acc}.${a}t = ${time};`,
      `  ${acc}.${a}h = true;`,
      "}",
    ],
    sub: nothing,
    stands: (acc, _value, time) => kind === "last" ? `${time} < ${acc}.${a}t` : "false",
    merge: (to, from) => [
      `if (${from}.${a}h && (${wins(to, `${from}.${a}t`)})) {`,
      ...set(to, `${from}.${a}v`, isText ? `${from}.${a}vLength` : undefined),
      `  ${to}.${a}t = ${from}.${a}t;`,
      `  ${to}.${a}h = true;`,
      "}",
    ],
    unmerge: nothing,
    result: (acc) =>
      isText
        ? { type: "text", v: `${acc}.${a}v`, n: `${acc}.${a}vLength` }
        : { type: of as Code["type"], v: `${acc}.${a}v` },
    free: (acc) => isText ? [`dropText(${acc}.${a}v, ${acc}.${a}vLength);`] : [],
  };
}

/** Welford's, merged as Chan and others do; a row is taken out by the same steps backwards. */
function spread(a: string, of: string): Part {
  const number = (value: Code) => of === "f64" ? value.v : `<f64> ${value.v}`;
  return {
    slots: [{ name: `${a}n`, type: "i64" }, { name: `${a}m`, type: "f64" }, { name: `${a}q`, type: "f64" }],
    invertible: false,
    retractable: true,
    add: (acc, value) => [
      "{",
      `  const x = ${number(value!)}, d = x - ${acc}.${a}m;`,
      `  ${acc}.${a}n += 1;`,
      `  ${acc}.${a}m += d / <f64> ${acc}.${a}n;`,
      `  ${acc}.${a}q += d * (x - ${acc}.${a}m);`,
      "}",
    ],
    sub: (acc, value) => [
      "{",
      `  const x = ${number(value!)}, d = x - ${acc}.${a}m;`,
      `  ${acc}.${a}n -= 1;`,
      `  ${acc}.${a}m = ${acc}.${a}n ? ${acc}.${a}m - d / <f64> ${acc}.${a}n : 0;`,
      `  ${acc}.${a}q = ${acc}.${a}n ? max<f64>(0, ${acc}.${a}q - d * (x - ${acc}.${a}m)) : 0;`,
      "}",
    ],
    merge: (to, from) => [
      `if (${from}.${a}n) {`,
      `  const d = ${from}.${a}m - ${to}.${a}m, n = <f64> (${to}.${a}n + ${from}.${a}n);`,
      `  ${to}.${a}q += ${from}.${a}q + d * d * <f64> ${to}.${a}n * <f64> ${from}.${a}n / n;`,
      `  ${to}.${a}m += d * <f64> ${from}.${a}n / n;`,
      `  ${to}.${a}n += ${from}.${a}n;`,
      "}",
    ],
    unmerge: nothing,
    result: (acc) => ({ type: "f64", v: `(${acc}.${a}n > 1 ? ${acc}.${a}q / <f64> (${acc}.${a}n - 1) : 0)` }),
    free: nothing,
  };
}

function bytesOf(type: string): number {
  return type === "i64" || type === "f64" ? 8 : type === "bool" ? 1 : 4;
}
