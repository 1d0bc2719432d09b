/**
 * JetStream streams as sources. Each message is an event with the stream as its source and the stream's
 * sequence as its position; the kernel's state holds the highest sequence applied of each source. So reading
 * begins behind what every partition has applied, what is delivered again is dropped, and delivery at least
 * once comes to exactly once.
 *
 * A message that is no event (it has no key, or is too large) is recorded as a dead letter at its place in
 * the stream. A place that the stream no longer keeps is an error, unless the source is declared to skip it.
 */
import type { StreamSource } from "../declare.ts";
import { RejectReason } from "../proto/gen/frame_pb.ts";
import type { Admission, Outcome, Runtime } from "../runtime.ts";
import type { InputGate } from "../stream/inputs.ts";
import type { Clock, Log, Network } from "../world/mod.ts";
import type { StreamMessage, StreamOptions, StreamReader } from "../world/network.ts";

export interface SourceOptions {
  readonly runtime: Runtime;
  readonly source: StreamSource;
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with a sequence up to which everything is durable. */
  applied?(sequence: number): void;
}

/** How a source is doing, for whoever looks (/readyz). */
export interface SourceStatus {
  readonly stream: string;
  readonly pipeline: string;
  /** Everything up to this sequence was applied, as far as this process knows. */
  applied: number;
  /** Why it is read no further. */
  error?: string;
}

/** The stream no longer keeps what comes next, or is another than before: reading again does not mend it. */
export class SourceGone extends Error {
  override name = "SourceGone";
}

/**
 * How far the newest event read may be ahead, in sequences, of the oldest that is not yet durable. Where one
 * partition has applied sequence N, all have applied what lies so far behind it: reading begins there however
 * little came to the others. So it may be lowered but never raised for a source that was begun.
 */
const UNSETTLED_SPAN = 8192;
/** The same of a source that may have to wait for slower ones: what is under way is more than is known of it. */
const ALIGNED_SPAN = 512;
/** Wait before a full mailbox is offered the same event again. */
const RETRY_MS = 2;
/** Wait before it is asked again whether slower sources have come along. */
const HOLD_MS = 5;
/** A filtered stream has gaps by nature: whether one is a loss is asked this often at most. */
const GAP_CHECK_MICROS = 1_000_000;

/** Name under which the kernel remembers the position in a stream. */
export const sourceName = ({ name, stream, subject }: StreamSource): string =>
  name ?? (subject === undefined ? `stream ${stream}` : `stream ${stream} ${subject}`);

/** Runs until the signal. Throws where the pipeline fails: started again, it loses and doubles nothing. */
export async function runSource(options: SourceOptions, signal: AbortSignal): Promise<void> {
  const { source, network } = options;
  const marks = await untilAborted(options.runtime.applied(source.pipeline, sourceName(source)), signal);
  if (marks === undefined) return;
  const { least, most } = marks;
  const isEarly =
    options.runtime.topology.pipelines.find(({ name }) => name === source.pipeline)?.reply === "early";
  const applied = isEarly ? least : Math.max(least, most - UNSETTLED_SPAN);
  const from = applied > 0 ? { sequence: applied + 1 } : source.from ?? "start";
  const over = new AbortController();
  const end = () => over.abort();
  signal.addEventListener("abort", end, { once: true });
  try {
    const { stream, subject } = source;
    const reader = await network.stream({
      stream,
      ...(subject === undefined ? {} : { subject }),
      from,
      signal: over.signal,
    });
    const gaps = new Gaps(options, reader);
    await gaps.begin(from, applied, most);
    // Begun behind its end, it has nothing that is wanted.
    const nothing = applied === 0 && reader.pending === 0 ? await reader.newest() : 0;
    const place = new Place(reader, options.clock, Math.max(applied, nothing));
    const gate = options.runtime.reads(source.pipeline, {
      inputs: source.inputs,
      upToDate: () => place.upToDate(),
    });
    await readAll(options, reader, { gaps, place, gate }, signal).finally(() => gate.end());
  } finally {
    end(); // the server is told whatever ended the reading
    signal.removeEventListener("abort", end);
  }
}

async function readAll(
  options: SourceOptions,
  reader: StreamReader,
  { gaps, place, gate }: { gaps: Gaps; place: Place; gate: InputGate },
  signal: AbortSignal,
): Promise<void> {
  const progress = new Progress((sequence) => options.applied?.(sequence));
  const span = gate.aligned ? ALIGNED_SPAN : UNSETTLED_SPAN;
  for await (const message of reader) {
    if (signal.aborted) return;
    if (gaps.suspects(message.sequence)) await gaps.check(message.sequence);
    await progress.from(message.sequence - span, signal);
    if (progress.failure) throw progress.failure;
    while (gate.aligned && gate.held() && !signal.aborted) await options.clock.sleep(HOLD_MS, signal);
    if (signal.aborted) return;
    progress.begin(message.sequence);
    await give(options, message, signal, (outcome) => progress.settle(message.sequence, outcome));
    place.given(message.sequence);
    if (progress.failure) throw progress.failure;
  }
  await progress.from(Infinity, signal);
  if (progress.failure) throw progress.failure;
}

/** How far a stream has been read, and since when nothing of it is left to read. */
class Place {
  #given: number;
  /** When it was last known that something waits. */
  #behind: number;

  /** `applied`: all before it is the pipeline's already. */
  constructor(private readonly reader: StreamReader, private readonly clock: Clock, applied: number) {
    this.#given = applied;
    this.#behind = clock.monotonic();
  }

  /** The pipeline has taken it. */
  given(sequence: number): void {
    this.#given = sequence;
    if (this.reader.pending > 0) this.#behind = this.clock.monotonic();
  }

  /** As InputReader has it. A stream that cannot be asked may hold anything. */
  async upToDate(): Promise<number | undefined> {
    const newest = await this.reader.newest().catch(() => Infinity);
    if (newest <= this.#given) return this.#behind;
    this.#behind = this.clock.monotonic();
    return undefined;
  }
}

/** A pipeline that never serves has no answer: the signal ends the waiting. */
function untilAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = () => resolve(undefined);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Offers a message until it is admitted, as an event or as a dead letter. */
async function give(
  { runtime, source: declared, clock }: SourceOptions,
  { sequence, payload }: StreamMessage,
  signal: AbortSignal,
  settle: (outcome: Outcome) => void,
): Promise<void> {
  const source = sourceName(declared);
  let unfit: { reason: RejectReason } | undefined;
  while (!signal.aborted) {
    const admission = runtime.offer(declared.pipeline, payload, { source, sequence, unfit }, settle);
    switch (admission) {
      case "admitted":
        return;
      case "unknown":
        throw new Error(
          `Cannot read stream ${declared.stream}: there is no pipeline "${declared.pipeline}". Correct the source.`,
        );
      case "no-key":
      case "too-large":
        unfit = { reason: UNFIT[admission] };
        break;
      case "full":
      case "ahead":
      case "unavailable":
        await clock.sleep(RETRY_MS, signal);
    }
  }
}

/** Why an edge could not make an event of something, as the dead letter says it. */
export const UNFIT: Record<Extract<Admission, "no-key" | "too-large">, RejectReason> = {
  "no-key": RejectReason.NO_KEY,
  "too-large": RejectReason.TOO_LARGE,
};

/** Watches that nothing is missing between what was read and what comes. */
class Gaps {
  /** The sequence that comes next; undefined where reading begins wherever the stream does. */
  #expected: number | undefined;
  #checked = -Infinity;

  constructor(private readonly options: SourceOptions, private readonly reader: StreamReader) {}

  /** Compares what the stream keeps with what was applied of it, everywhere and at most. */
  async begin(from: StreamOptions["from"], applied: number, most: number): Promise<void> {
    const declared = typeof from === "object" && "sequence" in from ? from.sequence : undefined;
    if (most === 0 && declared === undefined) return;
    const { first, last } = await this.reader.extent();
    if (most > last) this.#otherStream(most, last);
    const needed = most > 0 ? most + 1 : declared!;
    if (first > needed) this.#gone(needed, first);
    else if (first > applied + 1 && applied > 0) {
      // The partitions that are less far may have had nothing in between: nobody can tell any more.
      const { stream } = this.options.source;
      this.options.log.warn("a stream lets messages go soon after they are read", {
        stream,
        from: applied + 1,
        first,
      });
    }
    if (declared !== undefined) this.#expected = Math.max(declared, first);
  }

  /** Whether messages may be missing before this one; it is the newest read from now on. */
  suspects(sequence: number): boolean {
    if (this.#expected === undefined || sequence <= this.#expected) {
      this.#expected = sequence + 1;
      return false;
    }
    const { source, clock } = this.options;
    const now = clock.monotonic();
    if (source.subject !== undefined && now - this.#checked < GAP_CHECK_MICROS) {
      this.#expected = sequence + 1;
      return false;
    }
    this.#checked = now;
    return true;
  }

  /** Throws, or says, when the stream no longer keeps what was expected before `next`. */
  async check(next: number): Promise<void> {
    const { first } = await this.reader.extent();
    const expected = this.#expected!;
    if (first > expected) this.#gone(expected, Math.min(first, next));
    this.#expected = next + 1;
  }

  #gone(expected: number, first: number): void {
    const { source, log } = this.options;
    const { stream } = source;
    const missing = first - expected;
    if (source.gone === "skip") {
      return log.warn("a stream lost messages before they were read", { stream, from: expected, missing });
    }
    throw new SourceGone(
      `Cannot read stream ${stream} from ${expected}: it keeps messages from ${first} on, and ${missing} that ` +
        `pipeline "${source.pipeline}" has not read are gone. Restore them, declare the source with ` +
        `gone: "skip" to go on without them, or with another name to read what is left as a new source.`,
    );
  }

  #otherStream(applied: number, last: number): never {
    const { stream, pipeline } = this.options.source;
    throw new SourceGone(
      `Cannot read stream ${stream} from ${applied + 1}: it ends at ${last}, so it is not the stream that ` +
        `pipeline "${pipeline}" has read up to ${applied}. Restore that one, or declare the source with ` +
        `another name to read this one from its start.`,
    );
  }
}

/** Which sequences are under way, and up to where all are durable. */
class Progress {
  failure: Error | undefined;
  readonly #begun: { sequence: number; done: boolean }[] = [];
  readonly #bySequence = new Map<number, { done: boolean }>();
  #wake: (() => void) | undefined;

  constructor(private readonly applied: (sequence: number) => void) {}

  begin(sequence: number): void {
    const entry = { sequence, done: false };
    this.#begun.push(entry);
    this.#bySequence.set(sequence, entry);
  }

  settle(sequence: number, outcome: Outcome): void {
    if (outcome.kind === "unknown") this.failure ??= outcome.cause;
    else this.#bySequence.get(sequence)!.done = true;
    let upTo = 0;
    let count = 0;
    while (this.#begun[count]?.done) {
      upTo = this.#begun[count++].sequence;
      this.#bySequence.delete(upTo);
    }
    if (count > 0) {
      this.#begun.splice(0, count);
      this.applied(upTo);
    }
    this.#wake?.();
  }

  /** Resolves when all below `sequence` are durable, or there is nothing left to wait for. */
  async from(sequence: number, signal: AbortSignal): Promise<void> {
    if (this.#begun.length === 0 || this.#begun[0].sequence >= sequence) return;
    const stop = () => this.#wake?.();
    signal.addEventListener("abort", stop, { once: true });
    while (this.#begun[0]?.sequence < sequence && !this.failure && !signal.aborted) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    signal.removeEventListener("abort", stop);
  }
}
