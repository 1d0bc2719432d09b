/**
 * A multiset of byte strings: how many different ones, exactly, with how often each came, so that rows can be
 * taken back and panes unmerged. A number is its 8 bytes. An open-addressing index of 4 bytes a slot, at a load
 * of at most 3/4; a value is a block in the arena: 16 bytes and itself.
 */
import { sameBytes } from "../../lib/keys";
import { alloc, release, touch, touchRange } from "../../lib/memory";
import { hash64 } from "./hash";

// @ts-ignore: decorator
@inline
export const MULTISET_BYTES: u32 = 16;

// @ts-ignore: decorator
@inline
const CAPACITY_MIN: u32 = 8;

@unmanaged
class Multiset {
  index: usize;
  capacity: u32;
  /** Different values. */
  count: u32;
  pad: u32;
}

@unmanaged
class Value {
  count: i64;
  hash: u32;
  length: u32;
}

// @ts-ignore: decorator
@inline
const VALUE_HEADER: usize = 16;

/** Adds a value `times` times (fewer than none takes it out). False = no room. */
export function multisetChange(p: usize, value: usize, length: u32, times: i64): bool {
  return change(p, value, length, <u32> hash64(value, length), times);
}

// @ts-ignore: decorator
@inline
export function multisetAdd(p: usize, value: usize, length: u32): bool {
  return multisetChange(p, value, length, 1);
}
// @ts-ignore: decorator
@inline
export function multisetRemove(p: usize, value: usize, length: u32): bool {
  return multisetChange(p, value, length, -1);
}
/** A number of 64 bits. */
export function multisetChange64(p: usize, value: u64, times: i64): bool {
  store<u64>(word, value);
  return multisetChange(p, word, 8, times);
}
const word = memory.data(16, 8);

/** How many different values. */
// @ts-ignore: decorator
@inline
export function multisetCount(p: usize): i64 {
  return changetype<Multiset>(p).count;
}

export function multisetMerge(p: usize, from: usize): bool {
  const other = changetype<Multiset>(from);
  for (let i: u32 = 0; i < other.capacity; i++) {
    const at = <usize> load<u32>(other.index + (<usize> i << 2));
    if (!at) continue;
    const value = changetype<Value>(at);
    if (!change(p, at + VALUE_HEADER, value.length, value.hash, value.count)) return false;
  }
  return true;
}

export function multisetUnmerge(p: usize, from: usize): void {
  const other = changetype<Multiset>(from);
  for (let i: u32 = 0; i < other.capacity; i++) {
    const at = <usize> load<u32>(other.index + (<usize> i << 2));
    if (!at) continue;
    const value = changetype<Value>(at);
    change(p, at + VALUE_HEADER, value.length, value.hash, -value.count);
  }
}

export function multisetFree(p: usize): void {
  const set = changetype<Multiset>(p);
  for (let i: u32 = 0; i < set.capacity; i++) {
    const at = <usize> load<u32>(set.index + (<usize> i << 2));
    if (at) release(at, VALUE_HEADER + changetype<Value>(at).length);
  }
  if (set.index) release(set.index, <usize> set.capacity << 2);
  memory.fill(p, 0, MULTISET_BYTES);
}

function change(p: usize, bytes: usize, length: u32, hash: u32, times: i64): bool {
  const set = changetype<Multiset>(p);
  if (!set.index || set.count + 1 > set.capacity - (set.capacity >> 2)) {
    if (!grow(set)) return false;
  }
  const mask = set.capacity - 1;
  let i = hash & mask;
  while (true) {
    const slot = set.index + (<usize> i << 2), at = <usize> load<u32>(slot);
    if (!at) return insert(set, slot, bytes, length, hash, times);
    const value = changetype<Value>(at);
    if (value.hash == hash && value.length == length && sameBytes(at + VALUE_HEADER, bytes, length)) {
      touch(at);
      value.count += times;
      if (!value.count) remove(set, i);
      return true;
    }
    i = (i + 1) & mask;
  }
}

/** A value may be taken out before it comes: the count is below zero until then. */
function insert(set: Multiset, slot: usize, bytes: usize, length: u32, hash: u32, times: i64): bool {
  const at = alloc(VALUE_HEADER + length);
  if (!at) return false;
  touchRange(at, VALUE_HEADER + length);
  const value = changetype<Value>(at);
  value.count = times;
  value.hash = hash;
  value.length = length;
  memory.copy(at + VALUE_HEADER, bytes, length);
  touch(slot);
  store<u32>(slot, <u32> at);
  set.count++;
  return true;
}

/** Empties slot `i` and moves later ones of its run back. */
function remove(set: Multiset, i: u32): void {
  const index = set.index, mask = set.capacity - 1;
  const at = <usize> load<u32>(index + (<usize> i << 2));
  release(at, VALUE_HEADER + changetype<Value>(at).length);
  let j = i;
  while (true) {
    j = (j + 1) & mask;
    const next = load<u32>(index + (<usize> j << 2));
    if (!next) break;
    const home = changetype<Value>(<usize> next).hash & mask;
    if (((j - home) & mask) < ((j - i) & mask)) continue;
    touch(index + (<usize> i << 2));
    store<u32>(index + (<usize> i << 2), next);
    i = j;
  }
  touch(index + (<usize> i << 2));
  store<u32>(index + (<usize> i << 2), 0);
  set.count--;
}

function grow(set: Multiset): bool {
  const capacity = set.index ? set.capacity << 1 : CAPACITY_MIN, mask = capacity - 1;
  const fresh = alloc(<usize> capacity << 2);
  if (!fresh) return false;
  touchRange(fresh, <usize> capacity << 2);
  for (let i: u32 = 0; i < set.capacity; i++) {
    const at = load<u32>(set.index + (<usize> i << 2));
    if (!at) continue;
    let j = changetype<Value>(<usize> at).hash & mask;
    while (load<u32>(fresh + (<usize> j << 2))) j = (j + 1) & mask;
    store<u32>(fresh + (<usize> j << 2), at);
  }
  if (set.index) release(set.index, <usize> set.capacity << 2);
  set.index = fresh;
  set.capacity = capacity;
  return true;
}
