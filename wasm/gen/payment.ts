// Generated from actors/payments/payment.proto by wasm/codegen.ts. Do not edit: change the .proto and run `deno task gen`.
import { at, begin, endNested, INVALID_UTF8, joined, lengthOf, MALFORMED, skip, utf8, varint, writeBytes, writeVarint, zigzag } from "../lib/wire";

export const SCHEMA_HASH = "fcec14e35a455b27848e669afff283fac2e6d80c67a4666e1a8b44f1135c1c3e";

export const enum Channel {
  CHANNEL_UNSPECIFIED = 0,
  CARD_PRESENT = 1,
  CARD_NOT_PRESENT = 2,
}

export const enum BinAlertKind {
  BIN_ALERT_UNSPECIFIED = 0,
  BLOCKED = 1,
  RELEASED = 2,
}

export const enum PaymentReason {
  PAYMENT_REASON_UNSPECIFIED = 0,
  COUNT = 1,
  SUM = 2,
  GEO_VELOCITY = 3,
  UNUSUAL_AMOUNT = 4,
  SUSPICIOUS_HISTORY = 5,
  DISTINCT_CARDS = 16,
  BIN_BLOCKED = 17,
}

export const enum PaymentFigure {
  PAYMENT_FIGURE_UNSPECIFIED = 0,
  COUNT_IN_WINDOW = 1,
  SUM_IN_WINDOW = 2,
  SUSPICIOUS = 3,
  SPEED_KMH = 4,
  DISTANCE_M = 5,
  HOME_DISTANCE_M = 6,
  CARDS_IN_WINDOW = 16,
  BLOCKED_UNTIL = 17,
}

export const enum PaymentReject {
  PAYMENT_REJECT_UNSPECIFIED = 0,
  CURRENCY_MISMATCH = 100,
}

@unmanaged
export class PaymentEvent {
  payment_0: u64;
  payment_1: u64;
  payment_2: u64;
  payment_3: u64;
  payment_4: u64;
  payment_5: u64;
  payment_6: u64;
  payment_7: u64;
  payment_8: u64;
  payment_9: u64;
  payment_10: u64;
  payment_11: u64;
  profile_0: u64;
  profile_1: u64;
  profile_2: u64;
  profile_3: u64;
  profile_4: u64;
  profile_5: u64;
  profile_6: u64;
  cardRelease_0: u64;
  cardRelease_1: u64;
  merchantPolicy_0: u64;
  merchantPolicy_1: u64;
  merchantPolicy_2: u64;
  merchantPolicy_3: u64;
  merchantPolicy_4: u64;
  binRelease_0: u64;
  binRelease_1: u64;
  binRelease_2: u64;
  binRelease_3: u64;
  eventCase: u32;
  padding244: u8;
  padding245: u8;
  padding246: u8;
  padding247: u8;
  // @ts-ignore: decorator
  @inline
  get payment(): Payment {
    return changetype<Payment>(changetype<usize>(this) + offsetof<PaymentEvent>("payment_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasPayment(): bool {
    return this.eventCase == 1;
  }
  // @ts-ignore: decorator
  @inline
  get profile(): CustomerProfile {
    return changetype<CustomerProfile>(changetype<usize>(this) + offsetof<PaymentEvent>("profile_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasProfile(): bool {
    return this.eventCase == 2;
  }
  // @ts-ignore: decorator
  @inline
  get cardRelease(): CardRelease {
    return changetype<CardRelease>(changetype<usize>(this) + offsetof<PaymentEvent>("cardRelease_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasCardRelease(): bool {
    return this.eventCase == 3;
  }
  // @ts-ignore: decorator
  @inline
  get merchantPolicy(): MerchantPolicy {
    return changetype<MerchantPolicy>(changetype<usize>(this) + offsetof<PaymentEvent>("merchantPolicy_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasMerchantPolicy(): bool {
    return this.eventCase == 4;
  }
  // @ts-ignore: decorator
  @inline
  get binRelease(): BinRelease {
    return changetype<BinRelease>(changetype<usize>(this) + offsetof<PaymentEvent>("binRelease_0"));
  }
  // @ts-ignore: decorator
  @inline
  get hasBinRelease(): bool {
    return this.eventCase == 5;
  }
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodePaymentEvent(into: PaymentEvent, ptr: usize, length: u32): i32 {
  clearPaymentEvent(into);
  return mergePaymentEvent(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearPaymentEvent(into: PaymentEvent): void {
  into.eventCase = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergePaymentEvent(into: PaymentEvent, ptr: usize, length: u32): i32 {
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
      case 10: {
        if (into.eventCase != 1) {
          into.eventCase = 1;
          clearPayment(into.payment);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergePayment(into.payment, at, size);
        if (bad) return bad;
        break;
      }
      case 18: {
        if (into.eventCase != 2) {
          into.eventCase = 2;
          clearCustomerProfile(into.profile);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeCustomerProfile(into.profile, at, size);
        if (bad) return bad;
        break;
      }
      case 26: {
        if (into.eventCase != 3) {
          into.eventCase = 3;
          clearCardRelease(into.cardRelease);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeCardRelease(into.cardRelease, at, size);
        if (bad) return bad;
        break;
      }
      case 34: {
        if (into.eventCase != 4) {
          into.eventCase = 4;
          clearMerchantPolicy(into.merchantPolicy);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeMerchantPolicy(into.merchantPolicy, at, size);
        if (bad) return bad;
        break;
      }
      case 42: {
        if (into.eventCase != 5) {
          into.eventCase = 5;
          clearBinRelease(into.binRelease);
        }
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        p = at + size;
        const bad = mergeBinRelease(into.binRelease, at, size);
        if (bad) return bad;
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

export function beginPaymentEvent_payment(p: usize): usize {
  return begin(p, 10);
}
export function endPaymentEvent_payment(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginPaymentEvent_profile(p: usize): usize {
  return begin(p, 18);
}
export function endPaymentEvent_profile(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginPaymentEvent_cardRelease(p: usize): usize {
  return begin(p, 26);
}
export function endPaymentEvent_cardRelease(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginPaymentEvent_merchantPolicy(p: usize): usize {
  return begin(p, 34);
}
export function endPaymentEvent_merchantPolicy(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
export function beginPaymentEvent_binRelease(p: usize): usize {
  return begin(p, 42);
}
export function endPaymentEvent_binRelease(begun: usize, p: usize): usize {
  return endNested(begun, p);
}
@unmanaged
export class Payment {
  amount: i64;
  at: i64;
  card: usize;
  cardLength: u32;
  bin: usize;
  binLength: u32;
  currency: usize;
  currencyLength: u32;
  merchant: usize;
  merchantLength: u32;
  channel: i32;
  latitude: i32;
  longitude: i32;
  category: usize;
  categoryLength: u32;
  device: usize;
  deviceLength: u32;
  ip: usize;
  ipLength: u32;
  email: usize;
  emailLength: u32;
  hasLatitude: bool;
  hasLongitude: bool;
  padding94: u8;
  padding95: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodePayment(into: Payment, ptr: usize, length: u32): i32 {
  clearPayment(into);
  return mergePayment(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearPayment(into: Payment): void {
  into.amount = 0;
  into.at = 0;
  into.card = 0;
  into.cardLength = 0;
  into.bin = 0;
  into.binLength = 0;
  into.currency = 0;
  into.currencyLength = 0;
  into.merchant = 0;
  into.merchantLength = 0;
  into.channel = 0;
  into.latitude = 0;
  into.longitude = 0;
  into.category = 0;
  into.categoryLength = 0;
  into.device = 0;
  into.deviceLength = 0;
  into.ip = 0;
  into.ipLength = 0;
  into.email = 0;
  into.emailLength = 0;
  into.hasLatitude = false;
  into.hasLongitude = false;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergePayment(into: Payment, ptr: usize, length: u32): i32 {
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
      case 10: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.card = at;
        into.cardLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.bin = at;
        into.binLength = size;
        p = at + size;
        break;
      }
      case 24: {
        into.amount = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 34: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.currency = at;
        into.currencyLength = size;
        p = at + size;
        break;
      }
      case 40: {
        into.at = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 50: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.merchant = at;
        into.merchantLength = size;
        p = at + size;
        break;
      }
      case 56: {
        into.channel = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 64: {
        into.latitude = <i32>zigzag(<u64><u32>varint(p, stop));
        p = at;
        into.hasLatitude = true;
        break;
      }
      case 72: {
        into.longitude = <i32>zigzag(<u64><u32>varint(p, stop));
        p = at;
        into.hasLongitude = true;
        break;
      }
      case 82: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.category = at;
        into.categoryLength = size;
        p = at + size;
        break;
      }
      case 90: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.device = at;
        into.deviceLength = size;
        p = at + size;
        break;
      }
      case 98: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.ip = at;
        into.ipLength = size;
        p = at + size;
        break;
      }
      case 106: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.email = at;
        into.emailLength = size;
        p = at + size;
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

export function writePayment_card(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writePayment_bin(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writePayment_amount(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writePayment_currency(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 34, ptr, length);
}
export function writePayment_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writePayment_merchant(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 50, ptr, length);
}
export function writePayment_channel(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
export function writePayment_latitude(p: usize, value: i32): usize {
  p = writeVarint(p, 64);
  return writeVarint(p, <u64><u32>((value << 1) ^ (value >> 31)));
}
export function writePayment_longitude(p: usize, value: i32): usize {
  p = writeVarint(p, 72);
  return writeVarint(p, <u64><u32>((value << 1) ^ (value >> 31)));
}
export function writePayment_category(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 82, ptr, length);
}
export function writePayment_device(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 90, ptr, length);
}
export function writePayment_ip(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 98, ptr, length);
}
export function writePayment_email(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 106, ptr, length);
}
@unmanaged
export class CustomerProfile {
  sumMax: i64;
  usualAmount: i64;
  card: usize;
  cardLength: u32;
  currency: usize;
  currencyLength: u32;
  countMax: u32;
  speedKmhMax: u32;
  limitPercent: u32;
  homeLatitude: i32;
  homeLongitude: i32;
  hasHomeLatitude: bool;
  hasHomeLongitude: bool;
  removed: bool;
  padding55: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeCustomerProfile(into: CustomerProfile, ptr: usize, length: u32): i32 {
  clearCustomerProfile(into);
  return mergeCustomerProfile(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearCustomerProfile(into: CustomerProfile): void {
  into.sumMax = 0;
  into.usualAmount = 0;
  into.card = 0;
  into.cardLength = 0;
  into.currency = 0;
  into.currencyLength = 0;
  into.countMax = 0;
  into.speedKmhMax = 0;
  into.limitPercent = 0;
  into.homeLatitude = 0;
  into.homeLongitude = 0;
  into.hasHomeLatitude = false;
  into.hasHomeLongitude = false;
  into.removed = false;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeCustomerProfile(into: CustomerProfile, ptr: usize, length: u32): i32 {
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
      case 10: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.card = at;
        into.cardLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.currency = at;
        into.currencyLength = size;
        p = at + size;
        break;
      }
      case 24: {
        into.sumMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.countMax = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.speedKmhMax = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.limitPercent = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.usualAmount = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 64: {
        into.homeLatitude = <i32>zigzag(<u64><u32>varint(p, stop));
        p = at;
        into.hasHomeLatitude = true;
        break;
      }
      case 72: {
        into.homeLongitude = <i32>zigzag(<u64><u32>varint(p, stop));
        p = at;
        into.hasHomeLongitude = true;
        break;
      }
      case 120: {
        into.removed = varint(p, stop) != 0;
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 9 && tag >= 8 || tag >>> 3 == 15) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeCustomerProfile_card(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeCustomerProfile_currency(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeCustomerProfile_sumMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeCustomerProfile_countMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeCustomerProfile_speedKmhMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeCustomerProfile_limitPercent(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeCustomerProfile_usualAmount(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
export function writeCustomerProfile_homeLatitude(p: usize, value: i32): usize {
  p = writeVarint(p, 64);
  return writeVarint(p, <u64><u32>((value << 1) ^ (value >> 31)));
}
export function writeCustomerProfile_homeLongitude(p: usize, value: i32): usize {
  p = writeVarint(p, 72);
  return writeVarint(p, <u64><u32>((value << 1) ^ (value >> 31)));
}
export function writeCustomerProfile_removed(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 120);
  return writeVarint(p, value ? 1 : 0);
}
@unmanaged
export class CardRelease {
  card: usize;
  cardLength: u32;
  by: usize;
  byLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeCardRelease(into: CardRelease, ptr: usize, length: u32): i32 {
  clearCardRelease(into);
  return mergeCardRelease(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearCardRelease(into: CardRelease): void {
  into.card = 0;
  into.cardLength = 0;
  into.by = 0;
  into.byLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeCardRelease(into: CardRelease, ptr: usize, length: u32): i32 {
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
      case 10: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.card = at;
        into.cardLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.by = at;
        into.byLength = size;
        p = at + size;
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

export function writeCardRelease_card(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeCardRelease_by(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
@unmanaged
export class MerchantPolicy {
  amountMin: i64;
  block: i64;
  merchant: usize;
  merchantLength: u32;
  cardsReview: u32;
  cardsBlock: u32;
  alikePermille: u32;
  removed: bool;
  padding37: u8;
  padding38: u8;
  padding39: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeMerchantPolicy(into: MerchantPolicy, ptr: usize, length: u32): i32 {
  clearMerchantPolicy(into);
  return mergeMerchantPolicy(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearMerchantPolicy(into: MerchantPolicy): void {
  into.amountMin = 0;
  into.block = 0;
  into.merchant = 0;
  into.merchantLength = 0;
  into.cardsReview = 0;
  into.cardsBlock = 0;
  into.alikePermille = 0;
  into.removed = false;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeMerchantPolicy(into: MerchantPolicy, ptr: usize, length: u32): i32 {
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
      case 10: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.merchant = at;
        into.merchantLength = size;
        p = at + size;
        break;
      }
      case 16: {
        into.amountMin = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.cardsReview = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.cardsBlock = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.alikePermille = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.block = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 120: {
        into.removed = varint(p, stop) != 0;
        p = at;
        break;
      }
      default: {
        if (tag >>> 3 <= 6 && tag >= 8 || tag >>> 3 == 15) return MALFORMED; // in another wire type
        skip(tag, p, stop);
        p = at;
      }
    }
    if (!p) return MALFORMED;
  }
  return 0;
}

export function writeMerchantPolicy_merchant(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeMerchantPolicy_amountMin(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeMerchantPolicy_cardsReview(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeMerchantPolicy_cardsBlock(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeMerchantPolicy_alikePermille(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeMerchantPolicy_block(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeMerchantPolicy_removed(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 120);
  return writeVarint(p, value ? 1 : 0);
}
@unmanaged
export class BinRelease {
  at: i64;
  bin: usize;
  binLength: u32;
  merchant: usize;
  merchantLength: u32;
  by: usize;
  byLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeBinRelease(into: BinRelease, ptr: usize, length: u32): i32 {
  clearBinRelease(into);
  return mergeBinRelease(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearBinRelease(into: BinRelease): void {
  into.at = 0;
  into.bin = 0;
  into.binLength = 0;
  into.merchant = 0;
  into.merchantLength = 0;
  into.by = 0;
  into.byLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeBinRelease(into: BinRelease, ptr: usize, length: u32): i32 {
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
      case 10: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.bin = at;
        into.binLength = size;
        p = at + size;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.merchant = at;
        into.merchantLength = size;
        p = at + size;
        break;
      }
      case 24: {
        into.at = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 34: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.by = at;
        into.byLength = size;
        p = at + size;
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

export function writeBinRelease_bin(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 10, ptr, length);
}
export function writeBinRelease_merchant(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeBinRelease_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeBinRelease_by(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 34, ptr, length);
}
@unmanaged
export class BinAlert {
  at: i64;
  blockedUntil: i64;
  amount: i64;
  kind: i32;
  bin: usize;
  binLength: u32;
  merchant: usize;
  merchantLength: u32;
  distinctCards: u32;
  by: usize;
  byLength: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeBinAlert(into: BinAlert, ptr: usize, length: u32): i32 {
  clearBinAlert(into);
  return mergeBinAlert(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearBinAlert(into: BinAlert): void {
  into.at = 0;
  into.blockedUntil = 0;
  into.amount = 0;
  into.kind = 0;
  into.bin = 0;
  into.binLength = 0;
  into.merchant = 0;
  into.merchantLength = 0;
  into.distinctCards = 0;
  into.by = 0;
  into.byLength = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeBinAlert(into: BinAlert, ptr: usize, length: u32): i32 {
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
        into.kind = <i32>varint(p, stop);
        p = at;
        break;
      }
      case 18: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.bin = at;
        into.binLength = size;
        p = at + size;
        break;
      }
      case 26: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.merchant = at;
        into.merchantLength = size;
        p = at + size;
        break;
      }
      case 32: {
        into.at = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.blockedUntil = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.distinctCards = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.amount = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 66: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.by = at;
        into.byLength = size;
        p = at + size;
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

export function writeBinAlert_kind(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeBinAlert_bin(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 18, ptr, length);
}
export function writeBinAlert_merchant(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 26, ptr, length);
}
export function writeBinAlert_at(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeBinAlert_blockedUntil(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeBinAlert_distinctCards(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeBinAlert_amount(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
export function writeBinAlert_by(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 66, ptr, length);
}
@unmanaged
export class CardState {
  newest: i64;
  sum: i64;
  suspiciousAt: i64;
  locatedAt: i64;
  sumMax: i64;
  count: u32;
  suspicious: u32;
  currency: usize;
  currencyLength: u32;
  latitude: i32;
  longitude: i32;
  countMax: u32;
  speedKmhMax: u32;
  hasProfile: bool;
  padding73: u8;
  padding74: u8;
  padding75: u8;
  padding76: u8;
  padding77: u8;
  padding78: u8;
  padding79: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeCardState(into: CardState, ptr: usize, length: u32): i32 {
  clearCardState(into);
  return mergeCardState(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearCardState(into: CardState): void {
  into.newest = 0;
  into.sum = 0;
  into.suspiciousAt = 0;
  into.locatedAt = 0;
  into.sumMax = 0;
  into.count = 0;
  into.suspicious = 0;
  into.currency = 0;
  into.currencyLength = 0;
  into.latitude = 0;
  into.longitude = 0;
  into.countMax = 0;
  into.speedKmhMax = 0;
  into.hasProfile = false;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeCardState(into: CardState, ptr: usize, length: u32): i32 {
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
        into.newest = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.count = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.sum = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.suspicious = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.suspiciousAt = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 50: {
        const size = lengthOf(p, stop);
        if (!at) return MALFORMED;
        if (!utf8(at, size)) return INVALID_UTF8;
        into.currency = at;
        into.currencyLength = size;
        p = at + size;
        break;
      }
      case 56: {
        into.latitude = <i32>zigzag(<u64><u32>varint(p, stop));
        p = at;
        break;
      }
      case 64: {
        into.longitude = <i32>zigzag(<u64><u32>varint(p, stop));
        p = at;
        break;
      }
      case 72: {
        into.locatedAt = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 80: {
        into.hasProfile = varint(p, stop) != 0;
        p = at;
        break;
      }
      case 88: {
        into.sumMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 96: {
        into.countMax = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 104: {
        into.speedKmhMax = <u32>varint(p, stop);
        p = at;
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

export function writeCardState_newest(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeCardState_count(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeCardState_sum(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeCardState_suspicious(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeCardState_suspiciousAt(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeCardState_currency(p: usize, ptr: usize, length: u32): usize {
  if (!length) return p;
  return writeBytes(p, 50, ptr, length);
}
export function writeCardState_latitude(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64><u32>((value << 1) ^ (value >> 31)));
}
export function writeCardState_longitude(p: usize, value: i32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 64);
  return writeVarint(p, <u64><u32>((value << 1) ^ (value >> 31)));
}
export function writeCardState_locatedAt(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 72);
  return writeVarint(p, <u64>value);
}
export function writeCardState_hasProfile(p: usize, value: bool): usize {
  if (!value) return p;
  p = writeVarint(p, 80);
  return writeVarint(p, value ? 1 : 0);
}
export function writeCardState_sumMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 88);
  return writeVarint(p, <u64>value);
}
export function writeCardState_countMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 96);
  return writeVarint(p, <u64>value);
}
export function writeCardState_speedKmhMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 104);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class BinState {
  newest: i64;
  blockedAt: i64;
  blockedUntil: i64;
  cards: u32;
  blocks: u32;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeBinState(into: BinState, ptr: usize, length: u32): i32 {
  clearBinState(into);
  return mergeBinState(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearBinState(into: BinState): void {
  into.newest = 0;
  into.blockedAt = 0;
  into.blockedUntil = 0;
  into.cards = 0;
  into.blocks = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeBinState(into: BinState, ptr: usize, length: u32): i32 {
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
        into.newest = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.cards = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.blockedAt = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.blockedUntil = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.blocks = <u32>varint(p, stop);
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

export function writeBinState_newest(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeBinState_cards(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeBinState_blockedAt(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeBinState_blockedUntil(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeBinState_blocks(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class FraudParams {
  countWindow: i64;
  sumMax: i64;
  sumWindow: i64;
  distanceMin: i64;
  suspicionWindow: i64;
  amountMax: i64;
  futureMax: i64;
  idleTtl: i64;
  countMax: u32;
  speedKmhMax: u32;
  unusualTimes: u32;
  reviewAfter: u32;
  declineAfter: u32;
  padding84: u8;
  padding85: u8;
  padding86: u8;
  padding87: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeFraudParams(into: FraudParams, ptr: usize, length: u32): i32 {
  clearFraudParams(into);
  return mergeFraudParams(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearFraudParams(into: FraudParams): void {
  into.countWindow = 0;
  into.sumMax = 0;
  into.sumWindow = 0;
  into.distanceMin = 0;
  into.suspicionWindow = 0;
  into.amountMax = 0;
  into.futureMax = 0;
  into.idleTtl = 0;
  into.countMax = 0;
  into.speedKmhMax = 0;
  into.unusualTimes = 0;
  into.reviewAfter = 0;
  into.declineAfter = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeFraudParams(into: FraudParams, ptr: usize, length: u32): i32 {
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
        into.countMax = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.countWindow = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.sumMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.sumWindow = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.speedKmhMax = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.distanceMin = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.unusualTimes = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 64: {
        into.suspicionWindow = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 72: {
        into.reviewAfter = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 80: {
        into.declineAfter = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 88: {
        into.amountMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 96: {
        into.futureMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 104: {
        into.idleTtl = <i64>varint(p, stop);
        p = at;
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

export function writeFraudParams_countMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_countWindow(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_sumMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_sumWindow(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_speedKmhMax(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_distanceMin(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_unusualTimes(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_suspicionWindow(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 64);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_reviewAfter(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 72);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_declineAfter(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 80);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_amountMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 88);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_futureMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 96);
  return writeVarint(p, <u64>value);
}
export function writeFraudParams_idleTtl(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 104);
  return writeVarint(p, <u64>value);
}
@unmanaged
export class BinAttackParams {
  window: i64;
  amountMin: i64;
  block: i64;
  lateMax: i64;
  amountMax: i64;
  futureMax: i64;
  idleTtl: i64;
  cardsReview: u32;
  cardsBlock: u32;
  alikePermille: u32;
  padding68: u8;
  padding69: u8;
  padding70: u8;
  padding71: u8;
}

/** 0, or why not: MALFORMED or INVALID_UTF8. */
export function decodeBinAttackParams(into: BinAttackParams, ptr: usize, length: u32): i32 {
  clearBinAttackParams(into);
  return mergeBinAttackParams(into, ptr, length);
}

// @ts-ignore: decorator
@inline
export function clearBinAttackParams(into: BinAttackParams): void {
  into.window = 0;
  into.amountMin = 0;
  into.block = 0;
  into.lateMax = 0;
  into.amountMax = 0;
  into.futureMax = 0;
  into.idleTtl = 0;
  into.cardsReview = 0;
  into.cardsBlock = 0;
  into.alikePermille = 0;
}

/** Into a cleared struct, or one that another part of the same message was read into. */
export function mergeBinAttackParams(into: BinAttackParams, ptr: usize, length: u32): i32 {
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
        into.window = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 16: {
        into.amountMin = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 24: {
        into.cardsReview = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 32: {
        into.cardsBlock = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 40: {
        into.alikePermille = <u32>varint(p, stop);
        p = at;
        break;
      }
      case 48: {
        into.block = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 56: {
        into.lateMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 64: {
        into.amountMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 72: {
        into.futureMax = <i64>varint(p, stop);
        p = at;
        break;
      }
      case 80: {
        into.idleTtl = <i64>varint(p, stop);
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

export function writeBinAttackParams_window(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 8);
  return writeVarint(p, <u64>value);
}
export function writeBinAttackParams_amountMin(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 16);
  return writeVarint(p, <u64>value);
}
export function writeBinAttackParams_cardsReview(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 24);
  return writeVarint(p, <u64>value);
}
export function writeBinAttackParams_cardsBlock(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 32);
  return writeVarint(p, <u64>value);
}
export function writeBinAttackParams_alikePermille(p: usize, value: u32): usize {
  if (value == 0) return p;
  p = writeVarint(p, 40);
  return writeVarint(p, <u64>value);
}
export function writeBinAttackParams_block(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 48);
  return writeVarint(p, <u64>value);
}
export function writeBinAttackParams_lateMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 56);
  return writeVarint(p, <u64>value);
}
export function writeBinAttackParams_amountMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 64);
  return writeVarint(p, <u64>value);
}
export function writeBinAttackParams_futureMax(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 72);
  return writeVarint(p, <u64>value);
}
export function writeBinAttackParams_idleTtl(p: usize, value: i64): usize {
  if (value == 0) return p;
  p = writeVarint(p, 80);
  return writeVarint(p, <u64>value);
}