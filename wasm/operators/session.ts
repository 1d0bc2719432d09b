/**
 * Session windows: the events of a key that follow one another by less than a gap. A session reaches from its
 * first event to `gap` after its last; an event between two sessions makes them one. A session may have a
 * greatest length: an event that would make it as long or longer begins another (as they arrive, so there the
 * order of arrival counts).
 *
 * Sessions are told in the order of their ends, by a wheel in which each key stands, as a rule, once. An event
 * that makes a session end later leaves the key where it is; it is put again when its time comes.
 *
 * What was told of a session is taken back, where results are retracted, at the first change after it: its
 * bounds change with it.
 */
import { Reject } from "../lib/effects";
import { touch, touchRange } from "../lib/memory";
import { fresh, Table, TABLE_BYTES } from "../lib/table";
import { accumulatorBytes, Timing, Update } from "./results";
import { plus } from "./bounds";
import { TIME_MAX } from "./calendar";
import { late, LateReason, refuse, room } from "./out";
import { Cell, dropSlot, FIRED, lowerBound, newestSlot, Slot, slotAt, slotFor } from "./slots";
import { watermark } from "./time";
import { beginSteps, stopped, Wheel, WHEEL_BYTES } from "./wheel";

// @ts-ignore: decorator
@inline
const FIELDS: usize = 64;

// @ts-ignore: decorator
@inline
export const SESSION_BYTES: usize = FIELDS + 2 * WHEEL_BYTES + TABLE_BYTES;

// @ts-ignore: decorator
@inline
const NEVER: i64 = i64.MAX_VALUE;

/** In Slot.state, beside FIRED: told as ended. Below it: events since something was told. */
// @ts-ignore: decorator
@inline
const ENDED: u32 = 0x40000000;
// @ts-ignore: decorator
@inline
const COUNT: u32 = 0x3fffffff;

/** In Call.calls: it stands in the wheel of early results. */
// @ts-ignore: decorator
@inline
const EARLY: u32 = 0x80000000;

/** A key as the wheels' node. */
@unmanaged
class Call {
  owner: u32; // 0: it is its own
  /** How often it stands in the wheel of ends; and EARLY. */
  calls: u32;
  /** Its first call; NEVER = none. */
  due: i64;
}

// @ts-ignore: decorator
@inline
const CALL_BYTES: usize = 16;

/** A session: its start is `at`. The accumulator follows. */
@unmanaged
class Open extends Slot {
  last: i64;
}

// @ts-ignore: decorator
@inline
const OPEN_HEADER: u32 = 24;

@unmanaged
export class Session<A, D> {
  span: i64;
  lengthMax: i64;
  lateness: i64;
  earlyEvery: i64;
  update: u32;
  earlyEvents: u32;
  stride: u32;
  /** Between add and added: the key's cell, the session, and whether it has ended already. */
  cell: usize;
  session: usize;
  isLate: bool;
  /** Sessions that have not ended. */
  going: u32;

  // @ts-ignore: decorator
  @inline
 private get wheel(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + FIELDS);
  }
  // @ts-ignore: decorator
  @inline
 private get table(): Table<Call> {
    return changetype<Table<Call>>(changetype<usize>(this) + FIELDS + 2 * WHEEL_BYTES);
  }
  // @ts-ignore: decorator
  @inline
 private get earlyWheel(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + FIELDS + WHEEL_BYTES);
  }

  // ---- declaration ----

  /** `lengthMax` 0 = as long as it goes on. */
  gap(gap: i64, lengthMax: i64): void {
    this.span = gap;
    this.lengthMax = lengthMax;
  }
  allow(lateness: i64, update: u32): void {
    this.lateness = lateness;
    this.update = update;
  }
  /** Early results every so many events of a session, and at each multiple of µs of event time. 0 = not. */
  early(events: u32, every: i64): void {
    this.earlyEvents = events;
    this.earlyEvery = every;
  }

  init(keyInline: u32): bool {
    this.stride = OPEN_HEADER + accumulatorBytes<A>();
    const cellBytes = <u32> offsetof<Cell>("newest") + this.stride;
    return this.span > 0 && this.span < TIME_MAX && this.lengthMax >= 0 && this.lateness >= 0 &&
      this.update <= Update.RETRACTING && this.earlyEvents <= COUNT && this.earlyEvery >= 0 &&
      this.wheel.init(0) && this.earlyWheel.init(0) &&
      this.table.initWith(keyInline, 0, cellBytes);
  }

  // ---- events ----

  ahead(key: usize, length: u32): void {
    this.table.ahead(key, length);
  }

  /** The accumulator of the event's session; 0 = there is none, and why has been said. Then call `added`. */
  add(time: i64, key: usize, length: u32): A {
    if (time >= TIME_MAX || time <= -TIME_MAX) {
      refuse(Reject.OUT_OF_RANGE);
      return changetype<A>(0);
    }
    const owner = this.table.upsert(key, length);
    if (!changetype<usize>(owner)) return this.full();
    const cell = cellOf(owner), now = watermark();
    this.isLate = false;
    this.cell = changetype<usize>(cell);
    if (cell.live) {
      const open = changetype<Open>(newestSlot(cell)), end = open.last + this.span;
      if (time >= open.at && time < end && now < end && this.fits(time - open.at) && !this.mustTakeBack(open)) {
        if (time > open.last) open.last = time;
        this.session = changetype<usize>(open);
        return accOf<A>(open);
      }
    } else if (fresh()) owner.due = NEVER;
    return this.addSlow(owner, time, now);
  }

  added(): void {
    if (!this.isLate && !this.earlyEvents && !this.earlyEvery) return;
    const open = changetype<Open>(this.session);
    const count = min((open.state & COUNT) + 1, COUNT);
    open.state = (open.state & ~COUNT) | count;
    if (this.isLate) this.tell(changetype<Cell>(this.cell), open, Timing.LATE);
    else if (this.earlyEvents && count >= this.earlyEvents) this.tell(changetype<Cell>(this.cell), open, Timing.EARLY);
    else if (this.earlyEvery) this.callEarly(ownerOf(changetype<Cell>(this.cell)));
  }

  // ---- time ----

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return min(this.wheel.due(), this.earlyWheel.due());
  }

  advance(now: i64): bool {
    beginSteps();
    while (room()) {
      const node = this.wheel.take(now);
      if (!node) return !stopped() && this.advanceEarly(now);
      touch(node);
      const owner = changetype<Call>(node), at = this.wheel.taken;
      owner.calls--;
      if (at == owner.due) owner.due = NEVER;
      this.settle(owner, at, now);
      if (!this.callAgain(owner)) return false;
    }
    return false;
  }

  /** When all that has ended is told: what goes on, where anything came since it was told. */
  private advanceEarly(now: i64): bool {
    while (room()) {
      const node = this.earlyWheel.take(now);
      if (!node) return !stopped();
      touch(node);
      const owner = changetype<Call>(node), cell = cellOf(owner);
      owner.calls &= ~EARLY;
      for (let i: u32 = 0; i < cell.live; i++) {
        const open = this.openAt(cell, i);
        if (open.state & ENDED || !(open.state & COUNT) || open.last + this.span <= now) continue;
        touchRange(changetype<usize>(open), this.stride);
        this.tell(cell, open, Timing.EARLY);
      }
      this.leave(owner);
    }
    return false;
  }

  // @ts-ignore: decorator
  @inline
 keys(): u64 {
    return this.table.count;
  }

  /** Whether time alone may bring out a row: what is only kept, or to be freed, is nothing to wait for. */
  open(): bool {
    return this.going != 0;
  }

  // ---- adding, the rarer ways ----

  // @ts-ignore: decorator
  @inline
 private fits(length: i64): bool {
    return !this.lengthMax || length < this.lengthMax;
  }

  private full(): A {
    refuse(Reject.STATE_FULL);
    return changetype<A>(0);
  }

  private addSlow(owner: Call, time: i64, now: i64): A {
    const cell = cellOf(owner);
    if (this.wheel.due() <= now) this.settle(owner, now, now);
    const i = lowerBound(cell, time + 1, this.stride);
    const before = i > 0 && this.joinsBefore(this.openAt(cell, i - 1), time, now);
    const after = i < cell.live && this.joinsAfter(this.openAt(cell, i), time, now) &&
      !(before && !this.fits(this.openAt(cell, i).last - this.openAt(cell, i - 1).at));
    let last = time;
    if (before) last = max(last, this.openAt(cell, i - 1).last);
    if (after) last = max(last, this.openAt(cell, i).last);
    if (now >= plus(last + this.span, this.lateness)) {
      late(time, time + this.span, LateReason.WINDOW_CLOSED);
      this.leave(owner);
      return changetype<A>(0);
    }
    const open = before || after ? this.join(cell, i, before, after, time) : this.begin(cell, time);
    if (!changetype<usize>(open)) {
      this.leave(owner);
      return this.full();
    }
    this.session = changetype<usize>(open);
    this.isLate = now >= open.last + this.span;
    const reopened = (open.state & ENDED) != 0 && !this.isLate;
    if (reopened) {
      open.state &= ~(ENDED | FIRED);
      this.going++;
    }
    if (reopened || !before && !after) {
      if (!this.call(owner, open.last + this.span)) return this.full();
    }
    return accOf<A>(open);
  }

  private joinsBefore(open: Open, time: i64, now: i64): bool {
    return time < open.last + this.span && this.fits(time - open.at) && !this.gone(open, now);
  }
  private joinsAfter(open: Open, time: i64, now: i64): bool {
    return open.at < time + this.span && this.fits(open.last - time) && !this.gone(open, now);
  }
  private gone(open: Open, now: i64): bool {
    return now >= plus(open.last + this.span, this.lateness);
  }

  private begin(cell: Cell, time: i64): Open {
    const open = changetype<Open>(slotFor(cell, time, this.stride));
    if (!changetype<usize>(open)) return open;
    open.last = time;
    this.going++;
    return open;
  }

  /** The event joins session i - 1, or i, or makes them one. */
  private join(cell: Cell, i: u32, before: bool, after: bool, time: i64): Open {
    let open = this.openAt(cell, before ? i - 1 : i);
    touchRange(changetype<usize>(open), this.stride);
    this.takeBack(cell, open);
    if (before && after) {
      const next = this.openAt(cell, i);
      touchRange(changetype<usize>(next), this.stride);
      this.takeBack(cell, next);
      if (!accOf<A>(open).merge(accOf<A>(next))) return changetype<Open>(0);
      open.last = max(open.last, next.last);
      if (!((open.state | next.state) & ENDED)) this.going--;
      open.state = (open.state & next.state & ~COUNT) | min((open.state & COUNT) + (next.state & COUNT), COUNT);
      accOf<A>(next).free();
      dropSlot(cell, i, this.stride);
      open = this.openAt(cell, i - 1); // the newest stands elsewhere
    }
    open.at = min(open.at, time);
    open.last = max(open.last, time);
    return open;
  }

  // @ts-ignore: decorator
  @inline
 private mustTakeBack(open: Open): bool {
    return this.update == Update.RETRACTING && (open.state & FIRED) != 0;
  }

  /** A change is coming: what was told holds no more. */
  private takeBack(cell: Cell, open: Open): void {
    if (!this.mustTakeBack(open)) return;
    this.fire(cell, open, 1, open.state & ENDED ? Timing.LATE : Timing.EARLY);
    open.state &= ~FIRED;
  }

  /** A key that got nothing and has nothing. */
  private leave(owner: Call): void {
    const cell = cellOf(owner);
    if (!cell.live && !owner.calls) this.table.remove(owner);
  }

  // ---- telling ----

  /** Tells the sessions of a key that end by `limit`, in order, and drops those that are gone. */
  private settle(owner: Call, limit: i64, now: i64): void {
    const cell = cellOf(owner);
    for (let i: u32 = 0; i < cell.live;) {
      const open = this.openAt(cell, i), end = open.last + this.span;
      if (end <= limit && !(open.state & ENDED)) {
        touchRange(changetype<usize>(open), this.stride);
        this.tell(cell, open, Timing.ON_TIME);
      }
      if (open.state & ENDED && this.gone(open, now)) {
        touchRange(changetype<usize>(open), this.stride);
        accOf<A>(open).free();
        dropSlot(cell, i, this.stride);
      } else i++;
    }
  }

  private tell(cell: Cell, open: Open, timing: i32): void {
    const quiet = this.update == Update.DISCARDING && open.state & FIRED && !(open.state & COUNT);
    if (timing == Timing.ON_TIME && this.update == Update.RETRACTING && open.state & FIRED) {
      this.fire(cell, open, 1, timing);
    }
    if (!quiet || timing == Timing.LATE) this.fire(cell, open, 0, timing);
    if (timing != Timing.EARLY && !(open.state & ENDED)) this.going--;
    open.state = FIRED | (timing == Timing.EARLY ? open.state & ENDED : ENDED);
    if (this.update == Update.DISCARDING) {
      accOf<A>(open).free();
      memory.fill(changetype<usize>(accOf<A>(open)), 0, accumulatorBytes<A>());
    }
  }

  // @ts-ignore: decorator
  @inline
 private fire(cell: Cell, open: Open, op: i32, timing: i32): void {
    const owner = ownerOf(cell);
    const key = this.table.keyOf(owner), length = this.table.keyLength(owner);
    changetype<D>(0).fire(key, length, open.at, open.last + this.span, accOf<A>(open), op, timing);
  }

  // ---- the wheel ----

  /** Sees to it that what came of the key is told at the next multiple. Without room for that it is at its end. */
  private callEarly(owner: Call): void {
    if (owner.calls & EARLY) return;
    const now = watermark();
    let at = -TIME_MAX;
    if (now >= TIME_MAX) return;
    if (now > -TIME_MAX) {
      const rest = now % this.earlyEvery;
      at = now - (rest < 0 ? rest + this.earlyEvery : rest) + this.earlyEvery;
    }
    touch(changetype<usize>(owner));
    if (this.earlyWheel.put(changetype<usize>(owner), at)) owner.calls |= EARLY;
  }

  /** Sees to it that the key is called at `at` or before. */
  private call(owner: Call, at: i64): bool {
    at = min(at, NEVER - 1);
    if (at >= owner.due) return true;
    if (!this.wheel.put(changetype<usize>(owner), at)) return false;
    owner.due = at;
    owner.calls++;
    return true;
  }

  /** After its time has come: the key is put where its next one is, or leaves. */
  private callAgain(owner: Call): bool {
    const cell = cellOf(owner);
    if (!cell.live) {
      this.leave(owner);
      return true;
    }
    let next = NEVER;
    for (let i: u32 = 0; i < cell.live; i++) {
      const open = this.openAt(cell, i), end = open.last + this.span;
      next = min(next, open.state & ENDED ? plus(end, this.lateness) : end);
    }
    return this.call(owner, next);
  }

  // @ts-ignore: decorator
  @inline
 private openAt(cell: Cell, i: u32): Open {
    return changetype<Open>(slotAt(cell, i, this.stride));
  }
}

/** The sessions of a key stand behind its node. */
// @ts-ignore: decorator
@inline
function cellOf(owner: Call): Cell {
  return changetype<Cell>(changetype<usize>(owner) + CALL_BYTES);
}

// @ts-ignore: decorator
@inline
function ownerOf(cell: Cell): Call {
  return changetype<Call>(changetype<usize>(cell) - CALL_BYTES);
}

// @ts-ignore: decorator
@inline
function accOf<A>(open: Open): A {
  return changetype<A>(changetype<usize>(open) + OPEN_HEADER);
}
