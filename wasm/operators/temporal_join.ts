/**
 * A stream joined with a table as of each row's own time: the newest version not later than the row, whatever
 * order both arrive in. A stream row waits until the watermark has passed its time, when every version that
 * counts is there. With a tolerance it is an as-of join: the version must not be older than the row by more.
 *
 * Versions of a key stand in order of time. One that has been superseded is kept for `history`, so that a
 * stream row that is late by no more than that is still answered, at once and exactly.
 */
import { Reject } from "../lib/effects";
import { release, touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { block, Has, JoinKind, minus, passed, plus } from "./bounds";
import { late, LateReason, refuse, room } from "./out";
import { watermark } from "./time";
import { Node, treeAfter, treeAtOrBefore, treeFirst, treeInsert, treeRemove } from "./tree";
import { beginSteps, step, stopped, Wheel, WHEEL_BYTES } from "./wheel";

// @ts-ignore: decorator
@inline
const HEADER: usize = 40;

// @ts-ignore: decorator
@inline
export const TEMPORAL_JOIN_BYTES: usize = HEADER + TABLE_BYTES + 2 * WHEEL_BYTES;

@unmanaged
class Versions {
  owner: u32;
  root: u32;
  /** Stream rows that wait for this key. */
  waiting: u32;
}

@unmanaged
class Version extends Node {
  bytes: u32; // of the block; the two lowest bits: ENDS, SETTLED
}

/** The key has no row from this time on. */
// @ts-ignore: decorator
@inline
const ENDS: u32 = 1;

/** The time of all rows to come is past it by the history. */
// @ts-ignore: decorator
@inline
const SETTLED: u32 = 2;

@unmanaged
class Waiting {
  owner: u32; // the key's entry
  bytes: u32;
}

/** D: left(): L (the stream), right(): R (the versions), static instances; joined(has: u32): void. */
@unmanaged
export class TemporalJoin<D> {
  private kind: u32;
  private seq: u32;
  private history: i64;
  private tolerance: i64;
  /** A stream row, and a version, taken from their wheels but not done with. */
  private row: u32;
  private version: u32;
  private pad: u64;

  // @ts-ignore: decorator
  @inline
 private get table(): Table<Versions> {
    return changetype<Table<Versions>>(changetype<usize>(this) + HEADER);
  }
  // @ts-ignore: decorator
  @inline
 private get rows(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + HEADER + TABLE_BYTES);
  }
  // @ts-ignore: decorator
  @inline
 private get versions(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + HEADER + TABLE_BYTES + WHEEL_BYTES);
  }

  /** tolerance i64.MAX_VALUE = a version holds until the next one. */
  init(kind: u32, history: i64, tolerance: i64, keyInline: u32): bool {
    this.kind = kind;
    this.history = history;
    this.tolerance = tolerance;
    return history >= 0 && tolerance >= 0 && this.table.init(keyInline, 0) && this.rows.init(0) &&
      this.versions.init(0);
  }

  ahead(key: usize, length: u32): void {
    this.table.ahead(key, length);
  }

  /** A stream row, in D.left(). */
  left(key: usize, length: u32): void {
    const d = changetype<D>(0), time = d.left().time, w = watermark();
    if (time < minus(w, this.history)) return late(time, time, LateReason.ROW_EXPIRED);
    if (time < w) return this.answer(this.table.find(key, length), time);
    const versions = this.table.upsert(key, length);
    if (!changetype<usize>(versions)) return refuse(Reject.STATE_FULL);
    const bytes = (<u32> offsetof<Waiting>() + d.left().size() + 7) & ~7;
    const row = block(bytes);
    if (!row || !this.rows.put(row, passed(time, 0))) {
      if (row) release(row, bytes);
      this.dropEmpty(versions);
      return refuse(Reject.STATE_FULL);
    }
    changetype<Waiting>(row).owner = <u32> changetype<usize>(versions);
    changetype<Waiting>(row).bytes = bytes;
    versions.waiting++;
    d.left().save(row + offsetof<Waiting>());
  }

  /** A version, in D.right(): it holds from its time on; op 1 = from then on there is none. */
  right(key: usize, length: u32): void {
    const d = changetype<D>(0), time = d.right().time;
    if (time < watermark()) return late(time, time, LateReason.ROW_EXPIRED);
    const versions = this.table.upsert(key, length);
    if (!changetype<usize>(versions)) return refuse(Reject.STATE_FULL);
    const bytes = (<u32> offsetof<Version>() + d.right().size() + 7) & ~7;
    const version = block(bytes);
    if (!version || !this.versions.put(version, this.settledAt(time))) {
      if (version) release(version, bytes);
      this.dropEmpty(versions);
      return refuse(Reject.STATE_FULL);
    }
    const node = changetype<Version>(version);
    node.owner = <u32> changetype<usize>(versions);
    node.seq = this.seq++;
    node.time = time;
    node.bytes = bytes | (d.right().op ? ENDS : 0);
    d.right().save(version + offsetof<Version>());
    treeInsert(changetype<usize>(versions) + offsetof<Versions>("root"), version);
  }

  /** Answers the rows whose time has passed, then frees the versions that no row can ask for. */
  advance(w: i64): bool {
    beginSteps();
    while (true) {
      if (!this.row) this.row = <u32> this.rows.take(w);
      if (!this.row) break;
      if (!room()) return false;
      this.release();
    }
    if (stopped()) return false;
    while (true) {
      if (!this.version) this.version = <u32> this.versions.take(w);
      if (!this.version) return !stopped();
      if (!this.settle(<usize> this.version)) return false;
      this.version = 0;
    }
  }

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.row || this.version ? i64.MIN_VALUE : min(this.rows.due(), this.versions.due());
  }

  keys(): u64 {
    return this.table.count;
  }

  /** Whether time alone may bring out a row: what is only kept, or to be freed, is nothing to wait for. */
  open(): bool {
    return this.row != 0 || this.rows.count != 0;
  }

  /** When a version makes those before it needless, and itself where it does not hold for ever. */
  private settledAt(time: i64): i64 {
    return this.tolerance == i64.MAX_VALUE ? plus(time, this.history) : passed(plus(time, this.tolerance), this.history);
  }

  private release(): void {
    const row = <usize> this.row, waiting = changetype<Waiting>(row), d = changetype<D>(0);
    const versions = changetype<Versions>(<usize> waiting.owner);
    d.left().load(row + offsetof<Waiting>());
    this.answer(versions, d.left().time);
    touch(changetype<usize>(versions));
    versions.waiting--;
    release(row, waiting.bytes);
    this.row = 0;
    this.dropEmpty(versions);
  }

  private answer(versions: Versions, time: i64): void {
    const d = changetype<D>(0);
    let found: usize = 0;
    if (changetype<usize>(versions)) {
      found = treeAtOrBefore(changetype<usize>(versions) + offsetof<Versions>("root"), time);
    }
    if (found) {
      const version = changetype<Version>(found);
      if (version.bytes & ENDS || plus(version.time, this.tolerance) < time) found = 0;
    }
    if (found) {
      d.right().load(found + offsetof<Version>());
      d.joined(Has.BOTH);
    } else if (this.kind & JoinKind.LEFT) d.joined(Has.LEFT);
  }

  /** Frees what no row can ask for any more; false = not all of it yet. */
  private settle(version: usize): bool {
    const versions = changetype<Versions>(<usize> changetype<Version>(version).owner);
    const root = changetype<usize>(versions) + offsetof<Versions>("root");
    touch(version);
    changetype<Version>(version).bytes |= SETTLED;
    for (let first = treeFirst(root); first && this.needless(root, first); first = treeFirst(root)) {
      if (!step()) return false;
      this.remove(root, first);
    }
    this.dropEmpty(versions);
    return true;
  }

  /** The first version: it has no successor to wait for, or its successor holds for all rows to come. */
  private needless(root: usize, first: usize): bool {
    const bytes = changetype<Version>(first).bytes;
    if (!(bytes & SETTLED)) return false;
    if (bytes & ENDS || this.tolerance != i64.MAX_VALUE) return true;
    const next = treeAfter(root, first);
    return next != 0 && (changetype<Version>(next).bytes & SETTLED) != 0;
  }

  private remove(root: usize, version: usize): void {
    treeRemove(root, version);
    release(version, changetype<Version>(version).bytes & ~7);
  }

  private dropEmpty(versions: Versions): void {
    if (!versions.root && !versions.waiting) this.table.remove(versions);
  }
}
