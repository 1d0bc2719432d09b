/**
 * One life of a partition: a kernel, an epoch, a position in the chain. It frames what waits (group commit),
 * keeps several frames in flight, releases them in order, takes checkpoints between frames, and ends with the
 * first failure; runtime/partition/partition.ts starts the next life.
 */
import { hex } from "../hash.ts";
import { type Applied, type Kernel, type KernelModule, KernelTrap } from "../kernel/host.ts";
import type { Counts } from "../runtime.ts";
import type { Appended, Chain, World } from "../world/mod.ts";
import { type Manifest, saveCheckpoint } from "../checkpoint/checkpoint.ts";
import { FrameClock } from "./frame_clock.ts";
import { encodeFrame, FRAME_OVERHEAD, type SourcePosition } from "./frame.ts";
import type { Done, EventFields, Waiting } from "./mailbox.ts";
import { OpenFrame } from "./open_frame.ts";
import type { FrameInFlight, Partition, PartitionBounds } from "./partition.ts";
import { EVENT_KIND, EventCursor } from "./records.ts";
import { Fenced, type Recovered, Unrecoverable } from "./recover.ts";
import { releaseFrame } from "./release.ts";

const TIMER_PAYLOAD = new Uint8Array(0);

/** What one life leaves to the next. */
export interface Shell {
  readonly partition: Partition;
  readonly counts: { -readonly [K in keyof Counts]: Counts[K] };
  readonly inFlight: FrameInFlight[];
  /** Told of each checkpoint that counts; the next one is not begun before it has settled. */
  onCheckpoint(manifest: Manifest): Promise<void>;
}

/** One life of a partition: a kernel, an epoch, a position in the chain. */
export class Incarnation {
  readonly kernel: Kernel;
  readonly epoch: number;
  readonly #world: World;
  readonly #chain: Chain;
  readonly #module: KernelModule;
  readonly #bounds: PartitionBounds;
  readonly #shell: Shell;
  readonly #clock: FrameClock;
  readonly #frameBytes: number;
  #number: number;
  #hash: Uint8Array;
  #open: OpenFrame | undefined;
  #woken = false;
  readonly #awake = () => {
    this.#woken = false;
    if (!this.#over) this.#pump();
  };
  /** Whether the last frame held one event: events come one at a time. */
  #lone = false;
  #over = false;
  #fail!: (error: Error) => void;
  #idle: (() => void) | undefined;
  #barriers: { number: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  /** Of a pipeline that takes events in rounds: whether one is under way, and what forgets the next. */
  #round = false;
  #cancelRound: (() => void) | undefined;
  #nextTimer: number;
  #cancelTimer: (() => void) | undefined;
  #sinceCheckpoint = 0;
  #manifest: Manifest | undefined;
  #saving: Promise<void> | undefined;
  readonly #failed: Promise<Error>;

  constructor(
    world: World,
    chain: Chain,
    recovered: Recovered,
    module: KernelModule,
    bounds: PartitionBounds,
    shell: Shell,
  ) {
    this.#world = world;
    this.#chain = chain;
    this.#module = module;
    this.#bounds = bounds;
    this.#shell = shell;
    this.kernel = recovered.kernel;
    this.epoch = recovered.epoch;
    this.#number = recovered.number;
    this.#hash = recovered.chain;
    this.#manifest = recovered.manifest;
    this.#nextTimer = recovered.nextTimer;
    this.#sinceCheckpoint = recovered.events;
    this.#clock = new FrameClock(world.clock, recovered.clock);
    this.#frameBytes = Math.min(bounds.frameBytesMax, chain.messageBytesMax) - FRAME_OVERHEAD;
    this.#failed = new Promise((resolve) => (this.#fail = resolve));
  }

  /** Serves until the signal, then drains: commits and releases what was admitted, and takes a checkpoint. */
  async serve(signal: AbortSignal): Promise<void> {
    let drain = () => {};
    const drained = new Promise<"drained">((resolve) => {
      drain = () => {
        this.#idle = () => resolve("drained");
        this.wake();
      };
      if (signal.aborted) drain();
      else signal.addEventListener("abort", drain, { once: true });
    });
    this.#armTimer();
    const end = await Promise.race([this.#failed, drained]);
    // The signal may outlive many lives, each with a kernel's memory.
    signal.removeEventListener("abort", drain);
    if (end !== "drained") throw end;
    if (this.#sinceCheckpoint > 0) this.#beginCheckpoint();
    await this.#saving;
  }

  end(): void {
    this.#over = true;
    this.#cancelTimer?.();
    this.#cancelRound?.();
    for (const { reject } of this.#barriers.splice(0)) reject(new Error("the partition restarted"));
  }

  /**
   * Frames whatever waits, once the work now queued is done: events offered in one turn share a frame. Where
   * nothing is in flight and the last frame held one event, nobody is likely to come in the same turn: the
   * frame begins in the microtask queue, before the event loop looks at its sockets again.
   */
  wake(): void {
    if (this.#woken || this.#over || this.#waits()) return;
    this.#woken = true;
    if (this.#lone && this.#shell.inFlight.length === 0) queueMicrotask(this.#awake);
    else this.#world.clock.soon(this.#awake);
  }

  /** Whether events are to wait for the next round; arms it. */
  #waits(): boolean {
    const { trigger } = this.#shell.partition.pipeline;
    const { mailbox } = this.#shell.partition;
    if (!trigger || this.#idle || mailbox.events * 2 >= this.#bounds.mailboxEventsMax) return false;
    if (this.#round) return false;
    this.#cancelRound ??= this.#world.clock.after(trigger.everyMs, () => {
      this.#cancelRound = undefined;
      this.#round = true;
      this.wake();
    });
    return true;
  }

  /** Whether the kernel has asked for a timer that is due. */
  get timerDue(): boolean {
    return this.#clock.until(this.#nextTimer) === 0;
  }

  /** Resolves when all that the kernel has applied is durable. */
  durable(): Promise<void> {
    if (this.#open) this.#flushOpen();
    if (this.#shell.inFlight.length === 0) return Promise.resolve();
    const number = this.#number;
    return new Promise((resolve, reject) => this.#barriers.push({ number, resolve, reject }));
  }

  #pump(): void {
    const { partition, inFlight } = this.#shell;
    const { mailbox } = partition;
    try {
      if (this.#open && this.#mayBegin(this.#open.bytes)) this.#flushOpen();
      while (!this.#over && mailbox.events > 0 && !this.#open && this.#mayBegin(mailbox.bytes)) {
        this.#commitNext();
      }
    } catch (error) {
      this.#crash(error as Error);
    }
    if (mailbox.events === 0) this.#round = false;
    if (this.#idle && mailbox.events === 0 && inFlight.length === 0 && !this.#open) this.#idle();
  }

  /** Group commit: at once when idle; while frames are in flight only when enough has gathered. */
  #mayBegin(bytesWaiting: number): boolean {
    const flying = this.#shell.inFlight.length;
    if (flying === 0) return true;
    return flying < this.#chain.inFlightMax && bytesWaiting >= this.#bounds.flushBytes;
  }

  #commitNext(): void {
    const { partition } = this.#shell;
    const { mailbox } = partition;
    const clock = this.#clock.next();
    mailbox.now = clock;
    partition.expire(clock);
    if (mailbox.events === 0) return;
    const region = mailbox.peek(Math.floor(this.#frameBytes / 2));
    let applied: Applied;
    try {
      applied = this.kernel.apply(clock, this.#number + 1, region, this.#frameBytes - region.length);
    } catch (error) {
      if (error instanceof KernelTrap) this.#shell.partition.trapped(error);
      throw error;
    }
    if (applied.consumedEvents === 0) {
      throw new Unrecoverable(
        `Kernel ${this.#module.description.name} took no event of a frame: it cannot go on`,
      );
    }
    const events = region.subarray(0, applied.consumedBytes);
    this.#commit(
      clock,
      events,
      applied.effects,
      applied,
      () => mailbox.take(applied.consumedEvents, applied.consumedBytes),
    );
  }

  #commit(
    clock: number,
    events: Uint8Array,
    effects: Uint8Array,
    applied: Pick<Applied, "nextTimer" | "rejects">,
    take: () => Waiting[],
  ): void {
    const { partition, counts, inFlight } = this.#shell;
    const number = this.#number + 1;
    const positions = partition.mailbox.sourced > 0 ? sourcePositions(events) : [];
    const head = {
      epoch: this.epoch,
      number,
      clock,
      kernel: this.#module.hash,
      previous: this.#hash,
      positions,
    };
    const { message, chain, effectsAt } = encodeFrame(head, events, effects);
    const frame: FrameInFlight = {
      number,
      clock,
      chain,
      events: message.subarray(effectsAt - events.length, effectsAt),
      effects: message.subarray(effectsAt, effectsAt + effects.length),
      waiting: take(),
      rejects: applied.rejects,
      appendedAt: this.#world.clock.monotonic(),
      durable: false,
    };
    inFlight.push(frame);
    counts.frames++;
    counts.frameBytes += message.length;
    counts.events += frame.waiting.length;
    this.#number = number;
    this.#hash = chain;
    this.#sinceCheckpoint += frame.waiting.length;
    this.#lone = frame.waiting.length === 1;
    this.#nextTimer = applied.nextTimer;
    this.#armTimer();
    this.#chain.append(number - 1, message).then((outcome) => this.#appended(frame, outcome));
    if (this.#sinceCheckpoint >= this.#bounds.checkpointEvents) this.#beginCheckpoint();
  }

  #appended(frame: FrameInFlight, outcome: Appended): void {
    if (this.#over) return;
    switch (outcome.kind) {
      case "stored":
        frame.durable = true;
        if (this.#shell.partition.onAppend.size > 0) this.#measure(frame);
        return this.#release();
      case "fenced":
        return this.#crash(new Fenced(this.#shell.partition.name, this.epoch, frame.number, outcome.detail));
      case "unknown":
      case "failed":
        return this.#crash(outcome.cause);
    }
  }

  #measure({ appendedAt }: FrameInFlight): void {
    const micros = this.#world.clock.monotonic() - appendedAt;
    for (const tell of this.#shell.partition.onAppend) tell(micros);
  }

  /** Releases the durable frames at the head of the line, in order. */
  #release(): void {
    const { partition, counts, inFlight } = this.#shell;
    while (inFlight.length > 0 && inFlight[0].durable) {
      const frame = inFlight.shift()!;
      partition.history.released(frame);
      releaseFrame(frame, partition, this.#chain, counts);
      frame.waiting.length = 0; // an old frame would keep them, see Waiting
    }
    const durable = partition.history.durable;
    while (this.#barriers.length > 0 && this.#barriers[0].number <= durable) {
      this.#barriers.shift()!.resolve();
    }
    this.#pump();
  }

  /** Another owner began a newer epoch: the next append would be refused, and this one may have none. */
  overtaken(epoch: number): void {
    const detail = `epoch ${epoch} has begun`;
    this.#crash(new Fenced(this.#shell.partition.name, this.epoch, this.#number + 1, detail));
  }

  #crash(error: Error): void {
    if (this.#over) return;
    if (this.#open) this.#abandonOpen(this.#open);
    this.end();
    this.#fail(error);
  }

  /**
   * The frame into which `early` events are decided one by one, with room for an event of `recordBytes` and
   * its effects; undefined while there is none.
   */
  openFrame(recordBytes: number): OpenFrame | undefined {
    if (this.#over || this.#shell.inFlight.length >= this.#chain.inFlightMax) return undefined;
    this.#open ??= new OpenFrame(this.#number + 1, this.#clock.next());
    const { effectBytesMax } = this.#module.description;
    const fits = this.#open.bytes + recordBytes + effectBytesMax <= this.#frameBytes;
    if (fits && (this.#open.bytes < this.#frameBytes / 2 || this.#open.waiting.length === 0)) {
      return this.#open;
    }
    if (this.#open.waiting.length === 0) return undefined;
    this.#flushOpen();
    return this.openFrame(recordBytes);
  }

  decideNow(frame: OpenFrame, payload: Uint8Array, fields: EventFields | undefined, done: Done): void {
    try {
      frame.decide(this.kernel, this.#shell.partition, payload, fields, done, this.#chain);
    } catch (error) {
      // The open frame's events were answered but are not in the ledger: they are applied again after the
      // restart. The one that trapped waits with them.
      frame.add(payload, fields, done);
      this.#open = undefined;
      this.#shell.partition.mailbox.putBack(frame.events(), frame.waiting);
      if (error instanceof KernelTrap) {
        const last = frame.waiting.length - 1;
        this.#shell.partition.trapped(new KernelTrap(this.#module.description.name, last, error));
      }
      return this.#crash(error as Error);
    }
    this.wake();
  }

  #flushOpen(): void {
    const frame = this.#open!;
    this.#open = undefined;
    if (frame.waiting.length === 0) return; // nothing fitted, or what came went to the mailbox: no frame of nothing
    this.#commit(
      frame.clock,
      frame.events(),
      frame.effects(),
      frame,
      () => frame.waiting,
    );
  }

  #abandonOpen(frame: OpenFrame): void {
    this.#open = undefined;
    this.#shell.partition.mailbox.putBack(frame.events(), frame.waiting);
  }

  #armTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#nextTimer === Infinity) return;
    const ms = Math.min(
      0x7fff_ffff,
      Math.ceil(this.#clock.until(this.#nextTimer) / 1000),
    );
    this.#cancelTimer = this.#world.clock.after(ms, () => {
      if (this.#over) return;
      if (this.#open) this.#flushOpen();
      this.#shell.partition.mailbox.add(TIMER_PAYLOAD, { kind: EVENT_KIND.TIMER }, () => {});
      this.wake();
    });
  }

  #beginCheckpoint(): void {
    if (this.#saving || this.#over) return;
    if (this.#open) this.#flushOpen();
    const { partition, counts } = this.#shell;
    this.#sinceCheckpoint = 0;
    const moment = {
      chain: partition.name,
      frame: this.#number,
      frameHash: hex(this.#hash),
      epoch: this.epoch,
      clock: this.#clock.last,
      kernel: this.#module.hashHex,
      nextTimer: this.#nextTimer === Infinity ? null : this.#nextTimer,
      meaning: partition.evolution.meaning,
      partitioned: partition.evolution.partitioned,
    };
    const durable = this.durable();
    durable.catch(() => {});
    this.#saving = saveCheckpoint({
      world: this.#world,
      kernel: this.kernel,
      moment,
      host: () => {
        // The next life restores what it remembers: less than what belongs to this moment.
        if (this.#over) throw new Error("the partition restarted");
        return partition.history.state(moment.frame);
      },
      previous: this.#manifest,
      durable,
      keep: this.#bounds.checkpointsKept,
      history: this.#bounds.checkpointHistory,
      onStall: (micros) => (partition.longestStallMicros = Math.max(partition.longestStallMicros, micros)),
    }).then((manifest) => {
      this.#manifest = manifest;
      counts.checkpoints++;
      return this.#shell.onCheckpoint(manifest);
    }, (error) => {
      // The next one begins anew with all pages; until then recovery replays a longer tail.
      this.#manifest = undefined;
      if (this.#over) return;
      this.kernel.snapshotAbort();
      this.#world.log.warn(`no checkpoint of ${partition.name} at frame ${moment.frame}`, {
        error: String(error),
      });
    }).finally(() => (this.#saving = undefined));
  }
}

function sourcePositions(events: Uint8Array): SourcePosition[] {
  const highest = new Map<string, number>();
  const decoder = new TextDecoder();
  const cursor = new EventCursor(events);
  let source: Uint8Array = new Uint8Array(0), name = "";
  while (cursor.next()) {
    if (!cursor.hasSource) continue;
    // Most follow one of the same source: to compare it costs less than to decode it.
    if (!cursor.isFrom(source)) {
      source = cursor.source;
      name = decoder.decode(source);
    }
    highest.set(name, cursor.sequence);
  }
  return [...highest].map(([source, sequence]) => ({ source, sequence }));
}
