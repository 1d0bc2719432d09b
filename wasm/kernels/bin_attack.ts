/**
 * Attacks on a BIN through one merchant: many distinct cards of one BIN, within a minute, with high and alike
 * amounts, the card not present. Keyed by BIN × merchant.
 *
 *   payment                                    not blocked                        blocked
 *   not present, high; alike cards ≥ block     DECLINE, the block begins, alert   DECLINE, the block goes on
 *   not present, high; alike cards ≥ review    REVIEW                             DECLINE
 *   not present, high                          APPROVE                            DECLINE
 *   not present, lower                         APPROVE                            REVIEW
 *   present                                    APPROVE                            APPROVE
 *
 * Only high payments with the card not present are remembered, one per card, with the whole card: two cards are
 * never taken for one. Distinct cards are exact up to 32; the oldest leaves for a 33rd. Windows and blocks are
 * event time and end at the newest seen; what comes later than the window is judged but not counted, and later
 * than `late_max` is TOO_OLD.
 */
import {
  BinAlertKind, BinAttackParams, BinRelease, Channel, decodeBinAttackParams, decodePaymentEvent, MerchantPolicy,
  Payment, PaymentFigure, PaymentReason, writeBinAlert_amount, writeBinAlert_at, writeBinAlert_bin,
  writeBinAlert_blockedUntil, writeBinAlert_by, writeBinAlert_distinctCards, writeBinAlert_kind,
  writeBinAlert_merchant, writeBinState_blockedAt, writeBinState_blockedUntil, writeBinState_blocks,
  writeBinState_cards, writeBinState_newest,
} from "../gen/payment";
import { clock } from "../lib/context";
import { answer, figure, output, reason, Reject, reject, reply, scratch, Verdict } from "../lib/effects";
import { STATE } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { Attempts, CARDS_MAX, countAlike, countRecent, forgetAttempts, record, releaseAttempts } from "../payments/attempts";
import { AMOUNT_HARD_MAX, checkPayment, checkTime, currencyOf, event, orDefault, TEXT_BYTES_MAX } from "../payments/checks";

export { SCHEMA_HASH } from "../gen/payment";
export const NAME = "bin_attack";
export const EFFECT_BYTES_MAX: u32 = 1024;
export const EVENT_BYTES_MAX: u32 = 16384;
export const KEY_BYTES_MAX: u32 = 80; // BIN, NUL, merchant

// @ts-ignore: decorator
@inline const SECOND: i64 = 1000000;
// @ts-ignore: decorator
@inline const LIMIT_MAX: i64 = 1000000000000000000;

/** What holds for a merchant; 0 = the default. */
@unmanaged
class Policy {
  amountMin: i64;
  block: i64;
  cardsReview: u32;
  cardsBlock: u32;
  alikePermille: u32;
}

const attempts = changetype<Table<Attempts>>(STATE);
const policies = changetype<Table<Policy>>(STATE + TABLE_BYTES);
const rules = changetype<BinAttackParams>(STATE + 2 * TABLE_BYTES);
/** The policy of merchants that have none. */
const common = changetype<Policy>(STATE + 2 * TABLE_BYTES + 256);
/** The highest clock seen, in units of 2^20 µs. */
const newestTick = STATE + 2 * TABLE_BYTES + 512;

/** Scratch: the policy in force for the event, and its key. */
const policy = changetype<Policy>(memory.data(offsetof<Policy>(), 8));
const key = memory.data(96, 8);

export function onInit(ptr: usize, length: u32): bool {
  if (decodeBinAttackParams(rules, ptr, length)) return false;
  rules.window = orDefault(rules.window, 60 * SECOND);
  rules.amountMin = orDefault(rules.amountMin, 1000000);
  rules.cardsReview = <u32>orDefault(rules.cardsReview, 5);
  rules.cardsBlock = <u32>orDefault(rules.cardsBlock, 10);
  rules.alikePermille = <u32>orDefault(rules.alikePermille, 50);
  rules.block = orDefault(rules.block, 900 * SECOND);
  rules.lateMax = orDefault(rules.lateMax, 600 * SECOND);
  rules.amountMax = orDefault(rules.amountMax, 1000000000000);
  rules.futureMax = orDefault(rules.futureMax, 300 * SECOND);
  rules.idleTtl = orDefault(rules.idleTtl, 90000 * SECOND);
  return rules.window > 0 && rules.lateMax >= rules.window && rules.lateMax <= LIMIT_MAX && rules.idleTtl > 0 &&
    rules.amountMax > 0 && rules.amountMax <= AMOUNT_HARD_MAX && rules.futureMax > 0 &&
    rules.futureMax <= LIMIT_MAX && validThresholds(rules.amountMin, rules.cardsBlock, rules.alikePermille, rules.block) &&
    attempts.init(32, rules.idleTtl) && policies.init(32, 0);
}

function validThresholds(amountMin: i64, cardsBlock: u32, alikePermille: u32, block: i64): bool {
  return amountMin >= 0 && amountMin <= AMOUNT_HARD_MAX && cardsBlock <= CARDS_MAX && alikePermille <= 1000 &&
    block >= 0 && block <= 1000 * 86400 * SECOND;
}

export function onEvent(ptr: usize, length: u32): void {
  const bad = decodePaymentEvent(event, ptr, length);
  if (bad) return reject(bad);
  tick();
  if (event.hasPayment) decide(event.payment);
  else if (event.hasMerchantPolicy) setPolicy(event.merchantPolicy);
  else if (event.hasBinRelease) lift(event.binRelease);
  else reject(Reject.UNKNOWN_VARIANT);
}

export function onQuery(ptr: usize, length: u32): bool {
  const known = attempts.find(ptr, length);
  if (!changetype<usize>(known) || idle(known) || !known.newest) return false;
  const start = scratch();
  let p = writeBinState_newest(start, known.newest);
  p = writeBinState_cards(p, countRecent(known, rules.window));
  p = writeBinState_blockedAt(p, known.blockedAt);
  p = writeBinState_blockedUntil(p, known.blockedUntil);
  p = writeBinState_blocks(p, known.blocks);
  answer(start, <u32>(p - start));
  return true;
}

export function stateKeys(): u64 {
  return attempts.count;
}

// ---- a payment ----

function decide(payment: Payment): void {
  const bad = checkPayment(payment, rules.amountMax, rules.futureMax);
  if (bad) return reject(bad);
  const badKey = makeKey(payment.bin, payment.binLength, payment.merchant, payment.merchantLength);
  if (badKey) return reject(badKey);
  const keyLength = payment.binLength + 1 + payment.merchantLength;
  loadPolicy(payment.merchant, payment.merchantLength);

  const present = payment.channel == Channel.CARD_PRESENT;
  if (present || payment.amount < policy.amountMin) return settleOther(payment, present, keyLength);
  const known = attempts.upsert(key, keyLength);
  if (!changetype<usize>(known)) return reject(Reject.STATE_FULL);
  use(known);
  settleHigh(payment, known, keyLength);
}

/** What the rule does not count; it leaves no trace. */
function settleOther(payment: Payment, present: bool, keyLength: u32): void {
  const known = attempts.find(key, keyLength);
  if (changetype<usize>(known) && !idle(known)) {
    const newest = max<i64>(payment.at, known.newest);
    if (newest - payment.at > rules.lateMax) return reject(Reject.TOO_OLD);
    if (!present && newest < known.blockedUntil) {
      reason(PaymentReason.BIN_BLOCKED, newest, known.blockedUntil);
      figure(PaymentFigure.BLOCKED_UNTIL, known.blockedUntil);
      return reply(Verdict.REVIEW);
    }
  }
  reply(Verdict.APPROVE);
}

function settleHigh(payment: Payment, known: Attempts, keyLength: u32): void {
  const at = payment.at, newest = max<i64>(at, known.newest);
  if (newest - at > rules.lateMax) return reject(Reject.TOO_OLD);
  const currency = currencyOf(payment.currency, payment.currencyLength);
  if (!record(known, newest, rules.window, at, payment.amount, currency, payment.card, payment.cardLength)) {
    return reject(Reject.STATE_FULL);
  }
  known.newest = newest;
  const cards = newest - at < rules.window ? countAlike(known, payment.amount, currency, policy.alikePermille) : 0;
  const blocked = newest < known.blockedUntil, tips = cards >= policy.cardsBlock;
  if (tips) block(payment, known, newest, cards, !blocked, keyLength);
  if (cards >= policy.cardsReview || tips) {
    reason(PaymentReason.DISTINCT_CARDS, cards, tips ? policy.cardsBlock : policy.cardsReview);
  }
  if (blocked) reason(PaymentReason.BIN_BLOCKED, newest, known.blockedUntil);
  figure(PaymentFigure.CARDS_IN_WINDOW, cards);
  if (blocked || tips) figure(PaymentFigure.BLOCKED_UNTIL, known.blockedUntil);
  reply(blocked || tips ? Verdict.DECLINE : cards >= policy.cardsReview ? Verdict.REVIEW : Verdict.APPROVE);
}

/** Begins a block, with an alert, or lets it last longer. */
function block(payment: Payment, known: Attempts, newest: i64, cards: u32, begins: bool, keyLength: u32): void {
  known.blockedUntil = max<i64>(known.blockedUntil, newest + policy.block);
  if (!begins) return;
  known.blockedAt = newest;
  known.blocks++;
  let p = writeBinAlert_kind(scratch(), BinAlertKind.BLOCKED);
  p = writeBinAlert_bin(p, payment.bin, payment.binLength);
  p = writeBinAlert_merchant(p, payment.merchant, payment.merchantLength);
  p = writeBinAlert_at(p, newest);
  p = writeBinAlert_blockedUntil(p, known.blockedUntil);
  p = writeBinAlert_distinctCards(p, cards);
  p = writeBinAlert_amount(p, payment.amount);
  output(key, keyLength, scratch(), <u32>(p - scratch()));
}

/** Writes BIN, NUL, merchant at `key`; a BIN has 6 to 8 digits, so no two pairs make the same key. */
function makeKey(bin: usize, binLength: u32, merchant: usize, merchantLength: u32): u32 {
  if (!binLength || !merchantLength) return Reject.MISSING_FIELD;
  if (merchantLength > TEXT_BYTES_MAX) return Reject.KEY_TOO_LONG;
  if (binLength < 6 || binLength > 8) return Reject.OUT_OF_RANGE;
  for (let i: u32 = 0; i < binLength; i++) {
    const digit = load<u8>(bin + i);
    if (<u32>digit - 0x30 > 9) return Reject.OUT_OF_RANGE;
    store<u8>(key + i, digit);
  }
  store<u8>(key + binLength, 0);
  memory.copy(key + binLength + 1, merchant, merchantLength);
  return 0;
}

// ---- reference data ----

function loadPolicy(merchant: usize, length: u32): void {
  const own = policies.count ? policies.find(merchant, length) : changetype<Policy>(0);
  const from = changetype<usize>(own) ? own : common;
  policy.amountMin = orDefault(from.amountMin, rules.amountMin);
  policy.block = orDefault(from.block, rules.block);
  policy.cardsReview = <u32>orDefault(from.cardsReview, rules.cardsReview);
  policy.cardsBlock = <u32>orDefault(from.cardsBlock, rules.cardsBlock);
  policy.alikePermille = <u32>orDefault(from.alikePermille, rules.alikePermille);
}

function setPolicy(given: MerchantPolicy): void {
  if (given.merchantLength > TEXT_BYTES_MAX) return reject(Reject.KEY_TOO_LONG);
  if (!validThresholds(given.amountMin, given.cardsBlock, given.alikePermille, given.block)) {
    return reject(Reject.OUT_OF_RANGE);
  }
  let into = common;
  if (given.merchantLength) {
    const known = policies.find(given.merchant, given.merchantLength);
    if (given.removed) {
      if (changetype<usize>(known)) policies.remove(known);
      return;
    }
    into = policies.upsert(given.merchant, given.merchantLength);
    if (!changetype<usize>(into)) return reject(Reject.STATE_FULL);
  }
  into.amountMin = given.removed ? 0 : given.amountMin;
  into.block = given.removed ? 0 : given.block;
  into.cardsReview = given.removed ? 0 : given.cardsReview;
  into.cardsBlock = given.removed ? 0 : given.cardsBlock;
  into.alikePermille = given.removed ? 0 : given.alikePermille;
}

/** A person lifts a block: what led to it is forgotten, so that the next payment does not block at once. */
function lift(given: BinRelease): void {
  const badKey = makeKey(given.bin, given.binLength, given.merchant, given.merchantLength);
  if (badKey) return reject(badKey);
  const bad = checkTime(given.at, rules.futureMax);
  if (bad) return reject(bad);
  const keyLength = given.binLength + 1 + given.merchantLength;
  if (!changetype<usize>(attempts.find(key, keyLength))) return;
  const known = attempts.upsert(key, keyLength);
  use(known);
  forgetAttempts(known);
  if (max<i64>(given.at, known.newest) >= known.blockedUntil) return;
  known.blockedUntil = 0;
  let p = writeBinAlert_kind(scratch(), BinAlertKind.RELEASED);
  p = writeBinAlert_bin(p, given.bin, given.binLength);
  p = writeBinAlert_merchant(p, given.merchant, given.merchantLength);
  p = writeBinAlert_at(p, given.at);
  p = writeBinAlert_by(p, given.by, min<u32>(given.byLength, TEXT_BYTES_MAX));
  output(key, keyLength, scratch(), <u32>(p - scratch()));
}

// ---- idle keys ----

function tick(): void {
  const now = <u32>(clock >> 20);
  if (now > load<u32>(newestTick)) store<u32>(newestTick, now);
  const old = attempts.idle();
  if (!changetype<usize>(old) || !idle(old)) return;
  releaseAttempts(old);
  attempts.remove(old);
}

function idle(known: Attempts): bool {
  return <i64>load<u32>(newestTick) - <i64>known.seen > rules.idleTtl >> 20;
}

/** A key idle for too long begins anew, reaped or not. */
function use(known: Attempts): void {
  if (known.newest && idle(known)) {
    forgetAttempts(known);
    known.newest = 0;
    known.blockedAt = 0;
    known.blockedUntil = 0;
    known.blocks = 0;
  }
  known.seen = load<u32>(newestTick);
}
