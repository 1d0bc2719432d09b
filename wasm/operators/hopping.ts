/**
 * Windows that overlap, of accumulators that can be unmerged, told once when they have ended. A key keeps a
 * running total: at the end of each pane what came in it enters, and what came in the pane that no further
 * window holds leaves. So a window costs the same however many panes it has.
 *
 * What is to leave stands in a chain of its pane, in the order in which it was put there, so that it is read
 * one after the other and nothing is searched for. Of each key alone stand, in its entry, its newest pane, and,
 * in a list, the older ones that have not entered yet: where rows come out of order over the end of a pane, or
 * so late that some windows that held them have been told.
 */
import { SINK } from "../lib/ahead";
import { Reject } from "../lib/effects";
import { alloc, release, touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { PANES_BYTES, TIME_MAX } from "./calendar";
import { Grid, GRID_FIELDS, LOWEST, NEVER, PANES_MAX } from "./grid";
import { late, latePartly, LateReason, refuse, room } from "./out";
import { accumulatorBytes, Timing } from "./results";
import { copyWords, zeroWords } from "./slots";
import { watermark } from "./time";

// @ts-ignore: decorator
@inline
export const HOPPING_BYTES: usize = GRID_FIELDS + PANES_BYTES + 2 * TABLE_BYTES;

/** A key. Its newest pane's accumulator and its total follow; its list of Older begins in the spare word. */
@unmanaged
class Cell {
  /** The newest pane, as `markOf` gives it; 0 = none. */
  mark: i64;
  /** Parts of the total: panes, and what was added to them late. */
  live: u32;
  /** The newest pane is part of the total. */
  entered: bool;
}

// @ts-ignore: decorator
@inline
const CELL: usize = 16;

/** What came in an older pane and enters with the window that ends with pane `from`. Its accumulator follows. */
@unmanaged
class Older {
  mark: i64;
  from: i64;
  next: usize;
  entered: bool;
}

// @ts-ignore: decorator
@inline
const OLDER: usize = 24;

/** What leaves with a pane: chunks of next: u32, count: u32, then (cell: u32, pad, accumulator) for each. */
@unmanaged
class Chain {
  first: usize;
  last: usize;
  room: u32;
}

// @ts-ignore: decorator
@inline
const CHUNK: usize = 4096;

// @ts-ignore: decorator
@inline
const CHUNK_FIRST: usize = 256;

/** Keys of a chain asked for together. */
// @ts-ignore: decorator
@inline
const ASKED: u32 = 16;

@unmanaged
export class Hopping<A, D> extends Grid {
  /** The next window that has something to tell or to drop, and its end; NEVER = none. */
  next: i64;
  nextAt: i64;

  /** A pass over all keys is under way: its window, and the next place in the table. */
  passing: bool;
  page: u32;
  place: u32;
  passPane: i64;
  passFrom: i64;
  passTo: i64;
  /** What the pass found: the first window of those to come. */
  soonest: i64;
  /** Keys with parts in their total; whether any holds what waits for its first window. */
  lives: u32;
  waits: bool;

  /** The pane of the last event, and when its last window is gone. */
  pane: i64;
  mark: i64;
  paneStart: i64;
  paneEnd: i64;
  goneAt: i64;

  /** The chain that was wanted last. */
  chainMark: i64;
  chain: usize;

  // @ts-ignore: decorator
  @inline
 private get table(): Table<Cell> {
    return changetype<Table<Cell>>(changetype<usize>(this) + GRID_FIELDS + PANES_BYTES);
  }
  // @ts-ignore: decorator
  @inline
 private get chains(): Table<Chain> {
    return changetype<Table<Chain>>(changetype<usize>(this) + GRID_FIELDS + PANES_BYTES + TABLE_BYTES);
  }

  /** After what Grid is told: windows of several panes that begin with each pane. */
  init(keyInline: u32): bool {
    this.next = NEVER;
    this.nextAt = NEVER;
    this.paneStart = NEVER;
    return this.size > 1 && this.size <= PANES_MAX && this.slide == 1 && !this.cumulative &&
      changetype<A>(0).invertible() && this.chains.init(8, 0) &&
      this.table.initWith(keyInline, 0, <u32> (CELL - offsetof<Cell>()) + 2 * accumulatorBytes<A>());
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
    const now = watermark();
    if (now >= this.goneAt) return this.tooLate();
    const cell = this.table.upsert(key, length);
    if (!changetype<usize>(cell)) return this.full();
    return cell.mark == this.mark && now < this.paneEnd ? newest<A>(cell) : this.addSlow(cell, now);
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
    return this.passing || this.waits || this.lives != 0;
  }

  // ---- adding, the rarer ways ----

  /** Finds the pane of an event. */
  private locate(time: i64): bool {
    if (time >= TIME_MAX || time <= -TIME_MAX) {
      refuse(Reject.OUT_OF_RANGE);
      return false;
    }
    const pane = this.panes.index(time);
    this.pane = pane;
    this.mark = markOf(pane);
    this.paneStart = this.panes.start(pane);
    this.paneEnd = this.panes.start(pane + 1);
    this.goneAt = this.panes.start(pane + this.size);
    return true;
  }

  private tooLate(): A {
    late(this.paneStart, this.goneAt, LateReason.WINDOW_CLOSED);
    return changetype<A>(0);
  }

  private full(): A {
    refuse(Reject.STATE_FULL);
    return changetype<A>(0);
  }

  private addSlow(cell: Cell, now: i64): A {
    if (now >= this.paneEnd) return this.addMissing(cell, this.endedBy(now));
    if (cell.mark) {
      if (this.pane < paneOf(cell.mark)) return this.addOlder(cell, this.pane);
      if (!this.setAside(cell)) return this.full();
      zeroWords(changetype<usize>(newest<A>(cell)), accumulatorBytes<A>());
    }
    cell.mark = this.mark;
    cell.entered = false;
    this.wake(this.pane);
    return newest<A>(cell);
  }

  /** Windows up to the one that ends with pane `ended` have been told without it. */
  private addMissing(cell: Cell, ended: i64): A {
    const given = this.addOlder(cell, ended + 1);
    if (changetype<usize>(given)) {
      latePartly(this.panes.start(ended + 1 - this.size), this.panes.start(ended + 1), ended - this.pane + 1);
    }
    return given;
  }

  /** The key's newest pane gives way to a newer one. */
  private setAside(cell: Cell): bool {
    const value = changetype<usize>(newest<A>(cell));
    if (cell.entered) return this.leaveLater(cell, cell.mark, value);
    const older = this.makeOlder(cell, cell.mark, paneOf(cell.mark));
    if (!changetype<usize>(older)) return false;
    copyWords(changetype<usize>(held<A>(older)), value, accumulatorBytes<A>());
    return true;
  }

  /** To the present pane, which is not the newest of the key, or of which windows have been told. */
  private addOlder(cell: Cell, from: i64): A {
    let older = changetype<Older>(<usize> load<u32>(this.table.spare(cell)));
    while (changetype<usize>(older)) {
      if (older.mark == this.mark && older.from == from && !older.entered) {
        touch(changetype<usize>(older));
        return held<A>(older);
      }
      older = changetype<Older>(older.next);
    }
    older = this.makeOlder(cell, this.mark, from);
    if (!changetype<usize>(older)) {
      if (this.isEmpty(cell)) this.table.remove(cell);
      return this.full();
    }
    this.wake(from);
    return held<A>(older);
  }

  private makeOlder(cell: Cell, mark: i64, from: i64): Older {
    const older = changetype<Older>(alloc(OLDER + accumulatorBytes<A>()));
    if (!changetype<usize>(older)) return older;
    older.mark = mark;
    older.from = from;
    older.next = <usize> load<u32>(this.table.spare(cell));
    store<u32>(this.table.spare(cell), <u32> changetype<usize>(older));
    return older;
  }

  private wake(pane: i64): void {
    this.waits = true;
    this.callAt(pane);
  }

  private callAt(pane: i64): void {
    if (pane >= this.next) return;
    this.next = pane;
    this.nextAt = this.panes.start(pane + 1);
  }

  // @ts-ignore: decorator
  @inline
 private isEmpty(cell: Cell): bool {
    return !cell.mark && !cell.live && !load<u32>(this.table.spare(cell));
  }

  // ---- passes: all keys, at the end of each window that holds something ----

  private begin(now: i64): bool {
    if (now < this.nextAt || this.next == NEVER) return false;
    this.passing = this.table.count != 0;
    this.page = 0;
    this.place = 0;
    this.passPane = this.next;
    this.passFrom = this.panes.start(this.next - this.size + 1);
    this.passTo = this.panes.start(this.next + 1);
    this.next = NEVER;
    this.nextAt = NEVER;
    this.soonest = NEVER;
    this.waits = false;
    return this.passing;
  }

  private end(): void {
    this.leave();
    this.passing = false;
    this.callAt(this.soonest);
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
    if (this.isEmpty(cell)) {
      this.table.remove(cell);
      return true;
    }
    if (!room()) return false;
    touch(changetype<usize>(cell));
    if (load<u32>(this.table.spare(cell)) && !this.enterOlder(cell)) return false;
    if (cell.mark == mark && !cell.entered) {
      if (!total<A>(cell).merge(newest<A>(cell))) return false;
      cell.entered = true;
      this.count(cell);
    } else if (cell.mark && !cell.entered) this.waits = true;
    if (cell.live) {
      this.tell(cell);
      this.soonest = this.passPane + 1; // of which an empty one takes the keys that hold nothing any more
    } else if (cell.mark) this.soonest = min(this.soonest, paneOf(cell.mark));
    if (load<u32>(this.table.spare(cell))) this.leaveOlder(cell);
    if (cell.entered && paneOf(cell.mark) <= this.passPane - this.size + 1) {
      this.takeOut(cell, newest<A>(cell));
      zeroWords(changetype<usize>(newest<A>(cell)), accumulatorBytes<A>());
      cell.mark = 0;
      cell.entered = false;
    }
    return true;
  }

  /** Those of the list whose first window this is go to the chains; where there is no room for that they stay. */
  private enterOlder(cell: Cell): bool {
    const bytes = accumulatorBytes<A>();
    let link = this.table.spare(cell);
    for (let at = <usize> load<u32>(link); at; at = <usize> load<u32>(link)) {
      const older = changetype<Older>(at);
      touch(at);
      if (!older.entered && older.from == this.passPane) {
        if (!total<A>(cell).merge(held<A>(older))) return false;
        older.entered = true;
        this.count(cell);
      }
      if (!older.entered || !this.leaveLater(cell, older.mark, changetype<usize>(held<A>(older)))) {
        if (!older.entered) {
          this.soonest = min(this.soonest, older.from);
          this.waits = true;
        }
        link = at + offsetof<Older>("next");
        continue;
      }
      touch(link);
      store<u32>(link, <u32> older.next);
      release(at, OLDER + bytes);
    }
    return true;
  }

  private leaveOlder(cell: Cell): void {
    let link = this.table.spare(cell);
    for (let at = <usize> load<u32>(link); at; at = <usize> load<u32>(link)) {
      const older = changetype<Older>(at);
      if (!older.entered || paneOf(older.mark) > this.passPane - this.size + 1) {
        link = at + offsetof<Older>("next");
        continue;
      }
      this.takeOut(cell, held<A>(older));
      touch(link);
      store<u32>(link, <u32> older.next);
      release(at, OLDER + accumulatorBytes<A>());
    }
  }

  // @ts-ignore: decorator
  @inline
 private tell(cell: Cell): void {
    const key = this.table.keyOf(cell), length = this.table.keyLength(cell);
    changetype<D>(0).fire(key, length, this.passFrom, this.passTo, total<A>(cell), 0, Timing.ON_TIME);
  }

  /** A part more of the total. */
  // @ts-ignore: decorator
  @inline
 private count(cell: Cell): void {
    if (!cell.live++) this.lives++;
  }

  /** A part of the total whose last window has been told. */
  // @ts-ignore: decorator
  @inline
 private takeOut(cell: Cell, part: A): void {
    total<A>(cell).unmerge(part);
    part.free();
    if (--cell.live) return;
    this.lives--;
    total<A>(cell).free();
    zeroWords(changetype<usize>(total<A>(cell)), accumulatorBytes<A>());
  }

  // ---- chains ----

  /** Puts a part of the total, whose bytes move, where it is found when its pane leaves; false = no room. */
  private leaveLater(cell: Cell, mark: i64, value: usize): bool {
    const bytes = accumulatorBytes<A>(), record: usize = 8 + bytes;
    if (mark != this.chainMark || !this.chain) {
      this.chain = changetype<usize>(this.chains.upsert64(<u64> mark));
      this.chainMark = mark;
      if (!this.chain) return false;
    }
    const chain = changetype<Chain>(this.chain);
    if (!chain.room) {
      const size = chain.first ? CHUNK : max(CHUNK_FIRST, 8 + record), chunk = alloc(size);
      if (!chunk) return false;
      touch(this.chain);
      if (chain.last) {
        touch(chain.last);
        store<u32>(chain.last, <u32> chunk);
      } else chain.first = chunk;
      chain.last = chunk;
      chain.room = <u32> ((size - 8) / record);
    }
    touch(this.chain);
    touch(chain.last);
    const count = load<u32>(chain.last, 4), at = chain.last + 8 + <usize> count * record;
    store<u32>(at, <u32> changetype<usize>(cell));
    copyWords(at + 8, value, bytes);
    store<u32>(chain.last, count + 1, 4);
    chain.room--;
    return true;
  }

  /** Takes out what no window after the pass's holds. */
  private leave(): void {
    const chain = this.chains.find64(<u64> markOf(this.passPane - this.size + 1));
    if (!changetype<usize>(chain)) return;
    const record: usize = 8 + accumulatorBytes<A>();
    for (let chunk = chain.first, first = true; chunk; first = false) {
      const count = load<u32>(chunk, 4), next = <usize> load<u32>(chunk);
      touch(chunk);
      for (let i: u32 = 0, at = chunk + 8; i < count; i++, at += record) {
        if (!(i & (ASKED - 1))) this.ask(at, min(ASKED, count - i));
        const cell = changetype<Cell>(<usize> load<u32>(at));
        touch(changetype<usize>(cell));
        this.takeOut(cell, changetype<A>(at + 8));
      }
      release(chunk, first ? max(CHUNK_FIRST, 8 + record) : CHUNK);
      chunk = next;
    }
    this.chains.remove(chain);
    this.chain = 0;
  }

  /** Asks for some of a chain's keys together, instead of waiting for each in turn. */
  private ask(at: usize, count: u32): void {
    const record: usize = 8 + accumulatorBytes<A>();
    let sum: u32 = 0;
    for (let i: u32 = 0; i < count; i++, at += record) {
      const cell = <usize> load<u32>(at);
      sum += load<u32>(cell) + load<u32>(cell + CELL + (record - 8));
    }
    store<u32>(SINK, sum);
  }
}

/** A pane's number, so that none is 0. */
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
function total<A>(cell: Cell): A {
  return changetype<A>(changetype<usize>(cell) + CELL + accumulatorBytes<A>());
}

// @ts-ignore: decorator
@inline
function held<A>(older: Older): A {
  return changetype<A>(changetype<usize>(older) + OLDER);
}
