/** Tells what a compiled declaration does and keeps: its steps, their state, and what a number of keys takes. */
import type { Compiled } from "./compile/mod.ts";
import { keyInline } from "./compile/rows.ts";
import type { Node } from "./expr.ts";
import { formula as text } from "./formula.ts";
import {
  type Decide,
  type End,
  type Field,
  inOrder,
  inputsOf,
  type Lookup,
  type Named,
  type Order,
  type Plan,
  type Source,
  type Step,
} from "./plan.ts";

export interface ExplainOptions {
  /** Keys to estimate the state for. */
  readonly keys: number;
  readonly wasmBytes: number;
}

/** Bytes of a key's entry beside its value: header, and its share of the index (11 to 22). */
const ENTRY_BYTES = 8 + 17;
/** Text that is kept: what a field of it is taken to hold, for the estimate. */
const TEXT_BYTES = 24;

/** Lines to print. */
export function explain(
  { plan, pipeline, operators }: Compiled,
  { keys, wasmBytes }: ExplainOptions,
): string[] {
  const steps = inOrder(plan);
  const numbers = new Map(steps.map((step, i) => [step, i + 1]));
  const lines = [
    `pipeline ${plan.name} (served as ${pipeline.name}): ${plan.sources.length} source${
      plan.sources.length === 1 ? "" : "s"
    }, ${operators.length} step${operators.length === 1 ? "" : "s"} with state, kernel of ${
      kilobytes(wasmBytes)
    }`,
    "",
  ];
  let total = 0;
  for (const step of steps) {
    const from = inputsOf(step).map((input) => numbers.get(input)).join(" and ");
    lines.push(`${String(numbers.get(step)).padStart(3)}. ${describe(step)}${from ? `   of ${from}` : ""}`);
    if (step.kind === "source") {
      for (const each of step.lookups ?? []) lines.push(`       looks up ${lookupText(each)}`);
    }
    const state = stateOf(step);
    if (!state) continue;
    total += state.perKey;
    lines.push(
      `       keeps ${state.what}: about ${Math.round(state.perKey)} bytes ${state.per}; ${state.until}`,
    );
  }
  const partitions = pipeline.partitions ?? 1;
  lines.push(
    "",
    partitions === 1
      ? "one partition"
      : `${partitions} partitions by ${pipeline.key.map(String).join(" or ")}`,
  );
  if (total > 0) {
    lines.push(
      `${keys.toLocaleString("en")} keys with one window, row or pane each: about ${megabytes(total * keys)}`,
    );
  }
  return lines;
}

/** Refuses a plan whose state grows with keys for ever, unless it was declared to. */
export function checkBounded(plan: Plan): void {
  const steps = plan.options.unbounded ? [] : unboundedSteps(inOrder(plan));
  if (steps.length === 0) return;
  throw new TypeError(
    `Cannot run pipeline "${plan.name}": its state grows with its keys for ever (${
      steps.map(({ place }) => place).join("; ")
    }). Give these steps a ttl or a window, or say that you want it so: pipeline(name, sources, { unbounded: true }).`,
  );
}

/** Steps whose state grows with keys for ever. */
function unboundedSteps(steps: readonly (Step | End)[]): (Step | End)[] {
  return steps.filter((step) =>
    step.kind === "running" && step.ttl === 0 && step.keys.length > 0 ||
    step.kind === "keep" && step.ttl === 0 ||
    step.kind === "top" && step.ttl === 0 && step.keys.length > 0 ||
    step.kind === "tableJoin" ||
    step.kind === "over" && step.ttl === 0 && step.columns.some((each) => !each.function.endsWith("Range")) ||
    step.kind === "view" && step.ttl === 0
  );
}

function describe(step: Step | End): string {
  switch (step.kind) {
    case "source":
      return `source ${step.name}: ${step.message.typeName}, ${timeOf(step)}`;
    case "filter":
      return `${step.reason === undefined ? "filter" : "require"} ${text(step.where)}`;
    case "map":
      return `map to ${names(step.fields)}`;
    case "flatMap":
      return `flatMap to ${step.rows.length} rows of ${names(step.fields)}`;
    case "union":
      return "union";
    case "ordered":
      return "in the order of event time";
    case "window":
      return `window ${windowText(step.window)} by ${keyText(step.keys)}: ${
        step.aggregates.map(({ name, kind }) => `${name} = ${kind}`).join(", ")
      }${
        step.lateness > 0
          ? `; ${duration(step.lateness)} late at most, ${step.policy}`
          : "; late events are left out and recorded"
      }`;
    case "running":
      return `aggregate by ${keyText(step.keys)}: ${
        step.aggregates.map(({ name, kind }) => `${name} = ${kind}`).join(", ")
      }`;
    case "intervalJoin":
      return `${step.join} join by ${keyText(step.leftKeys)}, ${
        step.low
          ? `within the left row's own bounds, ${duration(step.after)} at most`
          : `${duration(step.before)} before to ${duration(step.after)} after`
      }`;
    case "windowJoin":
      return `${step.join} join by ${keyText(step.leftKeys)} in windows of ${duration(step.size)}`;
    case "tableJoin":
      return `${step.join} join of tables, left by ${keyText(step.leftPrimary)}, right by ${
        keyText(step.rightPrimary)
      }`;
    case "temporalJoin":
      return `${step.join} join with a table by ${keyText(step.leftKeys)}, ${
        step.asOf === "latest" ? "as it is" : "as of event time"
      }`;
    case "top":
      return `top ${step.limit} by ${keyText(step.keys)}`;
    case "keep":
      return `${step.which} row by ${keyText(step.keys)}`;
    case "over":
      return `over ${keyText(step.keys)}: ${step.columns.map(({ name }) => name).join(", ")}`;
    case "gapFill":
      return `fill gaps of ${duration(step.every)} by ${keyText(step.keys)}, ${step.most} steps at most`;
    case "decide":
      return `decide by ${keyText(step.keys)}: ${
        step.rules.map(({ name, verdict }) => `${name} → ${verdict}`).join(", ")
      }`;
    case "pattern":
      return `pattern by ${keyText(step.keys)}: ${step.steps.map(({ name }) => name).join(" → ")} within ${
        duration(step.within)
      }`;
    case "to":
      return `output "${step.name}"${step.changelog ? " (rows may be taken back)" : ""}`;
    case "view":
      return `view "${step.name}" by ${keyText(step.keys)}`;
  }
}

/** A step with all that it computes: two that say the same do the same, but for what functions of one's own do. */
export function says(step: Step | End): string {
  const details = [
    ...detailsOf(step),
    ..."ttl" in step && step.ttl > 0 ? [`forgotten after ${duration(step.ttl)}`] : [],
  ].filter(Boolean);
  return details.length > 0 ? `${describe(step)} [${details.join("; ")}]` : describe(step);
}

function detailsOf(step: Step | End): string[] {
  const valuesOf = (values: readonly Named[]) => values.map(({ name, node }) => `${name} = ${text(node)}`);
  const computed = (keys: readonly Named[]) => valuesOf(keys.filter(({ node }) => node.kind !== "field"));
  const some = (name: string, node: Node | undefined) => node ? ` ${name} ${text(node)}` : "";
  const orders = (order: readonly Order[]) =>
    order.map(({ node, descending }) => `by ${text(node)}${descending ? " falling" : ""}`);
  switch (step.kind) {
    case "source":
      return [`ahead by ${duration(step.ahead)} at most`];
    case "map":
      return valuesOf(step.values);
    case "flatMap":
      return step.rows.map(({ where, values }) => `where ${text(where)}: ${valuesOf(values).join(", ")}`);
    case "window":
    case "running":
      return [
        ...computed(step.keys),
        ...step.aggregates.map(({ name, of, where, parameter }) =>
          `${name}${some("of", of)}${some("where", where)}${parameter === undefined ? "" : ` (${parameter})`}`
        ),
        ...step.kind === "window" && step.earlyEvents ? [`early every ${step.earlyEvents} events`] : [],
        ...step.kind === "window" && step.earlyEvery ? [`early every ${duration(step.earlyEvery)}`] : [],
      ];
    case "intervalJoin":
    case "windowJoin":
    case "temporalJoin":
      return [
        ...computed(step.leftKeys),
        ...computed(step.rightKeys),
        ...step.kind === "intervalJoin" ? [some("from", step.low) + some("to", step.high)] : [],
        ...step.kind === "temporalJoin" ? [`history ${duration(step.history)}`] : [],
        ...valuesOf(step.values),
      ];
    case "tableJoin":
      return [...computed(step.foreign), ...valuesOf(step.values)];
    case "top":
    case "keep":
      return [...computed(step.keys), ...orders(step.order)];
    case "over":
      return step.columns.map((each) =>
        `${each.name}: ${each.function}${some("of", each.of)} (${each.extent})`
      );
    case "pattern":
      return [
        ...step.steps.map(({ name, where, absent }) => `${absent ? "no " : ""}${name} where ${text(where)}`),
        ...valuesOf(step.values),
      ];
    case "decide":
      return [
        ...computed(step.keys),
        ...step.figures.map((each) =>
          `${each.name}: ${each.function}${some("of", each.of)}${some("where", each.where)}${
            each.fact ? ` or ${each.fact}` : ""
          } (${duration(each.within)})`
        ),
        ...step.refusals.map(({ name, when }) => `refused as ${name} when ${text(when)}`),
        ...step.facts ? [`facts ${names(step.facts.fields)}`] : [],
        ...[...step.rules, ...step.escalations].map(({ name, when }) => `${name} when ${text(when)}`),
        `${step.most} events at most${step.merges ? ", then the oldest are one" : ""}`,
      ];
    case "to":
    case "view":
      return [names(step.fields)];
    default:
      return [];
  }
}

interface State {
  readonly what: string;
  readonly perKey: number;
  readonly per: string;
  readonly until: string;
}

function stateOf(step: Step | End): State | undefined {
  switch (step.kind) {
    case "window": {
      const accumulators = step.aggregates.length * 16 + 16;
      return {
        what: "panes",
        perKey: ENTRY_BYTES + keyInline(step.keys) + 16 + accumulators,
        per: "a key and pane",
        until: step.lateness > 0
          ? `gone ${duration(step.lateness)} after a window's end`
          : "gone at a window's end",
      };
    }
    case "running":
      return {
        what: "an accumulator and what was told last",
        perKey: ENTRY_BYTES + keyInline(step.keys) + 32 + step.aggregates.length * 24,
        per: "a key",
        until: step.ttl > 0 ? `gone ${duration(step.ttl)} after a key's last row` : "kept",
      };
    case "intervalJoin":
      return {
        what: "rows of both sides",
        perKey: 48 + rowBytes(step.left.fields) + ENTRY_BYTES,
        per: "a row",
        until: `gone when the watermark passes ${duration(Math.max(step.before, step.after))} after it`,
      };
    case "windowJoin":
      return {
        what: "rows of both sides",
        perKey: 48 + rowBytes(step.left.fields) + ENTRY_BYTES,
        per: "a row and window",
        until: "gone with its window",
      };
    case "tableJoin":
      return {
        what: "rows of both tables",
        perKey: 64 + rowBytes(step.fields) + 2 * ENTRY_BYTES,
        per: "a row",
        until: "kept",
      };
    case "temporalJoin":
      return {
        what: "versions of the table",
        perKey: 48 + rowBytes(step.fields) + ENTRY_BYTES,
        per: "a version",
        until: step.asOf === "latest"
          ? "the newest is kept"
          : `old ones are gone after ${duration(step.history)}`,
      };
    case "top":
      return {
        what: `${step.limit} rows`,
        perKey: ENTRY_BYTES + keyInline(step.keys) + step.limit * (24 + rowBytes(step.fields)),
        per: "a key",
        until: step.ttl > 0 ? `gone ${duration(step.ttl)} after a key's last row` : "kept",
      };
    case "keep":
      return {
        what: "a row",
        perKey: ENTRY_BYTES + keyInline(step.keys) + 24 + rowBytes(step.fields),
        per: "a key",
        until: step.ttl > 0 ? `gone after ${duration(step.ttl)}` : "kept",
      };
    case "view":
      return {
        what: "rows as they are read",
        perKey: ENTRY_BYTES + keyInline(step.keys) + 16 + rowBytes(step.fields),
        per: "a key",
        until: step.ttl > 0 ? `gone after ${duration(step.ttl)}` : "kept",
      };
    case "decide":
      return {
        what: "what a key has done",
        perKey: ENTRY_BYTES + keyInline(step.keys) + decidedBytes(step),
        per: "a key",
        until: `gone ${duration(step.ttl)} after its last event`,
      };
    case "ordered":
      return {
        what: "rows that the watermark has not passed",
        perKey: 32 + rowBytes(step.kept),
        per: "a row",
        until: "gone when the watermark passes it",
      };
    case "gapFill":
    case "over":
    case "pattern":
      return {
        what: "rows that still count",
        perKey: 64 + TEXT_BYTES,
        per: "a row",
        until: "gone with time",
      };
    default:
      return undefined;
  }
}

/** Words, and for what is counted or summed over the same events a window with room for five of them. */
function decidedBytes({ figures, facts, merges }: Decide): number {
  const sums = figures.filter(({ function: name }) => name === "sum").length;
  const counts = figures.some(({ function: name }) => name === "count") ? 1 : 0;
  const words = 2 + figures.filter(({ within }) => within === 0).length + (facts?.fields.length ?? 0);
  return 8 * words + (merges ? 104 : 96) * Math.max(sums, counts);
}

function rowBytes(fields: readonly Field[]): number {
  return fields.reduce((sum, { type }) => sum + (type === "text" ? 4 + TEXT_BYTES : 8), 8);
}

function timeOf({ time, timed, disorder }: Source): string {
  if (!timed) return "no event time";
  return time
    ? `event time ${text(time)}, ${
      disorder > 0 ? `out of order by ${duration(disorder)} at most` : "in order"
    }`
    : "processing time";
}

function lookupText(of: Lookup): string {
  const none = of.fallback === "retry"
    ? "it is asked for again, and what came later waits"
    : of.fallback === "null"
    ? "the event goes on without a row"
    : "the event is a dead letter";
  const seconds = (ms: number) => duration(ms * 1000);
  return [
    `${of.name} in ${of.source.name} by ${text(of.key)} (${of.kind})`,
    `${of.batchMax} keys a call within ${seconds(of.waitMs)}`,
    `believed for ${duration(of.ttl)}`,
    `${of.entriesMax.toLocaleString("en")} answers and ${megabytes(of.bytesMax)} at most`,
    `without an answer in ${seconds(of.timeoutMs)} ${none}`,
    `recorded as field ${of.field}`,
  ].join("; ");
}

function windowText(window: Extract<Step, { kind: "window" }>["window"]): string {
  switch (window.kind) {
    case "aligned":
      return window.size === window.slide
        ? `tumbling ${duration(window.size)}`
        : `hopping ${duration(window.size)} every ${duration(window.slide)}`;
    case "cumulative":
      return `cumulative to ${duration(window.size)} by ${duration(window.step)}`;
    case "calendar":
      return `days in ${window.zone}`;
    case "session":
      return `session, gap ${duration(window.gap)}${
        window.max > 0 ? `, ${duration(window.max)} at most` : ""
      }`;
    case "sliding":
      return `sliding ${duration(window.size)}`;
    case "count":
      return `of ${window.size} rows every ${window.slide}`;
  }
}

function keyText(keys: readonly Named[]): string {
  return keys.map(({ name }) => name).join(", ") || "nothing (all rows together)";
}

function names(fields: readonly Field[]): string {
  return fields.map(({ name }) => name).join(", ");
}

function duration(micros: number): string {
  for (
    const [unit, size] of [["d", 86_400e6], ["h", 3_600e6], ["m", 60e6], ["s", 1e6], ["ms", 1e3]] as const
  ) {
    if (micros > 0 && micros % size === 0) return `${micros / size}${unit}`;
  }
  return `${micros}us`;
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1000)} kB`;
}

function megabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
