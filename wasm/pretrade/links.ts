/**
 * The index behind the kill switches: open orders by trader and by strategy, accounts by desk and by client. An
 * id's list also holds those of other ids with the same hash; who walks it looks. A link stands in its owner, an
 * order or an account, which must be writable when it is linked in.
 */
import { STATE, touch } from "../lib/memory";
import { Account, Order, root } from "./state";

@unmanaged
export class Link {
  next: usize;
  previous: usize;
}

/** Kinds of lists. */
export namespace By {
  export const TRADER: u32 = 0;
  export const STRATEGY: u32 = 1;
  export const DESK: u32 = 2;
  export const CLIENT: u32 = 3;
}

/** Lists of each kind; a power of two. */
// @ts-ignore: decorator
export const LISTS: u32 = 1024;

/** The first link of each list, in the kernel's root block: 16 KiB. */
// @ts-ignore: decorator
@inline const HEADS: usize = STATE + 0x1000;

// @ts-ignore: decorator
@inline
function head(by: u32, list: u32): usize {
  return HEADS + (<usize>(by * LISTS + list) << 2);
}

/** The list of an id: its hash, since ids that step by a power of two are common. */
export function listOf(id: u32): u32 {
  return (id * 0x9E3779B1) >> 22;
}

export function firstOf(by: u32, list: u32): usize {
  return <usize>load<u32>(head(by, list));
}

function linkIn(by: u32, id: u32, link: usize): void {
  const at = head(by, listOf(id)), first = <usize>load<u32>(at);
  changetype<Link>(link).next = first;
  changetype<Link>(link).previous = 0;
  if (first) {
    touch(first);
    changetype<Link>(first).previous = link;
  }
  store<u32>(at, <u32>link);
}

/** A walk that would visit it next goes on behind it. */
function unlink(by: u32, id: u32, link: usize): void {
  const next = changetype<Link>(link).next, previous = changetype<Link>(link).previous;
  if (root.sweepLink == link) root.sweepLink = next;
  if (previous) {
    touch(previous);
    changetype<Link>(previous).next = next;
  } else store<u32>(head(by, listOf(id)), <u32>next);
  if (next) {
    touch(next);
    changetype<Link>(next).previous = previous;
  }
}

// @ts-ignore: decorator
@inline
function linkOf(order: Order, by: u32): usize {
  return changetype<usize>(order) + (by == By.TRADER ? offsetof<Order>("traderNext") : offsetof<Order>("strategyNext"));
}

export function orderAt(link: usize, by: u32): Order {
  return changetype<Order>(link - (by == By.STRATEGY ? offsetof<Order>("strategyNext") : offsetof<Order>("traderNext")));
}

export function accountAt(link: usize, by: u32): Account {
  return changetype<Account>(link - (by == By.DESK ? offsetof<Account>("deskNext") : offsetof<Account>("clientNext")));
}

/** An order that opens. Every open order has a trader; 0 is no strategy. */
export function linkOrder(order: Order): void {
  linkIn(By.TRADER, order.trader, linkOf(order, By.TRADER));
  if (order.strategy) linkIn(By.STRATEGY, order.strategy, linkOf(order, By.STRATEGY));
}

export function unlinkOrder(order: Order): void {
  unlink(By.TRADER, order.trader, linkOf(order, By.TRADER));
  if (order.strategy) unlink(By.STRATEGY, order.strategy, linkOf(order, By.STRATEGY));
}

/** Another trader answers for an open order. */
export function setTrader(order: Order, trader: u32): void {
  if (order.trader == trader) return;
  unlink(By.TRADER, order.trader, linkOf(order, By.TRADER));
  order.trader = trader;
  linkIn(By.TRADER, trader, linkOf(order, By.TRADER));
}

/** Whether it changed; 0 = none. The account must be writable. */
export function setDesk(account: Account, desk: u32): bool {
  if (account.desk == desk) return false;
  const link = changetype<usize>(account) + offsetof<Account>("deskNext");
  if (account.desk) unlink(By.DESK, account.desk, link);
  account.desk = desk;
  if (desk) linkIn(By.DESK, desk, link);
  return true;
}

export function setClient(account: Account, client: u32): bool {
  if (account.client == client) return false;
  const link = changetype<usize>(account) + offsetof<Account>("clientNext");
  if (account.client) unlink(By.CLIENT, account.client, link);
  account.client = client;
  if (client) linkIn(By.CLIENT, client, link);
  return true;
}
