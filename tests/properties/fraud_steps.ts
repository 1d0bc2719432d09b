/** Streams of payments, profiles and releases that crowd the windows and now and then break a bound. */
import type { PaymentEventFields } from "../../actors/payments/gen/payment_wire.ts";
import type { Seeded } from "../../actors/random.ts";
import { encode, START, type Step } from "./payments_under_test.ts";

export const CARDS = [
  "4319400000000001",
  "4319400000000002",
  "token-of-a-card-that-is-longer-than-24-bytes",
  "ü1",
  "5",
];

export interface StepOptions {
  /** Of payments; profiles name one of these too. */
  readonly currencies?: readonly string[];
  /** Whether the clock may seem to go back. Default true. */
  readonly skewed?: boolean;
}

const CURRENCIES = ["", "INR", "INR", "INR", "INR", "USD"];

/** Events that crowd the windows, come out of order, and now and then break a bound. */
export function steps(
  random: Seeded,
  count: number,
  { currencies = CURRENCIES, skewed: skews = true }: StepOptions = {},
): Step[] {
  let at = START, clock = START + 1_000_000;
  return Array.from({ length: count }, () => {
    at += random.pick([0, 1, 1000, 900_000, 5_000_000, 12_000_000, 61_000_000, 300_000_000]);
    if (random.chance(0.005)) at += 90_000_000_000;
    clock = Math.max(clock, at) + random.pick([0, 0, 1_000_000]);
    if (random.chance(0.002)) clock += 100_000_000_000;
    const skewed = skews && random.chance(0.02) ? clock - random.int(0, 20_000_000) : clock;
    return { payload: encode(eventAt(random, at, clock, currencies)), clock: skewed };
  });
}

/** Of one card, more than are kept: they run together, and it rests while some of them still count. */
export function crowd(random: Seeded, count: number): Step[] {
  let at = START;
  return Array.from({ length: count }, () => {
    at += random.chance(0.01) ? random.pick([5, 20, 40, 59, 300, 590]) * 1_000_000 : random.int(0, 200_000);
    const late = random.chance(0.1) ? random.int(0, 70_000_000) : 0;
    const payment = { card: "5", amount: random.int(1, 100), at: at - late };
    return { payload: encode({ payment }), clock: at + 1 };
  });
}

function eventAt(
  random: Seeded,
  at: number,
  clock: number,
  currencies: readonly string[],
): PaymentEventFields {
  const card = random.chance(0.5) ? CARDS[0] : random.pick(CARDS);
  if (random.chance(0.03)) return { profile: profile(random, card, currencies) };
  if (random.chance(0.01)) {
    return { cardRelease: { card: random.pick([card, "nobody", ""]), by: "a person" } };
  }
  const late = random.chance(0.2)
    ? random.pick([1, 500_000, 59_999_999, 60_000_000, 599_999_999, 600_000_000])
    : 0;
  const located = random.chance(0.5);
  const payment = {
    card,
    amount: random.pick([1, 100, 700, 2500, 5000, 5001]),
    currency: random.pick(currencies),
    at: at - late,
    channel: random.int(0, 2),
    ...(located ? place(random) : {}),
  };
  return { payment: random.chance(0.06) ? hostile(random, payment, clock) : payment };
}

function place(random: Seeded) {
  return random.pick([
    { latitude: 19_076_000, longitude: 72_877_700 },
    { latitude: 28_613_900, longitude: 77_209_000 },
    {
      latitude: 19_076_000 + random.int(-20_000, 20_000),
      longitude: 72_877_700 + random.int(-20_000, 20_000),
    },
    { latitude: random.int(-90_000_000, 90_000_000), longitude: random.int(-180_000_000, 180_000_000) },
  ]);
}

function hostile(random: Seeded, payment: PaymentEventFields["payment"], clock: number) {
  return random.pick([
    { ...payment, card: "" },
    { ...payment, card: "x".repeat(65) },
    { ...payment, card: "x".repeat(64) },
    {
      ...payment,
      amount: random.pick([
        0n,
        -1n,
        10n ** 12n,
        10n ** 12n + 1n,
        10n ** 15n + 1n,
        2n ** 63n - 1n,
        -(2n ** 63n),
      ]),
    },
    {
      ...payment,
      at: random.pick([0n, -1n, 1n, 2n ** 63n - 1n, -(2n ** 63n), BigInt(clock) + 300_000_001n]),
    },
    { ...payment, currency: random.pick(["inr", "IN", "INRR", "IN1", "éR"]) },
    { ...payment, latitude: 90_000_001, longitude: 0 },
    { ...payment, latitude: undefined, longitude: 5 },
  ]);
}

function profile(random: Seeded, card: string, currencies: readonly string[]) {
  return {
    card: random.chance(0.05) ? "" : card,
    currency: random.pick([random.pick(currencies), "INR", random.pick(currencies), "x"]),
    sumMax: random.pick([0, 10_000, -1]),
    countMax: random.pick([0, 3, 60, 61]),
    speedKmhMax: random.pick([0, 900, 70_000]),
    limitPercent: random.pick([0, 50, 333]),
    usualAmount: random.pick([0, 100]),
    ...(random.chance(0.5) ? { homeLatitude: 19_000_000, homeLongitude: 72_000_000 } : {}),
    removed: random.chance(0.3),
  };
}
