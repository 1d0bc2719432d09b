/**
 * What one Nexmark event holds, drawn in Beam's order: the order of the draws is part of the data set. The
 * caller seeds the random stream with the event's id before each.
 */
import type { Auction, Bid, NexmarkConfiguration, Person } from "./generator.ts";
import { JavaRandom } from "./java_random.ts";

const PEOPLE = 1, AUCTIONS = 3, EVENTS = 50;
const FIRST_PERSON = 1000, FIRST_AUCTION = 1000, FIRST_CATEGORY = 10;
const CATEGORIES = 5;
/** Ids that do not exist yet may be named too: so events seem swapped in time. */
const LEAD = 10;
/** The hot one is the first of so many. */
const HOT_OF = 100;
const CHANNELS = 10_000;

const STATES = ["AZ", "CA", "ID", "OR", "WA", "WY"];
const CITIES = [
  "Phoenix",
  "Los Angeles",
  "San Francisco",
  "Boise",
  "Portland",
  "Bend",
  "Redmond",
  "Seattle",
  "Kent",
  "Cheyenne",
];
const FIRST_NAMES = [
  "Peter",
  "Paul",
  "Luke",
  "John",
  "Saul",
  "Vicky",
  "Kate",
  "Julie",
  "Sarah",
  "Deiter",
  "Walter",
];
const LAST_NAMES = ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"];
const HOT_CHANNELS = ["Google", "Facebook", "Baidu", "Apple"];

export function isPerson(id: number): boolean {
  return id % EVENTS < PEOPLE;
}

export function isAuction(id: number): boolean {
  return !isPerson(id) && id % EVENTS < PEOPLE + AUCTIONS;
}

export class Draw {
  /** For channel and url, which Beam's bids do not have. */
  readonly #own = new JavaRandom();
  readonly #urls: string[] = [];
  readonly #channels: string[] = [];

  constructor(readonly options: NexmarkConfiguration) {}

  person(event: number, random: JavaRandom, at: number): Person {
    const id = lastPerson(event) + FIRST_PERSON;
    const name = `${pick(random, FIRST_NAMES)} ${pick(random, LAST_NAMES)}`;
    const emailAddress = `${words(random, 7)}@${words(random, 5)}.com`;
    const creditCard = `${digits(random)} ${digits(random)} ${digits(random)} ${digits(random)}`;
    const city = pick(random, CITIES);
    const state = pick(random, STATES);
    const size = 8 + name.length + emailAddress.length + creditCard.length + city.length + state.length;
    const extra = filler(random, size, this.options.personBytes);
    return { id, name, emailAddress, creditCard, city, state, dateTime: at, extra };
  }

  /** `horizon`: milliseconds, the average length of an auction. */
  auction(event: number, random: JavaRandom, at: number, horizon: number): Auction {
    const id = lastAuction(event) + FIRST_AUCTION;
    const hot = random.nextInt(this.options.hotSellersRatio) > 0;
    const seller = FIRST_PERSON + (hot ? firstOf(lastPerson(event)) : this.#person(event, random));
    const category = FIRST_CATEGORY + random.nextInt(CATEGORIES);
    const initialBid = price(random);
    const expires = at + (1 + random.nextInt(Math.max(horizon * 2, 1))) * 1000;
    const itemName = words(random, 20);
    const description = words(random, 100);
    const reserve = initialBid + price(random);
    const extra = filler(random, 8 + itemName.length + description.length + 40, this.options.auctionBytes);
    return {
      id,
      itemName,
      description,
      initialBid,
      reserve,
      dateTime: at,
      expires,
      seller,
      category,
      extra,
    };
  }

  bid(event: number, random: JavaRandom, at: number): Bid {
    const hotAuction = random.nextInt(this.options.hotAuctionRatio) > 0;
    const auction = FIRST_AUCTION + (hotAuction ? firstOf(lastAuction(event)) : this.#auction(event, random));
    const hotBidder = random.nextInt(this.options.hotBiddersRatio) > 0;
    // The second of the hot people, so that hot bidders and hot sellers are not the same.
    const bidder = FIRST_PERSON + (hotBidder ? firstOf(lastPerson(event)) + 1 : this.#person(event, random));
    const amount = price(random);
    const extra = filler(random, 32, this.options.bidBytes);
    const channel = this.#channel(event);
    return {
      auction,
      bidder,
      price: amount,
      channel: this.#channels[channel],
      url: this.#urls[channel],
      dateTime: at,
      extra,
    };
  }

  /** Someone active, or about to join. */
  #person(event: number, random: JavaRandom): number {
    const people = lastPerson(event) + 1;
    const active = Math.min(people, this.options.activePeople);
    return people - active + random.nextInt(active + LEAD);
  }

  /** An auction probably still open, or about to be opened. */
  #auction(event: number, random: JavaRandom): number {
    const last = lastAuction(event);
    const first = Math.max(last - this.options.auctionsInFlight, 0);
    return first + random.nextInt(last - first + 1 + LEAD);
  }

  /** Half of the bids come through one of four channels, the others through one of ten thousand. */
  #channel(event: number): number {
    const random = this.#own.seed(event * 2 + 0x100000001);
    const hot = random.nextInt(2) > 0;
    const channel = hot ? CHANNELS + random.nextInt(HOT_CHANNELS.length) : random.nextInt(CHANNELS);
    if (this.#urls[channel] === undefined) {
      this.#channels[channel] = hot ? HOT_CHANNELS[channel - CHANNELS] : `channel-${channel}`;
      this.#urls[channel] = urlOf(channel, this.#own.seed(channel));
    }
    return channel;
  }
}

/** The newest person's number when event `event` comes, from 0. */
function lastPerson(event: number): number {
  return Math.floor(event / EVENTS) * PEOPLE + Math.min(event % EVENTS, PEOPLE - 1);
}

/** The newest auction's number when event `event` comes, from 0; -1 before the first. */
function lastAuction(event: number): number {
  const epoch = Math.floor(event / EVENTS), offset = event % EVENTS;
  if (offset < PEOPLE) return epoch * AUCTIONS - 1;
  return epoch * AUCTIONS + Math.min(offset - PEOPLE, AUCTIONS - 1);
}

function firstOf(number: number): number {
  return Math.trunc(number / HOT_OF) * HOT_OF;
}

function pick<T>(random: JavaRandom, values: readonly T[]): T {
  return values[random.nextInt(values.length)];
}

/** Cents: from 1 to a million units, as likely in each power of ten. */
function price(random: JavaRandom): number {
  return Math.round(Math.pow(10, random.nextDouble() * 6) * 100);
}

/** From 3 letters to `length` exclusive, about one in thirteen a space (or `gap`), trimmed. */
function words(random: JavaRandom, length: number, gap = " "): string {
  let text = "";
  for (let left = 3 + random.nextInt(length - 3); left > 0; left--) {
    text += random.nextInt(13) === 0 ? gap : LETTERS[random.nextInt(26)];
  }
  return text.trim();
}

function digits(random: JavaRandom): string {
  return String(random.nextInt(10_000)).padStart(4, "0");
}

/** So many characters that the event's size is `average` on average, a fifth more or less. */
function filler(random: JavaRandom, size: number, average: number): string {
  if (size > average) return "";
  const delta = Math.round((average - size) * 0.2);
  const length = average - size - delta + (delta === 0 ? 0 : random.nextInt(2 * delta));
  let text = "";
  for (let made = 0; made < length; made += 6) {
    const six = random.nextInt32();
    text += THREES[six % THREE + THREE] + THREES[Math.trunc(six / THREE) % THREE + THREE];
  }
  return text.slice(0, length);
}

const LETTERS = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));
const THREE = 26 ** 3;
/** Three characters by their number + 26³. Below zero Java's remainders are negative, and so are letters. */
const THREES = Array.from({ length: 2 * THREE }, (_, index) => {
  const number = index - THREE;
  const codes = [number % 26, Math.trunc(number / 26) % 26, Math.trunc(number / 676)];
  return String.fromCharCode(...codes.map((code) => 97 + code));
});

function urlOf(channel: number, random: JavaRandom): string {
  const path = [words(random, 5, "_"), words(random, 5, "_"), words(random, 5, "_")].join("/");
  const url = `https://www.nexmark.com/${path}/item.htm?query=1`;
  return channel < CHANNELS && random.nextInt(10) > 0 ? `${url}&channel_id=${reversed(channel)}` : url;
}

/** The bits of an int in reverse, without its sign. */
function reversed(value: number): number {
  let out = 0;
  for (let bit = 0; bit < 32; bit++) out = (out << 1) | ((value >>> bit) & 1);
  return Math.abs(out);
}
