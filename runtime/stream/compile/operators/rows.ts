/** Rows of a key compared with each other, as generated code: top N, first and latest, patterns. */
import type { Field, GapFill, Keep, Order, Ordered, Pattern, Step, Top } from "../../plan.ts";
import { keyInline, RowClass } from "../rows.ts";
import { Block, express, type Fields } from "../text.ts";
import {
  before,
  giveRow,
  keyBuffer,
  merged,
  method,
  type Operator,
  projected,
  same,
  self,
  type Site,
  tell,
  usedFields,
} from "./shared.ts";

export function ordered(step: Ordered, site: Site): Operator {
  const { module, number } = site;
  const row = new RowClass(`Row${number}`, step.kept);
  const D = `Tell${number}`;
  const released = method(site, "released(key: usize, keyLength: u32)", (block) => {
    site.after(block, row.field, `${row.instance}.time`, "0");
  });
  return {
    type: `${module.use("operators/reorder", "Reorder")}<${D}>`,
    bytes: module.use("operators/reorder", "REORDER_BYTES"),
    init: `${self(site)}.init(${step.passesLate})`,
    declarations: [
      row.toString(),
      tell(D, [released, `  row(): Row${number} {\n    return ${row.instance};\n  }`]),
    ],
    delay: 0,
    give: giveRow({ from: step.from, keys: [] }, site, row, "", "op"),
  };
}

export function top(step: Top, site: Site): Operator {
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
    init: `${self(site)}.init(${step.limit}, ${
      step.rank !== undefined
    }, ${step.from.changelog}, ${step.ttl}, ${keyInline(step.keys)})`,
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
    give: giveRow(step, site, row, buffer.name, "op"),
  };
}

export function keep(step: Keep, site: Site): Operator {
  const { module, number } = site;
  const row = new RowClass(
    `Row${number}`,
    merged(step.fields, orderFields(step.from, step.order)),
    `row${number}other`,
  );
  const other = row.instances[1];
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const modes = { first: "ARRIVAL", last: "UPDATES", best: "FINAL" };
  const mode = `${module.use("operators/keep", "KeepMode")}.${modes[step.which]}`;
  const changed = method(site, "changed(key: usize, keyLength: u32, op: i32)", (block) => {
    site.after(block, row.of(other), `${other}.time`, step.changelog ? "op" : "0");
  });
  // The newest wins: later in event time, then by what else is said, then by arrival.
  const order = step.order.length > 0
    ? before(site, step.from.row, row, step.order, step.which === "last")
    : `  before(a: ${row.name}, b: ${row.name}): bool {\n    return a.time >= b.time;\n  }`;
  return {
    type: `${module.use("operators/keep", "Keep")}<${D}>`,
    bytes: module.use("operators/keep", "KEEP_BYTES"),
    init: `${self(site)}.init(${mode}, ${step.wait}, ${step.ttl}, 0, ${keyInline(step.keys)})`,
    declarations: [row.toString(), buffer.declaration, tell(D, [changed, ...pair(row), order])],
    delay: step.wait,
    give: giveRow(step, site, row, buffer.name, "op"),
  };
}

export function pattern(step: Pattern, site: Site): Operator {
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
        "  strict(step: u32): bool {\n    return false;\n  }",
        `  negated(step: u32): bool {\n    return ${negated};\n  }`,
      ]),
    ],
    delay: step.within,
    give: giveRow(step, site, row, buffer.name, "op"),
  };
}

export function gapFill(step: GapFill, site: Site): Operator {
  const { module, number } = site;
  const row = new RowClass(`Row${number}`, step.from.fields);
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  const filled = method(site, "filled(key: usize, keyLength: u32, start: i64, again: bool)", (block) => {
    const fields: Fields = (name) =>
      name === "stepStart"
        ? { type: "i64", v: "start" }
        : name === "filled"
        ? { type: "bool", v: "again" }
        : row.field(name);
    site.after(block, fields, `(start + ${step.every - 1})`, "0");
  });
  return {
    type: `${module.use("operators/gapfill", "GapFill")}<Row${number}, ${D}>`,
    bytes: module.use("operators/gapfill", "GAPFILL_BYTES"),
    init: `${self(site)}.init(${step.every}, 0, ${step.every * step.most}, ${keyInline(step.keys)})`,
    declarations: [
      row.toString(),
      buffer.declaration,
      tell(D, [filled, `  row(): ${row.name} {\n    return ${row.instance};\n  }`]),
    ],
    delay: 0,
    give: giveRow(step, site, row, buffer.name, "time"),
  };
}

function pair(row: RowClass): string[] {
  return [
    `  row(): ${row.name} {\n    return ${row.instance};\n  }`,
    `  other(): ${row.name} {\n    return ${row.instances[1]};\n  }`,
  ];
}

function orderFields(from: Step, order: readonly Order[]): Field[] {
  return usedFields(from.row, order.map(({ node }) => node));
}
