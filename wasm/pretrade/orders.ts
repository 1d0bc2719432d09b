/**
 * The life of an order: new, replaced, cancelled, filled, closed by the venue. Whatever is not declined enters
 * the holds at once; a declined request changes nothing but the message counters (and a strategy it switched
 * off). REVIEW holds like APPROVE: a human may still let it go, or cancels it.
 */
import { CancelOrder, Fill, NewOrder, OrderClosed, OrderFigure, OrderReason, OrderReject, ReplaceOrder } from "../gen/order";
import { figure, Reject, reject, reply, Verdict } from "../lib/effects";
import { touch } from "../lib/memory";
import { orderOf } from "./ahead";
import { beginChecks, checkOrder, checkRates, decline, executions, isRemembered, strategyRow, verdict } from "./checks";
import { beginExact, distance, minus, overflowed, plus, times } from "./exact";
import { linkOrder, setTrader, unlinkOrder } from "./links";
import { countMessage, turnPeriod } from "./messages";
import { BUY, proposal, propose, SELL, SELL_SHORT } from "./proposal";
import {
  Account, accountOf, CONTENTS, instrumentOf, isNone, makeAccount, makePosition, nobody, nothing,
  Order, orders, Position, positions, root, Strategy,
} from "./state";

// @ts-ignore: decorator
@inline const NUMBER_MAX: i64 = 0x7fffffff;
/** Lots of one position: beyond it a fill is rejected. */
// @ts-ignore: decorator
@inline const NET_MAX: i64 = 1 << 53;

export function newOrder(at: i64, id: u64, order: NewOrder): void {
  const market = order.type == 1;
  if (!order.order || !order.instrument) return reject(Reject.MISSING_FIELD);
  if (order.side < BUY || order.side > SELL_SHORT || <u32>order.type > 1 || <u32>order.timeInForce > 1) {
    return reject(Reject.OUT_OF_RANGE);
  }
  if (isOutside(order.quantity) || (market ? order.price != 0 : isOutside(order.price))) return reject(Reject.OUT_OF_RANGE);
  const account = accountOf(id);
  const position = positions.find128(id, order.instrument);
  const it = proposal;
  it.account = account;
  it.position = changetype<usize>(position) ? position : nothing;
  it.instrument = instrumentOf(order.instrument);
  it.replaced = 0;
  it.id = order.order;
  it.now = max<i64>(at, account.newest);
  it.instrumentId = order.instrument;
  it.side = order.side;
  it.quantity = order.quantity;
  it.open = order.quantity;
  it.price = order.price;
  it.market = market;
  it.resting = !market && order.timeInForce == 0;
  it.trader = order.trader;
  it.strategy = order.strategy;
  decideOrder(order.session);
}

export function replaceOrder(at: i64, id: u64, replace: ReplaceOrder): void {
  if (!replace.order) return reject(Reject.MISSING_FIELD);
  if (isOutside(replace.quantity)) return reject(Reject.OUT_OF_RANGE);
  const order = orderOf(id, replace.order), account = ownerOf(id, order), it = proposal;
  it.account = account;
  it.now = max<i64>(at, account.newest);
  if (isClosed(order)) {
    if (isOutside(replace.price)) return reject(Reject.OUT_OF_RANGE);
    return declineUnknown(replace.order, replace.session);
  }
  if (order.market ? replace.price != 0 : isOutside(replace.price)) return reject(Reject.OUT_OF_RANGE);
  it.position = changetype<Position>(order.position);
  it.instrument = instrumentOf(it.position.instrument);
  it.replaced = changetype<usize>(order);
  it.id = replace.order;
  it.instrumentId = it.position.instrument;
  it.side = order.side;
  it.quantity = replace.quantity;
  it.open = max<i64>(0, replace.quantity - <i64>order.filled);
  it.price = replace.price;
  it.market = order.market;
  it.resting = order.resting;
  it.trader = replace.trader;
  it.strategy = order.strategy;
  decideOrder(replace.session);
}

export function cancelOrder(at: i64, id: u64, cancel: CancelOrder): void {
  if (!cancel.order) return reject(Reject.MISSING_FIELD);
  const order = orderOf(id, cancel.order), account = ownerOf(id, order), it = proposal;
  it.account = account;
  it.now = max<i64>(at, account.newest);
  if (isClosed(order)) return declineUnknown(cancel.order, cancel.session);
  beginChecks();
  if (!count(cancel.session, true)) return reject(Reject.STATE_FULL);
  close(account, order);
  if (account.open) {
    account.messagesNow++;
    account.cancelsNow++;
  }
  figure(OrderFigure.LIMIT_VERSION, account.version);
  figure(OrderFigure.OPEN_VALUE_BEFORE, account.openValue);
  reply(Verdict.APPROVE);
}

/** The venue's word: nothing to decide. */
export function orderClosed(at: i64, id: u64, closed: OrderClosed): void {
  if (!closed.order) return reject(Reject.MISSING_FIELD);
  const order = orderOf(id, closed.order);
  if (isClosed(order)) return;
  const account = ownerOf(id, order);
  touch(changetype<usize>(account));
  if (account.open) account.newest = max<i64>(at, account.newest);
  close(account, order);
}

export function fill(at: i64, id: u64, filled: Fill): void {
  if (!filled.instrument) return reject(Reject.MISSING_FIELD);
  if (filled.side < BUY || filled.side > SELL_SHORT) return reject(Reject.OUT_OF_RANGE);
  if (isOutside(filled.quantity) || isOutside(filled.price)) return reject(Reject.OUT_OF_RANGE);
  const instrument = instrumentOf(filled.instrument);
  if (!instrument.version) return reject(OrderReject.UNKNOWN_INSTRUMENT);
  const order = orderOf(id, filled.order), known = !isClosed(order);
  if (known && (changetype<Position>(order.position).instrument != filled.instrument || order.side != <u8>filled.side)) {
    return reject(OrderReject.FILL_MISMATCH);
  }
  const found = positions.find128(id, filled.instrument);
  const before = changetype<usize>(found) ? found : nothing, owner = accountOf(id);
  const net = filled.side == BUY ? before.net + filled.quantity : before.net - filled.quantity;
  beginExact();
  const mark = instrument.price > 0 ? instrument.price : filled.price;
  const value = times(times(filled.quantity, filled.price), instrument.multiplier);
  const marked = times(times(distance(net, 0), mark), instrument.multiplier);
  const cash = filled.side == BUY ? minus(owner.cash, value) : plus(owner.cash, value);
  const exposure = plus(owner.exposure - before.marked, marked);
  const others = before.net < 0 ? owner.shortExposure - before.marked : owner.shortExposure;
  const shortExposure = net < 0 ? plus(others, marked) : others;
  if (overflowed || distance(net, 0) >= NET_MAX) return reject(Reject.OVERFLOW);

  const account = makeAccount(id);
  if (isNone(changetype<usize>(account))) return reject(Reject.STATE_FULL);
  const position = makePosition(account, filled.instrument);
  if (isNone(changetype<usize>(position))) return reject(Reject.STATE_FULL);
  position.net = net;
  position.marked = marked;
  account.cash = cash;
  account.exposure = exposure;
  account.shortExposure = shortExposure;
  if (account.open) {
    account.newest = max<i64>(at, account.newest);
    turnPeriod(account, account.newest);
    account.tradesNow++;
  }
  if (known) fillOrder(account, position, order, filled.quantity);
}

function fillOrder(account: Account, position: Position, order: Order, quantity: i64): void {
  const open = openOf(order), part = min<i64>(open, quantity);
  if (part == open) {
    touch(changetype<usize>(order));
    return close(account, order);
  }
  pend(position, order.side, -part);
  hold(account, order, -part);
  touch(changetype<usize>(order));
  order.filled += <u32>part;
}

/** Decides what `proposal` describes, and commits it unless it is declined. */
function decideOrder(session: u32): void {
  const it = proposal;
  propose();
  if (overflowed) return reject(Reject.OVERFLOW);
  beginChecks();
  if (!count(session, false)) return reject(Reject.STATE_FULL);
  if (it.replaced && it.quantity <= <i64>changetype<Order>(it.replaced).filled) {
    decline(OrderReason.REPLACE_BELOW_FILLED, it.quantity, changetype<Order>(it.replaced).filled);
  }
  checkOrder();
  if (verdict != Verdict.DECLINE && !(it.replaced ? commitReplace() : commitNew())) return reject(Reject.STATE_FULL);
  figures();
  reply(verdict);
}

/** Counts the message where limits are in force; without them it is declined anyway. */
function count(session: u32, advisory: bool): bool {
  const it = proposal, account = it.account;
  if (!account.open) return true;
  touch(changetype<usize>(account));
  account.newest = it.now;
  turnPeriod(account, it.now);
  countMessage(account, it.now);
  return checkRates(session, advisory);
}

function declineUnknown(order: u64, session: u32): void {
  beginChecks();
  if (!count(session, false)) return reject(Reject.STATE_FULL);
  decline(OrderReason.ORDER_UNKNOWN, <i64>order, 0);
  figure(OrderFigure.LIMIT_VERSION, proposal.account.version);
  reply(Verdict.DECLINE);
}

/** For the audit: which limits, which prices, what was used before this order. */
function figures(): void {
  const it = proposal;
  figure(OrderFigure.LIMIT_VERSION, it.account.version);
  if (it.position.limited) figure(OrderFigure.INSTRUMENT_LIMIT_VERSION, it.position.version);
  figure(OrderFigure.INSTRUMENT_VERSION, it.instrument.version);
  figure(OrderFigure.REFERENCE_PRICE, it.instrument.price);
  figure(OrderFigure.ORDER_VALUE_USED, it.value);
  figure(OrderFigure.OPEN_VALUE_BEFORE, it.openValue);
  figure(OrderFigure.CREDIT_USED, it.creditUsed);
  figure(OrderFigure.MARGIN_REQUIRED, it.marginUsed);
  figure(OrderFigure.NET_POSITION, it.position.net);
}

// ---- commits ----

function commitNew(): bool {
  const it = proposal, account = it.account;
  const position = makePosition(account, it.instrumentId);
  if (isNone(changetype<usize>(position))) return false;
  const order = orders.upsert128(account.id, it.id);
  if (isNone(changetype<usize>(order))) return false;
  if (order.unit) unlinkClosed(order); // an id remembered longer than it need be
  order.filled = 0;
  order.side = <u8>it.side;
  order.market = it.market;
  order.resting = it.resting;
  order.strategy = it.strategy;
  order.trader = it.trader;
  order.killed = 0;
  linkOrder(order);
  order.position = changetype<usize>(position);
  order.previous = 0;
  order.next = position.orders;
  if (position.orders) {
    touch(position.orders);
    changetype<Order>(position.orders).previous = changetype<usize>(order);
  }
  position.orders = changetype<usize>(order);
  position.openOrders++;
  account.openOrders++;
  account.ordersNow++;
  rememberContent(position);
  enter(position, order);
  return true;
}

function commitReplace(): bool {
  const it = proposal, order = changetype<Order>(it.replaced);
  touch(changetype<usize>(order));
  touch(changetype<usize>(it.position));
  setTrader(order, it.trader);
  enter(it.position, order);
  return true;
}

/** Writes what was proposed: the order, its holds, the marks, the counts. All are writable by now. */
function enter(position: Position, order: Order): void {
  const it = proposal, account = it.account;
  order.unit = it.unit;
  order.price = <u32>it.price;
  order.quantity = <u32>it.quantity;
  order.reducing = it.reducing;
  position.pendingBuy = it.pendingBuy;
  position.pendingSell = it.pendingSell;
  position.pendingShort = it.pendingShort;
  pend(position, it.side, it.open);
  position.marked = it.marked;
  account.exposure = it.exposure;
  account.shortExposure = it.shortExposure;
  account.openValue = it.openValueAfter;
  account.holds = it.holdsAfter;
  account.messagesNow++;
  if (it.resting) noteResting(position);
  if (strategyRow) {
    touch(strategyRow);
    const row = changetype<Strategy>(strategyRow), count = executions(row, it.now);
    if (!count) row.start = it.now;
    row.count = <u32>count + 1;
  }
}

function noteResting(position: Position): void {
  const it = proposal, price = <u32>it.price;
  if (it.side == BUY) position.bestBuy = max<u32>(position.bestBuy, price);
  else if (!position.bestSell || price < position.bestSell) position.bestSell = price;
}

function rememberContent(position: Position): void {
  const it = proposal, base = changetype<usize>(position) + offsetof<Position>("content0");
  if (position.contentGeneration != it.account.generation) {
    memory.fill(base, 0, CONTENTS << 4);
    position.contentGeneration = it.account.generation;
  }
  const at = base + (<usize>(position.contentNext++ & (CONTENTS - 1)) << 4);
  store<u64>(at, <u64>it.price | (<u64>it.quantity << 32));
  store<i64>(at, (it.now << 2) | <i64>it.side, 8);
}

/** Ends an open order: its holds go, its id is remembered. */
function close(account: Account, order: Order): void {
  const position = changetype<Position>(order.position), open = openOf(order);
  touch(changetype<usize>(account));
  touch(changetype<usize>(position));
  touch(changetype<usize>(order));
  pend(position, order.side, -open);
  hold(account, order, -open);
  unlinkOrder(order);
  if (root.sweepOrder == changetype<usize>(order)) root.sweepOrder = order.next;
  if (order.previous) {
    touch(order.previous);
    changetype<Order>(order.previous).next = order.next;
  } else position.orders = order.next;
  if (order.next) {
    touch(order.next);
    changetype<Order>(order.next).previous = order.previous;
  }
  position.openOrders--;
  account.openOrders--;
  if (!position.openOrders) {
    position.bestBuy = 0;
    position.bestSell = 0;
  }
  order.position = 0;
  order.unit = root.clockNewest;
  linkClosed(order);
}

// @ts-ignore: decorator
@inline
function pend(position: Position, side: i32, quantity: i64): void {
  if (side == BUY) position.pendingBuy += quantity;
  else if (side == SELL) position.pendingSell += quantity;
  else position.pendingShort += quantity;
}

// @ts-ignore: decorator
@inline
function hold(account: Account, order: Order, quantity: i64): void {
  const value = quantity * order.unit; // at most what was checked when it was taken
  account.openValue += value;
  if (!order.reducing) account.holds += value;
}

// ---- closed orders whose ids are remembered, oldest first ----

function linkClosed(order: Order): void {
  order.next = 0;
  order.previous = root.closedLast;
  if (root.closedLast) {
    touch(root.closedLast);
    changetype<Order>(root.closedLast).next = changetype<usize>(order);
  } else root.closedFirst = changetype<usize>(order);
  root.closedLast = changetype<usize>(order);
  if (++root.closedCount > root.recentMax) forgetOldest();
}

function unlinkClosed(order: Order): void {
  if (order.previous) {
    touch(order.previous);
    changetype<Order>(order.previous).next = order.next;
  } else root.closedFirst = order.next;
  if (order.next) {
    touch(order.next);
    changetype<Order>(order.next).previous = order.previous;
  } else root.closedLast = order.previous;
  root.closedCount--;
}

function forgetOldest(): void {
  const order = changetype<Order>(root.closedFirst);
  unlinkClosed(order);
  orders.remove(order);
}

/** Forgets at most two ids whose window is over; one event closes at most one order. */
export function forgetClosed(): void {
  for (let i = 0; i < 2 && root.closedFirst; i++) {
    if (isRemembered(changetype<Order>(root.closedFirst))) return;
    forgetOldest();
  }
}

// @ts-ignore: decorator
@inline
function openOf(order: Order): i64 {
  return <i64>order.quantity - <i64>order.filled;
}

// @ts-ignore: decorator
@inline
function isClosed(order: Order): bool {
  return !changetype<usize>(order) || !order.position;
}

/** The account of an order, or the one of this id, or `nobody`. */
// @ts-ignore: decorator
@inline
function ownerOf(id: u64, order: Order): Account {
  return isClosed(order) ? accountOf(id) : changetype<Account>(changetype<Position>(order.position).account);
}

/** Quantities and prices are 1 to 2^31 - 1. */
// @ts-ignore: decorator
@inline
function isOutside(value: i64): bool {
  return <u64>(value - 1) >= <u64>NUMBER_MAX;
}
