/**
 * Pre-trade risk: fifteen checks on each new and replaced order of an account, and the state they need. The
 * parts stand in wasm/pretrade, one subject a file.
 */
import { decodeOrderEvent, decodeOrderParams, OrderEvent, OrderParams } from "../gen/order";
import { clock } from "../lib/context";
import { Reject, reject } from "../lib/effects";
import { STATE } from "../lib/memory";
import { lookBeyond, noteAhead } from "../pretrade/ahead";
import { forgetOne } from "../pretrade/forget";
import { killSwitch, sweep } from "../pretrade/kill";
import { cancelOrder, fill, forgetClosed, newOrder, orderClosed, replaceOrder } from "../pretrade/orders";
import { queryAccount } from "../pretrade/query";
import {
  accountLimits, authorisedUser, borrowInventory, cashMovement, instrument, instrumentLimits, margin,
  priceBand, referencePrice, restrictedInstrument, strategyEnable, strategyThrottle,
} from "../pretrade/reference";
import { accounts, initTables, root } from "../pretrade/state";

export { SCHEMA_HASH } from "../gen/order";
export const NAME = "pretrade";
/** REQUESTS_MAX cancels that a kill switch asks for. A decision with every reason and figure is below 1.5 KiB. */
export const EFFECT_BYTES_MAX: u32 = 16384;
export const EVENT_BYTES_MAX: u32 = 4096;
export const KEY_BYTES_MAX: u32 = 20;

// @ts-ignore: decorator
@inline const MINUTE: i64 = 60_000_000;

const event = changetype<OrderEvent>(memory.data(offsetof<OrderEvent>(), 8));
const params = changetype<OrderParams>(memory.data(offsetof<OrderParams>(), 8));

export function onInit(ptr: usize, length: u32): bool {
  if (decodeOrderParams(params, ptr, length)) return false;
  if ((params.aheadMax | params.behindMax | params.recentIdsWindow) < 0) return false;
  root.aheadMax = params.aheadMax ? params.aheadMax : 10 * MINUTE;
  root.behindMax = params.behindMax ? params.behindMax : 1440 * MINUTE;
  root.recentWindow = params.recentIdsWindow ? params.recentIdsWindow : 10 * MINUTE;
  root.recentMax = params.recentIdsMax ? params.recentIdsMax : 1_000_000;
  return initTables();
}

export function onEvent(ptr: usize, length: u32): void {
  const bad = decodeOrderEvent(event, ptr, length);
  if (bad) return reject(bad);
  if (clock > root.clockNewest) root.clockNewest = clock;
  forgetClosed();
  forgetOne();
  const kind = event.eventCase;
  if (kind < 3 || kind > 20) return reject(Reject.UNKNOWN_VARIANT);
  if (event.at == 0) return reject(Reject.MISSING_FIELD);
  if (event.at < 0) return reject(Reject.OUT_OF_RANGE);
  if (event.at - clock > root.aheadMax) return reject(Reject.TOO_NEW);
  if (kind >= 16) return global(kind);
  if (!event.account) return reject(Reject.MISSING_FIELD);
  if (kind <= 5 && clock - event.at > root.behindMax) return reject(Reject.TOO_OLD);
  if (kind <= 7) flow(kind);
  else ofAccount(kind);
}

/** The next cancels of the kill switches. */
export function onTimer(): void {
  sweep();
}

export function onAhead(ptr: usize, length: u32): void {
  noteAhead(ptr, length);
}
export function onAheadDone(): void {
  lookBeyond();
}

function flow(kind: u32): void {
  switch (kind) {
    case 3: return newOrder(event.at, event.account, event.newOrder);
    case 4: return replaceOrder(event.at, event.account, event.replaceOrder);
    case 5: return cancelOrder(event.at, event.account, event.cancelOrder);
    case 6: return fill(event.at, event.account, event.fill);
    default: return orderClosed(event.at, event.account, event.orderClosed);
  }
}

function ofAccount(kind: u32): void {
  switch (kind) {
    case 8: return accountLimits(event.account, event.accountLimits);
    case 9: return instrumentLimits(event.account, event.instrumentLimits);
    case 10: return margin(event.account, event.margin);
    case 11: return cashMovement(event.account, event.cashMovement);
    case 12: return authorisedUser(event.account, event.authorisedUser);
    case 13: return strategyThrottle(event.account, event.strategyThrottle);
    case 14: return strategyEnable(event.account, event.strategyEnable);
    default: return borrowInventory(event.account, event.borrowInventory);
  }
}

function global(kind: u32): void {
  switch (kind) {
    case 16: return instrument(event.instrument);
    case 17: return referencePrice(event.at, event.referencePrice);
    case 18: return priceBand(event.at, event.priceBand);
    case 19: return restrictedInstrument(event.restrictedInstrument);
    default: return killSwitch(event.at, event.killSwitch);
  }
}

export function onQuery(key: usize, length: u32): bool {
  return queryAccount(key, length);
}

export function stateKeys(): u64 {
  return accounts.count;
}
