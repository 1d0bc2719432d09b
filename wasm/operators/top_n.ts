/**
 * The first n rows of each key by an order, kept up to date: a row that enters comes out, a row that leaves is
 * taken back. Where rows may be retracted all of them are kept, in two trees: the first n, and the rest, of
 * which one moves up when one of the first goes.
 */
import { Reject } from "../lib/effects";
import { release, touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { askTrees, note } from "./ask";
import { block, passed, plus } from "./bounds";
import { refuse } from "./out";
import {
  ahead,
  countFrom,
  findSlot,
  firstSlot,
  insertFirst,
  insertLast,
  lastSlot,
  Ranked,
  RANKED,
  RANKED_BELOW,
  rankInsert,
  rankOfNode,
  rankRemove,
} from "./ranking";
import { beginSteps, step, stopped, Wheel, WHEEL_BYTES } from "./wheel";

// @ts-ignore: decorator
@inline
const HEADER: usize = 32;

// @ts-ignore: decorator
@inline
export const TOP_N_BYTES: usize = HEADER + TABLE_BYTES + WHEEL_BYTES;

/** Levels of a tree that are asked for ahead. */
// @ts-ignore: decorator
@inline
const LEVELS: u32 = 4;

/** Of the row that was kept last: how long rows are about. Scratch. */
let rowBytes: usize = 64;

@unmanaged
class Group {
  owner: u32;
  top: u32; // the tree of the first n
  rest: u32;
  count: u32; // in `top`
  newest: i64;
  /** Whether it stands in the wheel. */
  pending: bool;
}

/**
 * D: row(): R, other(): R, two static instances of a class; before(a: R, b: R): bool, a strict order;
 * same(a: R, b: R): bool, whether a retracted row a is the row b; changed(key, keyLength, rank: u32, op): void,
 * the row in other(), op 0 = it has come in, 1 = it is taken back.
 */
@unmanaged
export class TopN<D> {
  private n: u32;
  private ranks: bool;
  private retracts: bool;
  private ttl: i64;
  /** A key that is being freed. */
  private freeing: u32;
  private rank: u32;
  /** With no room at the bound on state: when to go on. */
  private retryAt: i64;

  // @ts-ignore: decorator
  @inline
 private get table(): Table<Group> {
    return changetype<Table<Group>>(changetype<usize>(this) + HEADER);
  }
  // @ts-ignore: decorator
  @inline
 private get wheel(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + HEADER + TABLE_BYTES);
  }

  /** ttl 0 = a key is never forgotten. */
  init(n: u32, ranks: bool, retracts: bool, ttl: i64, keyInline: u32): bool {
    this.n = n;
    this.ranks = ranks;
    this.retracts = retracts;
    this.ttl = ttl;
    this.retryAt = i64.MIN_VALUE;
    return n > 0 && ttl >= 0 && this.table.init(keyInline, 0) && this.wheel.init(0);
  }

  ahead(key: usize, length: u32): void {
    note(changetype<usize>(this), this.table.ask(key, length));
  }

  /** From onAheadDone: asks for the rows at the top of the tree that a row to come will go into. */
  aheadDone(): void {
    const top = changetype<usize>(this.table.valueAt(0)) + offsetof<Group>("top"); // from an entry on
    askTrees(changetype<usize>(this), top, 0, RANKED_BELOW, LEVELS, rowBytes);
  }

  /** The row in D.row(), with its op. */
  row(key: usize, length: u32): void {
    const d = changetype<D>(0);
    if (d.row().op) return this.retract(key, length);
    const group = this.table.upsert(key, length);
    if (!changetype<usize>(group)) return refuse(Reject.STATE_FULL);
    if (changetype<usize>(group) == <usize> this.freeing) while (!this.free(group, false)) {}
    if (!this.remember(group, d.row().time)) return;
    const top = changetype<usize>(group) + offsetof<Group>("top");
    const full = group.count == this.n;
    const inTop = !full || ahead<D>(<usize> load<u32>(lastSlot(top)));
    if (!inTop && !this.retracts) return;
    const row = this.keep();
    if (!row) {
      this.dropEmpty(group);
      return refuse(Reject.STATE_FULL);
    }
    if (inTop) this.enter(group, row, key, length, full);
    else rankInsert<D>(changetype<usize>(group) + offsetof<Group>("rest"), row);
  }

  advance(w: i64): bool {
    beginSteps();
    this.retryAt = i64.MIN_VALUE;
    while (true) {
      if (this.freeing) {
        if (!this.free(changetype<Group>(<usize> this.freeing), true)) return false;
        continue;
      }
      const entry = this.wheel.take(w);
      if (!entry) return !stopped();
      const group = changetype<Group>(entry), due = passed(group.newest, this.ttl);
      touch(entry);
      if (due > w) {
        if (this.wheel.put(entry, due)) continue;
        this.wheel.unget(entry); // no room for it elsewhere: again when time has moved on
        this.retryAt = plus(w, 1);
        return true;
      }
      group.pending = false;
      this.freeing = <u32> entry;
    }
  }

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.freeing ? i64.MIN_VALUE : max(this.wheel.due(), this.retryAt);
  }

  keys(): u64 {
    return this.table.count;
  }

  /** Notes the key's newest time; false = no room for it, and said so. */
  private remember(group: Group, time: i64): bool {
    if (!this.ttl) return true;
    if (!group.pending) {
      if (!this.wheel.put(changetype<usize>(group), passed(time, this.ttl))) {
        this.dropEmpty(group);
        refuse(Reject.STATE_FULL);
        return false;
      }
      group.pending = true;
      group.newest = time;
    } else if (time > group.newest) group.newest = time;
    return true;
  }

  private dropEmpty(group: Group): void {
    if (!group.top && !group.pending) this.table.remove(group);
  }

  private keep(): usize {
    const d = changetype<D>(0), bytes = (<u32> RANKED + d.row().size() + 7) & ~7;
    const row = block(bytes);
    if (!row) return 0;
    changetype<Ranked>(row).bytes = bytes;
    rowBytes = bytes;
    d.row().save(row + RANKED);
    return row;
  }

  private enter(group: Group, row: usize, key: usize, length: u32, full: bool): void {
    const top = changetype<usize>(group) + offsetof<Group>("top"), d = changetype<D>(0);
    if (this.ranks) {
      const rank = this.rankOf(<usize> group.top);
      this.tell(<usize> group.top, rank, key, length, 1);
      rankInsert<D>(top, row);
      if (full) this.pushOut(group, lastSlot(top));
      else group.count++;
      this.tell(<usize> group.top, rank, key, length, 0);
      return;
    }
    rankInsert<D>(top, row);
    if (full) {
      const last = lastSlot(top);
      d.other().load(<usize> load<u32>(last) + RANKED);
      d.changed(key, length, 0, 1);
      this.pushOut(group, last);
    } else group.count++;
    d.other().load(row + RANKED);
    d.changed(key, length, 0, 0);
  }

  /** The last of the first n leaves them. */
  private pushOut(group: Group, slot: usize): void {
    const row = rankRemove(slot);
    if (!this.retracts) return release(row, changetype<Ranked>(row).bytes);
    insertFirst(changetype<usize>(group) + offsetof<Group>("rest"), row);
  }

  private retract(key: usize, length: u32): void {
    const d = changetype<D>(0), group = this.table.find(key, length);
    const entry = changetype<usize>(group);
    const top = entry + offsetof<Group>("top"), rest = entry + offsetof<Group>("rest");
    if (!entry || !this.retracts || entry == <usize> this.freeing) return this.unknown();
    let slot = findSlot<D>(top);
    if (!slot) {
      slot = findSlot<D>(rest);
      if (!slot) return this.unknown();
      const row = rankRemove(slot);
      return release(row, changetype<Ranked>(row).bytes);
    }
    touch(entry);
    const gone = <usize> load<u32>(slot);
    const rank = this.ranks ? rankOfNode(<usize> group.top, gone) : 0;
    if (this.ranks) this.tell(<usize> group.top, rank, key, length, 1);
    else {
      d.other().load(gone + RANKED);
      d.changed(key, length, 0, 1);
    }
    rankRemove(slot);
    release(gone, changetype<Ranked>(gone).bytes);
    if (!group.rest) group.count--;
    else this.moveUp(top, rankRemove(firstSlot(rest)), key, length);
    if (this.ranks) this.tell(<usize> group.top, rank, key, length, 0);
    if (!group.count) this.dropEmpty(group);
  }

  /** A row is retracted that is not here: it was forgotten with its key, or it never came. */
  private unknown(): void {
    if (!this.ttl) refuse(Reject.OUT_OF_RANGE);
  }

  /** The first of the rest becomes the last of the first n. */
  private moveUp(top: usize, row: usize, key: usize, length: u32): void {
    insertLast(top, row);
    if (this.ranks) return;
    changetype<D>(0).other().load(row + RANKED);
    changetype<D>(0).changed(key, length, 0, 0);
  }

  /** The rank that the row at hand will have, from 1. */
  private rankOf(at: usize): u32 {
    let rank: u32 = 1;
    while (at) {
      if (ahead<D>(at)) at = <usize> changetype<Ranked>(at).left;
      else {
        rank += 1 + countFrom(<usize> changetype<Ranked>(at).left);
        at = <usize> changetype<Ranked>(at).right;
      }
    }
    return rank;
  }

  /** Tells of every row from rank `from` on. */
  private tell(at: usize, from: u32, key: usize, length: u32, op: i32): void {
    this.rank = 0;
    this.walk(at, from, key, length, op);
  }

  private walk(at: usize, from: u32, key: usize, length: u32, op: i32): void {
    if (!at) return;
    this.walk(<usize> changetype<Ranked>(at).left, from, key, length, op);
    this.rank++;
    if (this.rank >= from) {
      changetype<D>(0).other().load(at + RANKED);
      changetype<D>(0).changed(key, length, this.rank, op);
    }
    this.walk(<usize> changetype<Ranked>(at).right, from, key, length, op);
  }

  /** Frees the rows of a key, and the key itself where it is not to begin anew; false = not all of them yet. */
  private free(group: Group, whole: bool): bool {
    const top = changetype<usize>(group) + offsetof<Group>("top");
    const rest = changetype<usize>(group) + offsetof<Group>("rest");
    touch(top);
    while (group.top || group.rest) {
      if (whole && !step()) return false;
      const row = rankRemove(group.top ? top : rest);
      release(row, changetype<Ranked>(row).bytes);
    }
    group.count = 0;
    this.freeing = 0;
    if (whole) this.table.remove(group);
    return true;
  }
}
