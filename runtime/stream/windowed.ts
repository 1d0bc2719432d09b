/** Keyed streams by windows: what is told of a window, and when. */
import { type Aggregates, type Bounds, type Draft, fieldsOfNamed, type Results, Rows } from "./base.ts";
import type { Field, Named, Step } from "./plan.ts";
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
      from: this.step,
      keys: this.#keys,
      window: this.#window,
      aggregates: built,
      ...this.#firing,
      ...this.base(place, fields, changelog),
    });
  }

  #with(firing: Partial<Firing>): WindowedStream<R, K> {
    return new WindowedStream(this.draft, this.step, this.view_, this.#keys, this.#window, {
      ...this.#firing,
      ...firing,
    });
  }
}
