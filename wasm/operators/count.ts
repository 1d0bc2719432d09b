/**
 * Windows of a number of rows: at every `slide`-th row of a key, in order of arrival, the last `size` of them.
 * The first comes when `slide` rows are there, with what there is. Rows are gathered in panes of gcd(size,
 * slide) rows; a window that slides is kept as a running total where panes can be unmerged, else put together
 * from its panes. A result's start and end are row numbers of its key, [start, end), from 0 on.
 *
 * Such windows never end by time: a key stays until it is idle by the frame's clock. A tumbling window that is
 * full leaves nothing behind but the row count of its key.
 */
import { Reject } from "../lib/effects";
import { alloc, touch, touchRange } from "../lib/memory";
import { fresh, Table, TABLE_BYTES } from "../lib/table";
import { accumulatorBytes, Timing } from "./results";
import { refuse } from "./out";
import { Cell, dropOldest, newestSlot, Slot, SLOT_HEADER, slotAt, slotFor } from "./slots";

// @ts-ignore: decorator
@inline
const FIELDS: usize = 64;

// @ts-ignore: decorator
@inline
export const COUNT_WINDOW_BYTES: usize = FIELDS + TABLE_BYTES;

/** Most panes in a window. */
// @ts-ignore: decorator
@inline
const PANES_MAX: i64 = 1 << 20;

@unmanaged
export class CountWindow<A, D> {
  /** In rows. */
  private size: i64;
  private slide: i64;
  private pane: i64;
  private stride: u32;
  private running: bool;
  /** Between add and added. */
  private cell: usize;
  /** An accumulator of scratch in the arena, empty between uses. */
  private gather: usize;

  // @ts-ignore: decorator
  @inline
 private get table(): Table<Cell> {
    return changetype<Table<Cell>>(changetype<usize>(this) + FIELDS);
  }

  /** `ttl` in µs of the frame's clock; 0 = keys stay for ever. */
  init(size: i64, slide: i64, keyInline: u32, ttl: i64): bool {
    if (size <= 0 || slide <= 0) return false;
    this.size = size;
    this.slide = slide;
    this.pane = common(size, slide);
    const bytes = accumulatorBytes<A>(), sliding = size > this.pane;
    this.running = sliding && changetype<A>(0).invertible();
    this.stride = SLOT_HEADER + bytes;
    this.gather = alloc(bytes);
    return this.gather != 0 && size / this.pane <= PANES_MAX &&
      this.table.initWith(keyInline, ttl, this.running ? 2 * bytes : bytes);
  }

  ahead(key: usize, length: u32): void {
    this.table.ahead(key, length);
  }

  /** The accumulator of the row's pane; 0 = no room, and that has been said. Then call `added`. */
  add(time: i64, key: usize, length: u32): A {
    for (let i = 0; i < 2; i++) {
      const idle = this.table.idle();
      if (changetype<usize>(idle)) this.drop(idle);
    }
    const cell = this.table.upsert(key, length);
    if (!changetype<usize>(cell)) return this.full();
    // `fired` counts the key's rows.
    const slot = slotFor(cell, cell.fired / this.pane, this.stride);
    if (!changetype<usize>(slot)) {
      if (fresh()) this.table.remove(cell);
      return this.full();
    }
    this.cell = changetype<usize>(cell);
    return accOf<A>(slot);
  }

  added(): void {
    const cell = changetype<Cell>(this.cell), rows = ++cell.fired;
    if (rows % this.pane) return;
    const from = max<i64>(0, rows - this.size);
    if (this.running && !this.roll(cell, rows / this.pane - 1)) return refuse(Reject.STATE_FULL);
    if (rows % this.slide == 0 && !this.tell(cell, from, rows)) return refuse(Reject.STATE_FULL);
    const kept = rows + (rows % this.slide ? this.slide - rows % this.slide : this.slide) - this.size;
    while (cell.live && (slotAt(cell, 0, this.stride).at + 1) * this.pane <= kept) this.dropOldest(cell);
  }

  /** Nothing is due by event time. */
  due(): i64 {
    return i64.MAX_VALUE;
  }
  advance(now: i64): bool {
    return true;
  }
  keys(): u64 {
    return this.table.count;
  }
  open(): bool {
    return false;
  }

  /** A pane is full: it comes into the running total. */
  private roll(cell: Cell, pane: i64): bool {
    const newest = newestSlot(cell);
    return newest.at != pane || this.total(cell).merge(accOf<A>(newest));
  }

  private tell(cell: Cell, from: i64, to: i64): bool {
    if (this.running) {
      this.fire(cell, from, to, this.total(cell));
      return true;
    }
    const first = from / this.pane;
    if (cell.live == 1 && newestSlot(cell).at >= first) {
      this.fire(cell, from, to, accOf<A>(newestSlot(cell)));
      return true;
    }
    touch(this.gather);
    const sum = changetype<A>(this.gather);
    let whole = true;
    for (let i: u32 = 0; whole && i < cell.live; i++) {
      const slot = slotAt(cell, i, this.stride);
      if (slot.at >= first) whole = sum.merge(accOf<A>(slot));
    }
    if (whole) this.fire(cell, from, to, sum);
    touch(this.gather);
    sum.free();
    memory.fill(this.gather, 0, accumulatorBytes<A>());
    return whole;
  }

  private fire(cell: Cell, from: i64, to: i64, acc: A): void {
    changetype<D>(0).fire(this.table.keyOf(cell), this.table.keyLength(cell), from, to, acc, 0, Timing.ON_TIME);
  }

  private dropOldest(cell: Cell): void {
    const slot = slotAt(cell, 0, this.stride);
    touchRange(changetype<usize>(slot), this.stride);
    if (this.running) this.total(cell).unmerge(accOf<A>(slot));
    accOf<A>(slot).free();
    dropOldest(cell, this.stride);
  }

  /** A key that was idle. */
  private drop(cell: Cell): void {
    touch(changetype<usize>(cell));
    if (this.running) this.total(cell).free();
    for (let i: u32 = 0; i < cell.live; i++) {
      const slot = slotAt(cell, i, this.stride);
      touchRange(changetype<usize>(slot), this.stride);
      accOf<A>(slot).free();
    }
    while (cell.live) dropOldest(cell, this.stride);
    this.table.remove(cell);
  }

  // @ts-ignore: decorator
  @inline
 private total(cell: Cell): A {
    return changetype<A>(changetype<usize>(newestSlot(cell)) + SLOT_HEADER + accumulatorBytes<A>());
  }

  private full(): A {
    refuse(Reject.STATE_FULL);
    return changetype<A>(0);
  }
}

// @ts-ignore: decorator
@inline
function accOf<A>(slot: Slot): A {
  return changetype<A>(changetype<usize>(slot) + SLOT_HEADER);
}

function common(a: i64, b: i64): i64 {
  while (b) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
