/**
 * Seeded card traffic after Sparkov's generator: cardholders in twelve profiles (age × gender × urban or
 * rural), categories with weights and gamma-distributed amounts, a few cards in a burst of fraud, a few that
 * are suddenly in another city. And the attack: twenty payments of ₹19,999 a minute, each with another card of
 * one BIN, card not present, through one checkout.
 */
import type { Seeded } from "../../actors/random.ts";
import { encodePaymentEvent, type PaymentFields } from "../../actors/payments/gen/payment_wire.ts";
import { Channel } from "../../actors/payments/gen/payment_pb.ts";

/** Weight, mean and standard deviation (in Sparkov's dollars) of each category; the online ones. */
const CATEGORIES = [
  { name: "gas_transport", weight: 150, mean: 70, deviation: 15, online: false },
  { name: "grocery_pos", weight: 150, mean: 60, deviation: 20, online: false },
  { name: "home", weight: 150, mean: 60, deviation: 50, online: false },
  { name: "shopping_pos", weight: 125, mean: 60, deviation: 300, online: false },
  { name: "shopping_net", weight: 100, mean: 60, deviation: 300, online: true },
  { name: "misc_net", weight: 75, mean: 50, deviation: 150, online: true },
  { name: "travel", weight: 45, mean: 45, deviation: 600, online: true },
] as const;

/** How much the twelve profiles spend beside each other: age below 25, to 50, above × gender × urban, rural. */
const SPENDING = [0.6, 0.5, 0.6, 0.5, 1.2, 1.0, 1.1, 0.9, 1.0, 0.8, 0.9, 0.7];

const PAISE_PER_DOLLAR = 2_000;
const MERCHANTS_PER_CATEGORY = 300;
const BINS = Array.from({ length: 40 }, (_, index) => String(411_111 + index * 7_919));
/** Of all payments, these begin a burst of fraud on their card, or come from a city far away. */
const BURST_SHARE = 0.0001;
const FAR_SHARE = 0.0002;
/** A burst is 7 to 16 payments, this far apart. */
const BURST_GAP_MS = 2_000;
/** A card may be used this many times above its usual spending in ten minutes before the sum is unusual. */
const SUM_TIMES = 60;

export const ATTACK = {
  bin: "489537",
  merchant: "electro-deals-checkout",
  amountMinor: 1_999_900,
  perMinute: 20,
} as const;

export class CardTraffic {
  /** Cards that were ever used in this run: their profile was sent. */
  readonly #known: Uint8Array;
  readonly #random: Seeded;
  readonly #bursts: { card: number; left: number; atMs: number }[] = [];
  readonly #buffer = new Uint8Array(1_024);
  #attacks = 0;

  constructor(random: Seeded, readonly cards: number) {
    this.#random = random;
    this.#known = new Uint8Array(cards);
  }

  /**
   * The next payment, at event time `at` (microseconds); when its card is new to this run, its customer
   * profile goes to `profile` first. The payloads are views, valid until the next call.
   */
  next(at: number, nowMs: number, profile: (payload: Uint8Array) => void): Uint8Array {
    const random = this.#random;
    const burst = this.#dueBurst(nowMs);
    const card = burst ?? random.int(0, this.cards - 1);
    if (this.#known[card] === 0) {
      this.#known[card] = 1;
      profile(this.#profile(card));
    }
    if (burst === undefined && random.next() < BURST_SHARE) {
      this.#bursts.push({ card, left: random.int(7, 16), atMs: nowMs + BURST_GAP_MS });
    }
    return this.#payment(card, at, burst !== undefined);
  }

  /** The attack's next payment. */
  attack(at: number): Uint8Array {
    return this.#encode({
      card: `tok-${ATTACK.bin}-${String(this.#attacks++).padStart(6, "0")}`,
      bin: ATTACK.bin,
      amount: ATTACK.amountMinor,
      currency: "INR",
      at,
      merchant: ATTACK.merchant,
      channel: Channel.CARD_NOT_PRESENT,
      category: "shopping_net",
    });
  }

  #payment(card: number, at: number, burst: boolean): Uint8Array {
    const random = this.#random;
    const category = CATEGORIES[burst ? 4 : random.weighted(WEIGHTS)];
    const mean = category.mean * SPENDING[card % SPENDING.length];
    const dollars = random.gamma(mean, category.deviation);
    const amount = Math.round((dollars < 1 ? 1 + 9 * random.next() : dollars) * PAISE_PER_DOLLAR);
    const fields: Mutable<PaymentFields> = {
      card: token(card),
      bin: BINS[card % BINS.length],
      amount: burst ? amount * 4 : amount,
      currency: "INR",
      at,
      merchant: `${category.name}-${random.int(1, MERCHANTS_PER_CATEGORY)}`,
      channel: category.online ? Channel.CARD_NOT_PRESENT : Channel.CARD_PRESENT,
      category: category.name,
    };
    if (!category.online) {
      const home = homeOf(card), far = random.next() < FAR_SHARE;
      fields.latitude = home.latitude + (far ? 15_000_000 : random.int(-20_000, 20_000));
      fields.longitude = home.longitude + random.int(-20_000, 20_000);
    }
    return this.#encode(fields);
  }

  #encode(payment: PaymentFields): Uint8Array {
    return this.#buffer.subarray(0, encodePaymentEvent({ payment }, this.#buffer, 0));
  }

  #profile(card: number): Uint8Array {
    const usual = Math.round(60 * SPENDING[card % SPENDING.length] * PAISE_PER_DOLLAR);
    const home = homeOf(card);
    const profile = {
      card: token(card),
      currency: "INR",
      sumMax: usual * SUM_TIMES,
      usualAmount: usual,
      homeLatitude: home.latitude,
      homeLongitude: home.longitude,
    };
    return this.#buffer.subarray(0, encodePaymentEvent({ profile }, this.#buffer, 0));
  }

  #dueBurst(nowMs: number): number | undefined {
    const burst = this.#bursts[0];
    if (!burst || burst.atMs > nowMs) return undefined;
    this.#bursts.shift();
    if (--burst.left > 0) this.#bursts.push({ ...burst, atMs: nowMs + BURST_GAP_MS });
    return burst.card;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const WEIGHTS = CATEGORIES.map(({ weight }) => weight);

function token(card: number): string {
  return `tok-${BINS[card % BINS.length]}-${card}`;
}

/** A fixed place in India for each card: 10° to 28° north, 73° to 85° east. */
function homeOf(card: number): { latitude: number; longitude: number } {
  const spread = Math.imul(card, 0x9e3779b1) >>> 0;
  return {
    latitude: 10_000_000 + (spread % 18_000_000),
    longitude: 73_000_000 + ((spread >>> 8) % 12_000_000),
  };
}
