/**
 * The heart of the fraud rules as a declaration: how often, how much, and how fast a card moves. What the kernel
 * `fraud` knows beyond that (customer profiles, the card's history of suspicion) is left to it.
 */
import {
  assembly,
  bounded,
  countWithin,
  pipeline,
  previous,
  sinceBefore,
  source,
  sumWithin,
  variant,
} from "../../runtime/mod.ts";
import { PaymentEventSchema, PaymentSchema } from "./gen/payment_pb.ts";

/** Metres between two places in microdegrees. */
const metres = assembly(
  `import { distance } from "../payments/earth";
export function metres(a: i64, b: i64, c: i64, d: i64): i64 {
  return distance(<i32> a, <i32> b, <i32> c, <i32> d);
}`,
  "metres",
);

/** km/h of one metre in one microsecond. */
const KMH = 3_600_000;

export default pipeline("card_velocity", {
  payments: source(variant(PaymentEventSchema, "payment", PaymentSchema), {
    eventTime: (p) => p.at,
    watermark: bounded("1m"),
    ahead: "5m",
  }),
})
  .key((p) => p.card)
  .decide({
    hits: countWithin("1m"),
    spent: sumWithin((p) => p.amount, "10m"),
    latitude: previous((p) => p.latitude),
    longitude: previous((p) => p.longitude),
    since: sinceBefore(),
  }, {
    tooMany: { when: (f) => f.hits.gt(5), verdict: "decline", observed: (f) => f.hits, limit: 5 },
    tooMuch: { when: (f) => f.spent.gt(5_000), verdict: "decline", observed: (f) => f.spent, limit: 5_000 },
    tooFast: {
      when: (f, p) =>
        f.since.gt(0).and(p.latitude.ne(0)).and(f.latitude.ne(0)).and(
          metres.i64(f.latitude, f.longitude, p.latitude, p.longitude).mul(KMH).gt(f.since.mul(500)),
        ),
      verdict: "review",
      limit: 500,
    },
  })
  .filter((d) => d.verdict.gt(1))
  .to("suspicious");
