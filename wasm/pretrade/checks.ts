/**
 * The fifteen checks, in the order of their numbers. Each looks at the proposal alone, and all of them run, so
 * that a decision carries every reason that applies. A limit that was never set is 0 and lets nothing through.
 */
import { KillScope, OrderReason } from "../gen/order";
import { clock } from "../lib/context";
import { reason, Verdict } from "../lib/effects";
import { touch } from "../lib/memory";
import { distance } from "./exact";
import { messagesIn, messagesIn5s, takeToken } from "./messages";
import { isKilled } from "./kill";
import { BUY, Proposal, proposal, SELL_SHORT } from "./proposal";
import {
  CONTENTS, kills, OPEN_ORDERS_MAX, Order, orders, Position, root, Strategy, strategyOf, Trader, traderOf,
} from "./state";

/** The strictest verdict so far, of the event under way. */
export let verdict: i32 = 0;
/** The strategy's row, for the commit; 0 = entered by hand or unknown. */
export let strategyRow: usize = 0;

export function beginChecks(): void {
  verdict = Verdict.APPROVE;
  strategyRow = 0;
}

// @ts-ignore: decorator
@inline
export function decline(code: u32, observed: i64, limit: i64): void {
  reason(code, observed, limit);
  verdict = Verdict.DECLINE;
}

// @ts-ignore: decorator
@inline
function review(code: u32, observed: i64, limit: i64): void {
  reason(code, observed, limit);
  if (verdict < Verdict.REVIEW) verdict = Verdict.REVIEW;
}

/** All but the message rates, which `checkRates` counts first. */
export function checkOrder(): void {
  const it = proposal;
  if (!it.instrument.version) decline(OrderReason.INSTRUMENT_UNKNOWN, it.instrumentId, 0);
  if (!it.account.open) decline(OrderReason.LIMITS_MISSING, 0, 0);
  checkPrice(it);
  checkSize(it);
  checkStrategy(it);
  checkMoney(it);
  checkPosition(it);
  checkBand(it);
  if (!it.replaced) checkDuplicate(it);
  checkPermission(it);
  checkRatios(it);
  checkSelfTrade(it);
  checkKilled(it);
}

/** 1: within the collar around the reference price, and around the one at the start of the period. */
function checkPrice(it: Proposal): void {
  const instrument = it.instrument, reference = instrument.price;
  if (reference <= 0) return decline(OrderReason.REFERENCE_MISSING, 0, 0);
  const age = clock - instrument.priceAt;
  if (age > instrument.ageMax) decline(OrderReason.REFERENCE_STALE, age, instrument.ageMax);
  const away = distance(it.judged, reference), allowed = part(reference, instrument.collarBps);
  if (away > allowed) decline(OrderReason.PRICE_COLLAR, away, allowed);
  const drift = distance(it.judged, instrument.anchor), most = part(instrument.anchor, instrument.periodBps);
  if (drift > most) decline(OrderReason.PRICE_COLLAR_PERIOD, drift, most);
}

/** A price below 2^31 by at most 1,000,000 basis points: fits. */
// @ts-ignore: decorator
@inline
function part(price: i64, bps: u32): i64 {
  return <i64>(<u64>(price * <i64>bps) / 10_000);
}

/** 2 and 3: quantity and value of the order alone. */
function checkSize(it: Proposal): void {
  const own = it.position.limited;
  const quantityMax = own ? it.position.quantityMax : it.account.quantityMax;
  if (it.quantity > quantityMax) decline(OrderReason.ORDER_QUANTITY, it.quantity, quantityMax);
  const valueMax = own ? it.position.valueMax : it.account.valueMax;
  if (it.value > valueMax) decline(OrderReason.ORDER_VALUE, it.value, valueMax);
}

/**
 * 4: the message was counted before this. `advisory`: a cancel goes through all the same, its reasons are
 * beside an approval. False = the bound on state is reached.
 */
export function checkRates(session: u32, advisory: bool): bool {
  const it = proposal, account = it.account, before = verdict;
  const left = takeToken(account, session, it.now);
  if (left == -2) return false;
  if (left >= 0) decline(OrderReason.RATE_SESSION, left, account.sessionBurst);
  const second = messagesIn(account, 4);
  if (second > <i64>account.rate1sMax) decline(OrderReason.RATE_1S, second, account.rate1sMax);
  const five = messagesIn5s(account);
  if (five > <i64>account.rate5sMax) decline(OrderReason.RATE_5S, five, account.rate5sMax);
  if (advisory) verdict = before;
  return true;
}

/** 5: a strategy that fires too often is switched off, here, until a human enables it. */
function checkStrategy(it: Proposal): void {
  if (!it.strategy) return;
  if (!it.account.open) return decline(OrderReason.STRATEGY_THROTTLE, 1, 0);
  const row = strategyOf(it.account, it.strategy);
  if (!changetype<usize>(row)) return decline(OrderReason.STRATEGY_THROTTLE, 1, 0);
  strategyRow = changetype<usize>(row);
  if (row.disabled) return decline(OrderReason.STRATEGY_DISABLED, row.count, row.max);
  const count = executions(row, it.now) + 1;
  if (count <= <i64>row.max) return;
  decline(OrderReason.STRATEGY_THROTTLE, count, row.max);
  touch(strategyRow);
  row.count = <u32>count - 1;
  row.disabled = true;
}

/** Executions in the window that is open at `now`. */
export function executions(row: Strategy, now: i64): i64 {
  return now - row.start >= row.window ? 0 : <i64>row.count;
}

/** 6, 7 and 8: credit, unexecuted value, margin. What only reduces risk needs no credit and no margin. */
function checkMoney(it: Proposal): void {
  const account = it.account;
  if (!it.reducing && it.creditUsedAfter > account.credit) {
    decline(OrderReason.CREDIT, it.creditUsedAfter, account.credit);
  }
  if (it.openValueAfter > account.openValueMax) {
    decline(OrderReason.OPEN_VALUE, it.openValueAfter, account.openValueMax);
  }
  if (it.reducing) return;
  if (it.marginUsedAfter > account.collateral) decline(OrderReason.MARGIN, it.marginUsedAfter, account.collateral);
  if (it.marginUsed > it.reduceOnlyAbove) decline(OrderReason.REDUCE_ONLY, it.marginUsed, it.reduceOnlyAbove);
}

/** 9: net position as if all pending orders of the same direction were filled. */
function checkPosition(it: Proposal): void {
  const own = it.position.limited;
  if (it.side == BUY) {
    const long = it.position.net + it.pendingBuy + it.open, most = own ? it.position.longMax : it.account.longMax;
    if (long > most) decline(OrderReason.POSITION_LONG, long, most);
  } else {
    const short = it.pendingSell + it.pendingShort + it.open - it.position.net;
    const most = own ? it.position.shortMax : it.account.shortMax;
    if (short > most) decline(OrderReason.POSITION_SHORT, short, most);
  }
  if (it.replaced || it.position.openOrders < OPEN_ORDERS_MAX) return;
  decline(OrderReason.OPEN_ORDERS_FULL, <i64>it.position.openOrders + 1, OPEN_ORDERS_MAX);
}

/** 10: within the band in force. */
function checkBand(it: Proposal): void {
  const instrument = it.instrument;
  if (!instrument.bandHigh) return decline(OrderReason.BAND_MISSING, 0, 0);
  if (!it.judged) return; // a market order without a reference price: check 1 says so
  if (it.judged < instrument.bandLow) decline(OrderReason.PRICE_BAND_LOW, it.judged, instrument.bandLow);
  if (it.judged > instrument.bandHigh) decline(OrderReason.PRICE_BAND_HIGH, it.judged, instrument.bandHigh);
}

/** 11: an id that is open or was not long ago; the same content again within the window. */
function checkDuplicate(it: Proposal): void {
  const known = orders.find128(it.account.id, it.id);
  if (changetype<usize>(known) && isRemembered(known)) decline(OrderReason.DUPLICATE_ID, <i64>it.id, 0);
  if (it.position.contentGeneration != it.account.generation) return;
  const base = changetype<usize>(it.position) + offsetof<Position>("content0");
  const content = <u64>it.price | (<u64>it.quantity << 32);
  let youngest: i64 = i64.MAX_VALUE;
  for (let i: usize = 0; i < CONTENTS; i++) {
    if (load<u64>(base + (i << 4)) != content) continue;
    const stamp = load<i64>(base + (i << 4), 8);
    if (<i32>(stamp & 3) == it.side) youngest = min<i64>(youngest, it.now - (stamp >> 2));
  }
  if (youngest < it.account.duplicateWindow) {
    decline(OrderReason.DUPLICATE_CONTENT, youngest, it.account.duplicateWindow);
  }
}

/** Open, or closed within the window of recent ids. */
export function isRemembered(order: Order): bool {
  return order.position != 0 || order.unit + root.recentWindow > root.clockNewest;
}

/** 12: restricted list, authorised user, short mark, locate. */
function checkPermission(it: Proposal): void {
  if (it.instrument.restricted || it.position.restricted) decline(OrderReason.RESTRICTED, it.instrumentId, 0);
  const trader = it.account.open ? traderOf(it.account, it.trader) : changetype<Trader>(0);
  if (!changetype<usize>(trader) || !trader.authorised) {
    decline(OrderReason.USER_NOT_AUTHORISED, it.trader, 0);
  }
  if (it.side == BUY) return;
  const net = it.position.net;
  if (it.side == SELL_SHORT) {
    const shorts = it.pendingShort + it.open + (net < 0 ? -net : 0);
    if (shorts > it.position.borrow) decline(OrderReason.LOCATE, shorts, it.position.borrow);
  } else {
    const sells = it.pendingSell + it.open, held = net > 0 ? net : 0;
    if (sells > held) decline(OrderReason.SHORT_MARK, sells, held);
  }
}

/** 13: messages per trade and cancels per order, this and the last period together. */
function checkRatios(it: Proposal): void {
  const account = it.account;
  if (!account.open) return;
  const messages = <i64>account.messagesNow + <i64>account.messagesPast + 1;
  const trades = <i64>account.tradesNow + <i64>account.tradesPast;
  const most = <i64>account.ratioFloor + <i64>account.orderToTradeMax * trades;
  if (messages > most) review(OrderReason.ORDER_TO_TRADE, messages, most);
  const cancels = <i64>account.cancelsNow + <i64>account.cancelsPast;
  const sent = <i64>account.ordersNow + <i64>account.ordersPast;
  const allowed = <i64>account.ratioFloor + <i64>(<u64>(sent * <i64>account.cancelBpsMax) / 10_000);
  if (cancels > allowed) review(OrderReason.CANCEL_RATIO, cancels, allowed);
}

/** 14: would it meet an own resting order? The best own prices are bounds; only a breach walks the orders. */
function checkSelfTrade(it: Proposal): void {
  const position = it.position;
  if (it.side == BUY) {
    const price = it.market ? i64.MAX_VALUE : it.price;
    if (!position.bestSell || price < <i64>position.bestSell) return;
    const best = bestResting(position, false);
    touch(changetype<usize>(position));
    position.bestSell = best;
    if (best && price >= <i64>best) decline(OrderReason.SELF_TRADE, best, it.price);
  } else {
    if (it.price > <i64>position.bestBuy || !position.bestBuy) return;
    const best = bestResting(position, true);
    touch(changetype<usize>(position));
    position.bestBuy = best;
    if (best && it.price <= <i64>best) decline(OrderReason.SELF_TRADE, best, it.price);
  }
}

function bestResting(position: Position, buys: bool): u32 {
  let best: u32 = 0;
  for (let at = position.orders; at; at = changetype<Order>(at).next) {
    const order = changetype<Order>(at);
    if (!order.resting || (order.side == BUY) != buys) continue;
    if (!best || (buys ? order.price > best : order.price < best)) best = order.price;
  }
  return best;
}

/** 15: kill switches. */
function checkKilled(it: Proposal): void {
  if (!kills.count) return;
  if (it.strategy && isKilled(KillScope.STRATEGY, it.strategy)) decline(OrderReason.KILLED_STRATEGY, it.strategy, 0);
  if (isKilled(KillScope.TRADER, it.trader)) decline(OrderReason.KILLED_TRADER, it.trader, 0);
  if (isKilled(KillScope.DESK, it.account.desk)) decline(OrderReason.KILLED_DESK, it.account.desk, 0);
  if (isKilled(KillScope.CLIENT, it.account.client)) decline(OrderReason.KILLED_CLIENT, it.account.client, 0);
  if (isKilled(KillScope.EVERYTHING, 0)) decline(OrderReason.KILLED_EVERYTHING, 0, 0);
}
