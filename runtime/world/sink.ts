/**
 * A place outside where the outputs of a pipeline go: a table, a stream, files, somebody's web server. It is
 * exactly once because the sink itself holds how far it has come, and moves that position together with the
 * outputs: whoever goes on, after whatever crash, goes on from there. Contract suite: tests/contracts/sinks.ts.
 */
import type { Output } from "../runtime.ts";

/** The first output of a partition that a sink does not hold yet: output `output` of frame `frame`. */
export interface SinkMark {
  readonly frame: number;
  readonly output: number;
}

/** Where every partition begins. */
export const FIRST: SinkMark = { frame: 1, output: 0 };

export interface SinkBatch {
  readonly partition: number;
  /** Where the sink stands, as `position` said or the batch before left it: the fence. */
  readonly after: SinkMark;
  /** Where it stands with this batch in it: right behind its last output. */
  readonly next: SinkMark;
  /** Outputs from `after` on, in order. None: frames without outputs were read, and only `next` is to be kept. */
  readonly outputs: readonly Output[];
}

/** How a sink likes its batches. */
export interface BatchBounds {
  readonly outputsMax: number;
  readonly bytesMax: number;
  /** How long a batch that is not full may wait for more, milliseconds. */
  readonly lingerMs: number;
}

/**
 * One opened sink, for all partitions of one pipeline. The runner (runtime/output/sinks.ts) opens it, asks for
 * the position of each partition, and commits batches: one at a time for a partition, several partitions at
 * once. After any error it closes this one, opens another and asks again: so a commit may fail without saying
 * whether it happened.
 */
export interface Sink {
  /** For messages to people: "sqlite out.db totals". */
  readonly name: string;
  readonly bounds: BatchBounds;
  /**
   * Whether it can keep a position by itself. Where not (the position stands in the outputs), no batch without
   * outputs is committed to it: frames without outputs are read again, and kept in the ledger until then.
   */
  readonly keepsEmpty: boolean;
  /** Read from where the outputs themselves are kept. `undefined`: it holds nothing of this partition. */
  position(partition: number): Promise<SinkMark | undefined>;
  /**
   * Before: `batch.after` is the position. After it resolves: outputs and `batch.next` are kept, together, as
   * durably as the sink promises. When it rejects, or the process dies in it: all of it or nothing is there
   * (a sink that cannot do that says how its receiver tells a repeat). Where the position is another one,
   * somebody else has committed: it rejects with SinkFenced and leaves everything as it was.
   */
  commit(batch: SinkBatch): Promise<void>;
  /** Where some outputs were given up: they wait here, and can be sent again. */
  readonly deadLetters?: SinkDeadLetters;
  /** Called once or twice. A commit under way ends or rejects soon after. */
  close(): Promise<void>;
}

/** Outputs that a receiver would not take, kept until they are driven again. */
export interface SinkDeadLetters {
  /** How many wait. */
  readonly count: number;
  /** Ids of those that wait, oldest first by partition, frame and output. */
  list(limit: number): Promise<SinkDeadLetter[]>;
  /** Sends it once more, under the same id; when it is taken it is no dead letter any more. */
  redrive(id: string): Promise<"taken" | "refused" | "unknown">;
}

export interface SinkDeadLetter {
  readonly id: string;
  readonly reason: string;
  readonly tries: number;
}

/** Another writer has moved the sink's position. The one refused must read it anew, or step down. */
export class SinkFenced extends Error {
  override name = "SinkFenced";

  constructor(sink: string, { partition, after }: SinkBatch, found: SinkMark | undefined) {
    super(
      `Cannot commit to ${sink}: partition ${partition} stands at ${formatMark(found ?? FIRST)}, not at ` +
        `${formatMark(after)}. Another process writes to it: give each process a sink of its own.`,
    );
  }
}

/** A sink as a topology is started with it: whose outputs it takes, and how it is opened, each time anew. */
export interface SinkSpec {
  /** Unique among the sinks; for status, metrics and messages. */
  readonly name: string;
  readonly pipeline: string;
  /** Only this one of the pipeline's outputs, by its place in their declaration. Default: all. */
  readonly channel?: number;
  open(): Promise<Sink>;
}

/**
 * Called by adapters before each step of a commit that a crash could fall before, with the step's name: tests
 * crash there. Nothing in production listens.
 */
export type Step = (name: string) => void | Promise<void>;

export function compareMarks(a: SinkMark, b: SinkMark): number {
  return a.frame - b.frame || a.output - b.output;
}

/** "frame.output" */
export function formatMark({ frame, output }: SinkMark): string {
  return `${frame}.${output}`;
}

export function sameMark(a: SinkMark, b: SinkMark): boolean {
  return a.frame === b.frame && a.output === b.output;
}
