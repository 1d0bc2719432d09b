/**
 * The naive twin of the pretrade kernel: sums are computed anew from the open orders and positions each time,
 * windows are Maps, money is BigInt with its range checked. Slow and plain on purpose.
 */
import { fromBinary } from "@bufbuild/protobuf";
import {
  type CancelOrder,
  type Fill,
  type NewOrder,
  type OrderEvent,
  OrderEventSchema,
  OrderReason as R,
  OrderReject,
  type ReplaceOrder,
} from "../../actors/orders/gen/order_pb.ts";
import { RejectReason } from "../../runtime/proto/gen/frame_pb.ts";
import {
  abs,
  type Amounts,
  amounts,
  countedPeriods,
  exposureOf,
  i64,
  isWithin,
  max,
  messagesIn,
  min,
  openValueOf,
  outOfRange,
  periodOf,
  positionOf,
  type Proposed,
  shortExposureOf,
  within,
} from "./pretrade_amounts.ts";
import { applyReference, Rejected } from "./pretrade_reference.ts";
import {
  type AccountModel,
  type InstrumentModel,
  type KillModel,
  newAccount,
  newInstrument,
  newPosition,
  type OrderModel,
} from "./pretrade_state.ts";

const BUY = 1, SELL = 2, SELL_SHORT = 3;
const OPEN_ORDERS_MAX = 128;

export type Answer =
  | {
    readonly kind: "reply";
    readonly verdict: number;
    readonly reasons: [number, bigint, bigint][];
    figures: bigint[];
  }
  | { readonly kind: "reject"; readonly reason: number }
  | { readonly kind: "none" };

export interface ModelParams {
  readonly aheadMax?: bigint;
  readonly behindMax?: bigint;
  readonly recentIdsWindow?: bigint;
  readonly recentIdsMax?: number;
}

export class PretradeModel {
  readonly accounts = new Map<bigint, AccountModel>();
  readonly instruments = new Map<number, InstrumentModel>();
  readonly kills = new Map<string, KillModel>();
  killsEngaged = 0;
  /** Closed ids, oldest first: "account/order" → when. */
  readonly #closed = new Map<string, bigint>();
  readonly #params: Required<ModelParams>;
  #clockNewest = 0n;
  clock = 0n;

  constructor(params: ModelParams = {}) {
    const minute = 60_000_000n;
    this.#params = {
      aheadMax: params.aheadMax ?? 10n * minute,
      behindMax: params.behindMax ?? 1440n * minute,
      recentIdsWindow: params.recentIdsWindow ?? 10n * minute,
      recentIdsMax: params.recentIdsMax ?? 1_000_000,
    };
  }

  applyBytes(payload: Uint8Array, clock: bigint): Answer {
    return this.apply(fromBinary(OrderEventSchema, payload), clock);
  }

  apply(event: OrderEvent, clock: bigint): Answer {
    this.clock = clock;
    if (clock > this.#clockNewest) this.#clockNewest = clock;
    try {
      return this.#apply(event);
    } catch (error) {
      if (error instanceof Rejected) return { kind: "reject", reason: error.reason };
      throw error;
    }
  }

  #apply({ at, account, event }: OrderEvent): Answer {
    if (event.case === undefined) throw new Rejected(RejectReason.UNKNOWN_VARIANT);
    if (at === 0n) throw new Rejected(RejectReason.MISSING_FIELD);
    if (at < 0n) throw new Rejected(RejectReason.OUT_OF_RANGE);
    if (at - this.clock > this.#params.aheadMax) throw new Rejected(RejectReason.TOO_NEW);
    const global = OrderEventSchema.fields.find((field) => field.localName === event.case)!.number >= 16;
    if (!global && account === 0n) throw new Rejected(RejectReason.MISSING_FIELD);
    const request = event.case === "newOrder" || event.case === "replaceOrder" ||
      event.case === "cancelOrder";
    if (request && this.clock - at > this.#params.behindMax) throw new Rejected(RejectReason.TOO_OLD);
    switch (event.case) {
      case "newOrder":
        return this.#new(at, account, event.value);
      case "replaceOrder":
        return this.#replace(at, account, event.value);
      case "cancelOrder":
        return this.#cancel(at, account, event.value);
      case "fill":
        return this.#fill(at, account, event.value);
      case "orderClosed":
        return this.#orderClosed(at, account, event.value.order);
      default:
        applyReference(this, at, account, event);
        return { kind: "none" };
    }
  }

  /** The account, made where there is none. */
  accountOf(id: bigint): AccountModel {
    let account = this.accounts.get(id);
    if (!account) this.accounts.set(id, account = newAccount());
    return account;
  }

  // ---- the life of an order ----

  #new(at: bigint, id: bigint, event: NewOrder): Answer {
    if (event.order === 0n || event.instrument === 0) throw new Rejected(RejectReason.MISSING_FIELD);
    if (event.side < BUY || event.side > SELL_SHORT || event.type > 1 || event.type < 0) throw outOfRange();
    if (event.timeInForce > 1 || event.timeInForce < 0) throw outOfRange();
    const market = event.type === 1;
    within(event.quantity);
    if (market ? event.price !== 0n : !isWithin(event.price)) throw outOfRange();
    const account = this.accounts.get(id) ?? newAccount();
    const order: OrderModel = {
      id: event.order,
      instrument: event.instrument,
      side: event.side,
      market,
      resting: !market && event.timeInForce === 0,
      reducing: false,
      price: event.price,
      quantity: event.quantity,
      filled: 0n,
      unit: 0n,
      strategy: event.strategy,
      trader: event.trader,
      killed: 0,
    };
    return this.#decide(id, {
      account,
      position: account.positions.get(event.instrument) ?? newPosition(),
      instrument: this.instruments.get(event.instrument) ?? newInstrument(),
      replaced: undefined,
      order,
      open: event.quantity,
      trader: event.trader,
      session: event.session,
      now: max(at, account.newest),
    });
  }

  #replace(at: bigint, id: bigint, event: ReplaceOrder): Answer {
    if (event.order === 0n) throw new Rejected(RejectReason.MISSING_FIELD);
    within(event.quantity);
    const account = this.accounts.get(id) ?? newAccount();
    const replaced = account.orders.get(event.order);
    if (!replaced) {
      within(event.price);
      return this.#declineUnknown(account, event.order, event.session, max(at, account.newest));
    }
    if (replaced.market ? event.price !== 0n : !isWithin(event.price)) throw outOfRange();
    return this.#decide(id, {
      account,
      position: account.positions.get(replaced.instrument)!,
      instrument: this.instruments.get(replaced.instrument) ?? newInstrument(),
      replaced,
      order: { ...replaced, price: event.price, quantity: event.quantity, trader: event.trader },
      open: max(0n, event.quantity - replaced.filled),
      trader: event.trader,
      session: event.session,
      now: max(at, account.newest),
    });
  }

  #cancel(at: bigint, id: bigint, event: CancelOrder): Answer {
    if (event.order === 0n) throw new Rejected(RejectReason.MISSING_FIELD);
    const account = this.accounts.get(id) ?? newAccount(), now = max(at, account.newest);
    const order = account.orders.get(event.order);
    if (!order) return this.#declineUnknown(account, event.order, event.session, now);
    const reasons = this.#count(account, event.session, now);
    this.#close(id, account, order);
    if (account.open) {
      const period = periodOf(account, now);
      period.messages++;
      period.cancels++;
    }
    return { kind: "reply", verdict: 1, reasons, figures: [BigInt(account.version), openValueOf(account)] };
  }

  #fill(at: bigint, id: bigint, event: Fill): Answer {
    if (event.instrument === 0) throw new Rejected(RejectReason.MISSING_FIELD);
    if (event.side < BUY || event.side > SELL_SHORT) throw outOfRange();
    within(event.quantity);
    within(event.price);
    const instrument = this.instruments.get(event.instrument);
    if (!instrument) throw new Rejected(OrderReject.UNKNOWN_INSTRUMENT);
    const order = this.accounts.get(id)?.orders.get(event.order);
    if (order && (order.instrument !== event.instrument || order.side !== event.side)) {
      throw new Rejected(OrderReject.FILL_MISMATCH);
    }
    const owner = this.accounts.get(id) ?? newAccount();
    const before = owner.positions.get(event.instrument) ?? newPosition();
    const net = before.net + (event.side === BUY ? event.quantity : -event.quantity);
    const value = i64(i64(event.quantity * event.price) * instrument.multiplier);
    const mark = instrument.price > 0n ? instrument.price : event.price;
    const marked = i64(i64(abs(net) * mark) * instrument.multiplier);
    const cash = i64(owner.cash + (event.side === BUY ? -value : value));
    i64(exposureOf(owner) - before.marked + marked);
    i64(shortExposureOf(owner) - (before.net < 0n ? before.marked : 0n) + (net < 0n ? marked : 0n));
    if (abs(net) >= 2n ** 53n) throw new Rejected(RejectReason.OVERFLOW);
    const account = this.accountOf(id), position = positionOf(account, event.instrument);
    position.net = net;
    position.marked = marked;
    account.cash = cash;
    if (account.open) {
      account.newest = max(at, account.newest);
      periodOf(account, account.newest).trades++;
    }
    if (order) {
      if (event.quantity >= order.quantity - order.filled) this.#close(id, account, order);
      else order.filled += event.quantity;
    }
    return { kind: "none" };
  }

  #orderClosed(at: bigint, id: bigint, orderId: bigint): Answer {
    if (orderId === 0n) throw new Rejected(RejectReason.MISSING_FIELD);
    const account = this.accounts.get(id), order = account?.orders.get(orderId);
    if (account && order) {
      if (account.open) account.newest = max(at, account.newest);
      this.#close(id, account, order);
    }
    return { kind: "none" };
  }

  #close(id: bigint, account: AccountModel, order: OrderModel): void {
    account.orders.delete(order.id);
    this.#closed.set(`${id}/${order.id}`, this.#clockNewest);
    if (this.#closed.size <= this.#params.recentIdsMax) return;
    this.#closed.delete(this.#closed.keys().next().value!);
  }

  // ---- decisions ----

  #decide(id: bigint, it: Proposed): Answer {
    const { account, position, order } = it, used = amounts(it);
    const reasons = this.#count(account, it.session, it.now);
    let verdict = reasons.length > 0 ? 3 : 1;
    const decline = (code: number, observed: bigint, limit: bigint) => {
      reasons.push([code, observed, limit]);
      verdict = 3;
    };
    const review = (code: number, observed: bigint, limit: bigint) => {
      reasons.push([code, observed, limit]);
      if (verdict < 2) verdict = 2;
    };
    if (it.replaced && order.quantity <= order.filled) {
      decline(R.REPLACE_BELOW_FILLED, order.quantity, order.filled);
    }
    this.#check(id, it, used, decline, review);
    const figures = [
      BigInt(account.version),
      ...(position.limited ? [BigInt(position.version)] : []),
      BigInt(it.instrument.version),
      it.instrument.price,
      used.value,
      used.openValue,
      used.creditUsed,
      used.marginUsed,
      position.net,
    ];
    if (verdict !== 3) this.#enter(id, it, used);
    return { kind: "reply", verdict, reasons, figures };
  }

  #enter(id: bigint, it: Proposed, used: Amounts): void {
    const { account, order } = it, position = positionOf(account, order.instrument);
    order.unit = used.unit;
    order.reducing = used.reducing;
    account.orders.set(order.id, order);
    position.marked = used.marked;
    const period = periodOf(account, it.now);
    period.messages++;
    if (!it.replaced) {
      this.#closed.delete(`${id}/${order.id}`);
      period.orders++;
      position.contents.push({ price: order.price, quantity: order.quantity, side: order.side, at: it.now });
      if (position.contents.length > 4) position.contents.shift();
    }
    const strategy = account.strategies.get(order.strategy);
    if (!strategy) return;
    if (it.now - strategy.start >= strategy.window || strategy.count === 0n) {
      strategy.count = 0n;
      strategy.start = it.now;
    }
    strategy.count++;
  }

  /** Counts the message and gives the reasons of its rates. */
  #count(account: AccountModel, session: number, now: bigint): [number, bigint, bigint][] {
    const reasons: [number, bigint, bigint][] = [];
    if (!account.open) return reasons;
    account.newest = now;
    const slot = now / 250_000n, limits = account.limits;
    account.messages.set(slot, Math.min(65_535, (account.messages.get(slot) ?? 0) + 1));
    account.newestSlot = slot;
    for (const old of account.messages.keys()) if (old < slot - 20n) account.messages.delete(old);
    const size = limits.sessionBurst * 1_000_000n;
    const bucket = account.sessions.get(session) ?? { level: size, last: now };
    const level = min(size, bucket.level + (now - bucket.last) * limits.sessionRate);
    account.sessions.set(session, { level: level >= 1_000_000n ? level - 1_000_000n : level, last: now });
    if (level < 1_000_000n) reasons.push([R.RATE_SESSION, level / 1_000_000n, limits.sessionBurst]);
    const second = messagesIn(account, 4n), five = messagesIn(account, 20n);
    if (second > limits.rate1sMax) reasons.push([R.RATE_1S, BigInt(second), BigInt(limits.rate1sMax)]);
    if (five > limits.rate5sMax) reasons.push([R.RATE_5S, BigInt(five), BigInt(limits.rate5sMax)]);
    return reasons;
  }

  #declineUnknown(account: AccountModel, order: bigint, session: number, now: bigint): Answer {
    const reasons = this.#count(account, session, now);
    reasons.push([R.ORDER_UNKNOWN, BigInt.asIntN(64, order), 0n]);
    return { kind: "reply", verdict: 3, reasons, figures: [BigInt(account.version)] };
  }

  #check(id: bigint, it: Proposed, used: Amounts, decline: Note, review: Note): void {
    const { account, position, instrument, order } = it, { limits, margin } = account;
    if (instrument.version === 0) decline(R.INSTRUMENT_UNKNOWN, BigInt(order.instrument), 0n);
    if (!account.open) decline(R.LIMITS_MISSING, 0n, 0n);

    const judged = order.market ? instrument.price : order.price;
    if (instrument.price === 0n) decline(R.REFERENCE_MISSING, 0n, 0n);
    else {
      const age = this.clock - instrument.priceAt;
      if (age > instrument.ageMax) decline(R.REFERENCE_STALE, age, instrument.ageMax);
      const away = abs(judged - instrument.price),
        allowed = instrument.price * instrument.collarBps / 10_000n;
      if (away > allowed) decline(R.PRICE_COLLAR, away, allowed);
      const drift = abs(judged - instrument.anchor),
        most = instrument.anchor * instrument.periodBps / 10_000n;
      if (drift > most) decline(R.PRICE_COLLAR_PERIOD, drift, most);
    }

    const sizes = position.limited ? position : limits;
    if (order.quantity > sizes.quantityMax) decline(R.ORDER_QUANTITY, order.quantity, sizes.quantityMax);
    if (used.value > sizes.valueMax) decline(R.ORDER_VALUE, used.value, sizes.valueMax);

    this.#checkStrategy(it, decline);

    if (!used.reducing && used.creditUsed + used.hold > limits.credit) {
      decline(R.CREDIT, used.creditUsed + used.hold, limits.credit);
    }
    if (used.openValue + used.value > limits.openValueMax) {
      decline(R.OPEN_VALUE, used.openValue + used.value, limits.openValueMax);
    }
    if (!used.reducing) {
      if (used.marginUsedAfter > margin.collateral) {
        decline(R.MARGIN, used.marginUsedAfter, margin.collateral);
      }
      const mode = margin.collateral * margin.reduceOnlyBps / 10_000n;
      if (used.marginUsed > mode) decline(R.REDUCE_ONLY, used.marginUsed, mode);
    }

    const { pendingBuy, pendingSell, pendingShort } = used;
    if (order.side === BUY) {
      const long = position.net + pendingBuy + it.open;
      if (long > sizes.longMax) decline(R.POSITION_LONG, long, sizes.longMax);
    } else {
      const short = pendingSell + pendingShort + it.open - position.net;
      if (short > sizes.shortMax) decline(R.POSITION_SHORT, short, sizes.shortMax);
    }
    const own = [...account.orders.values()].filter(({ instrument }) => instrument === order.instrument);
    if (!it.replaced && own.length >= OPEN_ORDERS_MAX) {
      decline(R.OPEN_ORDERS_FULL, BigInt(own.length + 1), BigInt(OPEN_ORDERS_MAX));
    }

    if (instrument.bandHigh === 0n) decline(R.BAND_MISSING, 0n, 0n);
    else if (judged !== 0n) {
      if (judged < instrument.bandLow) decline(R.PRICE_BAND_LOW, judged, instrument.bandLow);
      if (judged > instrument.bandHigh) decline(R.PRICE_BAND_HIGH, judged, instrument.bandHigh);
    }

    if (!it.replaced) {
      const closed = this.#closed.get(`${id}/${order.id}`);
      const recent = closed !== undefined && closed + this.#params.recentIdsWindow > this.#clockNewest;
      if (account.orders.has(order.id) || recent) decline(R.DUPLICATE_ID, BigInt.asIntN(64, order.id), 0n);
      const ages = position.contents.filter((content) =>
        content.price === order.price && content.quantity === order.quantity && content.side === order.side
      ).map(({ at }) => it.now - at).filter((age) => age < limits.duplicateWindow);
      if (ages.length > 0) decline(R.DUPLICATE_CONTENT, ages.reduce(min), limits.duplicateWindow);
    }

    if (instrument.restricted || position.restricted) decline(R.RESTRICTED, BigInt(order.instrument), 0n);
    if (!account.traders.get(it.trader)?.authorised) decline(R.USER_NOT_AUTHORISED, BigInt(it.trader), 0n);
    if (order.side === SELL_SHORT) {
      const shorts = pendingShort + it.open + max(0n, -position.net);
      if (shorts > position.borrow) decline(R.LOCATE, shorts, position.borrow);
    } else if (order.side === SELL) {
      const sells = pendingSell + it.open, held = max(0n, position.net);
      if (sells > held) decline(R.SHORT_MARK, sells, held);
    }

    if (account.open) {
      const counted = countedPeriods(account, it.now);
      const messages = counted.messages + 1n,
        most = limits.ratioFloor + limits.orderToTradeMax * counted.trades;
      if (messages > most) review(R.ORDER_TO_TRADE, messages, most);
      const allowed = limits.ratioFloor + counted.orders * limits.cancelBpsMax / 10_000n;
      if (counted.cancels > allowed) review(R.CANCEL_RATIO, counted.cancels, allowed);
    }

    const opposite = own.filter((other) => other.resting && (other.side === BUY) !== (order.side === BUY));
    const prices = opposite.map(({ price }) => price);
    if (prices.length > 0) {
      const best = prices.reduce(order.side === BUY ? min : max);
      const meets = order.market || (order.side === BUY ? order.price >= best : order.price <= best);
      if (meets) decline(R.SELF_TRADE, best, order.price);
    }

    if (order.strategy !== 0 && this.kills.has(`1/${order.strategy}`)) {
      decline(R.KILLED_STRATEGY, BigInt(order.strategy), 0n);
    }
    if (this.kills.has(`2/${it.trader}`)) decline(R.KILLED_TRADER, BigInt(it.trader), 0n);
    if (this.kills.has(`3/${account.desk}`)) decline(R.KILLED_DESK, BigInt(account.desk), 0n);
    if (this.kills.has(`4/${account.client}`)) decline(R.KILLED_CLIENT, BigInt(account.client), 0n);
    if (this.kills.has("5/0")) decline(R.KILLED_EVERYTHING, 0n, 0n);
  }

  #checkStrategy(it: Proposed, decline: Note): void {
    if (it.order.strategy === 0) return;
    const strategy = it.account.strategies.get(it.order.strategy);
    if (!strategy) return decline(R.STRATEGY_THROTTLE, 1n, 0n);
    if (strategy.disabled) return decline(R.STRATEGY_DISABLED, strategy.count, strategy.max);
    const count = (it.now - strategy.start >= strategy.window ? 0n : strategy.count) + 1n;
    if (count <= strategy.max) return;
    decline(R.STRATEGY_THROTTLE, count, strategy.max);
    strategy.count = count - 1n;
    strategy.disabled = true;
  }
}

type Note = (code: number, observed: bigint, limit: bigint) => void;
