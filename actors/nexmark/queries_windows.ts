/** Queries over windows of time. */
import { count, hopping, max, pipeline, session, tumbling } from "../../runtime/mod.ts";
import { bids, bidsAsProcessed } from "./sources.ts";

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

/** Bids in each session of a bidder. */
export const q11 = pipeline("q11", { bids })
  .key(({ bidder }) => ({ bidder }))
  .window(session("10s"))
  .aggregate({ bids: count() })
  .map(({ bidder, bids, windowStart, windowEnd }) => ({ bidder, bids, windowStart, windowEnd }))
  .to("q11");

/** Bids of each bidder in ten seconds of the clock they are processed by. */
export const q12 = pipeline("q12", { bids: bidsAsProcessed })
  .key(({ bidder }) => ({ bidder }))
  .window(tumbling("10s"))
  .aggregate({ bids: count() })
  .map(({ bidder, bids, windowStart, windowEnd }) => ({ bidder, bids, windowStart, windowEnd }))
  .to("q12");
