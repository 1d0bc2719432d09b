/** Queries that count, or keep the newest or the highest, over all time: each change is an update. */
import {
  avg,
  count,
  date,
  descending,
  distinct,
  max,
  min,
  type Num,
  pipeline,
  sum,
} from "../../runtime/mod.ts";
import { bids, clock, DAY, MINUTE, TABLES } from "./sources.ts";

interface Offer {
  readonly price: Num;
  readonly bidder: Num;
  readonly auction: Num;
}
const low = ({ price }: { readonly price: Num }) => price.lt(10_000);
const middle = ({ price }: { readonly price: Num }) => price.gte(10_000).and(price.lt(1_000_000));
const high = ({ price }: { readonly price: Num }) => price.gte(1_000_000);

/** Bids, bidders and auctions, in all and by rank of price. */
const statistics = {
  totalBids: count<Offer>(),
  rank1Bids: count<Offer>(low),
  rank2Bids: count<Offer>(middle),
  rank3Bids: count<Offer>(high),
  totalBidders: distinct<Offer>(({ bidder }) => bidder),
  rank1Bidders: distinct<Offer>(({ bidder }) => bidder, { where: low }),
  rank2Bidders: distinct<Offer>(({ bidder }) => bidder, { where: middle }),
  rank3Bidders: distinct<Offer>(({ bidder }) => bidder, { where: high }),
  totalAuctions: distinct<Offer>(({ auction }) => auction),
  rank1Auctions: distinct<Offer>(({ auction }) => auction, { where: low }),
  rank2Auctions: distinct<Offer>(({ auction }) => auction, { where: middle }),
  rank3Auctions: distinct<Offer>(({ auction }) => auction, { where: high }),
};

/** Of each day. */
export const q15 = pipeline(
  "q15",
  { bids },
  ({ bids }) =>
    bids.map(({ dateTime, price, bidder, auction }) => ({ day: date(dateTime), price, bidder, auction }))
      .key(({ day }) => day)
      .aggregate(statistics)
      .to("q15"),
  TABLES,
);

/** Of each channel and day, with the last minute in which it had a bid. */
export const q16 = pipeline(
  "q16",
  { bids },
  ({ bids }) =>
    bids.map(({ dateTime, channel, price, bidder, auction }) => ({
      channel,
      day: date(dateTime),
      minute: dateTime.mod(DAY).idiv(MINUTE),
      price,
      bidder,
      auction,
    }))
      .key(({ channel, day }) => ({ channel, day }))
      .aggregate({ minute: max(({ minute }) => minute), ...statistics })
      .map(({ channel, day, minute, ...counts }) => ({ channel, day, minute: clock(minute), ...counts }))
      .to("q16"),
  TABLES,
);

/** Bids and prices of each auction on a day. */
export const q17 = pipeline(
  "q17",
  { bids },
  ({ bids }) =>
    bids.map(({ auction, dateTime, price }) => ({ auction, day: date(dateTime), price }))
      .key(({ auction, day }) => ({ auction, day }))
      .aggregate({
        totalBids: count(),
        rank1Bids: count(low),
        rank2Bids: count(middle),
        rank3Bids: count(high),
        minPrice: min(({ price }) => price),
        maxPrice: max(({ price }) => price),
        avgPrice: avg(({ price }) => price),
        sumPrice: sum(({ price }) => price),
      })
      .to("q17"),
  TABLES,
);

/** The newest bid of each bidder on each auction; of bids at one time the one with the smaller extra. */
export const q18 = pipeline(
  "q18",
  { bids },
  ({ bids }) =>
    bids.map(({ auction, bidder, price, channel, url, dateTime, extra }) => ({
      auction,
      bidder,
      price,
      channel,
      url,
      dateTime,
      extra,
    }))
      .key(({ bidder, auction }) => ({ bidder, auction }))
      .latest(({ dateTime, extra }) => [descending(dateTime), extra])
      .to("q18"),
  TABLES,
);

/** The ten highest bids on each auction. */
export const q19 = pipeline(
  "q19",
  { bids },
  ({ bids }) =>
    bids.map(({ auction, bidder, price, channel, url, dateTime, extra }) => ({
      auction,
      bidder,
      price,
      channel,
      url,
      dateTime,
      extra,
    }))
      .key(({ auction }) => auction)
      .top(10, ({ price, dateTime, bidder, extra }) => [descending(price), dateTime, bidder, extra], {
        rank: "rankNumber",
      })
      .to("q19"),
  TABLES,
);
