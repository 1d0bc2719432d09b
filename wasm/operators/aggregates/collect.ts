/**
 * The first rows by event time (of equals, in order of arrival), at most so many: byte strings in a list. A
 * row beyond the bound is left out and counted; which ones stay does not depend on the order of arrival.
 */
import { alloc, release, touch, touchRange } from "../../lib/memory";

// @ts-ignore: decorator
@inline
export const COLLECT_BYTES: u32 = 24;

@unmanaged
class Collected {
  first: usize;
  last: usize;
  count: u32;
  pad: u32;
  /** Rows that were left out. */
  left: i64;
}

@unmanaged
class Item {
  time: i64;
  next: usize;
  length: u32;
}

// @ts-ignore: decorator
@inline
const ITEM: usize = 16;

/** False = no room. */
export function collectAdd(p: usize, time: i64, bytes: usize, length: u32, most: u32): bool {
  const all = changetype<Collected>(p);
  if (all.count >= most) {
    all.left++;
    if (!most || changetype<Item>(all.last).time <= time) return true;
  }
  const at = alloc(ITEM + length);
  if (!at) return false;
  touchRange(at, ITEM + length);
  const item = changetype<Item>(at);
  item.time = time;
  item.length = length;
  memory.copy(at + ITEM, bytes, length);
  link(all, at);
  if (all.count > most) dropLast(all);
  return true;
}

export function collectMerge(p: usize, from: usize, most: u32): bool {
  const other = changetype<Collected>(from);
  for (let at = other.first; at; at = changetype<Item>(at).next) {
    const item = changetype<Item>(at);
    if (!collectAdd(p, item.time, at + ITEM, item.length, most)) return false;
  }
  changetype<Collected>(p).left += other.left;
  return true;
}

/** The items in order: the first, then each one's next; 0 = no more. */
// @ts-ignore: decorator
@inline
export function collectFirst(p: usize): usize {
  return changetype<Collected>(p).first;
}
// @ts-ignore: decorator
@inline
export function collectNext(item: usize): usize {
  return changetype<Item>(item).next;
}
// @ts-ignore: decorator
@inline
export function collectBytes(item: usize): usize {
  return item + ITEM;
}
// @ts-ignore: decorator
@inline
export function collectLength(item: usize): u32 {
  return changetype<Item>(item).length;
}
// @ts-ignore: decorator
@inline
export function collectCount(p: usize): u32 {
  return changetype<Collected>(p).count;
}
// @ts-ignore: decorator
@inline
export function collectLeft(p: usize): i64 {
  return changetype<Collected>(p).left;
}

export function collectFree(p: usize): void {
  let at = changetype<Collected>(p).first;
  while (at) {
    const item = changetype<Item>(at), next = item.next;
    release(at, ITEM + item.length);
    at = next;
  }
  memory.fill(p, 0, COLLECT_BYTES);
}

function link(all: Collected, at: usize): void {
  const time = changetype<Item>(at).time;
  all.count++;
  if (!all.last || changetype<Item>(all.last).time <= time) {
    if (all.last) {
      touch(all.last);
      changetype<Item>(all.last).next = at;
    } else all.first = at;
    all.last = at;
    return;
  }
  let before: usize = 0, behind = all.first;
  while (changetype<Item>(behind).time <= time) {
    before = behind;
    behind = changetype<Item>(behind).next;
  }
  changetype<Item>(at).next = behind;
  if (before) {
    touch(before);
    changetype<Item>(before).next = at;
  } else all.first = at;
}

function dropLast(all: Collected): void {
  let before: usize = 0, at = all.first;
  while (changetype<Item>(at).next) {
    before = at;
    at = changetype<Item>(at).next;
  }
  release(at, ITEM + changetype<Item>(at).length);
  all.last = before;
  if (before) {
    touch(before);
    changetype<Item>(before).next = 0;
  } else all.first = 0;
  all.count--;
}
