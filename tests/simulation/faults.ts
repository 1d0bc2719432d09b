/** What may go wrong in a simulated world: each seed draws which kinds, and how often (swarm testing). */
import type { Seeded } from "../../actors/random.ts";

/** Chance of each, per opportunity. */
export interface Faults {
  /** Stored, but the answer never comes. */
  readonly appendAckLost: number;
  /** Neither stored nor answered. */
  readonly appendLost: number;
  /** Stored long after the writer gave up waiting. */
  readonly appendLate: number;
  /** Refused: disk full. */
  readonly appendFailed: number;
  readonly readFailed: number;
  readonly slow: number;
  /** The process dies just after a message reached the ledger, before it knows. */
  readonly crashAfterAppend: number;
  readonly crashAtCheckpoint: number;
  readonly checkpointPutFailed: number;
  /** The process or the disk leaves part of a blob behind. */
  readonly checkpointTorn: number;
  /** The store says yes and keeps something else. */
  readonly checkpointRotten: number;
  readonly checkpointReadFailed: number;
  /** Per second of virtual time. */
  readonly crash: number;
  readonly secondOwner: number;
  readonly clockJump: number;
  readonly clockFrozen: number;
  /** A client sends an event again though nothing went wrong. */
  readonly repeat: number;
}

const MOST: Faults = {
  appendAckLost: 0.02,
  appendLost: 0.02,
  appendLate: 0.02,
  appendFailed: 0.02,
  readFailed: 0.1,
  slow: 0.2,
  crashAfterAppend: 0.01,
  crashAtCheckpoint: 0.2,
  checkpointPutFailed: 0.3,
  checkpointTorn: 0.2,
  checkpointRotten: 0.2,
  checkpointReadFailed: 0.2,
  crash: 0.6,
  secondOwner: 0.6,
  clockJump: 1,
  clockFrozen: 0.5,
  repeat: 0.1,
};

export const NO_FAULTS = Object.fromEntries(Object.keys(MOST).map((kind) => [kind, 0])) as unknown as Faults;

export function drawFaults(random: Seeded): Faults {
  const draw = (most: number) => random.chance(0.5) ? most * random.next() : 0;
  return Object.fromEntries(
    Object.entries(MOST).map(([kind, most]) => [kind, draw(most)]),
  ) as unknown as Faults;
}

/** How often each thing happened, and a line in the trace each time. */
export class Counters {
  readonly counts: Record<string, number> = {};
  hit(kind: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }
}
