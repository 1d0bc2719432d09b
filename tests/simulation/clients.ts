/**
 * Clients of a simulated system: each has events to get decided, in order per key, and offers each with the
 * same id until it is answered. They write down everything they are told. Between them and the processes lies
 * a network that loses, delays, doubles and reorders what they say and what they hear.
 */
import type { Seeded } from "../../actors/random.ts";
import { encodeTally } from "../../actors/tally/gen/tally_wire.ts";
import type { Admission, Outcome, Position } from "../../runtime/mod.ts";
import { APPLIED, type Told } from "./checkers/history.ts";
import { type ClientPlan, PURGE_DEDUPE_MS } from "./plan.ts";
import { encodeTimed, type EventTime, planTimedEvents } from "./timed_events.ts";
import type { Ground } from "./world.ts";
import type { Process } from "./processes.ts";

/** An event as its client has it. */
export interface Planned {
  readonly id: string;
  readonly key: string;
  readonly amount: bigint;
  readonly note: string;
  readonly pipeline: string;
  /** Which input of event time it is for; undefined where it has none. */
  readonly side: 0 | 1 | undefined;
  /** When it was first offered and when it was first answered: moments of the whole simulation. */
  offeredAt: number;
  /** Virtual time of the first of these. */
  offeredTime: number;
  answeredAt: number;
  /** How often a process admitted it, and which did last and when. */
  admissions: number;
  admittedBy: number;
  admittedAt: number;
}

interface Open {
  readonly event: Planned;
  readonly payload: Uint8Array;
  readonly id: Uint8Array;
  /** When it was asked first, and when to ask again, virtual time. */
  readonly since: number;
  retryAt: number;
}

/** What clients see of the system, and where they write down what they saw. */
export interface Market {
  readonly ground: Ground;
  /** Processes a client may try now. */
  reachable(): readonly Process[];
  readonly told: Told[];
  readonly violations: string[];
  readonly eventTime: EventTime;
  moment(): number;
}

/** How long a client waits before it asks again, and after a refusal; microseconds. */
const PATIENCE = 1_000_000;
const RETRY = 20_000;
/** Half of the time for which ids are remembered where they are forgotten at all. */
const GIVE_UP = PURGE_DEDUPE_MS * 1000 / 2;
const SWEEP = 15_000;
/** The third of them overflows the sum of its key. */
const HUGE = 2n ** 62n;
const SCRATCH = new Uint8Array(256);
/** Events are encoded one behind the other: a buffer for each would cost more than the event. */
const SLAB_BYTES = 16 * 1024;
let slab = new Uint8Array(0), slabAt = 0;

export function planEvents(random: Seeded, client: number, plan: ClientPlan, poison: number): Planned[] {
  return Array.from({ length: plan.events }, (_, i) => {
    const huge = random.chance(0.002), poisoned = random.chance(poison);
    const key = random.int(0, plan.keys - 1);
    return planned({
      id: `c${client}-${i}`,
      key: huge ? "huge" : `k${client}-${key}`,
      amount: huge ? HUGE : BigInt(random.int(1, 1000)),
      note: poisoned ? "poison" : "",
      pipeline: plan.pipeline,
    });
  });
}

/** An event that was never offered yet. */
export function planned(
  event: Pick<Planned, "id" | "key" | "amount" | "pipeline"> & Partial<Pick<Planned, "note" | "side">>,
): Planned {
  return {
    note: "",
    side: undefined,
    ...event,
    offeredAt: 0,
    offeredTime: 0,
    answeredAt: 0,
    admissions: 0,
    admittedBy: 0,
    admittedAt: 0,
  };
}

export class Client {
  readonly events: readonly Planned[];
  answered = 0;
  /** It went away without waiting for its answers. */
  gone = false;
  readonly #market: Market;
  readonly #random: Seeded;
  readonly #plan: ClientPlan;
  readonly #timed: boolean;
  readonly #open = new Map<string, Open>();
  #next = 0;
  #rested = false;
  #restsUntil = 0;
  /** Its window is full. */
  #waits = false;
  #sweeps = false;
  #slow = 0;
  /** Before this nothing is to be asked again; and when that is looked at. */
  #soonest = Infinity;
  #sweepAt = Infinity;
  #cancelSweep: () => void = () => {};

  constructor(market: Market, random: Seeded, index: number, plan: ClientPlan, poison: number) {
    this.#market = market;
    this.#random = random;
    this.#plan = plan;
    const timed = plan.pipeline === "spans" || plan.pipeline === "pulse";
    this.#timed = timed;
    this.events = (timed ? planTimedEvents : planEvents)(random.fork("events"), index, plan, poison);
    for (const event of this.events) if (event.note) market.ground.counters.fault("poison");
  }

  /** Nothing comes of it for a while. */
  get rests(): boolean {
    return this.done || this.#restsUntil > this.#market.ground.scheduler.now;
  }

  get done(): boolean {
    return this.gone || this.answered === this.events.length;
  }

  begin(): void {
    const { ground } = this.#market;
    const happens = (kind: "slowClient" | "deadClient") => {
      if (!this.#random.chance(ground.faults[kind])) return false;
      ground.counters.fault(kind);
      return true;
    };
    if (happens("slowClient")) this.#slow = this.#random.int(10_000, 200_000);
    if (happens("deadClient")) this.#later(this.#random.int(5_000, 1_000_000), () => (this.gone = true));
    this.#later(this.#random.int(0, this.#plan.pause), () => this.#goOn());
  }

  /** Sends the next packet while its window is open. */
  #goOn(): void {
    const { packet, window, pause } = this.#plan;
    if (this.gone || this.#next >= this.events.length) return;
    if (!this.#rested && this.#plan.night > 0 && 2 * this.#next >= this.events.length) {
      if (this.#open.size === 0) {
        this.#rested = true;
        this.#restsUntil = this.#market.ground.scheduler.now + this.#plan.night;
      }
      return void this.#later(this.#rested ? this.#plan.night : SWEEP, () => this.#goOn());
    }
    if (this.#open.size + packet <= window * packet) {
      const opened = this.events.slice(this.#next, this.#next + packet).map((event) => this.#begin(event));
      this.#next += opened.length;
      this.#send(opened);
    } else {
      this.#waits = true;
      return;
    }
    this.#later(this.#random.int(50, 50 + pause), () => this.#goOn());
  }

  #begin(event: Planned): Open {
    const { ground, eventTime } = this.#market;
    const { scheduler } = ground;
    const end = this.#timed
      ? encodeTimed(event, eventTime, this.#random, ground, SCRATCH)
      : encodeTally(event, SCRATCH, 0);
    const last = writeId(event.id, end);
    const at = kept(last);
    const open = {
      event,
      payload: slab.subarray(at, at + end),
      id: slab.subarray(at + end, at + last),
      since: scheduler.now,
      retryAt: 0,
    };
    event.offeredAt = this.#market.moment();
    event.offeredTime = scheduler.now;
    this.#open.set(event.id, open);
    return open;
  }

  /** Asks again where no answer came in time. */
  #sweep(): void {
    if (this.#open.size === 0 || this.gone) {
      this.#sweeps = false;
      return;
    }
    const { now } = this.#market.ground.scheduler;
    if (this.#plan.night > 0) this.#giveUp(now - GIVE_UP);
    const overdue = this.#overdue(now);
    if (overdue.length > 0) {
      this.#market.ground.counters.fault("retry");
      this.#send(overdue);
    }
    this.#watch();
  }

  /** Looks again when something may be overdue, and not much later. */
  #watch(): void {
    if (!this.#sweeps) return;
    const { now } = this.#market.ground.scheduler;
    const [first] = this.#plan.night > 0 ? this.#open.values() : [];
    const next = Math.min(this.#soonest, first ? first.since + GIVE_UP : Infinity);
    if (next + SWEEP >= this.#sweepAt) return; // it looks in time
    this.#cancelSweep();
    this.#sweepAt = Math.max(now + SWEEP, next) + this.#random.int(0, SWEEP);
    this.#cancelSweep = this.#later(this.#sweepAt - now, () => {
      this.#sweepAt = Infinity;
      this.#sweep();
    });
  }

  #overdue(now: number): Open[] {
    const overdue: Open[] = [];
    if (now < this.#soonest) return overdue;
    this.#soonest = Infinity;
    for (const open of this.#open.values()) {
      if (open.retryAt <= now) overdue.push(open);
      else this.#soonest = Math.min(this.#soonest, open.retryAt);
    }
    return overdue;
  }

  #askAgain(open: Open, at: number): void {
    open.retryAt = at;
    if (at >= this.#soonest) return;
    this.#soonest = at;
    this.#watch();
  }

  /** Its window is open again. */
  #wake(): void {
    if (!this.#waits) return;
    this.#waits = false;
    this.#later(this.#random.int(50, 50 + this.#plan.pause), () => this.#goOn());
  }

  /** Whoever asks again after ids are forgotten asks for another event: it must stop before. */
  #giveUp(askedBefore: number): void {
    for (const [id, { since }] of this.#open) {
      if (since > askedBefore) break; // they stand in the order in which they were asked
      this.#open.delete(id);
      this.answered++;
      this.#market.ground.counters.saw("givenUp");
      this.#wake();
    }
  }

  #send(opened: readonly Open[]): void {
    this.#sweeps = true;
    const { scheduler, counters } = this.#market.ground;
    for (const open of opened) {
      this.#askAgain(open, scheduler.now + PATIENCE + this.#random.int(0, PATIENCE / 4));
    }
    this.#watch();
    const copies = this.#happens("requestDuplicated") ? 2 : this.#happens("repeat") ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#happens("requestLost")) continue;
      let travel = this.#random.int(20, 300);
      if (this.#happens("requestDelayed")) travel += this.#random.int(0, 2 * PATIENCE);
      const packet = this.#happens("requestReordered") ? shuffled(this.#random, opened) : opened;
      this.#later(travel, () => {
        const processes = this.#market.reachable();
        const process = processes.length > 0 ? this.#random.pick(processes) : undefined;
        if (!process || process.world.unreachable) {
          counters.saw("nobodyThere");
          for (const open of opened) this.#askAgain(open, Math.min(open.retryAt, scheduler.now + RETRY));
        } else if (!process.world.paused) this.#arrive(process, packet);
        else process.world.later(0, () => this.#arrive(process, packet));
      });
    }
  }

  /** At a process. It may die in the middle of it, or before its kernel has seen any of it. */
  #arrive(process: Process, packet: readonly Open[]): void {
    const { world } = process;
    const { counters, scheduler } = this.#market.ground;
    const reply = new Reply(this, process, this.#random);
    const diesAt = world.fails("crashAtAdmit") ? this.#random.int(0, packet.length - 1) : Infinity;
    let full = false;
    const again = scheduler.now + this.#random.int(0, RETRY); // what is refused together is sent together
    for (const [index, open] of packet.entries()) {
      if (index === diesAt) return world.die("crashAtAdmit");
      const admission: Admission = full ? "full" : this.#offer(process, open, reply);
      if (admission === "full" && !full) counters.fault("mailboxFull");
      full ||= admission === "full"; // as an edge does: the rest of the packet is refused with it
      if (admission === "admitted") {
        process.admitted++;
        open.event.admissions++;
        open.event.admittedBy = process.index;
        open.event.admittedAt = this.#market.moment();
        continue;
      }
      this.#askAgain(open, Math.min(open.retryAt, again));
      if (admission !== "full" && admission !== "unavailable") {
        this.#market.violations.push(`${open.event.id} was refused: ${admission}`);
      }
    }
    world.crashesAt("crashBeforeKernel");
  }

  #offer(process: Process, { event, payload, id }: Open, reply: Reply): Admission {
    let answers = 0;
    const { world, runtime, index } = process;
    const { told, violations, ground } = this.#market;
    const standsBy = runtime.standsBy;
    const admission = runtime.offer(event.pipeline, payload, { id }, (outcome) => {
      if (!world.alive) return;
      process.answered++;
      if (++answers > 1) violations.push(`effects: ${event.id} was answered twice by one offer`);
      if (outcome.kind === "unknown") {
        ground.counters.saw("outcomeUnknown");
        return reply.add(event, false);
      }
      if (outcome.kind === "refused" || outcome.kind === (this.#timed ? "decided" : "applied")) {
        violations.push(`effects: ${event.id} was answered "${outcome.kind}"`);
        return;
      }
      told.push(toldOf(event, outcome, index));
      reply.add(event, true);
      if (answers === 1) world.crashesAt("crashDuringRelease");
    });
    if (standsBy && admission !== "unavailable") {
      violations.push(`fence: a standby answered ${event.id} with "${admission}"`);
    }
    return admission;
  }

  /** Back at the client. */
  hear(ids: readonly { event: Planned; answered: boolean }[]): void {
    if (this.gone) return;
    const { scheduler } = this.#market.ground;
    const moment = this.#market.moment();
    for (const { event, answered } of ids) {
      const open = this.#open.get(event.id);
      if (!open) continue;
      if (!answered) {
        this.#askAgain(open, Math.min(open.retryAt, scheduler.now + this.#random.int(0, RETRY)));
        continue;
      }
      event.answeredAt = moment;
      this.#open.delete(event.id);
      this.answered++;
    }
    this.#wake();
  }

  get slow(): number {
    return this.#slow;
  }

  #happens(
    kind: "requestLost" | "requestDelayed" | "requestDuplicated" | "requestReordered" | "repeat",
  ): boolean {
    const { faults, counters } = this.#market.ground;
    if (faults[kind] === 0 || !this.#random.chance(faults[kind])) return false;
    counters.fault(kind);
    return true;
  }

  #later(micros: number, run: () => void): () => void {
    return this.#market.ground.scheduler.after(micros, run);
  }
}

/** Answers of one process to one packet, gathered until they are sent. */
class Reply {
  readonly #client: Client;
  readonly #process: Process;
  readonly #random: Seeded;
  #gathered: { event: Planned; answered: boolean }[] = [];

  constructor(client: Client, process: Process, random: Seeded) {
    this.#client = client;
    this.#process = process;
    this.#random = random;
  }

  add(event: Planned, answered: boolean): void {
    if (this.#gathered.push({ event, answered }) > 1) return;
    const { world } = this.#process;
    world.later(this.#random.int(0, 20), () => {
      const gathered = this.#gathered;
      this.#gathered = [];
      if (world.unreachable || world.fails("replyLost")) return;
      const copies = world.fails("replyDuplicated") ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        let travel = this.#random.int(10, 500) + this.#client.slow;
        if (world.fails("replyDelayed")) travel += this.#random.int(0, 2 * PATIENCE);
        world.ground.scheduler.after(travel, () => this.#client.hear(gathered));
      }
    });
  }
}

/** Copies so many bytes of what was encoded; where in the slab they stand. */
function kept(length: number): number {
  if (slabAt + length > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    slabAt = 0;
  }
  const at = slabAt;
  for (let i = 0; i < length; i++) slab[slabAt++] = SCRATCH[i];
  return at;
}

/** Ids are ASCII. Returns where it ends. */
function writeId(id: string, at: number): number {
  for (let i = 0; i < id.length; i++) SCRATCH[at++] = id.charCodeAt(i);
  return at;
}

function toldOf(
  event: Planned,
  outcome: Extract<Outcome, { kind: "decided" | "rejected" | "applied" }>,
  process: number,
): Told {
  const position: Position = outcome.position;
  if (outcome.kind === "applied") return { event, position, answer: APPLIED, durable: true, process };
  return outcome.kind === "decided"
    ? { event, position, answer: outcome.reply, durable: outcome.durable, process }
    : { event, position, answer: outcome.reason, durable: event.pipeline !== "quick", process };
}

function shuffled<T>(random: Seeded, values: readonly T[]): T[] {
  const copy = [...values];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.int(0, i);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}
