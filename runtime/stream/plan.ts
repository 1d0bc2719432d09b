/**
 * The plan: what a declaration says, as a graph of steps from sources to outputs. Data only; the declaration
 * builds it, the compiler reads it.
 */
import type { DescMessage } from "@bufbuild/protobuf";
import type { StreamSource } from "../declare.ts";
import type { AggregateInput, AggregateKind } from "./aggregate.ts";
import type { Node, RowVariable, ValueType } from "./expr.ts";
import type { LookupSpec } from "../declare.ts";
import type { LatePolicy, Trigger, WindowSpec } from "./windows.ts";

export interface Field {
  readonly name: string;
  readonly type: ValueType;
}

/** A named expression: a field of the row that a step gives. */
export interface Named {
  readonly name: string;
  readonly node: Node;
}

export interface NamedAggregate extends AggregateInput {
  readonly name: string;
  readonly kind: AggregateKind;
}

interface StepBase {
  /** Where it stands in the declaration, for errors: `.aggregate, step 3`. */
  readonly place: string;
  /** The row it gives, as expressions of later steps name it. */
  readonly row: RowVariable;
  readonly fields: readonly Field[];
  /** Whether rows may be taken back: an update is the old row retracted and the new one inserted. */
  readonly changelog: boolean;
}

export interface Source extends StepBase {
  readonly kind: "source";
  readonly name: string;
  /** Index among the sources: its bit of event time. */
  readonly input: number;
  readonly message: DescMessage;
  /** The oneof member that holds it, where the event is an envelope. */
  readonly variant?: { readonly within: DescMessage; readonly field: string };
  /** The stage before, where this is fed by one: whose output, and in how many partitions it runs. */
  readonly fed?: { readonly pipeline: string; readonly output: string; readonly partitions: number };
  /** Event time; absent for processing time, which is the frame's clock. */
  readonly time?: Node;
  readonly timed: boolean;
  /** What is looked up for its events; their message is then wider than the `plain` one that comes. */
  readonly lookups?: readonly Lookup[];
  readonly plain?: DescMessage;
  /** Microseconds that events may be out of order. */
  readonly disorder: number;
  /** Microseconds that an event may be ahead of the clock. */
  readonly ahead: number;
  /** Microseconds without an event after which it is idle; absent: it is waited for. */
  readonly idle?: number;
  /** Microseconds of event time that it may be ahead of the slowest source. */
  readonly align?: number;
  /** The stream that it is read from. */
  readonly stream?: Omit<StreamSource, "pipeline" | "inputs">;
}

/** What is known outside of something that an event names. */
export interface Lookup extends Omit<LookupSpec, "read" | "variant"> {
  readonly place: string;
  readonly key: Node;
  readonly kind: "left" | "inner";
}

export interface Filter extends StepBase {
  readonly kind: "filter";
  readonly from: Step;
  readonly where: Node;
  /** A RejectReason: an event for which it does not hold is bad input. */
  readonly reason?: number;
}

export interface MapStep extends StepBase {
  readonly kind: "map";
  readonly from: Step;
  readonly values: readonly Named[];
}

/** Several rows of one: each with the condition under which it is there. */
export interface FlatMap extends StepBase {
  readonly kind: "flatMap";
  readonly from: Step;
  readonly rows: readonly { readonly where: Node; readonly values: readonly Named[] }[];
}

export interface Union extends StepBase {
  readonly kind: "union";
  readonly inputs: readonly Step[];
}

/** Rows in the order of their event time: each waits until the watermark has passed it. */
export interface Ordered extends StepBase {
  readonly kind: "ordered";
  readonly from: Step;
  /** What of a row is asked for behind it. */
  readonly kept: readonly Field[];
  /** Whether rows that the watermark has passed go on, for the step behind to say what becomes of them. */
  readonly passesLate: boolean;
}

export interface Window extends StepBase {
  readonly kind: "window";
  readonly from: Step;
  readonly keys: readonly Named[];
  readonly window: WindowSpec;
  readonly aggregates: readonly NamedAggregate[];
  readonly lateness: number;
  readonly policy: LatePolicy | "drop";
  readonly earlyEvents: number;
  readonly earlyEvery: number;
}

/** An aggregate over all rows of a key so far: each change is put out as an update. */
export interface Running extends StepBase {
  readonly kind: "running";
  readonly from: Step;
  readonly keys: readonly Named[];
  readonly aggregates: readonly NamedAggregate[];
  /** Event time after which a key without rows is forgotten; 0 = never. */
  readonly ttl: number;
}

export type JoinKind = "inner" | "left" | "right" | "full";

/** Rows of two streams with equal keys whose times lie near each other. */
export interface IntervalJoin extends StepBase {
  readonly kind: "intervalJoin";
  readonly left: Step;
  readonly right: Step;
  readonly leftKeys: readonly Named[];
  readonly rightKeys: readonly Named[];
  readonly join: JoinKind;
  /** The right row's time lies in [left - before, left + after]… */
  readonly before: number;
  readonly after: number;
  /** …or in what the left row itself says, which is never wider than `after`. */
  readonly low?: Node;
  readonly high?: Node;
  readonly values: readonly Named[];
}

/** Rows of two streams with equal keys in the same window. */
export interface WindowJoin extends StepBase {
  readonly kind: "windowJoin";
  readonly left: Step;
  readonly right: Step;
  readonly leftKeys: readonly Named[];
  readonly rightKeys: readonly Named[];
  readonly join: JoinKind;
  readonly size: number;
  readonly slide: number;
  readonly offset: number;
  readonly values: readonly Named[];
}

/** Newest rows of two tables, joined by key; a change of either is an update of the result. */
export interface TableJoin extends StepBase {
  readonly kind: "tableJoin";
  readonly left: Step;
  readonly right: Step;
  /** What identifies a row of each side. */
  readonly leftPrimary: readonly Named[];
  readonly rightPrimary: readonly Named[];
  /** What of the left row names the right row. */
  readonly foreign: readonly Named[];
  readonly join: "inner" | "left";
  readonly values: readonly Named[];
}

/** A stream looked up in a table: as it is now, or as it was at the row's event time. */
export interface TemporalJoin extends StepBase {
  readonly kind: "temporalJoin";
  readonly left: Step;
  readonly right: Step;
  readonly leftKeys: readonly Named[];
  readonly rightKeys: readonly Named[];
  readonly join: "inner" | "left";
  readonly asOf: "latest" | "eventTime";
  /** Event time for which old versions are kept. */
  readonly history: number;
  readonly values: readonly Named[];
}

export interface Order {
  readonly node: Node;
  readonly descending: boolean;
}

/** The best N rows of a key, as they change. */
export interface Top extends StepBase {
  readonly kind: "top";
  readonly from: Step;
  readonly keys: readonly Named[];
  readonly limit: number;
  readonly order: readonly Order[];
  /** Name of the field that says the rank, 1 first; absent = not told. */
  readonly rank?: string;
  /** Event time after which a key without rows is forgotten; 0 = never. */
  readonly ttl: number;
}

/** The first, the newest or the best row of a key. */
export interface Keep extends StepBase {
  readonly kind: "keep";
  readonly from: Step;
  readonly keys: readonly Named[];
  /** `best`: the first by the order, told once. */
  readonly which: "first" | "last" | "best";
  readonly order: readonly Order[];
  readonly ttl: number;
  /** Of `best`: event time after which it is told. */
  readonly wait: number;
}

/** Numbers beside each row, from the rows of its key before it in event time. */
export interface Over extends StepBase {
  readonly kind: "over";
  readonly from: Step;
  readonly keys: readonly Named[];
  readonly columns: readonly OverColumn[];
  /** Event time after which a key without rows is forgotten; 0 = never. */
  readonly ttl: number;
}

export interface OverColumn {
  readonly name: string;
  readonly function: "rowNumber" | "lag" | "sumRange" | "sumRows" | "countRange";
  readonly of?: Node;
  readonly type: ValueType;
  /** Rows for lag and sumRows, microseconds for ranges. */
  readonly extent: number;
}

/** One row for each step of event time and each key: the last one in it, or the one before it again. */
export interface GapFill extends StepBase {
  readonly kind: "gapFill";
  readonly from: Step;
  readonly keys: readonly Named[];
  /** Microseconds of one step. */
  readonly every: number;
  /** Steps for which a key without rows goes on. */
  readonly most: number;
}

/** Events of a key that follow each other as described. */
export interface Pattern extends StepBase {
  readonly kind: "pattern";
  readonly from: Step;
  readonly keys: readonly Named[];
  readonly steps: readonly {
    readonly name: string;
    /** The row that matched this step, as results name it. */
    readonly row: RowVariable;
    readonly where: Node;
    readonly absent: boolean;
  }[];
  readonly within: number;
  readonly values: readonly Named[];
}

/** What is known of a key when one of its events is decided, that event included. */
export interface Figure {
  readonly name: string;
  readonly function:
    | "count"
    | "sum"
    | "previous"
    | "seen"
    | "since"
    | "newest"
    | "newestAt"
    | "known"
    | "flagged";
  /** What is summed, or remembered. */
  readonly of?: Node;
  readonly where?: Node;
  /** Of the facts, the field that tells it too. */
  readonly fact?: string;
  /** Microseconds back from the key's newest event; of flags, after which they are forgotten. */
  readonly within: number;
  readonly type: ValueType;
}

export interface Rule {
  readonly name: string;
  readonly when: Node;
  readonly verdict: "review" | "decline";
  /** It gives no reason of its own. */
  readonly silent: boolean;
  /** What the reason tells beside its name. */
  readonly observed?: Node;
  readonly limit?: Node;
}

/** An event for which it holds is refused. */
export interface Refusal {
  readonly name: string;
  readonly when: Node;
}

export interface Told extends Named {
  readonly where?: Node;
}

export interface Beside {
  readonly from: Step;
  readonly keys: readonly Named[];
  /** What of its rows is kept. */
  readonly fields: readonly Field[];
}

/** Each event of a source is answered: rules over what its key has done. */
export interface Decide extends StepBase {
  readonly kind: "decide";
  readonly from: Step;
  readonly keys: readonly Named[];
  readonly figures: readonly Figure[];
  /** Looked at before anything of the event is counted, by the figures before it. */
  readonly refusals: readonly Refusal[];
  readonly rules: readonly Rule[];
  /** Rules that look at how many of those applied; they neither count nor flag. */
  readonly escalations: readonly Rule[];
  /** What is told beside the reasons, each where its condition holds. */
  readonly told: readonly Told[];
  /** What is known of the key besides: the newest row of another stream. */
  readonly facts?: Beside;
  /** A row of this stream takes the key's flags away. */
  readonly clears?: Beside;
  /** Time of the clock after which a key without events is forgotten. */
  readonly ttl: number;
  /** Most events of a key within a window; beyond them an event is refused, or the two oldest become one. */
  readonly most: number;
  readonly merges: boolean;
}

/** An output: rows leave the pipeline. */
export interface To extends StepBase {
  readonly kind: "to";
  readonly from: Step;
  readonly name: string;
  readonly channel: number;
}

/** A table of the newest rows by key, for reading. */
export interface View extends StepBase {
  readonly kind: "view";
  readonly from: Step;
  readonly name: string;
  readonly index: number;
  /** Its changes leave the pipeline on this channel. */
  readonly channel: number;
  readonly keys: readonly Named[];
  /** Event time after which a row is forgotten; 0 = never. */
  readonly ttl: number;
}

export type Step =
  | Source
  | Filter
  | MapStep
  | FlatMap
  | Union
  | Ordered
  | Window
  | Running
  | IntervalJoin
  | WindowJoin
  | TableJoin
  | TemporalJoin
  | Top
  | Keep
  | Over
  | GapFill
  | Pattern
  | Decide;

export type End = To | View;

export interface Plan {
  readonly name: string;
  readonly sources: readonly Source[];
  readonly ends: readonly End[];
  readonly options: PlanOptions;
}

export interface PlanOptions {
  readonly partitions?: number;
  /** `continuous` (default) or `every("1m")`; `millrace run` takes a bounded input once. */
  readonly trigger?: Trigger;
  /** Allow state that grows with keys for ever. */
  readonly unbounded?: boolean;
  readonly stateBytesMax?: number;
}

/** The steps a step reads from. */
export function inputsOf(step: Step | End): readonly Step[] {
  switch (step.kind) {
    case "source":
      return [];
    case "union":
      return step.inputs;
    case "intervalJoin":
    case "windowJoin":
    case "tableJoin":
    case "temporalJoin":
      return [step.left, step.right];
    case "decide":
      return [step.from, ...[step.facts, step.clears].flatMap((beside) => beside ? [beside.from] : [])];
    default:
      return [step.from];
  }
}

/** Every step that an end depends on, each after those it reads from. */
export function inOrder(plan: Plan): (Step | End)[] {
  const seen = new Set<Step | End>();
  const visit = (step: Step | End): void => {
    if (seen.has(step)) return;
    for (const input of inputsOf(step)) visit(input);
    seen.add(step);
  };
  for (const source of plan.sources) visit(source);
  for (const end of plan.ends) visit(end);
  return [...seen];
}

/**
 * The step, with its rows in the order of their event time where they may come in another. Rows that are taken
 * back stay as they come.
 */
export function inEventTime(from: Step, place: string, kept: readonly Field[], passesLate: boolean): Step {
  if (from.changelog || !isDisordered(from)) return from;
  const { row, fields, changelog } = from;
  return { kind: "ordered", from, kept, passesLate, place, row, fields, changelog };
}

function isDisordered(step: Step): boolean {
  if (step.kind === "source") return step.time !== undefined && (step.disorder > 0 || step.fed !== undefined);
  return inputsOf(step).some(isDisordered);
}
