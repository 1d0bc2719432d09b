/**
 * How a pipeline is declared: streams of rows, and what is done with them. Each call adds a step to the plan
 * and checks what can be checked; nothing runs here.
 */
import type { DescMessage } from "@bufbuild/protobuf";
import type { AnyAggregate, Plain } from "./aggregate.ts";
import {
  type AnyValue,
  type Bool,
  bool,
  type BoolLike,
  fieldOf,
  type Literal,
  type Node,
  type Num,
  num,
  type NumLike,
  type RowVariable,
  type Text,
  Value,
  valueOf,
  walk,
} from "./expr.ts";
import type {
  End,
  Field,
  JoinKind,
  Named,
  NamedAggregate,
  Order,
  OverColumn,
  Plan,
  PlanOptions,
  Source,
  Step,
  To,
  View,
} from "./plan.ts";
import { type Duration, type EarlyFiring, type Lateness, micros, type WindowSpec } from "./windows.ts";

/** A row whose fields are named values. */
export type Row = Readonly<Record<string, AnyValue>>;
/** What a step may give: values, or literals in their place. */
export type Projection = Readonly<Record<string, AnyValue | Literal>>;
export type RowOf<P extends Projection> = { readonly [K in keyof P]: PlainValue<P[K]> };

type PlainValue<V> = V extends AnyValue ? Plain<V>
  : V extends number | bigint ? Num
  : V extends string ? Text
  : Bool;

/** A key: one field, which keeps its name, or several named values. */
export type KeyExpr = AnyValue | Projection;
export type KeyRow<K> = K extends Value<infer N> ? { readonly [P in string extends N ? "key" : N]: Plain<K> }
  : K extends Projection ? RowOf<K>
  : never;

type Aggregates<R> = Readonly<Record<string, AnyAggregate<R>>>;
type Results<A> = { readonly [K in keyof A]: A[K] extends { gives?: infer V } ? NonNullable<V> : never };
interface Bounds {
  /** The window is [windowStart, windowEnd), microseconds. */
  readonly windowStart: Num;
  readonly windowEnd: Num;
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
export class Declaration {
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

// deno-lint-ignore no-explicit-any
type Rows = any;

/** Rows in event time. R is the shape of one row, as expressions see it. */
export class Stream<R> {
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

  /** Only rows for which the condition holds. */
  filter(where: (row: R) => BoolLike): Stream<R> {
    const place = this.place("filter");
    const node = this.at(place, () => bool(where(this.view_)).node);
    // A filter shows the row that came in: it has the same identity.
    const { row, fields, changelog } = this.step;
    return new Stream(this.draft, {
      kind: "filter",
      from: this.step,
      where: node,
      place,
      row,
      fields,
      changelog,
    }, this.view_);
  }

  /** The same, said of results. */
  having(where: (row: R) => BoolLike): Stream<R> {
    return this.filter(where);
  }

  /** Other fields in place of these. */
  map<P extends Projection>(project: (row: R) => P): Stream<RowOf<P>> {
    const place = this.place("map");
    const values = this.named(place, () => project(this.view_));
    const base = this.base(place, fieldsOfNamed(values), this.step.changelog);
    return this.next({ kind: "map", from: this.step, values, ...base });
  }

  /** Several rows of one; `where` leaves one out. All have the same fields. */
  flatMap<P extends Projection>(
    project: (row: R) => readonly { readonly where?: BoolLike; readonly row: P }[],
  ): Stream<RowOf<P>> {
    const place = this.place("flatMap");
    const rows = this.at(place, () => project(this.view_)).map(({ where = true, row }) => ({
      where: bool(where).node,
      values: this.named(place, () => row),
    }));
    if (rows.length === 0) throw this.wrong(place, "it gives no row at all", "Give at least one.");
    const fields = fieldsOfNamed(rows[0].values);
    for (const { values } of rows) this.sameFields(place, fields, fieldsOfNamed(values));
    return this.next({
      kind: "flatMap",
      from: this.step,
      rows,
      ...this.base(place, fields, this.step.changelog),
    });
  }

  /** The rows of both streams, which have the same fields. */
  union(other: Stream<R>): Stream<R> {
    const place = this.place("union");
    this.sameFields(place, this.step.fields, other.step.fields);
    const changelog = this.step.changelog || other.step.changelog;
    return this.next({
      kind: "union",
      inputs: [this.step, other.step],
      ...this.base(place, this.step.fields, changelog),
    });
  }

  /** The rows for which each condition holds, as streams of their own; a row may be in several. */
  split<C extends Readonly<Record<string, (row: R) => BoolLike>>>(
    conditions: C,
  ): { readonly [K in keyof C]: Stream<R> } {
    return Object.fromEntries(
      Object.entries(conditions).map(([name, where]) => [name, this.filter(where)]),
    ) as { readonly [K in keyof C]: Stream<R> };
  }

  /** What belongs together: everything after this works on one key at a time. */
  key<K extends KeyExpr>(key: (row: R) => K): KeyedStream<R, KeyRow<K>> {
    const place = this.place("key");
    const keys = this.at(place, () => namedKeys(key(this.view_)));
    return new KeyedStream(this.draft, this.step, this.view_, keys);
  }

  /** All rows together, as if of one key. */
  all(): KeyedStream<R, Record<never, never>> {
    return new KeyedStream(this.draft, this.step, this.view_, []);
  }

  /** Rows leave the pipeline as messages of the output `name`. */
  to(name: string): Declaration {
    const place = this.place("to");
    checkOutputName(name, place, this.draft);
    const { row, fields, changelog } = this.step;
    const channel = this.draft.ends.length;
    const end: To = { kind: "to", from: this.step, name, channel, place, row, fields, changelog };
    this.draft.ends.push(end);
    return new Declaration(this.draft);
  }

  /** The newest row of each key, to be read by key, by range or in full, and followed as it changes. */
  view(name: string, key?: (row: R) => KeyExpr, { ttl = 0 }: { readonly ttl?: Duration } = {}): Declaration {
    const place = this.place("view");
    checkOutputName(name, place, this.draft);
    const keys = key ? this.at(place, () => namedKeys(key(this.view_))) : this.keysOfView(place);
    const { row, fields, changelog } = this.step;
    const index = this.draft.ends.filter(({ kind }) => kind === "view").length;
    const end: View = {
      kind: "view",
      from: this.step,
      name,
      index,
      channel: this.draft.ends.length,
      keys,
      ttl: micros(ttl, "time to live"),
      place,
      row,
      fields,
      changelog,
    };
    this.draft.ends.push(end);
    return new Declaration(this.draft);
  }

  private keysOfView(place: string): Named[] {
    let step = this.step;
    while (step.kind === "filter") step = step.from;
    const keys = "keys" in step ? step.keys.map(({ name }) => name) : [];
    if (step.kind === "window") keys.push("windowStart");
    if (keys.length === 0) {
      throw this.wrong(place, "it has no key", 'Name one: .view("name", (row) => row.id).');
    }
    return keys.map((name) => {
      const field = step.fields.find((each) => each.name === name)!;
      return { name, node: fieldOf(this.step.row, name, field.type).node };
    });
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

  protected next<T>(step: Step): Stream<T> {
    return new Stream<T>(this.draft, step, rowView(step) as T);
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
}

export interface IntervalOptions {
  /** The other row is at most this much earlier… */
  readonly before?: Duration;
  /** …and at most this much later. */
  readonly after?: Duration;
  readonly type?: JoinKind;
}

export interface BoundsOptions<L> {
  /** The times between which rows of the other side match this row, both included. */
  readonly between: (row: L) => readonly [NumLike, NumLike];
  /** No row's bounds reach further than this from its event time: what state is kept for. */
  readonly retention: Duration;
  readonly type?: JoinKind;
}

/** A stream with a key. K is the key as a row. */
export class KeyedStream<R, K> extends Stream<R> {
  readonly keys: readonly Named[];

  constructor(draft: Draft, step: Step, view: R, keys: readonly Named[]) {
    super(draft, step, view);
    this.keys = keys;
  }

  /** Rows of a key by windows of event time. */
  window(window: WindowSpec): WindowedStream<R, K> {
    const place = this.place("window");
    requireTime(this.step, (state, fix) => this.wrong(place, state, fix), `a ${window.kind} window`);
    return new WindowedStream(this.draft, this.step, this.view_, this.keys, window, {
      lateness: 0,
      policy: "drop",
      earlyEvents: 0,
      earlyEvery: 0,
    });
  }

  /** Aggregates over all rows of a key so far, put out as they change. */
  aggregate<A extends Aggregates<R>>(
    aggregates: A,
    { ttl = 0 }: { readonly ttl?: Duration } = {},
  ): Stream<K & Results<A>> {
    const place = this.place("aggregate");
    const built = this.built(place, aggregates);
    const fields = [...fieldsOfNamed(this.keys), ...built.map(({ name, type }) => ({ name, type }))];
    return this.next({
      kind: "running",
      from: this.step,
      keys: this.keys,
      aggregates: built,
      ttl: micros(ttl, "time to live"),
      ...this.base(place, fields, true),
    });
  }

  /** The best `limit` rows of each key, as they change: `.top(10, (e) => [descending(e.price), e.at])`. */
  top(limit: number, order: (row: R) => OrderExpr | readonly OrderExpr[]): Stream<R>;
  top<N extends string>(
    limit: number,
    order: (row: R) => OrderExpr | readonly OrderExpr[],
    options: { readonly rank: N },
  ): Stream<R & { readonly [P in N]: Num }>;
  top(
    limit: number,
    order: (row: R) => OrderExpr | readonly OrderExpr[],
    { rank }: { readonly rank?: string } = {},
  ): Stream<Rows> {
    const place = this.place("top");
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
      throw this.wrong(place, `the limit is ${limit}`, "Give an integer from 1 to 1000.");
    }
    const fields = [...this.flatFields(place), ...(rank ? [{ name: rank, type: "i64" as const }] : [])];
    const orders = this.orders(place, order);
    const base = this.base(place, fields, true);
    return this.next({ kind: "top", from: this.step, keys: this.keys, limit, order: orders, rank, ...base });
  }

  /** The first row of each key; later ones are duplicates, for as long as `ttl` of event time. */
  first({ ttl = 0 }: { readonly ttl?: Duration } = {}): Stream<R> {
    return this.keep("keep first", "first", [], ttl, false);
  }

  /** The newest row of each key by event time, or by another order; ties go to what came last. */
  latest(
    order?: (row: R) => OrderExpr | readonly OrderExpr[],
    { ttl = 0 }: { readonly ttl?: Duration } = {},
  ): Stream<R> {
    const place = this.place("latest");
    return this.keep(place, "last", order ? this.orders(place, order) : [], ttl, true);
  }

  /** Numbers beside each row, from the rows of its key before it in event time. */
  over<C extends Readonly<Record<string, OverExpr<R>>>>(
    columns: C,
  ): Stream<R & { readonly [P in keyof C]: Num }> {
    const place = this.place("over");
    requireTime(this.step, (state, fix) => this.wrong(place, state, fix), "an over-window");
    const built: OverColumn[] = Object.entries(columns).map(([name, column]) => {
      const node = column.of && this.at(place, () => num(column.of!(this.view_)).node);
      return { name, function: column.function, of: node, type: node?.type ?? "i64", extent: column.extent };
    });
    const fields = [...this.flatFields(place), ...built.map(({ name, type }) => ({ name, type }))];
    return this.next({
      kind: "over",
      from: this.step,
      keys: this.keys,
      columns: built,
      ...this.base(place, fields, this.step.changelog),
    });
  }

  /** Rows of the other stream with the same key and a time near this row's. */
  join<S, P extends Projection>(
    other: KeyedStream<S, unknown>,
    options: IntervalOptions | BoundsOptions<R>,
    project: (left: R, right: S) => P,
  ): Stream<RowOf<P>> {
    const place = this.place("join");
    this.sameKeys(place, other.keys);
    const wrong = (state: string, fix: string) => this.wrong(place, state, fix);
    requireTime(this.step, wrong, "a join of streams");
    requireTime(other.step, wrong, "a join of streams");
    const values = this.named(place, () => project(this.view_, other.row));
    const join = options.type ?? "inner";
    let before: number, after: number, low: Node | undefined, high: Node | undefined;
    if ("between" in options) {
      after = before = micros(options.retention, "retention");
      [low, high] = this.at(place, () => options.between(this.view_).map((bound) => num(bound).node));
      const own = { of: "" } as RowVariable;
      for (const node of [...walk(low!), ...walk(high!)]) {
        if (node.kind === "field" && node.row !== this.step.row && node.row !== own) {
          throw wrong("its bounds look at another row", "They may use fields of the left row alone.");
        }
      }
    } else {
      if (options.before === undefined && options.after === undefined) {
        throw wrong("it has no retention", 'Say how near rows must be: { before: "1h", after: "1h" }.');
      }
      before = micros(options.before ?? 0, "bound");
      after = micros(options.after ?? 0, "bound");
    }
    const changelog = false;
    this.requireAppends(place, this.step, other.step);
    return this.next({
      kind: "intervalJoin",
      left: this.step,
      right: other.step,
      leftKeys: this.keys,
      rightKeys: other.keys,
      join,
      before,
      after,
      low,
      high,
      values,
      ...this.base(place, fieldsOfNamed(values), changelog),
    });
  }

  /** Rows of the other stream with the same key in the same window. */
  joinWindow<S, P extends Projection>(
    other: KeyedStream<S, unknown>,
    window: WindowSpec,
    project: (left: R, right: S, window: Bounds) => P,
    { type: join = "inner" }: { readonly type?: JoinKind } = {},
  ): Stream<RowOf<P>> {
    const place = this.place("joinWindow");
    this.sameKeys(place, other.keys);
    this.requireAppends(place, this.step, other.step);
    if (window.kind !== "aligned") {
      throw this.wrong(
        place,
        `streams cannot be joined by ${window.kind} windows`,
        "Use tumbling or hopping.",
      );
    }
    const base = { place, row: { of: place } };
    const bounds = {
      windowStart: fieldOf(base.row, "windowStart", "i64") as Num,
      windowEnd: fieldOf(base.row, "windowEnd", "i64") as Num,
    };
    const values = this.named(place, () => project(this.view_, other.row, bounds));
    const { size, slide, offset } = window;
    return this.next({
      kind: "windowJoin",
      left: this.step,
      right: other.step,
      leftKeys: this.keys,
      rightKeys: other.keys,
      join,
      size,
      slide,
      offset,
      values,
      ...base,
      fields: fieldsOfNamed(values),
      changelog: false,
    });
  }

  /** The row of the other stream for this key: the newest there is, or the one that held at this row's time. */
  enrich<S, P extends Projection>(
    other: KeyedStream<S, unknown>,
    options: {
      readonly asOf: "latest" | "eventTime";
      readonly history?: Duration;
      readonly type?: "inner" | "left";
    },
    project: (left: R, right: S) => P,
  ): Stream<RowOf<P>> {
    const place = this.place("enrich");
    this.sameKeys(place, other.keys);
    if (options.asOf === "eventTime" && options.history === undefined) {
      throw this.wrong(
        place,
        "it has no retention",
        'Say for how long old versions are kept: { history: "1d" }.',
      );
    }
    const values = this.named(place, () => project(this.view_, other.row));
    return this.next({
      kind: "temporalJoin",
      left: this.step,
      right: other.step,
      leftKeys: this.keys,
      rightKeys: other.keys,
      join: options.type ?? "inner",
      asOf: options.asOf,
      history: micros(options.history ?? 0, "history"),
      values,
      ...this.base(place, fieldsOfNamed(values), this.step.changelog),
    });
  }

  /**
   * Two tables, each the newest row of its key: `orders.joinTable(products, (o) => o.productId, …)`. A change
   * of either side updates every result it is in.
   */
  joinTable<S, P extends Projection>(
    other: KeyedStream<S, unknown>,
    foreign: (left: R) => KeyExpr,
    project: (left: R, right: S) => P,
    { type: join = "inner" }: { readonly type?: "inner" | "left" } = {},
  ): Stream<RowOf<P>> {
    const place = this.place("joinTable");
    const keys = this.at(place, () => namedKeys(foreign(this.view_)));
    this.sameTypes(place, keys, other.keys);
    const values = this.named(place, () => project(this.view_, other.row));
    return this.next({
      kind: "tableJoin",
      left: this.step,
      right: other.step,
      leftPrimary: this.keys,
      rightPrimary: other.keys,
      foreign: keys,
      join,
      values,
      ...this.base(place, fieldsOfNamed(values), true),
    });
  }

  /** Rows of a key that follow each other in event time, all within a duration of the first. */
  pattern<S extends readonly PatternStep<R>[], P extends Projection>(
    steps: S,
    within: Duration,
    project: (matched: { readonly [name: string]: R }) => P,
  ): Stream<RowOf<P>> {
    const place = this.place("pattern");
    requireTime(this.step, (state, fix) => this.wrong(place, state, fix), "a pattern");
    const rows = Object.fromEntries(steps.map(({ name }) => [name, { of: `${place} ${name}` }]));
    const views = Object.fromEntries(
      steps.map(({ name }) => [name, viewOf(rows[name], this.flatFields(place)) as R]),
    );
    const values = this.named(place, () => project(views));
    return this.next({
      kind: "pattern",
      from: this.step,
      keys: this.keys,
      steps: steps.map(({ name, where, absent = false }) => ({
        name,
        row: rows[name],
        where: this.at(place, () => bool(where(this.view_)).node),
        absent,
      })),
      within: micros(within),
      values,
      ...this.base(place, fieldsOfNamed(values), false),
    });
  }

  protected built(place: string, aggregates: Aggregates<R>): NamedAggregate[] {
    return Object.entries(aggregates).map(([name, aggregate]) =>
      this.at(`${place}, "${name}"`, () => ({ name, kind: aggregate.kind, ...aggregate.build(this.view_) }))
    );
  }

  private keep(
    place: string,
    which: "first" | "last",
    order: Order[],
    ttl: Duration,
    changelog: boolean,
  ): Stream<R> {
    const where = place.startsWith(".") ? place : this.place(place);
    return this.next({
      kind: "keep",
      from: this.step,
      keys: this.keys,
      which,
      order,
      ttl: micros(ttl, "time to live"),
      ...this.base(where, this.flatFields(where), changelog),
    });
  }

  private orders(place: string, order: (row: R) => OrderExpr | readonly OrderExpr[]): Order[] {
    return this.at(place, () => [order(this.view_)].flat() as OrderExpr[]).map((each) =>
      each instanceof Descending ? { node: each.of.node, descending: true } : {
        node: (each as AnyValue).node,
        descending: false,
      }
    );
  }

  /** A source's message is stored by its fields only after a map says which. */
  private flatFields(place: string): readonly Field[] {
    if (this.step.fields.length > 0) return this.step.fields;
    throw this.wrong(
      place,
      "its rows are whole messages",
      "Say with map which fields to keep, before .key().",
    );
  }

  private requireAppends(place: string, ...steps: Step[]): void {
    if (!steps.some(({ changelog }) => changelog)) return;
    throw this.wrong(place, "a side is a table whose rows change", "Join tables with joinTable or enrich.");
  }

  private sameKeys(place: string, keys: readonly Named[]): void {
    this.sameTypes(place, this.keys, keys);
  }

  private sameTypes(place: string, keys: readonly Named[], others: readonly Named[]): void {
    const types = (list: readonly Named[]) => list.map(({ node }) => node.type).join(", ");
    if (types(keys) !== types(others)) {
      throw this.wrong(
        place,
        `its keys differ: (${types(keys)}) and (${types(others)})`,
        "Key both sides alike.",
      );
    }
  }
}

interface Firing {
  readonly lateness: number;
  readonly policy: "drop" | "discarding" | "accumulating" | "retracting";
  readonly earlyEvents: number;
  readonly earlyEvery: number;
}

/** A keyed stream by windows. */
export class WindowedStream<R, K> extends KeyedStream<R, K> {
  readonly #window: WindowSpec;
  readonly #firing: Firing;

  constructor(
    draft: Draft,
    step: Step,
    view: R,
    keys: readonly Named[],
    window: WindowSpec,
    firing: Firing,
  ) {
    super(draft, step, view, keys);
    this.#window = window;
    this.#firing = firing;
  }

  /** Keeps windows for a while after their end, for events that come late. */
  late({ allowed, policy = "retracting" }: Lateness): WindowedStream<R, K> {
    return this.#with({ lateness: micros(allowed, "allowed lateness"), policy });
  }

  /** Results before a window is complete. */
  early({ events = 0, every = 0 }: EarlyFiring): WindowedStream<R, K> {
    return this.#with({ earlyEvents: events, earlyEvery: micros(every) });
  }

  override aggregate<A extends Aggregates<R>>(aggregates: A): Stream<K & Bounds & Results<A>> {
    const place = this.place("aggregate");
    const built = this.built(place, aggregates);
    const fields: Field[] = [
      ...fieldsOfNamed(this.keys),
      { name: "windowStart", type: "i64" },
      { name: "windowEnd", type: "i64" },
      ...built.map(({ name, type }) => ({ name, type })),
    ];
    const changelog = this.#firing.policy === "retracting" || this.#firing.earlyEvents > 0 ||
      this.#firing.earlyEvery > 0;
    return this.next({
      kind: "window",
      from: this.step,
      keys: this.keys,
      window: this.#window,
      aggregates: built,
      ...this.#firing,
      ...this.base(place, fields, changelog),
    });
  }

  #with(firing: Partial<Firing>): WindowedStream<R, K> {
    return new WindowedStream(this.draft, this.step, this.view_, this.keys, this.#window, {
      ...this.#firing,
      ...firing,
    });
  }
}

/** An order by a value, ascending unless `descending`. */
export type OrderExpr = AnyValue | Descending;

export class Descending {
  readonly of: AnyValue;
  constructor(of: AnyValue) {
    this.of = of;
  }
}

export function descending(of: AnyValue): Descending {
  return new Descending(of);
}

export interface PatternStep<R> {
  readonly name: string;
  readonly where: (row: R) => BoolLike;
  /** No such row may come between the step before and the end. */
  readonly absent?: boolean;
}

export interface OverExpr<R> {
  readonly function: OverColumn["function"];
  readonly of?: (row: R) => NumLike;
  readonly extent: number;
}

/** 1, 2, 3 … in event time. */
export function rowNumber<R>(): OverExpr<R> {
  return { function: "rowNumber", extent: 0 };
}

/** The value `rows` rows before; 0 where there is none. */
export function lag<R>(of: (row: R) => NumLike, rows = 1): OverExpr<R> {
  return { function: "lag", of, extent: rows };
}

/** The sum over this row and those up to `range` of event time before it. */
export function sumOver<R>(of: (row: R) => NumLike, range: Duration): OverExpr<R> {
  return { function: "sumRange", of, extent: micros(range, "range") };
}

/** The sum over this row and the `rows` before it. */
export function sumOverRows<R>(of: (row: R) => NumLike, rows: number): OverExpr<R> {
  return { function: "sumRows", of, extent: rows };
}

export function countOver<R>(range: Duration): OverExpr<R> {
  return { function: "countRange", extent: micros(range, "range") };
}

/** Expressions over the fields that a step gives. */
export function rowView(step: Step): Row {
  return viewOf(step.row, step.fields);
}

function viewOf(row: RowVariable, fields: readonly Field[]): Row {
  return Object.fromEntries(fields.map(({ name, type }) => [name, fieldOf(row, name, type)]));
}

function namedKeys(key: KeyExpr): Named[] {
  if (!(key instanceof Value)) {
    return Object.entries(key).map(([name, value]) => ({ name, node: valueOf(value).node }));
  }
  const { node } = key;
  const name = node.kind === "field" ? node.name.slice(node.name.lastIndexOf(".") + 1) : "key";
  return [{ name, node }];
}

function fieldsOfNamed(values: readonly Named[]): Field[] {
  return values.map(({ name, node }) => ({ name, type: node.type }));
}

function requireTime(step: Step, wrong: (state: string, fix: string) => Error, what: string): void {
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

function checkOutputName(name: string, place: string, draft: Draft): void {
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

export type { DescMessage };
