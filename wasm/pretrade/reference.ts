/**
 * Reference data: limits, prices, bands, lists, switches. An event that is out of range, or of a version not
 * above the one in force, is rejected and leaves what was in force alone.
 */
import {
  AccountLimits, AuthorisedUser, BorrowInventory, CashMovement, Instrument as InstrumentEvent, InstrumentLimits,
  KillScope, Margin, OrderReject, PriceBand, ReferencePrice, RestrictedInstrument, StrategyEnable,
  StrategyThrottle,
} from "../gen/order";
import { Reject, reject } from "../lib/effects";
import { addOverflows } from "../lib/fixed";
import { touch } from "../lib/memory";
import { forgetAccount } from "./forget";
import { sweepAgain } from "./kill";
import { setClient, setDesk } from "./links";
import { clearRates, clearRatios } from "./messages";
import {
  Account, accountOf, Instrument, instrumentOf, instruments, isNone, makeAccount,
  makePosition, makeStrategy, makeTrader, positions, root, strategyOf, traderOf,
} from "./state";

// @ts-ignore: decorator
@inline const NUMBER_MAX: i64 = 0x7fffffff;
// @ts-ignore: decorator
@inline const HOUR: i64 = 3_600_000_000;
// @ts-ignore: decorator
@inline const DAY: i64 = 86_400_000_000;
// @ts-ignore: decorator
@inline const BPS_MAX: u32 = 1_000_000;
// @ts-ignore: decorator
@inline const RATE_MAX: u32 = 60_000;

export function accountLimits(id: u64, limits: AccountLimits): void {
  const before = accountOf(id);
  if (limits.closed) return closeAccount(before);
  if (!limits.version) return reject(Reject.MISSING_FIELD);
  if (!areValid(limits)) return reject(Reject.OUT_OF_RANGE);
  if (limits.version <= before.version) return reject(OrderReject.STALE_VERSION);
  const account = makeAccount(id);
  if (isNone(changetype<usize>(account))) return reject(Reject.STATE_FULL);
  if (!account.open) {
    account.open = true;
    account.rateSlot = 0;
    clearRates(account);
    clearRatios(account);
  } else if (account.ratioWindow != limits.ratioWindow) clearRatios(account);
  account.version = limits.version;
  if (setDesk(account, limits.desk) && account.openOrders) sweepAgain(KillScope.DESK, limits.desk);
  if (setClient(account, limits.client) && account.openOrders) sweepAgain(KillScope.CLIENT, limits.client);
  account.credit = limits.credit;
  account.openValueMax = limits.openValueMax;
  account.quantityMax = limits.orderQuantityMax;
  account.valueMax = limits.orderValueMax;
  account.longMax = limits.longMax;
  account.shortMax = limits.shortMax;
  account.rate1sMax = limits.rate1sMax;
  account.rate5sMax = limits.rate5sMax;
  account.sessionRate = limits.sessionRate;
  account.sessionBurst = limits.sessionBurst;
  account.duplicateWindow = limits.duplicateWindow;
  account.ratioWindow = limits.ratioWindow;
  account.ratioFloor = limits.ratioFloor;
  account.orderToTradeMax = limits.orderToTradeMax;
  account.cancelBpsMax = limits.cancelBpsMax;
}

function areValid(limits: AccountLimits): bool {
  return (limits.credit | limits.openValueMax | limits.orderQuantityMax | limits.orderValueMax | limits.longMax |
      limits.shortMax) >= 0 && limits.rate1sMax <= RATE_MAX && limits.rate5sMax <= RATE_MAX &&
    limits.sessionRate <= RATE_MAX && limits.sessionBurst <= RATE_MAX && limits.duplicateWindow >= 1 &&
    limits.duplicateWindow <= HOUR && limits.ratioWindow >= 1_000_000 && limits.ratioWindow <= DAY &&
    limits.orderToTradeMax <= BPS_MAX && limits.cancelBpsMax <= BPS_MAX;
}

/** Nothing is in force any more: users, strategies, sessions and remembered contents are void at once. */
function closeAccount(account: Account): void {
  if (!account.open) return reject(OrderReject.UNKNOWN_ACCOUNT);
  touch(changetype<usize>(account));
  account.open = false;
  account.version = 0;
  account.generation = ++root.generations;
  account.newest = 0;
  setClient(account, 0);
  setDesk(account, 0);
  account.credit = 0;
  account.openValueMax = 0;
  account.quantityMax = 0;
  account.valueMax = 0;
  account.longMax = 0;
  account.shortMax = 0;
  account.collateral = 0;
  account.marginVersion = 0;
  account.initialBps = 0;
  account.reduceOnlyBps = 0;
  account.duplicateWindow = 0;
  account.sessionUsed = false;
  forgetAccount(account);
}

export function instrumentLimits(id: u64, limits: InstrumentLimits): void {
  const account = accountOf(id);
  if (!limits.version || !limits.instrument) return reject(Reject.MISSING_FIELD);
  if ((limits.orderQuantityMax | limits.orderValueMax | limits.longMax | limits.shortMax) < 0) {
    return reject(Reject.OUT_OF_RANGE);
  }
  if (!account.open) return reject(OrderReject.UNKNOWN_ACCOUNT);
  const found = positions.find128(id, limits.instrument);
  if (changetype<usize>(found) && limits.version <= found.version) return reject(OrderReject.STALE_VERSION);
  const position = makePosition(account, limits.instrument);
  if (isNone(changetype<usize>(position))) return reject(Reject.STATE_FULL);
  position.limited = !limits.removed;
  position.version = limits.removed ? 0 : limits.version;
  position.restricted = limits.restricted && !limits.removed;
  position.quantityMax = limits.orderQuantityMax;
  position.valueMax = limits.orderValueMax;
  position.longMax = limits.longMax;
  position.shortMax = limits.shortMax;
}

export function margin(id: u64, event: Margin): void {
  const account = accountOf(id);
  if (!event.version) return reject(Reject.MISSING_FIELD);
  if (event.collateral < 0 || !event.initialBps || event.initialBps > BPS_MAX || event.reduceOnlyAboveBps > BPS_MAX) {
    return reject(Reject.OUT_OF_RANGE);
  }
  if (!account.open) return reject(OrderReject.UNKNOWN_ACCOUNT);
  if (event.version <= account.marginVersion) return reject(OrderReject.STALE_VERSION);
  touch(changetype<usize>(account));
  account.marginVersion = event.version;
  account.collateral = event.collateral;
  account.initialBps = event.initialBps;
  account.reduceOnlyBps = event.reduceOnlyAboveBps;
}

export function cashMovement(id: u64, event: CashMovement): void {
  if (addOverflows(accountOf(id).cash, event.amount)) return reject(Reject.OVERFLOW);
  const account = makeAccount(id);
  if (isNone(changetype<usize>(account))) return reject(Reject.STATE_FULL);
  account.cash += event.amount;
  forgetAccount(account);
}

export function authorisedUser(id: u64, event: AuthorisedUser): void {
  const account = accountOf(id);
  if (!event.trader) return reject(Reject.MISSING_FIELD);
  if (!account.open) return reject(OrderReject.UNKNOWN_ACCOUNT);
  const row = makeTrader(account, event.trader);
  if (isNone(changetype<usize>(row))) return reject(Reject.STATE_FULL);
  row.authorised = event.authorised;
  row.mayEnable = event.mayEnable;
}

export function strategyThrottle(id: u64, event: StrategyThrottle): void {
  const account = accountOf(id);
  if (!event.version || !event.strategy) return reject(Reject.MISSING_FIELD);
  if (event.window < 1 || event.window > DAY) return reject(Reject.OUT_OF_RANGE);
  if (!account.open) return reject(OrderReject.UNKNOWN_ACCOUNT);
  const found = strategyOf(account, event.strategy);
  if (changetype<usize>(found) && event.version <= found.version) return reject(OrderReject.STALE_VERSION);
  const row = makeStrategy(account, event.strategy);
  if (isNone(changetype<usize>(row))) return reject(Reject.STATE_FULL);
  row.version = event.version;
  row.max = event.executionsMax;
  row.window = event.window;
}

export function strategyEnable(id: u64, event: StrategyEnable): void {
  const account = accountOf(id);
  if (!event.strategy || !event.by) return reject(Reject.MISSING_FIELD);
  if (!account.open) return reject(OrderReject.UNKNOWN_ACCOUNT);
  const row = strategyOf(account, event.strategy), human = traderOf(account, event.by);
  if (isNone(changetype<usize>(row))) return reject(OrderReject.UNKNOWN_STRATEGY);
  if (isNone(changetype<usize>(human))) return reject(OrderReject.NOT_PERMITTED);
  if (!human.authorised || !human.mayEnable) return reject(OrderReject.NOT_PERMITTED);
  touch(changetype<usize>(row));
  row.disabled = false;
  row.count = 0;
  row.start = 0;
}

export function borrowInventory(id: u64, event: BorrowInventory): void {
  const account = accountOf(id);
  if (!event.instrument) return reject(Reject.MISSING_FIELD);
  if (event.quantity < 0) return reject(Reject.OUT_OF_RANGE);
  if (!account.open) return reject(OrderReject.UNKNOWN_ACCOUNT);
  const position = makePosition(account, event.instrument);
  if (isNone(changetype<usize>(position))) return reject(Reject.STATE_FULL);
  position.borrow = event.quantity;
}

export function instrument(event: InstrumentEvent): void {
  if (!event.version || !event.instrument) return reject(Reject.MISSING_FIELD);
  if (event.multiplier < 1 || event.multiplier > NUMBER_MAX || !isBps(event.collarBps) || !isBps(event.collarPeriodBps)) {
    return reject(Reject.OUT_OF_RANGE);
  }
  if (event.collarPeriod < 1 || event.collarPeriod > DAY || event.referenceAgeMax < 1) return reject(Reject.OUT_OF_RANGE);
  if (event.version <= instrumentOf(event.instrument).version) return reject(OrderReject.STALE_VERSION);
  const row = instruments.upsert64(event.instrument);
  if (isNone(changetype<usize>(row))) return reject(Reject.STATE_FULL);
  row.version = event.version;
  row.multiplier = event.multiplier;
  row.collarBps = event.collarBps;
  row.periodBps = event.collarPeriodBps;
  row.period = event.collarPeriod;
  row.ageMax = event.referenceAgeMax;
}

function isBps(bps: u32): bool {
  return bps >= 1 && bps <= BPS_MAX;
}

export function referencePrice(at: i64, event: ReferencePrice): void {
  const row = changeable(event.instrument);
  if (isNone(changetype<usize>(row))) return;
  if (event.price < 1 || event.price > NUMBER_MAX) return reject(Reject.OUT_OF_RANGE);
  if (at < row.priceAt) return reject(Reject.TOO_OLD);
  if (!row.price) {
    row.anchor = event.price;
    row.anchorAt = at;
  } else if (at - row.anchorAt >= row.period) {
    row.anchor = row.price;
    row.anchorAt = at;
  }
  row.price = event.price;
  row.priceAt = at;
}

export function priceBand(at: i64, event: PriceBand): void {
  const row = changeable(event.instrument);
  if (isNone(changetype<usize>(row))) return;
  if (event.low < 1 || event.high < event.low || event.high > NUMBER_MAX) return reject(Reject.OUT_OF_RANGE);
  if (at < row.bandAt) return reject(Reject.TOO_OLD);
  row.bandLow = event.low;
  row.bandHigh = event.high;
  row.bandAt = at;
}

export function restrictedInstrument(event: RestrictedInstrument): void {
  const row = changeable(event.instrument);
  if (!isNone(changetype<usize>(row))) row.restricted = event.restricted;
}

/** The declared instrument, writable; 0 after a reject. */
function changeable(id: u32): Instrument {
  const row = instruments.find64(id);
  if (!id) reject(Reject.MISSING_FIELD);
  else if (isNone(changetype<usize>(row))) reject(OrderReject.UNKNOWN_INSTRUMENT);
  else touch(changetype<usize>(row));
  return row;
}
