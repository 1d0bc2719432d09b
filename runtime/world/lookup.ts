/**
 * Something outside that events are looked up in: a table, a service. The world out there answers differently
 * at different times, so what it answered is recorded with the event, before a kernel sees it; a replay asks
 * nobody. runtime/ingress/lookup.ts asks; adapters and users' functions answer.
 */
import type { DescField, DescMessage, MessageInitShape } from "@bufbuild/protobuf";

/** An integer of the row is a bigint, text a string. */
export type LookupKey = bigint | string;

/** Rows by their keys, or rows that hold their keys themselves. A key without a row is one that has none. */
export type LookupRows<D extends DescMessage = DescMessage, K extends LookupKey = LookupKey> =
  | ReadonlyMap<K, MessageInitShape<D>>
  | Iterable<MessageInitShape<D>>;

/**
 * Rows for keys. Called for each key once at a time, with at most a batch of them. The signal is aborted when
 * the answer is waited for no longer: whoever goes on after that holds a call that nobody counts. A rejection
 * is a failure of all its keys, which are asked for again.
 */
export type Load<D extends DescMessage = DescMessage, K extends LookupKey = LookupKey> = (
  keys: readonly K[],
  signal: AbortSignal,
) => Promise<LookupRows<D, K>>;

/** What a declaration looks events up in. */
export interface LookupSource<D extends DescMessage = DescMessage, K extends LookupKey = LookupKey> {
  /** For status, metrics and messages. */
  readonly name: string;
  readonly message: D;
  /** The field of the row that is its key. */
  readonly key: { readonly field: DescField; readonly type: "i64" | "text" };
  readonly from:
    | { readonly kind: "load"; readonly load: Load<D, K> }
    /** All of them: nothing is asked. */
    | { readonly kind: "rows"; readonly rows: LookupRows<D, K> }
    /** Opened by whoever starts the topology. */
    | { readonly kind: "place"; readonly place: LookupPlace };
}

/** An address, and what its kind asks for beside it. */
export interface LookupPlace {
  /** postgres:…, sqlite:…, https:…, file:…; or $NAME, a variable of the environment that says so. */
  readonly address: string;
  /** Of a database. */
  readonly table?: string;
  /** Columns by the names of fields, where they are others. */
  readonly columns?: Readonly<Record<string, string>>;
  /** Of an endpoint; a value may be $NAME. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A source, opened. */
export interface OpenedLookup {
  /** For messages to people: "postgres 127.0.0.1:5432/shop customers". */
  readonly name: string;
  /** Where it was read wholly. Else `load` answers. */
  readonly rows?: LookupRows;
  readonly load?: Load;
  close?(): Promise<void>;
}

/** Opens what lies at a place; chosen by whoever starts. */
export type OpenLookup = (source: LookupSource, place: LookupPlace) => Promise<OpenedLookup>;
