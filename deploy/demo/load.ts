/**
 * The demo's load: offers card payments and orders on an open-loop schedule, and takes each answer. A payment
 * asks both payment pipelines; the strictest verdict counts, and it is decided when the later one is.
 */
import { type Clock, type Outcome, type Runtime, Verdict } from "../../runtime/mod.ts";
import { OrderTraffic } from "../../actors/orders/generator.ts";
import { Audit } from "./audit.ts";
import { Cards } from "./cards.ts";
import { Numbers, verdictOf } from "./numbers.ts";
import type { TimedLedger } from "./timed_ledger.ts";

export interface LoadOptions {
  readonly runtime: Runtime;
  readonly ledger: TimedLedger;
  readonly clock: Clock;
  readonly numbers: Numbers;
  readonly seed: number;
  /** Names this run's events in the ledger. */
  readonly source: string;
  /** Event time of the first, microseconds. */
  readonly startAt: number;
  /** Story time before the attack's first payment. */
  readonly attackAfterMs: number;
  /** Story time passes this many times as fast as the clock. */
  readonly speed: number;
  /** Events in a second of the clock. */
  readonly rate: number;
}

/** Payments among all events; the rest is orders, where the topology has them. */
const PAYMENT_SHARE = 0.6;
const PAYMENT_PIPELINES = ["fraud", "bin-attack"] as const;
const ORDER_PIPELINE = "pretrade";
/** A thousand accounts, few mistakes; a ledger that ran before has the orders of those runs too. */
const ORDERS = { accounts: 1_000, openMax: 40, mistakes: 0.004 };
/** Between two looks at the schedule. */
const TICK_MS = 1;
/** Offers in one tick, so that a schedule far behind does not hold the event loop. */
const BURST_MAX = 500;
/** How long the last answers may take. */
const DRAIN_MS_MAX = 30_000;

interface Asked {
  left: number;
  verdict: Verdict;
  readonly offeredAt: number;
  decidedAt: number;
  readonly attack: boolean;
  readonly amountMinor: number;
}

export class Load {
  readonly audits: ReadonlyMap<string, Audit>;
  readonly cards: Cards;
  readonly #options: LoadOptions;
  readonly #orders: OrderTraffic | undefined;
  #beganAt: number;
  readonly #ordersPerSecond: number;
  #ordersOffered = 0;
  #pending = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { runtime, rate, speed, seed, startAt } = options;
    const names = runtime.topology.pipelines.map(({ name }) => name);
    this.audits = new Map(names.map((name) => [name, new Audit(options.source)]));
    const hasOrders = names.includes(ORDER_PIPELINE);
    const paymentsPerSecond = rate * (hasOrders ? PAYMENT_SHARE : 1);
    this.#ordersPerSecond = rate - paymentsPerSecond;
    this.cards = new Cards({
      seed,
      startAt,
      perSecond: paymentsPerSecond / speed,
      attackAt: startAt + options.attackAfterMs * 1_000,
    });
    if (hasOrders) {
      // Orders are of now, whatever day the payments tell of: those of another day would be TOO_OLD.
      const now = options.clock.now(), run = Math.floor(now / 1_000_000);
      this.#orders = new OrderTraffic({ seed: `${seed} orders`, startAt: now, run, ...ORDERS });
    }
    this.#beganAt = options.clock.monotonic();
  }

  /** Milliseconds of the clock since the load began. */
  elapsedMs(): number {
    return (this.#options.clock.monotonic() - this.#beganAt) / 1_000;
  }

  storyMs(): number {
    return this.elapsedMs() * this.#options.speed;
  }

  /** Offers until the signal, then waits for the answers that are still out. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, startAt } = this.#options;
    if (this.#orders) await this.#setUp(this.#orders, signal);
    // What it took to set up is not to be caught up on.
    this.#beganAt = clock.monotonic();
    let next = this.cards.next();
    while (!signal.aborted) {
      const due = startAt + this.storyMs() * 1_000;
      for (let burst = 0; burst < BURST_MAX && next.at <= due && this.#open(PAYMENT_PIPELINES); burst++) {
        if (next.profile) this.#tell("fraud", next.profile);
        this.#pay(next.payment, next.attack, next.amountMinor);
        next = this.cards.next();
      }
      this.#offerOrders();
      await clock.sleep(TICK_MS, signal);
    }
    for (let waited = 0; this.#pending > 0 && waited < DRAIN_MS_MAX; waited += TICK_MS) {
      await clock.sleep(TICK_MS);
    }
  }

  #offerOrders(): void {
    if (!this.#orders) return;
    const at = this.#options.clock.now();
    const due = this.#ordersPerSecond * this.elapsedMs() / 1_000;
    for (let burst = 0; burst < BURST_MAX && this.#ordersOffered < due; burst++) {
      if (!this.#open([ORDER_PIPELINE])) return;
      this.#ordersOffered++;
      const order = this.#orders.next(at);
      this.#ask([ORDER_PIPELINE], this.#orders.encode(order), false, 0);
    }
  }

  async #setUp(orders: OrderTraffic, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (const event of orders.referenceData()) {
      while (!this.#open([ORDER_PIPELINE]) && !signal.aborted) await clock.sleep(TICK_MS, signal);
      this.#tell(ORDER_PIPELINE, orders.encode(event));
    }
  }

  #pay(payload: Uint8Array, attack: boolean, amountMinor: number): void {
    const seen = this.#options.numbers.attack;
    if (attack) {
      seen.startedAtMs ??= Math.round(this.storyMs());
      seen.payments++;
    }
    this.#ask(PAYMENT_PIPELINES, payload, attack, amountMinor);
  }

  /** Offers an event that is answered with a decision. */
  #ask(pipelines: readonly string[], payload: Uint8Array, attack: boolean, amountMinor: number): void {
    const offeredAt = this.#options.clock.monotonic();
    const asked: Asked = { left: pipelines.length, verdict: 0, offeredAt, decidedAt: 0, attack, amountMinor };
    this.#options.numbers.events++;
    for (const pipeline of pipelines) {
      if (!this.#offer(pipeline, payload, (outcome) => this.#answered(pipeline, asked, outcome))) {
        asked.left--;
      }
    }
  }

  /** Offers an event that is only recorded: a profile, a limit, a price. */
  #tell(pipeline: string, payload: Uint8Array): void {
    if (
      this.#offer(pipeline, payload, (outcome) => {
        if (outcome.kind === "rejected") this.#options.numbers.rejected++;
      })
    ) this.#options.numbers.events++;
  }

  #offer(pipeline: string, payload: Uint8Array, done: (outcome: Outcome) => void): boolean {
    const audit = this.audits.get(pipeline)!;
    const sequence = audit.next();
    const admission = this.#options.runtime.offer(
      pipeline,
      payload,
      { source: audit.source, sequence },
      (outcome) => {
        this.#pending--;
        if (outcome.kind === "unknown") audit.unknown(sequence);
        else audit.answer(sequence);
        done(outcome);
      },
    );
    if (admission === "admitted") {
      this.#pending++;
      return true;
    }
    audit.refused();
    this.#options.numbers.refused++;
    return false;
  }

  #answered(pipeline: string, asked: Asked, outcome: Outcome): void {
    const { numbers, ledger, clock } = this.#options;
    asked.left--;
    if (outcome.kind === "rejected") numbers.rejected++;
    if (outcome.kind === "decided") {
      const { partition, frame } = outcome.position;
      const verdict = verdictOf(outcome.reply);
      asked.verdict = Math.max(asked.verdict, verdict);
      asked.decidedAt = Math.max(asked.decidedAt, ledger.decidedAt(`${pipeline}-${partition}`, frame));
      if (verdict === Verdict.DECLINE) numbers.reasons(pipeline, outcome.reply);
    }
    if (asked.left > 0 || asked.decidedAt === 0) return;
    numbers.decided(asked.verdict, asked.decidedAt - asked.offeredAt, clock.monotonic() - asked.offeredAt);
    if (asked.attack) numbers.attacked(asked.verdict, Math.round(this.storyMs()), asked.amountMinor);
  }

  #open(pipelines: readonly string[]): boolean {
    return pipelines.every((pipeline) => this.#options.runtime.admits(pipeline).open);
  }
}
