/** Queries that look at one bid at a time: q0, q1, q2, q10, q14, q21, q22. */
import type { Decimal, Query, Row, Tables } from "./nexmark.ts";
import { day, hour, minute } from "./nexmark_sql.ts";

/** Pass through. */
const q0: Query = ({ bids }) =>
  bids.map(({ auction, bidder, price, dateTime }) => [auction, bidder, price, dateTime]);

/** Dollars to euros. */
const q1: Query = ({ bids }) =>
  bids.map(({ auction, bidder, price, dateTime }) => [auction, bidder, euros(price), dateTime]);

/** Nexmark's own choice of auctions; nexmark/nexmark's is every 123rd. */
export const Q2_AUCTIONS = [1007, 1020, 2001, 2019, 2087];
const q2: Query = (tables) => bidsOn(tables, (auction) => Q2_AUCTIONS.includes(auction));

export function everyNth(tables: Tables, skip: number): Row[] {
  return bidsOn(tables, (auction) => auction % skip === 0);
}

function bidsOn({ bids }: Tables, wanted: (auction: number) => boolean): Row[] {
  return bids.filter(({ auction }) => wanted(auction)).map(({ auction, price }) => [auction, price]);
}

/** Each bid with its day and minute, for files by minute. */
const q10: Query = ({ bids }) =>
  bids.map((
    { auction, bidder, price, dateTime },
  ) => [auction, bidder, price, dateTime, day(dateTime), minute(dateTime)]);

/** High bids, with the part of the day and how often extra has a "c". */
const q14: Query = ({ bids }) =>
  bids.filter(({ price }) => 908 * price > 1_000_000_000 && 908 * price < 50_000_000_000)
    .map((
      { auction, bidder, price, dateTime, extra },
    ) => [auction, bidder, euros(price), partOfDay(hour(dateTime)), dateTime, extra.split("c").length - 1]);

function partOfDay(hour: number): string {
  if (hour >= 8 && hour <= 18) return "dayTime";
  return hour <= 6 || hour >= 20 ? "nightTime" : "otherTime";
}

const HOT_CHANNELS: Readonly<Record<string, string>> = { apple: "0", google: "1", facebook: "2", baidu: "3" };

/** A channel's id: known by its name, or from the url; bids with neither are left out. */
const q21: Query = ({ bids }) =>
  bids.flatMap(({ auction, bidder, price, channel, url }) => {
    const id = HOT_CHANNELS[channel.toLowerCase()] ?? /(?:&|^)channel_id=([^&]*)/.exec(url)?.[1];
    return id === undefined ? [] : [[auction, bidder, price, channel, id]];
  });

/** The three folders of the url. */
const q22: Query = ({ bids }) =>
  bids.map(({ auction, bidder, price, channel, url }) => {
    const parts = url.split("/");
    return [auction, bidder, price, channel, parts[3] ?? "", parts[4] ?? "", parts[5] ?? ""];
  });

function euros(price: number): Decimal {
  return { over: BigInt(price) * 908n, under: 1000n };
}

export const queries = { q0, q1, q2, q10, q14, q21, q22 };
