/**
 * The Nexmark generator: the same events as Apache Beam's, from its documented constants, for one person,
 * three auctions and 46 bids in every fifty events. Each event is drawn from java.util.Random seeded with the
 * event's id, so a configuration fixes every event, and any one can be made without those before it.
 *
 * What Beam's bids do not have (nexmark/nexmark added them, without a fixed seed), channel and url, is drawn
 * from a random stream of its own, so that it shifts nothing else.
 */
import type { AuctionFields, BidFields, PersonFields } from "./gen/nexmark_wire.ts";
import { Draw, isAuction, isPerson } from "./draw.ts";
import { JavaRandom } from "./java_random.ts";

/** Times are whole microseconds; Nexmark's own resolution is the millisecond. */
export interface Person extends Required<Plain<PersonFields>> {}
export interface Auction extends Required<Plain<AuctionFields>> {}
export interface Bid extends Required<Plain<BidFields>> {}
type Plain<Fields> = {
  [Name in keyof Fields]: Fields[Name] extends number | bigint | undefined ? number : string;
};

/** Fits `encodeEvent` of gen/nexmark_wire.ts as it is: exactly one of the three is there. */
export interface NexmarkEvent {
  readonly person?: Person;
  readonly auction?: Auction;
  readonly bid?: Bid;
}

/** Defaults are Beam's, but for `generators`. */
export interface NexmarkOptions {
  readonly events: number;
  /** Each has its own ids and its own timeline, all beginning at `startAt`. Default 1; Beam's is 100. */
  readonly generators?: number;
  /** Event time of the first events. Default 2015-07-15T00:00:00Z. */
  readonly startAt?: number;
  /** Events a second of event time, over all generators. Default 10,000. */
  readonly perSecond?: number;
  /** Where above 1, each run of so many events of a generator comes in a scrambled order. Default 1. */
  readonly outOfOrderGroup?: number;
  /** Bids on the hot auction against others: 1 in so many is not. Default 2. */
  readonly hotAuctionRatio?: number;
  /** Default 4. */
  readonly hotBiddersRatio?: number;
  /** Default 4. */
  readonly hotSellersRatio?: number;
  /** Default 100. */
  readonly auctionsInFlight?: number;
  /** Default 1,000. */
  readonly activePeople?: number;
  /** Average sizes that `extra` fills up to. Default 200, 500 and 100 bytes. */
  readonly personBytes?: number;
  readonly auctionBytes?: number;
  readonly bidBytes?: number;
}

export type NexmarkConfiguration = Required<NexmarkOptions>;

/** 2015-07-15T00:00:00Z. */
export const START_AT = 1_436_918_400_000_000;

/** The events in the order of their generators' clocks: the first of each generator, the second of each… */
export function* nexmark(options: NexmarkOptions): Generator<NexmarkEvent, void, undefined> {
  const configuration = configured(options);
  const timelines = split(configuration);
  const longest = timelines.reduce((most, { events }) => Math.max(most, events), 0);
  const draw = new Draw(configuration);
  for (let turn = 0; turn < longest; turn++) {
    for (const timeline of timelines) {
      if (turn < timeline.events) yield eventOf(timeline, turn, configuration, draw);
    }
  }
}

/** The event time of an event. */
export function timeOf({ person, auction, bid }: NexmarkEvent): number {
  return (bid ?? auction ?? person)!.dateTime;
}

export function configured(options: NexmarkOptions): NexmarkConfiguration {
  return {
    generators: 1,
    startAt: START_AT,
    perSecond: 10_000,
    outOfOrderGroup: 1,
    hotAuctionRatio: 2,
    hotBiddersRatio: 4,
    hotSellersRatio: 4,
    auctionsInFlight: 100,
    activePeople: 1000,
    personBytes: 200,
    auctionBytes: 500,
    bidBytes: 100,
    ...options,
  };
}

interface Timeline {
  readonly firstId: number;
  readonly events: number;
}

/** Equal shares of the ids; the last generator takes what is left over. */
function split({ events, generators }: NexmarkConfiguration): Timeline[] {
  const share = Math.floor(events / generators);
  return Array.from({ length: generators }, (_, index) => ({
    firstId: index * share,
    events: index === generators - 1 ? events - share * (generators - 1) : share,
  }));
}

const random = new JavaRandom();

function eventOf(timeline: Timeline, turn: number, options: NexmarkConfiguration, draw: Draw): NexmarkEvent {
  const number = scrambled(turn, options.outOfOrderGroup);
  const id = timeline.firstId + number;
  const at = timeOfNumber(number, options);
  random.seed(id);
  if (isPerson(id)) return { person: draw.person(id, random, at) };
  if (isAuction(id)) return { auction: draw.auction(id, random, at, horizon(number, at, options)) };
  return { bid: draw.bid(id, random, at) };
}

/** Stays within its group of `size`. */
function scrambled(number: number, size: number): number {
  return Math.floor(number / size) * size + (number * 953) % size;
}

/** Whole milliseconds after the start, in microseconds. */
function timeOfNumber(number: number, { startAt, perSecond, generators }: NexmarkConfiguration): number {
  const apart = Math.floor((1_000_000 + Math.floor(perSecond / 2)) / perSecond) * generators;
  return startAt + Math.floor(number * apart / 1000) * 1000;
}

/** Milliseconds until as many auctions as may be in flight have been opened: an auction's average length. */
function horizon(number: number, at: number, options: NexmarkConfiguration): number {
  const ahead = Math.floor(options.auctionsInFlight * 50 / 3);
  return (timeOfNumber(number + ahead, options) - at) / 1000;
}
