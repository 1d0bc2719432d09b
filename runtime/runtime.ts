/** What `start` returns: the running topology, as the edges (HTTP, NATS, files) and programs see it. */
import type { Pipeline, Topology } from "./declare.ts";
import type { OwnerSeen } from "./ownership.ts";
import type { RejectReason } from "./proto/gen/frame_pb.ts";
import type { Correction } from "./stream/corrections.ts";
import type { InputGate, InputReader } from "./stream/inputs.ts";
import type { Micros } from "./world/clock.ts";
import type { SinkDeadLetter } from "./world/sink.ts";

export interface Runtime {
  readonly topology: Topology;
  /** Another process owns the ledger; this one follows it, and answers nothing. */
  readonly standsBy?: boolean;
  /** Resolves once every partition serves (again); rejects when one cannot. */
  readonly ready: Promise<void>;
  /**
   * Offers one event. The payload is the encoded input message; it is copied before this returns. `done` is
   * called exactly once for an admitted event, after its effects are released (or at once under `early`),
   * in order per partition. When the answer is not "admitted", `done` is never called and nothing was kept.
   */
  offer(
    pipeline: string,
    payload: Uint8Array,
    options: OfferOptions,
    done: (outcome: Outcome) => void,
  ): Admission;
  /** The same as a promise; a refusal is an outcome too. */
  submit(pipeline: string, payload: Uint8Array, options?: OfferOptions): Promise<Outcome>;
  /** Whether a pipeline would admit an event now, and if not, when to try again: asked before a body is read. */
  admits(pipeline: string): { readonly open: true } | { readonly open: false; readonly retryAfterMs: number };
  /** What the owning actor knows of a key: the pipeline's encoded state message. */
  query(pipeline: string, key: Uint8Array): Promise<Uint8Array | undefined>;
  /**
   * The highest sequence of a source that a partition has applied, durably: of the partition that is least far,
   * and of the one that is furthest; 0 = nothing of it. Up to the former everything was applied.
   */
  applied(pipeline: string, source: string): Promise<{ readonly least: number; readonly most: number }>;
  /** The payload of the event at a position, from the ledger. Rejects where it is not kept any more. */
  recorded(pipeline: string, position: Position): Promise<Uint8Array>;
  deadLetters(pipeline: string, options?: { after?: Position; limit?: number }): Promise<DeadLetter[]>;
  /** Offers a dead letter's payload anew, once: a second call returns the first one's outcome. */
  redrive(pipeline: string, position: Position): Promise<Outcome>;
  /** Released outputs, in order per partition, from a position on; goes on until the signal. */
  outputs(
    pipeline: string,
    from: "start" | "now" | readonly Position[],
    signal: AbortSignal,
  ): AsyncIterable<Output>;
  /**
   * Says how far event time has come on an input of a declared pipeline: nothing before `time` is expected of
   * it any more, or it is idle and holds nothing back. Settles when every partition has it durably.
   */
  mark(pipeline: string, mark: Mark): Promise<void>;
  /** A reader of a stream says so: its pipeline asks it whether it is silent, and may hold it back. */
  reads(pipeline: string, reader: InputReader): InputGate;
  /**
   * Puts out rows that late events add or take back in one partition, as its outputs and in its views; settles
   * when all of them are durable.
   */
  correct(pipeline: string, partition: number, rows: readonly Correction[]): Promise<void>;
  /** Settles when nothing that was admitted has more to say by itself: every window that was due is told. */
  settled(pipeline: string): Promise<void>;
  /** Rows of a view, in the order of their keys. */
  view(pipeline: string, view: string, query?: ViewQuery): Promise<ViewRows>;
  /** Events that came after their time, oldest first. */
  lateEvents(pipeline: string, options?: { after?: Position; limit?: number }): Promise<LateEvent[]>;
  status(): Status;
  /** Tells how long the ledger took to acknowledge each frame, until the returned call. */
  onAppend(tell: (pipeline: string, partition: number, micros: Micros) => void): () => void;
  /** Outputs that a sink's receiver would not take, oldest first; none for a sink that keeps none. */
  sinkDeadLetters(sink: string, limit?: number): Promise<SinkDeadLetter[]>;
  /** Sends one of them again, under the same id. */
  redriveSink(sink: string, id: string): Promise<"taken" | "refused" | "unknown">;
  /** Stops admitting, commits what was admitted, releases it, takes a checkpoint and closes. */
  stop(): Promise<void>;
  /** Settles when the runtime has ended: undefined after `stop`, or the error that escalated to the top. */
  readonly ended: Promise<Error | undefined>;
}

export interface OfferOptions {
  /** Idempotency id: within the dedupe window a repeat gets the first answer. At most 256 bytes. */
  readonly id?: string | Uint8Array;
  /** For events from a replayable source: its name, and the event's rising position in it (from 1). */
  readonly source?: string;
  readonly sequence?: number;
  /**
   * The payload is what a source holds at that place and no event of the pipeline: it is recorded there as a
   * dead letter (as much of it as a frame holds), and never applied. Only with a source.
   */
  readonly unfit?: {
    readonly reason: RejectReason;
    /** Media type of the payload; absent = the pipeline's message. */
    readonly type?: string;
  };
}

export type Admission =
  | "admitted"
  /** The mailbox is full (429/503): try again later. */
  | "full"
  /** Its source is too far ahead of the others in event time: try again later. */
  | "ahead"
  /** Recovering, or stopping. */
  | "unavailable"
  /** The key cannot be found in the payload, or is empty or too long. */
  | "no-key"
  /** The payload alone exceeds what a frame may hold. */
  | "too-large"
  /** No pipeline of that name. */
  | "unknown";

/** Where an event stands: frame `frame` of partition `partition` of the pipeline, event `event` in it. */
export interface Position {
  readonly partition: number;
  readonly frame: number;
  readonly event: number;
}

export type Outcome =
  /** `reply` is an encoded Decision. `durable: false` only under `early`. */
  | {
    readonly kind: "decided";
    readonly position: Position;
    readonly reply: Uint8Array;
    readonly durable: boolean;
    /** True when the id was seen before: position and reply are the first answer's. */
    readonly duplicate: boolean;
  }
  /** Applied; this kind of event has no reply (reference data, an event at or below the high-water mark). */
  | { readonly kind: "applied"; readonly position: Position; readonly duplicate: boolean }
  /** Bad input, recorded as a dead letter. `reason` is a RejectReason or the pipeline's own (from 100). */
  | {
    readonly kind: "rejected";
    readonly position: Position;
    readonly reason: number;
    readonly duplicate: boolean;
  }
  /** Not admitted; nothing was kept. */
  | {
    readonly kind: "refused";
    readonly admission: Exclude<Admission, "admitted">;
    readonly retryAfterMs: number;
  }
  /** The partition failed before the outcome was known: ask again with the same id. */
  | { readonly kind: "unknown"; readonly cause: Error };

export interface DeadLetter {
  readonly position: Position;
  readonly reason: number;
  readonly payload: Uint8Array;
  readonly id: Uint8Array;
  readonly clock: Micros;
  /** Where it came from, and its place there. */
  readonly source?: string;
  readonly sequence?: number;
  /** Media type of a payload that is not the pipeline's message. */
  readonly type?: string;
}

export interface Output {
  readonly position: Position;
  /** Index among the outputs of that frame; (frame, output) is unique and rising per partition. */
  readonly output: number;
  /**
   * Which of the pipeline's outputs, in the order of their declaration now, also of frames that another version wrote;
   * 0 where there is one. One that is declared no more has a number behind all that are.
   */
  readonly channel: number;
  readonly key: Uint8Array;
  readonly payload: Uint8Array;
}

export interface Mark {
  /** Microseconds; Infinity = the input has ended. */
  readonly time?: number;
  /** Index of the input in its declaration; all of them where none is given. */
  readonly input?: number;
  readonly idle?: boolean;
}

/** A value of a key, as it is declared. */
export type KeyValue = string | number | bigint | boolean;

export interface ViewQuery {
  /** The whole key, or its first parts. */
  readonly key?: readonly KeyValue[];
  /** Rows whose key is at or after `from` and before `to`, part by part. */
  readonly from?: readonly KeyValue[];
  readonly to?: readonly KeyValue[];
  /** Most rows. Default 1,000. */
  readonly limit?: number;
}

export interface ViewRows {
  readonly rows: readonly ViewRow[];
  /** Whether there are more than `limit`. */
  readonly more: boolean;
  /** The event time up to which it is complete, microseconds: the least of the partitions'. */
  readonly watermark: number;
}

export interface ViewRow {
  readonly key: readonly KeyValue[];
  /** The view's message, encoded. */
  readonly payload: Uint8Array;
}

export interface LateEvent {
  readonly position: Position;
  readonly payload: Uint8Array;
  /** Event time, and the watermark it came after, microseconds. */
  readonly time: number;
  readonly watermark: number;
  /** The newest window that it missed. */
  readonly windowStart: number;
  readonly windowEnd: number;
  readonly reason: "window-closed" | "row-expired" | "far-future" | "partial";
  /** Of `partial`: how many windows it missed, that one and those before it; it counted in the others. */
  readonly missed?: number;
  /** Number of the step with state that left it out. */
  readonly operator: number;
}

export interface Status {
  /** `standby`: another process owns the ledger; this one follows it and takes over when that one is gone. */
  readonly state: "starting" | "standby" | "serving" | "degraded" | "stopping" | "ended";
  readonly ledger: string;
  readonly durability: string;
  readonly partitions: readonly PartitionStatus[];
  /** What a standby sees of the owner. */
  readonly owner?: OwnerSeen;
  /** How far each sink has come; absent where there is none. */
  readonly sinks?: readonly SinkStatus[];
  /** What pipelines ask outside for their events; absent where none does. */
  readonly lookups?: readonly LookupStatus[];
}

/** One lookup of a pipeline. Counts since the process started. */
export interface LookupStatus {
  readonly pipeline: string;
  readonly name: string;
  /** What is asked. */
  readonly source: string;
  /** Events that it was asked for; those whose answer was known; those whose key has no row. */
  readonly lookups: number;
  readonly hits: number;
  readonly absent: number;
  /** Calls of the source, and keys in them. */
  readonly calls: number;
  readonly keys: number;
  /** Calls that had no answer in time, and that failed. */
  readonly timeouts: number;
  readonly failures: number;
  /** Events that went on without an answer, or are dead letters for it. */
  readonly unanswered: number;
  /** Events of the pipeline that wait. */
  readonly waiting: number;
  readonly cached: number;
  readonly cachedBytes: number;
  /** Why the last call failed; absent when one was answered since. */
  readonly lastError?: string;
}

export interface SinkStatus {
  readonly name: string;
  readonly pipeline: string;
  /** `waiting`: not open yet, or failed and to be opened again. */
  readonly state: "running" | "waiting";
  /** What it writes to, once it is open. */
  readonly to?: string;
  readonly partitions: readonly SinkPartitionStatus[];
  readonly restarts: number;
  /** Outputs given up that wait to be sent again, where it keeps such. */
  readonly deadLetters?: number;
  readonly lastError?: string;
}

export interface SinkPartitionStatus {
  readonly partition: number;
  /** The first output it does not hold; undefined until it was asked. */
  readonly position?: { readonly frame: number; readonly output: number };
  /** Durable frames it has not taken wholly. */
  readonly lagFrames: number;
  /** Since the process started. */
  readonly outputs: number;
  readonly commits: number;
}

export interface PartitionStatus {
  readonly pipeline: Pipeline["name"];
  readonly partition: number;
  readonly state: "standby" | "recovering" | "serving" | "restarting" | "failed" | "stopped";
  readonly epoch: number;
  /** Newest durable frame; of a standby, the newest that it has taken in. */
  readonly frame: number;
  /** How far a standby is behind the ledger. */
  readonly standby?: { readonly lagFrames: number; readonly lagMs: number };
  /** Hex of the SHA-256 of kernel and parameters. */
  readonly kernel: string;
  readonly recovery?: {
    readonly step?: "opening" | "taking over" | "restoring" | "replaying";
    readonly fromFrame: number;
    readonly toFrame: number;
    readonly frame: number;
    readonly events: number;
    /** Absent while not known. */
    readonly eventsPerSecond?: number;
    readonly secondsLeft?: number;
  };
  readonly mailbox: { readonly events: number; readonly bytes: number };
  readonly counts: Counts;
  readonly checkpointFrame: number;
  /** Of a declared pipeline: all results before this event time have been released, microseconds. */
  readonly watermark?: Micros;
  readonly keys: number;
  readonly stateBytes: number;
  readonly restarts: number;
  readonly lastError?: string;
}

/** Rising counts since the process started. */
export interface Counts {
  readonly events: number;
  readonly frames: number;
  readonly frameBytes: number;
  readonly replies: number;
  readonly rejects: number;
  readonly duplicates: number;
  readonly outputs: number;
  /** Events that came after their time. */
  readonly late: number;
  /** Events that came after some of the windows that hold them, and counted in the others. */
  readonly latePartly: number;
  readonly quarantined: number;
  readonly checkpoints: number;
  readonly refused: number;
}
