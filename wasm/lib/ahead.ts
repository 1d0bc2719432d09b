/**
 * Looking ahead: the memory that the next events will need is asked for before it is needed, for several
 * events at once, so that the processor waits for all of it together instead of for each in turn. It reads
 * alone and changes nothing; with state larger than the caches it makes a keyed update several times faster.
 */
import { PAGE, RESULT } from "./memory";

/** Events looked at together. */
// @ts-ignore: decorator
@inline
export const AHEAD: u32 = 32;

/** Questions at most; the number of one that was not asked. */
// @ts-ignore: decorator
@inline
export const UNASKED: u32 = 160;

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

/** (slot address: u32, hash: u32, bytes of the entry: u32, address of the entry) for each key. Scratch. */
const asked = memory.data(161 * 16, 8);
let count: u32 = 0;

/** First step, from Table.ahead: notes the index slot. The number of the question; UNASKED = one too many. */
// @ts-ignore: decorator
@inline
export function askSlot(slot: usize, tag: u32, bytes: usize): u32 {
  if (count == UNASKED) return UNASKED;
  const at = asked + (<usize> count << 4);
  count++;
  store<u32>(at, <u32> slot);
  store<u32>(at, tag, 4);
  store<u32>(at, <u32> bytes, 8);
  return count - 1;
}

/** After the second step: the entry that a question found, of the same hash but perhaps of another key; or 0. */
// @ts-ignore: decorator
@inline
export function entryFound(question: u32): usize {
  return <usize> load<u32>(asked + (<usize> question << 4), 12);
}

/**
 * After all first steps: reads the slots, then finds the entries that they name, then reads those line by line.
 * The loops that wait for memory do little else, so that many of their reads are under way at once.
 */
export function askEntries(): void {
  const end = asked + (<usize> count << 4);
  let sum: u32 = 0;
  for (let at = asked; at < end; at += 16) sum += load<u32>(<usize> load<u32>(at));
  store<u32>(SINK, sum);
  for (let at = asked; at < end; at += 16) {
    store<u32>(at, entryIn(<usize> load<u32>(at), load<u32>(at, 4)), 12);
  }
  for (let at = asked; at < end; at += 16) {
    let line = <usize> load<u32>(at, 12);
    if (!line) continue;
    const stop = line + <usize> load<u32>(at, 8);
    for (; line < stop; line += 64) sum += load<u32>(line);
    sum += load<u32>(stop - 4); // entries do not begin where lines do
  }
  store<u32>(SINK, sum);
  count = 0;
}

/**
 * The entry that a slot or one of the next names for a hash; 0 = none near. It stays in the slot's page: behind
 * the index may stand that of another table, with the same keys.
 */
// @ts-ignore: decorator
@inline
function entryIn(slot: usize, tag: u32): u32 {
  for (let probe = 0; probe < 16; probe++) {
    const found = load<u64>(slot);
    if (!found) return 0;
    if (<u32> (found >> 32) == tag) return <u32> found;
    slot += 8;
    if (!(slot & (PAGE - 1))) return 0;
  }
  return 0;
}
