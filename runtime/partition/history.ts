/**
 * What a partition remembers of its released frames: how far they are durable, the newest of them (so that
 * readers of outputs and repeated ids need not go to the ledger), and where its newest dead letters stand.
 */
import type { HostState, Manifest } from "../checkpoint/checkpoint.ts";
import type { Mark } from "../checkpoint/retention.ts";
import { Channels } from "../output/channels.ts";
import { decodeAdvance } from "../stream/marks.ts";
import { type Frame, FRAME_OVERHEAD } from "./frame.ts";
import type { FrameInFlight } from "./partition.ts";
import { EFFECT_KIND, EffectCursor } from "./records.ts";

export interface ReleasedFrame {
  readonly number: number;
  readonly events: Uint8Array;
  readonly effects: Uint8Array;
}

/** Who waits for a frame. */
interface Awaited {
  readonly beyond: number;
  settle(): void;
}

export interface Reading {
  next: number;
  end(): void;
}

/** Newest frames kept in memory, and the bytes they may hold together. */
const RECENT_FRAMES_MAX = 256;
const RECENT_BYTES_MAX = 4 * 1024 * 1024;
/** Newest dead letters whose positions are kept; older ones are found with `millrace inspect`. */
const DEAD_LETTERS_MAX = 10_000;
/** Newest frames with late events whose numbers are kept. */
const LATE_FRAMES_MAX = 10_000;
/** A replay of less tells no rate. */
const RATE_BYTES_MIN = 1024 * 1024;
/** Checkpoints whose places are remembered; beyond, every other one of the older half is forgotten. */
const MARKS_MAX = 1_000;

export class FrameHistory {
  readonly name: string;
  #watermark: number | undefined;
  #durable = 0;
  #recent: ReleasedFrame[] = [];
  #recentBytes = 0;
  #deadLetters: [number, number, number][] = [];
  #lateFrames: number[] = [];
  #fed: Record<string, number> = {};
  #voids = new Set<number>();
  /** An array: a set that gains and loses an entry with each frame leaves tables that keep one another alive. */
  readonly #awaited: Awaited[] = [];
  #clock = 0;
  #bytes = 0;
  /** Bytes of the chain where replay began, and bytes replayed in a second. */
  #replayedFrom = 0;
  #replayRate: number | undefined;
  #marks: Mark[] = [];
  readonly #receivers = new Set<string>();
  readonly #readers = new Set<Reading>();

  /** What the numbers of outputs mean, frame by frame. */
  readonly channels: Channels;

  /** `outputs`: their names as declared now, by channel. */
  constructor(name: string, outputs: readonly string[] = []) {
    this.name = name;
    this.channels = new Channels(outputs);
  }

  /** Number of the newest durable frame. */
  get durable(): number {
    return this.#durable;
  }

  set durable(number: number) {
    this.#durable = number;
    let left = 0;
    for (const awaited of this.#awaited) {
      if (awaited.beyond >= number) this.#awaited[left++] = awaited;
      else awaited.settle();
    }
    this.#awaited.length = left;
  }

  /** All results before this event time have been released, microseconds. */
  get watermark(): number | undefined {
    return this.#watermark;
  }

  /** It only rises: an incarnation that replays older frames tells nobody that less has been released. */
  set watermark(time: number | undefined) {
    if (time !== undefined && !(time <= this.#watermark!)) this.#watermark = time;
  }

  /** Newest dead letters, oldest first: frame, event, reason. */
  get deadLetters(): readonly (readonly [number, number, number])[] {
    return this.#deadLetters;
  }

  /** Newest frames that hold events which came after their time, oldest first. */
  get lateFrames(): readonly number[] {
    return this.#lateFrames;
  }

  /** A frame holds a late event. */
  late(frame: number): void {
    if (frame <= (this.#lateFrames.at(-1) ?? 0)) return;
    this.#lateFrames.push(frame);
    if (this.#lateFrames.length > LATE_FRAMES_MAX * 1.1) {
      this.#lateFrames = this.#lateFrames.slice(-LATE_FRAMES_MAX);
    }
  }

  released(frame: FrameInFlight): void {
    this.#remember(frame);
    if (frame.rejects > 0) this.#collectDeadLetters(frame.number, frame.effects);
    this.#clock = frame.clock;
    this.#bytes += bytesOf(frame);
    this.durable = frame.number;
  }

  replayed(frame: Frame, rejects: number): void {
    this.#clock = Math.max(this.#clock, frame.clock);
    this.#bytes += bytesOf(frame);
    this.#remember(frame);
    if (frame.outputs) this.channels.begins(frame.number, frame.outputs);
    if (rejects > 0) this.#collectDeadLetters(frame.number, frame.effects);
  }

  /** What a declared pipeline said of event time in a frame that is replayed. */
  recall({ number, effects }: Frame): void {
    const cursor = new EffectCursor(effects);
    while (cursor.next()) {
      if (cursor.kind === EFFECT_KIND.LATE) this.late(number);
      else if (cursor.kind === EFFECT_KIND.ADVANCE) this.advanced(cursor.payload);
    }
  }

  /** An ADVANCE effect was released. */
  advanced(payload: Uint8Array): void {
    this.watermark = decodeAdvance(payload);
  }

  /** Readers of outputs and repeated ids find it in memory, also after a takeover. */
  #remember({ number, events, effects }: ReleasedFrame): void {
    if (number <= (this.#recent.at(-1)?.number ?? 0)) return;
    this.#recent.push({ number, events, effects });
    this.#recentBytes += events.length + effects.length;
    while (
      this.#recent.length > RECENT_FRAMES_MAX ||
      (this.#recentBytes > RECENT_BYTES_MAX && this.#recent.length > 1)
    ) {
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    const { events, effects } = this.#recent.shift()!;
    this.#recentBytes -= events.length + effects.length;
  }

  /** A recovery has ended: its rate is kept for estimates, where it was long enough to have one. */
  took(micros: number): void {
    const bytes = this.#bytes - this.#replayedFrom;
    if (bytes >= RATE_BYTES_MIN && micros > 0) this.#replayRate = Math.round(bytes * 1e6 / micros);
  }

  /** A frame that a replaced owner left behind: nobody applies or releases it. */
  markVoid(number: number): void {
    this.#voids.add(number);
  }

  isVoid(number: number): boolean {
    return this.#voids.has(number);
  }

  /** As a checkpoint has it, or from nothing. */
  restore(manifest: Manifest | undefined): void {
    this.#clock = manifest?.clock ?? 0;
    this.#bytes = manifest?.host.bytes ?? 0;
    this.#replayedFrom = this.#bytes;
    this.#replayRate = manifest?.host.replayRate;
    this.#marks = [...manifest?.host.marks ?? []];
    if (!manifest) return;
    this.channels.restore(manifest.host.outputs ?? []);
    this.#marks.push([manifest.frame, manifest.clock, this.#bytes]);
    // What is void stays so: readers of the incarnation before may still be at it, and replay has yet to come there.
    for (const number of manifest.host.voids) this.#voids.add(number);
    this.#deadLetters = manifest.host.deadLetters.map(([frame, event, reason]) => [frame, event, reason]);
    this.watermark = manifest.host.watermark;
    this.#lateFrames = [...manifest.host.lateFrames ?? []];
    this.#fed = { ...manifest.host.fed };
    this.#recent = [];
    this.#recentBytes = 0;
  }

  /** As of a frame that is durable and released. */
  state(frame: number): HostState {
    return {
      deadLetters: this.#deadLetters.filter(([number]) => number <= frame),
      watermark: this.watermark,
      lateFrames: this.#lateFrames.filter((number) => number <= frame),
      fed: { ...Object.fromEntries([...this.#receivers].map((name) => [name, 0])), ...this.#fed },
      voids: [...this.#voids].filter((number) => number <= frame),
      bytes: this.#bytes -
        this.#recent.reduce((sum, later) => later.number > frame ? sum + bytesOf(later) : sum, 0),
      marks: [...this.#marks],
      replayRate: this.#replayRate,
      outputs: this.channels.eras(frame),
    };
  }

  /** A checkpoint of this frame counts from now on. */
  marked({ frame, clock, host }: Manifest): void {
    this.#marks.push([frame, clock, host.bytes ?? 0]);
    if (this.#marks.length > MARKS_MAX) {
      this.#marks = this.#marks.filter((_, i) => i % 2 === 0 || i > MARKS_MAX / 2);
    }
  }

  /** What retention is decided from. */
  extent() {
    return {
      newest: [this.#durable, this.#clock, this.#bytes] as const,
      marks: this.#marks,
      receivers: [...this.#receivers],
      read: Math.min(Infinity, ...[...this.#readers].map(({ next }) => next)),
    };
  }

  /**
   * Frames up to this one are no longer in the ledger, and so not in memory either: what was found would depend on
   * whom one asks. Every receiver had them, also one that an older checkpoint,
   * restored because newer ones could not be read, knows to be further back.
   */
  purged(number: number): void {
    for (const name of Object.keys(this.#fed)) if (this.#receivers.has(name)) this.setFed(name, number);
    this.#marks = this.#marks.filter(([frame]) => frame > number);
    this.#deadLetters = this.#deadLetters.filter(([frame]) => frame > number);
    this.#lateFrames = this.#lateFrames.filter((frame) => frame > number);
    for (const frame of this.#voids) if (frame <= number) this.#voids.delete(frame);
    while (this.#recent[0]?.number <= number) this.#forgetOldest();
    this.channels.purged(number);
  }

  /** A receiver of outputs that is part of the topology: frames it has not had are not purged. */
  expect(receiver: string): void {
    this.#receivers.add(receiver);
  }

  /** While a reader is under way, frames from its `next` on are not purged. */
  reading(next: number): Reading {
    const reading = { next, end: () => void this.#readers.delete(reading) };
    this.#readers.add(reading);
    return reading;
  }

  recent(number: number): ReleasedFrame | undefined {
    const first = this.#recent[0]?.number;
    if (first === undefined || number < first) return undefined;
    const frame = this.#recent[number - first];
    return frame?.number === number ? frame : this.#recent.find((other) => other.number === number);
  }

  /** Outputs of frames up to `frame` are durable at the receiver. */
  fed(receiver: string): number {
    return this.#fed[receiver] ?? 0;
  }

  setFed(receiver: string, frame: number): void {
    this.#fed[receiver] = Math.max(frame, this.fed(receiver));
  }

  /** Resolves when a frame beyond `number` is durable, or at the signal. */
  beyond(number: number, signal?: AbortSignal): Promise<void> {
    if (this.#durable > number || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const leave = () => {
        this.#awaited.splice(this.#awaited.indexOf(awaited), 1);
        resolve();
      };
      const settle = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const awaited = { beyond: number, settle };
      this.#awaited.push(awaited);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  #collectDeadLetters(number: number, effects: Uint8Array): void {
    if (this.#deadLetters.length > 0 && number <= this.#deadLetters.at(-1)![0]) return;
    const cursor = new EffectCursor(effects);
    while (cursor.next()) {
      if (cursor.kind === EFFECT_KIND.REJECT) this.#deadLetters.push([number, cursor.event, cursor.reason]);
    }
    if (this.#deadLetters.length > DEAD_LETTERS_MAX * 1.1) {
      this.#deadLetters = this.#deadLetters.slice(-DEAD_LETTERS_MAX);
    }
  }
}

/** What a frame takes in the ledger, give or take its positions. */
function bytesOf({ events, effects }: Pick<Frame, "events" | "effects">): number {
  return events.length + effects.length + FRAME_OVERHEAD;
}
