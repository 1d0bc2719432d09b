/**
 * The partition actor: takes what waits in its mailbox, runs it through the kernel, commits one frame, and
 * releases the frame's effects once it is durable. It outlives its failures: `run` is one incarnation
 * (recover, serve, fail), started again by its supervisor; mailbox and unanswered frames stay.
 */
import type { Pipeline } from "../declare.ts";
import type { Counts, PartitionStatus } from "../runtime.ts";
import { bytesEqual, hex } from "../hash.ts";
import { type Applied, type Kernel, type KernelModule, KernelTrap } from "../kernel/host.ts";
import type { Appended, Chain, World } from "../world/mod.ts";
import { type Manifest, saveCheckpoint } from "../checkpoint/checkpoint.ts";
import { FrameClock } from "./frame_clock.ts";
import { encodeFrame, FRAME_OVERHEAD, NO_CHAIN, type SourcePosition } from "./frame.ts";
import { FrameHistory } from "./history.ts";
import { type Done, type EventFields, Mailbox, type Waiting } from "./mailbox.ts";
import { EVENT_KIND, EventCursor } from "./records.ts";
import { recover, type RecoveryProgress, Unrecoverable } from "./recover.ts";
import { OpenFrame } from "./open_frame.ts";
import { releaseFrame } from "./release.ts";

export interface PartitionBounds {
  /** Events and bytes that may wait. */
  readonly mailboxEventsMax: number;
  readonly mailboxBytesMax: number;
  /** Largest frame, bytes; the ledger may allow less. */
  readonly frameBytesMax: number;
  /** While frames are in flight, another is begun only when this many bytes wait. */
  readonly flushBytes: number;
  /** A checkpoint is begun after this many events. */
  readonly checkpointEvents: number;
  readonly checkpointsKept: number;
}

/** A frame that was handed to the ledger and is not yet known to be durable. */
export interface FrameInFlight {
  readonly number: number;
  readonly chain: Uint8Array;
  readonly events: Uint8Array;
  readonly effects: Uint8Array;
  readonly waiting: Waiting[];
  /** REJECT effects among its effects. */
  readonly rejects: number;
  readonly appendedAt: number;
  durable: boolean;
}

const TIMER_PAYLOAD = new Uint8Array(0);

export class Partition {
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly index: number;
  readonly history: FrameHistory;
  readonly mailbox: Mailbox;
  /** Microseconds from append to acknowledgement, told to whoever measures. */
  onCommit: ((micros: number, events: number) => void) | undefined;
  /** The chain while it serves; for readers of its frames. */
  chain: Chain | undefined;
  longestStallMicros = 0;
  readonly #world: World;
  readonly #module: KernelModule;
  readonly #bounds: PartitionBounds;
  readonly #counts = {
    events: 0,
    frames: 0,
    frameBytes: 0,
    replies: 0,
    rejects: 0,
    duplicates: 0,
    outputs: 0,
    quarantined: 0,
    checkpoints: 0,
    refused: 0,
  };
  #state: PartitionStatus["state"] = "recovering";
  #inFlight: FrameInFlight[] = [];
  #live: Incarnation | undefined;
  #recovery: RecoveryProgress | undefined;
  #restarts = 0;
  #lastError: string | undefined;
  #checkpointFrame = 0;
  #blamed = false;
  #whenReady: (() => void)[] = [];

  constructor(
    pipeline: Pipeline,
    index: number,
    module: KernelModule,
    world: World,
    bounds: PartitionBounds,
  ) {
    this.pipeline = pipeline;
    this.index = index;
    this.name = `${pipeline.name}-${index}`;
    this.#module = module;
    this.#world = world;
    this.#bounds = bounds;
    this.mailbox = new Mailbox({ eventsMax: bounds.mailboxEventsMax, bytesMax: bounds.mailboxBytesMax });
    this.history = new FrameHistory(this.name);
  }

  get serving(): boolean {
    return this.#state === "serving";
  }

  get kernelHash(): string {
    return this.#module.hashHex;
  }

  /** Largest event payload that is sure to fit in a frame together with its effects. */
  get payloadBytesMax(): number {
    return Math.min(
      this.#module.description.eventBytesMax,
      this.#bounds.frameBytesMax - FRAME_OVERHEAD - this.#module.description.effectBytesMax - 1024,
    );
  }

  /** Resolves when it serves; at once when it does already. */
  ready(): Promise<void> {
    return this.serving ? Promise.resolve() : new Promise((resolve) => this.#whenReady.push(resolve));
  }

  /** Copies the event in, or answers false when the mailbox is full. `done` is called once. */
  offer(payload: Uint8Array, fields: EventFields | undefined, done: Done): boolean {
    const live = this.#live;
    if (live && this.pipeline.reply === "early") return this.#offerEarly(live, payload, fields, done);
    if (!this.mailbox.put(payload, fields, done)) {
      this.#counts.refused++;
      return false;
    }
    live?.wake();
    return true;
  }

  #offerEarly(live: Incarnation, payload: Uint8Array, fields: EventFields | undefined, done: Done): boolean {
    const frame = live.openFrame();
    if (!frame || this.mailbox.events > 0) {
      if (this.mailbox.put(payload, fields, done)) {
        live.wake();
        return true;
      }
      this.#counts.refused++;
      return false;
    }
    live.decideNow(frame, payload, fields, done);
    return true;
  }

  /** What the actor knows of a key; answered once everything it rests on is durable. */
  async query(key: Uint8Array): Promise<Uint8Array | undefined> {
    await this.ready();
    const live = this.#live;
    if (!live) throw new Error(`Cannot query ${this.name}: it is not serving`);
    const state = live.kernel.query(key);
    await live.durable();
    return state;
  }

  /**
   * Incarnation after incarnation for as long as events make the kernel trap: each trap counts against one
   * event and the second quarantines it, so this ends. Rejects with anything else, for the supervisor.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (true) {
      try {
        return await this.#incarnation(signal);
      } catch (error) {
        if (!(error instanceof KernelTrap) || !this.#blamed || signal.aborted) throw error;
        this.#blamed = false;
        this.restarting(error);
        this.#world.log.warn(`${this.name} restarts from checkpoint and ledger`, { error: error.message });
      }
    }
  }

  /** The kernel trapped on an event of the mailbox: the event is to blame, and is retried or quarantined. */
  trapped(trap: KernelTrap): void {
    const verdict = this.mailbox.trapped(trap.event);
    this.#blamed = verdict !== "timer";
    if (verdict !== "quarantined") return;
    this.#counts.quarantined++;
    this.#world.log.error(`${this.name} quarantines an event that trapped twice`, { error: trap.message });
  }

  async #incarnation(signal: AbortSignal): Promise<void> {
    this.#state = this.#restarts === 0 ? "recovering" : "restarting";
    const chain = await this.#world.ledger.open(this.name);
    try {
      const live = await this.#recover(chain);
      this.#live = live;
      this.chain = chain;
      this.#state = "serving";
      for (const resolve of this.#whenReady.splice(0)) resolve();
      live.wake();
      await live.serve(signal);
      this.#state = "stopped";
    } finally {
      this.#live?.end();
      this.#live = undefined;
      this.chain = undefined;
      if (this.#state === "serving") this.#state = "restarting";
      await chain.close();
    }
  }

  restarting(error: Error): void {
    this.#restarts++;
    this.#lastError = error.message;
    this.#state = "restarting";
  }

  /** Down for good: whoever waits is told that the outcome is not known. */
  failed(error: Error): void {
    this.#state = "failed";
    this.#lastError = error.message;
    const waiting = this.#inFlight.flatMap((frame) => frame.waiting);
    this.#inFlight = [];
    for (const { done } of [...waiting, ...this.mailbox.clear()]) done({ kind: "unknown", cause: error });
  }

  get state(): PartitionStatus["state"] {
    return this.#state;
  }

  status(): PartitionStatus {
    const live = this.#live;
    return {
      pipeline: this.pipeline.name,
      partition: this.index,
      state: this.#state,
      epoch: live?.epoch ?? 0,
      frame: this.history.durable,
      kernel: this.#module.hashHex,
      recovery: this.#recovery && { ...this.#recovery },
      mailbox: { events: this.mailbox.events, bytes: this.mailbox.bytes },
      counts: { ...this.#counts } satisfies Counts,
      checkpointFrame: this.#checkpointFrame,
      keys: live?.kernel.keys ?? 0,
      stateBytes: live?.kernel.stateBytes ?? 0,
      restarts: this.#restarts,
      lastError: this.#lastError,
    };
  }

  async #recover(chain: Chain): Promise<Incarnation> {
    this.#recovery = undefined;
    const unanswered = new Map(this.#inFlight.map((frame) => [frame.number, frame]));
    const recovered = await recover({
      world: this.#world,
      chain,
      module: this.#module,
      onManifest: (manifest) => this.history.restore(manifest),
      onProgress: (progress) => (this.#recovery = progress),
      onFrame: (frame, rejects) => {
        this.history.replayed(frame, rejects);
        const own = unanswered.get(frame.number);
        if (own && bytesEqual(own.chain, frame.chain)) own.durable = true;
      },
    });
    this.#settle(chain, recovered.manifest?.frame ?? 0);
    this.history.durable = recovered.number;
    this.#checkpointFrame = recovered.manifest?.frame ?? 0;
    this.#world.log.info(`${this.name} serves`, {
      epoch: recovered.epoch,
      frame: recovered.number,
      checkpointFrame: this.#checkpointFrame,
      replayedEvents: recovered.events,
      ms: Math.round(recovered.micros / 1000),
    });
    return new Incarnation(this.#world, chain, recovered, this.#module, this.#bounds, {
      partition: this,
      counts: this.#counts,
      inFlight: this.#inFlight,
      onCheckpoint: (frame) => (this.#checkpointFrame = frame),
    });
  }

  /** Frames of the incarnation before: those that became durable are released, the others' events wait again. */
  #settle(chain: Chain, checkpointFrame: number): void {
    let kept = 0;
    for (const frame of this.#inFlight) {
      if (!frame.durable && frame.number > checkpointFrame) break;
      if (frame.waiting.length > 0) releaseFrame(frame, this, chain, this.#counts);
      kept++;
    }
    const lost = this.#inFlight.splice(0).slice(kept);
    for (const frame of lost.reverse()) this.mailbox.putBack(frame.events, frame.waiting);
  }
}

interface Shell {
  readonly partition: Partition;
  readonly counts: { -readonly [K in keyof Counts]: Counts[K] };
  readonly inFlight: FrameInFlight[];
  onCheckpoint(frame: number): void;
}

/** One life of a partition: a kernel, an epoch, a position in the chain. */
class Incarnation {
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
  #over = false;
  #fail!: (error: Error) => void;
  #idle: (() => void) | undefined;
  #barriers: { number: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  #nextTimer: number;
  #cancelTimer: (() => void) | undefined;
  #sinceCheckpoint = 0;
  #manifest: Manifest | undefined;
  #saving: Promise<void> | undefined;
  readonly #failed: Promise<Error>;

  constructor(
    world: World,
    chain: Chain,
    recovered: Awaited<ReturnType<typeof recover>>,
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
    this.#hash = recovered.chain ?? NO_CHAIN;
    this.#manifest = recovered.manifest;
    this.#nextTimer = recovered.nextTimer;
    this.#sinceCheckpoint = recovered.events;
    this.#clock = new FrameClock(world.clock, recovered.clock);
    this.#frameBytes = Math.min(bounds.frameBytesMax, chain.messageBytesMax) - FRAME_OVERHEAD;
    this.#failed = new Promise((resolve) => (this.#fail = resolve));
  }

  /** Serves until the signal, then drains: commits and releases what was admitted, and takes a checkpoint. */
  async serve(signal: AbortSignal): Promise<void> {
    const drained = new Promise<"drained">((resolve) => {
      const drain = () => {
        this.#idle = () => resolve("drained");
        this.wake();
      };
      if (signal.aborted) drain();
      else signal.addEventListener("abort", drain, { once: true });
    });
    this.#armTimer();
    const end = await Promise.race([this.#failed, drained]);
    if (end !== "drained") throw end;
    if (this.#sinceCheckpoint > 0) this.#beginCheckpoint();
    await this.#saving;
  }

  end(): void {
    this.#over = true;
    this.#cancelTimer?.();
    for (const { reject } of this.#barriers.splice(0)) reject(new Error("the partition restarted"));
  }

  /** Frames whatever waits, once the work now queued is done: events offered in one turn share a frame. */
  wake(): void {
    if (this.#woken || this.#over) return;
    this.#woken = true;
    this.#world.clock.soon(() => {
      this.#woken = false;
      if (!this.#over) this.#pump();
    });
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
    if (this.#idle && mailbox.events === 0 && inFlight.length === 0 && !this.#open) this.#idle();
  }

  /** Group commit: at once when idle; while frames are in flight only when enough has gathered. */
  #mayBegin(bytesWaiting: number): boolean {
    const flying = this.#shell.inFlight.length;
    if (flying === 0) return true;
    return flying < this.#chain.inFlightMax && bytesWaiting >= this.#bounds.flushBytes;
  }

  #commitNext(): void {
    const { mailbox } = this.#shell.partition;
    const region = mailbox.peek(Math.floor(this.#frameBytes / 2));
    const clock = this.#clock.next();
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
        return this.#release();
      case "fenced":
        return this.#crash(new Fenced(this.#shell.partition.name, this.epoch, frame.number, outcome.detail));
      case "unknown":
      case "failed":
        return this.#crash(outcome.cause);
    }
  }

  /** Releases the durable frames at the head of the line, in order. */
  #release(): void {
    const { partition, counts, inFlight } = this.#shell;
    const now = this.#world.clock.monotonic();
    while (inFlight.length > 0 && inFlight[0].durable) {
      const frame = inFlight.shift()!;
      partition.history.released(frame);
      partition.onCommit?.(now - frame.appendedAt, frame.waiting.length);
      releaseFrame(frame, partition, this.#chain, counts);
    }
    const durable = partition.history.durable;
    while (this.#barriers.length > 0 && this.#barriers[0].number <= durable) {
      this.#barriers.shift()!.resolve();
    }
    this.#pump();
  }

  #crash(error: Error): void {
    if (this.#over) return;
    if (this.#open) this.#abandonOpen(this.#open);
    this.end();
    this.#fail(error);
  }

  /** The frame into which `early` events are decided one by one; undefined while it has no room. */
  openFrame(): OpenFrame | undefined {
    if (this.#over || this.#shell.inFlight.length >= this.#chain.inFlightMax) return undefined;
    this.#open ??= new OpenFrame(this.#number + 1, this.#clock.next(), this.#frameBytes);
    const full = this.#open.bytes + this.#module.description.effectBytesMax > this.#frameBytes / 2;
    if (!full) return this.#open;
    this.#flushOpen();
    return this.openFrame();
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
    this.#commit(
      frame.clock,
      frame.events(),
      frame.effects(),
      { nextTimer: frame.nextTimer },
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
      Math.max(0, Math.ceil((this.#nextTimer - this.#world.clock.now()) / 1000)),
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
    };
    const durable = this.durable();
    durable.catch(() => {});
    this.#saving = saveCheckpoint({
      world: this.#world,
      kernel: this.kernel,
      moment,
      host: partition.history.state(),
      previous: this.#manifest,
      durable,
      keep: this.#bounds.checkpointsKept,
      onStall: (micros) => (partition.longestStallMicros = Math.max(partition.longestStallMicros, micros)),
    }).then((manifest) => {
      this.#manifest = manifest;
      counts.checkpoints++;
      this.#shell.onCheckpoint(manifest.frame);
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

/** Another owner extended the chain. Verify or step down: `Partition.run` reads the tail again. */
export class Fenced extends Error {
  override name = "Fenced";
  constructor(partition: string, epoch: number, frame: number, detail: string) {
    super(
      `Cannot append frame ${frame} of ${partition} in epoch ${epoch}: another owner appended (${detail})`,
    );
  }
}

function sourcePositions(events: Uint8Array): SourcePosition[] {
  const highest = new Map<string, number>();
  const decoder = new TextDecoder();
  const cursor = new EventCursor(events);
  while (cursor.next()) {
    if (cursor.source.length > 0) highest.set(decoder.decode(cursor.source), cursor.sequence);
  }
  return [...highest].map(([source, sequence]) => ({ source, sequence }));
}
