/**
 * What a partition remembers of its released frames: how far they are durable, the newest of them (so that
 * readers of outputs and repeated ids need not go to the ledger), and where its newest dead letters stand.
 */
import type { HostState, Manifest } from "../checkpoint/checkpoint.ts";
import type { Frame } from "./frame.ts";
import type { FrameInFlight } from "./partition.ts";
import { EFFECT_KIND, EffectCursor } from "./records.ts";

export interface ReleasedFrame {
  readonly number: number;
  readonly events: Uint8Array;
  readonly effects: Uint8Array;
}

/** Newest frames kept in memory, and the bytes they may hold together. */
const RECENT_FRAMES_MAX = 256;
const RECENT_BYTES_MAX = 4 * 1024 * 1024;
/** Newest dead letters whose positions are kept; older ones are found with `millrace inspect`. */
const DEAD_LETTERS_MAX = 10_000;

export class FrameHistory {
  readonly name: string;
  #durable = 0;
  #recent: ReleasedFrame[] = [];
  #recentBytes = 0;
  #deadLetters: [number, number, number][] = [];
  #fed: Record<string, number> = {};
  #voids = new Set<number>();
  #listeners = new Set<() => void>();

  constructor(name: string) {
    this.name = name;
  }

  /** Number of the newest durable frame. */
  get durable(): number {
    return this.#durable;
  }

  set durable(number: number) {
    this.#durable = number;
    for (const listener of this.#listeners) listener();
  }

  /** Newest dead letters, oldest first: frame, event, reason. */
  get deadLetters(): readonly (readonly [number, number, number])[] {
    return this.#deadLetters;
  }

  released(frame: FrameInFlight): void {
    this.#recent.push({ number: frame.number, events: frame.events, effects: frame.effects });
    this.#recentBytes += frame.events.length + frame.effects.length;
    while (
      this.#recent.length > RECENT_FRAMES_MAX ||
      (this.#recentBytes > RECENT_BYTES_MAX && this.#recent.length > 1)
    ) {
      const oldest = this.#recent.shift()!;
      this.#recentBytes -= oldest.events.length + oldest.effects.length;
    }
    if (frame.rejects > 0) this.#collectDeadLetters(frame.number, frame.effects);
    this.durable = frame.number;
  }

  replayed(frame: Frame, rejects: number): void {
    if (rejects > 0) this.#collectDeadLetters(frame.number, frame.effects);
  }

  /** A frame that a replaced owner left behind: nobody applies or releases it. */
  markVoid(number: number): void {
    this.#voids.add(number);
  }

  isVoid(number: number): boolean {
    return this.#voids.has(number);
  }

  restore(manifest: Manifest): void {
    this.#voids = new Set(manifest.host.voids);
    this.#deadLetters = manifest.host.deadLetters.map(([frame, event, reason]) => [frame, event, reason]);
    this.#fed = { ...manifest.host.fed };
    this.#recent = [];
    this.#recentBytes = 0;
  }

  /** As of a frame that is durable and released. */
  state(frame: number): HostState {
    return {
      deadLetters: this.#deadLetters.filter(([number]) => number <= frame),
      fed: { ...this.#fed },
      voids: [...this.#voids].filter((number) => number <= frame),
    };
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
      const settle = () => {
        if (this.#durable <= number && !signal?.aborted) return;
        this.#listeners.delete(settle);
        signal?.removeEventListener("abort", settle);
        resolve();
      };
      this.#listeners.add(settle);
      signal?.addEventListener("abort", settle);
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
