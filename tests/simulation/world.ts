/**
 * The world of one simulated process: clock, ledger and checkpoints on virtual time, with faults. `cut` is the
 * crash: from then on nothing the process does has any effect, but for appends already on their way, which
 * may still arrive. A paused process goes on later where it was, with whatever happened meanwhile behind it.
 */
import type { Seeded } from "../../actors/random.ts";
import { noNetwork } from "../../runtime/adapters/memory/network.ts";
import type { World } from "../../runtime/mod.ts";
import type { CheckpointStore } from "../../runtime/world/checkpoints.ts";
import type { Clock } from "../../runtime/world/clock.ts";
import type { Presence } from "../../runtime/world/presence.ts";
import type { Chain, Ledger } from "../../runtime/world/ledger.ts";
import type { StoredManifest } from "./checkers/remembered.ts";
import { simCheckpoints } from "./checkpoints.ts";
import type { Counters, Faults, PerOpportunity } from "./faults.ts";
import { lendTo } from "./instances.ts";
import { SimChain, type SimStore } from "./ledger.ts";
import type { Answered } from "./lookups.ts";
import { type Shown, simPresence } from "./presence.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Delivered } from "./sinks.ts";

/** What all processes of a simulation share, and what outlives them. */
export interface Ground {
  readonly scheduler: Scheduler;
  readonly store: SimStore;
  readonly blobs: Map<string, Uint8Array>;
  /** All manifests of checkpoints that were ever stored, as they were given. */
  readonly manifests: StoredManifest[];
  /** What stands outside, by pipeline and partition. */
  readonly sinks: Map<string, Delivered>;
  readonly counters: Counters;
  faults: Faults;
  /** Until when the disk is full, and slow. */
  diskFullUntil: number;
  slowUntil: number;
  /** The chain of a partition that is slow, and until when. */
  lagging: { chain: string; until: number };
  /** Owners that show themselves, and until when nobody sees any. */
  readonly shown: Set<Shown>;
  unseenUntil: number;
  /** Until when standbys hear of nothing. */
  standbysLagUntil: number;
  /** What was told of rates, by key, and until when they are not to be had. */
  readonly answers: Map<string, Answered[]>;
  lookupsAwayUntil: number;
  readonly violations: string[];
  trace(line: string): void;
  /** Outputs of one stage that the next has not taken yet. */
  feedsUnderWay(): boolean;
}

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
const SLOW_MICROS = 30_000;

export class SimWorld implements World {
  readonly clock: Clock;
  readonly random: World["random"];
  readonly ledger: Ledger;
  readonly checkpoints: CheckpointStore;
  readonly network = noNetwork();
  readonly presence: Presence | undefined;
  readonly log = { info: () => {}, warn: () => {}, error: () => {} };
  alive = true;
  /** Messages to the ledger, and its answers, do not get through. */
  cutOff = { out: false, back: false };
  /** Clients do not reach it. */
  unreachable = false;
  /** Reads that this process was given damaged: it may complain of them. */
  damagedReads = 0;
  /** Its machine dies with it: nobody is told that it is gone. */
  readonly diesSilently: boolean = false;
  /** Whether its ledger tells of new frames, or is asked. */
  readonly isToldNews: boolean = false;
  /** Whether another process owns the ledger. */
  standsBy: () => boolean = () => false;
  /** Whether a partition of this process is recovering. */
  recovering: () => boolean = () => true;
  readonly ground: Ground;
  readonly draws: Seeded;
  readonly #onCrash: (why: string) => void;
  #offset: number;
  #frozen: number | undefined;
  #held: (() => void)[] | undefined;

  constructor(
    ground: Ground,
    draws: Seeded,
    offset: number,
    onCrash: (why: string) => void,
    standby = false,
  ) {
    this.ground = ground;
    this.draws = draws;
    this.#offset = offset;
    this.#onCrash = onCrash;
    this.clock = this.#makeClock();
    if (standby) {
      this.presence = simPresence(this);
      this.diesSilently = draws.chance(0.5);
      this.isToldNews = draws.chance(0.5);
    }
    this.random = {
      next: () => draws.next(),
      id: () => Array.from({ length: 22 }, () => ALPHABET[draws.int(0, ALPHABET.length - 1)]).join(""),
    };
    this.ledger = {
      name: "simulated",
      durability: "process",
      open: (name) => this.wait(this.latency()).then((): Chain => new SimChain(this, name)),
      chains: () => Promise.resolve([...ground.store.chains.keys()].sort()),
      close: () => Promise.resolve(),
    };
    this.checkpoints = simCheckpoints(this);
  }

  cut(): void {
    this.alive = false;
    this.#held = undefined;
  }

  get paused(): boolean {
    return this.#held !== undefined;
  }

  /** Stopped, and not dead: SIGSTOP, or a machine that stands still. */
  pause(): void {
    this.#held ??= [];
  }

  /** What fell due meanwhile happens now, all at once. */
  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const run of held) this.later(0, run);
  }

  get clockOffset(): number {
    return this.#offset;
  }

  jump(micros: number): void {
    this.#offset += micros;
  }

  freeze(): void {
    this.#frozen = this.clock.now();
  }

  thaw(): void {
    this.#frozen = undefined;
  }

  /** Resolves later, or never when the process has died by then. */
  wait(micros: number): Promise<void> {
    return new Promise((resolve) => void this.later(micros, resolve));
  }

  later(micros: number, run: () => void): () => void {
    let cancelled = false;
    const cancel = this.ground.scheduler.after(micros, () => {
      if (!this.alive) return;
      lendTo(this);
      if (this.#held) this.#held.push(() => !cancelled && run());
      else run();
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }

  latency(): number {
    const base = this.draws.int(20, 400);
    const { slowUntil, scheduler } = this.ground;
    if (slowUntil > scheduler.now) return base + this.draws.int(0, SLOW_MICROS);
    return this.fails("slow") ? base + this.draws.int(0, 3 * SLOW_MICROS) : base;
  }

  fails(kind: PerOpportunity): boolean {
    const rate = this.ground.faults[kind];
    if (rate === 0 || !this.alive || !this.draws.chance(rate)) return false;
    this.ground.counters.fault(kind);
    return true;
  }

  /** The process dies here and now, if it draws so; true when it did. */
  crashesAt(kind: PerOpportunity & `crash${string}`): boolean {
    if (!this.fails(kind)) return false;
    this.die(kind);
    return true;
  }

  die(why: string): void {
    if (this.alive) this.#onCrash(why);
  }

  #makeClock(): Clock {
    const { scheduler } = this.ground;
    const after = (ms: number, run: () => void) => this.later(ms * 1000, run);
    return {
      now: () => this.#frozen ?? scheduler.now + this.#offset,
      monotonic: () => scheduler.now,
      after,
      soon: (run) => void this.later(this.draws.int(0, 4), run),
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          const wake = () => {
            signal?.removeEventListener("abort", wake);
            cancel();
            resolve();
          };
          const cancel = after(ms, wake);
          signal?.addEventListener("abort", wake, { once: true });
        }),
    };
  }
}
