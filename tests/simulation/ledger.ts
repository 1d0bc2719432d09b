/** The ledger as one simulated process reaches it: over a network that loses, delays, doubles and reorders. */
import type { Appended, Chain, Extent, Stored } from "../../runtime/world/ledger.ts";
import { decodeFrame } from "../../runtime/mod.ts";
import { Stragglers } from "./stragglers.ts";
import { tellsWindows } from "./stored_time.ts";
import type { SimWorld } from "./world.ts";

/** What is stored, and what was purged: gone for the runtime, kept here for the checkers. */
export class StoredChain {
  readonly name: string;
  first = 1;
  readonly messages: Uint8Array[] = [];
  /** When each was stored, virtual time. */
  readonly storedAt: number[] = [];
  /** The newest that came as a straggler; 0 = none did. */
  straggled = 0;
  readonly stragglers = new Stragglers();
  readonly #waiting = new Set<() => void>();

  constructor(name: string) {
    this.name = name;
  }

  get last(): number {
    return this.messages.length;
  }

  push(message: Uint8Array, now: number): void {
    this.messages.push(message);
    this.storedAt.push(now);
    for (const tell of [...this.#waiting]) tell();
  }

  /** Called once, when it has grown, or at the signal. */
  whenLonger(told: () => void, signal: AbortSignal): void {
    const tell = () => {
      this.#waiting.delete(tell);
      signal.removeEventListener("abort", tell);
      told();
    };
    this.#waiting.add(tell);
    signal.addEventListener("abort", tell, { once: true });
  }

  get(sequence: number): Uint8Array | undefined {
    return sequence < this.first ? undefined : this.messages[sequence - 1];
  }
}

export class SimStore {
  readonly chains = new Map<string, StoredChain>();

  chain(name: string): StoredChain {
    let chain = this.chains.get(name);
    if (!chain) this.chains.set(name, chain = new StoredChain(name));
    return chain;
  }
}

/** How long a writer waits for an answer, microseconds. */
const ANSWER_WAIT = 500_000;

/** Share of the frames of a read that are waited for; and what each takes more where it is slow. */
const WAITS = 0.01, SLOW_READ = 20_000;

/** What a partition that lags takes more for each frame. */
const LAG = 150_000;

/** A frame without an event is shorter, any other longer: it begins an epoch. */
const TAKEOVER_BYTES_MAX = 140;

interface Pending {
  outcome: Appended | undefined;
  resolve(outcome: Appended): void;
  giveUp(): void;
}

export class SimChain implements Chain {
  readonly messageBytesMax = 512 * 1024;
  readonly inFlightMax = 6;
  readonly name: string;
  readonly #world: SimWorld;
  readonly #stored: StoredChain;
  readonly #pending: Pending[] = [];
  readonly follow: Chain["follow"];
  #lastArrival = 0;
  #lastAnswer = 0;
  #broken = false;
  /** What is sent from now on stays behind. */
  #straggles = false;

  constructor(world: SimWorld, name: string) {
    this.#world = world;
    this.name = name;
    this.#stored = world.ground.store.chain(name);
    if (world.isToldNews) this.follow = (from, signal) => this.#news(from, signal);
  }

  append(after: number, bytes: Uint8Array): Promise<Appended> {
    const world = this.#world;
    const pending: Pending = { outcome: undefined, resolve: () => {}, giveUp: () => {} };
    const answer = new Promise<Appended>((resolve) => (pending.resolve = resolve));
    if (world.standsBy()) this.#appendByStandby(after, bytes);
    if (world.crashesAt("crashBeforeAppend") || !world.alive) return answer;
    this.#pending.push(pending);
    pending.giveUp = world.later(
      ANSWER_WAIT,
      () => this.#settleAs(pending, { kind: "unknown", cause: new Error("no answer from the ledger") }),
    );
    this.#send(after, bytes, pending); // no copy: a frame's bytes never change, and their hash is proven
    if (world.fails("crashDuringAppend")) {
      world.later(world.draws.int(0, 400), () => world.die("crashDuringAppend"));
    }
    return answer;
  }

  /** All that it may write is the frame with which it takes over. */
  #appendByStandby(after: number, bytes: Uint8Array): void {
    const { counters, violations } = this.#world.ground;
    if (decodeFrame(bytes, "what a standby writes").events.length === 0) {
      return counters.fault("takeoverByStandby");
    }
    violations.push(`fence: a standby wrote frame ${after + 1} of ${this.name}`);
  }

  async extent(): Promise<Extent> {
    this.#world.crashesAt("crashBeforeTakeover");
    await this.#read();
    return { first: this.#stored.first, last: this.#stored.last };
  }

  async get(sequence: number): Promise<Uint8Array | undefined> {
    await this.#read();
    return this.#reading(this.#stored.get(sequence));
  }

  async *read(from: number, to = this.#stored.last): AsyncIterable<Stored> {
    const first = Math.max(from, this.#stored.first);
    const slow = this.#world.recovering() && this.#world.fails("slowReplay");
    for (let sequence = first; sequence <= to; sequence++) {
      if (sequence === first || this.#world.draws.chance(WAITS)) await this.#read();
      else if (slow) await this.#world.wait(this.#world.draws.int(0, SLOW_READ));
      const message = this.#reading(this.#stored.get(sequence));
      if (message) yield { sequence, message };
    }
  }

  async purge(sequence: number): Promise<void> {
    await this.#read();
    const stored = this.#stored;
    if (sequence < stored.first) return;
    stored.first = Math.min(sequence, stored.last) + 1;
    this.#world.ground.counters.fault("purge");
    this.#world.ground.trace(`purged ${this.name} ${sequence}`);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** What a standby follows, where the ledger tells of it. */
  async *#news(from: number, signal: AbortSignal): AsyncGenerator<Stored & { last: number }> {
    const world = this.#world, stored = this.#stored;
    for (let next = from; !signal.aborted;) {
      if (next > stored.last) await new Promise<void>((resolve) => stored.whenLonger(resolve, signal));
      await this.#read();
      if (world.fails("followBroken")) throw new Error("the ledger's news broke off");
      for (const { last } = stored; next <= last && !signal.aborted; next++) {
        const message = this.#reading(stored.get(next));
        if (message) yield { sequence: next, message, last };
      }
    }
  }

  async #read(): Promise<void> {
    const world = this.#world;
    if (world.cutOff.out || world.cutOff.back) {
      await world.wait(ANSWER_WAIT);
      throw new Error("no answer from the ledger");
    }
    if (world.ground.faults.crashInRecovery > 0 && world.recovering()) world.crashesAt("crashInRecovery");
    const { standbysLagUntil, scheduler } = world.ground;
    if (standbysLagUntil > scheduler.now && world.standsBy()) {
      await world.wait(standbysLagUntil - scheduler.now);
    }
    await world.wait(world.latency());
    if (world.fails("readFailed")) throw new Error("the ledger went away during a read");
  }

  /** What a reader gets: now and then not what is stored. */
  #reading(message: Uint8Array | undefined): Uint8Array | undefined {
    const world = this.#world;
    if (message === undefined) return undefined;
    if (world.fails("frameTruncated")) {
      world.damagedReads++;
      return message.slice(0, world.draws.int(0, message.length - 1));
    }
    if (!world.fails("frameFlipped")) return message; // nobody writes to it: its hash is proven at the end
    world.damagedReads++;
    const copy = message.slice();
    copy[world.draws.int(0, copy.length - 1)] ^= 1 << world.draws.int(0, 7);
    return copy;
  }

  #send(after: number, message: Uint8Array, pending: Pending): void {
    const world = this.#world, { scheduler, feedsUnderWay, lagging } = world.ground;
    if (this.#feedFails(feedsUnderWay)) {
      return this.#answer(pending, { kind: "unknown", cause: new Error("the connection broke") });
    }
    if (world.cutOff.out || world.fails("appendLost")) return;
    if (this.#straggles) {
      return this.#stored.stragglers.stayBehind(after, () => this.#arrive(after, message, pending, true));
    }
    if (world.fails("appendStraggles")) return void (this.#straggles = true);
    let travel = world.latency();
    if (lagging.until > scheduler.now && lagging.chain === this.name) travel += LAG;
    if (world.fails("appendDelayed")) travel += world.draws.int(ANSWER_WAIT, 4 * ANSWER_WAIT);
    const reordered = world.fails("appendReordered");
    const arrival = reordered
      ? scheduler.now + travel + world.draws.int(0, 2_000)
      : this.#lastArrival = Math.max(this.#lastArrival + 1, scheduler.now + travel);
    scheduler.after(arrival - scheduler.now, () => this.#arrive(after, message, pending));
    if (world.fails("appendDuplicated")) {
      const again = arrival - scheduler.now + world.draws.int(0, 1_000);
      scheduler.after(again, () => this.#arrive(after, message, pending));
    }
  }

  #feedFails(underWay: () => boolean): boolean {
    const { faults } = this.#world.ground;
    const kind = /^(second|totals)-/.test(this.name) ? "feedReceiverFails" : "feedSenderFails";
    if (/^(quick|pulse)-/.test(this.name) || faults[kind] === 0 || !underWay()) return false;
    return this.#world.fails(kind);
  }

  /** At the ledger. What a dead process had sent arrives or not; nobody hears of it. */
  #arrive(after: number, message: Uint8Array, pending: Pending, straggled = false): void {
    const world = this.#world, { counters, trace, diskFullUntil, scheduler } = world.ground;
    if (!world.alive) {
      if (world.draws.chance(0.5)) return;
      counters.fault("arrivedAfterDeath");
    }
    if (diskFullUntil > scheduler.now || world.fails("appendFailed")) {
      return this.#answer(pending, { kind: "failed", cause: new Error("the disk is full") });
    }
    if (after !== this.#stored.last) {
      counters.saw("fenced");
      return this.#answer(pending, { kind: "fenced", detail: `the last is ${this.#stored.last}` });
    }
    this.#stored.push(message, scheduler.now);
    trace(`stored ${this.name} ${after + 1} ${message.length}`);
    const taken = message.length < TAKEOVER_BYTES_MAX;
    if (straggled) {
      this.#stored.straggled = after + 1;
      counters.fault("storedAfterTakeover");
    }
    if (straggled || taken) this.#stored.stragglers.follow(after + 1, scheduler, world.draws);
    if (
      world.ground.faults.crashAfterFire > 0 && tellsWindows(this.name, message) &&
      world.crashesAt("crashAfterFire")
    ) {
      return;
    }
    if (taken && world.standsBy() && world.crashesAt("crashAtTakeoverByStandby")) return;
    if (world.crashesAt(taken ? "crashAfterTakeover" : "crashAfterAppend")) return;
    this.#answer(pending, { kind: "stored", sequence: after + 1 });
  }

  /** An answer on its way back. */
  #answer(pending: Pending, outcome: Appended): void {
    const world = this.#world, { scheduler } = world.ground;
    if (world.cutOff.back || world.fails("answerLost")) return;
    let travel = world.latency() / 2;
    if (world.fails("answerDelayed")) travel += world.draws.int(0, 2 * ANSWER_WAIT);
    let arrival = scheduler.now + travel;
    if (!world.fails("answerReordered")) arrival = this.#lastAnswer = Math.max(this.#lastAnswer + 1, arrival);
    const copies = world.fails("answerDuplicated") ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      world.later(arrival - scheduler.now + copy * 50, () => {
        if (outcome.kind === "stored" && world.crashesAt("crashBeforeRelease")) return;
        this.#settleAs(pending, outcome);
        if (outcome.kind === "stored" && world.fails("crashAfterRelease")) {
          world.later(0, () => world.die("crashAfterRelease"));
        }
      });
    }
  }

  #settleAs(pending: Pending, outcome: Appended): void {
    pending.outcome ??= outcome;
    pending.giveUp();
    this.#settle();
  }

  /** Answers go out in the order of the calls; after one that is not "stored" none is. */
  #settle(): void {
    while (this.#pending[0]?.outcome) {
      const { outcome, resolve } = this.#pending.shift()!;
      if (outcome!.kind === "unknown") this.#world.ground.counters.saw("unknown");
      if (this.#broken && outcome!.kind === "stored") {
        resolve({ kind: "unknown", cause: new Error("an append before it was not answered") });
      } else resolve(outcome!);
      if (outcome!.kind !== "stored") this.#broken = true;
    }
  }
}
