/**
 * Numbers in order, each with how often it came: the least and the greatest where rows may be taken back, and
 * the N least or greatest. A treap whose priorities are a hash of the number, so that its shape does not depend
 * on the order of arrival. 24 bytes a different number (32 in the arena). Floats go through `ordered`.
 */
import { alloc, release, touch } from "../../lib/memory";
import { mix } from "./hash";

// @ts-ignore: decorator
@inline
export const ORDERED_BYTES: u32 = 8;

@unmanaged
class Numbers {
  root: u32;
  /** Different numbers. */
  count: u32;
}

@unmanaged
class Number_ {
  value: i64;
  count: i64;
  less: u32;
  more: u32;
}

// @ts-ignore: decorator
@inline
const NODE: usize = 24;

/** Adds a number `times` times (fewer than none takes it out). False = no room. */
export function orderedChange(p: usize, value: i64, times: i64): bool {
  if (!times) return true;
  const mine = priority(value);
  let slot = p;
  while (true) {
    const at = <usize> load<u32>(slot);
    if (!at) break;
    const node = changetype<Number_>(at);
    if (node.value == value) {
      touch(at);
      node.count += times;
      if (!node.count) remove(p, slot);
      return true;
    }
    if (priority(node.value) < mine) break; // of two with one priority the elder stands above
    slot = at + (value < node.value ? offsetof<Number_>("less") : offsetof<Number_>("more"));
  }
  // It may stand below all the same, where priorities are equal: they are the same only for the same number.
  return insert(p, slot, value, times);
}

export function orderedMerge(p: usize, from: usize): bool {
  return each(p, <usize> load<u32>(from), 1);
}
export function orderedUnmerge(p: usize, from: usize): void {
  each(p, <usize> load<u32>(from), -1);
}

/** How many different numbers. */
// @ts-ignore: decorator
@inline
export function orderedCount(p: usize): i64 {
  return changetype<Numbers>(p).count;
}

/** The least or the greatest; 0 where there is none. */
export function orderedLeast(p: usize): i64 {
  let at = <usize> load<u32>(p);
  if (!at) return 0;
  while (changetype<Number_>(at).less) at = changetype<Number_>(at).less;
  return changetype<Number_>(at).value;
}
export function orderedGreatest(p: usize): i64 {
  let at = <usize> load<u32>(p);
  if (!at) return 0;
  while (changetype<Number_>(at).more) at = changetype<Number_>(at).more;
  return changetype<Number_>(at).value;
}

/** Writes the `most` greatest (or least) numbers, as often as they came, in that order; returns how many. */
export function orderedList(p: usize, greatest: bool, most: u32, into: usize): u32 {
  return list(<usize> load<u32>(p), greatest, most, into, 0);
}

/** Keeps the `most` greatest (or least) different numbers: for results that are never taken back. */
export function orderedKeep(p: usize, greatest: bool, most: u32): void {
  while (changetype<Numbers>(p).count > most) {
    let slot = p;
    while (true) {
      const next = <usize> load<u32>(slot) + (greatest ? offsetof<Number_>("less") : offsetof<Number_>("more"));
      if (!load<u32>(next)) break;
      slot = next;
    }
    remove(p, slot);
  }
}

export function orderedFree(p: usize): void {
  freeAll(<usize> load<u32>(p));
  memory.fill(p, 0, ORDERED_BYTES);
}

// @ts-ignore: decorator
@inline
function priority(value: i64): u64 {
  return mix(<u64> value ^ 0x9E3779B97F4A7C15); // one to one: no two numbers share a priority
}

function insert(p: usize, slot: usize, value: i64, times: i64): bool {
  const at = alloc(NODE);
  if (!at) return false;
  const node = changetype<Number_>(at);
  node.value = value;
  node.count = times;
  let below = <usize> load<u32>(slot);
  touch(slot);
  store<u32>(slot, <u32> at);
  let less = at + offsetof<Number_>("less"), more = at + offsetof<Number_>("more");
  while (below) { // what stood here is split around the number
    if (changetype<Number_>(below).value < value) {
      touch(less);
      store<u32>(less, <u32> below);
      less = below + offsetof<Number_>("more");
      below = load<u32>(less);
    } else {
      touch(more);
      store<u32>(more, <u32> below);
      more = below + offsetof<Number_>("less");
      below = load<u32>(more);
    }
  }
  touch(less);
  store<u32>(less, 0);
  touch(more);
  store<u32>(more, 0);
  changetype<Numbers>(p).count++;
  return true;
}

function remove(p: usize, slot: usize): void {
  const at = <usize> load<u32>(slot);
  let a = <usize> changetype<Number_>(at).less, b = <usize> changetype<Number_>(at).more;
  while (a && b) {
    touch(slot);
    if (priority(changetype<Number_>(a).value) > priority(changetype<Number_>(b).value)) {
      store<u32>(slot, <u32> a);
      slot = a + offsetof<Number_>("more");
      a = load<u32>(slot);
    } else {
      store<u32>(slot, <u32> b);
      slot = b + offsetof<Number_>("less");
      b = load<u32>(slot);
    }
  }
  touch(slot);
  store<u32>(slot, <u32> (a ? a : b));
  release(at, NODE);
  changetype<Numbers>(p).count--;
}

function each(p: usize, at: usize, sign: i64): bool {
  if (!at) return true;
  const node = changetype<Number_>(at);
  return each(p, node.less, sign) && orderedChange(p, node.value, node.count * sign) && each(p, node.more, sign);
}

function list(at: usize, greatest: bool, most: u32, into: usize, done: u32): u32 {
  if (!at || done == most) return done;
  const node = changetype<Number_>(at);
  done = list(greatest ? node.more : node.less, greatest, most, into, done);
  for (let i: i64 = 0; i < node.count && done < most; i++, done++) {
    store<i64>(into + (<usize> done << 3), node.value);
  }
  return list(greatest ? node.less : node.more, greatest, most, into, done);
}

function freeAll(at: usize): void {
  if (!at) return;
  const less = changetype<Number_>(at).less, more = changetype<Number_>(at).more;
  release(at, NODE);
  freeAll(less);
  freeAll(more);
}
