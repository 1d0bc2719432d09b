/** Keyed streams by windows: what is told of a window, and when. */
import { type Aggregates, type Bounds, type Draft, fieldsOfNamed, type Results, Rows } from "./base.ts";
import { type Field, inputsOf, type Named, type NamedAggregate, type Ordered, type Step } from "./plan.ts";
import { walk } from "./expr.ts";
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
    const changelog = this.#firing.policy === "retracting" || this.#firing.earlyEvents > 0 ||
      this.#firing.earlyEvery > 0;
    return streamOf(this.draft, {
      kind: "window",
      from: this.#inOrder(place, built),
      keys: this.#keys,
      window: this.#window,
      aggregates: built,
      ...this.#firing,
      ...this.base(place, fields, changelog),
    });
  }

  /** Where the answer would depend on the order in which rows come, they are put in that of their time. */
  #inOrder(place: string, aggregates: readonly NamedAggregate[]): Step {
    const { kind } = this.#window, { step } = this;
    const ordered = kind === "count" || kind === "session" && this.#window.max > 0;
    if (!ordered || step.changelog || !isDisordered(step)) return step;
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
    const { row, fields, changelog } = step;
    const from: Ordered = {
      kind: "ordered",
      from: step,
      kept: [...kept.values()].sort((a, b) => a.name < b.name ? -1 : 1),
      passesLate: kind === "session",
      place,
      row,
      fields,
      changelog,
    };
    return from;
  }

  #with(firing: Partial<Firing>): WindowedStream<R, K> {
    return new WindowedStream(this.draft, this.step, this.view_, this.#keys, this.#window, {
      ...this.#firing,
      ...firing,
    });
  }
}

/** Whether rows may come in another order than that of their event time. */
function isDisordered(step: Step): boolean {
  if (step.kind === "source") return step.time !== undefined && (step.disorder > 0 || step.fed !== undefined);
  return inputsOf(step).some(isDisordered);
}
