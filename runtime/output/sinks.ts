/**
 * Drives one sink: reads released frames of every partition of its pipeline from where the sink stands, and
 * commits them in batches. What it holds in memory is bounded; a slow sink falls behind and costs nothing but
 * its lag, since what it has not taken stands in the ledger.
 *
 * Like frames, batches need no tuning: what came while the last one was committed is the next one.
 */
import type { Output, SinkPartitionStatus, SinkStatus } from "../runtime.ts";
import type { Partition } from "../partition/partition.ts";
import type { World } from "../world/mod.ts";
import {
  FIRST,
  formatMark,
  sameMark,
  type Sink,
  type SinkBatch,
  type SinkDeadLetter,
  type SinkMark,
  type SinkSpec,
} from "../world/sink.ts";
import { outputsOf, releasedFrames } from "./reader.ts";

/** Frames without outputs read before the position is moved over them. */
const EMPTY_FRAMES_MAX = 10_000;
/** Batches gathered while one is committed. */
const GATHERED_BATCHES_MAX = 2;
const DEAD_LETTERS_PAGE = 100;
/** What a commit under way has when the runtime stops. */
const END_MS_MAX = 2_000;

interface Progress {
  mark: SinkMark | undefined;
  gathered: Gathered | undefined;
  outputs: number;
  commits: number;
}

export class SinkRun {
  readonly name: string;
  readonly pipeline: string;
  /** Under this name the ledger keeps the frames that the sink does not hold yet. */
  readonly receiver: string;
  readonly #spec: SinkSpec;
  readonly #partitions: readonly Partition[];
  readonly #world: World;
  readonly #progress: Progress[];
  #sink: Sink | undefined;
  #restarts = 0;
  #lastError: string | undefined;

  constructor(spec: SinkSpec, partitions: readonly Partition[], world: World) {
    this.name = spec.name;
    this.pipeline = spec.pipeline;
    this.receiver = `sink ${spec.name}`;
    for (const { history } of partitions) history.expect(this.receiver);
    this.#spec = spec;
    this.#partitions = partitions;
    this.#world = world;
    this.#progress = partitions.map(() => ({ mark: undefined, gathered: undefined, outputs: 0, commits: 0 }));
  }

  /** Runs until the signal. Throws what the sink throws: run again, it goes on where the sink stands. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#partitions.map((partition) => partition.readiness.ready(signal)));
    const sink = signal.aborted ? undefined : await this.#opened(signal);
    if (!sink) return;
    const stop = new AbortController();
    const onAbort = () => stop.abort();
    if (signal.aborted) stop.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#sink = sink;
      const pumps = this.#partitions.map((partition) => this.#pump(sink, partition, stop.signal));
      // The first failure stops the others, and all have ended before the sink is closed.
      for (const each of pumps) each.catch(() => stop.abort());
      const all = Promise.allSettled(pumps);
      await this.#endOr(all, stop.signal);
      // A commit that takes longer than it may, at the end, is cut off by closing.
      if (stop.signal.aborted) await sink.close();
      const ended = await all;
      const failed = ended.find(({ status }) => status === "rejected") as PromiseRejectedResult | undefined;
      if (failed) throw failed.reason;
    } finally {
      this.#sink = undefined;
      signal.removeEventListener("abort", onAbort);
      await sink.close();
    }
  }

  /** Nobody waits at the end for what is outside and does not answer: what opens after all is closed again. */
  async #opened(signal: AbortSignal): Promise<Sink | undefined> {
    const { promise: signalled, resolve } = Promise.withResolvers<undefined>();
    const onAbort = () => resolve(undefined);
    signal.addEventListener("abort", onAbort, { once: true });
    const opening = this.#spec.open();
    try {
      const sink = await Promise.race([opening, signalled]);
      if (!sink) opening.then((late) => late.close()).catch(() => {});
      return sink;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Until all have ended, or the time they have for it after the signal is over. */
  async #endOr(all: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const signalled = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal });
      if (signal.aborted) resolve();
    });
    await Promise.race([all, signalled.then(() => this.#world.clock.sleep(END_MS_MAX, over.signal))]);
    over.abort();
  }

  failed(error: Error): void {
    this.#restarts++;
    this.#lastError = error.message;
  }

  status(): SinkStatus {
    const partitions = this.#partitions.map(({ index, history }, at): SinkPartitionStatus => {
      const { mark, gathered, outputs, commits } = this.#progress[at];
      // What was read and had no outputs is not behind.
      const reached = mark && gathered?.isEmptyBehind(mark) ? gathered.read : mark;
      const lagFrames = Math.max(0, history.durable + 1 - (reached?.frame ?? 1));
      return { partition: index, position: mark, lagFrames, outputs, commits };
    });
    return {
      name: this.name,
      pipeline: this.pipeline,
      state: this.#sink ? "running" : "waiting",
      to: this.#sink?.name,
      partitions,
      restarts: this.#restarts,
      ...(this.#sink?.deadLetters ? { deadLetters: this.#sink.deadLetters.count } : {}),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  async deadLetters(limit = DEAD_LETTERS_PAGE): Promise<SinkDeadLetter[]> {
    return await this.#sink?.deadLetters?.list(limit) ?? [];
  }

  async redrive(id: string): Promise<"taken" | "refused" | "unknown"> {
    if (!this.#sink) {
      throw new Error(`Cannot send ${id} again: the sink ${this.name} is not open. Try later.`);
    }
    return await this.#sink.deadLetters?.redrive(id) ?? "unknown";
  }

  async #pump(sink: Sink, partition: Partition, signal: AbortSignal): Promise<void> {
    const progress = this.#progress[this.#partitions.indexOf(partition)];
    const { history } = partition;
    const held = await sink.position(partition.index);
    if (held && held.frame > history.durable + 1) await this.#checkNotAhead(sink, partition, held);
    const from = progress.mark = held ?? FIRST;
    history.setFed(this.receiver, from.frame - 1);
    const gathered = new Gathered(partition, this.#spec.channel, from, sink, this.#world, signal);
    progress.gathered = gathered;
    const over = new AbortController();
    const stop = () => over.abort();
    signal.addEventListener("abort", stop, { once: true });
    const reading = gathered.fill(releasedFrames(partition, this.#world, held?.frame ?? "start", over.signal))
      .catch((error) => gathered.fail(error));
    try {
      for (;;) {
        const batch = await gathered.take();
        if (!batch) break;
        await sink.commit(batch);
        progress.mark = batch.next;
        history.setFed(this.receiver, batch.next.frame - 1);
        progress.outputs += batch.outputs.length;
        progress.commits++;
      }
    } finally {
      gathered.close();
      stop();
      signal.removeEventListener("abort", stop);
      await reading;
    }
  }

  /** What this process knows of the ledger may be old: another owner wrote since, and fed the sink. */
  async #checkNotAhead(sink: Sink, { name }: Partition, held: SinkMark): Promise<void> {
    const chain = await this.#world.ledger.open(name);
    try {
      const { last } = await chain.extent();
      if (held.frame > last + 1) throw new SinkAhead(sink.name, name, held, last);
    } finally {
      await chain.close();
    }
  }
}

/** The sink holds outputs of frames that the ledger does not have: it is another ledger's, or this one lost some. */
export class SinkAhead extends Error {
  override name = "SinkAhead";

  constructor(sink: string, chain: string, held: SinkMark, last: number) {
    super(
      `Cannot go on with ${sink}: it stands at ${
        formatMark(held)
      } of ${chain}, and the ledger ends at frame ` +
        `${last}. It belongs to another ledger, or this one lost its end: give the sink another place, or bring ` +
        `the ledger back.`,
    );
  }
}

/** Outputs read and not yet committed, cut into batches. One side fills it, the other takes. */
class Gathered {
  #outputs: Output[] = [];
  #bytes = 0;
  /** Where reading has come to, and where the next batch begins. */
  read: SinkMark;
  #after: SinkMark;
  #closed = false;
  #failure: unknown;
  #changed: () => void = () => {};
  readonly #onAbort = () => this.close();

  constructor(
    private readonly partition: Partition,
    private readonly channel: number | undefined,
    from: SinkMark,
    private readonly sink: Pick<Sink, "bounds" | "keepsEmpty">,
    private readonly world: World,
    private readonly signal: AbortSignal,
  ) {
    this.#after = this.read = from;
    if (signal.aborted) this.#closed = true;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  async fill(frames: AsyncIterable<Parameters<typeof outputsOf>[0]>): Promise<void> {
    for await (const frame of frames) {
      const from = frame.number === this.read.frame ? this.read.output : 0;
      for (const output of outputsOf(frame, this.partition, from)) {
        if (this.channel !== undefined && output.channel !== this.channel) continue;
        this.#outputs.push(output);
        this.#bytes += output.payload.length + output.key.length;
      }
      this.read = { frame: frame.number + 1, output: 0 };
      this.#changed();
      while (!this.#closed && this.#holds(GATHERED_BATCHES_MAX)) await this.#change();
      if (this.#closed) return;
    }
  }

  /** The next batch, when it is full or has waited; undefined at the end. */
  async take(): Promise<SinkBatch | undefined> {
    while (!this.#closed && this.#outputs.length === 0 && !this.#isFarAhead()) await this.#change();
    if (this.sink.bounds.lingerMs > 0) await this.#linger();
    if (this.#failure) throw this.#failure;
    if (this.#closed) return undefined;
    return this.#cut();
  }

  fail(error: unknown): void {
    this.#failure = error;
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.signal.removeEventListener("abort", this.#onAbort);
    this.#changed();
  }

  #cut(): SinkBatch {
    const { outputsMax, bytesMax } = this.sink.bounds;
    let count = 0, bytes = 0;
    while (count < this.#outputs.length && count < outputsMax) {
      const { payload, key } = this.#outputs[count];
      // One output alone is a batch whatever its size: it must go some time.
      if (count > 0 && bytes + payload.length + key.length > bytesMax) break;
      bytes += payload.length + key.length;
      count++;
    }
    const outputs = this.#outputs.splice(0, count);
    this.#bytes -= bytes;
    const last = outputs.at(-1);
    const next = last ? { frame: last.position.frame, output: last.output + 1 } : this.read;
    const batch = { partition: this.partition.index, after: this.#after, next, outputs };
    this.#after = next;
    this.#changed();
    return batch;
  }

  #holds(batches: number): boolean {
    return this.#outputs.length >= batches * this.sink.bounds.outputsMax ||
      this.#bytes >= batches * this.sink.bounds.bytesMax;
  }

  /** Whether all outputs before `read` are before `mark`. */
  isEmptyBehind(mark: SinkMark): boolean {
    return this.#outputs.length === 0 && sameMark(mark, this.#after);
  }

  #isFarAhead(): boolean {
    return this.sink.keepsEmpty && this.read.frame - this.#after.frame > EMPTY_FRAMES_MAX;
  }

  async #linger(): Promise<void> {
    let over = false;
    const cancel = this.world.clock.after(this.sink.bounds.lingerMs, () => {
      over = true;
      this.#changed();
    });
    while (!over && !this.#closed && !this.#holds(1)) await this.#change();
    cancel();
  }

  /** Both sides may wait at once: each change wakes whoever waits, who looks again. */
  #change(): Promise<void> {
    const before = this.#changed;
    return new Promise((resolve) => {
      this.#changed = () => {
        this.#changed = () => {};
        before();
        resolve();
      };
    });
  }
}
