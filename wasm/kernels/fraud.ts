/**
 * Card fraud, keyed by the card: velocity by count and by amount, speed between places, unusual amounts, and
 * the card's suspicious history. Every attempt counts, declined ones too.
 *
 *   rules broken   suspicious before            verdict
 *   two or more    any                          DECLINE
 *   one            decline_after or more        DECLINE
 *   one            fewer                        REVIEW
 *   none           review_after or more         REVIEW
 *   none           fewer                        APPROVE
 *
 * Windows end at the newest event time of the card, so an event out of order is counted where it belongs and
 * judged by what the card has done by now; one older than the sum window is TOO_OLD. Its speed is taken
 * against the newest place known.
 */
import {
  Channel,
  CustomerProfile,
  decodeFraudParams,
  decodePaymentEvent,
  FraudParams,
  Payment,
  PaymentFigure,
  PaymentReason,
  PaymentReject,
  writeCardState_count,
  writeCardState_countMax,
  writeCardState_currency,
  writeCardState_hasProfile,
  writeCardState_latitude,
  writeCardState_locatedAt,
  writeCardState_longitude,
  writeCardState_newest,
  writeCardState_speedKmhMax,
  writeCardState_sum,
  writeCardState_sumMax,
  writeCardState_suspicious,
  writeCardState_suspiciousAt,
} from "../gen/payment";
import { clock } from "../lib/context";
import { answer, figure, reason, Reject, reject, reply, scratch, Verdict } from "../lib/effects";
import { STATE } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { at, findBytes, foundLength } from "../lib/wire";
import {
  AMOUNT_HARD_MAX,
  checkPayment,
  checkPlace,
  currencyOf,
  event,
  orDefault,
  TEXT_BYTES_MAX,
  validCurrency,
} from "../payments/checks";
import { distance } from "../payments/earth";
import {
  add,
  advance,
  Card,
  clearRecent,
  countWithin,
  CURRENCY,
  HOME,
  PINNED,
  PROFILE,
  releaseRecent,
  sumOverflows,
} from "../payments/recent";

export { SCHEMA_HASH } from "../gen/payment";
export const NAME = "fraud";
export const EFFECT_BYTES_MAX: u32 = 512;
export const EVENT_BYTES_MAX: u32 = 16384;
export const KEY_BYTES_MAX: u32 = TEXT_BYTES_MAX;

// @ts-ignore: decorator
@inline
const SECOND: i64 = 1000000;

/** km/h of one metre in one microsecond. */
// @ts-ignore: decorator
@inline
const KMH: i64 = 3600000;

/** Two places this long apart in time are never too fast: 20,015 km in 116 days. */
// @ts-ignore: decorator
@inline
const APART_MAX: i64 = 10000000000000;

// @ts-ignore: decorator
@inline
const LIMIT_MAX: i64 = 1000000000000000000;

/** Card numbers of up to 24 bytes stand beside the card; longer tokens in the arena. */
const cards = changetype<Table<Card>>(STATE);
const rules = changetype<FraudParams>(STATE + TABLE_BYTES);
/** The highest clock seen, in units of 2^20 µs. */
const newestTick = STATE + TABLE_BYTES + 256;

export function onInit(ptr: usize, length: u32): bool {
  if (decodeFraudParams(rules, ptr, length)) return false;
  rules.countMax = <u32> orDefault(rules.countMax, 5);
  rules.countWindow = orDefault(rules.countWindow, 60 * SECOND);
  rules.sumMax = orDefault(rules.sumMax, 5000);
  rules.sumWindow = orDefault(rules.sumWindow, 600 * SECOND);
  rules.speedKmhMax = <u32> orDefault(rules.speedKmhMax, 500);
  rules.distanceMin = orDefault(rules.distanceMin, 1000);
  rules.unusualTimes = <u32> orDefault(rules.unusualTimes, 20);
  rules.suspicionWindow = orDefault(rules.suspicionWindow, 86400 * SECOND);
  rules.reviewAfter = <u32> orDefault(rules.reviewAfter, 3);
  rules.declineAfter = <u32> orDefault(rules.declineAfter, 2);
  rules.amountMax = orDefault(rules.amountMax, 1000000000000);
  rules.futureMax = orDefault(rules.futureMax, 300 * SECOND);
  rules.idleTtl = orDefault(rules.idleTtl, 90000 * SECOND);
  return inBounds() && cards.init(24, rules.idleTtl);
}

function inBounds(): bool {
  return rules.countWindow > 0 && rules.countWindow <= rules.sumWindow && rules.sumWindow <= 3600 * SECOND &&
    rules.countMax <= 60 && rules.sumMax > 0 && rules.sumMax <= LIMIT_MAX && rules.speedKmhMax <= 0xffff &&
    rules.distanceMin > 0 && rules.unusualTimes <= 9000 && rules.suspicionWindow > 0 && rules.amountMax > 0 &&
    rules.amountMax <= AMOUNT_HARD_MAX && rules.futureMax > 0 && rules.futureMax <= LIMIT_MAX &&
    rules.idleTtl > 0;
}

export function onEvent(ptr: usize, length: u32): void {
  const bad = decodePaymentEvent(event, ptr, length);
  if (bad) return reject(bad);
  tick();
  if (event.hasPayment) decide(event.payment);
  else if (event.hasProfile) setProfile(event.profile);
  else if (event.hasCardRelease) release(event.cardRelease.card, event.cardRelease.cardLength);
  else reject(Reject.UNKNOWN_VARIANT);
}

/** Asks for the card of a payment that comes soon. */
export function onAhead(ptr: usize, length: u32): void {
  if (!findBytes(ptr, length, 1)) return; // the payment, and in it the card
  if (findBytes(at, foundLength, 1)) cards.ahead(at, foundLength);
}

export function onQuery(key: usize, length: u32): bool {
  const card = cards.find(key, length);
  if (!changetype<usize>(card) || idle(card) && !(card.currency & PROFILE)) return false;
  const start = scratch();
  let p = start;
  if (!idle(card) && card.newest) {
    p = writeCardState_newest(p, card.newest);
    p = writeCardState_count(p, <u32> countWithin(card, rules.countWindow));
    p = writeCardState_sum(p, card.sum);
    p = writeCardState_suspicious(p, card.suspicious);
    p = writeCardState_suspiciousAt(p, card.suspiciousAt);
  }
  if (card.currency & CURRENCY) {
    p = writeCardState_currency(p, changetype<usize>(card) + offsetof<Card>("currency"), 3);
  }
  if (!idle(card) && card.locatedAt) {
    p = writeCardState_latitude(p, card.latitude);
    p = writeCardState_longitude(p, card.longitude);
    p = writeCardState_locatedAt(p, card.locatedAt);
  }
  p = writeCardState_hasProfile(p, (card.currency & PROFILE) != 0);
  p = writeCardState_sumMax(p, orDefault(card.sumMax, rules.sumMax));
  p = writeCardState_countMax(p, <u32> orDefault(card.countMax, rules.countMax));
  p = writeCardState_speedKmhMax(p, <u32> orDefault(card.speedMax, rules.speedKmhMax));
  answer(start, <u32> (p - start));
  return true;
}

export function stateKeys(): u64 {
  return cards.count;
}

// ---- a payment ----

// @ts-ignore: decorator
@inline
function decide(payment: Payment): void {
  const bad = checkPayment(payment, rules.amountMax, rules.futureMax);
  if (bad) return reject(bad);
  const card = cards.upsert(payment.card, payment.cardLength);
  if (!changetype<usize>(card)) return reject(Reject.STATE_FULL);
  use(card);

  const at = payment.at, amount = payment.amount, newest = max<i64>(at, card.newest);
  if (newest - at >= rules.sumWindow) return reject(Reject.TOO_OLD);
  if (sumOverflows(card, newest, rules.sumWindow, amount)) return reject(Reject.OVERFLOW);
  if (!takeCurrency(card, payment, newest)) return reject(PaymentReject.CURRENCY_MISMATCH);

  advance(card, newest, rules.sumWindow);
  add(card, at, amount);
  let broken = velocity(card);
  if (payment.hasLatitude && payment.channel == Channel.CARD_PRESENT) {
    broken += <u32> tooFast(card, at, payment.latitude, payment.longitude);
  }
  if (card.usualAmount) broken += <u32> unusual(card, amount);
  settle(card, payment, broken);
}

/** The currency the card is counted in is the profile's, or that of the payments in the window. */
// @ts-ignore: decorator
@inline
function takeCurrency(card: Card, payment: Payment, newest: i64): bool {
  const given = currencyOf(payment.currency, payment.currencyLength), known = card.currency & CURRENCY;
  if (!given || given == known) return true;
  const counted = card.count && newest - card.newest < rules.sumWindow;
  if (known && (counted || card.currency & PINNED)) return false;
  card.currency = (card.currency & ~CURRENCY) | given;
  return true;
}

// @ts-ignore: decorator
@inline
function velocity(card: Card): u32 {
  const count = countWithin(card, rules.countWindow), sum = card.sum;
  const countMax = orDefault(card.countMax, rules.countMax), sumMax = orDefault(card.sumMax, rules.sumMax);
  let broken: u32 = 0;
  if (count > countMax) {
    reason(PaymentReason.COUNT, count, countMax);
    broken++;
  }
  if (sum > sumMax) {
    reason(PaymentReason.SUM, sum, sumMax);
    broken++;
  }
  figure(PaymentFigure.COUNT_IN_WINDOW, count);
  figure(PaymentFigure.SUM_IN_WINDOW, sum);
  return broken;
}

/** Distances and speeds stay below 2^25 m · 2^22: no product leaves int64. */
function tooFast(card: Card, at: i64, latitude: i32, longitude: i32): bool {
  let fast = false;
  if (card.locatedAt) {
    const metres = distance(card.latitude, card.longitude, latitude, longitude);
    const apart = min<i64>(max<i64>(abs<i64>(at - card.locatedAt), SECOND), APART_MAX);
    const speed = metres < rules.distanceMin ? 0 : metres * KMH / apart;
    const most = orDefault(card.speedMax, rules.speedKmhMax);
    fast = metres >= rules.distanceMin && metres * KMH > most * apart;
    if (fast) reason(PaymentReason.GEO_VELOCITY, speed, most);
    figure(PaymentFigure.SPEED_KMH, speed);
    figure(PaymentFigure.DISTANCE_M, metres);
  }
  if (at >= card.locatedAt) {
    card.locatedAt = at;
    card.latitude = latitude;
    card.longitude = longitude;
  }
  return fast;
}

function unusual(card: Card, amount: i64): bool {
  const most = card.usualAmount * rules.unusualTimes;
  if (amount <= most) return false;
  reason(PaymentReason.UNUSUAL_AMOUNT, amount, most);
  return true;
}

/** The table at the top of this file. */
// @ts-ignore: decorator
@inline
function settle(card: Card, payment: Payment, broken: u32): void {
  if (card.suspicious && card.newest - card.suspiciousAt >= rules.suspicionWindow) card.suspicious = 0;
  const before = <u32> card.suspicious;
  let verdict = Verdict.APPROVE;
  if (broken) {
    if (before < 0xffff) card.suspicious++;
    card.suspiciousAt = card.newest;
    const repeated = before >= rules.declineAfter;
    if (repeated) reason(PaymentReason.SUSPICIOUS_HISTORY, before, rules.declineAfter);
    verdict = broken > 1 || repeated ? Verdict.DECLINE : Verdict.REVIEW;
  } else if (before >= rules.reviewAfter) {
    reason(PaymentReason.SUSPICIOUS_HISTORY, before, rules.reviewAfter);
    verdict = Verdict.REVIEW;
  }
  figure(PaymentFigure.SUSPICIOUS, card.suspicious);
  if (verdict != Verdict.APPROVE && card.currency & HOME && payment.hasLatitude) {
    figure(
      PaymentFigure.HOME_DISTANCE_M,
      distance(card.homeLatitude, card.homeLongitude, payment.latitude, payment.longitude),
    );
  }
  reply(verdict);
}

// ---- reference data ----

function setProfile(profile: CustomerProfile): void {
  if (!profile.cardLength) return reject(Reject.MISSING_FIELD);
  if (profile.cardLength > TEXT_BYTES_MAX) return reject(Reject.KEY_TOO_LONG);
  const bad = checkPlace(
    profile.hasHomeLatitude,
    profile.homeLatitude,
    profile.hasHomeLongitude,
    profile.homeLongitude,
  );
  if (bad) return reject(bad);
  const sumMax = scaled(profile.sumMax, profile.limitPercent);
  const valid = validCurrency(profile.currency, profile.currencyLength) && profile.countMax <= 60 &&
    profile.speedKmhMax <= 0xffff && sumMax >= 0 && profile.usualAmount >= 0 &&
    profile.usualAmount <= AMOUNT_HARD_MAX;
  if (!valid) return reject(Reject.OUT_OF_RANGE);
  if (profile.removed && !changetype<usize>(cards.find(profile.card, profile.cardLength))) return;

  const card = cards.upsert(profile.card, profile.cardLength);
  if (!changetype<usize>(card)) return reject(Reject.STATE_FULL);
  use(card);
  clearProfile(card);
  if (profile.removed) return;
  card.currency |= PROFILE;
  if (profile.currencyLength) {
    card.currency = (card.currency & ~CURRENCY) | PINNED |
      currencyOf(profile.currency, profile.currencyLength);
  }
  card.sumMax = sumMax;
  card.countMax = <u16> profile.countMax;
  card.speedMax = <u16> profile.speedKmhMax;
  card.usualAmount = profile.usualAmount;
  if (!profile.hasHomeLatitude) return;
  card.currency |= HOME;
  card.homeLatitude = profile.homeLatitude;
  card.homeLongitude = profile.homeLongitude;
}

/** `sum_max`, or the default, times the customer's percentage; 0 = the default as it stands, -1 = out of range. */
function scaled(sumMax: i64, percent: u32): i64 {
  if (sumMax < 0 || sumMax > AMOUNT_HARD_MAX || percent > 100000) return -1;
  if (!percent) return sumMax;
  const base = orDefault(sumMax, min<i64>(rules.sumMax, AMOUNT_HARD_MAX));
  return max<i64>(base / 100 * percent + base % 100 * percent / 100, 1);
}

function clearProfile(card: Card): void {
  card.currency &= CURRENCY;
  card.sumMax = 0;
  card.countMax = 0;
  card.speedMax = 0;
  card.usualAmount = 0;
  card.homeLatitude = 0;
  card.homeLongitude = 0;
}

function release(key: usize, length: u32): void {
  if (!length) return reject(Reject.MISSING_FIELD);
  if (length > TEXT_BYTES_MAX) return reject(Reject.KEY_TOO_LONG);
  if (!changetype<usize>(cards.find(key, length))) return;
  const card = cards.upsert(key, length);
  use(card);
  card.suspicious = 0;
  card.suspiciousAt = 0;
}

// ---- idle cards ----

/** Notes the clock and looks at one card for idleness: a card goes when its time is over, whoever asks first. */
// @ts-ignore: decorator
@inline
function tick(): void {
  const now = <u32> (clock >> 20);
  if (now > load<u32>(newestTick)) store<u32>(newestTick, now);
  const old = cards.idle();
  if (changetype<usize>(old)) reap(old);
}

function reap(card: Card): void {
  if (!idle(card) || card.currency & PROFILE) return;
  releaseRecent(card);
  cards.remove(card);
}

// @ts-ignore: decorator
@inline
function idle(card: Card): bool {
  return <i64> load<u32>(newestTick) - <i64> card.seen > rules.idleTtl >> 20;
}

/** A card that was idle for too long is what its profile says and nothing else, reaped or not. */
// @ts-ignore: decorator
@inline
function use(card: Card): void {
  if (card.seen && idle(card)) forget(card);
  card.seen = load<u32>(newestTick);
}

function forget(card: Card): void {
  clearRecent(card);
  card.newest = 0;
  card.suspicious = 0;
  card.suspiciousAt = 0;
  card.locatedAt = 0;
  card.latitude = 0;
  card.longitude = 0;
  if (!(card.currency & PINNED)) card.currency &= ~CURRENCY;
}
