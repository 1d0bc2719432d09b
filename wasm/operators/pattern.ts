/**
 * Patterns among the rows of a key, in the order of their event time: a sequence of steps, each with a
 * condition, all within a duration of the first. A negated step says that no such row may come before the next
 * step's, or, at the end, before the time is up. Rows that match nothing are passed over, unless a step is
 * strict. After a match the search goes on behind its last row.
 *
 * Rows wait until the watermark has passed their time. Each row that meets the first step begins a partial
 * match; a key has at most `partialsMax` of them, beyond that the oldest is given up, and recorded as late.
 */
import { Reject } from "../lib/effects";
import { alloc, release, touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { block, passed, plus } from "./bounds";
import { late, LateReason, refuse, room } from "./out";
import { watermark } from "./time";
import { beginSteps, stopped, Wheel, WHEEL_BYTES } from "./wheel";

// @ts-ignore: decorator
@inline
const HEADER: usize = 48;

// @ts-ignore: decorator
@inline
export const PATTERN_BYTES: usize = HEADER + TABLE_BYTES + 2 * WHEEL_BYTES;

@unmanaged
class Search {
  owner: u32;
  first: u32; // partial matches, oldest first
  last: u32;
  partials: u32;
  /** Rows that wait for the watermark. */
  waiting: u32;
  /** How often the entry stands in the wheel of deadlines. */
  pending: u32;
  /** The earliest of those. */
  deadline: i64;
}

/** Behind it the rows, one u32 a step. */
@unmanaged
class Partial {
  next: u32;
  /** The next step to be met. */
  step: u32;
  /** Order of the first row, and of the last. */
  begun: u32;
  reached: u32;
  start: i64;
}

/** Behind it the row itself. */
@unmanaged
class Kept {
  owner: u32; // the key's entry
  bytes: u32;
  /** Partial matches that hold it. */
  holders: u32;
  seq: u32;
  time: i64;
}

/**
 * D: row(): R, the instance of the row at hand; matches(step): bool, whether it meets the step's condition;
 * negated(step), strict(step): bool; load(step, p): void, a stored row into the instance of its step; looksBack():
 * bool, whether conditions look at the rows of earlier steps; found(key, keyLength): void, all rows loaded.
 */
@unmanaged
export class Pattern<D> {
  private steps: u32;
  private partialsMax: u32;
  private within: i64;
  private seq: u32;
  /** A row, and a key whose deadline has come, taken from their wheels but not done with. */
  private row_: u32;
  private overdue: u32;
  /** Partial matches that only wait for their time to be up. */
  private timed: u32;

  // @ts-ignore: decorator
  @inline
 private get table(): Table<Search> {
    return changetype<Table<Search>>(changetype<usize>(this) + HEADER);
  }
  // @ts-ignore: decorator
  @inline
 private get rows(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + HEADER + TABLE_BYTES);
  }
  // @ts-ignore: decorator
  @inline
 private get deadlines(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + HEADER + TABLE_BYTES + WHEEL_BYTES);
  }

  /** The first step is not negated; the last row is at most `within` after the first. */
  init(steps: u32, within: i64, partialsMax: u32, keyInline: u32): bool {
    this.steps = steps;
    this.within = within;
    this.partialsMax = partialsMax;
    return steps > 0 && steps <= 64 && within >= 0 && partialsMax > 0 && !changetype<D>(0).negated(0) &&
      this.table.init(keyInline, 0) && this.rows.init(0) && this.deadlines.init(0);
  }

  ahead(key: usize, length: u32): void {
    this.table.ahead(key, length);
  }

  /** The row in D.row(). */
  row(key: usize, length: u32): void {
    const d = changetype<D>(0), time = d.row().time;
    if (time < watermark()) return late(time, time, LateReason.ROW_EXPIRED);
    const search = this.table.upsert(key, length);
    if (!changetype<usize>(search)) return refuse(Reject.STATE_FULL);
    const bytes = (<u32> offsetof<Kept>() + d.row().size() + 7) & ~7;
    const row = block(bytes);
    if (!row || !this.rows.put(row, passed(time, 0))) {
      if (row) release(row, bytes);
      this.dropEmpty(search);
      return refuse(Reject.STATE_FULL);
    }
    const kept = changetype<Kept>(row);
    kept.owner = <u32> changetype<usize>(search);
    kept.bytes = bytes;
    kept.time = time;
    d.row().save(row + offsetof<Kept>());
    search.waiting++;
  }

  advance(w: i64): bool {
    beginSteps();
    while (true) {
      if (!this.row_) this.row_ = <u32> this.rows.take(w);
      if (!this.row_) break;
      if (!room()) return false;
      const row = <usize> this.row_;
      this.row_ = 0;
      this.meet(row);
    }
    if (stopped()) return false;
    while (true) {
      if (!this.overdue) {
        this.overdue = <u32> this.deadlines.take(w);
        if (!this.overdue) return !stopped();
        touch(<usize> this.overdue);
        changetype<Search>(<usize> this.overdue).pending--;
      }
      const search = changetype<Search>(<usize> this.overdue);
      while (search.first && this.deadlineOf(search.first) <= w) {
        if (!room()) return false;
        this.expire(search);
      }
      if (search.first && !this.watch(search)) return false;
      this.overdue = 0;
      this.dropEmpty(search);
    }
  }

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.row_ || this.overdue ? i64.MIN_VALUE : min(this.rows.due(), this.deadlines.due());
  }

  keys(): u64 {
    return this.table.count;
  }

  /** Whether time alone may bring out a row: what is only kept, or to be freed, is nothing to wait for. */
  open(): bool {
    return this.row_ != 0 || this.rows.count != 0 || this.timed != 0;
  }

  /** Whether a partial match that is to go on with this step is one as soon as its time is up. */
  private waits(step: u32): bool {
    if (step == this.steps) return false;
    while (step < this.steps && changetype<D>(0).negated(step)) step++;
    return step == this.steps;
  }

  // @ts-ignore: decorator
  @inline
 private deadlineOf(partial: u32): i64 {
    return passed(plus(changetype<Partial>(<usize> partial).start, this.within), 0);
  }

  // @ts-ignore: decorator
  @inline
 private rowOf(partial: usize, step: u32): usize {
    return partial + offsetof<Partial>() + (<usize> step << 2);
  }

  /** The row is the next one of its key. */
  private meet(row: usize): void {
    const d = changetype<D>(0), kept = changetype<Kept>(row);
    const search = changetype<Search>(<usize> kept.owner);
    touch(changetype<usize>(search));
    touch(row);
    search.waiting--;
    kept.seq = ++this.seq;
    kept.holders = 1; // this call
    while (search.first && this.deadlineOf(search.first) <= kept.time) this.expire(search);
    d.row().load(row + offsetof<Kept>());
    if (!this.goOn(search, row) && d.matches(0)) this.start(search, row);
    this.letGo(row);
    this.dropEmpty(search);
  }

  /** Takes every partial match a step on, if the row says so; whether one was found. */
  private goOn(search: Search, row: usize): bool {
    let before: usize = 0, at = <usize> search.first;
    while (at) {
      const partial = changetype<Partial>(at), next = <usize> partial.next;
      const step = this.stepMet(at);
      if (step < 0) this.unlink(search, before, at);
      else {
        if (step) this.take(at, row, <u32> step);
        if (step && partial.step == this.steps) {
          this.found(search, at);
          return true;
        }
        before = at;
      }
      at = next;
    }
    return false;
  }

  /** The step that the row at hand is for a partial match; 0 = none; -1 = it ends it. */
  private stepMet(at: usize): i32 {
    const d = changetype<D>(0), partial = changetype<Partial>(at);
    if (d.looksBack()) this.load(at);
    let step = partial.step;
    while (step < this.steps && d.negated(step)) {
      if (d.matches(step)) return -1;
      step++;
    }
    if (step == this.steps) return 0; // it only waits for its time to be up
    if (d.matches(step)) return <i32> step;
    return d.strict(step) ? -1 : 0;
  }

  private take(at: usize, row: usize, step: u32): void {
    touch(at);
    store<u32>(this.rowOf(at, step), <u32> row);
    changetype<Partial>(at).step = step + 1;
    if (this.waits(step + 1)) this.timed++;
    changetype<Partial>(at).reached = changetype<Kept>(row).seq;
    changetype<Kept>(row).holders++;
  }

  private start(search: Search, row: usize): void {
    if (search.partials == this.partialsMax) {
      const start = changetype<Partial>(<usize> search.first).start;
      late(start, start, LateReason.ROW_EXPIRED);
      this.unlink(search, 0, <usize> search.first);
    }
    const kept = changetype<Kept>(row);
    const at = alloc(offsetof<Partial>() + (<usize> this.steps << 2));
    if (!at) return late(kept.time, kept.time, LateReason.ROW_EXPIRED);
    const partial = changetype<Partial>(at);
    partial.begun = kept.seq;
    partial.start = kept.time;
    this.take(at, row, 0);
    if (search.last) {
      touch(<usize> search.last);
      changetype<Partial>(<usize> search.last).next = <u32> at;
    } else search.first = <u32> at;
    search.last = <u32> at;
    search.partials++;
    if (this.steps == 1) this.found(search, at);
    else if (!this.watch(search)) this.unlink(search, 0, <usize> search.first);
  }

  /** Makes sure that the key is looked at when its first deadline comes; false = no room. */
  private watch(search: Search): bool {
    const deadline = this.deadlineOf(search.first);
    if (search.pending && search.deadline <= deadline) return true;
    if (!this.deadlines.put(changetype<usize>(search), deadline)) return false;
    touch(changetype<usize>(search));
    search.pending++;
    search.deadline = deadline;
    return true;
  }

  /** The time of the first partial match is up: a match if only negated steps were left. */
  private expire(search: Search): void {
    touch(changetype<usize>(search));
    const at = <usize> search.first;
    if (this.waits(changetype<Partial>(at).step)) this.found(search, at);
    else this.unlink(search, 0, at);
  }

  private load(at: usize): void {
    for (let step: u32 = 0; step < this.steps; step++) {
      const row = <usize> load<u32>(this.rowOf(at, step));
      if (row) changetype<D>(0).load(step, row + offsetof<Kept>());
    }
  }

  /** Tells of a match; partial matches that began no later than it ended are given up. */
  private found(search: Search, at: usize): void {
    this.load(at);
    const reached = changetype<Partial>(at).reached;
    changetype<D>(0).found(this.table.keyOf(search), this.table.keyLength(search));
    while (search.first && <i32> (changetype<Partial>(<usize> search.first).begun - reached) <= 0) {
      this.unlink(search, 0, <usize> search.first);
    }
  }

  private unlink(search: Search, before: usize, at: usize): void {
    const next = changetype<Partial>(at).next;
    if (this.waits(changetype<Partial>(at).step)) this.timed--;
    touch(changetype<usize>(search));
    if (before) {
      touch(before);
      changetype<Partial>(before).next = next;
    } else search.first = next;
    if (!next) search.last = <u32> before;
    search.partials--;
    for (let step: u32 = 0; step < this.steps; step++) {
      const row = <usize> load<u32>(this.rowOf(at, step));
      if (row) this.letGo(row);
    }
    release(at, offsetof<Partial>() + (<usize> this.steps << 2));
  }

  private letGo(row: usize): void {
    touch(row);
    if (--changetype<Kept>(row).holders == 0) release(row, changetype<Kept>(row).bytes);
  }

  private dropEmpty(search: Search): void {
    if (!search.first && !search.waiting && !search.pending) this.table.remove(search);
  }
}
