/**
 * What a key of a windowed operator holds: a few slots (an accumulator for each pane or session), in order.
 * The newest stands in the key's cell itself, which is nearly always the one wanted; older ones stand in a
 * block of the arena beside it, so that a key with one slot costs one entry of the table and nothing else.
 */
import { alloc, release, touch, touchRange } from "../lib/memory";

/** A slot: where it stands in order, what was told of it, then the accumulator. */
@unmanaged
export class Slot {
  /** The pane of a window, the start of a session. */
  at: i64;
  /** FIRED, and how many events came since. */
  state: u32;
  /** A copy of the accumulator as it was told last, where it has changed since and must be taken back. */
  shown: usize;
}

// @ts-ignore: decorator
@inline
export const SLOT_HEADER: u32 = 16;

/** In Slot.state: a result of it was told. */
// @ts-ignore: decorator
@inline
export const FIRED: u32 = 0x80000000;

// @ts-ignore: decorator
@inline
export const SINCE: u32 = 0x7fffffff;

/** The value of a key; behind it the newest slot's accumulator. */
@unmanaged
export class Cell {
  /** Windows that end up to here have been told of this key. */
  fired: i64;
  /** The block of the older slots; 0 = none. */
  block: usize;
  /** Slots, the newest included. */
  live: u32;
  newest: i64; // from here on a Slot
  newestState: u32;
  newestShown: usize;
}

// @ts-ignore: decorator
@inline
const NEWEST: usize = 16;

@unmanaged
class Block {
  capacity: u32;
  head: u32;
  count: u32;
}

// @ts-ignore: decorator
@inline
const BLOCK_HEADER: usize = 16;

// @ts-ignore: decorator
@inline
const CAPACITY: u32 = 2;

// @ts-ignore: decorator
@inline
export function newestSlot(cell: Cell): Slot {
  return changetype<Slot>(changetype<usize>(cell) + NEWEST);
}

/** Slots are numbered from the oldest. */
// @ts-ignore: decorator
@inline
export function slotAt(cell: Cell, i: u32, stride: u32): Slot {
  if (i + 1 == cell.live) return newestSlot(cell);
  const block = changetype<Block>(cell.block);
  return changetype<Slot>(cell.block + BLOCK_HEADER + <usize> (block.head + i) * stride);
}

/** The number of the first slot at or after `at`; `live` where there is none. */
export function lowerBound(cell: Cell, at: i64, stride: u32): u32 {
  let low: u32 = 0, high = cell.live;
  if (!high) return 0;
  if (cell.newest < at) return high;
  high--;
  // Mostly it is the oldest or one of the newest: looking there first leaves the rest of the block alone.
  if (!high || slotAt(cell, 0, stride).at >= at) return 0;
  if (slotAt(cell, high - 1, stride).at < at) return high;
  high--;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (slotAt(cell, middle, stride).at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The slot at `at`, found or made, writable; 0 = no room. The cell is writable already. */
export function slotFor(cell: Cell, at: i64, stride: u32): Slot {
  if (!cell.live) {
    cell.live = 1;
    cell.newest = at;
    return newestSlot(cell);
  }
  if (cell.newest == at) return newestSlot(cell);
  const i = lowerBound(cell, at, stride);
  if (i < cell.live) {
    const found = slotAt(cell, i, stride);
    if (found.at == at) {
      touchRange(changetype<usize>(found), stride);
      return found;
    }
  }
  return insertSlot(cell, i, at, stride);
}

/** A new slot before number `i`; 0 = no room. */
function insertSlot(cell: Cell, i: u32, at: i64, stride: u32): Slot {
  if (!makeRoom(cell, stride)) return changetype<Slot>(0);
  const block = changetype<Block>(cell.block);
  touch(cell.block);
  const slots = cell.block + BLOCK_HEADER + <usize> block.head * stride;
  const made = slots + <usize> i * stride;
  const inCell = changetype<usize>(newestSlot(cell));
  touchRange(made, <usize> (block.count + 1 - min(i, block.count)) * stride);
  let slot = made;
  if (i == cell.live) { // newer than all: the newest moves to the block
    copyWords(slots + <usize> block.count * stride, inCell, stride);
    slot = inCell;
  } else memory.copy(made + stride, made, <usize> (block.count - i) * stride);
  block.count++;
  cell.live++;
  zeroWords(slot, stride);
  changetype<Slot>(slot).at = at;
  return changetype<Slot>(slot);
}

/** Drops the oldest slot. What its accumulator holds must have been freed. */
export function dropOldest(cell: Cell, stride: u32): void {
  cell.live--;
  if (!cell.live) {
    zeroWords(changetype<usize>(newestSlot(cell)), stride);
    return;
  }
  const block = changetype<Block>(cell.block);
  touch(cell.block);
  block.head++;
  block.count--;
  if (!block.count) {
    release(cell.block, blockSize(block.capacity, stride));
    cell.block = 0;
  }
}

/** Drops slot number `i`, freed as for `dropOldest`. */
export function dropSlot(cell: Cell, i: u32, stride: u32): void {
  if (!i) return dropOldest(cell, stride);
  const block = changetype<Block>(cell.block);
  touch(cell.block);
  const slots = cell.block + BLOCK_HEADER + <usize> block.head * stride;
  touchRange(slots, <usize> block.count * stride);
  if (i + 1 == cell.live) {
    memory.copy(changetype<usize>(newestSlot(cell)), slots + <usize> (block.count - 1) * stride, stride);
  } else {
    const at = slots + <usize> i * stride;
    memory.copy(at, at + stride, <usize> (block.count - 1 - i) * stride);
  }
  block.count--;
  cell.live--;
  if (!block.count) {
    release(cell.block, blockSize(block.capacity, stride));
    cell.block = 0;
  }
}

// @ts-ignore: decorator
@inline
function blockSize(capacity: u32, stride: u32): usize {
  return BLOCK_HEADER + <usize> capacity * stride;
}

/** Sees to it that the block has room for one more slot at its end. */
function makeRoom(cell: Cell, stride: u32): bool {
  const old = changetype<Block>(cell.block);
  if (cell.block && old.head + old.count < old.capacity) return true;
  if (cell.block && old.head > old.capacity >> 3) {
    const slots = cell.block + BLOCK_HEADER;
    touchRange(cell.block, blockSize(old.count, stride));
    memory.copy(slots, slots + <usize> old.head * stride, <usize> old.count * stride);
    old.head = 0;
    return true;
  }
  const count = cell.block ? old.count : 0;
  const capacity = max(CAPACITY, count < 32 ? count << 1 : count + (count >> 2)), bytes = blockSize(capacity, stride);
  const fresh = alloc(bytes);
  if (!fresh) return false;
  touchRange(fresh, blockSize(count, stride));
  changetype<Block>(fresh).capacity = capacity;
  changetype<Block>(fresh).count = count;
  if (count) {
    memory.copy(fresh + BLOCK_HEADER, cell.block + BLOCK_HEADER + <usize> old.head * stride, <usize> count * stride);
    release(cell.block, blockSize(old.capacity, stride));
  }
  cell.block = fresh;
  return true;
}

/** Small and whole words: a call to copy them would cost more. */
// @ts-ignore: decorator
@inline
export function copyWords(to: usize, from: usize, bytes: u32): void {
  for (let i: usize = 0; i < bytes; i += 8) store<u64>(to + i, load<u64>(from + i));
}

// @ts-ignore: decorator
@inline
export function zeroWords(at: usize, bytes: u32): void {
  for (let i: usize = 0; i < bytes; i += 8) store<u64>(at + i, 0);
}

/**
 * Asks for what stands in the block of a cell that will be looked at soon, first where it is (`ends` false),
 * then its ends; what is read is added up and must be stored, or the compiler would leave the reading out.
 */
// @ts-ignore: decorator
@inline
export function askBlock(cell: Cell, ends: bool, stride: u32): u32 {
  if (cell.live < 2) return 0;
  if (!ends) return load<u32>(cell.block);
  const oldest = changetype<usize>(slotAt(cell, 0, stride));
  const newest = changetype<usize>(slotAt(cell, cell.live - 2, stride));
  return load<u32>(oldest) + load<u32>(oldest, 16) + load<u32>(newest) + load<u32>(newest, 16);
}
