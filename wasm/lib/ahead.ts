/**
 * Looking ahead: the memory that the next events will need is asked for before it is needed, for several
 * events at once, so that the processor waits for all of it together instead of for each in turn. It reads
 * alone and changes nothing; with state larger than the caches it makes a keyed update several times faster.
 */
import { PAGE, RESULT } from "./memory";

/** Events looked at together. */
// @ts-ignore: decorator
@inline
export const AHEAD: u32 = 64;

/** Questions at most; the number of one that was not asked. */
// @ts-ignore: decorator
@inline
export const UNASKED: u32 = 5 * AHEAD;

/** What was read goes here, or the compiler would leave the reading out. */
// @ts-ignore: decorator
@inline
export const SINK: usize = RESULT + 256;

/** A single event is looked at: what it waits for one after the other counts, rather than how much it reads. */
export let alone: bool = false;

// @ts-ignore: decorator
@inline
export function beginAhead(single: bool): void {
  alone = single;
}

/**
 * Of each question: the address of the slot, the hash, how many bytes of the entry are wanted, the table, and
 * where the entry stands. Lists of their own, so that what is to be read next stands side by side. Scratch.
 */
const slots = memory.data((<i32> UNASKED + 8) * 4, 8);
const tags = memory.data((<i32> UNASKED + 1) * 4, 8);
const sizes = memory.data((<i32> UNASKED + 1) * 4, 8);
const tables = memory.data((<i32> UNASKED + 1) * 4, 8);
const entries = memory.data((<i32> UNASKED + 1) * 4, 8);
let count: u32 = 0;

/** Slots so near to the end of their line that the next may be wanted, too: that of the second next. Scratch. */
const nextLines = memory.data((<i32> UNASKED + 8) * 4, 8);
let nextCount: u32 = 0;

/** The newest question of each remainder of hashes. Scratch. */
// @ts-ignore: decorator
@inline
const HINTS: u32 = 1024;

const hints = memory.data(<i32> HINTS * 2, 8);

/** Lines of entries, to be read together: so many at most. Scratch. */
// @ts-ignore: decorator
@inline
const LINES_MAX: u32 = 512;

const lines = memory.data((<i32> LINES_MAX + 8) * 4, 8);

/** First step, from Table.ahead: notes the index slot. The number of the question; UNASKED = one too many. */
// @ts-ignore: decorator
@inline
export function askSlot(slot: usize, tag: u32, bytes: usize, table: usize = 0): u32 {
  if (count == UNASKED) return UNASKED;
  const at = <usize> count << 2;
  store<u32>(slots + at, <u32> slot);
  store<u32>(tags + at, tag);
  store<u32>(sizes + at, <u32> bytes);
  store<u32>(tables + at, <u32> table);
  store<u16>(hints + (<usize> (tag % HINTS) << 1), <u16> count);
  store<u32>(nextLines + (<usize> nextCount << 2), <u32> (slot + 16));
  nextCount += <u32> ((slot & 63) > 40) & <u32> ((slot & (PAGE - 1)) < PAGE - 16);
  return count++;
}

/** After the second step: the entry that a question found, of the same hash but perhaps of another key; or 0. */
// @ts-ignore: decorator
@inline
export function entryFound(question: u32): usize {
  return <usize> load<u32>(entries + (<usize> question << 2));
}

/** The question whose answer is likely wanted next: answers are mostly used in the order of their questions. */
let expected: usize = 0;

/**
 * What that question found, if this table put it; else 0. It was an entry of that table, and its place will always be
 * one; what it holds now is to be looked at. Then `tookExpected`, if it was wanted.
 */
// @ts-ignore: decorator
@inline
export function expectedEntry(table: usize): usize {
  return <usize> load<u32>(tables + expected) == table ? <usize> load<u32>(entries + expected) : 0;
}

// @ts-ignore: decorator
@inline
export function tookExpected(): void {
  expected += 4;
}

/** The same for a hash that a table has asked for; 0 = not lately. The question behind it is expected next. */
// @ts-ignore: decorator
@inline
export function hinted(tag: u32, table: usize): usize {
  const at = <usize> load<u16>(hints + (<usize> (tag % HINTS) << 1)) << 2;
  if (load<u32>(tags + at) != tag || <usize> load<u32>(tables + at) != table) return 0;
  expected = at + 4;
  return <usize> load<u32>(entries + at);
}

/** After another state has come into memory. */
export function forgetHints(): void {
  memory.fill(tables, 0, <usize> UNASKED << 2);
}

/**
 * After all first steps: reads the slots, then finds the entries that they name, then reads those line by line.
 * The loops that wait for memory do nothing else, so that as many of their reads as can be are under way at once.
 */
export function askEntries(): void {
  let sum = readAll(slots, count) + readAll(nextLines, nextCount), n: u32 = 0;
  for (let at: usize = 0, end = <usize> count << 2; at < end; at += 4) {
    const entry = entryIn(<usize> load<u32>(slots + at), load<u32>(tags + at)), bytes = load<u32>(sizes + at);
    store<u32>(entries + at, entry);
    if (n > LINES_MAX - 66) {
      sum += readAll(lines, n);
      n = 0;
    }
    n = addLines(n, entry, bytes);
  }
  store<u32>(SINK, sum + readAll(lines, n));
  count = 0;
  nextCount = 0;
  expected = 0;
}

/** Adds the lines of an entry, a page at most, to be read; how many there are then. */
// @ts-ignore: decorator
@inline
function addLines(n: u32, entry: u32, bytes: u32): u32 {
  const last = entry + bytes - 4, some = <u32> (entry != 0);
  store<u32>(lines + (<usize> n << 2), entry);
  n += some;
  if (bytes > 64) {
    for (let line = entry + 64; line < last; line += 64) {
      store<u32>(lines + (<usize> n << 2), line);
      n += some;
    }
  }
  store<u32>(lines + (<usize> n << 2), last); // entries do not begin where lines do
  return n + (some & <u32> ((last ^ entry) > 63));
}

/**
 * Reads a word at each of these addresses, there is room for 8 more behind them. What it gives back is to be put
 * into SINK.
 */
export function readAll(list: usize, length: u32): u32 {
  const end = list + (<usize> length << 2), none = <u64> SINK << 32 | <u64> SINK;
  for (let i: usize = 0; i < 32; i += 8) store<u64>(end + i, none);
  let sum: u32 = 0;
  for (let at = list; at < end; at += 32) {
    const a = load<u64>(at), b = load<u64>(at, 8), c = load<u64>(at, 16), d = load<u64>(at, 24);
    sum += load<u32>(<usize> <u32> a) + load<u32>(<usize> (a >> 32)) +
      load<u32>(<usize> <u32> b) + load<u32>(<usize> (b >> 32)) +
      load<u32>(<usize> <u32> c) + load<u32>(<usize> (c >> 32)) +
      load<u32>(<usize> <u32> d) + load<u32>(<usize> (d >> 32));
  }
  return sum;
}

/**
 * The entry that a slot or one of the next names for a hash; 0 = none near. It stays in the slot's page: behind
 * the index may stand that of another table, with the same keys.
 */
// @ts-ignore: decorator
@inline
function entryIn(slot: usize, tag: u32): u32 {
  // Three at once, without a branch that depends on which of them it is.
  const last = slot | (PAGE - 8), b = min(slot + 8, last), c = min(slot + 16, last);
  const found = named(load<u64>(slot), tag, named(load<u64>(b), tag, named(load<u64>(c), tag, 0)));
  return found ? found : search(slot, tag);
}

/** The entry that a slot names where it is of this hash; else `other`. */
// @ts-ignore: decorator
@inline
function named(slot: u64, tag: u32, other: u32): u32 {
  const mask: u32 = 0 - <u32> (<u32> (slot >> 32) == tag);
  return <u32> slot & mask | other & ~mask;
}

function search(slot: usize, tag: u32): u32 {
  for (let probe = 0; probe < 16; probe++) {
    const found = load<u64>(slot);
    if (!found) return 0;
    if (<u32> (found >> 32) == tag) return <u32> found;
    slot += 8;
    if (!(slot & (PAGE - 1))) return 0;
  }
  return 0;
}
