/**
 * Windows that follow one another, told once when they have ended: the plain case of aligned windows, of which
 * a key's entry is as small as it can be, since with many keys an event costs what it waits for memory. A key
 * holds its newest window in its entry; older ones, where rows come out of order over the end of a window,
 * stand in the arena. Late and early results and windows that overlap are Aligned's and Hopping's.
 */
import { Reject } from "../lib/effects";
import { alloc, release, touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { PANES_BYTES, TIME_MAX } from "./calendar";
import { Grid, GRID_FIELDS, LOWEST, NEVER } from "./grid";
import { late, LateReason, refuse, room } from "./out";
import { accumulatorBytes, Timing } from "./results";
import { zeroWords } from "./slots";
import { watermark } from "./time";

// @ts-ignore: decorator
@inline
export const TUMBLING_BYTES: usize = GRID_FIELDS + PANES_BYTES + TABLE_BYTES;

/** A key. Its newest window's accumulator follows; the windows before it stand in the entry's spare word. */
@unmanaged
class Cell {
  /** The newest window's number, as `markOf` gives it; 0 = the key holds nothing. */
  mark: i64;
}

/** An older window of a key. Its accumulator follows. */
@unmanaged
class Older {
  mark: i64;
  next: usize;
}

// @ts-ignore: decorator
@inline
const CELL: usize = 8;

// @ts-ignore: decorator
@inline
const OLDER: usize = 16;

@unmanaged
export class Tumbling<A, D> extends Grid {
  /** The first window that something is held of, and its end; NEVER = none. A pass over it is not counted. */
  next: i64;
  nextAt: i64;

  /** A pass over all keys is under way: its window, and the next place in the table. */
  passing: bool;
  page: u32;
  place: u32;
  passPane: i64;
  passFrom: i64;
  passTo: i64;
  /** What the pass found: the first window of those to come, and keys that hold nothing any more. */
  soonest: i64;
  husks: bool;
  /** Whether any key holds something. */
  holds: bool;

  /** The window of the last event. */
  pane: i64;
  mark: i64;
  paneStart: i64;
  paneEnd: i64;

  // @ts-ignore: decorator
  @inline
 private get table(): Table<Cell> {
    return changetype<Table<Cell>>(changetype<usize>(this) + GRID_FIELDS + PANES_BYTES);
  }

  /** After what Grid is told; false also where windows overlap. */
  init(keyInline: u32): bool {
    this.next = NEVER;
    this.nextAt = NEVER;
    this.paneStart = NEVER;
    return this.size == 1 && !this.cumulative && this.table.initWith(keyInline, 0, accumulatorBytes<A>());
  }

  // ---- events ----

  ahead(key: usize, length: u32): void {
    this.table.ahead(key, length);
  }

  /** The accumulator that the event changes; 0 = there is none, and why has been said. Then call `added`. */
  // @ts-ignore: decorator
  @inline
 add(time: i64, key: usize, length: u32): A {
    if ((time < this.paneStart || time >= this.paneEnd) && !this.locate(time)) return changetype<A>(0);
    if (watermark() >= this.paneEnd) return this.tooLate();
    const cell = this.table.upsert(key, length);
    if (!changetype<usize>(cell)) return this.full();
    return cell.mark == this.mark ? newest<A>(cell) : this.addSlow(cell);
  }

  // @ts-ignore: decorator
  @inline
 added(): void {}

  // ---- time ----

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.passing ? i64.MIN_VALUE : this.nextAt;
  }

  /** Tells what is due. False = it stopped for lack of room. */
  advance(now: i64): bool {
    while (this.passing || this.begin(now)) {
      if (!this.scan()) return false;
      this.end();
    }
    return true;
  }

  // @ts-ignore: decorator
  @inline
 keys(): u64 {
    return this.table.count;
  }

  /** Whether time alone may bring out a row: what is only kept, or to be freed, is nothing to wait for. */
  open(): bool {
    return this.passing || this.holds;
  }

  // ---- adding, the rarer ways ----

  /** Finds the window of an event; false = none holds it. */
  private locate(time: i64): bool {
    if (time >= TIME_MAX || time <= -TIME_MAX) {
      refuse(Reject.OUT_OF_RANGE);
      return false;
    }
    const pane = this.panes.index(time);
    if (this.firstEnd(pane) < pane) return false; // between windows
    this.pane = pane;
    this.mark = markOf(pane);
    this.paneStart = this.panes.start(pane);
    this.paneEnd = this.panes.start(pane + 1);
    return true;
  }

  private tooLate(): A {
    late(this.paneStart, this.paneEnd, LateReason.WINDOW_CLOSED);
    return changetype<A>(0);
  }

  private full(): A {
    refuse(Reject.STATE_FULL);
    return changetype<A>(0);
  }

  /** The key's newest window is another, or it has none. */
  private addSlow(cell: Cell): A {
    if (!cell.mark) {
      this.wake();
      cell.mark = this.mark;
      return newest<A>(cell);
    }
    const past = this.pane < paneOf(cell.mark);
    let older = changetype<Older>(past ? this.find(cell, this.mark) : 0);
    if (changetype<usize>(older)) {
      touch(changetype<usize>(older));
      return held<A>(older);
    }
    const bytes = accumulatorBytes<A>();
    older = changetype<Older>(alloc(OLDER + bytes));
    if (!changetype<usize>(older)) return this.full();
    this.wake();
    older.next = load<u32>(this.table.spare(cell));
    store<u32>(this.table.spare(cell), <u32> changetype<usize>(older));
    if (past) {
      older.mark = this.mark;
      return held<A>(older);
    }
    older.mark = cell.mark;
    memory.copy(changetype<usize>(held<A>(older)), changetype<usize>(newest<A>(cell)), bytes);
    zeroWords(changetype<usize>(newest<A>(cell)), bytes);
    cell.mark = this.mark;
    return newest<A>(cell);
  }

  private find(cell: Cell, mark: i64): usize {
    let at = <usize> load<u32>(this.table.spare(cell));
    while (at && changetype<Older>(at).mark != mark) at = changetype<Older>(at).next;
    return at;
  }

  private wake(): void {
    this.holds = true;
    if (this.pane >= this.next) return;
    this.next = this.pane;
    this.nextAt = this.paneEnd;
  }

  // ---- passes: all keys, at the end of each window that something is held of ----

  private begin(now: i64): bool {
    if (now < this.nextAt || this.next == NEVER) return false;
    this.passing = this.table.count != 0;
    this.page = 0;
    this.place = 0;
    this.passPane = this.next;
    this.passFrom = this.panes.start(this.next);
    this.passTo = this.panes.start(this.next + 1);
    this.next = NEVER;
    this.nextAt = NEVER;
    this.soonest = NEVER;
    this.husks = false;
    this.holds = false;
    return this.passing;
  }

  private end(): void {
    this.passing = false;
    if (this.soonest != NEVER) this.holds = true;
    // A key that holds nothing will likely be wanted again at once: it goes at the end of the next window.
    if (this.husks) this.soonest = min(this.soonest, this.endFrom(this.passPane + 1));
    if (this.soonest >= this.next) return;
    this.next = this.soonest;
    this.nextAt = this.panes.start(this.next + 1);
  }

  private scan(): bool {
    const table = this.table, perPage = table.perPage(), pages = table.pages(), mark = markOf(this.passPane);
    for (; this.page < pages; this.page++, this.place = 0) {
      for (let i = this.place; i < perPage; i++) {
        const cell = table.inPage(this.page, i);
        if (!changetype<usize>(cell) || this.step(cell, mark)) continue;
        this.place = i;
        return false;
      }
    }
    return true;
  }

  /** One key's part of a pass; false = no room. */
  private step(cell: Cell, mark: i64): bool {
    const older = <usize> load<u32>(this.table.spare(cell));
    if (cell.mark == mark && !older) {
      if (!room()) return false;
      touch(changetype<usize>(cell));
      this.tell(cell, newest<A>(cell));
      zeroWords(changetype<usize>(newest<A>(cell)), accumulatorBytes<A>());
      cell.mark = 0;
      this.husks = true;
    } else if (older) return this.stepOlder(cell, mark);
    else if (cell.mark) this.soonest = min(this.soonest, paneOf(cell.mark));
    else this.table.remove(cell);
    return true;
  }

  /** A key that holds several windows: the pass is for an older one, if for any. */
  private stepOlder(cell: Cell, mark: i64): bool {
    this.soonest = min(this.soonest, paneOf(cell.mark));
    let link = this.table.spare(cell);
    for (let at = <usize> load<u32>(link); at; at = <usize> load<u32>(link)) {
      const older = changetype<Older>(at);
      if (older.mark == mark) {
        if (!room()) return false;
        this.tell(cell, held<A>(older));
        touch(link);
        store<u32>(link, <u32> older.next);
        release(at, OLDER + accumulatorBytes<A>());
        continue;
      }
      this.soonest = min(this.soonest, paneOf(older.mark));
      link = at + offsetof<Older>("next");
    }
    return true;
  }

  // @ts-ignore: decorator
  @inline
 private tell(cell: Cell, value: A): void {
    const key = this.table.keyOf(cell), length = this.table.keyLength(cell);
    changetype<D>(0).fire(key, length, this.passFrom, this.passTo, value, 0, Timing.ON_TIME);
    value.free();
  }
}

/** A window's number, so that none is 0. */
// @ts-ignore: decorator
@inline
function markOf(pane: i64): i64 {
  return pane ^ LOWEST;
}

// @ts-ignore: decorator
@inline
function paneOf(mark: i64): i64 {
  return mark ^ LOWEST;
}

// @ts-ignore: decorator
@inline
function newest<A>(cell: Cell): A {
  return changetype<A>(changetype<usize>(cell) + CELL);
}

// @ts-ignore: decorator
@inline
function held<A>(older: Older): A {
  return changetype<A>(changetype<usize>(older) + OLDER);
}
