/** Queries that look at one bid at a time. Prices in euros are thousandths of a cent. */
import { assembly, date, type Num, pipeline, type Text, when } from "../../runtime/mod.ts";
import { bids, clock, DAY, HOUR, MINUTE } from "./sources.ts";

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

/** A channel's id: known by its name, or from the url; bids with neither are left out. */
export const q21 = pipeline("q21", { bids })
  .map(({ auction, bidder, price, channel, url }) => ({
    auction,
    bidder,
    price,
    channel,
    url,
    name: channel.lower(),
  }))
  .map(({ auction, bidder, price, channel, url, name }) => ({
    auction,
    bidder,
    price,
    channel,
    channelId: knownChannel(name, url.split("&channel_id=", 1).split("&", 0)),
    known: knownChannel(name, "").ne("").or(url.contains("&channel_id=")),
  }))
  .filter(({ known }) => known)
  .map(({ auction, bidder, price, channel, channelId }) => ({ auction, bidder, price, channel, channelId }))
  .to("q21");

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

function partOfDay(hour: Num): Text {
  const night = hour.lte(6).or(hour.gte(20));
  return when(hour.between(8, 18), "dayTime", when(night, "nightTime", "otherTime"));
}

function knownChannel(channel: Text, otherwise: Text | string): Text {
  const channels = [["apple", "0"], ["google", "1"], ["facebook", "2"], ["baidu", "3"]];
  return channels.reduce<Text | string>(
    (rest, [name, id]) => when(channel.eq(name), id, rest),
    otherwise,
  ) as Text;
}
