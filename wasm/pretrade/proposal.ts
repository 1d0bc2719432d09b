/**
 * What an order would do to its account: every amount the checks compare, computed once, without writing
 * anything. A replace is proposed as if the order it replaces were gone.
 */
import { beginExact, distance, minus, plus, share, times } from "./exact";
import { Account, Instrument, Order, Position } from "./state";

// @ts-ignore: decorator
@inline export const BUY: i32 = 1;
// @ts-ignore: decorator
@inline export const SELL: i32 = 2;
// @ts-ignore: decorator
@inline export const SELL_SHORT: i32 = 3;

@unmanaged
export class Proposal {
  account: Account;
  position: Position;
  instrument: Instrument;
  /** The order being replaced; 0 for a new one. */
  replaced: usize;
  id: u64;
  now: i64;
  instrumentId: u32;
  side: i32;
  quantity: i64; // total
  open: i64; // of it not filled yet
  price: i64; // 0 for a market order
  market: bool;
  resting: bool;
  reducing: bool;
  trader: u32;
  strategy: u32;

  judged: i64; // the price that collars and bands look at; 0 = there is none
  unit: i64; // value of one lot
  value: i64;
  hold: i64;
  pendingBuy: i64; // without this order, as all below
  pendingSell: i64;
  pendingShort: i64;
  openValue: i64;
  holds: i64;
  marked: i64;
  exposure: i64;
  shortExposure: i64;
  creditUsed: i64;
  marginUsed: i64;
  openValueAfter: i64;
  holdsAfter: i64;
  creditUsedAfter: i64;
  marginUsedAfter: i64;
  reduceOnlyAbove: i64;
}

/** Of the event under way. */
export const proposal = changetype<Proposal>(memory.data(offsetof<Proposal>(), 8));

/** Fills in all amounts; look at `overflowed` after. */
export function propose(): void {
  const it = proposal, account = it.account, position = it.position, instrument = it.instrument;
  const reference = instrument.price;
  beginExact();
  withoutReplaced();
  it.judged = it.market ? reference : it.price;
  it.reducing = reduces();
  it.unit = times(valuePrice(), instrument.multiplier);
  it.value = times(it.unit, it.open);
  it.hold = it.reducing ? 0 : it.value;

  it.marked = reference > 0 ? times(times(distance(position.net, 0), reference), instrument.multiplier) : position.marked;
  it.exposure = plus(account.exposure - position.marked, it.marked);
  it.shortExposure = position.net < 0 ? plus(account.shortExposure - position.marked, it.marked) : account.shortExposure;
  it.creditUsed = minus(plus(it.holds, it.shortExposure), account.cash);
  const bps = account.initialBps ? <i64>account.initialBps : 10_000; // unknown margin: all of it
  it.marginUsed = share(plus(it.exposure, it.holds), bps);

  it.openValueAfter = plus(it.openValue, it.value);
  it.holdsAfter = plus(it.holds, it.hold);
  it.creditUsedAfter = plus(it.creditUsed, it.hold);
  it.marginUsedAfter = share(plus(it.exposure, it.holdsAfter), bps);
  it.reduceOnlyAbove = share(account.collateral, <i64>account.reduceOnlyBps);
}

function withoutReplaced(): void {
  const it = proposal, account = it.account, position = it.position;
  it.pendingBuy = position.pendingBuy;
  it.pendingSell = position.pendingSell;
  it.pendingShort = position.pendingShort;
  it.openValue = account.openValue;
  it.holds = account.holds;
  if (!it.replaced) return;
  const order = changetype<Order>(it.replaced);
  const open = <i64>order.quantity - <i64>order.filled, value = open * order.unit;
  if (it.side == BUY) it.pendingBuy -= open;
  else if (it.side == SELL) it.pendingSell -= open;
  else it.pendingShort -= open;
  it.openValue -= value;
  if (!order.reducing) it.holds -= value;
}

/** Whether it can only bring the position nearer to zero, all pending orders of its direction counted. */
function reduces(): bool {
  const it = proposal, net = it.position.net;
  if (it.side == BUY) return it.pendingBuy + it.open <= -net;
  return it.pendingSell + it.pendingShort + it.open <= net;
}

/** The worst price it can be valued at: a sell may execute above its limit, a market order at the collar. */
// @ts-ignore: decorator
@inline
function valuePrice(): i64 {
  const it = proposal, reference = it.instrument.price;
  if (it.market) return reference + <i64>(<u64>(reference * <i64>it.instrument.collarBps) / 10_000);
  return it.side == BUY || it.price > reference ? it.price : reference;
}
