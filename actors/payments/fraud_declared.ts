/**
 * The rules of wasm/kernels/fraud.ts as a declaration: what a card did lately, what its profile says, and how
 * often it was suspicious. Its reasons and figures have the codes of the handwritten kernel.
 */
import {
  assembly,
  bounded,
  countWithin,
  flaggedWithin,
  isSet,
  lastKnown,
  newest,
  newestAt,
  now,
  pipeline,
  source,
  sumWithin,
  variant,
  when,
} from "../../runtime/mod.ts";
import {
  CardReleaseSchema,
  CustomerProfileSchema,
  PaymentEventSchema,
  PaymentSchema,
} from "./gen/payment_pb.ts";

const COUNT_MAX = 5,
  SUM_MAX = 5_000,
  SPEED_MAX = 500,
  UNUSUAL_TIMES = 20,
  REVIEW_AFTER = 3,
  DECLINE_AFTER = 2;
const SECOND = 1_000_000, AMOUNT_MAX = 10n ** 15n;

/** The file of wasm/ that has the functions of these rules. */
const FILE = "payments/rules";
const RULES = `export { apart, currency, faster, metres, speed } from "../${FILE}";`;
const metres = assembly(RULES, "metres"), apart = assembly(RULES, "apart");
const faster = assembly(RULES, "faster"),
  speed = assembly(RULES, "speed"),
  currency = assembly(RULES, "currency");

const from = <D extends typeof PaymentSchema | typeof CustomerProfileSchema | typeof CardReleaseSchema>(
  field: string,
  message: D,
) => variant(PaymentEventSchema, field, message);

export default pipeline("fraud_declared", {
  payments: source(from("payment", PaymentSchema), {
    // What is too new is rejected below; before that it must not pass for late.
    eventTime: (p) => p.at.least(now().add(3600 * SECOND)),
    watermark: bounded("1m"),
  }),
  profiles: source(from("profile", CustomerProfileSchema)),
  releases: source(from("cardRelease", CardReleaseSchema)),
}, ({ payments, profiles, releases }) => {
  const known = profiles
    .require("MISSING_FIELD", (p) => p.card.length().gt(0))
    .require("KEY_TOO_LONG", (p) => p.card.length().lte(64))
    .require("MISSING_FIELD", (p) => isSet(p.homeLatitude).eq(isSet(p.homeLongitude)))
    .require(
      "OUT_OF_RANGE",
      (p) => p.homeLatitude.between(-90e6, 90e6).and(p.homeLongitude.between(-180e6, 180e6)),
    )
    .require(
      "OUT_OF_RANGE",
      (p) =>
        currency.bool(p.currency).and(p.countMax.lte(60)).and(p.speedKmhMax.lte(65_535))
          .and(p.sumMax.between(0, AMOUNT_MAX)).and(p.limitPercent.lte(100_000))
          .and(p.usualAmount.between(0, AMOUNT_MAX)),
    )
    .map((p) => {
      const kept = p.removed.not();
      const base = when(p.sumMax.eq(0), SUM_MAX, p.sumMax);
      const scaled = base.idiv(100).mul(p.limitPercent).add(base.mod(100).mul(p.limitPercent).idiv(100))
        .greatest(1);
      return {
        card: p.card,
        sumMax: when(kept, when(p.limitPercent.eq(0), p.sumMax, scaled), 0),
        countMax: when(kept, p.countMax, 0),
        speedMax: when(kept, p.speedKmhMax, 0),
        usual: when(kept, p.usualAmount, 0),
        currency: when(kept, p.currency.code(), 0),
        hasHome: kept.and(isSet(p.homeLatitude)),
        homeLatitude: p.homeLatitude,
        homeLongitude: p.homeLongitude,
      };
    });
  return payments
    .require("MISSING_FIELD", (p) => p.card.length().gt(0))
    .require("KEY_TOO_LONG", (p) => p.card.length().lte(64))
    .require("MISSING_FIELD", (p) => p.at.ne(0))
    .require("TOO_OLD", (p) => p.at.gte(946_684_800_000_000n))
    .require("TOO_NEW", (p) => p.at.sub(now()).lte(300 * SECOND))
    .require("OUT_OF_RANGE", (p) => p.amount.gt(0))
    .require("OVERFLOW", (p) => p.amount.lte(AMOUNT_MAX))
    .require("OUT_OF_RANGE", (p) => p.amount.lte(10n ** 12n).and(currency.bool(p.currency)))
    .require("MISSING_FIELD", (p) => isSet(p.latitude).eq(isSet(p.longitude)))
    .require("OUT_OF_RANGE", (p) => p.latitude.between(-90e6, 90e6).and(p.longitude.between(-180e6, 180e6)))
    .key((p) => p.card)
    .decide(
      {
        count: countWithin("1m"),
        counted: countWithin("10m"),
        sum: sumWithin((p) => p.amount, "10m"),
        locatedAt: newestAt((p) => p.channel.eq(1).and(isSet(p.latitude))),
        latitude: newest((p) => p.latitude, (p) => p.channel.eq(1).and(isSet(p.latitude))),
        longitude: newest((p) => p.longitude, (p) => p.channel.eq(1).and(isSet(p.latitude))),
        suspicious: flaggedWithin("1d"),
        // The profile's, or that of the payments in the window.
        countedIn: lastKnown((p) => p.currency.code(), {
          where: (p) => p.currency.length().gt(0),
          fact: "currency",
        }),
      },
      (f, p) => {
        const located = f.locatedAt.gt(0).and(p.channel.eq(1)).and(isSet(p.latitude));
        const far = metres.i64(located, f.latitude, f.longitude, p.latitude, p.longitude);
        const time = apart.i64(p.at, f.locatedAt);
        const kmh = speed.i64(far, time);
        const countMax = when(f.countMax.eq(0), COUNT_MAX, f.countMax);
        const sumMax = when(f.sumMax.eq(0), SUM_MAX, f.sumMax);
        const speedMax = when(f.speedMax.eq(0), SPEED_MAX, f.speedMax);
        const usual = f.usual.mul(UNUSUAL_TIMES);
        return {
          refuse: {
            currencyMismatch: () => {
              const given = p.currency.code();
              return given.ne(0).and(f.countedIn.ne(0)).and(given.ne(f.countedIn))
                .and(f.counted.gt(0).or(f.currency.ne(0)));
            },
          },
          rules: {
            count: {
              when: () => f.count.gt(countMax),
              verdict: "review",
              observed: () => f.count,
              limit: countMax,
            },
            sum: { when: () => f.sum.gt(sumMax), verdict: "review", observed: () => f.sum, limit: sumMax },
            geoVelocity: {
              when: () => faster.bool(far, time, speedMax),
              verdict: "review",
              observed: () => kmh,
              limit: speedMax,
            },
            unusualAmount: {
              when: () => f.usual.gt(0).and(p.amount.gt(usual)),
              verdict: "review",
              observed: () => p.amount,
              limit: usual,
            },
          },
          escalate: ({ broken }) => {
            const after = when(broken.gt(0), DECLINE_AFTER, REVIEW_AFTER);
            return {
              suspiciousHistory: {
                when: () => f.suspicious.gte(after),
                verdict: "review",
                observed: () => f.suspicious,
                limit: after,
              },
              several: {
                when: () => broken.gt(1).or(broken.eq(1).and(f.suspicious.gte(DECLINE_AFTER))),
                verdict: "decline",
                silent: true,
              },
            };
          },
          tell: ({ broken, verdict }) => ({
            count: f.count,
            sum: f.sum,
            suspicious: when(broken.gt(0), f.suspicious.add(1), f.suspicious),
            speedKmh: { value: kmh, where: located },
            distanceM: { value: far, where: located },
            homeDistanceM: {
              value: metres.i64(true, f.homeLatitude, f.homeLongitude, p.latitude, p.longitude),
              where: verdict.gt(1).and(f.hasHome).and(isSet(p.latitude)),
            },
          }),
        };
      },
      {
        facts: known.key((p) => p.card),
        clears: releases
          .require("MISSING_FIELD", (r) => r.card.length().gt(0))
          .require("KEY_TOO_LONG", (r) => r.card.length().lte(64))
          .key((r) => r.card),
        ttl: "25h",
        most: 64,
        beyond: "merge",
      },
    )
    .filter((d) => d.verdict.gt(1))
    .to("suspicious");
});
