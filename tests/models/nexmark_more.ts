/** RisingWave's own additions to Nexmark: q101 to q106. */
import type { Query, Row, Tables } from "./nexmark.ts";
import { auctionsWithBids } from "./nexmark_joins.ts";
import { groups, max, min } from "./nexmark_sql.ts";

/** Each auction with its highest bid, or with none. */
const q101: Query = ({ auctions, bids }) => {
  const offered = groups(bids, ({ auction }) => auction);
  return auctions.map(({ id, itemName }) => {
    const prices = offered.get(id)?.map(({ price }) => price);
    return [id, itemName, prices ? max(prices) : null];
  });
};

/** Auctions with at least as many bids as an auction that was bid on has on average, in whole bids. */
const q102: Query = (tables) => {
  const { bids } = tables;
  const average = Math.floor(bids.length / groups(bids, ({ auction }) => auction).size);
  return counted(tables).filter(([, , count]) => Number(count) >= average);
};

/** Auctions with at least twenty bids. */
const q103: Query = (tables) =>
  counted(tables).filter(([, , count]) => Number(count) >= 20).map(([id, name]) => [id, name]);

/** Auctions that are not among those with fewer than twenty bids: one without any bid is not. */
const q104: Query = ({ auctions, bids }) => {
  const offered = groups(bids, ({ auction }) => auction);
  return auctions.filter(({ id }) => (offered.get(id)?.length ?? 20) >= 20)
    .map(({ id, itemName }) => [id, itemName]);
};

/** The thousand auctions with the most bids. */
const q105: Query = (tables) =>
  counted(tables).toSorted((a, b) => Number(b[2]) - Number(a[2]) || Number(a[0]) - Number(b[0])).slice(
    0,
    1000,
  );

/** The lowest winning bid. */
const q106: Query = (tables) => {
  const finals = auctionsWithBids(tables).map(({ bids }) => max(bids.map(({ price }) => price)));
  return [[finals.length ? min(finals) : null]];
};

/** Auctions that were bid on: id, name, how often. */
function counted({ auctions, bids }: Tables): Row[] {
  const offered = groups(bids, ({ auction }) => auction);
  return auctions.filter(({ id }) => offered.has(id))
    .map(({ id, itemName }) => [id, itemName, offered.get(id)!.length]);
}

export const queries = { q101, q102, q103, q104, q105, q106 };
