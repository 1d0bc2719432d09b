/**
 * Nexmark's queries as one would answer them with all rows in hand: naive, after the SQL of nexmark/nexmark
 * (Flink), with the columns of RisingWave's, whose results are in tests/golden; where the two give different
 * answers there are two. Each takes events in any order and returns rows
 * in no order. Times are microseconds; what SQL calls decimal is an exact fraction. Where the SQL leaves a
 * choice open (ROW_NUMBER over equal rows), it is closed so that the answer does not depend on the order of
 * arrival.
 */
import type { Auction, Bid, NexmarkEvent, Person } from "../../actors/nexmark/generator.ts";
import * as aggregates from "./nexmark_aggregates.ts";
import * as joins from "./nexmark_joins.ts";
import * as more from "./nexmark_more.ts";
import * as rows from "./nexmark_rows.ts";
import * as windows from "./nexmark_windows.ts";

/** A SQL decimal, exact: numerator over denominator. */
export interface Decimal {
  readonly over: bigint;
  readonly under: bigint;
}
export type Value = string | number | Decimal | null;
export type Row = readonly Value[];

export interface Tables {
  readonly people: readonly Person[];
  readonly auctions: readonly Auction[];
  readonly bids: readonly Bid[];
}

export type Query = (tables: Tables) => Row[];

/** By name. q12 is not here: its time is when an event is processed (nexmark_windows.ts has it). */
export const queries: Readonly<Record<string, Query>> = {
  ...rows.queries,
  ...joins.queries,
  ...windows.queries,
  ...aggregates.queries,
  ...more.queries,
};

export function tablesOf(events: Iterable<NexmarkEvent>): Tables {
  const people: Person[] = [], auctions: Auction[] = [], bids: Bid[] = [];
  for (const { person, auction, bid } of events) {
    if (person) people.push(person);
    if (auction) auctions.push(auction);
    if (bid) bids.push(bid);
  }
  return { people, auctions, bids };
}
