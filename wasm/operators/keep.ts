/**
 * One row per key is kept: the first to arrive, or the best of them by an order; with a time after which the
 * key begins anew. Deduplication, keep-first and keep-last are all this.
 */
import { Reject } from "../lib/effects";
import { release, touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { lines, note, noted, sink } from "./ask";
import { block, minus, passed, plus } from "./bounds";
import { late, LateReason, refuse, room } from "./out";
import { watermark } from "./time";
import { beginSteps, stopped, Wheel, WHEEL_BYTES } from "./wheel";

// @ts-ignore: decorator
@inline
const HEADER: usize = 48;

// @ts-ignore: decorator
@inline
export const KEEP_BYTES: usize = HEADER + TABLE_BYTES + WHEEL_BYTES;

export namespace KeepMode {
  /** The first row to arrive comes out at once. */
  export const ARRIVAL: u32 = 0;
  /** The best row so far: each better one takes back the one before it. */
  export const UPDATES: u32 = 1;
  /** The best row, once, when the watermark has passed its time by `wait`. */
  export const FINAL: u32 = 2;
}

/** Longest row of ARRIVAL. */
// @ts-ignore: decorator
@inline
const ROW_BYTES_MAX: u32 = 65536;

/** The row at hand. Scratch. */
const copy = memory.data(65536, 8);

@unmanaged
class Held {
  owner: u32;
  row: u32; // its block; 0 = only its time is kept
  bytes: u32;
  /** How often the entry stands in the wheel. */
  pending: u32;
  time: i64;
  told: bool;
}

/**
 * D: row(): R, other(): R, two static instances of a class; before(a: R, b: R): bool, whether a is to be kept
 * rather than b (on ties the one that came first stays); changed(key, keyLength, op): void, the row in other().
 */
@unmanaged
export class Keep<D> {
  private mode: u32;
  /** Of FINAL: rows that have not come out. */
  private untold: u32;
  private wait: i64;
  private ttl: i64;
  private lateness: i64;
  /** An entry taken from the wheel whose row found no room to come out. */
  private waiting: u32;
  /** With no room at the bound on state: when to go on. */
  private retryAt: i64;

  // @ts-ignore: decorator
  @inline
 private get table(): Table<Held> {
    return changetype<Table<Held>>(changetype<usize>(this) + HEADER);
  }
  // @ts-ignore: decorator
  @inline
 private get wheel(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + HEADER + TABLE_BYTES);
  }

  /** ttl 0 = a key is kept for ever; otherwise `wait` ≤ `ttl`. Rows below watermark - lateness are late. */
  init(mode: u32, wait: i64, ttl: i64, lateness: i64, keyInline: u32): bool {
    this.mode = mode;
    this.retryAt = i64.MIN_VALUE;
    this.wait = wait;
    this.ttl = ttl ? ttl : i64.MAX_VALUE;
    this.lateness = lateness;
    return wait >= 0 && ttl >= 0 && lateness >= 0 && wait <= this.ttl && this.table.init(keyInline, 0) &&
      this.wheel.init(0);
  }

  ahead(key: usize, length: u32): void {
    note(changetype<usize>(this), this.table.ask(key, length));
  }

  /** From onAheadDone: asks for the rows that are kept. */
  aheadDone(): void {
    let sum: u32 = 0;
    for (let entry = noted(changetype<usize>(this)); entry != 1; entry = noted(changetype<usize>(this))) {
      const row = entry ? <usize> this.table.valueAt(entry).row : 0;
      if (row) sum += lines(row);
    }
    sink(sum);
  }

  /** The row in D.row(). */
  row(key: usize, length: u32): void {
    const d = changetype<D>(0), time = d.row().time;
    if (this.checksLate && time < minus(watermark(), this.lateness)) {
      return late(time, time, LateReason.ROW_EXPIRED);
    }
    const held = this.table.upsert(key, length);
    if (!changetype<usize>(held)) return refuse(Reject.STATE_FULL);
    if (!held.bytes) return this.begin(held, key, length, time);
    if (time > plus(held.time, this.ttl)) {
      if (!held.told) this.tell(held);
      return this.replace(held, key, length, time, false);
    }
    if (this.mode == KeepMode.ARRIVAL || held.told && this.mode == KeepMode.FINAL) return;
    d.other().load(<usize> held.row);
    if (d.before(d.row(), d.other())) this.replace(held, key, length, time, true);
  }

  advance(w: i64): bool {
    beginSteps();
    this.retryAt = i64.MIN_VALUE;
    while (true) {
      const entry = this.waiting ? <usize> this.waiting : this.wheel.take(w);
      if (!entry) return !stopped();
      const held = changetype<Held>(entry);
      if (!held.told && this.tellAt(held.time) <= w) {
        if (!room()) {
          this.waiting = <u32> entry;
          return false;
        }
        this.tell(held);
      }
      this.waiting = 0;
      touch(entry);
      held.pending--;
      const next = held.told ? this.goneAt(held.time) : this.tellAt(held.time);
      if (next <= w) {
        if (!held.pending) this.forget(held);
      } else if (!held.pending && next != i64.MAX_VALUE) {
        held.pending++;
        if (this.wheel.put(entry, next)) continue;
        this.wheel.unget(entry); // no room for it elsewhere: again when time has moved on
        this.retryAt = plus(w, 1);
        return true;
      }
    }
  }

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.waiting ? i64.MIN_VALUE : max(this.wheel.due(), this.retryAt);
  }

  keys(): u64 {
    return this.table.count;
  }

  /** Whether time alone may bring out a row: what is only kept, or to be freed, is nothing to wait for. */
  open(): bool {
    return this.untold != 0;
  }

  // @ts-ignore: decorator
  @inline
 private get checksLate(): bool {
    return this.ttl != i64.MAX_VALUE || this.mode == KeepMode.FINAL;
  }

  // @ts-ignore: decorator
  @inline
 private tellAt(time: i64): i64 {
    return passed(plus(time, this.wait), this.lateness);
  }

  // @ts-ignore: decorator
  @inline
 private goneAt(time: i64): i64 {
    return this.ttl == i64.MAX_VALUE ? i64.MAX_VALUE : passed(plus(time, this.ttl), this.lateness);
  }

  private begin(held: Held, key: usize, length: u32, time: i64): void {
    if (this.store(held, time)) return this.came(held, key, length);
    this.table.remove(held);
    refuse(Reject.STATE_FULL);
  }

  private replace(held: Held, key: usize, length: u32, time: i64, takeBack: bool): void {
    const old = <usize> held.row, bytes = held.bytes;
    if (!this.store(held, time)) return refuse(Reject.STATE_FULL);
    if (takeBack && this.mode == KeepMode.UPDATES) {
      changetype<D>(0).other().load(old);
      changetype<D>(0).changed(key, length, 1);
    }
    if (old) release(old, bytes);
    this.came(held, key, length);
  }

  /** Keeps the row at hand, and puts the key in the wheel where its next moment is earlier; false = no room. */
  private store(held: Held, time: i64): bool {
    const d = changetype<D>(0), now = this.mode != KeepMode.FINAL;
    const bytes = this.mode == KeepMode.ARRIVAL ? 8 : (d.row().size() + 7) & ~7;
    let row: usize = 0;
    if (this.mode != KeepMode.ARRIVAL) {
      row = block(bytes);
      if (!row) return false;
    }
    const due = now ? this.goneAt(time) : this.tellAt(time);
    const known = now ? this.goneAt(held.time) : held.told ? this.goneAt(held.time) : this.tellAt(held.time);
    if (due != i64.MAX_VALUE && (!held.pending || due < known)) {
      if (!this.wheel.put(changetype<usize>(held), due)) {
        if (row) release(row, bytes);
        return false;
      }
      held.pending++;
    }
    if (row) d.row().save(row);
    if (!now && (held.told || !held.bytes)) this.untold++;
    held.row = <u32> row;
    held.bytes = bytes;
    held.time = time;
    held.told = false;
    return true;
  }

  private came(held: Held, key: usize, length: u32): void {
    if (this.mode == KeepMode.FINAL) return;
    const d = changetype<D>(0);
    held.told = true;
    if (held.row) d.other().load(<usize> held.row);
    else {
      assert(d.row().size() <= ROW_BYTES_MAX);
      d.row().save(copy);
      d.other().load(copy);
    }
    d.changed(key, length, 0);
  }

  private tell(held: Held): void {
    touch(changetype<usize>(held));
    this.untold--;
    held.told = true;
    changetype<D>(0).other().load(<usize> held.row);
    changetype<D>(0).changed(this.table.keyOf(held), this.table.keyLength(held), 0);
  }

  private forget(held: Held): void {
    if (held.row) release(<usize> held.row, held.bytes);
    this.table.remove(held);
  }
}
