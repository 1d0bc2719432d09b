/**
 * What pre-trade risk knows: eight tables and a root, all in linear memory. Every request reads one Account,
 * one Position, one Order and one Instrument; the rest are small or read on their own checks alone.
 */
import { STATE, touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";

/** Quarter seconds that the message counters keep: 20 whole ones make 5 s, one is under way, 3 are spare. */
// @ts-ignore: decorator
export const RATE_SLOTS: u32 = 24;

// @ts-ignore: decorator
export const RATE_SLOT_MICROS: i64 = 250_000;

/** Open orders of one account in one instrument: bounds the walk that self-trade prevention may need. */
// @ts-ignore: decorator
export const OPEN_ORDERS_MAX: u32 = 128;

/** Orders of one account in one instrument whose content is remembered. */
// @ts-ignore: decorator
export const CONTENTS: u32 = 4;

// @ts-ignore: decorator
const IDLE: i64 = 3_600_000_000;

@unmanaged
export class Account {
  id: u64;
  version: u32; // of AccountLimits; 0 while closed
  open: bool; // limits are in force
  generation: u32; // rows of traders, strategies and sessions of another generation are void
  cash: i64;
  holds: i64; // value of open orders that raise exposure
  openValue: i64; // value of all open orders
  exposure: i64; // marked value of all positions
  shortExposure: i64; // of the short ones
  newest: i64; // latest event time: time never runs backward for an account
  openOrders: u32;
  positions: usize; // first of its Positions

  credit: i64;
  openValueMax: i64;
  quantityMax: i64;
  valueMax: i64;
  longMax: i64;
  shortMax: i64;
  collateral: i64;
  marginVersion: u32;
  initialBps: u32;
  reduceOnlyBps: u32;
  rate1sMax: u32;
  rate5sMax: u32;
  sessionRate: u32;
  sessionBurst: u32;
  ratioFloor: u32;
  orderToTradeMax: u32;
  cancelBpsMax: u32;
  duplicateWindow: i64;
  ratioWindow: i64;

  ratioPeriod: i64; // number of the period that is counted in `now…`
  messagesNow: u32;
  tradesNow: u32;
  ordersNow: u32;
  cancelsNow: u32;
  messagesPast: u32;
  tradesPast: u32;
  ordersPast: u32;
  cancelsPast: u32;

  rateSlot: i64; // number of the newest quarter second
  rate0: u64; // RATE_SLOTS counters of 16 bits; they stop at 65,535
  rate1: u64;
  rate2: u64;
  rate3: u64;
  rate4: u64;
  rate5: u64;

  // The first session of an account stands here, others in `sessions`.
  session: u32;
  sessionUsed: bool;
  sessionLevel: i64;
  sessionLast: i64;

  // And so do its first trader and strategy, laid out as Trader and Strategy.
  trader: u32;
  strategy: u32;
  trader0: u64;
  strategy0: u64;
  strategy1: u64;
  strategy2: u64;
  strategy3: u64;
  strategy4: u64;

  // Set by setDesk and setClient, with their places in the lists of links.ts.
  client: u32;
  desk: u32;
  deskNext: usize;
  deskPrevious: usize;
  clientNext: usize;
  clientPrevious: usize;
}

/** An account in an instrument. */
@unmanaged
export class Position {
  account: usize;
  net: i64;
  pendingBuy: i64;
  pendingSell: i64;
  pendingShort: i64;
  marked: i64; // |net| at the reference price when the account last acted here
  borrow: i64; // located
  orders: usize; // first of its open Orders
  openOrders: u32;
  bestBuy: u32; // no own resting buy is higher; 0 = there is none
  bestSell: u32; // no own resting sell is lower; 0 = there is none
  instrument: u32;
  version: u32; // of InstrumentLimits
  limited: bool; // limits of its own are in force
  restricted: bool;
  contentNext: u32;
  contentGeneration: u32; // of the account when the contents below were written
  quantityMax: i64;
  valueMax: i64;
  longMax: i64;
  shortMax: i64;
  next: usize;
  previous: usize;
  content0: u64; // CONTENTS of (price u32, quantity u32, time × 4 + side)
  content1: u64;
  content2: u64;
  content3: u64;
  content4: u64;
  content5: u64;
  content6: u64;
  content7: u64;
}

/** Open, or closed and its id remembered. */
@unmanaged
export class Order {
  unit: i64; // value of one lot, as it was decided; of a closed order: when it closed (frame clock)
  position: usize; // 0 = closed
  price: u32;
  quantity: u32;
  filled: u32;
  strategy: u32;
  trader: u32; // who entered or last replaced it
  side: u8;
  resting: bool;
  reducing: bool; // took no hold
  market: bool;
  next: usize; // of its position while open, of the closed ones after
  previous: usize;
  killed: u32; // number of the kill switch that its cancel was last asked for; 0 = none
  traderNext: usize; // in the lists of links.ts, while open
  traderPrevious: usize;
  strategyNext: usize;
  strategyPrevious: usize;
}

@unmanaged
export class Session {
  level: i64; // millionths of a token
  last: i64;
  generation: u32;
}

@unmanaged
export class Trader {
  generation: u32;
  authorised: bool;
  mayEnable: bool;
}

@unmanaged
export class Strategy {
  generation: u32;
  version: u32;
  max: u32;
  count: u32;
  window: i64;
  start: i64;
  disabled: bool;
}

@unmanaged
export class Instrument {
  version: u32; // 0 = not declared
  restricted: bool;
  collarBps: u32;
  periodBps: u32;
  multiplier: i64;
  period: i64;
  ageMax: i64;
  price: i64; // 0 = never seen
  priceAt: i64;
  anchor: i64; // the reference price at the start of the period
  anchorAt: i64;
  bandLow: i64;
  bandHigh: i64; // 0 = never seen
  bandAt: i64;
}

@unmanaged
export class Killed {
  at: i64; // when it was engaged
  by: u32;
  number: u32; // higher than of those engaged before
  waiting: bool; // to sweep
  next: usize;
  previous: usize;
}

@unmanaged
export class Root {
  aheadMax: i64;
  behindMax: i64;
  recentWindow: i64;
  recentMax: u32;
  closedCount: u32;
  closedFirst: usize; // oldest closed order whose id is remembered
  closedLast: usize;
  clockNewest: i64; // frame clocks may step back; remembering goes by the highest
  generations: u32;
  turn: u32;
  killsEngaged: u32;
  sweepFirst: usize; // the kill switches that sweep, and where the first one stands; see kill.ts
  sweepLast: usize;
  sweepList: u32;
  sweepLink: usize;
  sweepPosition: usize;
  sweepOrder: usize;
}

export const accounts = changetype<Table<Account>>(STATE);
export const positions = changetype<Table<Position>>(STATE + TABLE_BYTES);
export const orders = changetype<Table<Order>>(STATE + 2 * TABLE_BYTES);
export const sessions = changetype<Table<Session>>(STATE + 3 * TABLE_BYTES);
export const traders = changetype<Table<Trader>>(STATE + 4 * TABLE_BYTES);
export const strategies = changetype<Table<Strategy>>(STATE + 5 * TABLE_BYTES);
export const instruments = changetype<Table<Instrument>>(STATE + 6 * TABLE_BYTES);
export const kills = changetype<Table<Killed>>(STATE + 7 * TABLE_BYTES);
export const root = changetype<Root>(STATE + 8 * TABLE_BYTES);

/** All zeroes, never written: what a check sees where nothing is known. Every limit in them is 0. */
export const nobody = changetype<Account>(memory.data(offsetof<Account>(), 8));
export const nothing = changetype<Position>(memory.data(offsetof<Position>(), 8));
export const undeclared = changetype<Instrument>(memory.data(offsetof<Instrument>(), 8));

export function initTables(): bool {
  return accounts.init(8, 0) && positions.init(16, IDLE) && orders.init(16, 0) && sessions.init(16, IDLE) &&
    traders.init(16, IDLE) && strategies.init(16, IDLE) && instruments.init(8, 0) && kills.init(8, 0);
}

// @ts-ignore: decorator

export function isNone(value: usize): bool {
  return value == 0;
}

/** The account, or `nobody`. */
// @ts-ignore: decorator

export function accountOf(id: u64): Account {
  const found = accounts.find64(id);
  return changetype<usize>(found) ? found : nobody;
}

// @ts-ignore: decorator

export function instrumentOf(id: u32): Instrument {
  const found = instruments.find64(id);
  return changetype<usize>(found) ? found : undeclared;
}

/** The account, made where there is none; writable. 0 = the bound on state is reached. */
export function makeAccount(id: u64): Account {
  const account = accounts.upsert64(id);
  if (!changetype<usize>(account)) return account;
  if (!account.generation) {
    account.id = id;
    account.generation = ++root.generations;
  }
  return account;
}

/** The position, made and linked to its account where there is none; writable. 0 = full. */
export function makePosition(account: Account, instrument: u32): Position {
  const position = positions.upsert128(account.id, instrument);
  if (!changetype<usize>(position) || position.account) return position;
  position.account = changetype<usize>(account);
  position.instrument = instrument;
  position.next = account.positions;
  if (account.positions) {
    touch(account.positions);
    changetype<Position>(account.positions).previous = changetype<usize>(position);
  }
  touch(changetype<usize>(account));
  account.positions = changetype<usize>(position);
  return position;
}

/** The row of a trader of the account that is in force, or 0. */
export function traderOf(account: Account, id: u32): Trader {
  const own = ownTrader(account);
  if (account.trader == id && own.generation == account.generation) return own;
  const row = traders.find128(account.id, id);
  return changetype<usize>(row) && row.generation == account.generation ? row : changetype<Trader>(0);
}

/** The same, made where there is none; writable. 0 = full. */
export function makeTrader(account: Account, id: u32): Trader {
  const found = traderOf(account, id), own = ownTrader(account);
  touch(changetype<usize>(account));
  if (changetype<usize>(found) == changetype<usize>(own)) return own;
  if (own.generation != account.generation) {
    account.trader = id;
    own.generation = account.generation;
    return own;
  }
  const row = traders.upsert128(account.id, id);
  if (changetype<usize>(row)) row.generation = account.generation;
  return row;
}

// @ts-ignore: decorator
@inline
function ownTrader(account: Account): Trader {
  return changetype<Trader>(changetype<usize>(account) + offsetof<Account>("trader0"));
}

/** The row of a strategy of the account that is in force, or 0. */
export function strategyOf(account: Account, id: u32): Strategy {
  const own = ownStrategy(account);
  if (account.strategy == id && own.generation == account.generation) return own;
  const row = strategies.find128(account.id, id);
  return changetype<usize>(row) && row.generation == account.generation ? row : changetype<Strategy>(0);
}

/** The same, made where there is none; writable. 0 = full. */
export function makeStrategy(account: Account, id: u32): Strategy {
  const found = strategyOf(account, id), own = ownStrategy(account);
  touch(changetype<usize>(account));
  if (changetype<usize>(found) == changetype<usize>(own)) return own;
  const ownIsFree = own.generation != account.generation;
  if (ownIsFree) account.strategy = id;
  const row = ownIsFree ? own : strategies.upsert128(account.id, id);
  if (!changetype<usize>(row) || changetype<usize>(found)) return row;
  row.generation = account.generation;
  row.version = 0;
  row.count = 0;
  row.start = 0;
  row.disabled = false;
  return row;
}

// @ts-ignore: decorator
@inline
function ownStrategy(account: Account): Strategy {
  return changetype<Strategy>(changetype<usize>(account) + offsetof<Account>("strategy0"));
}
