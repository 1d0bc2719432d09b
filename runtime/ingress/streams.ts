/**
 * JetStream streams as sources. Each message is an event with the stream as its source and the stream's
 * sequence as its position; the kernel's state holds the highest sequence applied of each source and drops
 * what it already has, so delivery at least once, and reading anew after a crash, come to exactly once.
 */
import type { StreamSource } from "../declare.ts";
import type { Outcome, Runtime } from "../runtime.ts";
import type { Clock, Log, Network } from "../world/mod.ts";

export interface SourceOptions {
  readonly runtime: Runtime;
  readonly source: StreamSource;
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Log;
  /** Where reading begins; overrides the declaration. Earlier than necessary costs time and nothing else. */
  readonly from?: { readonly sequence: number };
  /** Called with a sequence up to which everything is durable: a good place to begin next time. */
  applied?(sequence: number): void;
}

/** Events read and not yet durable. */
const UNSETTLED_MAX = 8192;
/** Wait before a full mailbox is offered the same event again. */
const RETRY_MS = 2;

/** Name under which the kernel remembers the position in a stream. */
export const sourceName = (source: StreamSource): string =>
  source.subject === undefined ? `stream ${source.stream}` : `stream ${source.stream} ${source.subject}`;

/** Runs until the signal. Throws where the pipeline fails: started again, it loses and doubles nothing. */
export async function runSource(options: SourceOptions, signal: AbortSignal): Promise<void> {
  const { runtime, source, network, clock, log } = options;
  const reader = await network.stream({
    stream: source.stream,
    ...(source.subject === undefined ? {} : { subject: source.subject }),
    from: options.from ?? source.from ?? "start",
    signal,
  });
  const name = sourceName(source);
  const progress = new Progress((sequence) => options.applied?.(sequence));
  for await (const { sequence, payload } of reader) {
    progress.begin(sequence);
    const settle = (outcome: Outcome) => progress.settle(sequence, outcome);
    for (;;) {
      const admission = runtime.offer(source.pipeline, payload, { source: name, sequence }, settle);
      if (admission === "admitted") break;
      if (signal.aborted) return;
      if (admission === "unknown") {
        throw new Error(`Cannot read stream ${source.stream}: there is no pipeline "${source.pipeline}"`);
      }
      if (admission === "no-key" || admission === "too-large") {
        // It stays in the stream; there is no partition whose ledger could keep it as a dead letter.
        log.warn("an event of a stream was passed over", {
          stream: source.stream,
          sequence,
          reason: admission,
        });
        progress.settle(sequence, undefined);
        break;
      }
      await clock.sleep(RETRY_MS, signal);
    }
    await progress.below(UNSETTLED_MAX, signal);
    if (progress.failure) throw progress.failure;
    if (signal.aborted) return;
  }
  await progress.below(1, signal);
  if (progress.failure) throw progress.failure;
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

  settle(sequence: number, outcome: Outcome | undefined): void {
    if (outcome?.kind === "unknown") this.failure ??= outcome.cause;
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

  /** Resolves when fewer than `bound` are under way, or there is nothing left to wait for. */
  async below(bound: number, signal: AbortSignal): Promise<void> {
    const stop = () => this.#wake?.();
    signal.addEventListener("abort", stop, { once: true });
    while (this.#begun.length >= bound && !this.failure && !signal.aborted) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    signal.removeEventListener("abort", stop);
  }
}
