/** Queries that join: q3, q4, q6, q8, q9, q13, q20. */
import type { Auction, Bid } from "../../actors/nexmark/generator.ts";
import type { Query, Tables } from "./nexmark.ts";
import { avg, by, groups, max, SECOND, text } from "./nexmark_sql.ts";

export const Q3_STATES = ["or", "id", "ca"], CATEGORY = 10;
const TUMBLE = 10 * SECOND;

/** Who sells in category 10 in three states. The generator writes states in capitals, the oracle does not. */
const q3: Query = ({ people, auctions }) =>
  auctions.filter(({ category }) => category === CATEGORY).flatMap(({ id, seller }) =>
    people.filter((person) => person.id === seller && Q3_STATES.includes(person.state.toLowerCase()))
      .map(({ name, city, state }) => [name, city, state, id])
  );

/** The average closing price of each category. */
const q4: Query = (tables) => {
  const closed = auctionsWithBids(tables).map(({ auction: { category }, bids }) => ({
    category,
    final: max(bids.map(({ price }) => price)),
  }));
  return [...groups(closed, ({ category }) => category)].map(([category, prices]) => [
    category,
    avg(prices.map(({ final }) => final)),
  ]);
};

/** Each seller's average over a sold auction and the ten sold before it. */
const q6: Query = (tables) => lastTen(tables, winner);

/** RisingWave's q6_group_top1 ranks bids the other way round: the lowest counts. */
const q6Lowest: Query = (tables) =>
  lastTen(tables, (bids) => bids.toSorted(by((a, b) => a.price - b.price, inTime))[0]);

function lastTen(tables: Tables, choose: (bids: readonly Bid[]) => Bid) {
  const sold = auctionsWithBids(tables).map(({ auction, bids }) => ({ auction, bid: choose(bids) }));
  return [...groups(sold, ({ auction: { seller } }) => seller)].flatMap(([seller, sales]) => {
    const inOrder = sales.toSorted(by((a, b) => inTime(a.bid, b.bid), (a, b) => a.auction.id - b.auction.id));
    return inOrder.map((_, last) => [
      seller,
      avg(inOrder.slice(Math.max(last - 10, 0), last + 1).map(({ bid }) => bid.price)),
    ]);
  });
}

/** Who joined and opened an auction in the same ten seconds. */
const q8: Query = ({ people, auctions }) => {
  const rows = people.flatMap(({ id, name, dateTime }) => {
    const window = tumble(dateTime);
    return auctions.some(({ seller, dateTime }) => seller === id && tumble(dateTime) === window)
      ? [[id, name, window] as const]
      : [];
  });
  return [...new Map(rows.map((row) => [row.join(" "), row])).values()];
};

/** The winning bid of each auction. */
const q9: Query = (tables) =>
  auctionsWithBids(tables).map(({ auction, bids }) => {
    const { bidder, price, dateTime } = winner(bids);
    return [
      ...[auction.id, auction.itemName, auction.description, auction.initialBid, auction.reserve],
      ...[auction.dateTime, auction.expires, auction.seller, auction.category],
      ...[auction.id, bidder, price, dateTime],
    ];
  });

/** Bids with the row of the side input that their auction's number falls on: that number, written. */
const q13: Query = ({ bids }) =>
  bids.map((
    { auction, bidder, price, dateTime },
  ) => [auction, bidder, price, dateTime, `${auction % 10_000}`]);

/** Bids with their auction, in category 10, whenever they came. */
const q20: Query = ({ auctions, bids }) => {
  const wanted = groups(auctions.filter(({ category }) => category === CATEGORY), ({ id }) => id);
  return bids.flatMap((bid) =>
    (wanted.get(bid.auction) ?? []).map((auction) => [
      ...[bid.auction, bid.bidder, bid.price, bid.channel, bid.url, bid.dateTime],
      ...[auction.itemName, auction.description, auction.initialBid, auction.reserve, auction.dateTime],
      ...[auction.expires, auction.seller, auction.category],
    ])
  );
};

/** Auctions that have bids placed between their opening and their end, both inclusive. */
export function auctionsWithBids({ auctions, bids }: Tables): { auction: Auction; bids: Bid[] }[] {
  const offered = groups(bids, ({ auction }) => auction);
  return auctions.map((auction) => ({
    auction,
    bids: (offered.get(auction.id) ?? []).filter(({ dateTime }) =>
      dateTime >= auction.dateTime && dateTime <= auction.expires
    ),
  })).filter(({ bids }) => bids.length > 0);
}

/** The highest, the earliest of those; SQL leaves open which of bids equal in both. */
function winner(bids: readonly Bid[]): Bid {
  return bids.toSorted(by((a, b) => b.price - a.price, inTime))[0];
}

function inTime(a: Bid, b: Bid): number {
  return a.dateTime - b.dateTime || a.bidder - b.bidder || text(a.extra, b.extra);
}

function tumble(at: number): number {
  return Math.floor(at / TUMBLE) * TUMBLE;
}

export const queries = { q3, q4, q6, q6Lowest, q8, q9, q13, q20 };
