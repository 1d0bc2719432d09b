/**
 * Steps with state, as generated code: the operator of wasm/operators that does the work, how a row is given to
 * it, and the class through which it tells its results.
 */
import { type Node, type RowVariable, walk } from "../expr.ts";
import type {
  Field,
  IntervalJoin,
  Keep,
  Named,
  Order,
  Pattern,
  Running,
  Step,
  TableJoin,
  TemporalJoin,
  Top,
  Window,
  WindowJoin,
} from "../plan.ts";
import { Accumulator } from "./accumulators.ts";
import { keyInline, readKey, RowClass, writeKey } from "./rows.ts";
import { Block, type Code, express, type Fields, integer, type Module, type Scope, within } from "./text.ts";
import { transitionsOf } from "./zone.ts";

/** What the kernel gives an operator to work with. */
export interface Site {
  readonly module: Module;
  /** Number of the operator in the plan; part of all its names. */
  readonly number: number;
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

export function operatorOf(step: Step, site: Site): Operator {
  switch (step.kind) {
    case "window":
      return window(step, site);
    case "running":
      return running(step, site);
    case "intervalJoin":
      return intervalJoin(step, site);
    case "windowJoin":
      return windowJoin(step, site);
    case "tableJoin":
      return tableJoin(step, site);
    case "temporalJoin":
      return temporalJoin(step, site);
    case "top":
      return top(step, site);
    case "keep":
      return keep(step, site);
    case "pattern":
      return pattern(step, site);
    default:
      throw new TypeError(`Cannot compile ${step.place}: ${step.kind} is not known`);
  }
}

// ---- what they share ----

/** The static block that an operator's keys are written in. */
function keyBuffer(site: Site, which = ""): { name: string; declaration: string } {
  const name = `key${site.number}${which}`;
  return { name, declaration: `const ${name} = memory.data(1040, 8);` };
}

const self = (site: Site) => `op${site.number}`;

/** The fields of a row that some expressions look at. */
function usedFields(
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
  return [...used.values()];
}

/** Values computed from rows, as the fields of the step's row. */
function projected(values: readonly Named[], block: Block, scope: Scope): Fields {
  const codes = new Map(values.map(({ name, node }) => [name, block.hold(express(node, scope, block))]));
  return fieldsIn(codes);
}

function fieldsIn(codes: ReadonlyMap<string, Code>): Fields {
  return (name) => {
    const code = codes.get(name);
    if (!code) throw new TypeError(`field "${name}" does not exist`);
    return code;
  };
}

/** The body of a method of D: what follows, then the operator at work is this one again. */
function method(site: Site, signature: string, body: (block: Block) => void): string {
  const name = site.module.fresh(`after${site.number}_`);
  const [, , parameters] = /^(\w+)\((.*)\)/.exec(signature)!;
  const block = new Block(site.module);
  body(block);
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
function tell(name: string, parts: readonly string[]): string {
  const functions = parts.filter((part) => part.includes("\u0000")).map((part) => part.split("\u0000")[0]);
  const methods = parts.map((part) => part.split("\u0000").at(-1)!);
  return [...functions, "@unmanaged", `class ${name} {`, ...methods, "}"].join("\n");
}

function before(site: Site, row: RowVariable, type: RowClass, order: readonly Order[]): string {
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
  block.line("return false;");
  return `  before(a: ${type.name}, b: ${type.name}): bool {\n${block}\n  }`;
}

/** Whether two stored rows say the same. */
function same(
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

// ---- windows and running aggregates ----

const UPDATES = {
  drop: "ACCUMULATING",
  accumulating: "ACCUMULATING",
  discarding: "DISCARDING",
  retracting: "RETRACTING",
};

function window(step: Window, site: Site): Operator {
  const { module, number } = site;
  const acc = new Accumulator(module, `Acc${number}`, step.aggregates);
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const made = windowType(step, site);
  const fire = method(
    site,
    `fire(key: usize, keyLength: u32, start: i64, end: i64, acc: Acc${number}, op: i32, timing: i32)`,
    (block) => {
      const codes = readKey(block, step.keys, "key", "keyLength");
      codes.set("windowStart", { type: "i64", v: "start" }).set("windowEnd", { type: "i64", v: "end" });
      for (const { name } of step.aggregates) codes.set(name, block.hold(acc.result("acc", name), "r"));
      site.after(block, fieldsIn(codes), "(end - 1)", step.changelog ? "op" : "0");
    },
  );
  if (step.from.changelog && acc.unretractable.length > 0) {
    throw new TypeError(
      `Cannot compile ${step.place}: rows before it may be taken back, and ${
        acc.unretractable.join(", ")
      } cannot take one back. Aggregate before the step that updates, or use count, sum, avg or variance.`,
    );
  }
  return {
    type: `${made.type}<Acc${number}, ${D}>`,
    bytes: made.bytes,
    init: made.init,
    declarations: [...made.declarations, acc.toString(), buffer.declaration, tell(D, [fire])],
    delay: step.lateness,
    give(block, scope, _side, time, op) {
      const key = writeKey(block, step.keys, scope, () => buffer.name);
      const values = acc.values(block, scope);
      block.checked();
      const cell = module.fresh("acc");
      block.line(`const ${cell} = ${self(site)}.add(${time}, ${key.v}, ${key.n});`);
      block.nest(`if (changetype<usize>(${cell}))`, (inner) => {
        acc.change(inner, cell, values, time, op);
        inner.line(`${self(site)}.added();`);
      });
    },
  };
}

interface WindowType {
  readonly type: string;
  readonly bytes: string;
  readonly init: string;
  readonly declarations: readonly string[];
}

function windowType(step: Window, site: Site): WindowType {
  const { module } = site;
  const { window: spec, lateness, earlyEvents, earlyEvery } = step;
  const at = self(site), inline = keyInline(step.keys);
  const aligned = (declare: string, declarations: string[] = []): WindowType => {
    const update = `${module.use("operators/aligned", "Update")}.${UPDATES[step.policy]}`;
    const name = `start${site.number}`;
    return {
      type: module.use("operators/aligned", "Aligned"),
      bytes: module.use("operators/aligned", "ALIGNED_BYTES"),
      init: `${name}()`,
      declarations: [
        ...declarations,
        [
          `function ${name}(): bool {`,
          `  if (!${at}.${declare}) return false;`,
          `  ${at}.allow(${lateness}, ${update});`,
          `  ${at}.early(${earlyEvents}, ${earlyEvery}, 0);`,
          `  return ${at}.init(${inline});`,
          "}",
        ].join("\n"),
      ],
    };
  };
  switch (spec.kind) {
    case "aligned":
      return aligned(`hopping(${spec.size}, ${spec.slide}, ${spec.offset})`);
    case "cumulative":
      return aligned(`growing(${spec.size}, ${spec.step}, ${spec.offset})`);
    case "calendar": {
      const transitions = transitionsOf(spec.zone);
      const values = transitions.flatMap(([instant, offset]) => [integer(instant), integer(offset)]).join(
        ", ",
      );
      const name = `zone${site.number}`;
      return aligned(`calendar(86400000000, 86400000000, false, 0, ${name}, ${transitions.length})`, [
        `const ${name} = memory.data<i64>([${values}], 8);`,
      ]);
    }
    default:
      throw new TypeError(`Cannot compile ${step.place}: ${spec.kind} windows are not known`);
  }
}

function running(step: Running, site: Site): Operator {
  const { module, number } = site;
  const acc = new Accumulator(module, `Acc${number}`, step.aggregates);
  if (step.from.changelog && acc.unretractable.length > 0) {
    throw new TypeError(
      `Cannot compile ${step.place}: rows before it may be taken back, and ${
        acc.unretractable.join(", ")
      } cannot take one back. Use count, sum, avg or variance.`,
    );
  }
  const row = new RowClass(
    `Row${number}`,
    step.aggregates.map(({ name, type }) => ({ name, type })),
    `row${number}old`,
  );
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const fill = new Block(module, "    ");
  row.fill(fill, (name) => acc.result("acc", name), `${module.use("operators/out", "rowTime")}()`);
  const changed = method(site, "changed(key: usize, keyLength: u32, op: i32)", (block) => {
    const codes = readKey(block, step.keys, "key", "keyLength");
    block.line(`const told = op ? ${row.instances[1]} : ${row.instance};`);
    for (const { name } of step.aggregates) codes.set(name, row.of("told")(name));
    site.after(block, fieldsIn(codes), "rowTime()", "op");
  });
  return {
    type: `${module.use("operators/running", "Running")}<Acc${number}, ${D}>`,
    bytes: module.use("operators/running", "RUNNING_BYTES"),
    init: `${self(site)}.init(${step.ttl}, ${keyInline(step.keys)})`,
    declarations: [
      acc.toString(),
      row.toString(),
      buffer.declaration,
      tell(D, [
        changed,
        `  fill(acc: Acc${number}): void {\n${fill}\n  }`,
        `  row(): Row${number} {\n    return ${row.instance};\n  }`,
        `  old(): Row${number} {\n    return ${row.instances[1]};\n  }`,
        same(site, "same", row, [row.instance, row.instances[1]], ""),
      ]),
    ],
    delay: 0,
    give(block, scope, _side, time, op) {
      const key = writeKey(block, step.keys, scope, () => buffer.name);
      const values = acc.values(block, scope);
      block.checked();
      const cell = module.fresh("acc");
      block.line(`const ${cell} = ${self(site)}.add(${time}, ${key.v}, ${key.n}, ${op});`);
      block.nest(`if (changetype<usize>(${cell}))`, (inner) => {
        acc.change(inner, cell, values, time, op);
        inner.line(`${self(site)}.added();`);
      });
    },
  };
}

// ---- joins ----

interface Sides {
  readonly left: RowClass;
  readonly right: RowClass;
  readonly declarations: readonly string[];
  readonly methods: readonly string[];
}

/** The rows of both sides, with the fields that the result and `more` look at. */
function sides(
  step: { readonly left: Step; readonly right: Step; readonly values: readonly Named[] },
  site: Site,
  more: readonly (Node | undefined)[] = [],
): Sides {
  const nodes = [...step.values.map(({ node }) => node), ...more];
  const left = new RowClass(`Left${site.number}`, usedFields(step.left.row, nodes));
  const right = new RowClass(`Right${site.number}`, usedFields(step.right.row, nodes));
  return {
    left,
    right,
    declarations: [left.toString(), right.toString()],
    methods: [
      `  left(): ${left.name} {\n    return ${left.instance};\n  }`,
      `  right(): ${right.name} {\n    return ${right.instance};\n  }`,
    ],
  };
}

function bothSides(
  step: { readonly left: Step; readonly right: Step },
  { left, right }: Sides,
  more?: Scope,
): Scope {
  return new Map([...more ?? [], [step.left.row, left.field], [step.right.row, right.field]]);
}

/** A side that has no partner says nothing: empty text, zero, false. */
function clearAbsent(block: Block, { left, right }: Sides): void {
  block.line(`if (!(has & 1)) ${left.instance}.clear();`);
  block.line(`if (!(has & 2)) ${right.instance}.clear();`);
}

const laterOf = ({ left, right }: Sides) =>
  `(has == 3 ? max<i64>(${left.instance}.time, ${right.instance}.time) : has == 1 ? ${left.instance}.time : ${right.instance}.time)`;

/** Gives a side's row to the operator: `op.left(key)` or `op.right(key)`. */
function giveSide(
  step: { readonly left: Step; readonly right: Step },
  site: Site,
  of: Sides,
  keys: readonly [readonly Named[], readonly Named[]],
  buffer: string,
) {
  return (block: Block, scope: Scope, side: number, time: string, op: string): void => {
    const row = side === 0 ? of.left : of.right;
    const from = side === 0 ? step.left : step.right;
    const key = writeKey(block, keys[side], scope, () => buffer);
    const held = holdFields(block, row.fields, scope.get(from.row)!);
    block.checked();
    row.fill(block, held, time);
    block.line(`${row.instance}.op = ${op};`);
    block.line(`${self(site)}.${side === 0 ? "left" : "right"}(${key.v}, ${key.n});`);
  };
}

function holdFields(block: Block, fields: readonly Field[], values: Fields): Fields {
  return fieldsIn(new Map(fields.map(({ name }) => [name, block.hold(values(name))])));
}

const kindOf = (site: Site, join: string) =>
  `${site.module.use("operators/bounds", "JoinKind")}.${join.toUpperCase()}`;

function intervalJoin(step: IntervalJoin, site: Site): Operator {
  const { module, number } = site;
  const of = sides(step, site, [step.low, step.high]);
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const bound = (name: string, node: Node | undefined, plain: string): string => {
    const block = new Block(module, "    ");
    const value = node ? express(node, new Map([[step.left.row, of.left.field]]), block).v : plain;
    block.line(`return ${value};`);
    return `  ${name}(): i64 {\n${block}\n  }`;
  };
  const minus = module.use("operators/bounds", "minus"), plus = module.use("operators/bounds", "plus");
  const joined = method(site, "joined(has: u32)", (block) => {
    clearAbsent(block, of);
    const fields = projected(step.values, block, bothSides(step, of));
    block.checked();
    site.after(block, fields, laterOf(of), "0");
  });
  return {
    type: `${module.use("operators/interval_join", "IntervalJoin")}<${D}>`,
    bytes: module.use("operators/interval_join", "INTERVAL_JOIN_BYTES"),
    init: `${self(site)}.init(${kindOf(site, step.join)}, ${step.before}, ${step.after}, 0, ${
      keyInline(step.leftKeys)
    })`,
    declarations: [
      ...of.declarations,
      buffer.declaration,
      tell(D, [
        joined,
        ...of.methods,
        bound("low", step.low, `${minus}(${of.left.instance}.time, ${step.before})`),
        bound("high", step.high, `${plus}(${of.left.instance}.time, ${step.after})`),
      ]),
    ],
    delay: step.join === "inner" ? 0 : Math.max(step.before, step.after) + 1,
    give: giveSide(step, site, of, [step.leftKeys, step.rightKeys], buffer.name),
  };
}

function windowJoin(step: WindowJoin, site: Site): Operator {
  const { module, number } = site;
  const of = sides(step, site);
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const joined = method(site, "joined(has: u32, start: i64, end: i64)", (block) => {
    clearAbsent(block, of);
    const bounds = fieldsIn(
      new Map<string, Code>([["windowStart", { type: "i64", v: "start" }], ["windowEnd", {
        type: "i64",
        v: "end",
      }]]),
    );
    const fields = projected(step.values, block, within(bothSides(step, of), step.row, bounds));
    block.checked();
    site.after(block, fields, "(end - 1)", "0");
  });
  return {
    type: `${module.use("operators/window_join", "WindowJoin")}<${D}>`,
    bytes: module.use("operators/window_join", "WINDOW_JOIN_BYTES"),
    init: `${self(site)}.init(${kindOf(site, step.join)}, ${step.size}, ${step.slide}, ${step.offset}, 0, ${
      keyInline(step.leftKeys)
    })`,
    declarations: [...of.declarations, buffer.declaration, tell(D, [joined, ...of.methods])],
    delay: 0,
    give: giveSide(step, site, of, [step.leftKeys, step.rightKeys], buffer.name),
  };
}

function tableJoin(step: TableJoin, site: Site): Operator {
  const { module, number } = site;
  const of = sides(step, site);
  const primary = keyBuffer(site, "p"), buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const joined = method(site, "joined(has: u32, op: i32)", (block) => {
    clearAbsent(block, of);
    const fields = projected(step.values, block, bothSides(step, of));
    block.checked();
    site.after(block, fields, `${module.use("operators/out", "rowTime")}()`, "op");
  });
  const giveRight = giveSide(step, site, of, [step.foreign, step.rightPrimary], buffer.name);
  return {
    type: `${module.use("operators/table_join", "TableJoin")}<${D}>`,
    bytes: module.use("operators/table_join", "TABLE_JOIN_BYTES"),
    init: `${self(site)}.init(${kindOf(site, step.join)}, ${
      keyInline([...step.leftPrimary, ...step.rightPrimary])
    })`,
    declarations: [
      ...of.declarations,
      primary.declaration,
      buffer.declaration,
      tell(D, [joined, ...of.methods]),
    ],
    delay: 0,
    give(block, scope, side, time, op) {
      if (side === 1) return giveRight(block, scope, side, time, op);
      const own = writeKey(block, step.leftPrimary, scope, () => primary.name);
      const key = writeKey(block, step.foreign, scope, () => buffer.name);
      const held = holdFields(block, of.left.fields, scope.get(step.left.row)!);
      block.checked();
      of.left.fill(block, held, time);
      block.line(`${of.left.instance}.op = ${op};`);
      block.line(`${self(site)}.left(${own.v}, ${own.n}, ${key.v}, ${key.n});`);
    },
  };
}

function temporalJoin(step: TemporalJoin, site: Site): Operator {
  const { module, number } = site;
  const of = sides(step, site);
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const joined = method(site, "joined(has: u32)", (block) => {
    clearAbsent(block, of);
    const fields = projected(step.values, block, bothSides(step, of));
    block.checked();
    site.after(block, fields, `${of.left.instance}.time`, "0");
  });
  const latest = step.asOf === "latest";
  const [file, type, bytes] = latest
    ? ["operators/latest_join", "LatestJoin", "LATEST_JOIN_BYTES"]
    : ["operators/temporal_join", "TemporalJoin", "TEMPORAL_JOIN_BYTES"];
  const rest = latest ? "" : `${step.history}, i64.MAX_VALUE, `;
  return {
    type: `${module.use(file, type)}<${D}>`,
    bytes: module.use(file, bytes),
    init: `${self(site)}.init(${kindOf(site, step.join)}, ${rest}${keyInline(step.leftKeys)})`,
    declarations: [...of.declarations, buffer.declaration, tell(D, [joined, ...of.methods])],
    delay: 0,
    give: giveSide(step, site, of, [step.leftKeys, step.rightKeys], buffer.name),
  };
}

// ---- rows of a key ----

function top(step: Top, site: Site): Operator {
  const { module, number } = site;
  const ranked = step.fields.filter(({ name }) => name !== step.rank);
  const extra = orderFields(step.from, step.order);
  const row = new RowClass(`Row${number}`, merged(ranked, extra), `row${number}other`);
  const other = row.instances[1];
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const changed = method(site, "changed(key: usize, keyLength: u32, rank: u32, op: i32)", (block) => {
    const fields: Fields = (name) =>
      name === step.rank ? { type: "i64", v: "<i64> rank" } : row.of(other)(name);
    site.after(block, fields, `${other}.time`, "op");
  });
  return {
    type: `${module.use("operators/top_n", "TopN")}<${D}>`,
    bytes: module.use("operators/top_n", "TOP_N_BYTES"),
    init: `${self(site)}.init(${step.limit}, ${step.rank !== undefined}, ${step.from.changelog}, 0, ${
      keyInline(step.keys)
    })`,
    declarations: [
      row.toString(),
      buffer.declaration,
      tell(D, [
        changed,
        ...pair(row),
        before(site, step.from.row, row, step.order),
        same(site, "same", row, ["a", "b"], `a: ${row.name}, b: ${row.name}`),
      ]),
    ],
    delay: 0,
    give: giveRow(step, site, row, buffer.name),
  };
}

function keep(step: Keep, site: Site): Operator {
  const { module, number } = site;
  const row = new RowClass(
    `Row${number}`,
    merged(step.fields, orderFields(step.from, step.order)),
    `row${number}other`,
  );
  const other = row.instances[1];
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const mode = `${module.use("operators/keep", "KeepMode")}.${
    step.which === "first" ? "ARRIVAL" : "UPDATES"
  }`;
  const changed = method(site, "changed(key: usize, keyLength: u32, op: i32)", (block) => {
    site.after(block, row.of(other), `${other}.time`, step.changelog ? "op" : "0");
  });
  // The newest wins: later in event time, then by what else is said, then by arrival.
  const order = step.order.length > 0
    ? before(site, step.from.row, row, step.order)
    : `  before(a: ${row.name}, b: ${row.name}): bool {\n    return a.time >= b.time;\n  }`;
  return {
    type: `${module.use("operators/keep", "Keep")}<${D}>`,
    bytes: module.use("operators/keep", "KEEP_BYTES"),
    init: `${self(site)}.init(${mode}, 0, ${step.ttl}, 0, ${keyInline(step.keys)})`,
    declarations: [row.toString(), buffer.declaration, tell(D, [changed, ...pair(row), order])],
    delay: 0,
    give: giveRow(step, site, row, buffer.name),
  };
}

function pattern(step: Pattern, site: Site): Operator {
  const { module, number } = site;
  const results = step.values.map(({ node }) => node);
  const conditions = step.steps.map(({ where }) => where);
  const kept = step.steps.flatMap(({ row }) => usedFields(row, results));
  const row = new RowClass(
    `Row${number}`,
    merged(kept, usedFields(step.from.row, conditions)),
    ...step.steps.map((_, i) => `row${number}step${i}`),
  );
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const matches = new Block(module, "    ");
  step.steps.forEach(({ where }, i) => {
    const value = express(where, new Map([[step.from.row, row.field]]), matches);
    matches.line(`if (step == ${i}) return ${value.v};`);
  });
  matches.line("return false;");
  const loads = step.steps.map((_, i) => `    if (step == ${i}) ${row.instances[i + 1]}.load(p);`);
  const negated = step.steps.flatMap(({ absent }, i) => absent ? [`step == ${i}`] : []).join(" || ") ||
    "false";
  const found = method(site, "found(key: usize, keyLength: u32)", (block) => {
    const scope = new Map(step.steps.map((each, i) => [each.row, row.of(row.instances[i + 1])] as const));
    const fields = projected(step.values, block, scope);
    block.checked();
    const last = step.steps.findLastIndex(({ absent }) => !absent);
    site.after(block, fields, `${row.instances[last + 1]}.time`, "0");
  });
  return {
    type: `${module.use("operators/pattern", "Pattern")}<${D}>`,
    bytes: module.use("operators/pattern", "PATTERN_BYTES"),
    init: `${self(site)}.init(${step.steps.length}, ${step.within}, 16, ${keyInline(step.keys)})`,
    declarations: [
      row.toString(),
      buffer.declaration,
      tell(D, [
        found,
        `  row(): ${row.name} {\n    return ${row.instance};\n  }`,
        `  load(step: u32, p: usize): void {\n${loads.join("\n")}\n  }`,
        `  matches(step: u32): bool {\n${matches}\n  }`,
        "  looksBack(): bool {\n    return false;\n  }",
        `  negated(step: u32): bool {\n    return ${negated};\n  }`,
      ]),
    ],
    delay: step.within,
    give: giveRow(step, site, row, buffer.name),
  };
}

function pair(row: RowClass): string[] {
  return [
    `  row(): ${row.name} {\n    return ${row.instance};\n  }`,
    `  other(): ${row.name} {\n    return ${row.instances[1]};\n  }`,
  ];
}

function giveRow(step: Top | Keep | Pattern, site: Site, row: RowClass, buffer: string) {
  return (block: Block, scope: Scope, _side: number, time: string, op: string): void => {
    const key = writeKey(block, step.keys, scope, () => buffer);
    const held = holdFields(block, row.fields, scope.get(step.from.row)!);
    block.checked();
    row.fill(block, held, time);
    block.line(`${row.instance}.op = ${op};`);
    block.line(`${self(site)}.row(${key.v}, ${key.n});`);
  };
}

function orderFields(from: Step, order: readonly Order[]): Field[] {
  return usedFields(from.row, order.map(({ node }) => node));
}

function merged(...lists: readonly (readonly Field[])[]): Field[] {
  return [...new Map(lists.flat().map((field) => [field.name, field])).values()];
}
