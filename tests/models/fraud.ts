/** The naive fraud model: a Map of cards, arrays of payments, BigInt. The kernel must answer the same. */
import type { CustomerProfile, Payment } from "../../actors/payments/gen/payment_pb.ts";
import { distance } from "./earth.ts";
import {
  type Answer,
  APPLIED,
  APPROVE,
  badPayment,
  badPlace,
  bytesOf,
  DAY,
  DECLINE,
  decodeEvent,
  INT64_MAX,
  isCurrency,
  LONG,
  MALFORMED,
  MISSING,
  OLD,
  OVERFLOW,
  RANGE,
  rejected,
  REVIEW,
  SECOND,
  tickOf,
  VARIANT,
} from "./payments.ts";

const KEPT_MAX = 64;
export const FRAUD_DEFAULTS = {
  countMax: 5,
  countWindow: 60n * SECOND,
  sumMax: 5000n,
  sumWindow: 600n * SECOND,
  speedKmhMax: 500,
  distanceMin: 1000n,
  unusualTimes: 20,
  suspicionWindow: DAY,
  reviewAfter: 3,
  declineAfter: 2,
  amountMax: 10n ** 12n,
  futureMax: 300n * SECOND,
  idleTtl: 90_000n * SECOND,
};
export type FraudRules = typeof FRAUD_DEFAULTS;

interface Kept {
  at: bigint;
  amount: bigint;
  stands: number;
}

/** What a card did, which idleness ends; and what its profile says, which stays. */
interface Card {
  newest: bigint;
  kept: Kept[];
  suspicious: number;
  suspiciousAt: bigint;
  place?: { at: bigint; latitude: number; longitude: number };
  currency: string;
  seen: bigint;
  profile?: CustomerProfile & { limit: bigint };
}

export class FraudModel {
  readonly #rules: FraudRules;
  readonly #cards = new Map<string, Card>();
  #tick = 0n;

  constructor(rules: Partial<FraudRules> = {}) {
    this.#rules = { ...FRAUD_DEFAULTS, ...rules };
  }

  apply(bytes: Uint8Array, clock: bigint): Answer {
    const event = decodeEvent(bytes)?.event;
    if (!event) return rejected(MALFORMED);
    if (tickOf(clock) > this.#tick) this.#tick = tickOf(clock);
    switch (event.case) {
      case "payment":
        return this.#pay(event.value, clock);
      case "profile":
        return this.#setProfile(event.value);
      case "cardRelease":
        return this.#release(event.value.card);
      default:
        return rejected(VARIANT);
    }
  }

  /** As CardState in plain values, or undefined. */
  query(key: string) {
    const card = this.#cards.get(key);
    if (!card || this.#idle(card) && !card.profile) return undefined;
    const rules = this.#rules, profile = card.profile;
    const active = !this.#idle(card) && card.newest > 0n;
    return {
      newest: active ? card.newest : 0n,
      count: active ? countOf(card, rules.countWindow) : 0,
      sum: active ? sumOf(card.kept) : 0n,
      suspicious: active ? card.suspicious : 0,
      suspiciousAt: active ? card.suspiciousAt : 0n,
      currency: card.currency,
      latitude: active ? card.place?.latitude ?? 0 : 0,
      longitude: active ? card.place?.longitude ?? 0 : 0,
      locatedAt: active ? card.place?.at ?? 0n : 0n,
      hasProfile: profile !== undefined,
      sumMax: profile?.limit || rules.sumMax,
      countMax: profile?.countMax || rules.countMax,
      speedKmhMax: profile?.speedKmhMax || rules.speedKmhMax,
    };
  }

  #pay(payment: Payment, clock: bigint): Answer {
    const rules = this.#rules;
    const bad = badPayment(payment, clock, rules.amountMax, rules.futureMax);
    if (bad) return rejected(bad);
    const card = this.#use(payment.card);
    const newest = payment.at > card.newest ? payment.at : card.newest;
    const horizon = newest - rules.sumWindow;
    if (payment.at <= horizon) return rejected(OLD);
    const kept = card.kept.filter((each) => each.at > horizon);
    if (sumOf(kept) + payment.amount > INT64_MAX) return rejected(OVERFLOW);
    const { currency } = payment;
    if (currency && card.currency && currency !== card.currency && (kept.length || card.profile?.currency)) {
      return rejected(100);
    }
    if (currency) card.currency = currency;

    card.newest = newest;
    card.kept = kept;
    if (kept.length === KEPT_MAX) {
      kept[1].amount += kept[0].amount;
      kept[1].stands += kept[0].stands;
      kept.shift();
    }
    const merged = kept[0]?.stands > 1 && payment.at < kept[0].at;
    kept.push({ at: merged ? kept[0].at : payment.at, amount: payment.amount, stands: 1 });
    kept.sort((a, b) => a.at < b.at ? -1 : a.at > b.at ? 1 : 0);
    return this.#judge(card, payment);
  }

  #judge(card: Card, payment: Payment): Answer {
    const rules = this.#rules, profile = card.profile;
    const reasons: [number, bigint, bigint][] = [], figures: [number, bigint][] = [];
    const count = BigInt(countOf(card, rules.countWindow)), sum = sumOf(card.kept);
    const countMax = BigInt(profile?.countMax || rules.countMax), sumMax = profile?.limit || rules.sumMax;
    if (count > countMax) reasons.push([1, count, countMax]);
    if (sum > sumMax) reasons.push([2, sum, sumMax]);
    figures.push([1, count], [2, sum]);
    this.#locate(card, payment, reasons, figures);
    const usual = (profile?.usualAmount ?? 0n) * BigInt(rules.unusualTimes);
    if (usual && payment.amount > usual) reasons.push([4, payment.amount, usual]);
    return this.#settle(card, payment, reasons, figures);
  }

  #locate(
    card: Card,
    payment: Payment,
    reasons: [number, bigint, bigint][],
    figures: [number, bigint][],
  ): void {
    const { latitude, longitude } = payment;
    if (payment.channel !== 1 || latitude === undefined || longitude === undefined) return;
    const rules = this.#rules, last = card.place;
    if (last) {
      const metres = distance(last.latitude, last.longitude, latitude, longitude);
      let apart = payment.at > last.at ? payment.at - last.at : last.at - payment.at;
      if (apart < SECOND) apart = SECOND;
      if (apart > 10n ** 13n) apart = 10n ** 13n;
      const most = BigInt(card.profile?.speedKmhMax || rules.speedKmhMax);
      const far = metres >= rules.distanceMin, speed = far ? metres * 3_600_000n / apart : 0n;
      if (far && metres * 3_600_000n > most * apart) reasons.push([3, speed, most]);
      figures.push([4, speed], [5, metres]);
    }
    if (!last || payment.at >= last.at) card.place = { at: payment.at, latitude, longitude };
  }

  #settle(
    card: Card,
    payment: Payment,
    reasons: [number, bigint, bigint][],
    figures: [number, bigint][],
  ): Answer {
    const rules = this.#rules, broken = reasons.length;
    if (card.newest - card.suspiciousAt >= rules.suspicionWindow) card.suspicious = 0;
    const before = card.suspicious;
    let verdict = broken === 0 ? APPROVE : broken === 1 ? REVIEW : DECLINE;
    const threshold = broken ? rules.declineAfter : rules.reviewAfter;
    if (before >= threshold) {
      verdict = broken ? DECLINE : REVIEW;
      reasons.push([5, BigInt(before), BigInt(threshold)]);
    }
    if (broken) {
      card.suspicious = Math.min(before + 1, 0xffff);
      card.suspiciousAt = card.newest;
    }
    figures.push([3, BigInt(card.suspicious)]);
    const home = card.profile, { latitude, longitude } = payment;
    if (verdict !== APPROVE && home?.homeLatitude !== undefined && latitude !== undefined) {
      figures.push([6, distance(home.homeLatitude, home.homeLongitude!, latitude, longitude!)]);
    }
    return { kind: "reply", verdict, reasons, figures };
  }

  #setProfile(profile: CustomerProfile): Answer {
    if (!profile.card) return rejected(MISSING);
    if (bytesOf(profile.card) > 64) return rejected(LONG);
    const bad = badPlace(profile.homeLatitude, profile.homeLongitude);
    if (bad) return rejected(bad);
    const valid = isCurrency(profile.currency) && profile.countMax <= 60 && profile.speedKmhMax <= 65535 &&
      profile.sumMax >= 0n && profile.sumMax <= 10n ** 15n && profile.limitPercent <= 100_000 &&
      profile.usualAmount >= 0n && profile.usualAmount <= 10n ** 15n;
    if (!valid) return rejected(RANGE);
    if (profile.removed && !this.#cards.has(profile.card)) return APPLIED;
    const card = this.#use(profile.card);
    card.profile = profile.removed ? undefined : { ...profile, limit: this.#limitOf(profile) };
    if (!profile.removed && profile.currency) card.currency = profile.currency;
    return APPLIED;
  }

  #limitOf(profile: CustomerProfile): bigint {
    if (!profile.limitPercent) return profile.sumMax;
    const base = profile.sumMax || (this.#rules.sumMax < 10n ** 15n ? this.#rules.sumMax : 10n ** 15n);
    return base * BigInt(profile.limitPercent) / 100n || 1n;
  }

  #release(key: string): Answer {
    if (!key) return rejected(MISSING);
    if (bytesOf(key) > 64) return rejected(LONG);
    if (!this.#cards.has(key)) return APPLIED;
    const card = this.#use(key);
    card.suspicious = 0;
    card.suspiciousAt = 0n;
    return APPLIED;
  }

  #use(key: string): Card {
    let card = this.#cards.get(key);
    if (!card || this.#idle(card)) {
      const profile = card?.profile;
      card = {
        newest: 0n,
        kept: [],
        suspicious: 0,
        suspiciousAt: 0n,
        currency: profile?.currency ?? "",
        seen: 0n,
        profile,
      };
      this.#cards.set(key, card);
    }
    card.seen = this.#tick;
    return card;
  }

  #idle(card: Card): boolean {
    return this.#tick - card.seen > this.#rules.idleTtl >> 20n;
  }
}

function sumOf(kept: readonly Kept[]): bigint {
  return kept.reduce((sum, each) => sum + each.amount, 0n);
}

function countOf(card: Card, window: bigint): number {
  return card.kept.reduce((count, each) => each.at > card.newest - window ? count + each.stands : count, 0);
}
