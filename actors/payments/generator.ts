/**
 * Card traffic after the Sparkov model: twelve customer profiles, amounts by category, more in the afternoon
 * and on weekends, bursts of fraud at night, and an attack on a BIN that begins when it is told to. The same
 * seed gives the same payments. Event time is explicit and never falls: a demo runs a Saturday as fast as it
 * likes.
 */
import { type Seeded, seeded } from "../random.ts";
import type { CustomerProfileFields, PaymentEventFields, PaymentFields } from "./gen/payment_wire.ts";

export interface TrafficOptions {
  readonly seed: number;
  /** Event time of the first payment, microseconds. */
  readonly startAt: number;
  /** Default 10,000. */
  readonly cards?: number;
  /** Ordinary payments in an event-time day of weight 1. Default: 3 for each card. */
  readonly perDay?: number;
  /** Share of cards that fall to a burst of fraud on a day. Default 0.001. */
  readonly fraudShare?: number;
  readonly attack?: AttackOptions;
}

export interface AttackOptions {
  /** Event time of its first payment. */
  readonly at: number;
  /** Default 30 minutes. */
  readonly lasts?: number;
  /** Default 20. */
  readonly perMinute?: number;
  /** Minor units. Default ₹19,999. */
  readonly amount?: number;
}

export interface Generated {
  readonly at: number;
  readonly event: PaymentEventFields & { readonly payment: PaymentFields };
  /** What it is in truth, which no rule is told. */
  readonly kind: "ordinary" | "fraud" | "attack";
}

/** The BIN and the checkout that the attack goes through. */
export const ATTACKED = { bin: "431940", merchant: "shopping_net-07" } as const;

const SECOND = 1_000_000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
/** Minor units of a rupee amount for one unit of the model's amounts. */
const SCALE = 4000;
/** Monday to Sunday, percent. */
const WEEKDAYS = [80, 90, 100, 100, 125, 150, 150];
const MORNING = 0.6, AFTERNOON = 1.4; // 30 % and 70 % of the day in half a day each
const MERCHANTS_PER_CATEGORY = 77;

interface Category {
  readonly name: string;
  readonly weight: number;
  readonly mean: number;
  readonly deviation: number;
  readonly present: boolean;
}
const category = (name: string, weight: number, mean: number, deviation: number): Category => ({
  name,
  weight,
  mean,
  deviation,
  present: !name.endsWith("_net"),
});
const CATEGORIES = [
  category("gas", 150, 70, 15),
  category("grocery_pos", 150, 60, 20),
  category("home", 150, 60, 50),
  category("shopping_pos", 125, 60, 300),
  category("shopping_net", 100, 60, 300),
  category("misc_net", 75, 50, 150),
  category("travel", 45, 60, 600),
];
const FRAUDS = [
  category("grocery_pos", 1, 350, 20),
  category("misc_net", 1, 800, 80),
  category("shopping_net", 1, 1000, 100),
  category("shopping_pos", 1, 900, 120),
  category("entertainment", 1, 500, 50),
  category("gas", 1, 10, 2),
];
const WEIGHTS = CATEGORIES.map((each) => each.weight);

/** Age <25, 25–50, 50+ × two genders × urban and rural: least and most payments a day, and spend. */
const PROFILES = [0, 1, 2].flatMap((age) =>
  [0, 1].flatMap((gender) =>
    [0, 1].map((rural) => ({
      least: 1,
      most: 5 - rural - (age === 1 ? 0 : 1),
      spend: [0.8, 1, 1.1][age] * (gender ? 1.05 : 1) * (rural ? 0.9 : 1),
    }))
  )
);
const DAILY_MOST = 5;

/** Cities by microdegrees: customers live in them and shop around home. */
const CITIES = [
  [19076000, 72877700],
  [28613900, 77209000],
  [12971600, 77594600],
  [13082700, 80270700],
  [22572600, 88363900],
  [17385000, 78486700],
  [18520400, 73856700],
  [23022500, 72571400],
  [26912400, 75787300],
  [26846700, 80946200],
];
const BINS = Array.from(
  { length: 40 },
  (_, index) => index === 0 ? ATTACKED.bin : `4${31_941 + index * 977}`,
);

interface Customer {
  readonly card: string;
  readonly bin: string;
  readonly daily: number;
  readonly spend: number;
  readonly latitude: number;
  readonly longitude: number;
}

export class CardTraffic {
  readonly customers: readonly Customer[];
  readonly #random: Seeded;
  readonly #perDay: number;
  readonly #fraudShare: number;
  readonly #attack: Required<AttackOptions> | undefined;
  #at: number;
  #ordinary: Generated;
  /** Bursts of the days up to #plannedTo, by rising time. */
  #planned: Generated[] = [];
  #plannedTo: number;
  #attacks = 0;

  constructor(options: TrafficOptions) {
    const random = seeded(options.seed);
    const cards = options.cards ?? 10_000;
    this.customers = Array.from({ length: cards }, (_, index) => customer(index, random));
    this.#random = random;
    this.#perDay = options.perDay ?? cards * 3;
    this.#fraudShare = options.fraudShare ?? 0.001;
    this.#attack = options.attack &&
      { lasts: 30 * MINUTE, perMinute: 20, amount: 1_999_900, ...options.attack };
    this.#at = options.startAt;
    this.#plannedTo = options.startAt;
    this.#ordinary = this.#drawOrdinary();
  }

  /** What is known of every customer: to be applied before the first payment. */
  *profiles(): Generator<PaymentEventFields & { readonly profile: CustomerProfileFields }> {
    for (const each of this.customers) {
      yield {
        profile: {
          card: each.card,
          currency: "INR",
          sumMax: 6_000_000,
          usualAmount: Math.round(61 * SCALE * each.spend),
          homeLatitude: each.latitude,
          homeLongitude: each.longitude,
        },
      };
    }
  }

  /** The next payment in event time; there is always one. */
  next(): Generated {
    while (this.#plannedTo <= this.#ordinary.at) this.#planDay();
    const attackAt = this.#nextAttackAt();
    const planned = this.#planned[0];
    if (attackAt <= this.#ordinary.at && (!planned || attackAt <= planned.at)) {
      return this.#drawAttack(attackAt);
    }
    if (planned && planned.at <= this.#ordinary.at) return this.#planned.shift()!;
    const ordinary = this.#ordinary;
    this.#ordinary = this.#drawOrdinary();
    return ordinary;
  }

  #drawOrdinary(): Generated {
    const random = this.#random;
    const weight = WEEKDAYS[weekday(this.#at)] / 100 * (this.#at % DAY < DAY / 2 ? MORNING : AFTERNOON);
    this.#at += Math.max(1, Math.round(random.exponential() * DAY / (this.#perDay * weight)));
    let who = random.pick(this.customers);
    while (random.next() * DAILY_MOST > who.daily) who = random.pick(this.customers);
    return this.#payment(who, CATEGORIES[random.weighted(WEIGHTS)], this.#at, "ordinary", who.spend);
  }

  #payment(who: Customer, of: Category, at: number, kind: Generated["kind"], spend: number): Generated {
    const random = this.#random;
    let amount = random.gamma(of.mean, of.deviation) * spend;
    if (amount < 1) amount = 1 + random.next() * 9;
    const merchant = `${of.name}-${String(random.int(1, MERCHANTS_PER_CATEGORY)).padStart(2, "0")}`;
    const payment: PaymentFields = {
      card: who.card,
      bin: who.bin,
      amount: Math.round(amount * SCALE),
      currency: "INR",
      at,
      merchant,
      category: of.name,
      ...(of.present
        ? {
          channel: 1,
          latitude: who.latitude + random.int(-100_000, 100_000),
          longitude: who.longitude + random.int(-100_000, 100_000),
        }
        : { channel: 2 }),
    };
    return { at, event: { payment }, kind };
  }

  /** Draws the bursts of one day: 7 to 16 payments, four in five between 22 and 4 o'clock. */
  #planDay(): void {
    const random = this.#random;
    const from = this.#plannedTo, day = from - from % DAY;
    this.#plannedTo = day + DAY;
    for (let burst = random.poisson(this.customers.length * this.#fraudShare); burst > 0; burst--) {
      const who = random.pick(this.customers);
      for (let count = random.int(7, 16); count > 0; count--) {
        const hour = random.chance(0.8) ? random.pick([0, 1, 2, 3, 22, 23]) : random.int(4, 21);
        const at = day + hour * HOUR + random.int(0, HOUR - 1);
        if (at >= from) this.#planned.push(this.#payment(who, random.pick(FRAUDS), at, "fraud", 1));
      }
    }
    this.#planned.sort((a, b) => a.at - b.at);
  }

  #nextAttackAt(): number {
    const attack = this.#attack;
    if (!attack) return Infinity;
    const at = attack.at + Math.floor(this.#attacks * MINUTE / attack.perMinute);
    return at < attack.at + attack.lasts ? at : Infinity;
  }

  /** Each payment tries another number of the BIN, none of them a customer's. */
  #drawAttack(at: number): Generated {
    const card = `${ATTACKED.bin}9${String(this.#attacks++).padStart(9, "0")}`;
    const payment = { ...ATTACKED, card, amount: this.#attack!.amount, currency: "INR", at, channel: 2 };
    return { at, event: { payment: { ...payment, category: "shopping_net" } }, kind: "attack" };
  }
}

function customer(index: number, random: Seeded): Customer {
  const profile = random.pick(PROFILES), bin = random.pick(BINS), city = random.pick(CITIES);
  return {
    card: `${bin}${String(index).padStart(10, "0")}`,
    bin,
    daily: random.int(profile.least, profile.most),
    spend: profile.spend,
    latitude: city[0] + random.int(-200_000, 200_000),
    longitude: city[1] + random.int(-200_000, 200_000),
  };
}

/** 0 = Monday; the epoch was a Thursday. */
function weekday(at: number): number {
  return (Math.floor(at / DAY) + 3) % 7;
}

/** Midnight (UTC) of the last Saturday that is over at `now`: its payments lie in the past, none is TOO_NEW. */
export function lastSaturday(now: number): number {
  const today = now - now % DAY;
  const since = (weekday(today) + 2) % 7;
  return today - (since || 7) * DAY;
}
