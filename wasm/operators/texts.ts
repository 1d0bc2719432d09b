/** Text that an accumulator keeps, in the arena. */
import { alloc, release, touchRange } from "../lib/memory";

/** Keeps a copy in place of what was kept; gives its address. With no room left the kernel stops. */
export function keepText(old: usize, oldLength: u32, text: usize, length: u32): usize {
  if (!length) {
    dropText(old, oldLength);
    return 0;
  }
  const kept = alloc(length);
  assert(kept != 0);
  touchRange(kept, length);
  memory.copy(kept, text, length);
  dropText(old, oldLength);
  return kept;
}

export function dropText(text: usize, length: u32): void {
  if (length) release(text, length);
}
