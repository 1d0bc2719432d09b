/**
 * Clients of a simulated system: each has events to get decided, in order per key, and offers each with the
 * same id until it is answered. They write down everything they are told.
 */
import type { Seeded } from "../../actors/random.ts";
import { encodeTally } from "../../actors/tally/gen/tally_wire.ts";
import type { Outcome, Position, Runtime } from "../../runtime/mod.ts";
import type { Ground, SimWorld } from "./world.ts";

export interface Planned {
  readonly id: string;
  readonly key: string;
  readonly amount: bigint;
  readonly note: string;
  /** When it was first offered and when it was first answered: moments of the whole simulation. */
  offeredAt: number;
  answeredAt: number;
}

/** One answer as it left a runtime. */
export interface Told {
  readonly event: Planned;
  readonly position: Position;
  /** The reply, or the reason of a reject. */
  readonly answer: Uint8Array | number;
  readonly duplicate: boolean;
}

export interface Process {
  readonly world: SimWorld;
  readonly runtime: Runtime;
}

/** What clients see of the system, and where they write down what they saw. */
export interface Market {
  readonly ground: Ground;
  /** Processes a client may reach now. */
  reachable(): readonly Process[];
  readonly told: Told[];
  readonly violations: string[];
  moment(): number;
}

/** How long a client waits before it asks again, microseconds. */
const PATIENCE = 1_500_000;
const RETRY = 30_000;
/** The third of them overflows the sum of its key. */
const HUGE = 2n ** 62n;

export function planEvents(random: Seeded, client: number, count: number): Planned[] {
  return Array.from({ length: count }, (_, i) => {
    const huge = random.chance(0.01), poison = random.chance(0.01);
    return {
      id: `c${client}-${i}`,
      key: huge ? "huge" : `k${client}-${random.int(0, 3)}`,
      amount: huge ? HUGE : BigInt(random.int(1, 1000)),
      note: poison ? "poison" : "",
      offeredAt: 0,
      answeredAt: 0,
    };
  });
}

export class Client {
  readonly events: readonly Planned[];
  answered = 0;
  readonly #market: Market;
  readonly #random: Seeded;
  /** Events it may have under way at once, and the pause between two, microseconds. */
  readonly #window: number;
  readonly #pause: number;
  #next = 0;

  constructor(market: Market, random: Seeded, index: number, count: number) {
    this.#market = market;
    this.#random = random;
    this.#window = random.pick([1, 1, 4, 32]);
    this.#pause = random.pick([0, 1_000, 20_000]);
    this.events = planEvents(random.fork("events"), index, count);
  }

  get done(): boolean {
    return this.answered === this.events.length;
  }

  begin(): void {
    for (let i = 0; i < this.#window; i++) this.#goOn();
  }

  #goOn(): void {
    const event = this.events[this.#next++];
    if (!event) return;
    this.#later(this.#random.int(0, this.#pause), () => {
      event.offeredAt = this.#market.moment();
      this.#offer(event);
    });
  }

  #offer(event: Planned): void {
    if (event.answeredAt) return;
    const processes = this.#market.reachable();
    if (processes.length === 0) return this.#later(RETRY, () => this.#offer(event));
    let asked = this.#ask(this.#random.pick(processes), event);
    if (this.#random.chance(this.#market.ground.faults.repeat)) {
      this.#market.ground.counters.hit("repeat");
      asked = this.#ask(this.#random.pick(processes), event) || asked;
    }
    this.#later(asked ? PATIENCE : this.#random.int(0, RETRY), () => this.#offer(event));
  }

  #ask({ world, runtime }: Process, event: Planned): boolean {
    const { key, amount, note, id } = event;
    const buffer = new Uint8Array(512);
    const payload = buffer.subarray(0, encodeTally({ key, amount, note }, buffer, 0));
    let answers = 0;
    const admission = runtime.offer("tally", payload, { id }, (outcome) => {
      if (!world.alive) return;
      if (++answers > 1) this.#market.violations.push(`${id} was answered twice by one offer`);
      this.#told(event, outcome);
    });
    if (admission !== "admitted" && admission !== "full" && admission !== "unavailable") {
      this.#market.violations.push(`${id} was refused: ${admission}`);
    }
    return admission === "admitted";
  }

  #told(event: Planned, outcome: Outcome): void {
    const { ground, told, violations } = this.#market;
    if (outcome.kind === "unknown") {
      ground.counters.hit("outcomeUnknown");
      return this.#later(this.#random.int(0, RETRY), () => this.#offer(event));
    }
    if (outcome.kind !== "decided" && outcome.kind !== "rejected") {
      violations.push(`${event.id} was answered "${outcome.kind}"`);
      return;
    }
    const { position, duplicate } = outcome;
    const answer = outcome.kind === "decided" ? outcome.reply.slice() : outcome.reason;
    told.push({ event, position, answer, duplicate });
    ground.trace(`told ${event.id} ${position.partition}.${position.frame}.${position.event} ${duplicate}`);
    this.#later(this.#random.int(10, 500), () => {
      if (event.answeredAt) return;
      event.answeredAt = this.#market.moment();
      this.answered++;
      this.#goOn();
    });
  }

  #later(micros: number, run: () => void): void {
    this.#market.ground.scheduler.after(micros, run);
  }
}
