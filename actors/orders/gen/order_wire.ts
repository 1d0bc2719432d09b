// Generated from actors/orders/order.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.

export type Integer64 = number | bigint;
/** A Uint8Array is taken for UTF-8. */
export type Text = string | Uint8Array;

export interface OrderEventFields {
  readonly at?: Integer64;
  readonly account?: Integer64;
  readonly newOrder?: NewOrderFields;
  readonly replaceOrder?: ReplaceOrderFields;
  readonly cancelOrder?: CancelOrderFields;
  readonly fill?: FillFields;
  readonly orderClosed?: OrderClosedFields;
  readonly accountLimits?: AccountLimitsFields;
  readonly instrumentLimits?: InstrumentLimitsFields;
  readonly margin?: MarginFields;
  readonly cashMovement?: CashMovementFields;
  readonly authorisedUser?: AuthorisedUserFields;
  readonly strategyThrottle?: StrategyThrottleFields;
  readonly strategyEnable?: StrategyEnableFields;
  readonly borrowInventory?: BorrowInventoryFields;
  readonly instrument?: InstrumentFields;
  readonly referencePrice?: ReferencePriceFields;
  readonly priceBand?: PriceBandFields;
  readonly restrictedInstrument?: RestrictedInstrumentFields;
  readonly killSwitch?: KillSwitchFields;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeOrderEvent(message: OrderEventFields, out: Uint8Array, at: number): number {
  const at_ = message.at;
  if (at_ !== undefined && at_ != 0) {
    out[at++] = 8;
    at = varint(out, at, at_);
  }
  const account_ = message.account;
  if (account_ !== undefined && account_ != 0) {
    out[at++] = 16;
    at = varint(out, at, account_);
  }
  const newOrder_ = message.newOrder;
  if (newOrder_ !== undefined) {
    out[at++] = 26;
    const newOrderAt = ++at;
    at = ended(out, newOrderAt, encodeNewOrder(newOrder_, out, at));
  }
  const replaceOrder_ = message.replaceOrder;
  if (replaceOrder_ !== undefined) {
    out[at++] = 34;
    const replaceOrderAt = ++at;
    at = ended(out, replaceOrderAt, encodeReplaceOrder(replaceOrder_, out, at));
  }
  const cancelOrder_ = message.cancelOrder;
  if (cancelOrder_ !== undefined) {
    out[at++] = 42;
    const cancelOrderAt = ++at;
    at = ended(out, cancelOrderAt, encodeCancelOrder(cancelOrder_, out, at));
  }
  const fill_ = message.fill;
  if (fill_ !== undefined) {
    out[at++] = 50;
    const fillAt = ++at;
    at = ended(out, fillAt, encodeFill(fill_, out, at));
  }
  const orderClosed_ = message.orderClosed;
  if (orderClosed_ !== undefined) {
    out[at++] = 58;
    const orderClosedAt = ++at;
    at = ended(out, orderClosedAt, encodeOrderClosed(orderClosed_, out, at));
  }
  const accountLimits_ = message.accountLimits;
  if (accountLimits_ !== undefined) {
    out[at++] = 66;
    const accountLimitsAt = ++at;
    at = ended(out, accountLimitsAt, encodeAccountLimits(accountLimits_, out, at));
  }
  const instrumentLimits_ = message.instrumentLimits;
  if (instrumentLimits_ !== undefined) {
    out[at++] = 74;
    const instrumentLimitsAt = ++at;
    at = ended(out, instrumentLimitsAt, encodeInstrumentLimits(instrumentLimits_, out, at));
  }
  const margin_ = message.margin;
  if (margin_ !== undefined) {
    out[at++] = 82;
    const marginAt = ++at;
    at = ended(out, marginAt, encodeMargin(margin_, out, at));
  }
  const cashMovement_ = message.cashMovement;
  if (cashMovement_ !== undefined) {
    out[at++] = 90;
    const cashMovementAt = ++at;
    at = ended(out, cashMovementAt, encodeCashMovement(cashMovement_, out, at));
  }
  const authorisedUser_ = message.authorisedUser;
  if (authorisedUser_ !== undefined) {
    out[at++] = 98;
    const authorisedUserAt = ++at;
    at = ended(out, authorisedUserAt, encodeAuthorisedUser(authorisedUser_, out, at));
  }
  const strategyThrottle_ = message.strategyThrottle;
  if (strategyThrottle_ !== undefined) {
    out[at++] = 106;
    const strategyThrottleAt = ++at;
    at = ended(out, strategyThrottleAt, encodeStrategyThrottle(strategyThrottle_, out, at));
  }
  const strategyEnable_ = message.strategyEnable;
  if (strategyEnable_ !== undefined) {
    out[at++] = 114;
    const strategyEnableAt = ++at;
    at = ended(out, strategyEnableAt, encodeStrategyEnable(strategyEnable_, out, at));
  }
  const borrowInventory_ = message.borrowInventory;
  if (borrowInventory_ !== undefined) {
    out[at++] = 122;
    const borrowInventoryAt = ++at;
    at = ended(out, borrowInventoryAt, encodeBorrowInventory(borrowInventory_, out, at));
  }
  const instrument_ = message.instrument;
  if (instrument_ !== undefined) {
    at = varint(out, at, 130);
    const instrumentAt = ++at;
    at = ended(out, instrumentAt, encodeInstrument(instrument_, out, at));
  }
  const referencePrice_ = message.referencePrice;
  if (referencePrice_ !== undefined) {
    at = varint(out, at, 138);
    const referencePriceAt = ++at;
    at = ended(out, referencePriceAt, encodeReferencePrice(referencePrice_, out, at));
  }
  const priceBand_ = message.priceBand;
  if (priceBand_ !== undefined) {
    at = varint(out, at, 146);
    const priceBandAt = ++at;
    at = ended(out, priceBandAt, encodePriceBand(priceBand_, out, at));
  }
  const restrictedInstrument_ = message.restrictedInstrument;
  if (restrictedInstrument_ !== undefined) {
    at = varint(out, at, 154);
    const restrictedInstrumentAt = ++at;
    at = ended(out, restrictedInstrumentAt, encodeRestrictedInstrument(restrictedInstrument_, out, at));
  }
  const killSwitch_ = message.killSwitch;
  if (killSwitch_ !== undefined) {
    at = varint(out, at, 162);
    const killSwitchAt = ++at;
    at = ended(out, killSwitchAt, encodeKillSwitch(killSwitch_, out, at));
  }
  if (at > out.length) throw new RangeError("Cannot encode OrderEvent: the buffer is too small");
  return at;
}

export interface NewOrderFields {
  readonly order?: Integer64;
  readonly instrument?: number;
  readonly side?: number;
  readonly quantity?: Integer64;
  readonly price?: Integer64;
  readonly type?: number;
  readonly timeInForce?: number;
  readonly trader?: number;
  readonly strategy?: number;
  readonly session?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeNewOrder(message: NewOrderFields, out: Uint8Array, at: number): number {
  const order_ = message.order;
  if (order_ !== undefined && order_ != 0) {
    out[at++] = 8;
    at = varint(out, at, order_);
  }
  const instrument_ = message.instrument;
  if (instrument_ !== undefined && instrument_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, instrument_);
  }
  const side_ = message.side;
  if (side_ !== undefined && side_ !== 0) {
    out[at++] = 24;
    at = varint(out, at, side_);
  }
  const quantity_ = message.quantity;
  if (quantity_ !== undefined && quantity_ != 0) {
    out[at++] = 32;
    at = varint(out, at, quantity_);
  }
  const price_ = message.price;
  if (price_ !== undefined && price_ != 0) {
    out[at++] = 40;
    at = varint(out, at, price_);
  }
  const type_ = message.type;
  if (type_ !== undefined && type_ !== 0) {
    out[at++] = 48;
    at = varint(out, at, type_);
  }
  const timeInForce_ = message.timeInForce;
  if (timeInForce_ !== undefined && timeInForce_ !== 0) {
    out[at++] = 56;
    at = varint(out, at, timeInForce_);
  }
  const trader_ = message.trader;
  if (trader_ !== undefined && trader_ !== 0) {
    out[at++] = 64;
    at = varint(out, at, trader_);
  }
  const strategy_ = message.strategy;
  if (strategy_ !== undefined && strategy_ !== 0) {
    out[at++] = 72;
    at = varint(out, at, strategy_);
  }
  const session_ = message.session;
  if (session_ !== undefined && session_ !== 0) {
    out[at++] = 80;
    at = varint(out, at, session_);
  }
  if (at > out.length) throw new RangeError("Cannot encode NewOrder: the buffer is too small");
  return at;
}

export interface ReplaceOrderFields {
  readonly order?: Integer64;
  readonly quantity?: Integer64;
  readonly price?: Integer64;
  readonly trader?: number;
  readonly session?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeReplaceOrder(message: ReplaceOrderFields, out: Uint8Array, at: number): number {
  const order_ = message.order;
  if (order_ !== undefined && order_ != 0) {
    out[at++] = 8;
    at = varint(out, at, order_);
  }
  const quantity_ = message.quantity;
  if (quantity_ !== undefined && quantity_ != 0) {
    out[at++] = 16;
    at = varint(out, at, quantity_);
  }
  const price_ = message.price;
  if (price_ !== undefined && price_ != 0) {
    out[at++] = 24;
    at = varint(out, at, price_);
  }
  const trader_ = message.trader;
  if (trader_ !== undefined && trader_ !== 0) {
    out[at++] = 32;
    at = varint(out, at, trader_);
  }
  const session_ = message.session;
  if (session_ !== undefined && session_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, session_);
  }
  if (at > out.length) throw new RangeError("Cannot encode ReplaceOrder: the buffer is too small");
  return at;
}

export interface CancelOrderFields {
  readonly order?: Integer64;
  readonly session?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeCancelOrder(message: CancelOrderFields, out: Uint8Array, at: number): number {
  const order_ = message.order;
  if (order_ !== undefined && order_ != 0) {
    out[at++] = 8;
    at = varint(out, at, order_);
  }
  const session_ = message.session;
  if (session_ !== undefined && session_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, session_);
  }
  if (at > out.length) throw new RangeError("Cannot encode CancelOrder: the buffer is too small");
  return at;
}

export interface FillFields {
  readonly order?: Integer64;
  readonly instrument?: number;
  readonly side?: number;
  readonly quantity?: Integer64;
  readonly price?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeFill(message: FillFields, out: Uint8Array, at: number): number {
  const order_ = message.order;
  if (order_ !== undefined && order_ != 0) {
    out[at++] = 8;
    at = varint(out, at, order_);
  }
  const instrument_ = message.instrument;
  if (instrument_ !== undefined && instrument_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, instrument_);
  }
  const side_ = message.side;
  if (side_ !== undefined && side_ !== 0) {
    out[at++] = 24;
    at = varint(out, at, side_);
  }
  const quantity_ = message.quantity;
  if (quantity_ !== undefined && quantity_ != 0) {
    out[at++] = 32;
    at = varint(out, at, quantity_);
  }
  const price_ = message.price;
  if (price_ !== undefined && price_ != 0) {
    out[at++] = 40;
    at = varint(out, at, price_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Fill: the buffer is too small");
  return at;
}

export interface OrderClosedFields {
  readonly order?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeOrderClosed(message: OrderClosedFields, out: Uint8Array, at: number): number {
  const order_ = message.order;
  if (order_ !== undefined && order_ != 0) {
    out[at++] = 8;
    at = varint(out, at, order_);
  }
  if (at > out.length) throw new RangeError("Cannot encode OrderClosed: the buffer is too small");
  return at;
}

export interface AccountLimitsFields {
  readonly version?: number;
  readonly client?: number;
  readonly desk?: number;
  readonly credit?: Integer64;
  readonly openValueMax?: Integer64;
  readonly orderQuantityMax?: Integer64;
  readonly orderValueMax?: Integer64;
  readonly longMax?: Integer64;
  readonly shortMax?: Integer64;
  readonly rate1sMax?: number;
  readonly rate5sMax?: number;
  readonly sessionRate?: number;
  readonly sessionBurst?: number;
  readonly duplicateWindow?: Integer64;
  readonly ratioWindow?: Integer64;
  readonly ratioFloor?: number;
  readonly orderToTradeMax?: number;
  readonly cancelBpsMax?: number;
  readonly closed?: boolean;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeAccountLimits(message: AccountLimitsFields, out: Uint8Array, at: number): number {
  const version_ = message.version;
  if (version_ !== undefined && version_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, version_);
  }
  const client_ = message.client;
  if (client_ !== undefined && client_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, client_);
  }
  const desk_ = message.desk;
  if (desk_ !== undefined && desk_ !== 0) {
    out[at++] = 24;
    at = varint(out, at, desk_);
  }
  const credit_ = message.credit;
  if (credit_ !== undefined && credit_ != 0) {
    out[at++] = 32;
    at = varint(out, at, credit_);
  }
  const openValueMax_ = message.openValueMax;
  if (openValueMax_ !== undefined && openValueMax_ != 0) {
    out[at++] = 40;
    at = varint(out, at, openValueMax_);
  }
  const orderQuantityMax_ = message.orderQuantityMax;
  if (orderQuantityMax_ !== undefined && orderQuantityMax_ != 0) {
    out[at++] = 48;
    at = varint(out, at, orderQuantityMax_);
  }
  const orderValueMax_ = message.orderValueMax;
  if (orderValueMax_ !== undefined && orderValueMax_ != 0) {
    out[at++] = 56;
    at = varint(out, at, orderValueMax_);
  }
  const longMax_ = message.longMax;
  if (longMax_ !== undefined && longMax_ != 0) {
    out[at++] = 64;
    at = varint(out, at, longMax_);
  }
  const shortMax_ = message.shortMax;
  if (shortMax_ !== undefined && shortMax_ != 0) {
    out[at++] = 72;
    at = varint(out, at, shortMax_);
  }
  const rate1sMax_ = message.rate1sMax;
  if (rate1sMax_ !== undefined && rate1sMax_ !== 0) {
    out[at++] = 80;
    at = varint(out, at, rate1sMax_);
  }
  const rate5sMax_ = message.rate5sMax;
  if (rate5sMax_ !== undefined && rate5sMax_ !== 0) {
    out[at++] = 88;
    at = varint(out, at, rate5sMax_);
  }
  const sessionRate_ = message.sessionRate;
  if (sessionRate_ !== undefined && sessionRate_ !== 0) {
    out[at++] = 96;
    at = varint(out, at, sessionRate_);
  }
  const sessionBurst_ = message.sessionBurst;
  if (sessionBurst_ !== undefined && sessionBurst_ !== 0) {
    out[at++] = 104;
    at = varint(out, at, sessionBurst_);
  }
  const duplicateWindow_ = message.duplicateWindow;
  if (duplicateWindow_ !== undefined && duplicateWindow_ != 0) {
    out[at++] = 112;
    at = varint(out, at, duplicateWindow_);
  }
  const ratioWindow_ = message.ratioWindow;
  if (ratioWindow_ !== undefined && ratioWindow_ != 0) {
    out[at++] = 120;
    at = varint(out, at, ratioWindow_);
  }
  const ratioFloor_ = message.ratioFloor;
  if (ratioFloor_ !== undefined && ratioFloor_ !== 0) {
    at = varint(out, at, 128);
    at = varint(out, at, ratioFloor_);
  }
  const orderToTradeMax_ = message.orderToTradeMax;
  if (orderToTradeMax_ !== undefined && orderToTradeMax_ !== 0) {
    at = varint(out, at, 136);
    at = varint(out, at, orderToTradeMax_);
  }
  const cancelBpsMax_ = message.cancelBpsMax;
  if (cancelBpsMax_ !== undefined && cancelBpsMax_ !== 0) {
    at = varint(out, at, 144);
    at = varint(out, at, cancelBpsMax_);
  }
  const closed_ = message.closed;
  if (closed_ !== undefined && closed_) {
    at = varint(out, at, 152);
    at = bool(out, at, closed_);
  }
  if (at > out.length) throw new RangeError("Cannot encode AccountLimits: the buffer is too small");
  return at;
}

export interface InstrumentLimitsFields {
  readonly version?: number;
  readonly instrument?: number;
  readonly orderQuantityMax?: Integer64;
  readonly orderValueMax?: Integer64;
  readonly longMax?: Integer64;
  readonly shortMax?: Integer64;
  readonly restricted?: boolean;
  readonly removed?: boolean;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeInstrumentLimits(message: InstrumentLimitsFields, out: Uint8Array, at: number): number {
  const version_ = message.version;
  if (version_ !== undefined && version_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, version_);
  }
  const instrument_ = message.instrument;
  if (instrument_ !== undefined && instrument_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, instrument_);
  }
  const orderQuantityMax_ = message.orderQuantityMax;
  if (orderQuantityMax_ !== undefined && orderQuantityMax_ != 0) {
    out[at++] = 24;
    at = varint(out, at, orderQuantityMax_);
  }
  const orderValueMax_ = message.orderValueMax;
  if (orderValueMax_ !== undefined && orderValueMax_ != 0) {
    out[at++] = 32;
    at = varint(out, at, orderValueMax_);
  }
  const longMax_ = message.longMax;
  if (longMax_ !== undefined && longMax_ != 0) {
    out[at++] = 40;
    at = varint(out, at, longMax_);
  }
  const shortMax_ = message.shortMax;
  if (shortMax_ !== undefined && shortMax_ != 0) {
    out[at++] = 48;
    at = varint(out, at, shortMax_);
  }
  const restricted_ = message.restricted;
  if (restricted_ !== undefined && restricted_) {
    out[at++] = 56;
    at = bool(out, at, restricted_);
  }
  const removed_ = message.removed;
  if (removed_ !== undefined && removed_) {
    out[at++] = 64;
    at = bool(out, at, removed_);
  }
  if (at > out.length) throw new RangeError("Cannot encode InstrumentLimits: the buffer is too small");
  return at;
}

export interface MarginFields {
  readonly version?: number;
  readonly collateral?: Integer64;
  readonly initialBps?: number;
  readonly reduceOnlyAboveBps?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeMargin(message: MarginFields, out: Uint8Array, at: number): number {
  const version_ = message.version;
  if (version_ !== undefined && version_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, version_);
  }
  const collateral_ = message.collateral;
  if (collateral_ !== undefined && collateral_ != 0) {
    out[at++] = 16;
    at = varint(out, at, collateral_);
  }
  const initialBps_ = message.initialBps;
  if (initialBps_ !== undefined && initialBps_ !== 0) {
    out[at++] = 24;
    at = varint(out, at, initialBps_);
  }
  const reduceOnlyAboveBps_ = message.reduceOnlyAboveBps;
  if (reduceOnlyAboveBps_ !== undefined && reduceOnlyAboveBps_ !== 0) {
    out[at++] = 32;
    at = varint(out, at, reduceOnlyAboveBps_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Margin: the buffer is too small");
  return at;
}

export interface CashMovementFields {
  readonly amount?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeCashMovement(message: CashMovementFields, out: Uint8Array, at: number): number {
  const amount_ = message.amount;
  if (amount_ !== undefined && amount_ != 0) {
    out[at++] = 8;
    at = varint(out, at, amount_);
  }
  if (at > out.length) throw new RangeError("Cannot encode CashMovement: the buffer is too small");
  return at;
}

export interface AuthorisedUserFields {
  readonly trader?: number;
  readonly authorised?: boolean;
  readonly mayEnable?: boolean;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeAuthorisedUser(message: AuthorisedUserFields, out: Uint8Array, at: number): number {
  const trader_ = message.trader;
  if (trader_ !== undefined && trader_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, trader_);
  }
  const authorised_ = message.authorised;
  if (authorised_ !== undefined && authorised_) {
    out[at++] = 16;
    at = bool(out, at, authorised_);
  }
  const mayEnable_ = message.mayEnable;
  if (mayEnable_ !== undefined && mayEnable_) {
    out[at++] = 24;
    at = bool(out, at, mayEnable_);
  }
  if (at > out.length) throw new RangeError("Cannot encode AuthorisedUser: the buffer is too small");
  return at;
}

export interface StrategyThrottleFields {
  readonly version?: number;
  readonly strategy?: number;
  readonly executionsMax?: number;
  readonly window?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeStrategyThrottle(message: StrategyThrottleFields, out: Uint8Array, at: number): number {
  const version_ = message.version;
  if (version_ !== undefined && version_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, version_);
  }
  const strategy_ = message.strategy;
  if (strategy_ !== undefined && strategy_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, strategy_);
  }
  const executionsMax_ = message.executionsMax;
  if (executionsMax_ !== undefined && executionsMax_ !== 0) {
    out[at++] = 24;
    at = varint(out, at, executionsMax_);
  }
  const window_ = message.window;
  if (window_ !== undefined && window_ != 0) {
    out[at++] = 32;
    at = varint(out, at, window_);
  }
  if (at > out.length) throw new RangeError("Cannot encode StrategyThrottle: the buffer is too small");
  return at;
}

export interface StrategyEnableFields {
  readonly strategy?: number;
  readonly by?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeStrategyEnable(message: StrategyEnableFields, out: Uint8Array, at: number): number {
  const strategy_ = message.strategy;
  if (strategy_ !== undefined && strategy_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, strategy_);
  }
  const by_ = message.by;
  if (by_ !== undefined && by_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, by_);
  }
  if (at > out.length) throw new RangeError("Cannot encode StrategyEnable: the buffer is too small");
  return at;
}

export interface BorrowInventoryFields {
  readonly instrument?: number;
  readonly quantity?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeBorrowInventory(message: BorrowInventoryFields, out: Uint8Array, at: number): number {
  const instrument_ = message.instrument;
  if (instrument_ !== undefined && instrument_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, instrument_);
  }
  const quantity_ = message.quantity;
  if (quantity_ !== undefined && quantity_ != 0) {
    out[at++] = 16;
    at = varint(out, at, quantity_);
  }
  if (at > out.length) throw new RangeError("Cannot encode BorrowInventory: the buffer is too small");
  return at;
}

export interface InstrumentFields {
  readonly version?: number;
  readonly instrument?: number;
  readonly multiplier?: Integer64;
  readonly collarBps?: number;
  readonly collarPeriodBps?: number;
  readonly collarPeriod?: Integer64;
  readonly referenceAgeMax?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeInstrument(message: InstrumentFields, out: Uint8Array, at: number): number {
  const version_ = message.version;
  if (version_ !== undefined && version_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, version_);
  }
  const instrument_ = message.instrument;
  if (instrument_ !== undefined && instrument_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, instrument_);
  }
  const multiplier_ = message.multiplier;
  if (multiplier_ !== undefined && multiplier_ != 0) {
    out[at++] = 24;
    at = varint(out, at, multiplier_);
  }
  const collarBps_ = message.collarBps;
  if (collarBps_ !== undefined && collarBps_ !== 0) {
    out[at++] = 32;
    at = varint(out, at, collarBps_);
  }
  const collarPeriodBps_ = message.collarPeriodBps;
  if (collarPeriodBps_ !== undefined && collarPeriodBps_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, collarPeriodBps_);
  }
  const collarPeriod_ = message.collarPeriod;
  if (collarPeriod_ !== undefined && collarPeriod_ != 0) {
    out[at++] = 48;
    at = varint(out, at, collarPeriod_);
  }
  const referenceAgeMax_ = message.referenceAgeMax;
  if (referenceAgeMax_ !== undefined && referenceAgeMax_ != 0) {
    out[at++] = 56;
    at = varint(out, at, referenceAgeMax_);
  }
  if (at > out.length) throw new RangeError("Cannot encode Instrument: the buffer is too small");
  return at;
}

export interface ReferencePriceFields {
  readonly instrument?: number;
  readonly price?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeReferencePrice(message: ReferencePriceFields, out: Uint8Array, at: number): number {
  const instrument_ = message.instrument;
  if (instrument_ !== undefined && instrument_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, instrument_);
  }
  const price_ = message.price;
  if (price_ !== undefined && price_ != 0) {
    out[at++] = 16;
    at = varint(out, at, price_);
  }
  if (at > out.length) throw new RangeError("Cannot encode ReferencePrice: the buffer is too small");
  return at;
}

export interface PriceBandFields {
  readonly instrument?: number;
  readonly low?: Integer64;
  readonly high?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodePriceBand(message: PriceBandFields, out: Uint8Array, at: number): number {
  const instrument_ = message.instrument;
  if (instrument_ !== undefined && instrument_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, instrument_);
  }
  const low_ = message.low;
  if (low_ !== undefined && low_ != 0) {
    out[at++] = 16;
    at = varint(out, at, low_);
  }
  const high_ = message.high;
  if (high_ !== undefined && high_ != 0) {
    out[at++] = 24;
    at = varint(out, at, high_);
  }
  if (at > out.length) throw new RangeError("Cannot encode PriceBand: the buffer is too small");
  return at;
}

export interface RestrictedInstrumentFields {
  readonly instrument?: number;
  readonly restricted?: boolean;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeRestrictedInstrument(message: RestrictedInstrumentFields, out: Uint8Array, at: number): number {
  const instrument_ = message.instrument;
  if (instrument_ !== undefined && instrument_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, instrument_);
  }
  const restricted_ = message.restricted;
  if (restricted_ !== undefined && restricted_) {
    out[at++] = 16;
    at = bool(out, at, restricted_);
  }
  if (at > out.length) throw new RangeError("Cannot encode RestrictedInstrument: the buffer is too small");
  return at;
}

export interface KillSwitchFields {
  readonly scope?: number;
  readonly id?: number;
  readonly on?: boolean;
  readonly by?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeKillSwitch(message: KillSwitchFields, out: Uint8Array, at: number): number {
  const scope_ = message.scope;
  if (scope_ !== undefined && scope_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, scope_);
  }
  const id_ = message.id;
  if (id_ !== undefined && id_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, id_);
  }
  const on_ = message.on;
  if (on_ !== undefined && on_) {
    out[at++] = 24;
    at = bool(out, at, on_);
  }
  const by_ = message.by;
  if (by_ !== undefined && by_ !== 0) {
    out[at++] = 32;
    at = varint(out, at, by_);
  }
  if (at > out.length) throw new RangeError("Cannot encode KillSwitch: the buffer is too small");
  return at;
}

export interface CancelRequestFields {
  readonly account?: Integer64;
  readonly order?: Integer64;
  readonly instrument?: number;
  readonly scope?: number;
  readonly id?: number;
  readonly by?: number;
  readonly at?: Integer64;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeCancelRequest(message: CancelRequestFields, out: Uint8Array, at: number): number {
  const account_ = message.account;
  if (account_ !== undefined && account_ != 0) {
    out[at++] = 8;
    at = varint(out, at, account_);
  }
  const order_ = message.order;
  if (order_ !== undefined && order_ != 0) {
    out[at++] = 16;
    at = varint(out, at, order_);
  }
  const instrument_ = message.instrument;
  if (instrument_ !== undefined && instrument_ !== 0) {
    out[at++] = 24;
    at = varint(out, at, instrument_);
  }
  const scope_ = message.scope;
  if (scope_ !== undefined && scope_ !== 0) {
    out[at++] = 32;
    at = varint(out, at, scope_);
  }
  const id_ = message.id;
  if (id_ !== undefined && id_ !== 0) {
    out[at++] = 40;
    at = varint(out, at, id_);
  }
  const by_ = message.by;
  if (by_ !== undefined && by_ !== 0) {
    out[at++] = 48;
    at = varint(out, at, by_);
  }
  const at_ = message.at;
  if (at_ !== undefined && at_ != 0) {
    out[at++] = 56;
    at = varint(out, at, at_);
  }
  if (at > out.length) throw new RangeError("Cannot encode CancelRequest: the buffer is too small");
  return at;
}

export interface OrderParamsFields {
  readonly aheadMax?: Integer64;
  readonly behindMax?: Integer64;
  readonly recentIdsWindow?: Integer64;
  readonly recentIdsMax?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeOrderParams(message: OrderParamsFields, out: Uint8Array, at: number): number {
  const aheadMax_ = message.aheadMax;
  if (aheadMax_ !== undefined && aheadMax_ != 0) {
    out[at++] = 8;
    at = varint(out, at, aheadMax_);
  }
  const behindMax_ = message.behindMax;
  if (behindMax_ !== undefined && behindMax_ != 0) {
    out[at++] = 16;
    at = varint(out, at, behindMax_);
  }
  const recentIdsWindow_ = message.recentIdsWindow;
  if (recentIdsWindow_ !== undefined && recentIdsWindow_ != 0) {
    out[at++] = 24;
    at = varint(out, at, recentIdsWindow_);
  }
  const recentIdsMax_ = message.recentIdsMax;
  if (recentIdsMax_ !== undefined && recentIdsMax_ !== 0) {
    out[at++] = 32;
    at = varint(out, at, recentIdsMax_);
  }
  if (at > out.length) throw new RangeError("Cannot encode OrderParams: the buffer is too small");
  return at;
}

export interface AccountStateFields {
  readonly account?: Integer64;
  readonly limitVersion?: number;
  readonly cash?: Integer64;
  readonly holds?: Integer64;
  readonly openValue?: Integer64;
  readonly exposure?: Integer64;
  readonly shortExposure?: Integer64;
  readonly openOrders?: number;
  readonly positions?: number;
  readonly messages1s?: number;
  readonly messages5s?: number;
  readonly newest?: Integer64;
  readonly instruments?: readonly (PositionStateFields)[];
}
/** Writes `message` at `at` and returns where it ends. */
export function encodeAccountState(message: AccountStateFields, out: Uint8Array, at: number): number {
  const account_ = message.account;
  if (account_ !== undefined && account_ != 0) {
    out[at++] = 8;
    at = varint(out, at, account_);
  }
  const limitVersion_ = message.limitVersion;
  if (limitVersion_ !== undefined && limitVersion_ !== 0) {
    out[at++] = 16;
    at = varint(out, at, limitVersion_);
  }
  const cash_ = message.cash;
  if (cash_ !== undefined && cash_ != 0) {
    out[at++] = 24;
    at = varint(out, at, cash_);
  }
  const holds_ = message.holds;
  if (holds_ !== undefined && holds_ != 0) {
    out[at++] = 32;
    at = varint(out, at, holds_);
  }
  const openValue_ = message.openValue;
  if (openValue_ !== undefined && openValue_ != 0) {
    out[at++] = 40;
    at = varint(out, at, openValue_);
  }
  const exposure_ = message.exposure;
  if (exposure_ !== undefined && exposure_ != 0) {
    out[at++] = 48;
    at = varint(out, at, exposure_);
  }
  const shortExposure_ = message.shortExposure;
  if (shortExposure_ !== undefined && shortExposure_ != 0) {
    out[at++] = 56;
    at = varint(out, at, shortExposure_);
  }
  const openOrders_ = message.openOrders;
  if (openOrders_ !== undefined && openOrders_ !== 0) {
    out[at++] = 64;
    at = varint(out, at, openOrders_);
  }
  const positions_ = message.positions;
  if (positions_ !== undefined && positions_ !== 0) {
    out[at++] = 72;
    at = varint(out, at, positions_);
  }
  const messages1s_ = message.messages1s;
  if (messages1s_ !== undefined && messages1s_ !== 0) {
    out[at++] = 80;
    at = varint(out, at, messages1s_);
  }
  const messages5s_ = message.messages5s;
  if (messages5s_ !== undefined && messages5s_ !== 0) {
    out[at++] = 88;
    at = varint(out, at, messages5s_);
  }
  const newest_ = message.newest;
  if (newest_ !== undefined && newest_ != 0) {
    out[at++] = 96;
    at = varint(out, at, newest_);
  }
  if (message.instruments !== undefined) {
    for (const value of message.instruments) {
      out[at++] = 106;
      const instrumentsAt = ++at;
      at = ended(out, instrumentsAt, encodePositionState(value, out, at));
    }
  }
  if (at > out.length) throw new RangeError("Cannot encode AccountState: the buffer is too small");
  return at;
}

export interface PositionStateFields {
  readonly instrument?: number;
  readonly net?: Integer64;
  readonly pendingBuy?: Integer64;
  readonly pendingSell?: Integer64;
  readonly pendingShort?: Integer64;
  readonly marked?: Integer64;
  readonly limitVersion?: number;
  readonly borrow?: Integer64;
  readonly openOrders?: number;
}
/** Writes `message` at `at` and returns where it ends. */
export function encodePositionState(message: PositionStateFields, out: Uint8Array, at: number): number {
  const instrument_ = message.instrument;
  if (instrument_ !== undefined && instrument_ !== 0) {
    out[at++] = 8;
    at = varint(out, at, instrument_);
  }
  const net_ = message.net;
  if (net_ !== undefined && net_ != 0) {
    out[at++] = 16;
    at = varint(out, at, net_);
  }
  const pendingBuy_ = message.pendingBuy;
  if (pendingBuy_ !== undefined && pendingBuy_ != 0) {
    out[at++] = 24;
    at = varint(out, at, pendingBuy_);
  }
  const pendingSell_ = message.pendingSell;
  if (pendingSell_ !== undefined && pendingSell_ != 0) {
    out[at++] = 32;
    at = varint(out, at, pendingSell_);
  }
  const pendingShort_ = message.pendingShort;
  if (pendingShort_ !== undefined && pendingShort_ != 0) {
    out[at++] = 40;
    at = varint(out, at, pendingShort_);
  }
  const marked_ = message.marked;
  if (marked_ !== undefined && marked_ != 0) {
    out[at++] = 48;
    at = varint(out, at, marked_);
  }
  const limitVersion_ = message.limitVersion;
  if (limitVersion_ !== undefined && limitVersion_ !== 0) {
    out[at++] = 56;
    at = varint(out, at, limitVersion_);
  }
  const borrow_ = message.borrow;
  if (borrow_ !== undefined && borrow_ != 0) {
    out[at++] = 64;
    at = varint(out, at, borrow_);
  }
  const openOrders_ = message.openOrders;
  if (openOrders_ !== undefined && openOrders_ !== 0) {
    out[at++] = 72;
    at = varint(out, at, openOrders_);
  }
  if (at > out.length) throw new RangeError("Cannot encode PositionState: the buffer is too small");
  return at;
}


// deno-lint-ignore-file no-unused-vars

function varint(out: Uint8Array, at: number, value: Integer64): number {
  if (typeof value === "bigint") {
    const whole = Number(value);
    if (whole < 0 || whole > 9007199254740991) return varintBig(out, at, BigInt.asUintN(64, value));
    value = whole;
  } else if (value < 0) {
    return varintBig(out, at, BigInt.asUintN(64, BigInt(value)));
  }
  while (value > 2147483647) {
    out[at++] = value % 128 + 128;
    value = Math.floor(value / 128);
  }
  while (value > 127) {
    out[at++] = (value & 127) | 128;
    value >>>= 7;
  }
  out[at++] = value;
  return at;
}

function varintBig(out: Uint8Array, at: number, value: bigint): number {
  while (value > 127n) {
    out[at++] = Number(value & 127n) | 128;
    value >>= 7n;
  }
  out[at++] = Number(value);
  return at;
}

function bool(out: Uint8Array, at: number, value: boolean): number {
  out[at] = value ? 1 : 0;
  return at + 1;
}

function zigzag32(out: Uint8Array, at: number, value: number): number {
  return varint(out, at, ((value << 1) ^ (value >> 31)) >>> 0);
}

function zigzag64(out: Uint8Array, at: number, value: Integer64): number {
  const wide = BigInt(value);
  return varintBig(out, at, BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n)));
}

function text(out: Uint8Array, at: number, value: Text): number {
  if (typeof value !== "string") return bytes(out, at, value);
  const length = value.length, start = at;
  at = varint(out, at, length);
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > 127) return bytes(out, start, encoder.encode(value));
    out[at++] = code;
  }
  return at;
}

function bytes(out: Uint8Array, at: number, value: Uint8Array): number {
  at = varint(out, at, value.length);
  if (at + value.length <= out.length) out.set(value, at);
  return at + value.length;
}

function fixed32(out: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < 4; i++) out[at++] = value >>> (8 * i);
  return at;
}

function fixed64(out: Uint8Array, at: number, value: Integer64): number {
  const wide = BigInt.asUintN(64, BigInt(value));
  return fixed32(out, fixed32(out, at, Number(wide & 0xffffffffn)), Number(wide >> 32n));
}

function float(out: Uint8Array, at: number, value: number): number {
  floats.setFloat32(0, value, true);
  return fixed32(out, at, floats.getUint32(0, true));
}

function double(out: Uint8Array, at: number, value: number): number {
  floats.setFloat64(0, value, true);
  return fixed32(out, fixed32(out, at, floats.getUint32(0, true)), floats.getUint32(4, true));
}

/** Puts the length before a message that began at `begun`, one byte after the place kept for it. */
function ended(out: Uint8Array, begun: number, at: number): number {
  const length = at - begun;
  if (length < 128) {
    out[begun - 1] = length;
    return at;
  }
  const room = length < 16384 ? 1 : length < 2097152 ? 2 : 3;
  if (at + room <= out.length) {
    out.copyWithin(begun + room, begun, at);
    varint(out, begun - 1, length);
  }
  return at + room;
}

const encoder = new TextEncoder();
const floats = new DataView(new ArrayBuffer(8));
