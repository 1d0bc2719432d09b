/**
 * What Nexmark's queries read, after the SQL of nexmark/nexmark: one stream of `Event`s, whose bids, people and
 * auctions may each be four seconds out of order.
 */
import { bounded, type Num, source, type Text, variant, when } from "../../runtime/mod.ts";
import { AuctionSchema, BidSchema, EventSchema, PersonSchema } from "./gen/nexmark_pb.ts";

const DISORDER = bounded("4s");

export const bids = source(variant(EventSchema, "bid", BidSchema), {
  eventTime: (bid) => bid.dateTime,
  watermark: DISORDER,
});
export const auctions = source(variant(EventSchema, "auction", AuctionSchema), {
  eventTime: (auction) => auction.dateTime,
  watermark: DISORDER,
});
export const people = source(variant(EventSchema, "person", PersonSchema), {
  eventTime: (person) => person.dateTime,
  watermark: DISORDER,
});

/** Bids by the clock of the machine that takes them. */
export const bidsAsProcessed = source(variant(EventSchema, "bid", BidSchema), { processingTime: true });

/** The category that some queries ask for. */
export const CATEGORY = 10;

/** Auctions are open for at most an hour; a bid placed before its auction opened does not count. */
export const OPEN = { before: 0, after: "1h" };

/** Tables of people, auctions and bids grow with them. */
export const TABLES = { unbounded: true };

export const MINUTE = 60_000_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

/** Minutes of the day as 23:59. */
export function clock(minute: Num): Text {
  return twoDigits(minute.idiv(60)).concat(":").concat(twoDigits(minute.mod(60)));
}

function twoDigits(number: Num): Text {
  return when(number.lt(10), "0", "").concat(number.toText());
}
