/** The naive BIN-attack model: a Map of BIN × merchant, each with a Map of cards. The kernel must answer the same. */
import type { BinRelease, MerchantPolicy, Payment } from "../../actors/payments/gen/payment_pb.ts";
import {
  type Answer,
  APPLIED,
  APPROVE,
  badPayment,
  badTime,
  bytesOf,
  DECLINE,
  decodeEvent,
  LONG,
  MALFORMED,
  MISSING,
  OLD,
  RANGE,
  rejected,
  REVIEW,
  SECOND,
  tickOf,
  VARIANT,
} from "./payments.ts";

const CARDS_MAX = 32;
export const BIN_ATTACK_DEFAULTS = {
  window: 60n * SECOND,
  amountMin: 1_000_000n,
  cardsReview: 5,
  cardsBlock: 10,
  alikePermille: 50,
  block: 900n * SECOND,
  lateMax: 600n * SECOND,
  amountMax: 10n ** 12n,
  futureMax: 300n * SECOND,
  idleTtl: 90_000n * SECOND,
};
export type BinAttackRules = typeof BIN_ATTACK_DEFAULTS;

export interface Alert {
  kind: "blocked" | "released";
  key: string;
  at: bigint;
  blockedUntil: bigint;
  cards: number;
}

interface Attempt {
  card: string;
  at: bigint;
  amount: bigint;
  currency: string;
}

interface Known {
  newest: bigint;
  attempts: Attempt[];
  blockedAt: bigint;
  blockedUntil: bigint;
  blocks: number;
  seen: bigint;
}

export class BinAttackModel {
  readonly #rules: BinAttackRules;
  readonly #known = new Map<string, Known>();
  readonly #policies = new Map<string, MerchantPolicy>();
  #tick = 0n;
  /** Of the last event. */
  alerts: Alert[] = [];

  constructor(rules: Partial<BinAttackRules> = {}) {
    this.#rules = { ...BIN_ATTACK_DEFAULTS, ...rules };
  }

  apply(bytes: Uint8Array, clock: bigint): Answer {
    this.alerts = [];
    const event = decodeEvent(bytes)?.event;
    if (!event) return rejected(MALFORMED);
    if (tickOf(clock) > this.#tick) this.#tick = tickOf(clock);
    switch (event.case) {
      case "payment":
        return this.#pay(event.value, clock);
      case "merchantPolicy":
        return this.#setPolicy(event.value);
      case "binRelease":
        return this.#lift(event.value, clock);
      default:
        return rejected(VARIANT);
    }
  }

  /** As BinState in plain values, or undefined. */
  query(key: string) {
    const known = this.#known.get(key);
    if (!known || this.#idle(known) || !known.newest) return undefined;
    return {
      newest: known.newest,
      cards: known.attempts.filter((each) => each.at > known.newest - this.#rules.window).length,
      blockedAt: known.blockedAt,
      blockedUntil: known.blockedUntil,
      blocks: known.blocks,
    };
  }

  #pay(payment: Payment, clock: bigint): Answer {
    const rules = this.#rules;
    const bad = badPayment(payment, clock, rules.amountMax, rules.futureMax) ||
      badKey(payment.bin, payment.merchant);
    if (bad) return rejected(bad);
    const key = `${payment.bin}\0${payment.merchant}`, policy = this.#policyOf(payment.merchant);
    const counts = payment.channel !== 1 && payment.amount >= policy.amountMin;
    const known = counts ? this.#use(key) : this.#live(key);
    const newest = known && known.newest > payment.at ? known.newest : payment.at;
    if (newest - payment.at > rules.lateMax) return rejected(OLD);
    const blocked = known !== undefined && newest < known.blockedUntil;
    if (counts) return this.#judge(key, payment, known!, newest, blocked);
    if (payment.channel === 1 || !blocked) {
      return { kind: "reply", verdict: APPROVE, reasons: [], figures: [] };
    }
    return {
      kind: "reply",
      verdict: REVIEW,
      reasons: [[17, newest, known.blockedUntil]],
      figures: [[17, known.blockedUntil]],
    };
  }

  #judge(key: string, payment: Payment, known: Known, newest: bigint, blocked: boolean): Answer {
    const policy = this.#policyOf(payment.merchant);
    this.#record(known, newest, payment);
    known.newest = newest;
    const inWindow = payment.at > newest - this.#rules.window;
    const cards = inWindow
      ? known.attempts.filter((each) => alike(each, payment, policy.alikePermille)).length
      : 0;
    const tips = cards >= policy.cardsBlock;
    if (tips) {
      if (newest + policy.block > known.blockedUntil) known.blockedUntil = newest + policy.block;
      if (!blocked) {
        known.blockedAt = newest;
        known.blocks++;
        this.alerts.push({ kind: "blocked", key, at: newest, blockedUntil: known.blockedUntil, cards });
      }
    }
    const reasons: [number, bigint, bigint][] = [], figures: [number, bigint][] = [[16, BigInt(cards)]];
    if (tips) reasons.push([16, BigInt(cards), BigInt(policy.cardsBlock)]);
    else if (cards >= policy.cardsReview) reasons.push([16, BigInt(cards), BigInt(policy.cardsReview)]);
    if (blocked) reasons.push([17, newest, known.blockedUntil]);
    if (blocked || tips) figures.push([17, known.blockedUntil]);
    const verdict = blocked || tips ? DECLINE : cards >= policy.cardsReview ? REVIEW : APPROVE;
    return { kind: "reply", verdict, reasons, figures };
  }

  #record(known: Known, newest: bigint, { card, at, amount, currency }: Payment): void {
    const horizon = newest - this.#rules.window;
    known.attempts = known.attempts.filter((each) => each.at > horizon);
    if (at <= horizon) return;
    const same = known.attempts.find((each) => each.card === card);
    if (same) {
      if (same.at <= at) Object.assign(same, { at, amount, currency });
      return;
    }
    if (known.attempts.length === CARDS_MAX) {
      const oldest = known.attempts.reduce((a, b) => b.at < a.at ? b : a);
      known.attempts.splice(known.attempts.indexOf(oldest), 1);
    }
    known.attempts.push({ card, at, amount, currency });
  }

  #policyOf(merchant: string) {
    const own = this.#policies.get(merchant) ?? this.#policies.get("");
    const rules = this.#rules;
    return {
      amountMin: own?.amountMin || rules.amountMin,
      block: own?.block || rules.block,
      cardsReview: own?.cardsReview || rules.cardsReview,
      cardsBlock: own?.cardsBlock || rules.cardsBlock,
      alikePermille: own?.alikePermille || rules.alikePermille,
    };
  }

  #setPolicy(policy: MerchantPolicy): Answer {
    if (bytesOf(policy.merchant) > 64) return rejected(LONG);
    const valid = policy.amountMin >= 0n && policy.amountMin <= 10n ** 15n &&
      policy.cardsBlock <= CARDS_MAX &&
      policy.alikePermille <= 1000 && policy.block >= 0n && policy.block <= 86_400_000n * SECOND;
    if (!valid) return rejected(RANGE);
    if (policy.removed) this.#policies.delete(policy.merchant);
    else this.#policies.set(policy.merchant, policy);
    return APPLIED;
  }

  #lift(release: BinRelease, clock: bigint): Answer {
    const bad = badKey(release.bin, release.merchant) || badTime(release.at, clock, this.#rules.futureMax);
    if (bad) return rejected(bad);
    const key = `${release.bin}\0${release.merchant}`;
    const known = this.#live(key);
    if (!known) return APPLIED;
    this.#use(key);
    known.attempts = [];
    const newest = release.at > known.newest ? release.at : known.newest;
    if (newest >= known.blockedUntil) return APPLIED;
    known.blockedUntil = 0n;
    this.alerts.push({ kind: "released", key, at: release.at, blockedUntil: 0n, cards: 0 });
    return APPLIED;
  }

  #live(key: string): Known | undefined {
    const known = this.#known.get(key);
    return known && !this.#idle(known) ? known : undefined;
  }

  #use(key: string): Known {
    let known = this.#live(key);
    if (!known) {
      known = { newest: 0n, attempts: [], blockedAt: 0n, blockedUntil: 0n, blocks: 0, seen: 0n };
      this.#known.set(key, known);
    }
    known.seen = this.#tick;
    return known;
  }

  #idle(known: Known): boolean {
    return this.#tick - known.seen > this.#rules.idleTtl >> 20n;
  }
}

function badKey(bin: string, merchant: string): number {
  if (!bin || !merchant) return MISSING;
  if (bytesOf(merchant) > 64) return LONG;
  return /^[0-9]{6,8}$/.test(bin) && !bin.endsWith("\n") ? 0 : RANGE;
}

function alike(one: Attempt, other: Payment, permille: number): boolean {
  if (one.currency !== other.currency) return false;
  const [less, more] = one.amount < other.amount ? [one.amount, other.amount] : [other.amount, one.amount];
  return (more - less) * 1000n <= more * BigInt(permille);
}
