/**
 * The recent payments of a card, by rising event time: two beside the card, more in a block of the arena that
 * doubles up to 64 entries. A payment is kept with its exact time and amount for the whole window.
 *
 * When 64 are kept and another comes, the two oldest become one that carries the later time and both amounts
 * (and is counted as what it stands for): sums and counts may then be too high, never too low. The same
 * happens to a card that cannot get a larger block.
 *
 * `Card` is an entry of a table: its page is writable after `upsert`; blocks are touched here.
 */
import { alloc, release, touch } from "../lib/memory";
import { addOverflows } from "../lib/fixed";

// @ts-ignore: decorator
@inline
export const RECENT_MAX: u32 = 64;

// @ts-ignore: decorator
@inline
const INLINE: u32 = 2;

// @ts-ignore: decorator
@inline
const ENTRY: usize = 12; // time: the lower 32 bits, which tell ages below 71 minutes apart; amount: i64

/** What is known of a card: 112 bytes. */
@unmanaged
export class Card {
  /** The newest event time seen; 0 = no payment is known. */
  newest: i64;
  sum: i64;
  suspiciousAt: i64;
  locatedAt: i64;
  /** From the profile; 0 = the default. */
  sumMax: i64;
  usualAmount: i64;
  latitude: i32;
  longitude: i32;
  homeLatitude: i32;
  homeLongitude: i32;
  /** Three letters, and the flags below in the highest byte. */
  currency: u32;
  /** The highest clock at which it was used, in units of 2^20 µs. */
  seen: u32;
  suspicious: u16;
  count: u8;
  capacity: u8;
  countMax: u16;
  speedMax: u16;
  /** Payments that the oldest entry stands for beyond itself. */
  merged: u32;
  block: u32;
  inline0: u64;
  inline1: u64;
  inline2: u64;
}

// @ts-ignore: decorator
@inline
export const PROFILE: u32 = 1 << 24;

// @ts-ignore: decorator
@inline
export const HOME: u32 = 1 << 25;

/** The profile names the currency. */
// @ts-ignore: decorator
@inline
export const PINNED: u32 = 1 << 26;

// @ts-ignore: decorator
@inline
export const CURRENCY: u32 = 0xffffff;

// @ts-ignore: decorator
@inline
function entriesOf(card: Card): usize {
  return card.block ? <usize> card.block : changetype<usize>(card) + offsetof<Card>("inline0");
}

// @ts-ignore: decorator
@inline
function ageOf(entry: usize, newest: i64): u32 {
  return <u32> newest - load<u32>(entry);
}

// @ts-ignore: decorator
@inline
function amountOf(entry: usize): i64 {
  return load<i64>(entry, 4);
}

/** Copies entries, first to last: apart, or `to` before `from`. */
// @ts-ignore: decorator
@inline
function moveEntries(to: usize, from: usize, count: u32): void {
  for (const end = from + <usize> count * ENTRY; from < end; from += ENTRY, to += ENTRY) {
    const amount = load<i64>(from, 4);
    store<u32>(to, load<u32>(from));
    store<i64>(to, amount, 4);
  }
}

/** Whether the sum of the window that ends at `newest` would leave int64 with one more `amount`. */
// @ts-ignore: decorator
@inline
export function sumOverflows(card: Card, newest: i64, window: i64, amount: i64): bool {
  return addOverflows(card.sum, amount) && sumOverflowsStill(card, newest, window, amount);
}

function sumOverflowsStill(card: Card, newest: i64, window: i64, amount: i64): bool {
  const ahead = newest - card.newest;
  let sum = card.sum, entry = entriesOf(card);
  for (let i: u32 = 0; i < card.count; i++, entry += ENTRY) {
    if (ahead + ageOf(entry, card.newest) >= window) sum -= amountOf(entry);
  }
  return addOverflows(sum, amount);
}

/** Moves the end of the window to `newest`, not before the present one, and drops what leaves it. */
// @ts-ignore: decorator
@inline
export function advance(card: Card, newest: i64, window: i64): void {
  if (card.count) expire(card, newest, window);
  card.newest = newest;
}

function expire(card: Card, newest: i64, window: i64): void {
  const ahead = newest - card.newest;
  const entries = entriesOf(card), count = <u32> card.count;
  let gone: u32 = 0;
  for (let entry = entries; gone < count; gone++, entry += ENTRY) {
    if (ahead + ageOf(entry, card.newest) < window) break;
    card.sum -= amountOf(entry);
  }
  if (!gone) return;
  card.merged = 0;
  card.count = <u8> (count - gone);
  if (card.block && count - gone <= INLINE) return toInline(card, entries + gone * ENTRY);
  if (card.block) touch(entries);
  moveEntries(entries, entries + gone * ENTRY, count - gone);
}

/** Adds a payment not newer than `newest` and not outside the window. */
// @ts-ignore: decorator
@inline
export function add(card: Card, at: i64, amount: i64): void {
  const room = card.block ? <u32> card.capacity : INLINE;
  if (card.count == room) makeRoom(card, room);
  const entries = entriesOf(card);
  if (card.block) touch(entries);
  let age = <u32> (card.newest - at);
  // The oldest stays the oldest while it stands for others too.
  if (card.merged && age > ageOf(entries, card.newest)) age = ageOf(entries, card.newest);
  let entry = entries + <usize> card.count * ENTRY;
  while (entry > entries && ageOf(entry - ENTRY, card.newest) < age) {
    moveEntries(entry, entry - ENTRY, 1);
    entry -= ENTRY;
  }
  store<u32>(entry, <u32> card.newest - age);
  store<i64>(entry, amount, 4);
  card.count++;
  card.sum += amount;
}

function makeRoom(card: Card, room: u32): void {
  const block = room < RECENT_MAX ? alloc(<usize> room * 2 * ENTRY) : 0;
  if (!block) return mergeOldest(card);
  moveEntries(block, entriesOf(card), room);
  if (card.block) release(card.block, <usize> room * ENTRY);
  card.block = <u32> block;
  card.capacity = <u8> (room * 2);
}

function mergeOldest(card: Card): void {
  const entries = entriesOf(card);
  if (card.block) touch(entries);
  store<i64>(entries + ENTRY, amountOf(entries + ENTRY) + amountOf(entries), 4);
  card.merged++;
  card.count--;
  moveEntries(entries, entries + ENTRY, card.count);
}

function toInline(card: Card, from: usize): void {
  const block = <usize> card.block, bytes = <usize> card.capacity * ENTRY;
  card.block = 0;
  card.capacity = 0;
  moveEntries(changetype<usize>(card) + offsetof<Card>("inline0"), from, card.count);
  release(block, bytes);
}

/** Payments within `window` of the newest event time; `window` is at most the one that is kept. */
// @ts-ignore: decorator
@inline
export function countWithin(card: Card, window: i64): i64 {
  const entries = entriesOf(card);
  let count: i64 = 0, entry = entries + <usize> card.count * ENTRY;
  while (entry > entries) {
    entry -= ENTRY;
    if (<i64> ageOf(entry, card.newest) >= window) return count;
    count++;
  }
  return count + card.merged;
}

/** Forgets all payments. */
export function clearRecent(card: Card): void {
  releaseRecent(card);
  card.block = 0;
  card.capacity = 0;
  card.count = 0;
  card.merged = 0;
  card.sum = 0;
}

/** Gives back what a card that is about to be removed holds in the arena; the card itself is not written. */
export function releaseRecent(card: Card): void {
  if (card.block) release(card.block, <usize> card.capacity * ENTRY);
}
