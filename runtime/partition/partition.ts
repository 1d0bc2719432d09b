/**
 * The partition actor: takes what waits in its mailbox, runs it through the kernel, commits one frame, and
 * releases the frame's effects once it is durable. It outlives its failures: `run` is one incarnation
 * (recover, serve, fail), started again by its supervisor; mailbox and unanswered frames stay.
 */
import type { Pipeline } from "../declare.ts";
import type { Counts, PartitionStatus } from "../runtime.ts";
import { Upkeep } from "../checkpoint/retention.ts";
import { bytesEqual } from "../hash.ts";
import type { LookupGate } from "../ingress/lookup_gate.ts";
import { type KernelModule, KernelTrap } from "../kernel/host.ts";
import { DEDUPE, waitMsMax } from "../params.ts";
import { ASK_INPUTS, decodeStandings, type Standing } from "../stream/marks.ts";
import type { Micros } from "../world/clock.ts";
import type { Chain, World } from "../world/mod.ts";
import { Evolution } from "./evolve.ts";
import { FRAME_OVERHEAD } from "./frame.ts";
import { FrameHistory } from "./history.ts";
import { Incarnation } from "./incarnation.ts";
import { type Done, type EventFields, Mailbox, type Waiting } from "./mailbox.ts";
import type { RecoveryProgress } from "./progress.ts";
import type { Ownership } from "../ownership.ts";
import { follow } from "./follow.ts";
import { NotServing, Readiness } from "./readiness.ts";
import { Fenced, NotTaken, readFrame, readTail, recover, type RecoverOptions } from "./recover.ts";
import type { Replica, ReplicaOptions } from "./replica.ts";
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
  /** Of older checkpoints, so many are kept, thinned out with age. */
  readonly checkpointHistory: number;
  /** Goes on although acknowledged frames are lost at the end of a chain, and says which. */
  readonly acceptLoss: boolean;
}

/** A frame that was handed to the ledger and is not yet known to be durable. */
export interface FrameInFlight {
  readonly number: number;
  readonly clock: number;
  readonly chain: Uint8Array;
  readonly events: Uint8Array;
  readonly effects: Uint8Array;
  readonly waiting: Waiting[];
  /** REJECT effects among its effects. */
  readonly rejects: number;
  readonly appendedAt: number;
  durable: boolean;
}

/** The share of late events is looked at every so many, and told when it is above this. */
const LATE_EVERY = 10_000;
const LATE_SHARE_MAX = 0.001;
/** What an Event holds beside its payload: id, source, sequence, lengths. */
const EVENT_FIELDS_BYTES_MAX = 1024;
/** How far a recovery is, is logged so often. */
const TELL_MS = 2_000;

export class Partition {
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly index: number;
  readonly history: FrameHistory;
  /** What its declaration may change. */
  readonly evolution: Evolution;
  readonly mailbox: Mailbox;
  readonly readiness = new Readiness(() => this.serving);
  /** Where events wait first, for what is looked up for them. */
  gate: LookupGate | undefined;
  /** Told the microseconds from append to acknowledgement of each frame. */
  readonly onAppend = new Set<(micros: number) => void>();
  /** The chain while it serves; for readers of its frames. */
  chain: Chain | undefined;
  longestStallMicros = 0;
  readonly #waitMsMax: number;
  readonly #world: World;
  readonly #module: KernelModule;
  readonly #bounds: PartitionBounds;
  readonly #upkeep: Upkeep;
  readonly #counts = {
    events: 0,
    frames: 0,
    frameBytes: 0,
    replies: 0,
    rejects: 0,
    duplicates: 0,
    outputs: 0,
    late: 0,
    latePartly: 0,
    quarantined: 0,
    checkpoints: 0,
    refused: 0,
  };
  #state: PartitionStatus["state"] = "recovering";
  readonly #ownership: Ownership | undefined;
  #standby: { readonly frame: number; readonly last: number; readonly clock: Micros } | undefined;
  #inFlight: FrameInFlight[] = [];
  #live: Incarnation | undefined;
  #life = new AbortController();
  #recovery: RecoveryProgress | undefined;
  #restarts = 0;
  #lastError: string | undefined;
  #checkpointFrame = 0;
  /** See RecoverOptions. Undefined: it takes over from whoever owns. */
  #claimed: number | undefined;
  #blamed = false;
  #recoveredTo = 0;
  /** Counts when the share of late events was looked at last. */
  #watched = { events: 0, late: 0 };
  /** What the ledger takes; known once it was opened. */
  #messageBytesMax = Infinity;

  constructor(
    pipeline: Pipeline,
    index: number,
    module: KernelModule,
    world: World,
    bounds: PartitionBounds,
    ownership?: Ownership,
  ) {
    this.#ownership = ownership;
    if (ownership?.standsBy) this.#state = "standby";
    this.pipeline = pipeline;
    this.index = index;
    this.name = `${pipeline.name}-${index}`;
    this.#module = module;
    this.#world = world;
    this.#bounds = bounds;
    this.mailbox = new Mailbox({ eventsMax: bounds.mailboxEventsMax, bytesMax: bounds.mailboxBytesMax });
    this.history = new FrameHistory(this.name, pipeline.outputs?.map((output) => output.name));
    this.#waitMsMax = waitMsMax(pipeline);
    this.evolution = new Evolution(pipeline, index, module);
    this.#upkeep = new Upkeep(pipeline, world, this.history, module.hashHex, bounds.checkpointsKept);
  }

  /** Aborted when this incarnation ends: what it decided and was not durable may come to stand elsewhere. */
  get life(): AbortSignal {
    return this.#life.signal;
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
      Math.min(this.#bounds.frameBytesMax, this.#messageBytesMax) - FRAME_OVERHEAD -
        this.#module.description.effectBytesMax -
        EVENT_FIELDS_BYTES_MAX,
    );
  }

  /** Largest payload that is sure to fit in a frame when the kernel does no more than reject it. */
  get recordBytesMax(): number {
    return Math.min(this.#bounds.frameBytesMax, this.#messageBytesMax) - FRAME_OVERHEAD -
      2 * EVENT_FIELDS_BYTES_MAX;
  }

  /** Whether it would take no event now. */
  get full(): boolean {
    return this.mailbox.full || this.gate?.full === true;
  }

  /** Copies the event in, or answers false when it is full. `done` is called once. */
  offer(payload: Uint8Array, fields: EventFields | undefined, done: Done): boolean {
    if (!this.gate) return this.take(payload, fields, done);
    if (this.gate.offer(payload, fields, done)) return true;
    this.#counts.refused++;
    return false;
  }

  /** The same, of an event that is as it will be recorded. */
  take(payload: Uint8Array, fields: EventFields | undefined, done: Done): boolean {
    const live = this.#live;
    if (!live || this.mailbox.events === 0) this.mailbox.now = this.#world.clock.now();
    if (live && this.pipeline.reply === "early") return this.#offerEarly(live, payload, fields, done);
    if (!this.mailbox.put(payload, fields, done)) {
      this.#counts.refused++;
      return false;
    }
    live?.wake();
    return true;
  }

  #offerEarly(live: Incarnation, payload: Uint8Array, fields: EventFields | undefined, done: Done): boolean {
    const frame = live.openFrame(payload.length + EVENT_FIELDS_BYTES_MAX);
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

  /**
   * Ids are remembered for a window, which a repeat must not outwait here: it would count again. So what waited for
   * too long is given back, to be asked again; see `waitMsMax`.
   */
  expire(clock: Micros): void {
    const expired = this.mailbox.expire(clock - 1000 * this.#waitMsMax);
    if (expired.length === 0) return;
    const { windowMs } = this.pipeline.dedupe ?? DEDUPE;
    const waited = this.#waitMsMax / 1000, known = windowMs / 1000;
    const cause = new Error(
      `Cannot apply what waited in ${this.name} for longer than ${waited} s: ids are remembered for ${known} s, ` +
        "so whether it was applied already might be forgotten. Ask again with the same id.",
    );
    this.#world.log.warn(cause.message, { events: expired.length });
    for (const { done } of expired) done({ kind: "unknown", cause });
  }

  /** What the actor knows of a key; answered once everything it rests on is durable. */
  async query(key: Uint8Array): Promise<Uint8Array | undefined> {
    const live = await this.#serving("query");
    const state = live.kernel.query(key);
    await live.durable();
    return state;
  }

  /** All results before this have been released, microseconds; undefined before the first watermark. */
  get watermark(): Micros | undefined {
    return this.history.watermark;
  }

  /** How each input of a declared pipeline stands, by what was applied; undefined while it does not serve. */
  inputs(): Standing[] | undefined {
    const answer = this.#live?.kernel.query(ASK_INPUTS);
    return answer && decodeStandings(answer);
  }

  /** An ADVANCE effect was released. */
  advanced(payload: Uint8Array): void {
    this.history.advanced(payload);
  }

  /** Warns when of the last events too many came after their time. */
  watchLate(): void {
    const { events, late } = this.#counts;
    const since = this.#watched;
    if (events - since.events < LATE_EVERY) return;
    const share = (late - since.late) / (events - since.events);
    this.#watched = { events, late };
    if (share <= LATE_SHARE_MAX) return;
    this.#world.log.warn(
      `${this.name}: ${(share * 100).toFixed(2)} % of the last events came after their time`,
      {
        late: late - since.late,
        events: events - since.events,
        fix:
          "declare more disorder (watermark: bounded(…)) or an allowed lateness; `millrace late` lists them",
      },
    );
  }

  /** Whether nothing that has been applied has more to say by itself: no timer is due, nothing waits. */
  get settled(): boolean {
    const live = this.#live;
    return live !== undefined && !this.gate?.waiting && this.mailbox.events === 0 &&
      this.#inFlight.length === 0 && !live.timerDue;
  }

  /** The highest sequence of a source that it has applied, durably; 0 = none. */
  async sourceMark(source: Uint8Array): Promise<number> {
    const live = await this.#serving("tell how far a source was read in");
    const mark = live.kernel.sourceMark(source);
    await live.durable();
    return mark;
  }

  async #serving(action: string): Promise<Incarnation> {
    await this.readiness.serves().catch((cause) => {
      throw new NotServing(`Cannot ${action} ${this.name}: it is down. ${cause.message}`, { cause });
    });
    if (!this.#live) throw new NotServing(`Cannot ${action} ${this.name}: it restarts. Ask again.`);
    return this.#live;
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
    this.#state = this.#ownership?.standsBy ? "standby" : this.#restarts === 0 ? "recovering" : "restarting";
    this.#recovery = { step: "opening", fromFrame: 0, toFrame: 0, frame: 0, events: 0 };
    const stopTelling = this.#tellRecovery();
    const chain = await this.#world.ledger.open(this.name).catch((error) => {
      stopTelling();
      throw error;
    });
    this.#messageBytesMax = chain.messageBytesMax;
    try {
      const live = await this.#enter(chain, signal).finally(stopTelling);
      if (!live) return void (this.#state = "stopped");
      this.#live = live;
      this.chain = chain;
      this.#state = "serving";
      this.readiness.begun();
      live.wake();
      // Now, so that whoever reads what was recovered goes on after this, and not at some moment before.
      this.history.durable = this.#recoveredTo;
      await live.serve(signal);
      this.#state = "stopped";
    } catch (error) {
      if (error instanceof Fenced && await this.#stillOwns(chain)) {
        throw new Error(`A replaced owner's late frame stands in ${this.name}: taking over again`, {
          cause: error,
        });
      }
      // Where it may, it takes the partition back.
      if (error instanceof Fenced) this.#claimed = undefined;
      throw error;
    } finally {
      this.#live?.end();
      this.#live = undefined;
      this.#life.abort("over");
      this.#life = new AbortController();
      this.chain = undefined;
      if (this.#state === "serving") this.#state = "restarting";
      await chain.close();
    }
  }

  /** Recovers; a standby not before it is its turn. Undefined when it was stopped while it waited. */
  async #enter(chain: Chain, signal: AbortSignal): Promise<Incarnation | undefined> {
    const ownership = this.#ownership;
    if (!ownership?.standsBy) return await this.#recover(chain, signal);
    const isHead = ownership.head === this.name;
    while (true) {
      const warm = await follow({
        ...this.#replication(chain),
        begin: (progress) => (this.#recovery = progress),
        tell: (replica, last) => {
          this.#recovery = undefined;
          this.#standby = { frame: replica.frame, last, clock: replica.clock };
        },
        turn: (epochOf, over) => isHead ? ownership.ownerGone(epochOf, over) : ownership.owned(over),
      }, signal);
      if (!warm) return undefined;
      try {
        return await this.#recover(chain, signal, warm, isHead ? { replacing: warm.epoch } : {});
      } catch (error) {
        if (!(error instanceof NotTaken)) throw error;
        this.#world.log.info(error.message);
      }
    }
  }

  /** A recovery never waits silently, whatever it waits for; one that takes no longer says so at its end only. */
  #tellRecovery(): () => void {
    let cancel: () => void;
    const again = () => {
      cancel = this.#world.clock.after(TELL_MS, () => {
        if (this.#state === "standby" && !this.#recovery) return again();
        this.#world.log.info(`${this.name} recovers`, { ...this.#recovery });
        again();
      });
    };
    again();
    return () => cancel();
  }

  /** Verify or step down: it may have been a frame that our predecessor still had in flight. */
  async #stillOwns(chain: Chain): Promise<boolean> {
    const { last } = await chain.extent();
    return (await readTail(chain, last)).epoch === this.#live?.epoch;
  }

  restarting(error: Error): void {
    this.#restarts++;
    this.#lastError = error.message;
    this.#state = this.#ownership?.standsBy ? "standby" : "restarting";
  }

  /** Down for good: whoever waits is told that the outcome is not known. */
  failed(error: Error): void {
    this.#state = "failed";
    this.#lastError = error.message;
    const waiting = this.#inFlight.flatMap((frame) => frame.waiting);
    this.#inFlight = [];
    for (const { done } of [...waiting, ...this.mailbox.clear()]) done({ kind: "unknown", cause: error });
    this.ended(error);
  }

  /** It serves no more: whoever waits for that is told why. */
  ended(error: Error): void {
    this.readiness.ended(error);
    this.gate?.fail(error);
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
      frame: this.#standby?.frame ?? this.history.durable,
      ...(this.#standby ? { standby: this.#lag(this.#standby) } : {}),
      kernel: this.#module.hashHex,
      recovery: this.#recovery && { ...this.#recovery },
      mailbox: { events: this.mailbox.events, bytes: this.mailbox.bytes },
      counts: { ...this.#counts } satisfies Counts,
      checkpointFrame: this.#checkpointFrame,
      watermark: this.history.watermark,
      keys: live?.kernel.keys ?? 0,
      stateBytes: live?.kernel.stateBytes ?? 0,
      restarts: this.#restarts,
      lastError: this.#lastError,
    };
  }

  #lag({ frame, last, clock }: { frame: number; last: number; clock: Micros }) {
    const lagFrames = Math.max(0, last - frame);
    return { lagFrames, lagMs: lagFrames === 0 ? 0 : Math.max(0, (this.#world.clock.now() - clock) / 1000) };
  }

  #replication(chain: Chain): ReplicaOptions {
    const unanswered = new Map(this.#inFlight.map((frame) => [frame.number, frame]));
    return {
      world: this.#world,
      chain,
      module: this.#module,
      evolution: this.evolution,
      channels: this.history.channels,
      onManifest: (manifest) => this.history.restore(manifest),
      onFrame: (frame, rejects) => {
        this.evolution.checkOwn(frame);
        this.history.replayed(frame, rejects);
        if (this.pipeline.outputs) this.history.recall(frame);
        const own = unanswered.get(frame.number);
        if (own && bytesEqual(own.chain, frame.chain)) own.durable = true;
      },
      onVoid: (number) => this.history.markVoid(number),
    };
  }

  async #recover(
    chain: Chain,
    signal: AbortSignal,
    warm?: Replica,
    options: Pick<RecoverOptions, "replacing"> = {},
  ): Promise<Incarnation> {
    const recovered = await recover({
      ...this.#replication(chain),
      ...options,
      warm,
      signal,
      keepsAll: (this.pipeline.retention ?? "forever") === "forever",
      acceptLoss: this.#bounds.acceptLoss,
      onProgress: (progress) => (this.#recovery = progress),
      claimed: this.#claimed,
      onClaim: (epoch) => (this.#claimed = epoch),
      onTaken: (epoch) => {
        this.#standby = undefined;
        if (this.#state === "standby") this.#state = "recovering";
        this.#ownership?.taken(this.name, epoch, (newer) => this.#live?.overtaken(newer));
      },
    });
    for (const frame of this.#inFlight) {
      if (frame.durable || frame.number > (recovered.manifest?.frame ?? 0)) continue;
      if (this.history.isVoid(frame.number)) continue;
      frame.durable = bytesEqual((await readFrame(chain, frame.number)).chain, frame.chain);
    }
    this.#settle(chain);
    if (!warm) this.history.took(recovered.micros);
    this.#recoveredTo = recovered.number;
    // An owner before us may have purged after the checkpoint was taken: of those letters nothing is left to read.
    this.history.purged(recovered.first - 1);
    this.#checkpointFrame = (recovered.manifest ?? warm?.manifest)?.frame ?? 0;
    this.#world.log.info(`${this.name} serves`, {
      epoch: recovered.epoch,
      frame: recovered.number,
      checkpointFrame: this.#checkpointFrame,
      replayedEvents: recovered.events,
      ms: Math.round(recovered.micros / 1000),
    });
    // The owner before took its checkpoints while this one followed: the next is due about when its own would be.
    const events = warm ? recovered.events % this.#bounds.checkpointEvents : recovered.events;
    return new Incarnation(this.#world, chain, { ...recovered, events }, this.#module, this.#bounds, {
      partition: this,
      counts: this.#counts,
      inFlight: this.#inFlight,
      onCheckpoint: (manifest) => {
        this.#checkpointFrame = manifest.frame;
        this.history.marked(manifest);
        return this.#upkeep.run(chain, recovered.epoch);
      },
    });
  }

  /** Frames of the incarnation before: those that became durable are released, the others' events wait again. */
  #settle(chain: Chain): void {
    let kept = 0;
    for (const frame of this.#inFlight) {
      if (!frame.durable) break;
      if (frame.waiting.length > 0) releaseFrame(frame, this, chain, this.#counts);
      kept++;
    }
    const lost = this.#inFlight.splice(0).slice(kept);
    for (const frame of lost.reverse()) this.mailbox.putBack(frame.events, frame.waiting);
  }
}
