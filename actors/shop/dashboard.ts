/** The dashboard of a shop: revenue by the minute, active users, and pages that fail. */
import { bounded, count, hopping, pipeline, session, source, sum, tumbling } from "../../runtime/mod.ts";
import { PageEventKind, PageEventSchema } from "./gen/shop_pb.ts";

const events = () => source(PageEventSchema, { eventTime: (e) => e.at, watermark: bounded("30s") });

/** Revenue of each minute of event time. */
export const revenue = pipeline("revenue", { events: events() })
  .filter((e) => e.kind.eq(PageEventKind.ORDER))
  .all()
  .window(tumbling("1m"))
  .aggregate({ orders: count(), revenue: sum((e) => e.amount) })
  .view("revenue", undefined, { ttl: "1d" });

/** Users by visits: a visit ends when nothing was heard of a user for five minutes, by the clock. */
export const activeUsers = pipeline("active_users", {
  events: source(PageEventSchema, { processingTime: true }),
})
  .key((e) => e.userId)
  .window(session("5m", { max: "4h" }))
  .aggregate({ events: count(), orders: count((e) => e.kind.eq(PageEventKind.ORDER)) })
  .to("visits");

/** Pages of which more than one response in twenty is an error, over five minutes, told every minute. */
export const errorsByPage = pipeline("errors_by_page", { events: events() })
  .key((e) => e.productId)
  .window(hopping("5m", "1m"))
  .aggregate({ views: count(), errors: count((e) => e.status.gte(500)) })
  .having((w) => w.errors.div(w.views).gt(0.05))
  .to("alerts");
