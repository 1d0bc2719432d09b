// Generated from actors/orders/order.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "a0c164ae5cab2bed6bc70a8b22231dd6dcc06f079845a714804168afd23824fd";

export const enum Side {
  SIDE_UNSPECIFIED = 0,
  BUY = 1,
  SELL = 2,
  SELL_SHORT = 3,
}

export const enum OrderType {
  LIMIT = 0,
  MARKET = 1,
}

export const enum TimeInForce {
  GOOD_TILL_CANCEL = 0,
  IMMEDIATE_OR_CANCEL = 1,
}

export const enum KillScope {
  KILL_UNSPECIFIED = 0,
  STRATEGY = 1,
  TRADER = 2,
  DESK = 3,
  CLIENT = 4,
  EVERYTHING = 5,
}

export const enum OrderReason {
  ORDER_REASON_NONE = 0,
  INSTRUMENT_UNKNOWN = 2,
  LIMITS_MISSING = 3,
  ORDER_UNKNOWN = 4,
  REPLACE_BELOW_FILLED = 5,
  OPEN_ORDERS_FULL = 6,
  REFERENCE_MISSING = 10,
  REFERENCE_STALE = 11,
  PRICE_COLLAR = 12,
  PRICE_COLLAR_PERIOD = 13,
  ORDER_QUANTITY = 20,
  ORDER_VALUE = 30,
  RATE_SESSION = 40,
  RATE_1S = 41,
  RATE_5S = 42,
  STRATEGY_THROTTLE = 50,
  STRATEGY_DISABLED = 51,
  CREDIT = 60,
  OPEN_VALUE = 70,
  MARGIN = 80,
  REDUCE_ONLY = 81,
  POSITION_LONG = 90,
  POSITION_SHORT = 91,
  BAND_MISSING = 100,
  PRICE_BAND_LOW = 101,
  PRICE_BAND_HIGH = 102,
  DUPLICATE_ID = 110,
  DUPLICATE_CONTENT = 111,
  RESTRICTED = 120,
  USER_NOT_AUTHORISED = 121,
  SHORT_MARK = 122,
  LOCATE = 123,
  ORDER_TO_TRADE = 130,
  CANCEL_RATIO = 131,
  SELF_TRADE = 140,
  KILLED_STRATEGY = 150,
  KILLED_TRADER = 151,
  KILLED_DESK = 152,
  KILLED_CLIENT = 153,
  KILLED_EVERYTHING = 154,
}

export const enum OrderFigure {
  ORDER_FIGURE_NONE = 0,
  LIMIT_VERSION = 1,
  INSTRUMENT_LIMIT_VERSION = 2,
  INSTRUMENT_VERSION = 3,
  REFERENCE_PRICE = 4,
  ORDER_VALUE_USED = 5,
  OPEN_VALUE_BEFORE = 6,
  CREDIT_USED = 7,
  MARGIN_REQUIRED = 8,
  NET_POSITION = 9,
}

export const enum OrderReject {
  ORDER_REJECT_NONE = 0,
  UNKNOWN_INSTRUMENT = 100,
  FILL_MISMATCH = 101,
  NOT_PERMITTED = 102,
  STALE_VERSION = 103,
  UNKNOWN_ACCOUNT = 104,
  UNKNOWN_STRATEGY = 105,
}

@unmanaged
export class OrderEvent {
  at: i64;
  account: u64;
  newOrder_0: u64;
  newOrder_1: u64;
  newOrder_2: u64;
  newOrder_3: u64;
  newOrder_4: u64;
  newOrder_5: u64;
  newOrder_6: u64;
  replaceOrder_0: u64;
  replaceOrder_1: u64;
  replaceOrder_2: u64;
  replaceOrder_3: u64;
  cancelOrder_0: u64;
  cancelOrder_1: u64;
  fill_0: u64;
  fill_1: u64;
  fill_2: u64;
  fill_3: u64;
  orderClosed_0: u64;
  accountLimits_0: u64;
  accountLimits_1: u64;
  accountLimits_2: u64;
  accountLimits_3: u64;
  accountLimits_4: u64;
  accountLimits_5: u64;
  accountLimits_6: u64;
  accountLimits_7: u64;
  accountLimits_8: u64;
  accountLimits_9: u64;
  accountLimits_10: u64;
  accountLimits_11: u64;
  accountLimits_12: u64;
  accountLimits_13: u64;
  instrumentLimits_0: u64;
  instrumentLimits_1: u64;
  instrumentLimits_2: u64;
  instrumentLimits_3: u64;
  instrumentLimits_4: u64;
  instrumentLimits_5: u64;
  margin_0: u64;
  margin_1: u64;
  margin_2: u64;
  cashMovement_0: u64;
  authorisedUser_0: u64;
  strategyThrottle_0: u64;
  strategyThrottle_1: u64;
  strategyThrottle_2: u64;
  strategyEnable_0: u64;
  borrowInventory_0: u64;
  borrowInventory_1: u64;
  instrument_0: u64;
  instrument_1: u64;
  instrument_2: u64;
  instrument_3: u64;
  instrument_4: u64;
  referencePrice_0: u64;
  referencePrice_1: u64;
  priceBand_0: u64;
  priceBand_1: u64;
  priceBand_2: u64;
  restrictedInstrument_0: u64;
  killSwitch_0: u64;
  killSwitch_1: u64;
  eventCase: u32;
  padding516: u8;
  padding517: u8;
  padding518: u8;
  padding519: u8;
  // @ts-ignore: decorator
  @inline
  get newOrder(): NewOrder {
    return changetype<NewOrder>(changetype<usize>(this) + offsetof<OrderEvent>("newOrder_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasNewOrder(): bool {
    return this.eventCase == 3;
  }
  // @ts-ignore: decorator
  @inline
  get replaceOrder(): ReplaceOrder {
    return changetype<ReplaceOrder>(changetype<usize>(this) + offsetof<OrderEvent>("replaceOrder_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasReplaceOrder(): bool {
    return this.eventCase == 4;
  }
  // @ts-ignore: decorator
  @inline
  get cancelOrder(): CancelOrder {
    return changetype<CancelOrder>(changetype<usize>(this) + offsetof<OrderEvent>("cancelOrder_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasCancelOrder(): bool {
    return this.eventCase == 5;
  }
  // @ts-ignore: decorator
  @inline
  get fill(): Fill {
    return changetype<Fill>(changetype<usize>(this) + offsetof<OrderEvent>("fill_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasFill(): bool {
    return this.eventCase == 6;
  }
  // @ts-ignore: decorator
  @inline
  get orderClosed(): OrderClosed {
    return changetype<OrderClosed>(changetype<usize>(this) + offsetof<OrderEvent>("orderClosed_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasOrderClosed(): bool {
    return this.eventCase == 7;
  }
  // @ts-ignore: decorator
  @inline
  get accountLimits(): AccountLimits {
    return changetype<AccountLimits>(changetype<usize>(this) + offsetof<OrderEvent>("accountLimits_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasAccountLimits(): bool {
    return this.eventCase == 8;
  }
  // @ts-ignore: decorator
  @inline
  get instrumentLimits(): InstrumentLimits {
    return changetype<InstrumentLimits>(changetype<usize>(this) + offsetof<OrderEvent>("instrumentLimits_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasInstrumentLimits(): bool {
    return this.eventCase == 9;
  }
  // @ts-ignore: decorator
  @inline
  get margin(): Margin {
    return changetype<Margin>(changetype<usize>(this) + offsetof<OrderEvent>("margin_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasMargin(): bool {
    return this.eventCase == 10;
  }
  // @ts-ignore: decorator
  @inline
  get cashMovement(): CashMovement {
    return changetype<CashMovement>(changetype<usize>(this) + offsetof<OrderEvent>("cashMovement_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasCashMovement(): bool {
    return this.eventCase == 11;
  }
  // @ts-ignore: decorator
  @inline
  get authorisedUser(): AuthorisedUser {
    return changetype<AuthorisedUser>(changetype<usize>(this) + offsetof<OrderEvent>("authorisedUser_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasAuthorisedUser(): bool {
    return this.eventCase == 12;
  }
  // @ts-ignore: decorator
  @inline
  get strategyThrottle(): StrategyThrottle {
    return changetype<StrategyThrottle>(changetype<usize>(this) + offsetof<OrderEvent>("strategyThrottle_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasStrategyThrottle(): bool {
    return this.eventCase == 13;
  }
  // @ts-ignore: decorator
  @inline
  get strategyEnable(): StrategyEnable {
    return changetype<StrategyEnable>(changetype<usize>(this) + offsetof<OrderEvent>("strategyEnable_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasStrategyEnable(): bool {
    return this.eventCase == 14;
  }
  // @ts-ignore: decorator
  @inline
  get borrowInventory(): BorrowInventory {
    return changetype<BorrowInventory>(changetype<usize>(this) + offsetof<OrderEvent>("borrowInventory_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasBorrowInventory(): bool {
    return this.eventCase == 15;
  }
  // @ts-ignore: decorator
  @inline
  get instrument(): Instrument {
    return changetype<Instrument>(changetype<usize>(this) + offsetof<OrderEvent>("instrument_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasInstrument(): bool {
    return this.eventCase == 16;
  }
  // @ts-ignore: decorator
  @inline
  get referencePrice(): ReferencePrice {
    return changetype<ReferencePrice>(changetype<usize>(this) + offsetof<OrderEvent>("referencePrice_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasReferencePrice(): bool {
    return this.eventCase == 17;
  }
  // @ts-ignore: decorator
  @inline
  get priceBand(): PriceBand {
    return changetype<PriceBand>(changetype<usize>(this) + offsetof<OrderEvent>("priceBand_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasPriceBand(): bool {
    return this.eventCase == 18;
  }
  // @ts-ignore: decorator
  @inline
  get restrictedInstrument(): RestrictedInstrument {
    return changetype<RestrictedInstrument>(changetype<usize>(this) + offsetof<OrderEvent>("restrictedInstrument_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasRestrictedInstrument(): bool {
    return this.eventCase == 19;
  }
  // @ts-ignore: decorator
  @inline
  get killSwitch(): KillSwitch {
    return changetype<KillSwitch>(changetype<usize>(this) + offsetof<OrderEvent>("killSwitch_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasKillSwitch(): bool {
    return this.eventCase == 20;
  }
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeOrderEvent(into: OrderEvent, ptr: usize, length: u32): i32 {
  clearOrderEvent(into);
  return mergeOrderEvent(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearOrderEvent(into: OrderEvent): void {
  into.at = 0;
  into.account = 0;
  into.eventCase = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeOrderEvent(into: OrderEvent, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.at = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.account = varint(p, stop);
        p = at;
        break;
      }
      case 26: {
        if (into.eventCase != 3) {
          into.eventCase = 3;
          clearNewOrder(into.newOrder);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeNewOrder(into.newOrder, at, size);
        if (bad) return bad;
        break;
      }
      case 34: {
        if (into.eventCase != 4) {
          into.eventCase = 4;
          clearReplaceOrder(into.replaceOrder);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeReplaceOrder(into.replaceOrder, at, size);
        if (bad) return bad;
        break;
      }
      case 42: {
        if (into.eventCase != 5) {
          into.eventCase = 5;
          clearCancelOrder(into.cancelOrder);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeCancelOrder(into.cancelOrder, at, size);
        if (bad) return bad;
        break;
      }
      case 50: {
        if (into.eventCase != 6) {
          into.eventCase = 6;
          clearFill(into.fill);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeFill(into.fill, at, size);
        if (bad) return bad;
        break;
      }
      case 58: {
        if (into.eventCase != 7) {
          into.eventCase = 7;
          clearOrderClosed(into.orderClosed);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeOrderClosed(into.orderClosed, at, size);
        if (bad) return bad;
        break;
      }
      case 66: {
        if (into.eventCase != 8) {
          into.eventCase = 8;
          clearAccountLimits(into.accountLimits);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeAccountLimits(into.accountLimits, at, size);
        if (bad) return bad;
        break;
      }
      case 74: {
        if (into.eventCase != 9) {
          into.eventCase = 9;
          clearInstrumentLimits(into.instrumentLimits);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeInstrumentLimits(into.instrumentLimits, at, size);
        if (bad) return bad;
        break;
      }
      case 82: {
        if (into.eventCase != 10) {
          into.eventCase = 10;
          clearMargin(into.margin);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeMargin(into.margin, at, size);
        if (bad) return bad;
        break;
      }
      case 90: {
        if (into.eventCase != 11) {
          into.eventCase = 11;
          clearCashMovement(into.cashMovement);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeCashMovement(into.cashMovement, at, size);
        if (bad) return bad;
        break;
      }
      case 98: {
        if (into.eventCase != 12) {
          into.eventCase = 12;
          clearAuthorisedUser(into.authorisedUser);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeAuthorisedUser(into.authorisedUser, at, size);
        if (bad) return bad;
        break;
      }
      case 106: {
        if (into.eventCase != 13) {
          into.eventCase = 13;
          clearStrategyThrottle(into.strategyThrottle);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeStrategyThrottle(into.strategyThrottle, at, size);
        if (bad) return bad;
        break;
      }
      case 114: {
        if (into.eventCase != 14) {
          into.eventCase = 14;
          clearStrategyEnable(into.strategyEnable);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeStrategyEnable(into.strategyEnable, at, size);
        if (bad) return bad;
        break;
      }
      case 122: {
        if (into.eventCase != 15) {
          into.eventCase = 15;
          clearBorrowInventory(into.borrowInventory);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeBorrowInventory(into.borrowInventory, at, size);
        if (bad) return bad;
        break;
      }
      case 130: {
        if (into.eventCase != 16) {
          into.eventCase = 16;
          clearInstrument(into.instrument);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeInstrument(into.instrument, at, size);
        if (bad) return bad;
        break;
      }
      case 138: {
        if (into.eventCase != 17) {
          into.eventCase = 17;
          clearReferencePrice(into.referencePrice);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeReferencePrice(into.referencePrice, at, size);
        if (bad) return bad;
        break;
      }
      case 146: {
        if (into.eventCase != 18) {
          into.eventCase = 18;
          clearPriceBand(into.priceBand);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergePriceBand(into.priceBand, at, size);
        if (bad) return bad;
        break;
      }
      case 154: {
        if (into.eventCase != 19) {
          into.eventCase = 19;
          clearRestrictedInstrument(into.restrictedInstrument);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeRestrictedInstrument(into.restrictedInstrument, at, size);
        if (bad) return bad;
        break;
      }
      case 162: {
        if (into.eventCase != 20) {
          into.eventCase = 20;
          clearKillSwitch(into.killSwitch);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeKillSwitch(into.killSwitch, at, size);
        if (bad) return bad;
        break;
      }
      default: {
        if (tag >>> 3 <= 20 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeOrderEvent_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeOrderEvent_account(p: usize, value: u64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function beginOrderEvent_newOrder(p: usize): usize {
  return begin(p, 26);
}
export function endOrderEvent_newOrder(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_replaceOrder(p: usize): usize {
  return begin(p, 34);
}
export function endOrderEvent_replaceOrder(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_cancelOrder(p: usize): usize {
  return begin(p, 42);
}
export function endOrderEvent_cancelOrder(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_fill(p: usize): usize {
  return begin(p, 50);
}
export function endOrderEvent_fill(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_orderClosed(p: usize): usize {
  return begin(p, 58);
}
export function endOrderEvent_orderClosed(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_accountLimits(p: usize): usize {
  return begin(p, 66);
}
export function endOrderEvent_accountLimits(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_instrumentLimits(p: usize): usize {
  return begin(p, 74);
}
export function endOrderEvent_instrumentLimits(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_margin(p: usize): usize {
  return begin(p, 82);
}
export function endOrderEvent_margin(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_cashMovement(p: usize): usize {
  return begin(p, 90);
}
export function endOrderEvent_cashMovement(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_authorisedUser(p: usize): usize {
  return begin(p, 98);
}
export function endOrderEvent_authorisedUser(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_strategyThrottle(p: usize): usize {
  return begin(p, 106);
}
export function endOrderEvent_strategyThrottle(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_strategyEnable(p: usize): usize {
  return begin(p, 114);
}
export function endOrderEvent_strategyEnable(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_borrowInventory(p: usize): usize {
  return begin(p, 122);
}
export function endOrderEvent_borrowInventory(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_instrument(p: usize): usize {
  return begin(p, 130);
}
export function endOrderEvent_instrument(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_referencePrice(p: usize): usize {
  return begin(p, 138);
}
export function endOrderEvent_referencePrice(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_priceBand(p: usize): usize {
  return begin(p, 146);
}
export function endOrderEvent_priceBand(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_restrictedInstrument(p: usize): usize {
  return begin(p, 154);
}
export function endOrderEvent_restrictedInstrument(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginOrderEvent_killSwitch(p: usize): usize {
  return begin(p, 162);
}
export function endOrderEvent_killSwitch(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
@unmanaged
export class NewOrder {
  order: u64;
  quantity: i64;
  price: i64;
  instrument: u32;
  side: i32;
  type: i32;
  timeInForce: i32;
  trader: u32;
  strategy: u32;
  session: u32;
  padding52: u8;
  padding53: u8;
  padding54: u8;
  padding55: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeNewOrder(into: NewOrder, ptr: usize, length: u32): i32 {
  clearNewOrder(into);
  return mergeNewOrder(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearNewOrder(into: NewOrder): void {
  into.order = 0;
  into.quantity = 0;
  into.price = 0;
  into.instrument = 0;
  into.side = 0;
  into.type = 0;
  into.timeInForce = 0;
  into.trader = 0;
  into.strategy = 0;
  into.session = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeNewOrder(into: NewOrder, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.order = varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.instrument = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.side = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.quantity = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.price = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.type = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.timeInForce = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 64: {
        into.trader = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 72: {
        into.strategy = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 80: {
        into.session = <u32>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 10 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeNewOrder_order(p: usize, value: u64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeNewOrder_instrument(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeNewOrder_side(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeNewOrder_quantity(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeNewOrder_price(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeNewOrder_type(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeNewOrder_timeInForce(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
export function writeNewOrder_trader(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 64);
  return writeVarint(p, <u64>value);
}
export function writeNewOrder_strategy(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 72);
  return writeVarint(p, <u64>value);
}
export function writeNewOrder_session(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 80);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class ReplaceOrder {
  order: u64;
  quantity: i64;
  price: i64;
  trader: u32;
  session: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeReplaceOrder(into: ReplaceOrder, ptr: usize, length: u32): i32 {
  clearReplaceOrder(into);
  return mergeReplaceOrder(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearReplaceOrder(into: ReplaceOrder): void {
  into.order = 0;
  into.quantity = 0;
  into.price = 0;
  into.trader = 0;
  into.session = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeReplaceOrder(into: ReplaceOrder, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.order = varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.quantity = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.price = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.trader = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.session = <u32>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 5 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeReplaceOrder_order(p: usize, value: u64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeReplaceOrder_quantity(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeReplaceOrder_price(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeReplaceOrder_trader(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeReplaceOrder_session(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class CancelOrder {
  order: u64;
  session: u32;
  padding12: u8;
  padding13: u8;
  padding14: u8;
  padding15: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeCancelOrder(into: CancelOrder, ptr: usize, length: u32): i32 {
  clearCancelOrder(into);
  return mergeCancelOrder(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearCancelOrder(into: CancelOrder): void {
  into.order = 0;
  into.session = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeCancelOrder(into: CancelOrder, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.order = varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.session = <u32>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 2 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeCancelOrder_order(p: usize, value: u64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeCancelOrder_session(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class Fill {
  order: u64;
  quantity: i64;
  price: i64;
  instrument: u32;
  side: i32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeFill(into: Fill, ptr: usize, length: u32): i32 {
  clearFill(into);
  return mergeFill(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearFill(into: Fill): void {
  into.order = 0;
  into.quantity = 0;
  into.price = 0;
  into.instrument = 0;
  into.side = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeFill(into: Fill, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.order = varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.instrument = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.side = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.quantity = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.price = <i64>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 5 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeFill_order(p: usize, value: u64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeFill_instrument(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeFill_side(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeFill_quantity(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeFill_price(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class OrderClosed {
  order: u64;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeOrderClosed(into: OrderClosed, ptr: usize, length: u32): i32 {
  clearOrderClosed(into);
  return mergeOrderClosed(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearOrderClosed(into: OrderClosed): void {
  into.order = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeOrderClosed(into: OrderClosed, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.order = varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 == 1) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeOrderClosed_order(p: usize, value: u64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class AccountLimits {
  credit: i64;
  openValueMax: i64;
  orderQuantityMax: i64;
  orderValueMax: i64;
  longMax: i64;
  shortMax: i64;
  duplicateWindow: i64;
  ratioWindow: i64;
  version: u32;
  client: u32;
  desk: u32;
  rate1sMax: u32;
  rate5sMax: u32;
  sessionRate: u32;
  sessionBurst: u32;
  ratioFloor: u32;
  orderToTradeMax: u32;
  cancelBpsMax: u32;
  closed: bool;
  padding105: u8;
  padding106: u8;
  padding107: u8;
  padding108: u8;
  padding109: u8;
  padding110: u8;
  padding111: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeAccountLimits(into: AccountLimits, ptr: usize, length: u32): i32 {
  clearAccountLimits(into);
  return mergeAccountLimits(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearAccountLimits(into: AccountLimits): void {
  into.credit = 0;
  into.openValueMax = 0;
  into.orderQuantityMax = 0;
  into.orderValueMax = 0;
  into.longMax = 0;
  into.shortMax = 0;
  into.duplicateWindow = 0;
  into.ratioWindow = 0;
  into.version = 0;
  into.client = 0;
  into.desk = 0;
  into.rate1sMax = 0;
  into.rate5sMax = 0;
  into.sessionRate = 0;
  into.sessionBurst = 0;
  into.ratioFloor = 0;
  into.orderToTradeMax = 0;
  into.cancelBpsMax = 0;
  into.closed = false;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeAccountLimits(into: AccountLimits, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.version = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.client = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.desk = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.credit = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.openValueMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.orderQuantityMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.orderValueMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 64: {
        into.longMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 72: {
        into.shortMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 80: {
        into.rate1sMax = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 88: {
        into.rate5sMax = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 96: {
        into.sessionRate = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 104: {
        into.sessionBurst = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 112: {
        into.duplicateWindow = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 120: {
        into.ratioWindow = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 128: {
        into.ratioFloor = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 136: {
        into.orderToTradeMax = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 144: {
        into.cancelBpsMax = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 152: {
        into.closed = varint(p, stop) != 0;
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 19 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeAccountLimits_version(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_client(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_desk(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_credit(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_openValueMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_orderQuantityMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_orderValueMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_longMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 64);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_shortMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 72);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_rate1sMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 80);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_rate5sMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 88);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_sessionRate(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 96);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_sessionBurst(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 104);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_duplicateWindow(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 112);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_ratioWindow(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 120);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_ratioFloor(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 128);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_orderToTradeMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 136);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_cancelBpsMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 144);
  return writeVarint(p, <u64>value);
}
export function writeAccountLimits_closed(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 152);
  return writeVarint(p, value ? 1 : 0);
}
@unmanaged
export class InstrumentLimits {
  orderQuantityMax: i64;
  orderValueMax: i64;
  longMax: i64;
  shortMax: i64;
  version: u32;
  instrument: u32;
  restricted: bool;
  removed: bool;
  padding42: u8;
  padding43: u8;
  padding44: u8;
  padding45: u8;
  padding46: u8;
  padding47: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeInstrumentLimits(into: InstrumentLimits, ptr: usize, length: u32): i32 {
  clearInstrumentLimits(into);
  return mergeInstrumentLimits(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearInstrumentLimits(into: InstrumentLimits): void {
  into.orderQuantityMax = 0;
  into.orderValueMax = 0;
  into.longMax = 0;
  into.shortMax = 0;
  into.version = 0;
  into.instrument = 0;
  into.restricted = false;
  into.removed = false;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeInstrumentLimits(into: InstrumentLimits, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.version = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.instrument = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.orderQuantityMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.orderValueMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.longMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.shortMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.restricted = varint(p, stop) != 0;
        p = at;
        break;
      }
      case 64: {
        into.removed = varint(p, stop) != 0;
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 8 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeInstrumentLimits_version(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeInstrumentLimits_instrument(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeInstrumentLimits_orderQuantityMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeInstrumentLimits_orderValueMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeInstrumentLimits_longMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeInstrumentLimits_shortMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeInstrumentLimits_restricted(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, value ? 1 : 0);
}
export function writeInstrumentLimits_removed(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 64);
  return writeVarint(p, value ? 1 : 0);
}
@unmanaged
export class Margin {
  collateral: i64;
  version: u32;
  initialBps: u32;
  reduceOnlyAboveBps: u32;
  padding20: u8;
  padding21: u8;
  padding22: u8;
  padding23: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeMargin(into: Margin, ptr: usize, length: u32): i32 {
  clearMargin(into);
  return mergeMargin(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearMargin(into: Margin): void {
  into.collateral = 0;
  into.version = 0;
  into.initialBps = 0;
  into.reduceOnlyAboveBps = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeMargin(into: Margin, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.version = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.collateral = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.initialBps = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.reduceOnlyAboveBps = <u32>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 4 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeMargin_version(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeMargin_collateral(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeMargin_initialBps(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeMargin_reduceOnlyAboveBps(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class CashMovement {
  amount: i64;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeCashMovement(into: CashMovement, ptr: usize, length: u32): i32 {
  clearCashMovement(into);
  return mergeCashMovement(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearCashMovement(into: CashMovement): void {
  into.amount = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeCashMovement(into: CashMovement, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.amount = <i64>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 == 1) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeCashMovement_amount(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class AuthorisedUser {
  trader: u32;
  authorised: bool;
  mayEnable: bool;
  padding6: u8;
  padding7: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeAuthorisedUser(into: AuthorisedUser, ptr: usize, length: u32): i32 {
  clearAuthorisedUser(into);
  return mergeAuthorisedUser(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearAuthorisedUser(into: AuthorisedUser): void {
  into.trader = 0;
  into.authorised = false;
  into.mayEnable = false;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeAuthorisedUser(into: AuthorisedUser, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.trader = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.authorised = varint(p, stop) != 0;
        p = at;
        break;
      }
      case 24: {
        into.mayEnable = varint(p, stop) != 0;
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 3 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeAuthorisedUser_trader(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeAuthorisedUser_authorised(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, value ? 1 : 0);
}
export function writeAuthorisedUser_mayEnable(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, value ? 1 : 0);
}
@unmanaged
export class StrategyThrottle {
  window: i64;
  version: u32;
  strategy: u32;
  executionsMax: u32;
  padding20: u8;
  padding21: u8;
  padding22: u8;
  padding23: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeStrategyThrottle(into: StrategyThrottle, ptr: usize, length: u32): i32 {
  clearStrategyThrottle(into);
  return mergeStrategyThrottle(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearStrategyThrottle(into: StrategyThrottle): void {
  into.window = 0;
  into.version = 0;
  into.strategy = 0;
  into.executionsMax = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeStrategyThrottle(into: StrategyThrottle, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.version = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.strategy = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.executionsMax = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.window = <i64>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 4 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeStrategyThrottle_version(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeStrategyThrottle_strategy(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeStrategyThrottle_executionsMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeStrategyThrottle_window(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class StrategyEnable {
  strategy: u32;
  by: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeStrategyEnable(into: StrategyEnable, ptr: usize, length: u32): i32 {
  clearStrategyEnable(into);
  return mergeStrategyEnable(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearStrategyEnable(into: StrategyEnable): void {
  into.strategy = 0;
  into.by = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeStrategyEnable(into: StrategyEnable, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.strategy = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.by = <u32>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 2 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeStrategyEnable_strategy(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeStrategyEnable_by(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class BorrowInventory {
  quantity: i64;
  instrument: u32;
  padding12: u8;
  padding13: u8;
  padding14: u8;
  padding15: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeBorrowInventory(into: BorrowInventory, ptr: usize, length: u32): i32 {
  clearBorrowInventory(into);
  return mergeBorrowInventory(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearBorrowInventory(into: BorrowInventory): void {
  into.quantity = 0;
  into.instrument = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeBorrowInventory(into: BorrowInventory, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.instrument = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.quantity = <i64>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 2 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeBorrowInventory_instrument(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeBorrowInventory_quantity(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class Instrument {
  multiplier: i64;
  collarPeriod: i64;
  referenceAgeMax: i64;
  version: u32;
  instrument: u32;
  collarBps: u32;
  collarPeriodBps: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeInstrument(into: Instrument, ptr: usize, length: u32): i32 {
  clearInstrument(into);
  return mergeInstrument(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearInstrument(into: Instrument): void {
  into.multiplier = 0;
  into.collarPeriod = 0;
  into.referenceAgeMax = 0;
  into.version = 0;
  into.instrument = 0;
  into.collarBps = 0;
  into.collarPeriodBps = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeInstrument(into: Instrument, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.version = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.instrument = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.multiplier = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.collarBps = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.collarPeriodBps = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.collarPeriod = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.referenceAgeMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 7 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeInstrument_version(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeInstrument_instrument(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeInstrument_multiplier(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeInstrument_collarBps(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeInstrument_collarPeriodBps(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeInstrument_collarPeriod(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeInstrument_referenceAgeMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class ReferencePrice {
  price: i64;
  instrument: u32;
  padding12: u8;
  padding13: u8;
  padding14: u8;
  padding15: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeReferencePrice(into: ReferencePrice, ptr: usize, length: u32): i32 {
  clearReferencePrice(into);
  return mergeReferencePrice(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearReferencePrice(into: ReferencePrice): void {
  into.price = 0;
  into.instrument = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeReferencePrice(into: ReferencePrice, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.instrument = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.price = <i64>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 2 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeReferencePrice_instrument(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeReferencePrice_price(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class PriceBand {
  low: i64;
  high: i64;
  instrument: u32;
  padding20: u8;
  padding21: u8;
  padding22: u8;
  padding23: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodePriceBand(into: PriceBand, ptr: usize, length: u32): i32 {
  clearPriceBand(into);
  return mergePriceBand(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearPriceBand(into: PriceBand): void {
  into.low = 0;
  into.high = 0;
  into.instrument = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergePriceBand(into: PriceBand, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.instrument = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.low = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.high = <i64>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 3 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writePriceBand_instrument(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writePriceBand_low(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writePriceBand_high(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class RestrictedInstrument {
  instrument: u32;
  restricted: bool;
  padding5: u8;
  padding6: u8;
  padding7: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeRestrictedInstrument(into: RestrictedInstrument, ptr: usize, length: u32): i32 {
  clearRestrictedInstrument(into);
  return mergeRestrictedInstrument(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearRestrictedInstrument(into: RestrictedInstrument): void {
  into.instrument = 0;
  into.restricted = false;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeRestrictedInstrument(into: RestrictedInstrument, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.instrument = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.restricted = varint(p, stop) != 0;
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 2 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeRestrictedInstrument_instrument(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeRestrictedInstrument_restricted(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, value ? 1 : 0);
}
@unmanaged
export class KillSwitch {
  scope: i32;
  id: u32;
  by: u32;
  on: bool;
  padding13: u8;
  padding14: u8;
  padding15: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeKillSwitch(into: KillSwitch, ptr: usize, length: u32): i32 {
  clearKillSwitch(into);
  return mergeKillSwitch(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearKillSwitch(into: KillSwitch): void {
  into.scope = 0;
  into.id = 0;
  into.by = 0;
  into.on = false;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeKillSwitch(into: KillSwitch, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.scope = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.id = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.on = varint(p, stop) != 0;
        p = at;
        break;
      }
      case 32: {
        into.by = <u32>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 4 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeKillSwitch_scope(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeKillSwitch_id(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeKillSwitch_on(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, value ? 1 : 0);
}
export function writeKillSwitch_by(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class CancelRequest {
  account: u64;
  order: u64;
  at: i64;
  instrument: u32;
  scope: i32;
  id: u32;
  by: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeCancelRequest(into: CancelRequest, ptr: usize, length: u32): i32 {
  clearCancelRequest(into);
  return mergeCancelRequest(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearCancelRequest(into: CancelRequest): void {
  into.account = 0;
  into.order = 0;
  into.at = 0;
  into.instrument = 0;
  into.scope = 0;
  into.id = 0;
  into.by = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeCancelRequest(into: CancelRequest, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.account = varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.order = varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.instrument = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.scope = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.id = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.by = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.at = <i64>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 7 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeCancelRequest_account(p: usize, value: u64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeCancelRequest_order(p: usize, value: u64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeCancelRequest_instrument(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeCancelRequest_scope(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeCancelRequest_id(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeCancelRequest_by(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeCancelRequest_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class OrderParams {
  aheadMax: i64;
  behindMax: i64;
  recentIdsWindow: i64;
  recentIdsMax: u32;
  padding28: u8;
  padding29: u8;
  padding30: u8;
  padding31: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeOrderParams(into: OrderParams, ptr: usize, length: u32): i32 {
  clearOrderParams(into);
  return mergeOrderParams(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearOrderParams(into: OrderParams): void {
  into.aheadMax = 0;
  into.behindMax = 0;
  into.recentIdsWindow = 0;
  into.recentIdsMax = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeOrderParams(into: OrderParams, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.aheadMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.behindMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.recentIdsWindow = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.recentIdsMax = <u32>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 4 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeOrderParams_aheadMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeOrderParams_behindMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeOrderParams_recentIdsWindow(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeOrderParams_recentIdsMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class AccountState {
  account: u64;
  cash: i64;
  holds: i64;
  openValue: i64;
  exposure: i64;
  shortExposure: i64;
  newest: i64;
  instruments_0: u64;
  instruments_1: u64;
  instruments_2: u64;
  instruments_3: u64;
  instruments_4: u64;
  instruments_5: u64;
  instruments_6: u64;
  instruments_7: u64;
  limitVersion: u32;
  openOrders: u32;
  positions: u32;
  messages1s: u32;
  messages5s: u32;
  instrumentsFrom: usize;
  instrumentsAt: usize;
  instrumentsEnd: usize;
  instrumentsPacked: usize;
  instrumentsCount: u32;
  // @ts-ignore: decorator
  @inline
  get instruments(): PositionState {
    return changetype<PositionState>(changetype<usize>(this) + offsetof<AccountState>("instruments_0"));
  }
  instrumentsRewind(): void {
    this.instrumentsAt = this.instrumentsFrom;
    this.instrumentsPacked = 0;
  }
  /** Loads the next element; false = there is none. */
  instrumentsNext(): bool {
    let p = this.instrumentsAt;
    const end = this.instrumentsEnd;
    while (p < end) {
      const tag = varint(p, end);
      p = at;
      if (tag == 106) {
        const length = lengthOf(p, end);
        const next = at + length;
        if (decodePositionState(this.instruments, at, length)) unreachable();
        p = next;
        this.instrumentsAt = p;
        return true;
      }
      skip(tag, p, end);
      p = at;
    }
    this.instrumentsAt = p;
    return false;
  }
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeAccountState(into: AccountState, ptr: usize, length: u32): i32 {
  clearAccountState(into);
  return mergeAccountState(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearAccountState(into: AccountState): void {
  into.account = 0;
  into.cash = 0;
  into.holds = 0;
  into.openValue = 0;
  into.exposure = 0;
  into.shortExposure = 0;
  into.newest = 0;
  into.limitVersion = 0;
  into.openOrders = 0;
  into.positions = 0;
  into.messages1s = 0;
  into.messages5s = 0;
  into.instrumentsFrom = 0;
  into.instrumentsAt = 0;
  into.instrumentsEnd = 0;
  into.instrumentsPacked = 0;
  into.instrumentsCount = 0;
}

/** Into a cleared struct. */
export function mergeAccountState(into: AccountState, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    const start = p;
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.account = varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.limitVersion = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.cash = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.holds = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.openValue = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.exposure = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.shortExposure = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 64: {
        into.openOrders = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 72: {
        into.positions = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 80: {
        into.messages1s = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 88: {
        into.messages5s = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 96: {
        into.newest = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 106: {
        if (!into.instrumentsCount) {
          into.instrumentsFrom = start;
          into.instrumentsAt = into.instrumentsFrom;
          into.instrumentsEnd = stop;
        }
        into.instrumentsCount++;
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = decodePositionState(into.instruments, at, size);
        if (bad) return bad;
        break;
      }
      default: {
        if (tag >>> 3 <= 13 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeAccountState_account(p: usize, value: u64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeAccountState_limitVersion(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeAccountState_cash(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeAccountState_holds(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeAccountState_openValue(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeAccountState_exposure(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeAccountState_shortExposure(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
export function writeAccountState_openOrders(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 64);
  return writeVarint(p, <u64>value);
}
export function writeAccountState_positions(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 72);
  return writeVarint(p, <u64>value);
}
export function writeAccountState_messages1s(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 80);
  return writeVarint(p, <u64>value);
}
export function writeAccountState_messages5s(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 88);
  return writeVarint(p, <u64>value);
}
export function writeAccountState_newest(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 96);
  return writeVarint(p, <u64>value);
}
export function beginAccountState_instruments(p: usize): usize {
  return begin(p, 106);
}
export function endAccountState_instruments(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
@unmanaged
export class PositionState {
  net: i64;
  pendingBuy: i64;
  pendingSell: i64;
  pendingShort: i64;
  marked: i64;
  borrow: i64;
  instrument: u32;
  limitVersion: u32;
  openOrders: u32;
  padding60: u8;
  padding61: u8;
  padding62: u8;
  padding63: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodePositionState(into: PositionState, ptr: usize, length: u32): i32 {
  clearPositionState(into);
  return mergePositionState(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearPositionState(into: PositionState): void {
  into.net = 0;
  into.pendingBuy = 0;
  into.pendingSell = 0;
  into.pendingShort = 0;
  into.marked = 0;
  into.borrow = 0;
  into.instrument = 0;
  into.limitVersion = 0;
  into.openOrders = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergePositionState(into: PositionState, ptr: usize, length: u32): i32 {
  let p = ptr;
  const stop = ptr + length;
  while (p < stop) {
    let tag = <u32>load<u8>(p);
    if (tag < 0x80) {
      p++;
    } else {
      const wide = varint(p, stop);
      if (!at || wide > 0xffffffff) return MALFORMED;
      tag = <u32>wide;
      p = at;
    }
    switch (tag) {
      case 8: {
        into.instrument = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.net = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.pendingBuy = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.pendingSell = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.pendingShort = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.marked = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.limitVersion = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 64: {
        into.borrow = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 72: {
        into.openOrders = <u32>varint(p, stop);
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 9 && tag >= 8) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writePositionState_instrument(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writePositionState_net(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writePositionState_pendingBuy(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writePositionState_pendingSell(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writePositionState_pendingShort(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writePositionState_marked(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writePositionState_limitVersion(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
export function writePositionState_borrow(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 64);
  return writeVarint(p, <u64>value);
}
export function writePositionState_openOrders(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 72);
  return writeVarint(p, <u64>value);
}