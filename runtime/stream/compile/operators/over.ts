/** Rows beside their neighbours, as generated code: columns over a key's rows, and sliding windows. */
import type { Field, NamedAggregate, Over, OverColumn, Window } from "../../plan.ts";
import { Accumulator } from "../accumulators.ts";
import { keyInline, readKey, RowClass } from "../rows.ts";
import { Block, express, type Fields, type Scope } from "../text.ts";
import {
  fieldsIn,
  giveRow,
  keyBuffer,
  merged,
  method,
  type Operator,
  self,
  type Site,
  tell,
  usedFields,
} from "./shared.ts";

/** Frames and lags that one operator has. */
const FRAMES_MAX = 8;

/** A window over the rows before each row, and the aggregates that are taken over it. */
interface Frame {
  /** Declares it, but for the last bracket. */
  readonly declare: string;
  readonly aggregates: readonly NamedAggregate[];
}

interface Beside {
  readonly step: Over | Window;
  readonly frames: readonly Frame[];
  readonly lags: readonly number[];
  readonly keep: number;
  readonly fields: readonly Field[];
  /** The fields of a result, where the accumulator is `acc`. */
  result(block: Block, row: RowClass, acc: Accumulator): Fields;
}

/** Over all rows of the key no older than `size`, for each row: exact, in event-time order. */
export function slidingWindow(step: Window, size: number, site: Site): Operator {
  if (step.lateness > 0 || step.earlyEvents > 0 || step.earlyEvery > 0) {
    throw new TypeError(`Cannot compile ${step.place}: sliding windows know no late or early results`);
  }
  const inputs = step.aggregates.flatMap(({ of, where }) => [of, where]);
  return beside({
    step,
    frames: [{ declare: `range(${size}`, aggregates: step.aggregates }],
    lags: [],
    keep: size,
    fields: usedFields(step.from.row, inputs),
    result(block, row, acc) {
      const codes = readKey(block, step.keys, "key", "keyLength");
      codes.set("windowStart", { type: "i64", v: `(${row.instance}.time - ${size})` });
      codes.set("windowEnd", { type: "i64", v: `(${row.instance}.time + 1)` });
      for (const { name } of step.aggregates) codes.set(name, block.hold(acc.result("acc", name), "r"));
      return fieldsIn(codes);
    },
  }, site);
}

export function over(step: Over, site: Site): Operator {
  const { columns } = step;
  const framed = columns.filter((column) => aggregateOf(column) !== undefined);
  const lags = columns.filter((column) => column.function === "lag");
  if (framed.length > FRAMES_MAX || lags.length > FRAMES_MAX) {
    throw new TypeError(`Cannot compile ${step.place}: it has more than ${FRAMES_MAX} sums or lags`);
  }
  const whole = columns.every(({ function: name }) => name === "sumRange" || name === "countRange");
  return beside({
    step,
    frames: framed.map((column) => ({ declare: frameOf(column), aggregates: [aggregateOf(column)!] })),
    lags: lags.map(({ extent }) => extent),
    keep: step.ttl || (whole ? Math.max(...columns.map(({ extent }) => extent)) : 0),
    fields: merged(step.from.fields, usedFields(step.from.row, columns.map(({ of }) => of))),
    result: (block, row, acc) => (name) => {
      const column = columns.find((each) => each.name === name);
      if (!column) return row.field(name);
      if (column.function === "rowNumber") return { type: "i64", v: "number" };
      if (column.function !== "lag") return acc.result("acc", name);
      const index = lags.indexOf(column);
      const scope: Scope = new Map([[step.from.row, row.of(row.instances[index + 1])]]);
      const value = express(column.of!, scope, block);
      return { type: value.type, v: `(lags & ${1 << index} ? ${value.v} : 0)` };
    },
  }, site);
}

function frameOf({ function: name, extent }: OverColumn): string {
  return name === "sumRows" ? `rows(${extent + 1}` : `range(${extent}`;
}

function aggregateOf({ name, function: what, of, type }: OverColumn): NamedAggregate | undefined {
  if (what === "countRange") return { name, kind: "count", type: "i64" };
  return what === "sumRange" || what === "sumRows" ? { name, kind: "sum", of, type } : undefined;
}

function beside({ step, frames, lags, keep, fields, result }: Beside, site: Site): Operator {
  const { module, number } = site;
  const acc = new Accumulator(module, `Acc${number}`, frames.flatMap(({ aggregates }) => aggregates), false);
  const row = new RowClass(`Row${number}`, fields, ...lags.map((_, i) => `row${number}lag${i}`));
  const buffer = keyBuffer(site);
  const D = `Tell${number}`;
  /** What is done to each of the frames, with its own aggregates. */
  const each = (
    head: string,
    write: (block: Block, names: ReadonlySet<string>) => void,
    end = "",
  ): string => {
    const block = new Block(module, "    ");
    frames.forEach(({ aggregates }, f) => {
      const names = new Set(aggregates.map(({ name }) => name));
      block.nest(`if (frame == ${f})`, (inner) => write(inner, names));
    });
    return `  ${head} {\n${block}${end}\n  }`;
  };
  const taken = `(frame: u32, acc: Acc${number})`, time = `${row.instance}.time`;
  const scope: Scope = new Map([[step.from.row, row.field]]);
  const enter = each(`enter${taken}: void`, (block, names) => {
    acc.change(block, "acc", acc.values(block, scope, names), time, "0", names);
  });
  const leave = each(`leave${taken}: bool`, (block, names) => {
    acc.leave(block, "acc", acc.values(block, scope, names), time, names);
  }, "\n    return true;");
  /** A frame is put together anew; the others stand as they are. */
  const clear = each(`clear${taken}: void`, (block, names) => acc.clear(block, "acc", names));
  const fire = method(
    site,
    `fire(key: usize, keyLength: u32, acc: Acc${number}, number: i64, lags: u32)`,
    (block) => site.after(block, result(block, row, acc), `${row.instance}.time`, "0"),
  );
  const declared = [
    ...frames.map(({ declare }) => `if (!${self(site)}.${declare})) return false;`),
    ...lags.map((count) => `if (!${self(site)}.lag(${count})) return false;`),
    `${self(site)}.keep(${keep});`,
    `return ${self(site)}.init(${keyInline(step.keys)});`,
  ];
  const lagged = lags.map((_, i) => `    if (i == ${i}) return ${row.instances[i + 1]};`);
  return {
    type: `${module.use("operators/over", "Over")}<Acc${number}, Row${number}, ${D}>`,
    bytes: module.use("operators/over", "OVER_BYTES"),
    init: `start${number}()`,
    declarations: [
      `function start${number}(): bool {\n${declared.map((line) => `  ${line}`).join("\n")}\n}`,
      acc.toString(),
      row.toString(),
      buffer.declaration,
      tell(D, [
        fire,
        `  row(): Row${number} {\n    return ${row.instance};\n  }`,
        `  lagged(i: u32): Row${number} {\n${lagged.join("\n")}\n    return ${row.instance};\n  }`,
        enter,
        leave,
        clear,
      ]),
    ],
    delay: 0,
    give: giveRow(step, site, row, buffer.name, "time"),
  };
}
