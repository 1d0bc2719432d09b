/**
 * Lookups: what is known outside of something that an event names, recorded beside the event before a kernel
 * sees it (runtime/ingress/lookup.ts). Here is how they are declared. What was found is a message within the
 * event, under a number that its name gives, so that declarations may change around it.
 */
import type { DescMessage } from "@bufbuild/protobuf";
import type { LookupSpec, Pipeline } from "../declare.ts";
import { fnv1a32 } from "../ingress/partition.ts";
import type { Load, LookupKey, LookupPlace, LookupRows, LookupSource } from "../world/lookup.ts";
import type { Draft } from "./base.ts";
import { type Bool, type NumLike, type RowVariable, Text, type TextLike, Value, valueOf } from "./expr.ts";
import { type FieldsOf, fieldsOf, resolvePath } from "./fields.ts";
import { hostKey } from "./lookup_key.ts";
import { widened } from "./lookup_message.ts";
import type { Lookup, Plan, Source, Step } from "./plan.ts";
import { type Duration, micros } from "./windows.ts";

type KeyOf<V> = V extends Text<string> ? string : bigint;
// deno-lint-ignore no-explicit-any
type KeyValue = Value<any>;

interface Keyed<D extends DescMessage, V> {
  /** For status, metrics and messages. Default: the message's name. */
  readonly name?: string;
  /** The field of a row that is its key: an integer or text. */
  readonly key: (row: FieldsOf<D>) => V;
}

/** A function that answers for many keys at once. */
export function lookupSource<D extends DescMessage, V extends KeyValue>(
  message: D,
  options: Keyed<D, V> & { readonly load: Load<D, KeyOf<V>> },
): LookupSource<D, KeyOf<V>> {
  return sourceOf(message, options, { kind: "load", load: options.load });
}

/** All rows there are. */
export function lookupTable<D extends DescMessage, V extends KeyValue>(
  message: D,
  options: Keyed<D, V> & { readonly rows: LookupRows<D, KeyOf<V>> },
): LookupSource<D, KeyOf<V>> {
  return sourceOf(message, options, { kind: "rows", rows: options.rows });
}

/**
 * What lies at an address: a table of PostgreSQL (`postgres://…`) or SQLite (`sqlite:shop.db`), an endpoint
 * (`https://…`), a file that is read wholly at start (`file:tiers.csv`, `.ndjson`). `$NAME` is a variable of
 * the environment that holds the address.
 */
export function lookupAt<D extends DescMessage, V extends KeyValue>(
  message: D,
  address: string,
  options: Keyed<D, V> & Omit<LookupPlace, "address">,
): LookupSource<D, KeyOf<V>> {
  const { table, columns, headers } = options;
  return sourceOf(message, options, { kind: "place", place: { address, table, columns, headers } });
}

function sourceOf<D extends DescMessage, V extends KeyValue>(
  message: D,
  { name = message.name, key }: Keyed<D, V>,
  from: LookupSource<D, KeyOf<V>>["from"],
): LookupSource<D, KeyOf<V>> {
  const wrong = (state: string) =>
    new TypeError(
      `Cannot look up ${message.typeName}: ${state}. Give its key as a field of it that is an integer or a ` +
        "string: key: (row) => row.id.",
    );
  const { node } = key(fieldsOf(message, { of: name })) as Value;
  if (node.kind !== "field" || node.name.includes(".")) throw wrong("its key is no field of the row");
  const [field] = resolvePath(message, node.name);
  if (field.oneof) throw wrong("its key is one of several fields");
  if (node.type !== "i64" && node.type !== "text") throw wrong(`its key is of type ${node.type}`);
  return { name, message, key: { field, type: node.type }, from };
}

export interface LookupOptions<R, K extends LookupKey> {
  /** The key that an event names: a field of it, or integers and text made of its fields. */
  readonly key: (row: R) => K extends bigint ? NumLike : TextLike;
  /** `left` (default): events without a row stay. `inner`: they go no further. */
  readonly kind?: "left" | "inner";
  /** How long an answer is taken for true. Default 1 minute. */
  readonly ttl?: Duration;
  /** The same of the answer that there is no row. Default: as `ttl`. */
  readonly absentTtl?: Duration;
  /** Most answers that are remembered. Default 100,000. */
  readonly cache?: number;
  /** Most bytes that they take. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** Most keys of one call. Default 256. */
  readonly batch?: number;
  /** How long a key waits for others to be asked with. Default 2 ms. */
  readonly wait?: Duration;
  /** How long an event, or where it is to be asked again a call, waits for an answer. Default 1 s. */
  readonly timeout?: Duration;
  /**
   * What becomes of an event that has no answer in time. `retry` (default): it waits, with all that came after
   * it in its partition, and the key is asked for again and again. `null`: it goes on without a row, and says
   * so. `dead-letter`: it is kept as one, and can be driven again.
   */
  readonly fallback?: "retry" | "null" | "dead-letter";
  /** Most events of a partition that wait; beyond them senders are told to come later. Default 8192. */
  readonly waiting?: number;
}

/** A row with what was looked up: its fields, whether there is one, and whether there was no answer in time. */
export type LookedUp<R, N extends string, D extends DescMessage> =
  & R
  & { readonly [K in N]: FieldsOf<D> }
  & { readonly [K in `${N}Found`]: Bool<K> }
  & { readonly [K in `${N}TimedOut`]: Bool<K> };

const DEFAULTS = {
  ttl: "1m",
  entriesMax: 100_000,
  bytesMax: 64 << 20,
  batchMax: 256,
  wait: "2ms",
  timeout: "1s",
  fallback: "retry",
  waitingMax: 8192,
} as const;

/** Numbers of fields for what is looked up: above any that people give, four for each. */
const FIELDS_FROM = 100_000_000;
const NAMES = 10_000_000;

/** Adds a lookup to a source, whose message it widens; the row as expressions see it from here on. */
export function addLookup(
  draft: Draft,
  step: Step,
  row: unknown,
  name: string,
  source: LookupSource,
  options: LookupOptions<never, LookupKey>,
  place: string,
): unknown {
  const wrong = (state: string, fix: string, cause?: unknown) =>
    new TypeError(`Cannot compile pipeline "${draft.name}" (${place}): ${state}. ${fix}`, { cause });
  if (step.kind !== "source") {
    throw wrong(
      "it does not stand behind a source",
      "What is looked up is recorded with the event: put .lookup(…) directly behind the source.",
    );
  }
  if (step.changelog) {
    throw wrong(
      "rows of its source may be taken back, and would come back with another answer",
      "Look up in the pipeline before, where the rows are made.",
    );
  }
  if (!/^[a-z][A-Za-z0-9]{0,31}$/.test(name)) {
    throw wrong(`"${name}" is no name`, 'Use letters and digits, such as "customer".');
  }
  const { message } = step;
  const taken = [name, `${name}Found`, `${name}TimedOut`]
    .find((each) => message.fields.some(({ localName }) => localName === each));
  if (taken) throw wrong(`${message.typeName} has a field "${taken}"`, "Give the lookup another name.");
  const node = keyNode(step, row, options, source, wrong);
  const found: Lookup = {
    name,
    place,
    source,
    key: node,
    field: FIELDS_FROM + (fnv1a32(new TextEncoder().encode(name), name.length) % NAMES) * 4,
    kind: options.kind ?? "left",
    ...settings(options, wrong),
  };
  const lookups = [...step.lookups ?? [], found];
  if (lookups.some((each) => each !== found && each.field === found.field)) {
    throw wrong(`"${name}" falls on the number of another lookup`, "Give the lookup another name.");
  }
  const own = step as { -readonly [K in keyof Source]: Source[K] };
  own.lookups = lookups;
  own.plain ??= message;
  try {
    own.message = widened(own.plain, [{ message: own.plain, lookups }]);
  } catch (cause) {
    throw wrong((cause as Error).message, "Put the row's message into a file of its own.", cause);
  }
  return fieldsOf(own.message, step.row);
}

type Wrong = (state: string, fix: string, cause?: unknown) => TypeError;

function keyNode(
  { message, lookups = [], row: variable }: Source,
  row: unknown,
  options: LookupOptions<never, LookupKey>,
  source: LookupSource,
  wrong: Wrong,
) {
  const { type } = source.key;
  try {
    const { node } = valueOf(options.key(row as never) as never);
    if (node.type !== type) {
      throw new TypeError(
        `the key is of type ${node.type}, and ${source.name} is keyed by ` +
          `${source.message.typeName}.${source.key.field.localName} of type ${type}. Give one of that type`,
      );
    }
    hostKey(node, message, variable, lookups.map(({ name }) => name)); // tells what cannot be evaluated
    return node;
  } catch (cause) {
    const { message: state } = cause as Error;
    throw wrong(state, "A key is a field of the event, or made of its fields.", cause);
  }
}

function settings(options: LookupOptions<never, LookupKey>, wrong: Wrong) {
  const whole = (what: string, value: number, least: number) => {
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw wrong(`${what} is ${value}`, `Give a whole number of at least ${least}.`);
  };
  const ttl = micros(options.ttl ?? DEFAULTS.ttl, "ttl");
  return {
    ttl,
    absentTtl: options.absentTtl === undefined ? ttl : micros(options.absentTtl, "ttl"),
    entriesMax: whole("cache", options.cache ?? DEFAULTS.entriesMax, 0),
    bytesMax: whole("cacheBytes", options.cacheBytes ?? DEFAULTS.bytesMax, 0),
    batchMax: whole("batch", options.batch ?? DEFAULTS.batchMax, 1),
    waitMs: micros(options.wait ?? DEFAULTS.wait, "wait") / 1000,
    timeoutMs: whole("timeout", micros(options.timeout ?? DEFAULTS.timeout, "timeout"), 1) / 1000,
    fallback: options.fallback ?? DEFAULTS.fallback,
    waitingMax: whole("waiting", options.waiting ?? DEFAULTS.waitingMax, 1),
  };
}

/** What a pipeline asks for its events, and how its events are made with the answers in them. */
export function lookupsOf(plan: Plan, variants?: ReadonlyMap<Source, number>): Pipeline["lookups"] {
  const of = plan.sources.flatMap((source) =>
    (source.lookups ?? []).map((each): LookupSpec => {
      const { key, place: _, kind: __, ...settings } = each;
      return {
        ...settings,
        variant: variants?.get(source),
        read: hostKey(key, source.plain!, source.row, []),
      };
    })
  );
  if (of.length === 0) return undefined;
  const [first] = plan.sources;
  const members = !variants
    ? undefined
    : first.variant
    ? first.variant.within.fields.filter(({ oneof, message }) => oneof && message).map(({ number }) => number)
    : [...variants.values()];
  return { members, of };
}

/** The message of a pipeline's events, with what is looked up for them. */
export function recordedInput(plan: Plan, input: DescMessage): DescMessage {
  const widen = plan.sources.flatMap(({ plain, lookups }) =>
    plain && lookups ? [{ message: plain, lookups }] : []
  );
  return widen.length === 0 ? input : widened(input, widen);
}

/** Refuses to send events to partitions by what is only known behind them. */
export function isLookedUp(source: Source, path: string): boolean {
  const [name] = path.split(".");
  return (source.lookups ?? []).some((each) =>
    [each.name, `${each.name}Found`, `${each.name}TimedOut`].includes(name)
  );
}

export type { LookupKey, LookupRows, LookupSource, RowVariable };
