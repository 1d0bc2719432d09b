/**
 * Looking ahead: the memory that the next events will need is asked for before it is needed, for several
 * events at once, so that the processor waits for all of it together instead of for each in turn. It reads
 * alone and changes nothing; with state larger than the caches it makes a keyed update several times faster.
 */
import { RESULT } from "./memory";

/** Events looked at together. */
// @ts-ignore: decorator
@inline
export const AHEAD: u32 = 16;

// @ts-ignore: decorator
@inline
const MOST: u32 = 64;

// @ts-ignore: decorator
@inline
const SINK: usize = RESULT + 256;

/** (slot address: u32, hash: u32, bytes of the entry: u32, 0) for each key that was asked for. Scratch. */
const asked = memory.data(64 * 16, 8);
let count: u32 = 0;

/** First step, from Table.ahead: the index slot. */
// @ts-ignore: decorator
@inline
export function askSlot(slot: usize, tag: u32, bytes: usize): void {
  if (count == MOST) return;
  const at = asked + (<usize> count << 4);
  count++;
  store<u32>(at, <u32> slot);
  store<u32>(at, tag, 4);
  store<u32>(at, <u32> bytes, 8);
  store<u32>(SINK, load<u32>(slot));
}

/** Second step, after all first ones: the entries that those slots name. */
export function askEntries(): void {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = asked + (<usize> i << 4);
    let slot = <usize> load<u32>(at);
    const tag = load<u32>(at, 4), bytes = load<u32>(at, 8);
    for (let probe = 0; probe < 4; probe++) {
      const found = load<u64>(slot);
      if (!found) break;
      if (<u32> (found >> 32) == tag) {
        const entry = <usize> <u32> found;
        for (let line: usize = 0; line < bytes; line += 64) sum += load<u32>(entry + line);
        break;
      }
      slot += 8;
    }
  }
  store<u32>(SINK, sum);
  count = 0;
}
