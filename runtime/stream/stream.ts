/**
 * How a pipeline is declared: streams of rows, and what is done with them. Each call adds a step to the plan
 * and checks what can be checked; nothing runs here.
 */
import type { DescMessage } from "@bufbuild/protobuf";
import {
  checkOutputName,
  Declaration,
  type Draft,
  fieldsOfNamed,
  type KeyExpr,
  type KeyRow,
  namedKeys,
  type Projection,
  type RowOf,
  Rows,
  rowView,
} from "./base.ts";
import { RejectReason } from "../proto/gen/frame_pb.ts";
import { bool, type BoolLike, fieldOf } from "./expr.ts";
import { KeyedStream } from "./keyed.ts";
import { addLookup, type LookedUp, type LookupKey, type LookupOptions, type LookupSource } from "./lookup.ts";
import type { Named, Step, To, View } from "./plan.ts";
import { type Duration, micros } from "./windows.ts";

/** Rows in event time. R is the shape of one row, as expressions see it. */
export class Stream<R> extends Rows<R> {
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

  /**
   * What must hold of an event: one for which it does not is rejected with the reason, a dead letter. Reasons
   * are those of every kernel, by name.
   */
  require(reason: keyof typeof RejectReason, where: (row: R) => BoolLike): Stream<R> {
    const place = this.place("require");
    const node = this.at(place, () => bool(where(this.view_)).node);
    const { row, fields, changelog } = this.step;
    const base = { place, row, fields, changelog };
    return new Stream(
      this.draft,
      { kind: "filter", from: this.step, where: node, reason: RejectReason[reason], ...base },
      this.view_,
    );
  }

  /** The same, said of results. */
  having(where: (row: R) => BoolLike): Stream<R> {
    return this.filter(where);
  }

  /**
   * Directly behind a source: each event with the row that its key has outside, as field `name`. What was
   * answered is recorded with the event, so that a replay asks nobody.
   */
  lookup<N extends string, D extends DescMessage, K extends LookupKey>(
    name: N,
    source: LookupSource<D, K>,
    options: LookupOptions<R, K>,
  ): Stream<LookedUp<R, N, D>> {
    const place = this.place(`lookup "${name}"`);
    const view = addLookup(
      this.draft,
      this.step,
      this.view_,
      name,
      source as unknown as LookupSource,
      options as unknown as LookupOptions<never, LookupKey>,
      place,
    ) as LookedUp<R, N, D>;
    const stream = new Stream(this.draft, this.step, view);
    if (options.kind !== "inner") return stream;
    return stream.filter((row) => (row as Readonly<Record<string, BoolLike>>)[`${name}Found`]);
  }

  /** Other fields in place of these. */
  map<P extends Projection>(project: (row: R) => P): Stream<RowOf<P>> {
    const place = this.place("map");
    const values = this.named(place, () => project(this.view_));
    const base = this.base(place, fieldsOfNamed(values), this.step.changelog);
    return streamOf(this.draft, { kind: "map", from: this.step, values, ...base });
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
    return streamOf(this.draft, {
      kind: "flatMap",
      from: this.step,
      rows,
      ...this.base(place, fields, this.step.changelog),
    });
  }

  /** The rows of both streams, which have the same fields. */
  union(other: Stream<R>): Stream<R> {
    const place = this.place("union");
    if (this.step.fields.length === 0 || other.step.fields.length === 0) {
      throw this.wrong(
        place,
        "its rows are whole messages",
        "Say with map which fields each side has: a.map((e) => ({ key: e.key })).union(b.map(…)).",
      );
    }
    this.sameFields(place, this.step.fields, other.step.fields);
    const changelog = this.step.changelog || other.step.changelog;
    return streamOf(this.draft, {
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

  /**
   * Rows leave the pipeline as messages of the output `name`. `corrected`: the messages can say that a row is taken
   * back, though nothing here does so, for `millrace late --reapply --write`.
   */
  to(name: string, { corrected = false }: { readonly corrected?: boolean } = {}): Declaration<R> {
    const place = this.place("to");
    checkOutputName(name, place, this.draft);
    const { row, fields, changelog } = this.step;
    const channel = this.draft.ends.length;
    const told = changelog || corrected && fields.length > 0;
    const end: To = { kind: "to", from: this.step, name, channel, place, row, fields, changelog: told };
    this.draft.ends.push(end);
    return new Declaration<R>(this.draft);
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
}

/** The rows of a step as a stream. */
export function streamOf<T>(draft: Draft, step: Step): Stream<T> {
  return new Stream<T>(draft, step, rowView(step) as T);
}
