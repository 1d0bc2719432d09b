/**
 * Seeded order flow: 82 % of messages move an open order, 9 % enter one that is good till cancelled, 3 % one
 * that is immediate or cancel, 6 % cancel; symbols are drawn from a Pareto distribution. A few are mistakes:
 * a quantity too many, a price far off, a restricted instrument. The reference data comes first: what is not
 * known is declined.
 */
import { KillScope, OrderType, Side, TimeInForce } from "../../actors/orders/gen/order_pb.ts";
import { encodeOrderEvent, type OrderEventFields } from "../../actors/orders/gen/order_wire.ts";
import type { Seeded } from "../../actors/random.ts";

const ACCOUNTS = 1_000;
const INSTRUMENTS = 200;
/** Open orders an account works at most; beyond it one is cancelled instead. */
const OPEN_MAX = 40;
const MISTAKE_SHARE = 0.004;
const RESTRICTED = 13;
const TRADER = 7;
const HOUR = 3_600_000_000;

interface Open {
  readonly order: number;
  readonly instrument: number;
  quantity: number;
}

export class OrderFlow {
  readonly #random: Seeded;
  readonly #buffer = new Uint8Array(1_024);
  /** What each account has resting: buys alone, so that none meets its own other side. */
  readonly #open: Open[][] = Array.from({ length: ACCOUNTS }, () => []);
  readonly #prices = Array.from({ length: INSTRUMENTS }, (_, index) => 1_000 + ((index * 977) % 9_000));
  /** Rises with each run, so that limits are renewed and order ids never meet those of a run before. */
  readonly #run: number;
  #orders = 0;

  constructor(random: Seeded, runSeconds: number) {
    this.#random = random;
    this.#run = runSeconds;
  }

  /** Instruments, prices, bands, and each account's limits: to be offered before any order. */
  *setUp(at: number): Generator<Uint8Array> {
    for (let index = 0; index < INSTRUMENTS; index++) {
      const instrument = index + 1, price = this.#prices[index];
      yield this.#encode({
        at,
        instrument: {
          version: this.#run,
          instrument,
          multiplier: 100,
          collarBps: 1_000,
          collarPeriodBps: 2_000,
          collarPeriod: 60_000_000,
          referenceAgeMax: 12 * HOUR,
        },
      });
      yield this.#encode({ at, referencePrice: { instrument, price } });
      yield this.#encode({
        at,
        priceBand: { instrument, low: Math.floor(price * 0.8), high: Math.ceil(price * 1.2) },
      });
    }
    yield this.#encode({ at, restrictedInstrument: { instrument: RESTRICTED, restricted: true } });
    yield this.#encode({ at, killSwitch: { scope: KillScope.STRATEGY, id: 99, on: true, by: TRADER } });
    for (let account = 1; account <= ACCOUNTS; account++) yield* this.#account(at, account);
  }

  *#account(at: number, account: number): Generator<Uint8Array> {
    yield this.#encode({
      at,
      account,
      accountLimits: {
        version: this.#run,
        client: account,
        desk: 1 + (account % 10),
        credit: 10 ** 13,
        openValueMax: 10 ** 13,
        orderQuantityMax: 1_000,
        orderValueMax: 10 ** 9,
        longMax: 10_000_000,
        shortMax: 10_000_000,
        rate1sMax: 2_000,
        rate5sMax: 8_000,
        sessionRate: 2_000,
        sessionBurst: 4_000,
        duplicateWindow: 1_000,
        ratioWindow: 60_000_000,
        ratioFloor: 1_000_000,
        orderToTradeMax: 1_000,
        cancelBpsMax: 10_000,
      },
    });
    yield this.#encode({
      at,
      account,
      margin: { version: this.#run, collateral: 10 ** 14, initialBps: 1_000, reduceOnlyAboveBps: 9_000 },
    });
    yield this.#encode({
      at,
      account,
      authorisedUser: { trader: TRADER, authorised: true, mayEnable: true },
    });
  }

  /** The next message, at event time `at`. A view, valid until the next call. */
  next(at: number): Uint8Array {
    const random = this.#random;
    const account = random.int(1, ACCOUNTS);
    const open = this.#open[account - 1];
    const draw = random.next();
    if (draw < 0.82 && open.length > 0) return this.#move(at, account, random.pick(open));
    if (draw < 0.88 && open.length > 0 || open.length >= OPEN_MAX) return this.#cancel(at, account, open);
    return this.#enter(at, account, open, draw > 0.97);
  }

  #move(at: number, account: number, order: Open): Uint8Array {
    const price = this.#near(order.instrument);
    order.quantity = this.#random.int(1, 500);
    return this.#encode({
      at,
      account,
      replaceOrder: { order: order.order, quantity: order.quantity, price, trader: TRADER, session: 1 },
    });
  }

  #cancel(at: number, account: number, open: Open[]): Uint8Array {
    const [order] = open.splice(this.#random.int(0, open.length - 1), 1);
    return this.#encode({ at, account, cancelOrder: { order: order.order, session: 1 } });
  }

  #enter(at: number, account: number, open: Open[], immediate: boolean): Uint8Array {
    const random = this.#random;
    const mistake = random.next() < MISTAKE_SHARE ? random.int(1, 3) : 0;
    const drawn = Math.min(INSTRUMENTS, Math.ceil(random.pareto(1, 1.5)));
    const instrument = mistake === 3 ? RESTRICTED : drawn === RESTRICTED ? drawn + 1 : drawn;
    const order = this.#run * 1_000_000 + ++this.#orders % 1_000_000;
    const quantity = random.int(1, 500) * (mistake === 1 ? 1_000 : 1);
    const price = Math.round(this.#near(instrument) * (mistake === 2 ? 1.5 : 1));
    if (!immediate && mistake === 0) open.push({ order, instrument, quantity });
    return this.#encode({
      at,
      account,
      newOrder: {
        order,
        instrument,
        side: Side.BUY,
        quantity,
        price,
        type: OrderType.LIMIT,
        timeInForce: immediate ? TimeInForce.IMMEDIATE_OR_CANCEL : TimeInForce.GOOD_TILL_CANCEL,
        trader: TRADER,
        session: 1,
      },
    });
  }

  /** A price within two per cent of the reference. */
  #near(instrument: number): number {
    return Math.round(this.#prices[instrument - 1] * (0.98 + 0.04 * this.#random.next()));
  }

  #encode(event: OrderEventFields): Uint8Array {
    return this.#buffer.subarray(0, encodeOrderEvent(event, this.#buffer, 0));
  }
}
