/**
 * A running aggregate per key: after each row the new result comes out, the one before it is taken back. Rows
 * may be retractions. A key whose rows have all been retracted is gone, its last result taken back; with a TTL
 * a key is forgotten, silently, when the watermark has passed its newest row, retracted or not, by that much.
 */
import { Reject } from "../lib/effects";
import { touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { passed, plus } from "./bounds";
import { refuse } from "./out";
import { beginSteps, stopped, Wheel, WHEEL_BYTES } from "./wheel";

// @ts-ignore: decorator
@inline
const HEADER: usize = 16;

// @ts-ignore: decorator
@inline
export const RUNNING_BYTES: usize = HEADER + TABLE_BYTES + WHEEL_BYTES;

/** The accumulator stands behind it. */
@unmanaged
class Held {
  owner: u32;
  /** Whether a result has come out. */
  told: bool;
  /** Whether it stands in the wheel. */
  pending: bool;
  count: i64;
  newest: i64;
}

/** Longest result that is taken back, strings included. */
// @ts-ignore: decorator
@inline
const RESULT_BYTES_MAX: u32 = 65536;

/** The result before a change. Scratch of one row. */
const before = memory.data(65536, 8);
let held: usize = 0;
let sign: i32 = 0;

/**
 * D: fill(acc: A): void, puts the result into row(); row(): R, old(): R, two static instances of its class;
 * same(): bool, whether they say the same; changed(key, keyLength, op): void, op 1 = old() is taken back, 0 =
 * row() holds now.
 */
@unmanaged
export class Running<A, D> {
  private ttl: i64;
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

  /** ttl 0 = never forgotten. */
  init(ttl: i64, keyInline: u32): bool {
    this.ttl = ttl;
    this.retryAt = i64.MIN_VALUE;
    return ttl >= 0 && this.table.initWith(keyInline, 0, <u32> offsetof<A>()) && this.wheel.init(0);
  }

  ahead(key: usize, length: u32): void {
    this.table.ahead(key, length);
  }

  /** The accumulator of the key, writable, to add the row to (op 0) or subtract it from (op 1); 0 = refused. */
  add(time: i64, key: usize, length: u32, op: i32): A {
    let cell = changetype<usize>(op ? this.table.find(key, length) : this.table.upsert(key, length));
    if (!cell || op && !changetype<Held>(cell).count) {
      refuse(op ? Reject.OUT_OF_RANGE : Reject.STATE_FULL);
      return changetype<A>(0);
    }
    const state = changetype<Held>(cell);
    touch(cell);
    // One whose rows were retracted is still named by the wheel, at their time: it does not become older.
    if (!state.count && !state.pending || time > state.newest) state.newest = time;
    if (this.ttl && !state.pending) {
      if (!this.wheel.put(cell, passed(time, this.ttl))) {
        this.table.remove(state);
        refuse(Reject.STATE_FULL);
        return changetype<A>(0);
      }
      state.pending = true;
    }
    held = cell;
    sign = op;
    const acc = changetype<A>(cell + offsetof<Held>());
    if (state.told) {
      const d = changetype<D>(0);
      d.fill(acc);
      assert(d.row().size() <= RESULT_BYTES_MAX);
      d.row().save(before);
      d.old().load(before);
    }
    return acc;
  }

  /** Instead of `added`: the row was refused, the accumulator is as it was. */
  dropped(): void {
    const state = changetype<Held>(held);
    if (!state.count && !state.pending) this.table.remove(state);
  }

  /** The accumulator has been changed. */
  added(): void {
    const d = changetype<D>(0), state = changetype<Held>(held);
    const acc = changetype<A>(held + offsetof<Held>());
    const key = this.table.keyOf(state), length = this.table.keyLength(state);
    state.count += sign ? -1 : 1;
    if (!state.count) {
      if (state.told) d.changed(key, length, 1);
      state.told = false;
      acc.free();
      memory.fill(held + offsetof<Held>(), 0, offsetof<A>());
      if (!state.pending) this.table.remove(state); // else the wheel names it still, and removes it
      return;
    }
    d.fill(acc);
    if (state.told) {
      if (d.same()) return;
      d.changed(key, length, 1);
      d.fill(acc); // what is downstream may have used the same instance
    }
    state.told = true;
    d.changed(key, length, 0);
  }

  advance(w: i64): bool {
    beginSteps();
    this.retryAt = i64.MIN_VALUE;
    while (true) {
      const cell = this.wheel.take(w);
      if (!cell) return !stopped();
      const state = changetype<Held>(cell), due = passed(state.newest, this.ttl);
      touch(cell);
      if (due > w) {
        if (this.wheel.put(cell, due)) continue;
        this.wheel.unget(cell); // no room for it elsewhere: again when time has moved on
        this.retryAt = plus(w, 1);
        return true;
      }
      changetype<A>(cell + offsetof<Held>()).free();
      this.table.remove(state);
    }
  }

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return max(this.wheel.due(), this.retryAt);
  }

  keys(): u64 {
    return this.table.count;
  }
}
