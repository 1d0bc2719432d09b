/**
 * Two streams joined by key within windows of equal length, tumbling or hopping: every left row of a window
 * with every right row of it. A window's results come out when it is gone (watermark ≥ end + lateness), windows
 * in the order of their ends; a row whose window has no row of the other side comes out alone (outer kinds).
 *
 * A row is kept once, however many windows it belongs to. A key's entry stands in the wheel at the end of its
 * next window; a row notes the first window it was in time for, so that what comes after the watermark passed a
 * window's end does not change it, however far firing has got.
 */
import { Reject } from "../lib/effects";
import { release, touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { block, Has, JoinKind, minus, plus } from "./bounds";
import { late, latePartly, LateReason, refuse, room } from "./out";
import { watermark } from "./time";
import { Node, treeAfter, treeAtOrAfter, treeFirst, treeInsert, treeRemove } from "./tree";
import { beginSteps, step, stopped, Wheel, WHEEL_BYTES } from "./wheel";

// @ts-ignore: decorator
@inline
const HEADER: usize = 64;

// @ts-ignore: decorator
@inline
export const WINDOW_JOIN_BYTES: usize = HEADER + TABLE_BYTES + WHEEL_BYTES;

/** Times beyond ± this are bad input: the ends of their windows could not be told. */
// @ts-ignore: decorator
@inline
const TIME_MAX: i64 = 1 << 61;

@unmanaged
class Sides {
  owner: u32;
  left: u32; // top of the tree of left rows
  right: u32;
  rows: u32;
  /** The end of the next window with rows in it. */
  end: i64;
  /** How often the entry stands in the wheel. */
  pending: u32;
}

@unmanaged
class Kept extends Node {
  bytes: u32;
  /** The end of the first window the row was in time for. */
  firstEnd: i64;
}

/** What is being done for the window at hand. */
namespace Phase {
  export const FIND: u32 = 0;
  export const PAIRS: u32 = 1;
  export const LEFTS: u32 = 2;
  export const RIGHTS: u32 = 3;
  export const FREE: u32 = 4;
}

/** D: left(): L, right(): R, the rows' static instances; joined(has: u32, start: i64, end: i64): void. */
@unmanaged
export class WindowJoin<D> {
  private kind: u32;
  private seq: u32;
  private size: i64;
  private slide: i64;
  private offset: i64;
  private lateness: i64;
  /** The key whose window is being told, the next row of it, and the phase. */
  private firing: u32;
  private cursor: u32;
  private phase: u32;
  /** Keys with rows that may come out. */
  private telling: u32;

  // @ts-ignore: decorator
  @inline
 private get table(): Table<Sides> {
    return changetype<Table<Sides>>(changetype<usize>(this) + HEADER);
  }
  // @ts-ignore: decorator
  @inline
 private get wheel(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + HEADER + TABLE_BYTES);
  }

  /** Windows are [start, start + size), start = offset + any multiple of slide. */
  init(kind: u32, size: i64, slide: i64, offset: i64, lateness: i64, keyInline: u32): bool {
    this.kind = kind;
    this.size = size;
    this.slide = slide;
    this.offset = offset;
    this.lateness = lateness;
    if (size <= 0 || slide <= 0 || lateness < 0) return false;
    if (max(size, slide) > TIME_MAX || max(offset, -offset) > TIME_MAX) return false;
    return this.table.init(keyInline, 0) && this.wheel.init(0);
  }

  ahead(key: usize, length: u32): void {
    this.table.ahead(key, length);
  }

  /** The row in D.left(). */
  left(key: usize, length: u32): void {
    const d = changetype<D>(0);
    const row = this.keep(key, length, d.left().time, d.left().size(), offsetof<Sides>("left"));
    if (row) d.left().save(row + offsetof<Kept>());
  }

  /** The row in D.right(). */
  right(key: usize, length: u32): void {
    const d = changetype<D>(0);
    const row = this.keep(key, length, d.right().time, d.right().size(), offsetof<Sides>("right"));
    if (row) d.right().save(row + offsetof<Kept>());
  }

  advance(w: i64): bool {
    beginSteps();
    while (true) {
      if (!this.firing) {
        const entry = this.wheel.take(w);
        if (!entry) return !stopped();
        const sides = changetype<Sides>(entry);
        touch(entry);
        sides.pending--;
        if (!sides.rows || plus(sides.end, this.lateness) != this.wheel.taken) {
          if (!sides.rows && !sides.pending) this.table.remove(sides);
          continue;
        }
        this.firing = <u32> entry;
        this.phase = Phase.FIND;
      }
      if (!this.fire(changetype<Sides>(<usize> this.firing))) return false;
      this.firing = 0;
    }
  }

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.firing ? i64.MIN_VALUE : this.wheel.due();
  }

  keys(): u64 {
    return this.table.count;
  }

  /** Whether time alone may bring out a row: what is only kept, or to be freed, is nothing to wait for. */
  open(): bool {
    return this.telling != 0;
  }

  private tells(sides: Sides): u32 {
    const left = sides.left != 0, right = sides.right != 0;
    return left && (right || this.kind & JoinKind.LEFT) || right && this.kind & JoinKind.RIGHT ? 1 : 0;
  }

  /** A place for a row among those of its key; 0 = it has none, which has been said. */
  private keep(key: usize, length: u32, time: i64, size: u32, side: usize): usize {
    if (time < -TIME_MAX || time > TIME_MAX) {
      refuse(Reject.OUT_OF_RANGE);
      return 0;
    }
    const end = this.firstOpen(time);
    if (end == i64.MIN_VALUE) return 0;
    const sides = this.table.upsert(key, length);
    if (!changetype<usize>(sides)) {
      refuse(Reject.STATE_FULL);
      return 0;
    }
    const bytes = (<u32> offsetof<Kept>() + size + 7) & ~7;
    const row = block(bytes);
    // Of a key that is being told the window at hand stays what it is; `leave` finds the next one.
    const waits = this.firing != <u32> changetype<usize>(sides) && (!sides.pending || end < sides.end);
    if (!row || waits && !this.schedule(sides, end)) {
      if (row) release(row, bytes);
      if (!sides.rows && !sides.pending) this.table.remove(sides);
      refuse(Reject.STATE_FULL);
      return 0;
    }
    const kept = changetype<Kept>(row);
    kept.owner = <u32> changetype<usize>(sides);
    kept.time = time;
    kept.seq = this.seq++;
    kept.bytes = bytes;
    kept.firstEnd = end;
    sides.rows++;
    const told = this.tells(sides);
    treeInsert(changetype<usize>(sides) + side, row);
    this.telling += this.tells(sides) - told;
    return row;
  }

  /** The end of the first window of `time` that is not gone; i64.MIN_VALUE = there is none. */
  private firstOpen(time: i64): i64 {
    const last = this.lastStart(time), within = time - last;
    if (within >= this.size) return i64.MIN_VALUE; // between windows
    const gone = minus(watermark(), this.lateness);
    if (last + this.size <= gone) {
      late(last, last + this.size, LateReason.WINDOW_CLOSED);
      return i64.MIN_VALUE;
    }
    const first = last - (this.size - 1 - within) / this.slide * this.slide + this.size;
    if (first > gone) return first;
    const open = first + ((gone - first) / this.slide + 1) * this.slide;
    latePartly(open - this.slide - this.size, open - this.slide, (open - first) / this.slide);
    return open;
  }

  private lastStart(time: i64): i64 {
    const from = time - this.offset;
    let windows = from / this.slide;
    if (windows * this.slide > from) windows--;
    return windows * this.slide + this.offset;
  }

  private schedule(sides: Sides, end: i64): bool {
    if (!this.wheel.put(changetype<usize>(sides), plus(end, this.lateness))) return false;
    sides.end = end;
    sides.pending++;
    return true;
  }

  /** Tells the window that ends at `sides.end`; false = not all of it yet. */
  private fire(sides: Sides): bool {
    const end = sides.end;
    const left = changetype<usize>(sides) + offsetof<Sides>("left");
    const right = changetype<usize>(sides) + offsetof<Sides>("right");
    if (this.phase == Phase.FIND) {
      const l = this.within(left, treeAtOrAfter(left, end - this.size), end);
      const r = this.within(right, treeAtOrAfter(right, end - this.size), end);
      this.cursor = <u32> (l ? l : r);
      this.phase = l ? (r ? Phase.PAIRS : Phase.LEFTS) : r ? Phase.RIGHTS : Phase.FREE;
      if (this.phase == Phase.LEFTS && !(this.kind & JoinKind.LEFT)) this.phase = Phase.FREE;
      if (this.phase == Phase.RIGHTS && !(this.kind & JoinKind.RIGHT)) this.phase = Phase.FREE;
    }
    if (this.phase != Phase.FREE) {
      const tree = this.phase == Phase.RIGHTS ? right : left;
      while (this.cursor) {
        if (!room()) return false;
        const row = <usize> this.cursor;
        this.tell(row, <usize> load<u32>(right), end);
        this.cursor = <u32> this.within(tree, treeAfter(tree, row), end);
      }
      this.phase = Phase.FREE;
    }
    return this.leave(sides, end);
  }

  /** The row, or the next one that was in time, of those before `end`; 0 = none. */
  private within(tree: usize, row: usize, end: i64): usize {
    while (row && changetype<Kept>(row).firstEnd > end) row = treeAfter(tree, row);
    return row && changetype<Kept>(row).time < end ? row : 0;
  }

  private tell(row: usize, rights: usize, end: i64): void {
    const d = changetype<D>(0);
    if (this.phase == Phase.RIGHTS) {
      d.right().load(row + offsetof<Kept>());
      return d.joined(Has.RIGHT, end - this.size, end);
    }
    d.left().load(row + offsetof<Kept>());
    if (this.phase == Phase.LEFTS) d.joined(Has.LEFT, end - this.size, end);
    else this.pair(rights, end);
  }

  /** The left row at hand with all right rows of the window, in order of time. */
  private pair(at: usize, end: i64): void {
    const node = changetype<Kept>(at), start = end - this.size;
    if (node.left && node.time >= start) this.pair(<usize> node.left, end);
    if (node.time >= start && node.time < end && node.firstEnd <= end) {
      changetype<D>(0).right().load(at + offsetof<Kept>());
      changetype<D>(0).joined(Has.BOTH, start, end);
    }
    if (node.right && node.time < end) this.pair(<usize> node.right, end);
  }

  /** Frees the rows that belong to no later window; puts the key back for the next one that it has rows for. */
  private leave(sides: Sides, end: i64): bool {
    const left = changetype<usize>(sides) + offsetof<Sides>("left");
    const right = changetype<usize>(sides) + offsetof<Sides>("right");
    const first = end - this.size + this.slide;
    touch(changetype<usize>(sides));
    const told = this.tells(sides), freed = this.free(sides, left, first) && this.free(sides, right, first);
    this.telling -= told - this.tells(sides);
    if (!freed) return false;
    if (sides.rows) {
      const l = treeFirst(left), r = treeFirst(right);
      let time = i64.MAX_VALUE;
      if (l) time = changetype<Kept>(l).time;
      if (r) time = min(time, changetype<Kept>(r).time);
      const last = this.lastStart(time);
      const next = last - (this.size - 1 - (time - last)) / this.slide * this.slide + this.size;
      return this.schedule(sides, max(next, end + this.slide));
    }
    if (!sides.pending) this.table.remove(sides);
    return true;
  }

  private free(sides: Sides, tree: usize, before: i64): bool {
    for (let row = treeFirst(tree); row && changetype<Kept>(row).time < before; row = treeFirst(tree)) {
      if (!step()) return false;
      treeRemove(tree, row);
      release(row, changetype<Kept>(row).bytes);
      sides.rows--;
    }
    return true;
  }
}
