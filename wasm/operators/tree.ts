/**
 * Rows of one key in the order of their time (of equal times, in the order they came): a treap whose nodes are
 * the rows themselves, its priorities a hash of their addresses. Insertion and removal cost O(log rows)
 * whatever the disorder; a walk over a range touches what it finds. For the one or two rows that most keys
 * have it is as cheap as a list.
 */
import { touch } from "../lib/memory";

@unmanaged
export class Node {
  /** The key's entry. */
  owner: u32;
  /** Order of arrival, modulo 2^32. */
  seq: u32;
  left: u32;
  right: u32;
  /** Last, so that a saved row, which begins with its time, may begin here. */
  time: i64;
}

/** Where a node names the two below it. */
// @ts-ignore: decorator
@inline
export const BELOW: u32 = 8;

// @ts-ignore: decorator
@inline
function priority(node: usize): u32 {
  const h = <u32> (node >> 4) * 0x9E3779B1;
  return (h ^ (h >> 15)) * 0x85EBCA77;
}

/** Whether `a` stands before `b`. */
// @ts-ignore: decorator
@inline
export function precedes(a: usize, b: usize): bool {
  const x = changetype<Node>(a), y = changetype<Node>(b);
  return x.time < y.time || x.time == y.time && <i32> (x.seq - y.seq) < 0;
}

/** `root` is the address of the u32 that names the top node; `node` is writable, its time and seq set. */
export function treeInsert(root: usize, node: usize): void {
  let slot = root, at = <usize> load<u32>(slot);
  const mine = priority(node);
  while (at && priority(at) >= mine) {
    slot = at + (precedes(node, at) ? offsetof<Node>("left") : offsetof<Node>("right"));
    at = <usize> load<u32>(slot);
  }
  touch(slot);
  store<u32>(slot, <u32> node);
  let less = node + offsetof<Node>("left"), more = node + offsetof<Node>("right");
  while (at) {
    if (precedes(at, node)) {
      touch(less);
      store<u32>(less, <u32> at);
      less = at + offsetof<Node>("right");
      at = <usize> load<u32>(less);
    } else {
      touch(more);
      store<u32>(more, <u32> at);
      more = at + offsetof<Node>("left");
      at = <usize> load<u32>(more);
    }
  }
  touch(less);
  store<u32>(less, 0);
  touch(more);
  store<u32>(more, 0);
}

/** Takes out a node that is in the tree. */
export function treeRemove(root: usize, node: usize): void {
  let slot = root, at = <usize> load<u32>(slot);
  while (at != node) {
    slot = at + (precedes(node, at) ? offsetof<Node>("left") : offsetof<Node>("right"));
    at = <usize> load<u32>(slot);
  }
  let a = <usize> changetype<Node>(node).left, b = <usize> changetype<Node>(node).right;
  while (a && b) {
    touch(slot);
    if (priority(a) >= priority(b)) {
      store<u32>(slot, <u32> a);
      slot = a + offsetof<Node>("right");
      a = <usize> load<u32>(slot);
    } else {
      store<u32>(slot, <u32> b);
      slot = b + offsetof<Node>("left");
      b = <usize> load<u32>(slot);
    }
  }
  touch(slot);
  store<u32>(slot, <u32> (a ? a : b));
}

/** The first node, or 0. */
export function treeFirst(root: usize): usize {
  let at = <usize> load<u32>(root);
  while (at && changetype<Node>(at).left) at = <usize> changetype<Node>(at).left;
  return at;
}

/** The last node with a time at or before `time`, or 0. */
export function treeAtOrBefore(root: usize, time: i64): usize {
  let at = <usize> load<u32>(root), found: usize = 0;
  while (at) {
    const node = changetype<Node>(at);
    if (node.time <= time) {
      found = at;
      at = <usize> node.right;
    } else at = <usize> node.left;
  }
  return found;
}

/** The first node with a time at or after `time`, or 0. */
export function treeAtOrAfter(root: usize, time: i64): usize {
  let at = <usize> load<u32>(root), found: usize = 0;
  while (at) {
    const node = changetype<Node>(at);
    if (node.time >= time) {
      found = at;
      at = <usize> node.left;
    } else at = <usize> node.right;
  }
  return found;
}

/** The node behind `node` in order, or 0. */
export function treeAfter(root: usize, node: usize): usize {
  let at = <usize> load<u32>(root), found: usize = 0;
  while (at) {
    if (precedes(node, at)) {
      found = at;
      at = <usize> changetype<Node>(at).left;
    } else at = <usize> changetype<Node>(at).right;
  }
  return found;
}
