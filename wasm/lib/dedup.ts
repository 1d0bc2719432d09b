/**
 * Idempotency ids seen within a window of frame time, each with the place of its first answer. Bounded by time
 * and by count; the oldest leave first. Ids are compared whole.
 */
import { clock, eventIndex, frameNumber } from "./context";
import { LIBRARY_STATE, touch } from "./memory";
import { fresh, Table, TABLE_BYTES } from "./table";

@unmanaged
class Seen {
  at: i64;
  frame: u64;
  event: u32;
  next: usize; // the id that came after it
}

@unmanaged
class Queue {
  oldest: usize;
  newest: usize;
  window: i64;
  max: u32;
}

// @ts-ignore: decorator
@inline
const ids = changetype<Table<Seen>>(LIBRARY_STATE);

// @ts-ignore: decorator
@inline
const queue = changetype<Queue>(LIBRARY_STATE + TABLE_BYTES);

// @ts-ignore: decorator
@inline
export const DEDUP_BYTES: usize = TABLE_BYTES + 32;

/** Ids up to this length stand in their entry: a UUID in hexadecimal does. */
// @ts-ignore: decorator
@inline
const ID_INLINE: u32 = 40;

/** Where the first answer stands, after `seenBefore` said true. */
export let originalFrame: u64 = 0;
export let originalEvent: u32 = 0;

export function dedupInit(window: i64, max: u32): bool {
  queue.window = window;
  queue.max = max;
  return window == 0 || ids.init(ID_INLINE, 0);
}

// @ts-ignore: decorator
@inline
export function dedupOn(): bool {
  return queue.window > 0 && queue.max > 0;
}

/** 1 = seen within the window; 0 = new, and remembered from now on; -1 = no room to remember it. */
export function remember(id: usize, length: u32): i32 {
  for (let i = 0; i < 2; i++) if (queue.oldest && expired(queue.oldest)) forgetOldest();
  const known = ids.find(id, length);
  if (changetype<usize>(known)) {
    if (!expired(changetype<usize>(known))) {
      originalFrame = known.frame;
      originalEvent = known.event;
      return 1;
    }
    while (expired(queue.oldest)) { // it and all before it are past the window
      const last = queue.oldest == changetype<usize>(known);
      forgetOldest();
      if (last) break;
    }
  }
  while (ids.count >= queue.max) forgetOldest();
  let entry = ids.upsert(id, length);
  while (!changetype<usize>(entry) && queue.oldest) { // state is full: older ids make room
    forgetOldest();
    entry = ids.upsert(id, length);
  }
  if (!changetype<usize>(entry)) return -1;
  assert(fresh());
  entry.at = clock;
  entry.frame = frameNumber;
  entry.event = eventIndex;
  if (queue.newest) {
    touch(queue.newest);
    changetype<Seen>(queue.newest).next = changetype<usize>(entry);
  } else {
    queue.oldest = changetype<usize>(entry);
  }
  queue.newest = changetype<usize>(entry);
  return 0;
}

/** Asks for the memory of an id that will be looked up soon. */
export function idAhead(id: usize, length: u32): void {
  ids.ahead(id, length);
}

export function idsRemembered(): u32 {
  return ids.count;
}

// @ts-ignore: decorator
@inline
function expired(entry: usize): bool {
  return clock - changetype<Seen>(entry).at > queue.window;
}

function forgetOldest(): void {
  const entry = changetype<Seen>(queue.oldest);
  queue.oldest = entry.next;
  if (!queue.oldest) queue.newest = 0;
  ids.remove(entry);
}
