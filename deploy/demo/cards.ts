/**
 * The card traffic of the workload's generator, at a density that shows something in a minute: real
 * cardholders pay a few times a day, these about once a minute. So that nobody seems to fly between two shops,
 * each stays at home, but for a few who do. The profile of a card goes out before its first payment.
 */
import { CardTraffic, lastSaturday } from "../../actors/payments/generator.ts";
import {
  type CustomerProfileFields,
  encodePaymentEvent,
  type PaymentFields,
} from "../../actors/payments/gen/payment_wire.ts";
import { type Seeded, seeded } from "../../actors/random.ts";

const MINUTE = 60_000_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
/** The story begins on a Saturday at nine in the morning (UTC). */
const OPENING = 9 * HOUR;
/** The generator's ordinary payments of a Saturday morning beside its average day. */
const SATURDAY_MORNING = 1.5 * 0.6;
/** Of all payments in a shop, these are made 15 degrees from home. */
const FAR_SHARE = 0.0005;
const FAR = 15_000_000;
/** A card may spend ₹2,00,000 in ten minutes; ₹2,440 is what a payment comes to. */
const SUM_MAX = 20_000_000;
const USUAL_AMOUNT = 244_000;
/** The stolen cards are real ones, used once each: nothing about one card alone gives the attack away. */
const STOLEN = { currency: "INR", sumMax: SUM_MAX } as const;

export interface CardOptions {
  readonly seed: number;
  readonly startAt: number;
  /** Payments in a second of event time. */
  readonly perSecond: number;
  /** Event time of the attack's first payment. */
  readonly attackAt: number;
}

export interface CardEvent {
  /** Event time, microseconds. */
  readonly at: number;
  readonly attack: boolean;
  readonly amountMinor: number;
  /** Views, valid until the next call. The profile goes first, where there is one. */
  readonly profile: Uint8Array | undefined;
  readonly payment: Uint8Array;
}

/** Event time at which a run begins: nine on Saturday, or where the run before it ended. */
export function storyStart(now: number, carriedOn: number): number {
  return Math.max(lastSaturday(now) + OPENING, carriedOn + 1);
}

export class Cards {
  readonly count: number;
  readonly #traffic: CardTraffic;
  readonly #random: Seeded;
  readonly #profiled: Uint8Array;
  readonly #payment = new Uint8Array(1_024);
  readonly #profile = new Uint8Array(1_024);

  constructor(options: CardOptions) {
    this.count = Math.max(1_000, Math.min(1_000_000, Math.round(options.perSecond * 60)));
    this.#traffic = new CardTraffic({
      seed: options.seed,
      startAt: options.startAt,
      cards: this.count,
      perDay: options.perSecond * (DAY / 1_000_000) / SATURDAY_MORNING,
      attack: { at: options.attackAt, lasts: DAY },
    });
    this.#random = seeded(options.seed).fork("far");
    this.#profiled = new Uint8Array(this.count);
  }

  next(): CardEvent {
    const { at, event, kind } = this.#traffic.next();
    const payment = event.payment;
    if (kind === "attack") {
      return this.#event(at, true, payment, this.#encodeProfile({ ...STOLEN, card: payment.card }));
    }
    const index = Number(String(payment.card).slice(-10));
    const customer = this.#traffic.customers[index];
    const placed = payment.latitude === undefined ? payment : {
      ...payment,
      latitude: customer.latitude + (this.#random.next() < FAR_SHARE ? FAR : 0),
      longitude: customer.longitude,
    };
    return this.#event(at, false, placed, this.#profileOf(index));
  }

  #event(
    at: number,
    attack: boolean,
    payment: PaymentFields,
    profile: Uint8Array | undefined,
  ): CardEvent {
    const length = encodePaymentEvent({ payment }, this.#payment, 0);
    return {
      at,
      attack,
      amountMinor: Number(payment.amount),
      profile,
      payment: this.#payment.subarray(0, length),
    };
  }

  /** What is known of the card's holder, once. */
  #profileOf(index: number): Uint8Array | undefined {
    if (this.#profiled[index] === 1) return undefined;
    this.#profiled[index] = 1;
    const customer = this.#traffic.customers[index];
    return this.#encodeProfile({
      card: customer.card,
      currency: "INR",
      sumMax: SUM_MAX,
      usualAmount: Math.round(USUAL_AMOUNT * customer.spend),
      homeLatitude: customer.latitude,
      homeLongitude: customer.longitude,
    });
  }

  #encodeProfile(profile: CustomerProfileFields): Uint8Array {
    return this.#profile.subarray(0, encodePaymentEvent({ profile }, this.#profile, 0));
  }
}
