/** What both payment kernels check of an event before any state is looked at. */
import { Payment, PaymentEvent } from "../gen/payment";
import { clock } from "../lib/context";
import { Reject } from "../lib/effects";

// @ts-ignore: decorator
@inline
export const TEXT_BYTES_MAX: u32 = 64;

/** Above this, sums and products of a few amounts could leave int64. */
// @ts-ignore: decorator
@inline
export const AMOUNT_HARD_MAX: i64 = 1000000000000000;

/** 2000-01-01: nothing was presented before. */
// @ts-ignore: decorator
@inline
const AT_MIN: i64 = 946684800000000;

/** Where the event that is being applied is decoded: scratch. */
export const event = changetype<PaymentEvent>(memory.data(offsetof<PaymentEvent>(), 8));

/** 0, or a RejectReason: card, time, amount, currency and place of a payment. */
// @ts-ignore: decorator
@inline
export function checkPayment(payment: Payment, amountMax: i64, futureMax: i64): u32 {
  if (!payment.cardLength) return Reject.MISSING_FIELD;
  if (payment.cardLength > TEXT_BYTES_MAX) return Reject.KEY_TOO_LONG;
  const late = checkTime(payment.at, futureMax);
  if (late) return late;
  if (payment.amount <= 0) return Reject.OUT_OF_RANGE;
  if (payment.amount > AMOUNT_HARD_MAX) return Reject.OVERFLOW;
  if (payment.amount > amountMax) return Reject.OUT_OF_RANGE;
  if (!validCurrency(payment.currency, payment.currencyLength)) return Reject.OUT_OF_RANGE;
  return checkPlace(payment.hasLatitude, payment.latitude, payment.hasLongitude, payment.longitude);
}

// @ts-ignore: decorator
@inline
export function checkTime(at: i64, futureMax: i64): u32 {
  if (!at) return Reject.MISSING_FIELD;
  if (at < AT_MIN) return Reject.TOO_OLD;
  return at - clock > futureMax ? Reject.TOO_NEW : 0;
}

// @ts-ignore: decorator
@inline
export function checkPlace(hasLatitude: bool, latitude: i32, hasLongitude: bool, longitude: i32): u32 {
  if (hasLatitude != hasLongitude) return Reject.MISSING_FIELD;
  if (!hasLatitude) return 0;
  const inside = latitude >= -90000000 && latitude <= 90000000 && longitude >= -180000000 &&
    longitude <= 180000000;
  return inside ? 0 : Reject.OUT_OF_RANGE;
}

/** Empty, or three capital letters. */
// @ts-ignore: decorator
@inline
export function validCurrency(text: usize, length: u32): bool {
  return !length ||
    length == 3 && capital(load<u8>(text)) && capital(load<u8>(text, 1)) && capital(load<u8>(text, 2));
}

// @ts-ignore: decorator
@inline
function capital(byte: u8): bool {
  return <u32> byte - 0x41 < 26;
}

/** The three letters as one number; 0 = none given. */
// @ts-ignore: decorator
@inline
export function currencyOf(text: usize, length: u32): u32 {
  return length ? <u32> load<u16>(text) | (<u32> load<u8>(text, 2) << 16) : 0;
}

// @ts-ignore: decorator
@inline
export function orDefault(value: i64, otherwise: i64): i64 {
  return value ? value : otherwise;
}
