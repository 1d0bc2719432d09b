/** Streams with a key: windows, aggregates, joins, and rows of a key compared with each other. */
import {
  type Aggregates,
  type Bounds,
  type Draft,
  fieldsOfNamed,
  type KeyExpr,
  namedKeys,
  type Projection,
  requireTime,
  type Results,
  type RowOf,
  Rows,
  type Sides,
  sidesOf,
  viewOf,
} from "./base.ts";
import { type DecideOptions, decideStep, type FiguresOf, type Judgement, type Rules } from "./decide.ts";
import { Descending, type FigureExpr, type OrderExpr, type OverExpr, type PatternStep } from "./columns.ts";
import {
  type AnyValue,
  type Bool,
  bool,
  fieldOf,
  type Node,
  type Num,
  num,
  type NumLike,
  walk,
} from "./expr.ts";
import {
  type Field,
  inEventTime,
  type JoinKind,
  type Named,
  type Order,
  type OverColumn,
  type Step,
} from "./plan.ts";
import { type Stream, streamOf } from "./stream.ts";
import { WindowedStream } from "./windowed.ts";
import { type Duration, micros, type WindowSpec } from "./windows.ts";

// deno-lint-ignore no-explicit-any
type AnyRows = any;

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
export class KeyedStream<R, K> extends Rows<R> {
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
    return streamOf(this.draft, {
      kind: "running",
      from: this.step,
      keys: this.keys,
      aggregates: built,
      ttl: micros(ttl, "time to live"),
      ...this.base(place, fields, true),
    });
  }

  /**
   * The best `limit` rows of each key, as they change: `.top(10, (e) => [descending(e.price), e.at])`. After
   * `ttl` of event time without a row a key is forgotten, and what was told of it stands: so the leaders of each
   * window are `.key((w) => w.windowStart).top(10, …, { ttl: "1h" })`, with a ttl beyond any allowed lateness.
   */
  top(
    limit: number,
    order: (row: R) => OrderExpr | readonly OrderExpr[],
    options?: { readonly ttl?: Duration },
  ): Stream<R>;
  top<N extends string>(
    limit: number,
    order: (row: R) => OrderExpr | readonly OrderExpr[],
    options: { readonly rank: N; readonly ttl?: Duration },
  ): Stream<R & { readonly [P in N]: Num }>;
  top(
    limit: number,
    order: (row: R) => OrderExpr | readonly OrderExpr[],
    { rank, ttl = 0 }: { readonly rank?: string; readonly ttl?: Duration } = {},
  ): Stream<AnyRows> {
    const place = this.place("top");
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
      throw this.wrong(place, `the limit is ${limit}`, "Give an integer from 1 to 1000.");
    }
    const fields = [...this.flatFields(place), ...(rank ? [{ name: rank, type: "i64" as const }] : [])];
    const orders = this.orders(place, order);
    const base = this.base(place, fields, true);
    return streamOf(this.draft, {
      kind: "top",
      from: this.step,
      keys: this.keys,
      limit,
      order: orders,
      rank,
      ttl: micros(ttl, "time to live"),
      ...base,
    });
  }

  /**
   * The first row of each key by event time; later ones are duplicates, for as long as `ttl` of event time. It is
   * told when the watermark has passed it, or with `as: "it comes"` the first to arrive, at once.
   */
  first({ ttl = 0, as }: { readonly ttl?: Duration; readonly as?: "it comes" } = {}): Stream<R> {
    const place = this.place("first");
    const fields = this.flatFields(place);
    const from = as === "it comes" ? this.step : inEventTime(this.step, place, fields, true);
    return streamOf(this.draft, {
      kind: "keep",
      from,
      keys: this.keys,
      which: "first",
      order: [],
      ttl: micros(ttl, "time to live"),
      wait: 0,
      ...this.base(place, fields, false),
    });
  }

  /** The newest row of each key by event time, or by another order; ties go to what came last. */
  latest(
    order?: (row: R) => OrderExpr | readonly OrderExpr[],
    { ttl = 0 }: { readonly ttl?: Duration } = {},
  ): Stream<R> {
    const place = this.place("latest");
    return this.keep(place, "last", order ? this.orders(place, order) : [], ttl, true);
  }

  /**
   * The row of each key that comes first in an order, told once: when event time has passed it by `after`.
   * Rows of the key that come later than that begin it anew.
   */
  best(
    order: (row: R) => OrderExpr | readonly OrderExpr[],
    { after }: { readonly after: Duration },
  ): Stream<R> {
    const place = this.place("best");
    requireTime(this.step, (state, fix) => this.wrong(place, state, fix), "the best row of a time");
    this.requireAppends(place, this.step);
    return this.keep(place, "best", this.orders(place, order), after, false, micros(after, "wait"));
  }

  /** Numbers beside each row, from the rows of its key before it in event time. */
  over<C extends Readonly<Record<string, OverExpr<R>>>>(
    columns: C,
    { ttl = 0 }: { readonly ttl?: Duration } = {},
  ): Stream<R & { readonly [P in keyof C]: Num }> {
    const place = this.place("over");
    requireTime(this.step, (state, fix) => this.wrong(place, state, fix), "an over-window");
    const built: OverColumn[] = Object.entries(columns).map(([name, column]) => {
      const node = column.of && this.at(place, () => num(column.of!(this.view_)).node);
      return { name, function: column.function, of: node, type: node?.type ?? "i64", extent: column.extent };
    });
    const fields = [...this.flatFields(place), ...built.map(({ name, type }) => ({ name, type }))];
    return streamOf(this.draft, {
      kind: "over",
      from: this.step,
      keys: this.keys,
      columns: built,
      ttl: micros(ttl, "time to live"),
      ...this.base(place, fields, this.step.changelog),
    });
  }

  /** Rows of the other stream with the same key and a time near this row's. */
  join<S, P extends Projection>(
    other: KeyedStream<S, unknown>,
    options: IntervalOptions | BoundsOptions<R>,
    project: (left: R, right: S, there: Sides) => P,
  ): Stream<RowOf<P>> {
    const place = this.place("join");
    this.sameKeys(place, other.keys);
    const wrong = (state: string, fix: string) => this.wrong(place, state, fix);
    requireTime(this.step, wrong, "a join of streams");
    requireTime(other.step, wrong, "a join of streams");
    const row = { of: place };
    const values = this.named(place, () => project(this.view_, other.row, sidesOf(row)));
    const join = options.type ?? "inner";
    let before: number, after: number, low: Node | undefined, high: Node | undefined;
    if ("between" in options) {
      after = before = micros(options.retention, "retention");
      [low, high] = this.at(place, () => options.between(this.view_).map((bound) => num(bound).node));
      for (const node of [...walk(low!), ...walk(high!)]) {
        if (node.kind === "field" && node.row !== this.step.row) {
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
    return streamOf(this.draft, {
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
      row,
    });
  }

  /** Rows of the other stream with the same key in the same window. */
  joinWindow<S, P extends Projection>(
    other: KeyedStream<S, unknown>,
    window: WindowSpec,
    project: (left: R, right: S, window: Bounds & Sides) => P,
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
      ...sidesOf(base.row),
      windowStart: fieldOf(base.row, "windowStart", "i64") as Bounds["windowStart"],
      windowEnd: fieldOf(base.row, "windowEnd", "i64") as Bounds["windowEnd"],
    };
    const values = this.named(place, () => project(this.view_, other.row, bounds));
    const { size, slide, offset } = window;
    return streamOf(this.draft, {
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
    project: (left: R, right: S, there: Sides) => P,
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
    const row = { of: place };
    const values = this.named(place, () => project(this.view_, other.row, sidesOf(row)));
    return streamOf(this.draft, {
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
      row,
    });
  }

  /**
   * Two tables, each the newest row of its key: `orders.joinTable(products, (o) => o.productId, …)`. A change
   * of either side updates every result it is in.
   */
  joinTable<S, P extends Projection>(
    other: KeyedStream<S, unknown>,
    foreign: (left: R) => KeyExpr,
    project: (left: R, right: S, there: Sides) => P,
    { type: join = "inner" }: { readonly type?: "inner" | "left" } = {},
  ): Stream<RowOf<P>> {
    const place = this.place("joinTable");
    const keys = this.at(place, () => namedKeys(foreign(this.view_)));
    this.sameTypes(place, keys, other.keys);
    const row = { of: place };
    const values = this.named(place, () => project(this.view_, other.row, sidesOf(row)));
    return streamOf(this.draft, {
      kind: "tableJoin",
      left: this.step,
      right: other.step,
      leftPrimary: this.keys,
      rightPrimary: other.keys,
      foreign: keys,
      join,
      values,
      ...this.base(place, fieldsOfNamed(values), true),
      row,
    });
  }

  /**
   * One row for each step of event time: the last row of the key in it, or, where there is none, the one before
   * it again, for at most `most` steps. `stepStart` says the step, `filled` whether the row is an earlier one's.
   */
  fillGaps(
    every: Duration,
    { most }: { readonly most: number },
  ): Stream<R & { readonly stepStart: Num; readonly filled: Bool }> {
    const place = this.place("fillGaps");
    requireTime(this.step, (state, fix) => this.wrong(place, state, fix), "filling gaps");
    if (!Number.isInteger(most) || most < 1) {
      throw this.wrong(
        place,
        `most is ${most}`,
        "Give the steps that a silent key goes on, an integer from 1 on.",
      );
    }
    const fields: Field[] = [
      ...this.flatFields(place),
      { name: "stepStart", type: "i64" },
      { name: "filled", type: "bool" },
    ];
    const step = micros(every, "step");
    const base = this.base(place, fields, false);
    return streamOf(this.draft, {
      kind: "gapFill",
      from: this.step,
      keys: this.keys,
      every: step,
      most,
      ...base,
    });
  }

  /**
   * Answers each event by rules over what its key has done, at once, in the order in which events come. Each
   * rule that applies is a reason of the decision; the strictest verdict stands. Rules may be a function of the
   * figures: what is computed there once is shared by all of them.
   */
  decide<F extends Readonly<Record<string, FigureExpr<R>>>, X = unknown>(
    figures: F,
    rules:
      | Rules<R, FiguresOf<F> & X>
      | ((figures: FiguresOf<F> & X, row: R) => Judgement<R, FiguresOf<F> & X>),
    options: DecideOptions<X> = {},
  ): Stream<K & FiguresOf<F> & { readonly verdict: Num }> {
    const place = this.place("decide");
    const given = { place, step: this.step, view: this.view_, keys: this.keys };
    return streamOf(this.draft, this.at(place, () => decideStep(given, figures, rules, options)));
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
    return streamOf(this.draft, {
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

  private keep(
    place: string,
    which: "first" | "last" | "best",
    order: Order[],
    ttl: Duration,
    changelog: boolean,
    wait = 0,
  ): Stream<R> {
    const where = place.startsWith(".") ? place : this.place(place);
    return streamOf(this.draft, {
      kind: "keep",
      from: this.step,
      keys: this.keys,
      which,
      order,
      ttl: micros(ttl, "time to live"),
      wait,
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
