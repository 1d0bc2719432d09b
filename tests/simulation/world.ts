/**
 * The world of one simulated process: clock, ledger and checkpoints on virtual time, with faults. `cut` is the
 * crash: from then on nothing the process does has any effect, but for appends already on their way, which
 * may still arrive.
 */
import type { Seeded } from "../../actors/random.ts";
import type { MemoryStore, StoredChain } from "../../runtime/adapters/memory/ledger.ts";
import { noNetwork } from "../../runtime/adapters/memory/network.ts";
import type { World } from "../../runtime/mod.ts";
import { concat } from "../../runtime/partition/wire.ts";
import type { CheckpointStore } from "../../runtime/world/checkpoints.ts";
import type { Clock } from "../../runtime/world/clock.ts";
import type { Appended, Chain, Extent, Ledger, Stored } from "../../runtime/world/ledger.ts";
import type { Counters, Faults } from "./faults.ts";
import type { Scheduler } from "./scheduler.ts";

/** Known bugs that can be put back at the edge of the world; see variants.ts for those inside. */
export interface WorldVariant {
  /** The ledger takes an append whatever it follows. */
  readonly noFence?: boolean;
  /** An append is acknowledged before it is stored. */
  readonly releaseBeforeCommit?: boolean;
}

/** What all processes of a simulation share, and what outlives them. */
export interface Ground {
  readonly scheduler: Scheduler;
  readonly store: MemoryStore;
  readonly blobs: Map<string, Uint8Array>;
  readonly counters: Counters;
  readonly variant: WorldVariant;
  faults: Faults;
  trace(line: string): void;
}

/** How long a writer waits for an answer, microseconds. */
const ANSWER_WAIT = 500_000;
const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

export class SimWorld implements World {
  readonly clock: Clock;
  readonly random: World["random"];
  readonly ledger: Ledger;
  readonly checkpoints: CheckpointStore;
  readonly network = noNetwork();
  readonly log = { info: () => {}, warn: () => {}, error: () => {} };
  alive = true;
  readonly ground: Ground;
  readonly draws: Seeded;
  readonly #onCrash: (why: string) => void;
  #offset: number;
  #frozen: number | undefined;

  constructor(ground: Ground, draws: Seeded, offset: number, onCrash: (why: string) => void) {
    this.ground = ground;
    this.draws = draws;
    this.#offset = offset;
    this.#onCrash = onCrash;
    this.clock = this.#makeClock();
    this.random = {
      next: () => draws.next(),
      id: () => Array.from({ length: 22 }, () => draws.pick([...ALPHABET])).join(""),
    };
    const chain = (name: string): Chain => new SimChain(this, name, ground.store.chain(name));
    this.ledger = {
      name: "simulated",
      durability: "process",
      open: (name) => this.wait(this.latency()).then(() => chain(name)),
      chains: () => Promise.resolve([...ground.store.chains.keys()].sort()),
      close: () => Promise.resolve(),
    };
    this.checkpoints = simCheckpoints(this);
  }

  cut(): void {
    this.alive = false;
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
    return new Promise((resolve) => this.later(micros, resolve));
  }

  later(micros: number, run: () => void): () => void {
    return this.ground.scheduler.after(micros, () => {
      if (this.alive) run();
    });
  }

  latency(): number {
    const base = this.draws.int(20, 400);
    if (!this.draws.chance(this.ground.faults.slow)) return base;
    this.ground.counters.hit("slow");
    return base + this.draws.int(0, 100_000);
  }

  fails(kind: keyof Faults): boolean {
    if (!this.draws.chance(this.ground.faults[kind])) return false;
    this.ground.counters.hit(kind);
    return true;
  }

  /** The process dies a moment from now, if it draws so. */
  mayCrash(kind: "crashAfterAppend" | "crashAtCheckpoint"): void {
    if (this.alive && this.fails(kind)) this.later(this.draws.int(0, 300), () => this.#onCrash(kind));
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

interface Pending {
  outcome: Appended | undefined;
  resolve(outcome: Appended): void;
}

class SimChain implements Chain {
  readonly messageBytesMax = 64 * 1024;
  readonly inFlightMax = 6;
  readonly name: string;
  readonly #world: SimWorld;
  readonly #stored: StoredChain;
  readonly #pending: Pending[] = [];
  #lastArrival = 0;
  #lastAnswer = 0;
  #broken = false;

  constructor(world: SimWorld, name: string, stored: StoredChain) {
    this.#world = world;
    this.name = name;
    this.#stored = stored;
  }

  append(after: number, bytes: Uint8Array): Promise<Appended> {
    const world = this.#world, { scheduler, variant } = world.ground;
    const message = bytes.slice();
    const pending: Pending = { outcome: undefined, resolve: () => {} };
    const answer = new Promise<Appended>((resolve) => (pending.resolve = resolve));
    this.#pending.push(pending);
    if (world.fails("appendFailed")) {
      this.#answer(pending, { kind: "failed", cause: new Error("the disk is full") });
      return answer;
    }
    const lost = world.fails("appendLost");
    const late = !lost && world.fails("appendLate");
    const ackLost = !lost && !late && world.fails("appendAckLost");
    const travel = world.latency() + (late ? world.draws.int(ANSWER_WAIT, 4 * ANSWER_WAIT) : 0);
    this.#lastArrival = Math.max(this.#lastArrival + 1, scheduler.now + travel);
    if (!lost) {
      scheduler.after(this.#lastArrival - scheduler.now, () => {
        const stored = this.#arrive(after, message);
        if (stored && !ackLost) this.#answer(pending, stored);
      });
    }
    if (variant.releaseBeforeCommit) this.#answer(pending, { kind: "stored", sequence: after + 1 });
    world.later(
      ANSWER_WAIT,
      () => this.#answer(pending, { kind: "unknown", cause: new Error("no answer from the ledger") }),
    );
    return answer;
  }

  async extent(): Promise<Extent> {
    await this.#read();
    return { first: this.#stored.first, last: this.#last };
  }

  async get(sequence: number): Promise<Uint8Array | undefined> {
    await this.#read();
    return this.#stored.messages[sequence - this.#stored.first]?.slice();
  }

  async *read(from: number, to = this.#last): AsyncIterable<Stored> {
    for (let sequence = from; sequence <= to; sequence++) {
      if (sequence === from || this.#world.draws.chance(0.05)) await this.#read();
      const message = this.#stored.messages[sequence - this.#stored.first];
      if (message) yield { sequence, message: message.slice() };
    }
  }

  purge(): Promise<void> {
    return Promise.reject(new Error("Cannot purge: no simulation does"));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get #last(): number {
    return this.#stored.first + this.#stored.messages.length - 1;
  }

  async #read(): Promise<void> {
    await this.#world.wait(this.#world.latency());
    if (this.#world.fails("readFailed")) throw new Error("the ledger went away during a read");
  }

  /** At the ledger. What a dead process had sent arrives or not; nobody hears of it. */
  #arrive(after: number, message: Uint8Array): Appended | undefined {
    const world = this.#world, { counters, variant } = world.ground;
    if (!world.alive) {
      if (world.draws.chance(0.5)) return undefined;
      counters.hit("arrivedAfterDeath");
    }
    if (after !== this.#last && !variant.noFence) {
      counters.hit("fenced");
      return { kind: "fenced", detail: `the last is ${this.#last}` };
    }
    this.#stored.messages.push(message);
    world.ground.trace(`stored ${this.name} ${after + 1} ${message.length}`);
    world.mayCrash("crashAfterAppend");
    return { kind: "stored", sequence: after + 1 };
  }

  #answer(pending: Pending, outcome: Appended): void {
    const { scheduler } = this.#world.ground;
    this.#lastAnswer = Math.max(this.#lastAnswer + 1, scheduler.now + this.#world.latency() / 2);
    this.#world.later(this.#lastAnswer - scheduler.now, () => {
      pending.outcome ??= outcome;
      this.#settle();
    });
  }

  /** Answers go out in the order of the calls; after one that is not "stored" none is. */
  #settle(): void {
    while (this.#pending[0]?.outcome) {
      const { outcome, resolve } = this.#pending.shift()!;
      if (outcome!.kind === "unknown") this.#world.ground.counters.hit("unknown");
      if (this.#broken && outcome!.kind === "stored") {
        resolve({ kind: "unknown", cause: new Error("an append before it was not answered") });
      } else resolve(outcome!);
      if (outcome!.kind !== "stored") this.#broken = true;
    }
  }
}

function simCheckpoints(world: SimWorld): CheckpointStore {
  const { ground } = world;
  const { blobs } = ground;
  const read = async () => {
    await world.wait(world.latency());
    if (world.fails("checkpointReadFailed")) throw new Error("the checkpoint store went away");
  };
  return {
    async put(name, parts) {
      const copies: Uint8Array[] = [];
      for await (const part of parts) copies.push(part.slice());
      const blob = concat(...copies);
      world.mayCrash("crashAtCheckpoint");
      await world.wait(world.latency());
      if (world.fails("checkpointPutFailed")) throw new Error("the checkpoint store is full");
      if (world.fails("checkpointTorn")) {
        blobs.set(name, blob.slice(0, world.draws.int(0, blob.length)));
        throw new Error("the checkpoint store went away half way");
      }
      if (blob.length > 0 && world.fails("checkpointRotten")) blob[world.draws.int(0, blob.length - 1)] ^= 4;
      blobs.set(name, blob);
      ground.trace(`checkpoint ${name} ${blob.length}`);
    },
    async get(name) {
      await read();
      const blob = blobs.get(name)?.slice();
      return blob && (async function* () {
        for (let at = 0; at < blob.length; at += 70_000) yield blob.subarray(at, at + 70_000);
      })();
    },
    async list(prefix) {
      await read();
      return [...blobs.keys()].filter((name) => name.startsWith(prefix)).sort();
    },
    async delete(name) {
      await read();
      blobs.delete(name);
    },
  };
}
