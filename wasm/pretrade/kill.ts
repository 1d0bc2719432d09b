/**
 * Kill switches. One that is engaged declines orders at once (check 15) and sweeps: it asks for the cancel of each
 * open order that it is about, some with its own event and the rest with timers, so that no event has more
 * effects than the kernel declares. Switches sweep one after another, in the order in which they were engaged.
 *
 * Each switch has a number, higher than those engaged before, and each order the number of the switch that its
 * cancel was last asked for. So a sweep may begin anew at any time, and an order whose number is lower is due.
 */
import {
  KillScope, KillSwitch, writeCancelRequest_account, writeCancelRequest_at, writeCancelRequest_by, writeCancelRequest_id,
  writeCancelRequest_instrument, writeCancelRequest_order, writeCancelRequest_scope,
} from "../gen/order";
import { clock } from "../lib/context";
import { output, Reject, reject, scratch, setTimer } from "../lib/effects";
import { touch } from "../lib/memory";
import { fresh } from "../lib/table";
import { accountAt, By, firstOf, LISTS, Link, listOf, orderAt } from "./links";
import { Account, isNone, Killed, kills, Order, orders, Position, root } from "./state";

/** Cancels asked for with one event: each takes at most 96 bytes of effects. */
// @ts-ignore: decorator
export const REQUESTS_MAX: u32 = 160;

/** Steps along the lists with one event. */
// @ts-ignore: decorator
@inline const STEPS_MAX: u32 = 4096;

export function killSwitch(at: i64, event: KillSwitch): void {
  const everything = event.scope == KillScope.EVERYTHING;
  if (!event.by || !event.scope || !event.id && !everything) return reject(Reject.MISSING_FIELD);
  if (<u32>event.scope > 5 || everything && event.id) return reject(Reject.OUT_OF_RANGE);
  const key = killKey(event.scope, event.id);
  if (!event.on) return disengage(kills.find64(key));
  const row = kills.upsert64(key);
  if (isNone(changetype<usize>(row))) return reject(Reject.STATE_FULL);
  if (!fresh()) return; // engaged already
  row.by = event.by;
  row.at = at;
  row.number = ++root.killsEngaged;
  enqueue(row);
  sweep();
}

function disengage(row: Killed): void {
  if (isNone(changetype<usize>(row))) return;
  if (row.waiting) dequeue(row);
  kills.remove(row);
}

export function isKilled(scope: u32, id: u32): bool {
  return !isNone(changetype<usize>(kills.find64(killKey(scope, id))));
}

/** Open orders came to this id with their account: a switch that is engaged goes over it again. */
export function sweepAgain(scope: u32, id: u32): void {
  if (!kills.count || !id) return;
  const row = kills.find64(killKey(scope, id));
  if (isNone(changetype<usize>(row))) return;
  touch(changetype<usize>(row));
  if (!row.waiting) enqueue(row);
  else if (root.sweepFirst == changetype<usize>(row)) begin();
  setTimer(clock);
}

// @ts-ignore: decorator
@inline
function killKey(scope: u32, id: u32): u64 {
  return (<u64>scope << 32) | <u64>id;
}

// ---- the queue ----

function enqueue(row: Killed): void {
  row.waiting = true;
  row.next = 0;
  row.previous = root.sweepLast;
  root.sweepLast = changetype<usize>(row);
  if (row.previous) {
    touch(row.previous);
    changetype<Killed>(row.previous).next = changetype<usize>(row);
    return;
  }
  root.sweepFirst = changetype<usize>(row);
  begin();
}

function dequeue(row: Killed): void {
  touch(changetype<usize>(row));
  row.waiting = false;
  if (row.next) {
    touch(row.next);
    changetype<Killed>(row.next).previous = row.previous;
  } else root.sweepLast = row.previous;
  if (row.previous) {
    touch(row.previous);
    changetype<Killed>(row.previous).next = row.next;
    return;
  }
  root.sweepFirst = row.next;
  if (row.next) begin();
}

/** The first switch of the queue begins, or begins anew. */
function begin(): void {
  const key = keyOf(changetype<Killed>(root.sweepFirst)), scope = <u32>(key >> 32);
  root.sweepList = scope == KillScope.EVERYTHING ? 0 : listOf(<u32>key);
  root.sweepLink = firstOf(listsOf(scope), root.sweepList);
  root.sweepPosition = 0;
  root.sweepOrder = 0;
}

// @ts-ignore: decorator
@inline
function keyOf(row: Killed): u64 {
  return load<u64>(kills.keyOf(row));
}

/** Every open order has a trader: those lists are all there is. */
function listsOf(scope: u32): u32 {
  if (scope == KillScope.STRATEGY) return By.STRATEGY;
  if (scope == KillScope.DESK) return By.DESK;
  return scope == KillScope.CLIENT ? By.CLIENT : By.TRADER;
}

// ---- the walk ----

/** Some steps; a timer for the rest. */
export function sweep(): void {
  let requests: u32 = 0;
  for (let step: u32 = 0; root.sweepFirst; step++) {
    if (step == STEPS_MAX || requests == REQUESTS_MAX) return setTimer(clock);
    const row = changetype<Killed>(root.sweepFirst), key = keyOf(row);
    const order = visit(<u32>(key >> 32));
    if (!isNone(order)) {
      if (request(row, key, changetype<Order>(order))) requests++;
    } else if (!hasMore(<u32>(key >> 32))) dequeue(row);
  }
}

/** One step along the lists: an order, or 0 where the step met none. */
function visit(scope: u32): usize {
  const order = root.sweepOrder;
  if (order) {
    root.sweepOrder = changetype<Order>(order).next;
    return order;
  }
  const position = root.sweepPosition;
  if (position) {
    root.sweepOrder = changetype<Position>(position).orders;
    root.sweepPosition = changetype<Position>(position).next;
    return 0;
  }
  const link = root.sweepLink, by = listsOf(scope);
  if (!link) {
    if (scope == KillScope.EVERYTHING && root.sweepList < LISTS - 1) root.sweepLink = firstOf(by, ++root.sweepList);
    return 0;
  }
  root.sweepLink = changetype<Link>(link).next;
  if (by == By.TRADER || by == By.STRATEGY) return changetype<usize>(orderAt(link, by));
  root.sweepPosition = accountAt(link, by).positions;
  return 0;
}

function hasMore(scope: u32): bool {
  return root.sweepOrder != 0 || root.sweepPosition != 0 || root.sweepLink != 0 ||
    scope == KillScope.EVERYTHING && root.sweepList < LISTS - 1;
}

/** Asks for the cancel of an order, if the switch is about it and did not ask before. */
function request(row: Killed, key: u64, order: Order): bool {
  if (order.killed >= row.number || !isAbout(<u32>(key >> 32), <u32>key, order)) return false;
  touch(changetype<usize>(order));
  order.killed = row.number;
  const ids = orders.keyOf(order), account = load<u64>(ids);
  let p = writeCancelRequest_account(scratch() + 32, account);
  p = writeCancelRequest_order(p, load<u64>(ids, 8));
  p = writeCancelRequest_instrument(p, changetype<Position>(order.position).instrument);
  p = writeCancelRequest_scope(p, <i32>(key >> 32));
  p = writeCancelRequest_id(p, <u32>key);
  p = writeCancelRequest_by(p, row.by);
  p = writeCancelRequest_at(p, row.at);
  output(scratch(), digits(account), scratch() + 32, <u32>(p - scratch() - 32));
  return true;
}

function isAbout(scope: u32, id: u32, order: Order): bool {
  if (scope == KillScope.EVERYTHING) return true;
  if (scope == KillScope.STRATEGY) return order.strategy == id;
  if (scope == KillScope.TRADER) return order.trader == id;
  const account = changetype<Account>(changetype<Position>(order.position).account);
  return scope == KillScope.DESK ? account.desk == id : account.client == id;
}

/** Writes the account as its key at `scratch()`: decimal, at most 20 digits. */
function digits(account: u64): u32 {
  let length: u32 = 1;
  for (let rest = account / 10; rest; rest /= 10) length++;
  for (let at = scratch() + length; at > scratch(); account /= 10) store<u8>(--at, <u8>(0x30 + account % 10));
  return length;
}
