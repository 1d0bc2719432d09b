/**
 * What aligned windows hold of a key and tell of it: a window put together from its panes, or the running total
 * of those that overlap, taken from one window to the next.
 *
 * What cannot be unmerged is taken on by two stacks of panes, if it is small (`stack`). Those of the older panes,
 * up to `turned`, are merged from the newest back, each into the one before it, in place: so the first of them that
 * a window holds stands for all. The newer ones are merged into one more accumulator as they end. A window is these
 * two. When no window holds any of the older panes, the newer ones are turned over: each pane is merged thrice.
 */
import { release, touch, touchRange } from "../lib/memory";
import { Table } from "../lib/table";
import { PANES_BYTES } from "./calendar";
import { Grid, GRID_FIELDS, LOWEST, NEVER } from "./grid";
import { accumulatorBytes, Timing, Update } from "./results";
import { Cell, dropOldest, FIRED, lowerBound, newestSlot, Slot, SLOT_HEADER, slotAt, zeroWords } from "./slots";

/** Of two stacks: the last pane that was turned over, and the last that has entered. */
@unmanaged
class Marks {
  turned: i64;
  entered: i64;
}

// @ts-ignore: decorator
@inline
export const MARKS_BYTES: u32 = 16;

@unmanaged
export class Telling<A, D> extends Grid {
  running: bool;
  stacks: bool;
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
    if (this.stacks) return this.stacked(cell, end);
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

  // ---- two stacks ----

  /** Told once, of accumulators that hold nothing in the arena. */
  stack(): void {
    this.stacks = true;
  }

  // @ts-ignore: decorator
  @inline
 protected marks(cell: Cell): Marks {
    return changetype<Marks>(changetype<usize>(this.total(cell)) + accumulatorBytes<A>());
  }

  protected stacked(cell: Cell, end: i64): bool {
    let i = lowerBound(cell, this.firstPane(end), this.stride);
    if (i == cell.live) return true;
    const slot = slotAt(cell, i, this.stride), marks = this.marks(cell), newer = this.total(cell);
    if (slot.at > end) return true;
    if (slot.at > marks.turned) {
      this.turn(cell, i, end);
      this.tell(cell, end, acc<A>(slot), 0, Timing.ON_TIME);
      return true;
    }
    for (let j = lowerBound(cell, marks.entered + 1, this.stride); j < cell.live; j++) {
      const entering = slotAt(cell, j, this.stride);
      if (entering.at > end) break;
      newer.merge(acc<A>(entering));
    }
    marks.entered = end;
    touch(this.gather);
    const sum = changetype<A>(this.gather);
    sum.merge(acc<A>(slot));
    sum.merge(newer);
    this.tell(cell, end, sum, 0, Timing.ON_TIME);
    touch(this.gather);
    this.empty(this.gather);
    return true;
  }

  /** From slot `first` on, up to pane `end`, each is merged into the one before it. */
  private turn(cell: Cell, first: u32, end: i64): void {
    let i = lowerBound(cell, end + 1, this.stride) - 1;
    for (; i > first; i--) {
      const older = slotAt(cell, i - 1, this.stride);
      touchRange(changetype<usize>(older), this.stride);
      acc<A>(older).merge(acc<A>(slotAt(cell, i, this.stride)));
    }
    this.empty(changetype<usize>(this.total(cell)));
    this.marks(cell).turned = end;
    this.marks(cell).entered = end;
  }

  /** A change to a pane that has entered; `made`: the slot is new. */
  protected changeEntered(cell: Cell, slot: Slot, made: bool, change: A): void {
    const turned = this.marks(cell).turned;
    if (slot.at > turned) {
      acc<A>(slot).merge(change);
      this.total(cell).merge(change);
      return;
    }
    const i = lowerBound(cell, slot.at, this.stride);
    if (made && i + 1 < cell.live) {
      const next = slotAt(cell, i + 1, this.stride);
      if (next.at <= turned) acc<A>(slot).merge(acc<A>(next));
    }
    for (let j: u32 = 0; j <= i; j++) {
      const older = slotAt(cell, j, this.stride);
      touchRange(changetype<usize>(older), this.stride);
      acc<A>(older).merge(change);
    }
  }

  protected startStacks(cell: Cell): void {
    this.empty(changetype<usize>(this.total(cell)));
    this.marks(cell).turned = LOWEST;
    this.marks(cell).entered = LOWEST;
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
