/**
 * Gap fill: for each step of event time and each key one row: the last row of the key in that step, or, where
 * there is none, the one before it again, for as long as the key is kept. Rows come out when the watermark has
 * passed their step, in order of steps.
 *
 * A key's rows that wait are one for each step that has some; they stand in order in a list, which is as short
 * as the disorder of the stream.
 */
import { Reject } from "../lib/effects";
import { release, touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { block } from "./bounds";
import { floorDiv, TIME_MAX } from "./calendar";
import { late, LateReason, refuse, room } from "./out";
import { watermark } from "./time";
import { beginSteps, stopped, Wheel, WHEEL_BYTES } from "./wheel";

// @ts-ignore: decorator
@inline
const FIELDS: usize = 48;

// @ts-ignore: decorator
@inline
export const GAPFILL_BYTES: usize = FIELDS + WHEEL_BYTES + TABLE_BYTES;

/** The last row of a step; what R saved follows. */
@unmanaged
class Item {
  step: i64;
  time: i64;
  next: usize;
  bytes: u32;
}

// @ts-ignore: decorator
@inline
const ITEM: usize = 24;

@unmanaged
class Key {
  owner: u32; // 0: it is its own
  calls: u32;
  /** When it is called next. */
  due: i64;
  /** The next step to be told. */
  step: i64;
  /** The row that was told last, and those that wait, in order of their steps. */
  told: usize;
  first: usize;
}

/**
 * D: row(): R, a static instance that rows are saved from and loaded into; filled(key, keyLength, start,
 * isFilled): void, the row in row() stands for the step from `start` on, and comes from an earlier one if isFilled.
 */
@unmanaged
export class GapFill<R, D> {
  private step: i64;
  private offset: i64;
  /** Steps for which a key without rows goes on. */
  private keep: i64;
  /** A key that was called and has found no room yet. */
  private held: usize;

  // @ts-ignore: decorator
  @inline
 private get wheel(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + FIELDS);
  }
  // @ts-ignore: decorator
  @inline
 private get table(): Table<Key> {
    return changetype<Table<Key>>(changetype<usize>(this) + FIELDS + WHEEL_BYTES);
  }

  /** A key goes on for `keep` µs after its last row (rounded down to whole steps). */
  init(step: i64, offset: i64, keep: i64, keyInline: u32): bool {
    this.step = step;
    this.offset = offset;
    this.keep = step > 0 ? keep / step : 0;
    return step > 0 && offset > -step && offset < step && keep >= 0 && this.wheel.init(0) &&
      this.table.init(keyInline, 0);
  }

  ahead(key: usize, length: u32): void {
    this.table.ahead(key, length);
  }

  /** The row stands in D.row(). */
  row(time: i64, key: usize, length: u32): void {
    if (time >= TIME_MAX || time <= -TIME_MAX) return refuse(Reject.OUT_OF_RANGE);
    const step = floorDiv(time - this.offset, this.step), end = this.startOf(step + 1);
    if (watermark() >= end) return late(this.startOf(step), end, LateReason.WINDOW_CLOSED);
    const owner = this.table.upsert(key, length);
    if (!changetype<usize>(owner)) return refuse(Reject.STATE_FULL);
    const idle = !owner.told && !owner.first;
    // A call for a row that then finds no room does nothing.
    if (!this.call(owner, end) || !this.put(owner, step, time)) {
      this.leave(owner);
      return refuse(Reject.STATE_FULL);
    }
    if (idle || step < owner.step && !owner.told) owner.step = step;
  }

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.held ? i64.MIN_VALUE : this.wheel.due();
  }

  advance(now: i64): bool {
    beginSteps();
    while (true) {
      if (!this.held) {
        const node = this.wheel.take(now);
        if (!node) return !stopped();
        touch(node);
        const owner = changetype<Key>(node);
        owner.calls--;
        // Called for a time that another call has dealt with: nothing is to be done.
        if (owner.due != this.wheel.taken) {
          this.leave(owner);
          continue;
        }
        this.held = node;
      }
      if (!room()) return false;
      const owner = changetype<Key>(this.held);
      touch(this.held);
      this.held = 0;
      owner.due = i64.MAX_VALUE;
      this.tell(owner);
    }
  }

  // @ts-ignore: decorator
  @inline
 keys(): u64 {
    return this.table.count;
  }

  /** Whether time alone may bring out a row: what is only kept, or to be freed, is nothing to wait for. */
  open(): bool {
    return this.due() != i64.MAX_VALUE;
  }

  /** The row is the last of its step, if no later one is there; false = no room. */
  private put(owner: Key, step: i64, time: i64): bool {
    let before: usize = 0, at = owner.first;
    while (at && changetype<Item>(at).step < step) {
      before = at;
      at = changetype<Item>(at).next;
    }
    let behind = at;
    if (at && changetype<Item>(at).step == step) {
      if (changetype<Item>(at).time > time) return true;
      behind = changetype<Item>(at).next;
    } else at = 0;
    const row = changetype<D>(0).row(), bytes = row.size(), fresh = block(ITEM + bytes);
    if (!fresh) return false;
    const item = changetype<Item>(fresh);
    item.step = step;
    item.time = time;
    item.next = behind;
    item.bytes = bytes;
    row.save(fresh + ITEM);
    if (before) {
      touch(before);
      changetype<Item>(before).next = fresh;
    } else owner.first = fresh;
    if (at) this.drop(at);
    return true;
  }

  /** Tells the key's next step: a row of its own, or the one before it again. */
  private tell(owner: Key): void {
    const own = owner.first && changetype<Item>(owner.first).step == owner.step;
    if (own) {
      if (owner.told) this.drop(owner.told);
      owner.told = owner.first;
      owner.first = changetype<Item>(owner.told).next;
    } else if (!owner.told) return this.leave(owner);
    changetype<D>(0).row().load(owner.told + ITEM);
    const key = this.table.keyOf(owner), length = this.table.keyLength(owner);
    changetype<D>(0).filled(key, length, this.startOf(owner.step), !own);
    owner.step++;
    if (owner.step - changetype<Item>(owner.told).step > this.keep) { // it is not filled any further
      this.drop(owner.told);
      owner.told = 0;
      if (owner.first) owner.step = changetype<Item>(owner.first).step;
    }
    // It finds room: a call has just been taken out.
    if (owner.told || owner.first) assert(this.call(owner, this.startOf(owner.step + 1)));
    else this.leave(owner);
  }

  /** Calls the key at `at`, unless it is called before; false = no room. */
  private call(owner: Key, at: i64): bool {
    if (owner.calls && owner.due <= at) return true;
    if (!this.wheel.put(changetype<usize>(owner), at)) return false;
    owner.calls++;
    owner.due = at;
    return true;
  }

  private leave(owner: Key): void {
    if (!owner.told && !owner.first && !owner.calls) this.table.remove(owner);
  }

  private drop(item: usize): void {
    release(item, ITEM + changetype<Item>(item).bytes);
  }

  // @ts-ignore: decorator
  @inline
 private startOf(step: i64): i64 {
    return step * this.step + this.offset;
  }
}
