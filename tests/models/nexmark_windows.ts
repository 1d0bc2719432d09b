/** Queries over windows of time: q5, q7, q11, q12. */
import type { Bid } from "../../actors/nexmark/generator.ts";
import type { Query, Row, Tables } from "./nexmark.ts";
import { groups, max, SECOND, windowsOf } from "./nexmark_sql.ts";

/** The auctions with the most bids in each window; the window is not part of the row. */
const q5: Query = (tables) => hotItems(tables, 10 * SECOND, 2 * SECOND);

export function hotItems({ bids }: Tables, size: number, slide: number): Row[] {
  return [...inWindows(bids, size, slide).values()].flatMap((bids) => {
    const counts = [...groups(bids, ({ auction }) => auction)].map((
      [auction, { length }],
    ) => [auction, length]);
    const most = max(counts.map(([, count]) => Number(count)));
    return counts.filter(([, count]) => count === most);
  });
}

/**
 * The highest bids of each ten seconds. The SQL also takes a bid that is exactly at the end of a window whose
 * highest it equals; a window here is [start, end), as the benchmark means it.
 */
const q7: Query = ({ bids }) =>
  [...inWindows(bids, 10 * SECOND).values()].flatMap((bids) => {
    const highest = max(bids.map(({ price }) => price));
    return bids.filter(({ price }) => price === highest)
      .map(({ auction, price, bidder, dateTime }) => [auction, price, bidder, dateTime]);
  });

/** Bids in each session of a bidder: bids less than ten seconds apart are in one. */
const q11: Query = ({ bids }) => sessions(bids, 10 * SECOND);

function sessions(bids: readonly Bid[], gap: number): Row[] {
  return [...groups(bids, ({ bidder }) => bidder)].flatMap(([bidder, bids]) => {
    const times = bids.map(({ dateTime }) => dateTime).sort((a, b) => a - b);
    const rows: Row[] = [];
    let start = 0;
    for (let next = 1; next <= times.length; next++) {
      if (next < times.length && times[next] - times[next - 1] < gap) continue;
      rows.push([bidder, next - start, times[start], times[next - 1] + gap]);
      start = next;
    }
    return rows;
  });
}

/** Bids of each bidder in ten seconds of the clock they were processed by. */
export function q12(processed: readonly { readonly bid: Bid; readonly at: number }[]): Row[] {
  const size = 10 * SECOND;
  const found = groups(processed, ({ bid, at }) => `${bid.bidder} ${Math.floor(at / size) * size}`);
  return [...found].map(([key, bids]) => {
    const [bidder, start] = String(key).split(" ").map(Number);
    return [bidder, bids.length, start, start + size];
  });
}

function inWindows(bids: readonly Bid[], size: number, slide = size): Map<number, Bid[]> {
  const windows = new Map<number, Bid[]>();
  for (const bid of bids) {
    for (const start of windowsOf(bid.dateTime, size, slide)) {
      const window = windows.get(start);
      if (window) window.push(bid);
      else windows.set(start, [bid]);
    }
  }
  return windows;
}

export const queries = { q5, q7, q11 };
