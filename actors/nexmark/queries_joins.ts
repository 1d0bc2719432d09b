/** Queries that join. What SQL would keep for ever is kept here as long as a bid may come. */
import {
  avg,
  count,
  descending,
  max,
  pipeline,
  rowNumber,
  sum,
  sumOverRows,
  tumbling,
} from "../../runtime/mod.ts";
import { auctions, bids, CATEGORY, OPEN, people, TABLES } from "./sources.ts";

/** For q20 a bid counts that names an auction about to be opened. */
const NEAR = { before: "10s", after: "1h" };

/** Who sells in a category in three states; the generator writes states in capitals, the oracle does not. */
export const q3 = pipeline("q3", { auctions, people }, ({ auctions, people }) => {
  const sellers = people.filter(({ state }) => state.oneOf(["or", "id", "ca", "OR", "ID", "CA"]))
    .map(({ id, name, city, state }) => ({ id, name, city, state }));
  return auctions.filter(({ category }) => category.eq(CATEGORY)).map(({ id, seller }) => ({ id, seller }))
    .key(({ id }) => id)
    .joinTable(
      sellers.key(({ id }) => id),
      ({ seller }) => seller,
      ({ id }, { name, city, state }) => ({ name, city, state, id }),
    )
    .to("q3");
}, TABLES);

/** The average closing price of each category. */
export const q4 = pipeline(
  "q4",
  { auctions, bids },
  ({ auctions, bids }) =>
    auctions.map(({ id, category, expires }) => ({ id, category, expires }))
      .key(({ id }) => id)
      .join(
        bids.map(({ auction, price, dateTime }) => ({ auction, price, dateTime })).key(({ auction }) =>
          auction
        ),
        OPEN,
        ({ id, category, expires }, { price, dateTime }) => ({ id, category, expires, price, dateTime }),
      )
      .filter(({ dateTime, expires }) => dateTime.lte(expires))
      .key(({ id, category }) => ({ id, category }))
      .aggregate({ final: max(({ price }) => price) })
      .key(({ category }) => category)
      .aggregate({
        average: avg(({ final }) => final),
        total: sum(({ final }) => final),
        auctions: count(),
      })
      .to("q4"),
  TABLES,
);

/** What a seller's last eleven sold auctions brought on average: told when no more bids can come. */
export const q6 = pipeline(
  "q6",
  { auctions, bids },
  ({ auctions, bids }) =>
    auctions.map(({ id, seller, expires }) => ({ id, seller, expires }))
      .key(({ id }) => id)
      .join(
        bids.map(({ auction, bidder, price, dateTime, extra }) => ({
          auction,
          bidder,
          price,
          dateTime,
          extra,
        }))
          .key(({ auction }) => auction),
        OPEN,
        ({ id, seller, expires }, bid) => ({ id, seller, expires, ...bid }),
      )
      .filter(({ dateTime, expires }) => dateTime.lte(expires))
      .key(({ id }) => id)
      .best(({ price, dateTime, bidder, extra }) => [descending(price), dateTime, bidder, extra], {
        after: OPEN.after,
      })
      .key(({ seller }) => seller)
      .over({ total: sumOverRows(({ price }) => price, 10), sold: rowNumber() })
      .map(({ seller, id, total, sold }) => ({ seller, id, total, auctions: sold.least(11) }))
      .to("q6"),
  TABLES,
);

/** Who joined and opened an auction in the same ten seconds. */
export const q8 = pipeline("q8", { people, auctions }, ({ people, auctions }) => {
  const sellers = auctions.key(({ seller }) => ({ seller }))
    .window(tumbling("10s")).aggregate({ auctions: count() });
  return people.map(({ id, name }) => ({ id, name })).key(({ id }) => id)
    .joinWindow(sellers.key(({ seller }) => seller), tumbling("10s"), ({ id, name }, _, { windowStart }) => ({
      id,
      name,
      windowStart,
    }))
    .to("q8");
});

/** The winning bid of each auction: the highest, the earliest of those. */
export const q9 = pipeline("q9", { auctions, bids }, ({ auctions, bids }) =>
  auctions.map((auction) => ({
    id: auction.id,
    itemName: auction.itemName,
    description: auction.description,
    initialBid: auction.initialBid,
    reserve: auction.reserve,
    dateTime: auction.dateTime,
    expires: auction.expires,
    seller: auction.seller,
    category: auction.category,
  }))
    .key(({ id }) => id)
    .join(
      bids.map(({ auction, bidder, price, dateTime, extra }) => ({ auction, bidder, price, dateTime, extra }))
        .key(({ auction }) => auction),
      OPEN,
      (auction, { auction: of, bidder, price, dateTime, extra }) => ({
        ...auction,
        auction: of,
        bidder,
        price,
        bidDateTime: dateTime,
        extra,
      }),
    )
    .filter(({ bidDateTime, expires }) => bidDateTime.lte(expires))
    .key(({ id }) => id)
    .top(1, ({ price, bidDateTime, bidder, extra }) => [descending(price), bidDateTime, bidder, extra])
    .map(({ extra: _, ...row }) => row)
    .to("q9"), TABLES);

/** Bids with their auction, in one category. */
export const q20 = pipeline(
  "q20",
  { auctions, bids },
  ({ auctions, bids }) =>
    auctions.filter(({ category }) => category.eq(CATEGORY))
      .map(({ id, itemName, description, initialBid, reserve, dateTime, expires, seller, category }) => ({
        id,
        itemName,
        description,
        initialBid,
        reserve,
        dateTime,
        expires,
        seller,
        category,
      }))
      .key(({ id }) => id)
      .join(
        bids.map(({ auction, bidder, price, channel, url, dateTime }) => ({
          auction,
          bidder,
          price,
          channel,
          url,
          dateTime,
        })).key(({ auction }) => auction),
        NEAR,
        ({ id: _, dateTime, ...auction }, { dateTime: bidDateTime, ...bid }) => ({
          ...bid,
          bidDateTime,
          itemName: auction.itemName,
          description: auction.description,
          initialBid: auction.initialBid,
          reserve: auction.reserve,
          auctionDateTime: dateTime,
          expires: auction.expires,
          seller: auction.seller,
          category: auction.category,
        }),
      )
      .to("q20"),
);
