/**
 * Looking further ahead: an operator notes the keys of the next events as it asks for their entries; when
 * those have come (onAheadDone), it asks for the rows that they name, of all of them at once. Nothing of this
 * changes state.
 */
import { RESULT } from "../lib/memory";

// @ts-ignore: decorator
@inline
const SINK: usize = RESULT + 268;

/** Keys noted at most: those of 16 events at up to four operators. */
// @ts-ignore: decorator
@inline
const MOST: u32 = 64;

/** (operator, key, length, 0) of each. Scratch of one look ahead. */
const notes = memory.data(64 * 16, 8);
let count: u32 = 0;

// @ts-ignore: decorator
@inline
export function note(operator: usize, key: usize, length: u32): void {
  if (count == MOST) return;
  const at = notes + (<usize> count << 4);
  count++;
  store<u32>(at, <u32> operator);
  store<u32>(at, <u32> key, 4);
  store<u32>(at, length, 8);
}

/** Takes one of the operator's notes: whether there was one. It is in `notedKey`, `notedLength`. */
export function noted(operator: usize): bool {
  for (let i = count; i > 0; i--) {
    const at = notes + (<usize> (i - 1) << 4);
    if (<usize> load<u32>(at) != operator) continue;
    notedKey = <usize> load<u32>(at, 4);
    notedLength = load<u32>(at, 8);
    count--;
    const last = notes + (<usize> count << 4);
    store<u64>(at, load<u64>(last));
    store<u64>(at, load<u64>(last, 8), 8);
    return true;
  }
  return false;
}

export let notedKey: usize = 0;
export let notedLength: u32 = 0;

/** Uses what was read, so that it is read. */
// @ts-ignore: decorator
@inline
export function sink(sum: u32): void {
  store<u32>(SINK, sum);
}
