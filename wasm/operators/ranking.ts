/**
 * Rows in an order of their own (`D.before`; of equal ones, as they came): a treap like that of tree.ts, for
 * rows that have to be loaded to be compared. The row at hand is in D.row(); others are loaded to D.other().
 */
import { touch } from "../lib/memory";

@unmanaged
export class Ranked {
  owner: u32;
  bytes: u32;
  left: u32;
  right: u32;
}

// @ts-ignore: decorator
@inline
const LEFT: usize = 8;

// @ts-ignore: decorator
@inline
const RIGHT: usize = 12;

/** Where a node names the two below it. */
// @ts-ignore: decorator
@inline
export const RANKED_BELOW: u32 = 8;

// @ts-ignore: decorator
@inline
export const RANKED: usize = 16;

// @ts-ignore: decorator
@inline
function priority(node: usize): u32 {
  const h = <u32> (node >> 4) * 0x9E3779B1;
  return (h ^ (h >> 15)) * 0x85EBCA77;
}

/** Whether the row at hand stands before the one at `node`. */
// @ts-ignore: decorator
@inline
export function ahead<D>(node: usize): bool {
  const d = changetype<D>(0);
  d.other().load(node + RANKED);
  return d.before(d.row(), d.other());
}

/** Puts `node`, whose row is at hand and came last, among those of the tree at `root` (the address of a u32). */
export function rankInsert<D>(root: usize, node: usize): void {
  let slot = root, at = <usize> load<u32>(slot);
  const mine = priority(node);
  while (at && priority(at) >= mine) {
    slot = at + (ahead<D>(at) ? LEFT : RIGHT);
    at = <usize> load<u32>(slot);
  }
  touch(slot);
  store<u32>(slot, <u32> node);
  let less = node + LEFT, more = node + RIGHT;
  while (at) {
    if (ahead<D>(at)) {
      touch(more);
      store<u32>(more, <u32> at);
      more = at + LEFT;
      at = <usize> load<u32>(more);
    } else {
      touch(less);
      store<u32>(less, <u32> at);
      less = at + RIGHT;
      at = <usize> load<u32>(less);
    }
  }
  touch(less);
  store<u32>(less, 0);
  touch(more);
  store<u32>(more, 0);
}

/** Takes the node out that the u32 at `slot` names; the node. */
export function rankRemove(slot: usize): usize {
  const node = <usize> load<u32>(slot);
  let a = <usize> load<u32>(node, LEFT), b = <usize> load<u32>(node, RIGHT);
  while (a && b) {
    touch(slot);
    if (priority(a) >= priority(b)) {
      store<u32>(slot, <u32> a);
      slot = a + RIGHT;
      a = <usize> load<u32>(slot);
    } else {
      store<u32>(slot, <u32> b);
      slot = b + LEFT;
      b = <usize> load<u32>(slot);
    }
  }
  touch(slot);
  store<u32>(slot, <u32> (a ? a : b));
  return node;
}

/** Puts a node before all others. */
export function insertFirst(root: usize, node: usize): void {
  let slot = root;
  const mine = priority(node);
  while (load<u32>(slot) && priority(<usize> load<u32>(slot)) >= mine) slot = <usize> load<u32>(slot) + LEFT;
  touch(node);
  store<u32>(node, 0, LEFT);
  store<u32>(node, load<u32>(slot), RIGHT);
  touch(slot);
  store<u32>(slot, <u32> node);
}

/** Puts a node behind all others. */
export function insertLast(root: usize, node: usize): void {
  let slot = root;
  const mine = priority(node);
  while (load<u32>(slot) && priority(<usize> load<u32>(slot)) >= mine) slot = <usize> load<u32>(slot) + RIGHT;
  touch(node);
  store<u32>(node, 0, RIGHT);
  store<u32>(node, load<u32>(slot), LEFT);
  touch(slot);
  store<u32>(slot, <u32> node);
}

/** The slot that names the first node, or the last one, of a tree that is not empty. */
export function firstSlot(root: usize): usize {
  let slot = root;
  while (load<u32>(<usize> load<u32>(slot), LEFT)) slot = <usize> load<u32>(slot) + LEFT;
  return slot;
}
export function lastSlot(root: usize): usize {
  let slot = root;
  while (load<u32>(<usize> load<u32>(slot), RIGHT)) slot = <usize> load<u32>(slot) + RIGHT;
  return slot;
}

/** Nodes or slots still to be looked at by a walk: two for each level of a tree. Scratch. */
const stack = memory.data(512, 8);

// @ts-ignore: decorator
@inline
const STACK_MAX: usize = 128;

// @ts-ignore: decorator
@inline
function push(depth: usize, at: usize): usize {
  assert(depth < STACK_MAX);
  store<u32>(stack + (depth << 2), <u32> at);
  return depth + 1;
}

/** A slot that names a node whose row is the same as the one at hand (`D.same`), or 0. */
export function findSlot<D>(root: usize): usize {
  const d = changetype<D>(0);
  let depth = push(0, root);
  while (depth) {
    depth--;
    const slot = <usize> load<u32>(stack + (depth << 2));
    const at = <usize> load<u32>(slot);
    if (!at) continue;
    if (ahead<D>(at)) depth = push(depth, at + LEFT);
    else if (d.before(d.other(), d.row())) depth = push(depth, at + RIGHT);
    else {
      if (d.same(d.row(), d.other())) return slot;
      depth = push(push(depth, at + RIGHT), at + LEFT);
    }
  }
  return 0;
}

/** Nodes from `at` down. */
export function countFrom(at: usize): u32 {
  let count: u32 = 0, depth: usize = 0;
  while (true) {
    for (; at; at = <usize> load<u32>(at, LEFT)) {
      count++;
      if (load<u32>(at, RIGHT)) depth = push(depth, <usize> load<u32>(at, RIGHT));
    }
    if (!depth) return count;
    depth--;
    at = <usize> load<u32>(stack + (depth << 2));
  }
}

/** The rank of a node that is in the tree, from 1. */
export function rankOfNode(at: usize, node: usize): u32 {
  let rank: u32 = 1, depth: usize = 0;
  while (true) {
    for (; at; at = <usize> load<u32>(at, LEFT)) depth = push(depth, at);
    depth--;
    at = <usize> load<u32>(stack + (depth << 2));
    if (at == node) return rank;
    rank++;
    at = <usize> load<u32>(at, RIGHT);
  }
}
