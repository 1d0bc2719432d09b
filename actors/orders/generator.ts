/**
 * Seeded order flow over many accounts: 9 % good-till-cancel, 3 % immediate-or-cancel, 6 % cancel, 82 % moves
 * of an open order; instruments by Pareto(0.001, 1.5) weights; event time explicit. A few orders are mistakes: a
 * quantity too many, a price far off, a restricted instrument. Reference data comes first: what is not known is
 * declined. The same seed gives the same events.
 *
 * State per account is a few typed-array cells, so that a million accounts are set up in seconds.
 */
import { type Seeded, seeded } from "../random.ts";
import { OrderType, Side, TimeInForce } from "./gen/order_pb.ts";
import { encodeOrderEvent, type OrderEventFields } from "./gen/order_wire.ts";

export interface OrderTrafficOptions {
  readonly seed?: number | string;
  /** Default 1,000. */
  readonly accounts?: number;
  /** Default 200. */
  readonly instruments?: number;
  /** Event time of the reference data, and what orders begin after. Microseconds. */
  readonly startAt?: number;
  /** Event time between two events of the whole flow, microseconds, unless it is given. Default 100. */
  readonly stepMicros?: number;
  /** Share of orders with a mistake in them. Default 0.01. */
  readonly mistakes?: number;
  /** Open orders of an account; beyond it one is cancelled instead. Default 4. */
  readonly openMax?: number;
  /** Rises with each run on the same state: limits are renewed, and order ids never met before. Default 1. */
  readonly run?: number;
}

/** Orders in it are mistakes. */
const RESTRICTED = 13;
/** Order ids of a run. */
const RUN_IDS = 1_000_000;
const DEFAULT_START = 1_700_265_600_000_000;
export const STRATEGY = 5;

export class OrderTraffic {
  readonly accounts: number;
  readonly instruments: number;
  /** Event time of the newest event. */
  at: number;
  readonly #random: Seeded;
  readonly #step: number;
  readonly #mistakes: number;
  readonly #prices: Int32Array;
  readonly #sums: Float64Array;
  readonly #buffer = new Uint8Array(1_024);
  readonly #openMax: number;
  readonly #run: number;
  readonly #openIds: Float64Array;
  readonly #openInstruments: Int32Array;
  readonly #openCounts: Uint8Array;
  #orders: number;

  constructor(options: OrderTrafficOptions = {}) {
    this.accounts = options.accounts ?? 1_000;
    this.instruments = options.instruments ?? 200;
    this.at = options.startAt ?? DEFAULT_START;
    this.#random = seeded(options.seed ?? 1);
    this.#step = options.stepMicros ?? 100;
    this.#mistakes = options.mistakes ?? 0.01;
    this.#prices = Int32Array.from({ length: this.instruments }, (_, i) => 1_000 + ((i * 977) % 9_000));
    this.#sums = sumsOf(this.instruments, this.#random.fork("weights"));
    this.#openMax = Math.min(255, options.openMax ?? 4);
    this.#run = options.run ?? 1;
    this.#orders = (this.#run - 1) * RUN_IDS;
    this.#openIds = new Float64Array(this.accounts * this.#openMax);
    this.#openInstruments = new Int32Array(this.accounts * this.#openMax);
    this.#openCounts = new Uint8Array(this.accounts);
  }

  /** Instruments with prices and bands, then each account's limits, margin, cash, user and strategy. */
  *referenceData(): Generator<OrderEventFields> {
    for (let instrument = 1; instrument <= this.instruments; instrument++) yield* this.#declare(instrument);
    yield { at: this.at, restrictedInstrument: { instrument: RESTRICTED, restricted: true } };
    for (let account = 1; account <= this.accounts; account++) yield* this.#open(account);
  }

  *#declare(instrument: number): Generator<OrderEventFields> {
    const at = this.at, price = this.#prices[instrument - 1];
    yield {
      at,
      instrument: {
        version: this.#run,
        instrument,
        multiplier: 100,
        collarBps: 1_000,
        collarPeriodBps: 2_000,
        collarPeriod: 60_000_000,
        referenceAgeMax: 86_400_000_000,
      },
    };
    yield { at, referencePrice: { instrument, price } };
    yield { at, priceBand: { instrument, low: Math.floor(price * 0.8), high: Math.ceil(price * 1.2) } };
  }

  *#open(account: number): Generator<OrderEventFields> {
    const at = this.at;
    yield {
      at,
      account,
      accountLimits: {
        version: this.#run,
        client: account,
        desk: 1 + (account % 100),
        credit: 10 ** 13,
        openValueMax: 10 ** 13,
        orderQuantityMax: 1_000,
        orderValueMax: 10 ** 9,
        longMax: 1_000_000,
        shortMax: 1_000_000,
        rate1sMax: 20_000,
        rate5sMax: 60_000,
        sessionRate: 10_000,
        sessionBurst: 20_000,
        duplicateWindow: 1_000,
        ratioWindow: 60_000_000,
        ratioFloor: 1_000_000,
        orderToTradeMax: 1_000,
        cancelBpsMax: 10_000,
      },
    };
    yield {
      at,
      account,
      margin: { version: this.#run, collateral: 10 ** 13, initialBps: 1_000, reduceOnlyAboveBps: 9_000 },
    };
    yield { at, account, authorisedUser: { trader: 1, authorised: true, mayEnable: true } };
    yield {
      at,
      account,
      strategyThrottle: {
        version: this.#run,
        strategy: STRATEGY,
        executionsMax: 1_000_000,
        window: 1_000_000,
      },
    };
  }

  /** The next message of the flow; `at` must not go back. */
  next(at = this.at + this.#step): OrderEventFields {
    const random = this.#random, account = random.int(1, this.accounts);
    this.at = at;
    const count = this.#openCounts[account - 1], draw = random.next();
    if (count > 0 && draw < 0.82) return this.#move(account, count);
    if (count > 0 && draw < 0.88 || count === this.#openMax) return this.#cancel(account, count);
    return this.#enter(account, draw >= 0.97);
  }

  /** A first order for an account: brings each to the state it works in. */
  first(account: number): OrderEventFields {
    this.at += this.#step;
    return this.#enter(account, false);
  }

  /** Encoded; a view, valid until the next call. */
  encode(event: OrderEventFields): Uint8Array {
    return this.#buffer.subarray(0, encodeOrderEvent(event, this.#buffer, 0));
  }

  #move(account: number, count: number): OrderEventFields {
    const cell = (account - 1) * this.#openMax + this.#random.int(0, count - 1);
    const price = this.#near(this.#openInstruments[cell]);
    return {
      at: this.at,
      account,
      replaceOrder: { order: this.#openIds[cell], quantity: this.#quantity(), price, trader: 1, session: 1 },
    };
  }

  #cancel(account: number, count: number): OrderEventFields {
    const cell = (account - 1) * this.#openMax + this.#random.int(0, count - 1);
    const last = (account - 1) * this.#openMax + count - 1, order = this.#openIds[cell];
    this.#openIds[cell] = this.#openIds[last];
    this.#openInstruments[cell] = this.#openInstruments[last];
    this.#openCounts[account - 1] = count - 1;
    return { at: this.at, account, cancelOrder: { order, session: 1 } };
  }

  #enter(account: number, immediate: boolean): OrderEventFields {
    const random = this.#random, order = ++this.#orders;
    const mistake = random.chance(this.#mistakes) ? random.int(1, 3) : 0;
    const instrument = mistake === 3 ? RESTRICTED : this.#symbol();
    if (!immediate && mistake === 0) this.#remember(account, order, instrument);
    return {
      at: this.at,
      account,
      newOrder: {
        order,
        instrument,
        side: Side.BUY, // one side, so that the flow is not mostly self-trades
        quantity: this.#quantity() * (mistake === 1 ? 1_000 : 1),
        price: Math.round(this.#near(instrument) * (mistake === 2 ? 1.5 : 1)),
        type: OrderType.LIMIT,
        timeInForce: immediate ? TimeInForce.IMMEDIATE_OR_CANCEL : TimeInForce.GOOD_TILL_CANCEL,
        trader: 1,
        strategy: STRATEGY,
        session: 1,
      },
    };
  }

  #remember(account: number, order: number, instrument: number): void {
    const count = this.#openCounts[account - 1]++;
    const cell = (account - 1) * this.#openMax + count;
    this.#openIds[cell] = order;
    this.#openInstruments[cell] = instrument;
  }

  #quantity(): number {
    return this.#random.int(1, 500);
  }

  #near(instrument: number): number {
    return Math.round(this.#prices[instrument - 1] * (0.98 + 0.04 * this.#random.next()));
  }

  #symbol(): number {
    const target = this.#random.next() * this.#sums[this.instruments - 1];
    let low = 0, high = this.instruments - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sums[middle] <= target) low = middle + 1;
      else high = middle;
    }
    return low + 1 === RESTRICTED ? RESTRICTED + 1 : low + 1;
  }
}

/** Running sums of weights drawn from Pareto(0.001, 1.5). */
function sumsOf(count: number, random: Seeded): Float64Array {
  const sums = new Float64Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) sums[i] = total += random.pareto(0.001, 1.5);
  return sums;
}
