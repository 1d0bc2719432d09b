/**
 * Two streams joined by key and interval: a right row matches a left row of its key when
 * `low ≤ right.time ≤ high`, bounds that the left row itself gives. Pairs come out as soon as both rows are
 * there; a row without a partner comes out once, when the watermark proves that none can come (outer kinds).
 * A row is freed when no row to come can match it.
 *
 * Each key has its left and its right rows in order of time (tree.ts); expiry is driven by time (wheel.ts).
 */
import { Reject } from "../lib/effects";
import { release, touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { askTrees, note, readWanted, want } from "./ask";
import { block, Has, JoinKind, minus, passed, plus } from "./bounds";
import { late, LateReason, refuse, room } from "./out";
import { Ring, RING_BYTES } from "./ring";
import { watermark } from "./time";
import { BELOW, Node, treeInsert, treeRemove } from "./tree";
import { beginSteps, coarse, stopped, Wheel, WHEEL_BYTES } from "./wheel";
import { askedNode } from "./wheel_ahead";

// @ts-ignore: decorator
@inline
export const INTERVAL_JOIN_BYTES: usize = TABLE_BYTES + WHEEL_BYTES + RING_BYTES + 48;

/** Of the row that was kept last: how long rows are about. Scratch. */
let rowBytes: usize = 64;

/** A key; how many rows it has stands in the entry's spare word. */
@unmanaged
class Sides {
  left: u32; // top of the tree of left rows
  right: u32;
}

/** A row that is kept: what R saves, of which the node's time is the beginning, stands behind a header. */
@unmanaged
class Kept extends Node {
}

// @ts-ignore: decorator
@inline
const HEADER: usize = offsetof<Kept>("time");

/** In the lowest bits of `owner`. */
// @ts-ignore: decorator
@inline
const MATCHED: u32 = 1;

// @ts-ignore: decorator
@inline
const RIGHT: u32 = 2;

/**
 * D: left(): L, right(): R, the rows' static instances; low(): i64, high(): i64 of the row in left();
 * joined(has: u32): void.
 */
@unmanaged
export class IntervalJoin<D> {
  private kind: u32;
  private seq: u32;
  private before: i64;
  private after: i64;
  private lateness: i64;
  /** A row taken from the wheel that found no room to come out. */
  private waiting: usize;
  /** Rows that come out alone unless another comes. */
  private lonely: u32;
  private pad: u64;

  // @ts-ignore: decorator
  @inline
 private get table(): Table<Sides> {
    return changetype<Table<Sides>>(changetype<usize>(this) + 48);
  }
  // @ts-ignore: decorator
  @inline
 private get wheel(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + 48 + TABLE_BYTES);
  }
  /** Of inner joins alone: only the moment of an outer result shows. */
  // @ts-ignore: decorator
  @inline
 private get ring(): Ring {
    return changetype<Ring>(changetype<usize>(this) + 48 + TABLE_BYTES + WHEEL_BYTES);
  }

  /**
   * low() is never more than `before` below the left row's time, high() never more than `after` above it: what
   * rows are retained by. A left row that gives more is bad input. Rows below watermark - lateness are late.
   */
  init(kind: u32, before: i64, after: i64, lateness: i64, keyInline: u32): bool {
    this.kind = kind;
    this.before = before;
    this.after = after;
    this.lateness = lateness;
    if (lateness < 0 || minus(0, before) > after || !this.table.init(keyInline, 0)) return false;
    if (kind != JoinKind.INNER) return this.wheel.init(0);
    const shift = coarse(plus(before, after)); // its rows may go a little later
    return this.wheel.init(shift) && this.ring.init(shift);
  }

  ahead(key: usize, length: u32): void {
    note(changetype<usize>(this), this.table.ask(key, length));
  }

  /** From onAheadDone: asks for the rows that a row to come will meet. */
  aheadDone(): void {
    const value = changetype<usize>(this.table.valueAt(0)); // from an entry on
    const left = value + offsetof<Sides>("left"), right = value + offsetof<Sides>("right");
    askTrees(changetype<usize>(this), left, right, BELOW, 4, rowBytes);
  }

  /** The row in D.left(). */
  left(key: usize, length: u32): void {
    const d = changetype<D>(0), time = d.left().time, w = watermark();
    if (time < minus(w, this.lateness)) return late(time, time, LateReason.ROW_EXPIRED);
    const low = d.low(), high = d.high();
    if (low < minus(time, this.before) || high > plus(time, this.after)) return refuse(Reject.OUT_OF_RANGE);
    const due = low <= high ? passed(high, this.lateness) : i64.MIN_VALUE;
    let sides = due > w ? this.table.upsert(key, length) : this.table.find(key, length);
    let row: usize = 0;
    if (due > w) {
      row = this.keep(changetype<usize>(sides), d.left().size(), 0, due);
      if (!row) return;
      d.left().save(row + HEADER);
    }
    let matched = false;
    if (changetype<usize>(sides) && sides.right) matched = this.scanRight(<usize> sides.right, low, high);
    if (row) this.stand(row, sides, offsetof<Sides>("left"), matched);
    else if (!matched && this.kind & JoinKind.LEFT) d.joined(Has.LEFT);
  }

  /** The row in D.right(). */
  right(key: usize, length: u32): void {
    const d = changetype<D>(0), time = d.right().time, w = watermark();
    if (time < minus(w, this.lateness)) return late(time, time, LateReason.ROW_EXPIRED);
    const due = passed(plus(time, this.before), this.lateness);
    let sides = due > w ? this.table.upsert(key, length) : this.table.find(key, length);
    let row: usize = 0;
    if (due > w) {
      row = this.keep(changetype<usize>(sides), d.right().size(), RIGHT, due);
      if (!row) return;
      d.right().save(row + HEADER);
    }
    let matched = false;
    if (changetype<usize>(sides) && sides.left) {
      matched = this.scanLeft(<usize> sides.left, minus(time, this.after), plus(time, this.before), time);
    }
    if (row) this.stand(row, sides, offsetof<Sides>("right"), matched);
    else if (!matched && this.kind & JoinKind.RIGHT) d.joined(Has.RIGHT);
  }

  /** Frees, and tells of the lonely. */
  advance(w: i64): bool {
    beginSteps(<u32> rowBytes);
    while (true) {
      const row = this.next(w);
      if (!row) return !stopped();
      const others = this.wheel.begunNodes() + this.ring.begunNodes();
      if (others) this.askRun(others);
      const lonely = !(changetype<Kept>(row).owner & MATCHED);
      if (lonely && this.wanted(row)) {
        if (!room()) {
          this.waiting = row;
          return false;
        }
        this.tell(row);
      }
      this.waiting = 0;
      this.forget(row);
    }
  }

  // @ts-ignore: decorator
  @inline
 private next(w: i64): usize {
    if (this.waiting) return this.waiting;
    const row = this.kind ? 0 : this.ring.take(w);
    return row ? row : this.wheel.take(w);
  }

  /** When the row goes; false = no room. */
  // @ts-ignore: decorator
  @inline
 private put(row: usize, due: i64): bool {
    return !this.kind && this.ring.put(row, due, watermark()) || this.wheel.put(row, due);
  }

  /** Asks for what taking the rows of a run out of their trees will read: the ways to them, slots of the index. */
  private askRun(count: u32): void {
    for (let i: u32 = 0; i < count; i++) {
      const row = changetype<Kept>(askedNode(i)), sides = ownerOf(row);
      want(topOf(row, sides));
      if (this.rowsOf(sides) == 1) want(this.table.indexOf(sides));
    }
    readWanted();
    for (let i: u32 = 0; i < count; i++) {
      const row = changetype<Kept>(askedNode(i));
      want(<usize> changetype<Kept>(topOf(row, ownerOf(row))).left); // what is due is among the first of its tree
    }
    readWanted();
  }

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.waiting ? i64.MIN_VALUE : this.kind ? this.wheel.due() : min(this.ring.due(), this.wheel.due());
  }

  keys(): u64 {
    return this.table.count;
  }

  /** Whether time alone may bring out a row: what is only kept, or to be freed, is nothing to wait for. */
  open(): bool {
    return this.lonely != 0;
  }

  // @ts-ignore: decorator
  @inline
 private wanted(row: usize): bool {
    return (this.kind & (changetype<Kept>(row).owner & RIGHT ? JoinKind.RIGHT : JoinKind.LEFT)) != 0;
  }

  private tell(row: usize): void {
    const d = changetype<D>(0);
    if (changetype<Kept>(row).owner & RIGHT) {
      d.right().load(row + HEADER);
      d.joined(Has.RIGHT);
    } else {
      d.left().load(row + HEADER);
      d.joined(Has.LEFT);
    }
  }

  /** A block for a row of `size` bytes; 0 = no room, and said so. */
  private keep(sides: usize, size: u32, side: u32, due: i64): usize {
    if (!sides) {
      refuse(Reject.STATE_FULL);
      return 0;
    }
    const bytes = <u32> HEADER + size;
    rowBytes = bytes;
    const row = block(bytes);
    if (!row || !this.put(row, due)) {
      if (row) release(row, bytes);
      if (!this.rowsOf(changetype<Sides>(sides))) this.table.remove(changetype<Sides>(sides));
      refuse(Reject.STATE_FULL);
      return 0;
    }
    const kept = changetype<Kept>(row);
    kept.seq = this.seq++;
    kept.owner = <u32> sides | side;
    return row;
  }

  /** The row takes its place among those of its key. */
  private stand(row: usize, sides: Sides, side: usize, matched: bool): void {
    if (matched) changetype<Kept>(row).owner |= MATCHED;
    else if (this.wanted(row)) this.lonely++;
    this.counted(sides, 1);
    treeInsert(changetype<usize>(sides) + side, row);
  }

  private forget(row: usize): void {
    const kept = changetype<Kept>(row), sides = ownerOf(kept), bytes = this.bytesOf(row);
    const side = kept.owner & RIGHT ? offsetof<Sides>("right") : offsetof<Sides>("left");
    if (!(kept.owner & MATCHED) && this.wanted(row)) this.lonely--;
    treeRemove(changetype<usize>(sides) + side, row);
    release(row, bytes);
    if (this.rowsOf(sides) == 1) return this.table.remove(sides);
    touch(changetype<usize>(sides));
    this.counted(sides, -1);
  }

  /** How long a row's block is; loads the row where not all have one length. */
  // @ts-ignore: decorator
  @inline
 private bytesOf(row: usize): usize {
    const d = changetype<D>(0);
    if (changetype<Kept>(row).owner & RIGHT) {
      if (d.right().fixedBytes()) return HEADER + d.right().fixedBytes();
      d.right().load(row + HEADER);
      return HEADER + d.right().size();
    }
    if (d.left().fixedBytes()) return HEADER + d.left().fixedBytes();
    d.left().load(row + HEADER);
    return HEADER + d.left().size();
  }

  // @ts-ignore: decorator
  @inline
 private rowsOf(sides: Sides): u32 {
    return load<u32>(this.table.spare(sides));
  }

  // @ts-ignore: decorator
  @inline
 private counted(sides: Sides, more: i32): void {
    store<u32>(this.table.spare(sides), this.rowsOf(sides) + more);
  }

  /** Pairs the left row at hand with the right rows in [low, high], in order of time. */
  private scanRight(at: usize, low: i64, high: i64): bool {
    const node = changetype<Kept>(at);
    let found = false;
    if (node.left && node.time >= low) found = this.scanRight(<usize> node.left, low, high);
    if (node.time >= low && node.time <= high) {
      this.mark(at);
      changetype<D>(0).right().load(at + HEADER);
      changetype<D>(0).joined(Has.BOTH);
      found = true;
    }
    if (node.right && node.time <= high) found = this.scanRight(<usize> node.right, low, high) || found;
    return found;
  }

  /** Pairs the right row at hand, of `time`, with the left rows from `first` to `last` whose bounds it meets. */
  private scanLeft(at: usize, first: i64, last: i64, time: i64): bool {
    const node = changetype<Kept>(at), d = changetype<D>(0);
    let found = false;
    if (node.left && node.time >= first) found = this.scanLeft(<usize> node.left, first, last, time);
    if (node.time >= first && node.time <= last) {
      d.left().load(at + HEADER);
      if (d.low() <= time && time <= d.high()) {
        this.mark(at);
        d.joined(Has.BOTH);
        found = true;
      }
    }
    if (node.right && node.time <= last) found = this.scanLeft(<usize> node.right, first, last, time) || found;
    return found;
  }

  // @ts-ignore: decorator
  @inline
 private mark(row: usize): void {
    if (!this.kind || changetype<Kept>(row).owner & MATCHED) return;
    touch(row);
    if (this.wanted(row)) this.lonely--;
    changetype<Kept>(row).owner |= MATCHED;
  }
}

// @ts-ignore: decorator
@inline
function ownerOf(row: Kept): Sides {
  return changetype<Sides>(<usize> (row.owner & ~7));
}

/** The top of the tree that a row stands in. */
// @ts-ignore: decorator
@inline
function topOf(row: Kept, sides: Sides): usize {
  return <usize> (row.owner & RIGHT ? sides.right : sides.left);
}
