/** Queries that count, keep the newest or the highest, over all time: q15 to q19. */
import type { Bid } from "../../actors/nexmark/generator.ts";
import type { Query, Row } from "./nexmark.ts";
import { avg, by, day, distinct, groups, max, min, minute, sum, text } from "./nexmark_sql.ts";

/** Bids, bidders and auctions of a day, in all and by rank of price. */
const q15: Query = ({ bids }) =>
  [...groups(bids, ({ dateTime }) => day(dateTime))].map(([day, bids]) => [day, ...statistics(bids)]);

/** The same by channel, with the last minute in which it had a bid. */
const q16: Query = ({ bids }) => byChannel(bids, minute);

/** RisingWave reads HH:mm as to_char does: an hour of the twelve-hour clock, and the month. */
const q16ToChar: Query = ({ bids }) => byChannel(bids, toChar);

function byChannel(bids: readonly Bid[], minute: (at: number) => string): Row[] {
  return [...groups(bids, ({ channel, dateTime }) => `${channel}\n${day(dateTime)}`)].map(([key, bids]) => {
    const last = bids.map(({ dateTime }) => minute(dateTime)).sort(text).at(-1)!;
    return [...String(key).split("\n"), last, ...statistics(bids)];
  });
}

function toChar(at: number): string {
  const twelve = (Number(minute(at).slice(0, 2)) + 11) % 12 + 1;
  return `${String(twelve).padStart(2, "0")}:${day(at).slice(5, 7)}`;
}

function statistics(bids: readonly Bid[]): number[] {
  const ranks = [bids, ...byRank(bids)];
  return [
    ...ranks.map(({ length }) => length),
    ...ranks.map((bids) => distinct(bids.map(({ bidder }) => bidder))),
    ...ranks.map((bids) => distinct(bids.map(({ auction }) => auction))),
  ];
}

/** Bids and prices of each auction on a day. The average is SQL's, exact; Flink's drops the fraction. */
const q17: Query = ({ bids }) =>
  [...groups(bids, ({ auction, dateTime }) => `${auction} ${day(dateTime)}`)].map(([key, bids]) => {
    const [auction, date] = String(key).split(" ");
    const prices = bids.map(({ price }) => price);
    return [
      ...[Number(auction), date, bids.length, ...byRank(bids).map(({ length }) => length)],
      ...[min(prices), max(prices), avg(prices), Number(sum(prices))],
    ];
  });

/** The newest bid of each bidder on each auction; of bids at one time the one with the smaller extra. */
const q18: Query = ({ bids }) =>
  [...groups(bids, ({ auction, bidder }) => `${auction} ${bidder}`).values()].map((bids) =>
    rowOf(bids.toSorted(by((a, b) => b.dateTime - a.dateTime, (a, b) => text(a.extra, b.extra)))[0])
  );

/** The ten highest bids on each auction. Equal prices are ranked by time, then bidder, then extra. */
const q19: Query = ({ bids }) =>
  [...groups(bids, ({ auction }) => auction).values()].flatMap((bids) =>
    bids.toSorted(by((a, b) => b.price - a.price, inTime)).slice(0, 10).map((bid, index) => [
      ...rowOf(bid),
      index + 1,
    ])
  );

function rowOf({ auction, bidder, price, channel, url, dateTime, extra }: Bid): Row {
  return [auction, bidder, price, channel, url, dateTime, extra];
}

/** Under 10,000, under 1,000,000, and above. */
function byRank(bids: readonly Bid[]): Bid[][] {
  return [
    bids.filter(({ price }) => price < 10_000),
    bids.filter(({ price }) => price >= 10_000 && price < 1_000_000),
    bids.filter(({ price }) => price >= 1_000_000),
  ];
}

function inTime(a: Bid, b: Bid): number {
  return a.dateTime - b.dateTime || a.bidder - b.bidder || text(a.extra, b.extra);
}

export const queries = { q15, q16, q16ToChar, q17, q18, q19 };
