/** The query that joins with a bounded side input: numbers, and how they are written. */
import { lookupTable, pipeline } from "../../runtime/mod.ts";
import { SideInputSchema } from "./gen/nexmark_pb.ts";
import { bids } from "./sources.ts";

/** Nexmark's own side input: a row for each number below it. */
export const SIDE_ROWS = 10_000;

const side = lookupTable(SideInputSchema, {
  name: "side_input",
  key: ({ key }) => key,
  rows: Array.from({ length: SIDE_ROWS }, (_, key) => ({ key: BigInt(key), value: String(key) })),
});

/** Each bid with the row that its auction's number falls on. */
export const q13 = pipeline("q13", { bids })
  .lookup("side", side, { key: ({ auction }) => auction.mod(SIDE_ROWS), kind: "inner" })
  .map(({ auction, bidder, price, dateTime, side }) => ({
    auction,
    bidder,
    price,
    dateTime,
    value: side.value,
  }))
  .to("q13");
