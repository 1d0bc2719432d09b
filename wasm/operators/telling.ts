/**
 * What aligned windows hold of a key and tell of it: a window put together from its panes, or the running total
 * of those that overlap, taken from one window to the next.
 */
import { release, touch, touchRange } from "../lib/memory";
import { Table } from "../lib/table";
import { PANES_BYTES } from "./calendar";
import { Grid, GRID_FIELDS, LOWEST, NEVER } from "./grid";
import { accumulatorBytes, Timing, Update } from "./results";
import { Cell, dropOldest, FIRED, lowerBound, newestSlot, Slot, SLOT_HEADER, slotAt, zeroWords } from "./slots";

@unmanaged
export class Telling<A, D> extends Grid {
  running: bool;
  update: u32;
  /** Bytes of a slot. */
  stride: u32;
  /** The window that was told last, and its bounds. */
  tellEnd: i64;
  tellFrom: i64;
  tellTo: i64;
  /** Two accumulators of scratch in the arena, empty between uses. */
  delta: usize;
  gather: usize;

  // @ts-ignore: decorator
  @inline
 get table(): Table<Cell> {
    return changetype<Table<Cell>>(changetype<usize>(this) + GRID_FIELDS + PANES_BYTES);
  }

  /** Tells a window of a key, if it holds anything; false = there was no room to put it together. */
  protected put(cell: Cell, end: i64, op: i32, timing: i32): bool {
    if (this.size == 1) {
      const i = lowerBound(cell, end, this.stride);
      if (i == cell.live) return true;
      const slot = slotAt(cell, i, this.stride);
      if (slot.at == end) {
        touchRange(changetype<usize>(slot), this.stride);
        this.putSlot(cell, slot, end, op, timing);
      }
      return true;
    }
    if (!this.running || timing == Timing.LATE) return this.gathered(cell, end, op, timing);
    if (!this.roll(cell, end)) return false;
    const i = lowerBound(cell, this.firstPane(end), this.stride);
    if (i < cell.live && slotAt(cell, i, this.stride).at <= end) this.tell(cell, end, this.total(cell), op, timing);
    return true;
  }

  protected putSlot(cell: Cell, slot: Slot, end: i64, op: i32, timing: i32): void {
    if (timing == Timing.LATE && !(slot.state & FIRED) && op) return; // nothing was told yet
    if (this.update == Update.DISCARDING && slot.state == FIRED && timing != Timing.LATE) return; // nothing came since
    if (this.update == Update.RETRACTING && timing != Timing.LATE && slot.state & FIRED) {
      this.tell(cell, end, slot.shown ? changetype<A>(slot.shown) : acc<A>(slot), 1, timing);
      this.forget(slot);
    }
    this.tell(cell, end, acc<A>(slot), op, timing);
    slot.state = FIRED;
    if (this.update == Update.DISCARDING) this.empty(changetype<usize>(slot) + SLOT_HEADER);
  }

  /** Takes the running total on to the window that ends with pane `end`. */
  protected roll(cell: Cell, end: i64): bool {
    const from = this.firstPane(end), was = cell.fired, wasFrom = was == LOWEST ? LOWEST : this.firstPane(was);
    let i = lowerBound(cell, wasFrom, this.stride);
    for (; i < cell.live; i++) {
      const slot = slotAt(cell, i, this.stride);
      if (slot.at > was || slot.at >= from) break;
      this.unmerge(cell, slot);
    }
    const total = this.total(cell);
    for (i = lowerBound(cell, max(from, was + 1), this.stride); i < cell.live; i++) {
      const slot = slotAt(cell, i, this.stride);
      if (slot.at > end) break;
      if (!total.merge(acc<A>(slot))) return false;
      cell.fired = slot.at; // should there be no room for the next one
    }
    cell.fired = end;
    return true;
  }

  protected unmerge(cell: Cell, slot: Slot): void {
    if (this.cumulative) this.empty(changetype<usize>(this.total(cell))); // all of it ends together
    else this.total(cell).unmerge(acc<A>(slot));
  }

  /** Puts a window together from its panes. */
  protected gathered(cell: Cell, end: i64, op: i32, timing: i32): bool {
    let i = lowerBound(cell, this.firstPane(end), this.stride);
    if (i == cell.live) return true;
    let slot = slotAt(cell, i, this.stride);
    if (slot.at > end) return true;
    if (i + 1 == cell.live || slotAt(cell, i + 1, this.stride).at > end) {
      this.tell(cell, end, acc<A>(slot), op, timing);
      return true;
    }
    touch(this.gather);
    const sum = changetype<A>(this.gather);
    let whole = true;
    for (; whole && i < cell.live; i++) {
      slot = slotAt(cell, i, this.stride);
      if (slot.at > end) break;
      whole = sum.merge(acc<A>(slot));
    }
    if (whole) this.tell(cell, end, sum, op, timing);
    touch(this.gather);
    this.empty(this.gather);
    return whole;
  }

  // @ts-ignore: decorator
  @inline
 protected tell(cell: Cell, end: i64, value: A, op: i32, timing: i32): void {
    if (end != this.tellEnd || !this.tellTo) {
      this.tellEnd = end;
      this.tellFrom = this.panes.start(this.firstPane(end));
      this.tellTo = this.panes.start(end + 1);
    }
    const key = this.table.keyOf(cell), length = this.table.keyLength(cell);
    changetype<D>(0).fire(key, length, this.tellFrom, this.tellTo, value, op, timing);
  }

  /** The running total of a key. */
  // @ts-ignore: decorator
  @inline
 protected total(cell: Cell): A {
    return changetype<A>(changetype<usize>(newestSlot(cell)) + SLOT_HEADER + accumulatorBytes<A>());
  }

  protected forget(slot: Slot): void {
    if (!slot.shown) return;
    touch(slot.shown);
    changetype<A>(slot.shown).free();
    release(slot.shown, accumulatorBytes<A>());
    slot.shown = 0;
  }

  protected empty(ptr: usize): void {
    changetype<A>(ptr).free();
    zeroWords(ptr, accumulatorBytes<A>());
  }

  /** Frees the oldest slot, and takes it out of the running total. */
  protected drop(cell: Cell): void {
    const slot = slotAt(cell, 0, this.stride);
    touchRange(changetype<usize>(slot), this.stride);
    if (this.running && slot.at <= cell.fired && slot.at >= this.firstPane(cell.fired)) this.unmerge(cell, slot);
    acc<A>(slot).free();
    this.forget(slot);
    dropOldest(cell, this.stride);
  }

  /** The first window after `end` that holds something of a key. */
  protected endAfter(cell: Cell, end: i64): i64 {
    const next = this.endFrom(end + 1);
    let i = lowerBound(cell, this.cumulative ? this.firstPane(next) : next - this.size + 1, this.stride);
    if (i == cell.live) return NEVER;
    return max(this.firstEnd(slotAt(cell, i, this.stride).at), next);
  }
}

/** Where a slot keeps its accumulator. */
// @ts-ignore: decorator
@inline
export function acc<A>(slot: Slot): A {
  return changetype<A>(changetype<usize>(slot) + SLOT_HEADER);
}
