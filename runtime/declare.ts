/**
 * How a pipeline and a topology are declared: plain data, checked by `start`.
 */
import type { DescEnum, DescMessage } from "@bufbuild/protobuf";
import type { Outline } from "./stream/evolution.ts";
import type { LookupKey, LookupSource } from "./world/lookup.ts";

export interface Pipeline {
  /** `[a-z][a-z0-9-]*`, at most 32 characters, unique in the topology; part of URLs, subjects and chains. */
  readonly name: string;
  /** Name of the kernel: wasm/build/<kernel>.wasm. */
  readonly kernel: string;
  /** The message of one event. */
  readonly input: DescMessage;
  /**
   * Where the key stands, as a path of field names in `input` ("card", or "new_order.account"). Several
   * paths: the first that is present. The key is the bytes of a string or bytes field, or the decimal
   * digits of an integer field; joined with a NUL byte where a path is a list of fields. None: everything
   * goes to the one partition.
   */
  readonly key: readonly KeyPath[];
  /** Fields of `input` whose presence sends the event to every partition: reference data. */
  readonly broadcast?: readonly string[];
  /** The message of OUTPUT effects, where it has outputs. */
  readonly output?: DescMessage;
  /** Outputs by channel, where it has several, or says more of them. */
  readonly outputs?: readonly OutputSpec[];
  /** The pipelines and outputs that feed it, watermarks included; the topology's feeds must say so too. */
  readonly fed?: readonly FedInput[];
  /** Its sources, where it has event time, by the index that watermarks name them by. */
  readonly inputs?: readonly InputSpec[];
  /** What is asked outside for each event, and recorded with it, before the kernel sees it. */
  readonly lookups?: LookupSpecs;
  /** Tables of rows that can be read and followed, by the number that the kernel knows them by. */
  readonly views?: readonly ViewSpec[];
  /** What its declaration says, where it has one: a changed one is compared with it. */
  readonly outline?: Outline;
  /** The message that answers a query for a key. */
  readonly state?: DescMessage;
  /** Names of Reason.code, Figure.code and of its own reject reasons (100 on). */
  readonly reasons?: DescEnum;
  readonly figures?: DescEnum;
  readonly rejects?: DescEnum;
  /** What leads to a reject reason, by its name, for whoever sent the event: `{ OUT_OF_RANGE: "amount is below 1" }`. */
  readonly advice?: Readonly<Record<string, string>>;
  /** The kernel's own parameters, encoded. */
  readonly params?: Uint8Array;
  /** Partitions; fixed for the life of the ledger. Default 1. */
  readonly partitions?: number;
  /** `durable` (default): answered after the frame is acknowledged. `early`: at once, and said so. */
  readonly reply?: "durable" | "early";
  /**
   * When events are taken: as they come (default), or all that came, every so often. The answers are the same.
   * A mailbox that is half full does not wait.
   */
  readonly trigger?: { readonly everyMs: number };
  /** How long, and how many, event ids are remembered. Default 10 minutes, 1,000,000. */
  readonly dedupe?: { readonly windowMs: number; readonly idsMax: number };
  /** Linear memory may not grow past this, bytes. Default 2 GiB. */
  readonly stateBytesMax?: number;
  /** Which frames the ledger keeps. Default "forever". */
  readonly retention?: Retention;
}

/**
 * - `forever`: every frame; the whole history can be replayed, by this kernel and by others.
 * - `ms`, `bytes` (per partition): frames older than that, or beyond that size, go. Age is frame time.
 * - `compact`: replay is not wanted: frames go once checkpoints hold what they led to.
 *
 * Whatever is declared, a frame stays until two verified checkpoints were taken after it and every feed and
 * reader has had it, and while the repeat of an event id within the dedupe window is answered from it; so
 * more is kept than declared, never less.
 */
export type Retention = "forever" | "compact" | { readonly ms?: number; readonly bytes?: number };

export interface OutputSpec {
  readonly name: string;
  readonly message: DescMessage;
  /** Whether rows may be taken back: `retracted` says so. */
  readonly changelog: boolean;
}

/** One of the sources of a declared pipeline. */
export interface FedInput {
  readonly pipeline: string;
  readonly output: string;
  /** Its number among the inputs, and the field of the message that holds its rows, where there are others beside. */
  readonly input: number;
  readonly field?: number;
}

export interface InputSpec {
  readonly name: string;
  /** The field of `input` that holds its events, where several sources share an envelope. */
  readonly field?: number;
  /** It is idle when nothing came of it for so long, and nothing waits where it is read from. */
  readonly idleMicros?: number;
  /** It is held back while it is so far in event time ahead of the slowest of the others. */
  readonly alignMicros?: number;
  /** The stream that it is read from. */
  readonly stream?: Omit<StreamSource, "pipeline" | "inputs">;
}

export interface LookupSpecs {
  /** The fields of the envelope of which an event has one, where it is an envelope. */
  readonly members?: readonly number[];
  readonly of: readonly LookupSpec[];
}

/** One lookup. What it found stands in the event as field `field`; that it did, and that it could not, behind. */
export interface LookupSpec {
  readonly name: string;
  readonly field: number;
  /** The field of the envelope that holds the events it is for. */
  readonly variant?: number;
  readonly source: LookupSource;
  /** The key that the message in `bytes`, from `start` to `end`, names; undefined where it names none. */
  readonly read: (bytes: Uint8Array, start: number, end: number) => LookupKey | undefined;
  /** Microseconds for which an answer, and that there is no row, is taken for true. */
  readonly ttl: number;
  readonly absentTtl: number;
  /** Bounds of the cache. */
  readonly entriesMax: number;
  readonly bytesMax: number;
  readonly batchMax: number;
  readonly waitMs: number;
  readonly timeoutMs: number;
  readonly fallback: "retry" | "null" | "dead-letter";
  /** Most events of a partition that wait for answers. */
  readonly waitingMax: number;
}

export interface ViewSpec {
  readonly name: string;
  readonly message: DescMessage;
  /** What a row is found by, in this order. */
  readonly keys: readonly { readonly name: string; readonly type: "i64" | "f64" | "bool" | "text" }[];
}

export type KeyPath = string | readonly string[];

export interface Topology {
  readonly pipelines: readonly Pipeline[];
  /** Names under which several pipelines answer together; the strictest verdict wins. */
  readonly decisions?: Readonly<Record<string, readonly string[]>>;
  /** Outputs of one pipeline as events of another, keyed anew by the receiver's key. */
  readonly feeds?: readonly Feed[];
  /** Streams of a NATS server that are read as events of a pipeline. */
  readonly sources?: readonly StreamSource[];
}

export interface Feed {
  readonly from: string;
  readonly to: string;
  /** Which of several outputs; the first by default. */
  readonly output?: string;
}

export interface StreamSource {
  readonly stream: string;
  readonly subject?: string;
  readonly pipeline: string;
  /** Where to begin when nothing of it was ever applied. Default "start". */
  readonly from?: { readonly sequence: number } | { readonly time: number } | "start";
  /** Name under which its position is kept; another name reads the stream anew. Default: stream and subject. */
  readonly name?: string;
  /** The sources of a declared pipeline whose events it carries; all of them where nothing is said. */
  readonly inputs?: readonly string[];
  /**
   * What to do where the stream no longer keeps the next message: `stop` (default) says so and reads no
   * further; `skip` goes on with the oldest message that is left, and says how many are missing.
   */
  readonly gone?: "stop" | "skip";
}
