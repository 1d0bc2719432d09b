/**
 * Windows that are the same for every key: tumbling, hopping, cumulative, on a fixed grid or on the calendar
 * of a time zone. Time is cut into panes; an event goes to one pane of its key, whatever the number of windows
 * that share it, and a window is put together from panes when it ends.
 *
 * A pass goes over all keys at the end of each window that has something in it, and stops where there is no
 * room. Accumulators that can be unmerged (and cumulative windows, which only grow) keep a running total per
 * key, so a pass takes a key one step on: the new panes in, the old ones out. Small ones that cannot be unmerged
 * stand in two stacks of panes (telling.ts). The rest merge their panes.
 *
 * What counts is the watermark, never how far a pass has got: an event that comes while windows wait to be told
 * does not change them; its key is told of them first.
 */
import { clock } from "../lib/context";
import { SINK } from "../lib/ahead";
import { Reject } from "../lib/effects";
import { alloc, release, touch, touchRange } from "../lib/memory";
import { TABLE_BYTES } from "../lib/table";
import { plus } from "./bounds";
import { floorDiv, PANES_BYTES, TIME_MAX } from "./calendar";
import { GRID_FIELDS, LOWEST, NEVER, PANES_MAX } from "./grid";
import { late, latePartly, LateReason, refuse, room } from "./out";
import { accumulatorBytes, Timing, Update } from "./results";
import { askBlock, Cell, FIRED, newestSlot, SINCE, Slot, SLOT_HEADER, slotAt, slotFor } from "./slots";
import { acc, MARKS_BYTES, Telling } from "./telling";
import { watermark } from "./time";

export { Timing, Update } from "./results";

// @ts-ignore: decorator
@inline
export const ALIGNED_BYTES: usize = GRID_FIELDS + PANES_BYTES + TABLE_BYTES;

/** Kinds of passes. */
// @ts-ignore: decorator
@inline
const NONE: u32 = 0;
// @ts-ignore: decorator
@inline
const FIRE: u32 = 1;
// @ts-ignore: decorator
@inline
const SWEEP: u32 = 2;
// @ts-ignore: decorator
@inline
const EARLY: u32 = 3;

@unmanaged
export class Aligned<A, D> extends Telling<A, D> {
  lateness: i64;
  earlyEvents: u32;
  earlyEvery: i64;
  earlyClock: i64;

  /** The last pane of the next window that has something in it, and that window's end; NEVER = none. */
  next: i64;
  nextAt: i64;
  /** When something has to be freed; when early results are due, by watermark and by clock. */
  sweepAt: i64;
  earlyAt: i64;
  clockAt: i64;

  /** The pass under way: what kind, the window it is for, the next slot of the table, and what it found. */
  pass: u32;
  cursor: u32;
  passPane: i64;
  soonest: i64;
  oldest: i64;
  husks: bool;

  /** The pane of the last event: its bounds, its number, when its first window ends and its last is gone. */
  paneStart: i64;
  paneEnd: i64;
  pane: i64;
  first: i64;
  firstAt: i64;
  goneAt: i64;

  /** Between add and added. */
  cell: usize;
  slot: usize;
  changed: usize; // what was given to be changed: the slot's accumulator, or the delta
  lateWindows: bool;
  made: bool; // the slot is new

  // ---- declaration: what of Grid is wanted, then late and early if wanted, then init ----

  /** How long after its end a window still takes events, and what is told of it then. */
  allow(lateness: i64, update: u32): void {
    this.lateness = lateness;
    this.update = update;
  }

  /** Early results: every so many events of a key's window, at each multiple of µs of event time, of the clock. 0 = not. */
  early(events: u32, everyTime: i64, everyClock: i64): void {
    this.earlyEvents = events;
    this.earlyEvery = everyTime;
    this.earlyClock = everyClock;
  }

  init(keyInline: u32): bool {
    const bytes = accumulatorBytes<A>();
    this.running = !this.stacks && this.size > 1 && (this.cumulative || changetype<A>(0).invertible());
    this.stride = SLOT_HEADER + bytes;
    this.next = NEVER;
    this.nextAt = NEVER;
    this.sweepAt = NEVER;
    this.earlyAt = NEVER;
    this.clockAt = NEVER;
    this.paneStart = NEVER;
    this.delta = alloc(bytes);
    this.gather = alloc(bytes);
    const single = this.size == 1 || !(this.hasEarly() && this.update != Update.ACCUMULATING);
    if (this.stacks && (this.size == 1 || this.cumulative || this.lateness || this.hasEarly())) return false;
    return single && this.size <= PANES_MAX && this.slide <= PANES_MAX && this.lateness >= 0 &&
      this.update <= Update.RETRACTING && this.earlyEvery >= 0 && this.earlyClock >= 0 &&
      this.earlyEvents <= SINCE && this.delta != 0 && this.gather != 0 &&
      this.table.initWith(keyInline, 0, this.stacks ? 2 * bytes + MARKS_BYTES : this.running ? 2 * bytes : bytes);
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
    this.changed = 0;
    if (now >= this.goneAt) return this.tooLate();
    const cell = this.table.upsert(key, length);
    if (!changetype<usize>(cell)) return this.full();
    if (now >= this.firstAt || this.hasEarly() || !cell.live || cell.newest != this.pane) {
      return this.addSlow(cell, now);
    }
    if (this.first < this.next) this.wake();
    return changetype<A>(changetype<usize>(newestSlot(cell)) + SLOT_HEADER);
  }

  /** The accumulator has been changed. */
  // @ts-ignore: decorator
  @inline
 added(): void {
    if (this.changed) this.addedSlow();
  }

  // ---- time ----

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    if (this.pass) return i64.MIN_VALUE;
    return min(this.nextAt, min(this.sweepAt, this.earlyAt));
  }

  /** Tells what is due, frees what is gone. False = it stopped for lack of room. */
  advance(now: i64): bool {
    while (true) {
      if (!this.pass && !this.begin(now)) return true;
      if (!this.scan(now)) return false;
      this.end();
    }
  }

  /** When early results are due by the frame's clock, and telling them. */
  // @ts-ignore: decorator
  @inline
 clockDue(): i64 {
    return this.clockAt;
  }
  tick(now: i64): bool {
    if (now >= this.clockAt) {
      if (this.pass) return false; // another pass is not through yet
      this.pass = EARLY;
      this.cursor = 0;
      this.clockAt = this.table.count ? plus(now, this.earlyClock) : NEVER;
    }
    if (!this.pass) return true;
    if (!this.scan(watermark())) return false;
    this.end();
    return true;
  }

  // @ts-ignore: decorator
  @inline
 keys(): u64 {
    return this.table.count;
  }

  /** Whether time alone may bring out a row: what is only kept, or to be freed, is nothing to wait for. */
  open(): bool {
    return this.pass != NONE || this.next != NEVER;
  }

  // ---- adding, the rarer ways ----

  // @ts-ignore: decorator
  @inline
 private hasEarly(): bool {
    return (<i64> this.earlyEvents | this.earlyEvery | this.earlyClock) != 0;
  }

  /** Finds the pane of an event; false = no window holds it. */
  private locate(time: i64): bool {
    if (time >= TIME_MAX || time <= -TIME_MAX) {
      refuse(Reject.OUT_OF_RANGE);
      return false;
    }
    const pane = this.panes.index(time), first = this.firstEnd(pane);
    if (first < pane) return false; // between windows
    this.pane = pane;
    this.paneStart = this.panes.start(pane);
    this.paneEnd = this.panes.start(pane + 1);
    this.first = first;
    this.firstAt = this.panes.start(first + 1);
    this.goneAt = plus(this.panes.start(this.lastEnd(pane) + 1), this.lateness);
    return true;
  }

  private tooLate(): A {
    const last = this.lastEnd(this.pane);
    late(this.panes.start(this.firstPane(last)), this.panes.start(last + 1), LateReason.WINDOW_CLOSED);
    return changetype<A>(0);
  }

  private full(): A {
    refuse(Reject.STATE_FULL);
    return changetype<A>(0);
  }

  private wake(): void {
    this.next = this.first;
    this.nextAt = this.firstAt;
  }

  private addSlow(cell: Cell, now: i64): A {
    if (!cell.live) {
      cell.fired = LOWEST;
      if (this.stacks) this.startStacks(cell);
      if (this.hasEarly()) this.wakeEarly(now);
    }
    this.lateWindows = now >= this.firstAt;
    this.cell = changetype<usize>(cell);
    if (this.lateWindows) {
      if (!this.settle(cell, this.endedBy(now))) return this.full();
      if (this.update == Update.RETRACTING && !this.tellLate(now, 1)) return this.full();
    }
    const held = cell.live, slot = slotFor(cell, this.pane, this.stride);
    this.made = cell.live != held;
    if (!changetype<usize>(slot)) {
      if (this.lateWindows && this.update == Update.RETRACTING) this.tellLate(now, 0); // as it was
      if (!cell.live) this.table.remove(cell);
      return this.full();
    }
    this.slot = changetype<usize>(slot);
    const windowsToCome = this.lastEnd(this.pane) > (this.lateWindows ? this.endedBy(now) : LOWEST);
    if (windowsToCome) this.wakeFor(now);
    else this.sweepAt = min(this.sweepAt, this.goneAt);
    const given = this.given();
    if (this.lateWindows && changetype<usize>(given)) this.tellMissed(now);
    return given;
  }

  /** Of the windows that hold the event some may be gone. */
  private tellMissed(now: i64): void {
    const gone = this.endedBy(this.lateness ? plus(now, -this.lateness) : now) - this.first;
    if (gone < 0) return;
    const newest = this.first + gone / this.slide * this.slide;
    latePartly(this.panes.start(this.firstPane(newest)), this.panes.start(newest + 1), gone / this.slide + 1);
  }

  /** Sees to it that the next window to come that holds the present pane is told. */
  private wakeFor(now: i64): void {
    let end = this.first;
    if (this.lateWindows) end = max(end, this.endFrom(this.endedBy(now) + 1));
    if (end >= this.next) return;
    this.next = end;
    this.nextAt = this.panes.start(end + 1);
  }

  private wakeEarly(now: i64): void {
    if (this.earlyEvery && this.earlyAt == NEVER) {
      this.earlyAt = now == i64.MIN_VALUE ? now + 1 : this.afterNow(now);
    }
    if (this.earlyClock && this.clockAt == NEVER) this.clockAt = plus(clock, this.earlyClock);
  }

  // @ts-ignore: decorator
  @inline
 private afterNow(now: i64): i64 {
    return now >= TIME_MAX ? NEVER : (floorDiv(now, this.earlyEvery) + 1) * this.earlyEvery;
  }

  /** What the event changes: the slot itself, or an empty accumulator where the change has to be known. */
  private given(): A {
    const slot = changetype<Slot>(this.slot), cell = changetype<Cell>(this.cell);
    let given = this.slot + SLOT_HEADER;
    this.changed = this.lateWindows || this.hasEarly() ? given : 0;
    if (this.lateWindows) {
      const entered = this.stacks ? this.pane <= this.marks(cell).entered : this.running && this.pane <= cell.fired;
      if (entered || this.update == Update.DISCARDING) {
        given = this.delta;
        this.changed = given;
        touch(given);
      }
    } else if (this.update == Update.RETRACTING && slot.state == FIRED && !slot.shown) {
      const copy = alloc(accumulatorBytes<A>());
      if (!copy) return this.full();
      if (!changetype<A>(copy).merge(acc<A>(slot))) {
        release(copy, accumulatorBytes<A>());
        return this.full();
      }
      slot.shown = copy;
    }
    return changetype<A>(given);
  }

  private addedSlow(): void {
    const slot = changetype<Slot>(this.slot), cell = changetype<Cell>(this.cell), now = watermark();
    const delta = this.changed == this.delta;
    this.changed = 0;
    if (delta && this.stacks) this.changeEntered(cell, slot, this.made, changetype<A>(this.delta));
    else if (delta) {
      const change = changetype<A>(this.delta);
      let room = acc<A>(slot).merge(change);
      if (room && this.running && this.pane <= cell.fired && this.pane >= this.firstPane(cell.fired)) {
        room = this.total(cell).merge(change);
      }
      if (!room) refuse(Reject.STATE_FULL);
    }
    if (this.lateWindows) this.tellLate(now, 0);
    if (delta) this.empty(this.delta);
    if (!this.hasEarly()) return;
    slot.state = (slot.state & FIRED) | min((slot.state & SINCE) + 1, SINCE);
    if (this.lateWindows && this.size == 1) slot.state = FIRED;
    else if (this.earlyEvents && (slot.state & SINCE) >= this.earlyEvents) this.tellEarly(cell, slot, now);
  }

  /** Tells the ended windows that hold the present pane: op 1 = takes them back, before the change. */
  private tellLate(now: i64, op: i32): bool {
    if (!this.lateness) return true;
    const cell = changetype<Cell>(this.cell);
    const last = min(this.endedBy(now), this.lastEnd(this.pane));
    for (let end = this.first; end <= last; end += this.slide) {
      if (plus(this.panes.start(end + 1), this.lateness) <= now) continue;
      if (this.update == Update.DISCARDING) this.tell(cell, end, changetype<A>(this.delta), op, Timing.LATE);
      else if (!this.put(cell, end, op, Timing.LATE)) return false;
    }
    return true;
  }

  // ---- passes ----

  /** Begins the pass that is due first. */
  private begin(now: i64): bool {
    if (!this.table.count) {
      this.next = NEVER;
      this.nextAt = NEVER;
      this.sweepAt = NEVER;
      this.earlyAt = NEVER;
      this.clockAt = NEVER;
      return false;
    }
    if (now < min(this.nextAt, min(this.sweepAt, this.earlyAt))) return false;
    this.cursor = 0;
    if (this.earlyAt < this.nextAt && this.earlyAt <= this.sweepAt) {
      this.pass = EARLY;
      this.earlyAt = this.afterNow(now);
      return true;
    }
    this.pass = this.nextAt <= this.sweepAt ? FIRE : SWEEP;
    if (this.pass == FIRE) {
      this.passPane = this.next;
      this.next = NEVER;
      this.nextAt = NEVER;
    }
    this.sweepAt = NEVER;
    this.soonest = NEVER;
    this.oldest = NEVER;
    this.husks = false;
    return true;
  }

  private end(): void {
    const kind = this.pass;
    this.pass = NONE;
    if (kind == EARLY) return;
    if (this.soonest < this.next) {
      this.next = this.soonest;
      this.nextAt = this.panes.start(this.next + 1);
    }
    if (this.husks) this.sweepAt = min(this.sweepAt, this.panes.start(this.endFrom(this.passPane + 1) + 1));
    if (this.oldest != NEVER && this.lateness) {
      this.sweepAt = min(this.sweepAt, plus(this.panes.start(this.lastEnd(this.oldest) + 1), this.lateness));
    }
  }

  private scan(now: i64): bool {
    const table = this.table, gone = this.goneBy(now), kind = this.pass;
    const perPage = table.perPage();
    let page = this.cursor / perPage, i = this.cursor % perPage;
    for (; page < table.pages(); page++, i = 0) {
      if (this.size > 1) this.askPage(page, perPage);
      for (; i < perPage; i++) {
        const cell = table.inPage(page, i);
        if (!changetype<usize>(cell)) continue;
        if (kind == EARLY ? !this.scanEarly(cell, now) : !this.step(cell, gone)) {
          this.cursor = page * perPage + i;
          return false;
        }
      }
    }
    return true;
  }

  /** Asks for the panes of all keys of a page together, instead of waiting for each in turn. */
  private askPage(page: u32, perPage: u32): void {
    let sum: u32 = 0;
    for (let pass = 0; pass < 2; pass++) {
      for (let i: u32 = 0; i < perPage; i++) {
        const cell = this.table.inPage(page, i);
        if (changetype<usize>(cell)) sum += askBlock(cell, pass == 1, this.stride);
      }
    }
    store<u32>(SINK, sum);
  }

  /** One key's part of a pass. */
  private step(cell: Cell, gone: i64): bool {
    if (!cell.live) {
      this.table.remove(cell);
      return true;
    }
    touch(changetype<usize>(cell));
    if (this.pass == FIRE && cell.fired < this.passPane) {
      if (!room() || !this.put(cell, this.passPane, 0, Timing.ON_TIME)) return false;
      cell.fired = this.passPane;
    }
    while (cell.live && slotAt(cell, 0, this.stride).at <= gone) this.drop(cell);
    if (!cell.live) {
      if (this.pass == SWEEP) this.table.remove(cell);
      else this.husks = true; // it will likely be wanted again at once: the next pass removes it
      return true;
    }
    this.oldest = min(this.oldest, slotAt(cell, 0, this.stride).at);
    if (this.pass == SWEEP) return true;
    const end = this.endAfter(cell, this.passPane);
    if (end != NEVER) this.soonest = min(this.soonest, end);
    return true;
  }

  /** Tells a key of the windows that have ended and wait for their pass. */
  private settle(cell: Cell, ended: i64): bool {
    if (this.pass == FIRE || this.next <= ended) {
      for (let end = this.endAfter(cell, cell.fired); end <= ended; end = this.endAfter(cell, end)) {
        if (this.pass == FIRE ? end < this.passPane : end < this.next) continue; // was told
        if (!this.put(cell, end, 0, Timing.ON_TIME)) return false;
        cell.fired = end;
      }
    }
    if (this.running && cell.fired < ended && !this.roll(cell, ended)) return false;
    cell.fired = max(cell.fired, ended);
    return true;
  }

  private scanEarly(cell: Cell, now: i64): bool {
    let told = false;
    for (let i: u32 = 0; i < cell.live; i++) {
      const slot = slotAt(cell, i, this.stride);
      if (!(slot.state & SINCE)) continue;
      if (!room()) return false;
      touchRange(changetype<usize>(slot), this.stride);
      if (!told || this.size == 1) this.tellEarly(cell, slot, now);
      else slot.state = FIRED;
      told = true;
    }
    return true;
  }

  /** The slot's window, if it is open; of windows that overlap, the first open one that holds something. */
  private tellEarly(cell: Cell, slot: Slot, now: i64): void {
    if (this.size > 1) {
      slot.state = FIRED;
      const end = this.endAfter(cell, this.endedBy(now));
      if (end != NEVER) this.gathered(cell, end, 0, Timing.EARLY);
    } else if (slot.at > this.endedBy(now)) this.putSlot(cell, slot, slot.at, 0, Timing.EARLY);
  }

  /** The last pane of which every window has been told and is gone. */
  private goneBy(now: i64): i64 {
    let limit = this.lateness ? this.endedBy(plus(now, -this.lateness)) : this.endedBy(now);
    limit = min(limit, this.pass == FIRE ? this.passPane : this.next - 1);
    if (this.cumulative) return floorDiv(limit + 1, this.size) * this.size - 1;
    return this.endFrom(limit + 1) - this.size;
  }
}
