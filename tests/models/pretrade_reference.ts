/** Reference data as the naive twin takes it. */
import {
  type AccountLimits,
  type Instrument,
  type KillSwitch,
  type Margin,
  type OrderEvent,
  OrderReject,
} from "../../actors/orders/gen/order_pb.ts";
import { RejectReason } from "../../runtime/proto/gen/frame_pb.ts";
import type { PretradeModel } from "./pretrade.ts";
import {
  type AccountModel,
  type InstrumentModel,
  newInstrument,
  newPosition,
  noLimits,
  type PositionModel,
} from "./pretrade_state.ts";

const HOUR = 3_600_000_000n, DAY = 24n * HOUR, NUMBER_MAX = 2n ** 31n - 1n;

/** The event is a dead letter and changed nothing. */
export class Rejected extends Error {
  constructor(readonly reason: number) {
    super(`rejected: ${reason}`);
  }
}

export function applyReference(
  model: PretradeModel,
  at: bigint,
  id: bigint,
  event: OrderEvent["event"],
): void {
  switch (event.case) {
    case "accountLimits":
      return event.value.closed ? close(model, id) : accountLimits(model, id, event.value);
    case "instrumentLimits": {
      const limits = event.value;
      if (limits.version === 0 || limits.instrument === 0) throw new Rejected(RejectReason.MISSING_FIELD);
      const numbers = [limits.orderQuantityMax, limits.orderValueMax, limits.longMax, limits.shortMax];
      if (numbers.some((number) => number < 0n)) throw new Rejected(RejectReason.OUT_OF_RANGE);
      const account = openAccount(model, id);
      if (limits.version <= (account.positions.get(limits.instrument)?.version ?? 0)) throw stale();
      const position = positionOf(account, limits.instrument);
      position.limited = !limits.removed;
      position.version = limits.removed ? 0 : limits.version;
      position.restricted = limits.restricted && !limits.removed;
      position.quantityMax = limits.orderQuantityMax;
      position.valueMax = limits.orderValueMax;
      position.longMax = limits.longMax;
      position.shortMax = limits.shortMax;
      return;
    }
    case "margin":
      return margin(model, id, event.value);
    case "cashMovement": {
      const cash = (model.accounts.get(id)?.cash ?? 0n) + event.value.amount;
      if (BigInt.asIntN(64, cash) !== cash) throw new Rejected(RejectReason.OVERFLOW);
      model.accountOf(id).cash = cash;
      return;
    }
    case "authorisedUser": {
      const { trader, authorised, mayEnable } = event.value;
      if (trader === 0) throw new Rejected(RejectReason.MISSING_FIELD);
      openAccount(model, id).traders.set(trader, { authorised, mayEnable });
      return;
    }
    case "strategyThrottle": {
      const { version, strategy, executionsMax, window } = event.value;
      if (version === 0 || strategy === 0) throw new Rejected(RejectReason.MISSING_FIELD);
      if (window < 1n || window > DAY) throw new Rejected(RejectReason.OUT_OF_RANGE);
      const account = openAccount(model, id), known = account.strategies.get(strategy);
      if (known && version <= known.version) throw stale();
      const kept = known ?? { count: 0n, start: 0n, disabled: false };
      account.strategies.set(strategy, { ...kept, version, max: BigInt(executionsMax), window });
      return;
    }
    case "strategyEnable": {
      if (event.value.strategy === 0 || event.value.by === 0) throw new Rejected(RejectReason.MISSING_FIELD);
      const account = openAccount(model, id), strategy = account.strategies.get(event.value.strategy);
      if (!strategy) throw new Rejected(OrderReject.UNKNOWN_STRATEGY);
      const human = account.traders.get(event.value.by);
      if (!human?.authorised || !human.mayEnable) throw new Rejected(OrderReject.NOT_PERMITTED);
      Object.assign(strategy, { disabled: false, count: 0n, start: 0n });
      return;
    }
    case "borrowInventory": {
      if (event.value.instrument === 0) throw new Rejected(RejectReason.MISSING_FIELD);
      if (event.value.quantity < 0n) throw new Rejected(RejectReason.OUT_OF_RANGE);
      positionOf(openAccount(model, id), event.value.instrument).borrow = event.value.quantity;
      return;
    }
    case "instrument":
      return instrument(model, event.value);
    case "referencePrice": {
      const row = declared(model, event.value.instrument), price = event.value.price;
      if (price < 1n || price > NUMBER_MAX) throw new Rejected(RejectReason.OUT_OF_RANGE);
      if (at < row.priceAt) throw new Rejected(RejectReason.TOO_OLD);
      if (row.price === 0n) Object.assign(row, { anchor: price, anchorAt: at });
      else if (at - row.anchorAt >= row.period) Object.assign(row, { anchor: row.price, anchorAt: at });
      Object.assign(row, { price, priceAt: at });
      return;
    }
    case "priceBand": {
      const row = declared(model, event.value.instrument), { low, high } = event.value;
      if (low < 1n || high < low || high > NUMBER_MAX) throw new Rejected(RejectReason.OUT_OF_RANGE);
      if (at < row.bandAt) throw new Rejected(RejectReason.TOO_OLD);
      Object.assign(row, { bandLow: low, bandHigh: high, bandAt: at });
      return;
    }
    case "restrictedInstrument":
      declared(model, event.value.instrument).restricted = event.value.restricted;
      return;
    case "killSwitch":
      return killSwitch(model, at, event.value);
    default:
      throw new Error(`Cannot apply ${event.case}: it is no reference data`);
  }
}

function accountLimits(model: PretradeModel, id: bigint, limits: AccountLimits): void {
  if (limits.version === 0) throw new Rejected(RejectReason.MISSING_FIELD);
  const notNegative = [
    limits.credit,
    limits.openValueMax,
    limits.orderQuantityMax,
    limits.orderValueMax,
    limits.longMax,
    limits.shortMax,
  ];
  const rates = [limits.rate1sMax, limits.rate5sMax, limits.sessionRate, limits.sessionBurst];
  const bad = notNegative.some((number) => number < 0n) || rates.some((rate) => rate > 60_000) ||
    limits.duplicateWindow < 1n || limits.duplicateWindow > HOUR || limits.ratioWindow < 1_000_000n ||
    limits.ratioWindow > DAY || limits.orderToTradeMax > 1_000_000 || limits.cancelBpsMax > 1_000_000;
  if (bad) throw new Rejected(RejectReason.OUT_OF_RANGE);
  if (limits.version <= (model.accounts.get(id)?.version ?? 0)) throw stale();
  const account = model.accountOf(id);
  if (account.limits.ratioWindow !== limits.ratioWindow) account.periods.clear();
  account.open = true;
  account.version = limits.version;
  account.client = limits.client;
  account.desk = limits.desk;
  account.limits = {
    credit: limits.credit,
    openValueMax: limits.openValueMax,
    quantityMax: limits.orderQuantityMax,
    valueMax: limits.orderValueMax,
    longMax: limits.longMax,
    shortMax: limits.shortMax,
    rate1sMax: limits.rate1sMax,
    rate5sMax: limits.rate5sMax,
    sessionRate: BigInt(limits.sessionRate),
    sessionBurst: BigInt(limits.sessionBurst),
    duplicateWindow: limits.duplicateWindow,
    ratioWindow: limits.ratioWindow,
    ratioFloor: BigInt(limits.ratioFloor),
    orderToTradeMax: BigInt(limits.orderToTradeMax),
    cancelBpsMax: BigInt(limits.cancelBpsMax),
  };
}

function close(model: PretradeModel, id: bigint): void {
  const account = openAccount(model, id);
  account.open = false;
  account.version = 0;
  account.newest = 0n;
  account.client = 0;
  account.desk = 0;
  account.limits = noLimits();
  account.margin = { version: 0, collateral: 0n, initialBps: 0n, reduceOnlyBps: 0n };
  account.traders.clear();
  account.strategies.clear();
  account.sessions.clear();
  account.messages.clear();
  account.newestSlot = 0n;
  account.periods.clear();
  for (const position of account.positions.values()) position.contents = [];
}

function margin(model: PretradeModel, id: bigint, event: Margin): void {
  if (event.version === 0) throw new Rejected(RejectReason.MISSING_FIELD);
  const bad = event.collateral < 0n || event.initialBps < 1 || event.initialBps > 1_000_000 ||
    event.reduceOnlyAboveBps > 1_000_000;
  if (bad) throw new Rejected(RejectReason.OUT_OF_RANGE);
  const account = openAccount(model, id);
  if (event.version <= account.margin.version) throw stale();
  account.margin = {
    version: event.version,
    collateral: event.collateral,
    initialBps: BigInt(event.initialBps),
    reduceOnlyBps: BigInt(event.reduceOnlyAboveBps),
  };
}

function instrument(model: PretradeModel, event: Instrument): void {
  if (event.version === 0 || event.instrument === 0) throw new Rejected(RejectReason.MISSING_FIELD);
  const bps = [event.collarBps, event.collarPeriodBps];
  const bad = event.multiplier < 1n || event.multiplier > NUMBER_MAX ||
    bps.some((b) => b < 1 || b > 1_000_000) ||
    event.collarPeriod < 1n || event.collarPeriod > DAY || event.referenceAgeMax < 1n;
  if (bad) throw new Rejected(RejectReason.OUT_OF_RANGE);
  const row = model.instruments.get(event.instrument) ?? newInstrument();
  if (event.version <= row.version) throw stale();
  model.instruments.set(event.instrument, row);
  row.version = event.version;
  row.multiplier = event.multiplier;
  row.collarBps = BigInt(event.collarBps);
  row.periodBps = BigInt(event.collarPeriodBps);
  row.period = event.collarPeriod;
  row.ageMax = event.referenceAgeMax;
}

function killSwitch(model: PretradeModel, at: bigint, event: KillSwitch): void {
  const everything = event.scope === 5;
  if (event.by === 0 || event.scope === 0 || event.id === 0 && !everything) {
    throw new Rejected(RejectReason.MISSING_FIELD);
  }
  if (event.scope < 0 || event.scope > 5 || everything && event.id !== 0) {
    throw new Rejected(RejectReason.OUT_OF_RANGE);
  }
  const { scope, id, by } = event, key = `${scope}/${id}`;
  if (!event.on) model.kills.delete(key);
  else if (!model.kills.has(key)) model.kills.set(key, { scope, id, by, at, number: ++model.killsEngaged });
}

function openAccount(model: PretradeModel, id: bigint): AccountModel {
  const account = model.accounts.get(id);
  if (!account?.open) throw new Rejected(OrderReject.UNKNOWN_ACCOUNT);
  return account;
}

function declared(model: PretradeModel, id: number): InstrumentModel {
  if (id === 0) throw new Rejected(RejectReason.MISSING_FIELD);
  const row = model.instruments.get(id);
  if (!row) throw new Rejected(OrderReject.UNKNOWN_INSTRUMENT);
  return row;
}

function positionOf(account: AccountModel, instrument: number): PositionModel {
  let position = account.positions.get(instrument);
  if (!position) account.positions.set(instrument, position = newPosition());
  return position;
}

function stale(): Rejected {
  return new Rejected(OrderReject.STALE_VERSION);
}
