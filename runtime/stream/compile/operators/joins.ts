/** Joins, as generated code. */
import type { Node } from "../../expr.ts";
import type { IntervalJoin, Named, Step, TableJoin, TemporalJoin, WindowJoin } from "../../plan.ts";
import { keyInline, RowClass, writeKey } from "../rows.ts";
import { Block, type Code, express, type Scope, within } from "../text.ts";
import {
  fieldsIn,
  holdFields,
  keyBuffer,
  method,
  type Operator,
  projected,
  self,
  type Site,
  tell,
  usedFields,
} from "./shared.ts";

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

/** Whether each side has a row, as the projection may ask. */
const there = () =>
  new Map<string, Code>([
    ["hasLeft", { type: "bool", v: "((has & 1) != 0)" }],
    ["hasRight", { type: "bool", v: "((has & 2) != 0)" }],
  ]);

/** Of a side whose rows are never taken back the newest in event time holds, whatever came last. */
const appends = ({ left, right }: { readonly left: Step; readonly right: Step }) =>
  Object.entries({ left, right }).map(([side, { changelog }]) =>
    `  ${side}Appends(): bool {\n    return ${!changelog};\n  }`
  );

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

const kindOf = (site: Site, join: string) =>
  `${site.module.use("operators/bounds", "JoinKind")}.${join.toUpperCase()}`;

export function intervalJoin(step: IntervalJoin, site: Site): Operator {
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
    const fields = projected(step.values, block, within(bothSides(step, of), step.row, fieldsIn(there())));
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

export function windowJoin(step: WindowJoin, site: Site): Operator {
  const { module, number } = site;
  const of = sides(step, site);
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const joined = method(site, "joined(has: u32, start: i64, end: i64)", (block) => {
    clearAbsent(block, of);
    const bounds = fieldsIn(
      there().set("windowStart", { type: "i64", v: "start" }).set("windowEnd", { type: "i64", v: "end" }),
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

export function tableJoin(step: TableJoin, site: Site): Operator {
  const { module, number } = site;
  const of = sides(step, site);
  const primary = keyBuffer(site, "p"), buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const joined = method(site, "joined(has: u32, op: i32)", (block) => {
    clearAbsent(block, of);
    const fields = projected(step.values, block, within(bothSides(step, of), step.row, fieldsIn(there())));
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
      tell(D, [joined, ...of.methods, ...appends(step)]),
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

export function temporalJoin(step: TemporalJoin, site: Site): Operator {
  const { module, number } = site;
  const of = sides(step, site);
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const joined = method(site, "joined(has: u32)", (block) => {
    clearAbsent(block, of);
    const fields = projected(step.values, block, within(bothSides(step, of), step.row, fieldsIn(there())));
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
    declarations: [
      ...of.declarations,
      buffer.declaration,
      tell(D, [joined, ...of.methods, ...appends(step)]),
    ],
    delay: 0,
    give: giveSide(step, site, of, [step.leftKeys, step.rightKeys], buffer.name),
  };
}
