/**
 * Nexmark's queries as declared pipelines, after the SQL of nexmark/nexmark and with the columns of
 * tests/models/nexmark.ts, which answers them naively. All take the same stream of `Event`s. Bids, people and
 * auctions may be four seconds out of order, as nexmark/nexmark declares it.
 *
 * SQL's decimals are whole numbers here: prices in euros are thousandths of a cent, and an average stands
 * beside its sum and count.
 */
import {
  assembly,
  avg,
  bounded,
  count,
  date,
  type Declaration,
  descending,
  distinct,
  hopping,
  max,
  min,
  type Num,
  pipeline,
  rowNumber,
  session,
  source,
  sum,
  sumOverRows,
  type Text,
  tumbling,
  variant,
  when,
} from "../../runtime/mod.ts";
import { AuctionSchema, BidSchema, EventSchema, PersonSchema } from "./gen/nexmark_pb.ts";

const DISORDER = bounded("4s");
const MINUTE = 60_000_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const CATEGORY = 10;

/** Auctions are open for at most an hour; a bid placed before its auction opened does not count. */
const OPEN = { before: 0, after: "1h" };
/** SQL keeps auctions and bids for ever; here a bid comes at most so long after its auction's opening… */
const BID_AFTER = "1h";
/** …or so long before: bids may name auctions that are about to be opened. */
const BID_BEFORE = "10s";
/** Tables of people and auctions grow with them. */
const TABLES = { unbounded: true };

const bids = source(variant(EventSchema, "bid", BidSchema), {
  eventTime: (bid) => bid.dateTime,
  watermark: DISORDER,
});
const auctions = source(variant(EventSchema, "auction", AuctionSchema), {
  eventTime: (auction) => auction.dateTime,
  watermark: DISORDER,
});
const people = source(variant(EventSchema, "person", PersonSchema), {
  eventTime: (person) => person.dateTime,
  watermark: DISORDER,
});

/** Pass through. */
export const q0 = pipeline("q0", { bids })
  .map(({ auction, bidder, price, dateTime }) => ({ auction, bidder, price, dateTime }))
  .to("q0");

/** Dollars to euros. */
export const q1 = pipeline("q1", { bids })
  .map(({ auction, bidder, price, dateTime }) => ({ auction, bidder, price: price.mul(908), dateTime }))
  .to("q1");

/** Bids on some auctions. */
export const q2 = pipeline("q2", { bids })
  .filter(({ auction }) => auction.oneOf([1007, 1020, 2001, 2019, 2087]))
  .map(({ auction, price }) => ({ auction, price }))
  .to("q2");

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

/** The auctions with the most bids in the last ten seconds, every two. */
export const q5 = pipeline("q5", { bids }, ({ bids }) => {
  const counts = bids.key(({ auction }) => ({ auction }))
    .window(hopping("10s", "2s"))
    .aggregate({ num: count() });
  // Results bear the end of their window as time: every two seconds of it belong to one window.
  const most = counts.all().window(tumbling("2s")).aggregate({ num: max(({ num }) => num) });
  return counts.key(({ num }) => num)
    .joinWindow(most.key(({ num }) => num), tumbling("2s"), ({ auction, num, windowStart }) => ({
      auction,
      num,
      windowStart,
    }))
    .to("q5");
});

/** What a seller's last eleven sold auctions brought on average. */
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
      .top(1, ({ price, dateTime, bidder, extra }) => [descending(price), dateTime, bidder, extra])
      .key(({ seller }) => seller)
      .over({ total: sumOverRows(({ price }) => price, 10), sold: rowNumber() })
      .map(({ seller, id, total, sold }) => ({ seller, id, total, auctions: sold.least(11) }))
      .to("q6"),
  TABLES,
);

/** The highest bids of each ten seconds. */
export const q7 = pipeline("q7", { bids }, ({ bids }) => {
  const rows = bids.map(({ auction, price, bidder, dateTime }) => ({ auction, price, bidder, dateTime }));
  const highest = rows.all().window(tumbling("10s")).aggregate({ price: max(({ price }) => price) });
  return rows.key(({ price }) => price)
    .joinWindow(
      highest.key(({ price }) => price),
      tumbling("10s"),
      ({ auction, price, bidder, dateTime }) => ({
        auction,
        price,
        bidder,
        dateTime,
      }),
    )
    .to("q7");
});

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

/** Bids in each session of a bidder. */
export const q11 = pipeline("q11", { bids })
  .key(({ bidder }) => ({ bidder }))
  .window(session("10s"))
  .aggregate({ bids: count() })
  .map(({ bidder, bids, windowStart, windowEnd }) => ({ bidder, bids, windowStart, windowEnd }))
  .to("q11");

/** Bids of each bidder in ten seconds of the clock they are processed by. */
export const q12 = pipeline("q12", {
  bids: source(variant(EventSchema, "bid", BidSchema), { processingTime: true }),
})
  .key(({ bidder }) => ({ bidder }))
  .window(tumbling("10s"))
  .aggregate({ bids: count() })
  .map(({ bidder, bids, windowStart, windowEnd }) => ({ bidder, bids, windowStart, windowEnd }))
  .to("q12");

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
      .latest(({ dateTime, extra }) => [dateTime, descending(extra)])
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
        { before: BID_BEFORE, after: BID_AFTER },
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

/** The three folders of the url. */
export const q22 = pipeline("q22", { bids })
  .map(({ auction, bidder, price, channel, url }) => ({
    auction,
    bidder,
    price,
    channel,
    dir1: url.split("/", 3),
    dir2: url.split("/", 4),
    dir3: url.split("/", 5),
  }))
  .to("q22");

/** Each bid with its day and minute. */
export const q10 = pipeline("q10", { bids })
  .map(({ auction, bidder, price, dateTime }) => ({
    auction,
    bidder,
    price,
    dateTime,
    day: date(dateTime),
    minute: clock(dateTime.mod(DAY).idiv(MINUTE)),
  }))
  .to("q10");

const countChar = assembly(
  `export function countChar(text: usize, length: u32, wanted: i64): i64 {
  let found: i64 = 0;
  for (let i: u32 = 0; i < length; i++) if (load<u8>(text + i) == wanted) found++;
  return found;
}`,
  "countChar",
);

/** High bids in euros, with the part of the day and how often extra has a "c". */
export const q14 = pipeline("q14", { bids })
  .filter(({ price }) => price.mul(908).gt(1_000_000_000).and(price.mul(908).lt(50_000_000_000)))
  .map(({ auction, bidder, price, dateTime, extra }) => ({
    auction,
    bidder,
    price: price.mul(908),
    bidTimeType: partOfDay(dateTime.mod(DAY).idiv(HOUR)),
    dateTime,
    counts: countChar.i64(extra, "c".charCodeAt(0)),
  }))
  .to("q14");

/** By name. */
export const queries: Readonly<Record<string, Declaration>> = {
  ...{ q0, q1, q2, q10, q12, q14, q20, q22 },
};

function partOfDay(hour: Num): Text {
  const night = hour.lte(6).or(hour.gte(20));
  return when(hour.between(8, 18), "dayTime", when(night, "nightTime", "otherTime"));
}

/** Minutes of the day as 23:59. */
function clock(minute: Num): Text {
  return twoDigits(minute.idiv(60)).concat(":").concat(twoDigits(minute.mod(60)));
}

function twoDigits(number: Num): Text {
  return when(number.lt(10), "0", "").concat(number.toText());
}
