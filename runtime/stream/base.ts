/** What every step of a declaration shares: its place, its row, and how its errors say where. */
import type { AnyAggregate } from "./aggregate.ts";
import {
  type AnyValue,
  type Bool,
  fieldOf,
  type Literal,
  type Num,
  type RowVariable,
  type Text,
  Value,
  valueOf,
} from "./expr.ts";
import type { End, Field, Named, NamedAggregate, Plan, PlanOptions, Source, Step } from "./plan.ts";

/** A row whose fields are named values. */
export type Row = Readonly<Record<string, AnyValue>>;
/** What a step may give: values, or literals in their place. */
export type Projection = Readonly<Record<string, AnyValue | Literal>>;
export type RowOf<P extends Projection> = { readonly [K in keyof P & string]: Called<P[K], K> };

/** A value as the field `N` of a row. */
type Called<V, N extends string> = V extends Num<string> | number | bigint ? Num<N>
  : V extends Text<string> | string ? Text<N>
  : Bool<N>;

/** A key: one field, which keeps its name, or several named values. */
export type KeyExpr = AnyValue | Projection;
export type KeyRow<K> = K extends Value<infer N>
  ? { readonly [P in string extends N ? "key" : N]: Called<K, P> }
  : K extends Projection ? RowOf<K>
  : never;

export type Aggregates<R> = Readonly<Record<string, AnyAggregate<R>>>;
export type Results<A> = {
  readonly [K in keyof A & string]: A[K] extends { gives?: infer V } ? Called<NonNullable<V>, K> : never;
};
export interface Bounds {
  /** The window is [windowStart, windowEnd), microseconds. */
  readonly windowStart: Num<"windowStart">;
  readonly windowEnd: Num<"windowEnd">;
}
/** What is being declared: the sources and, as they come, the ends. */
export interface Draft {
  readonly name: string;
  readonly sources: Source[];
  readonly ends: End[];
  readonly options: PlanOptions;
  steps: number;
}

/** A declared pipeline, ready to be compiled. */
export class Declaration<R = unknown> {
  /** The row of its last end, for its type alone. */
  declare readonly gives: R;
  readonly draft: Draft;
  constructor(draft: Draft) {
    this.draft = draft;
  }
  get plan(): Plan {
    const { name, sources, ends, options } = this.draft;
    if (ends.length === 0) {
      throw new TypeError(
        `Cannot compile pipeline "${name}": nothing leaves it. End it with .to("name") or .view("name").`,
      );
    }
    return { name, sources, ends, options };
  }
}
/** Of a row that a join gives: whether there was a row of each side. An absent one reads as "", 0 and false. */
export interface Sides {
  readonly left: Bool;
  readonly right: Bool;
}

export function sidesOf(row: RowVariable): Sides {
  return {
    left: fieldOf(row, "hasLeft", "bool") as Bool,
    right: fieldOf(row, "hasRight", "bool") as Bool,
  };
}

/** Rows that come out of a step. R is the shape of one, as expressions see it. */
export class Rows<R> {
  protected readonly draft: Draft;
  readonly step: Step;
  protected readonly view_: R;

  constructor(draft: Draft, step: Step, view: R) {
    this.draft = draft;
    this.step = step;
    this.view_ = view;
  }

  /** The row as expressions see it. */
  get row(): R {
    return this.view_;
  }

  // ---- for the steps ----

  protected place(what: string): string {
    return `.${what}, step ${++this.draft.steps}`;
  }

  protected wrong(place: string, state: string, fix: string, cause?: unknown): TypeError {
    return new TypeError(`Cannot compile pipeline "${this.draft.name}" (${place}): ${state}. ${fix}`, {
      cause,
    });
  }

  /** Runs a callback of the declaration; what it throws tells where. */
  protected at<T>(place: string, make: () => T): T {
    try {
      return make();
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new TypeError(`Cannot compile pipeline "${this.draft.name}" (${place}): ${message}`, { cause });
    }
  }

  protected named(place: string, make: () => Projection): Named[] {
    const values = this.at(
      place,
      () => Object.entries(make()).map(([name, value]) => ({ name, node: valueOf(value).node })),
    );
    if (values.length === 0) {
      throw this.wrong(place, "it gives a row without fields", "Give at least one field.");
    }
    return values;
  }

  protected base(place: string, fields: readonly Field[], changelog: boolean) {
    return { place, row: { of: place }, fields, changelog };
  }

  protected sameFields(place: string, fields: readonly Field[], others: readonly Field[]): void {
    const shape = (list: readonly Field[]) => list.map(({ name, type }) => `${name}: ${type}`).join(", ");
    if (shape(fields) !== shape(others)) {
      throw this.wrong(
        place,
        `rows differ: {${shape(fields)}} and {${shape(others)}}`,
        "Use map to make them alike.",
      );
    }
  }

  protected built(place: string, aggregates: Aggregates<R>): NamedAggregate[] {
    return Object.entries(aggregates).map(([name, aggregate]) =>
      this.at(`${place}, "${name}"`, () => ({ name, kind: aggregate.kind, ...aggregate.build(this.view_) }))
    );
  }
}

/** Expressions over the fields that a step gives. */
export function rowView(step: Step): Row {
  return viewOf(step.row, step.fields);
}

/** A name that does not exist throws at once, with the names that do. */
export function viewOf(row: RowVariable, fields: readonly Field[]): Row {
  const known: Row = Object.fromEntries(fields.map(({ name, type }) => [name, fieldOf(row, name, type)]));
  return new Proxy(known, {
    get(_target, name) {
      if (typeof name !== "string" || Object.hasOwn(known, name)) return Reflect.get(known, name);
      if (name === "then" || name === "toJSON") return undefined; // asked by await and by printers
      throw new TypeError(`Cannot find field "${name}" in the row: it has ${Object.keys(known).join(", ")}`);
    },
  });
}

export function namedKeys(key: KeyExpr): Named[] {
  if (!(key instanceof Value)) {
    return Object.entries(key).map(([name, value]) => ({ name, node: valueOf(value).node }));
  }
  const { node } = key;
  const name = node.kind === "field" ? node.name.slice(node.name.lastIndexOf(".") + 1) : "key";
  return [{ name, node }];
}

export function fieldsOfNamed(values: readonly Named[]): Field[] {
  return values.map(({ name, node }) => ({ name, type: node.type }));
}

export function requireTime(step: Step, wrong: (state: string, fix: string) => Error, what: string): void {
  for (let at: Step = step;;) {
    if (at.kind === "source") {
      if (at.timed) return;
      throw wrong(
        `${what} needs event time, and source "${at.name}" declares none`,
        'Give it { eventTime: (e) => e.at, watermark: bounded("10s") }, or { processingTime: true }.',
      );
    }
    if (!("from" in at)) return;
    at = at.from;
  }
}

export function checkOutputName(name: string, place: string, draft: Draft): void {
  if (!/^[a-z][a-z0-9_-]{0,47}$/i.test(name)) {
    throw new TypeError(
      `Cannot compile pipeline "${draft.name}" (${place}): "${name}" is no name. Use letters, digits, - and _.`,
    );
  }
  if (draft.ends.some((end) => end.name === name)) {
    throw new TypeError(
      `Cannot compile pipeline "${draft.name}" (${place}): two ends are called "${name}". Rename one.`,
    );
  }
}
