/** What the naive twin of pre-trade risk keeps: plain objects in Maps, BigInt for every number that is money. */

export interface AccountModel {
  version: number;
  open: boolean;
  cash: bigint;
  newest: bigint;
  limits: Limits;
  margin: { version: number; collateral: bigint; initialBps: bigint; reduceOnlyBps: bigint };
  client: number;
  desk: number;
  positions: Map<number, PositionModel>;
  orders: Map<bigint, OrderModel>;
  traders: Map<number, { authorised: boolean; mayEnable: boolean }>;
  strategies: Map<number, StrategyModel>;
  sessions: Map<number, { level: bigint; last: bigint }>;
  /** Messages by quarter second. */
  messages: Map<bigint, number>;
  newestSlot: bigint;
  /** By period of the ratios. */
  periods: Map<bigint, Period>;
}

export interface Limits {
  credit: bigint;
  openValueMax: bigint;
  quantityMax: bigint;
  valueMax: bigint;
  longMax: bigint;
  shortMax: bigint;
  rate1sMax: number;
  rate5sMax: number;
  sessionRate: bigint;
  sessionBurst: bigint;
  duplicateWindow: bigint;
  ratioWindow: bigint;
  ratioFloor: bigint;
  orderToTradeMax: bigint;
  cancelBpsMax: bigint;
}

export interface Period {
  messages: bigint;
  trades: bigint;
  orders: bigint;
  cancels: bigint;
}

export interface PositionModel {
  net: bigint;
  marked: bigint;
  borrow: bigint;
  version: number;
  limited: boolean;
  restricted: boolean;
  quantityMax: bigint;
  valueMax: bigint;
  longMax: bigint;
  shortMax: bigint;
  contents: { price: bigint; quantity: bigint; side: number; at: bigint }[];
}

export interface OrderModel {
  id: bigint;
  instrument: number;
  side: number;
  market: boolean;
  resting: boolean;
  reducing: boolean;
  price: bigint;
  quantity: bigint;
  filled: bigint;
  unit: bigint;
  strategy: number;
  trader: number;
  /** Number of the kill switch that its cancel was last asked for. */
  killed: number;
}

export interface KillModel {
  readonly scope: number;
  readonly id: number;
  readonly by: number;
  readonly at: bigint;
  /** Higher than of those engaged before. */
  readonly number: number;
}

export interface StrategyModel {
  version: number;
  max: bigint;
  count: bigint;
  window: bigint;
  start: bigint;
  disabled: boolean;
}

export interface InstrumentModel {
  version: number;
  restricted: boolean;
  multiplier: bigint;
  collarBps: bigint;
  periodBps: bigint;
  period: bigint;
  ageMax: bigint;
  price: bigint;
  priceAt: bigint;
  anchor: bigint;
  anchorAt: bigint;
  bandLow: bigint;
  bandHigh: bigint;
  bandAt: bigint;
}

export function noLimits(): Limits {
  return {
    credit: 0n,
    openValueMax: 0n,
    quantityMax: 0n,
    valueMax: 0n,
    longMax: 0n,
    shortMax: 0n,
    rate1sMax: 0,
    rate5sMax: 0,
    sessionRate: 0n,
    sessionBurst: 0n,
    duplicateWindow: 0n,
    ratioWindow: 0n,
    ratioFloor: 0n,
    orderToTradeMax: 0n,
    cancelBpsMax: 0n,
  };
}

export function newAccount(): AccountModel {
  return {
    version: 0,
    open: false,
    cash: 0n,
    newest: 0n,
    limits: noLimits(),
    margin: { version: 0, collateral: 0n, initialBps: 0n, reduceOnlyBps: 0n },
    client: 0,
    desk: 0,
    positions: new Map(),
    orders: new Map(),
    traders: new Map(),
    strategies: new Map(),
    sessions: new Map(),
    messages: new Map(),
    newestSlot: 0n,
    periods: new Map(),
  };
}

export function newPosition(): PositionModel {
  return {
    net: 0n,
    marked: 0n,
    borrow: 0n,
    version: 0,
    limited: false,
    restricted: false,
    quantityMax: 0n,
    valueMax: 0n,
    longMax: 0n,
    shortMax: 0n,
    contents: [],
  };
}

export function newInstrument(): InstrumentModel {
  return {
    version: 0,
    restricted: false,
    multiplier: 0n,
    collarBps: 0n,
    periodBps: 0n,
    period: 0n,
    ageMax: 0n,
    price: 0n,
    priceAt: 0n,
    anchor: 0n,
    anchorAt: 0n,
    bandLow: 0n,
    bandHigh: 0n,
    bandAt: 0n,
  };
}
