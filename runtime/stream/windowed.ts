/** Keyed streams by windows: what is told of a window, and when. */
import { type Aggregates, type Bounds, type Draft, fieldsOfNamed, type Results, Rows } from "./base.ts";
import { fieldOf, walk } from "./expr.ts";
import { type Field, inEventTime, type Named, type NamedAggregate, type Step } from "./plan.ts";
import { type Stream, streamOf } from "./stream.ts";
import { type EarlyFiring, type Lateness, micros, type WindowSpec } from "./windows.ts";

interface Firing {
  readonly lateness: number;
  readonly policy: "drop" | "discarding" | "accumulating" | "retracting";
  readonly earlyEvents: number;
  readonly earlyEvery: number;
}

/** A keyed stream by windows. */
export class WindowedStream<R, K> extends Rows<R> {
  readonly #keys: readonly Named[];
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
    super(draft, step, view);
    this.#keys = keys;
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

  aggregate<A extends Aggregates<R>>(aggregates: A): Stream<K & Bounds & Results<A>> {
    const place = this.place("aggregate");
    const built = this.built(place, aggregates);
    const fields: Field[] = [
      ...fieldsOfNamed(this.#keys),
      { name: "windowStart", type: "i64" },
      { name: "windowEnd", type: "i64" },
      ...built.map(({ name, type }) => ({ name, type })),
    ];
    const { earlyEvents, earlyEvery } = this.#firing, early = earlyEvents > 0 || earlyEvery > 0;
    // What was told early is taken back by the next result, unless the declaration says otherwise.
    const policy = this.#firing.policy === "drop" && early ? "retracting" : this.#firing.policy;
    const again = early && overlaps(this.#window);
    if (again && policy === "discarding") {
      throw this.wrong(
        place,
        "windows that overlap share what came, and cannot tell early what came since",
        'Use the policy "retracting" or "accumulating".',
      );
    }
    const told = streamOf<K & Bounds & Results<A>>(this.draft, {
      kind: "window",
      from: this.#inOrder(place, built),
      keys: this.#keys,
      window: this.#window,
      aggregates: built,
      ...this.#firing,
      policy: again ? "accumulating" : policy,
      ...this.base(place, fields, policy === "retracting" && !again),
    });
    return again && policy === "retracting" ? this.#newest(told, place, fields) : told;
  }

  /** Of each window the result that was told last: each takes back the one before. */
  #newest<T>({ step }: Stream<T>, place: string, fields: readonly Field[]): Stream<T> {
    const names = [...this.#keys.map(({ name }) => name), "windowStart", "windowEnd"];
    const keys = names.map((name) => {
      const { type } = fields.find((field) => field.name === name)!;
      return { name, node: fieldOf(step.row, name, type).node };
    });
    const base = this.base(place, fields, true);
    // Nothing comes of a window behind the time that the step before holds back.
    return streamOf(this.draft, {
      kind: "keep",
      from: step,
      keys,
      which: "last",
      order: [],
      ttl: 1,
      wait: 0,
      ...base,
    });
  }

  /** Where the answer would depend on the order in which rows come, they are put in that of their time. */
  #inOrder(place: string, aggregates: readonly NamedAggregate[]): Step {
    const { kind } = this.#window, { step } = this;
    if (kind !== "count" && (kind !== "session" || this.#window.max === 0)) return step;
    const nodes = [
      ...this.#keys.map(({ node }) => node),
      ...aggregates.flatMap(({ of, where }) => [of, where]),
    ];
    const kept = new Map<string, Field>();
    for (const node of nodes.flatMap((each) => each ? [...walk(each)] : [])) {
      if (node.kind === "field" && node.row === step.row) {
        kept.set(node.name, { name: node.name, type: node.type });
      }
    }
    const fields = [...kept.values()].sort((a, b) => a.name < b.name ? -1 : 1);
    return inEventTime(step, place, fields, kind === "session");
  }

  #with(firing: Partial<Firing>): WindowedStream<R, K> {
    return new WindowedStream(this.draft, this.step, this.view_, this.#keys, this.#window, {
      ...this.#firing,
      ...firing,
    });
  }
}

/** Whether a row may be in several windows. */
function overlaps(window: WindowSpec): boolean {
  return window.kind === "cumulative" || window.kind === "aligned" && window.slide < window.size;
}
