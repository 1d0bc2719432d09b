/** The amounts of the naive twin: summed anew from open orders and positions, each held to the range of int64. */
import { RejectReason } from "../../runtime/proto/gen/frame_pb.ts";
import { Rejected } from "./pretrade_reference.ts";
import {
  type AccountModel,
  type InstrumentModel,
  newPosition,
  type OrderModel,
  type Period,
  type PositionModel,
} from "./pretrade_state.ts";

const BUY = 1, SELL = 2, SELL_SHORT = 3;
const NUMBER_MAX = 2n ** 31n - 1n;

export interface Proposed {
  account: AccountModel;
  position: PositionModel;
  instrument: InstrumentModel;
  replaced: OrderModel | undefined;
  order: OrderModel;
  open: bigint;
  trader: number;
  session: number;
  now: bigint;
}

export interface Amounts {
  unit: bigint;
  value: bigint;
  hold: bigint;
  reducing: boolean;
  marked: bigint;
  openValue: bigint;
  creditUsed: bigint;
  marginUsed: bigint;
  marginUsedAfter: bigint;
  pendingBuy: bigint;
  pendingSell: bigint;
  pendingShort: bigint;
}

/** Each amount in the range of int64, or the event is rejected. */
export function amounts(it: Proposed): Amounts {
  const { account, position, instrument, order, open } = it, reference = instrument.price;
  const others = [...account.orders.values()].filter((other) => other !== it.replaced);
  const pending = (side: number) =>
    others.filter((other) => other.instrument === order.instrument && other.side === side)
      .reduce((sum, other) => sum + other.quantity - other.filled, 0n);
  const pendingBuy = pending(BUY), pendingSell = pending(SELL), pendingShort = pending(SELL_SHORT);
  const reducing = order.side === BUY
    ? pendingBuy + open <= -position.net
    : pendingSell + pendingShort + open <= position.net;
  const price = order.market
    ? reference + reference * instrument.collarBps / 10_000n
    : order.side === BUY
    ? order.price
    : max(order.price, reference);
  const unit = i64(price * instrument.multiplier), value = i64(unit * open), hold = reducing ? 0n : value;
  const marked = reference > 0n
    ? i64(i64(abs(position.net) * reference) * instrument.multiplier)
    : position.marked;
  const exposure = i64(exposureOf(account) - position.marked + marked);
  const short = i64(shortExposureOf(account) + (position.net < 0n ? marked - position.marked : 0n));
  const openValue = valueOf(others), holds = valueOf(others.filter((other) => !other.reducing));
  const creditUsed = i64(i64(holds + short) - account.cash);
  const bps = account.margin.initialBps || 10_000n;
  const marginUsed = i64(i64(exposure + holds) * bps / 10_000n);
  i64(openValue + value);
  const holdsAfter = i64(holds + hold);
  i64(creditUsed + hold);
  const marginUsedAfter = i64(i64(exposure + holdsAfter) * bps / 10_000n);
  i64(account.margin.collateral * account.margin.reduceOnlyBps / 10_000n);
  return {
    unit,
    value,
    hold,
    reducing,
    marked,
    openValue,
    creditUsed,
    marginUsed,
    marginUsedAfter,
    pendingBuy,
    pendingSell,
    pendingShort,
  };
}

export function openValueOf(account: AccountModel): bigint {
  return valueOf([...account.orders.values()]);
}
export function holdsOf(account: AccountModel): bigint {
  return valueOf([...account.orders.values()].filter((order) => !order.reducing));
}
export function valueOf(orders: readonly OrderModel[]): bigint {
  return orders.reduce((sum, order) => sum + (order.quantity - order.filled) * order.unit, 0n);
}
export function exposureOf(account: AccountModel): bigint {
  return [...account.positions.values()].reduce((sum, position) => sum + position.marked, 0n);
}
export function shortExposureOf(account: AccountModel): bigint {
  return [...account.positions.values()].reduce((sum, { net, marked }) => net < 0n ? sum + marked : sum, 0n);
}
export function messagesIn(account: AccountModel, slots: bigint): number {
  let sum = 0;
  for (const [slot, count] of account.messages) if (slot >= account.newestSlot - slots) sum += count;
  return sum;
}

export function positionOf(account: AccountModel, instrument: number): PositionModel {
  let position = account.positions.get(instrument);
  if (!position) account.positions.set(instrument, position = newPosition());
  return position;
}

/** What is counted in the period of `now`; older ones than the one before it are dropped. */
export function periodOf(account: AccountModel, now: bigint): Period {
  const number = now / account.limits.ratioWindow;
  for (const old of account.periods.keys()) if (old < number - 1n) account.periods.delete(old);
  let period = account.periods.get(number);
  if (!period) account.periods.set(number, period = { messages: 0n, trades: 0n, orders: 0n, cancels: 0n });
  return period;
}

export function countedPeriods(account: AccountModel, now: bigint): Period {
  const period = periodOf(account, now), sum = { ...period };
  const past = account.periods.get(now / account.limits.ratioWindow - 1n);
  if (past) {
    for (const name of ["messages", "trades", "orders", "cancels"] as const) sum[name] += past[name];
  }
  return sum;
}

export function within(value: bigint): void {
  if (!isWithin(value)) throw outOfRange();
}
export function isWithin(value: bigint): boolean {
  return value >= 1n && value <= NUMBER_MAX;
}
export function outOfRange(): Rejected {
  return new Rejected(RejectReason.OUT_OF_RANGE);
}
export function i64(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) throw new Rejected(RejectReason.OVERFLOW);
  return value;
}
export function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
