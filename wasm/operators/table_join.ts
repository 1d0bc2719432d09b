/**
 * Two tables joined, kept up to date: left rows have a primary key of their own and name a right row by its
 * key (for a join on primary keys both are the same). A change on either side takes back the joined rows it
 * makes untrue and puts out those that hold instead.
 *
 * The left rows that name a right row form a list. When a right row changes, a few of them are dealt with at
 * once; the others follow in `advance`, each from the right row it was joined with last, so that a product with
 * a million orders stalls nobody.
 */
import { Reject } from "../lib/effects";
import { release, touch } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { lines, note, noted, sink } from "./ask";
import { block, Has, JoinKind } from "./bounds";
import { refuse, room } from "./out";

// @ts-ignore: decorator
@inline
const HEADER: usize = 16;

// @ts-ignore: decorator
@inline
export const TABLE_JOIN_BYTES: usize = HEADER + 2 * TABLE_BYTES;

/** Left rows that a change of their right row reaches at once. */
// @ts-ignore: decorator
@inline
const AT_ONCE: u32 = 64;

@unmanaged
class Left {
  row: u32;
  bytes: u32;
  group: u32;
  next: u32; // of the same group
  previous: u32;
  /** Of the group, when this row was joined last. */
  version: u32;
}

/** A right row, present or not, and the left rows that name it. */
@unmanaged
class Group {
  row: u32; // 0 = there is none
  bytes: u32;
  /** What left rows of an older version are joined with. */
  old: u32;
  oldBytes: u32;
  first: u32;
  last: u32;
  version: u32;
  /** The next left row that may still be joined with `old`; meaningful while `behind`. */
  cursor: u32;
  nextBehind: u32;
  behind: bool;
}

/** Rows, entries of left rows, and groups that are asked for together: so many of each, at most. Scratch. */
// @ts-ignore: decorator
@inline
const ASKED_MAX: u32 = 160;

const askedRows = memory.data(168 * 4, 8);
const askedLefts = memory.data(168 * 4, 8);
const askedGroups = memory.data(168 * 4, 8);

/**
 * D: left(): L, right(): R, the rows' static instances; joined(has: u32, op: i32): void, op 1 = no longer so;
 * leftAppends(), rightAppends(): bool, constants: rows of the side are never taken back. What a row saves begins
 * with its time.
 */
@unmanaged
export class TableJoin<D> {
  private kind: u32;
  /** Groups whose left rows have not all been dealt with. */
  private firstBehind: u32;
  private lastBehind: u32;

  // @ts-ignore: decorator
  @inline
 private get lefts(): Table<Left> {
    return changetype<Table<Left>>(changetype<usize>(this) + HEADER);
  }
  // @ts-ignore: decorator
  @inline
 private get groups(): Table<Group> {
    return changetype<Table<Group>>(changetype<usize>(this) + HEADER + TABLE_BYTES);
  }

  init(kind: u32, keyInline: u32): bool {
    this.kind = kind;
    return this.lefts.init(keyInline, 0) && this.groups.init(keyInline, 0);
  }

  /** The key by which left and right meet; `aheadPrimary` for that of left rows. */
  ahead(key: usize, length: u32): void {
    note(changetype<usize>(this), this.groups.ask(key, length));
  }
  aheadPrimary(key: usize, length: u32): void {
    note(changetype<usize>(this) + 1, this.lefts.ask(key, length));
  }

  /** From onAheadDone: asks for the rows that will be told of, and for the neighbours of those that move. */
  aheadDone(): void {
    let rows: u32 = 0, lefts: u32 = 0, groups: u32 = 0, sum: u32 = 0;
    for (let entry = noted(changetype<usize>(this)); entry != 1; entry = noted(changetype<usize>(this))) {
      if (!entry || rows > ASKED_MAX || lefts > ASKED_MAX) continue;
      const group = this.groups.valueAt(entry);
      rows = put(askedRows, rows, group.row);
      lefts = put(askedLefts, lefts, group.last);
    }
    for (let entry = noted(changetype<usize>(this) + 1); entry != 1; entry = noted(changetype<usize>(this) + 1)) {
      if (!entry || rows > ASKED_MAX || lefts > ASKED_MAX) continue;
      const left = this.lefts.valueAt(entry);
      rows = put(askedRows, rows, left.row);
      lefts = put(askedLefts, put(askedLefts, lefts, left.next), left.previous);
      groups = put(askedGroups, groups, left.group);
    }
    for (let i: u32 = 0; i < rows; i++) sum += lines(got(askedRows, i));
    for (let i: u32 = 0; i < lefts; i++) sum += load<u32>(got(askedLefts, i));
    rows = 0;
    for (let i: u32 = 0; i < groups; i++) rows = put(askedRows, rows, changetype<Group>(got(askedGroups, i)).row);
    for (let i: u32 = 0; i < rows; i++) sum += lines(got(askedRows, i));
    sink(sum);
  }

  /**
   * The row in D.left(): it replaces the one of its primary key, or (op 1) deletes it. Where rows are never taken
   * back, one that is older in event time than the one that is known changes nothing.
   */
  left(primary: usize, primaryLength: u32, key: usize, length: u32): void {
    const d = changetype<D>(0);
    if (d.left().op) {
      const known = this.lefts.find(primary, primaryLength);
      if (!changetype<usize>(known)) return refuse(Reject.OUT_OF_RANGE);
      touch(changetype<usize>(known));
      this.part(known);
      this.lefts.remove(known);
      return;
    }
    const bytes = (d.left().size() + 7) & ~7, row = block(bytes);
    const group = row ? this.groups.upsert(key, length) : changetype<Group>(0);
    const left = changetype<usize>(group) ? this.lefts.upsert(primary, primaryLength) : changetype<Left>(0);
    if (!changetype<usize>(left)) {
      if (row) release(row, bytes);
      if (changetype<usize>(group)) this.dropEmpty(group);
      return refuse(Reject.STATE_FULL);
    }
    d.left().save(row);
    if (left.row && d.leftAppends() && load<i64>(<usize> left.row) > d.left().time) {
      release(row, bytes);
      return this.dropEmpty(group);
    }
    const before = left.row ? changetype<Group>(<usize> left.group) : changetype<Group>(0);
    if (left.row && before == group) { // it keeps its place
      this.tellShown(left, 1);
      release(<usize> left.row, left.bytes);
    } else {
      if (left.row) this.part(left);
      if (!group.first) this.tellAlone(group, 1);
      this.meet(left, group);
    }
    left.row = <u32> row;
    left.bytes = bytes;
    left.version = group.version;
    this.tell(left, group.row, 0);
  }

  /** The row in D.right(), as of the left: it replaces the one of its key, or (op 1) deletes it. */
  right(key: usize, length: u32): void {
    const d = changetype<D>(0), gone = d.right().op != 0;
    const group = gone ? this.groups.find(key, length) : this.groups.upsert(key, length);
    if (!changetype<usize>(group) || gone && !group.row) return refuse(gone ? Reject.OUT_OF_RANGE : Reject.STATE_FULL);
    if (group.row && d.rightAppends() && load<i64>(<usize> group.row) > d.right().time) return;
    const bytes = gone ? 0 : (d.right().size() + 7) & ~7, row = gone ? 0 : block(bytes);
    if (!gone && !row) {
      this.dropEmpty(group);
      return refuse(Reject.STATE_FULL);
    }
    if (row) d.right().save(row);
    touch(changetype<usize>(group));
    while (group.behind) this.catchUp(group, u32.MAX_VALUE, false); // a second change before the first was through
    group.old = group.row;
    group.oldBytes = group.bytes;
    group.row = <u32> row;
    group.bytes = bytes;
    if (!group.first) {
      this.tellRight(group.old, 1);
      this.tellRight(group.row, 0);
      this.forgetOld(group);
      return this.dropEmpty(group);
    }
    group.version++;
    group.cursor = group.first;
    group.behind = true;
    this.catchUp(group, AT_ONCE, true);
    if (!group.behind) return;
    group.nextBehind = 0;
    if (this.lastBehind) {
      touch(<usize> this.lastBehind);
      changetype<Group>(<usize> this.lastBehind).nextBehind = <u32> changetype<usize>(group);
    } else this.firstBehind = <u32> changetype<usize>(group);
    this.lastBehind = <u32> changetype<usize>(group);
  }

  advance(w: i64): bool {
    while (this.firstBehind) {
      const group = changetype<Group>(<usize> this.firstBehind);
      touch(changetype<usize>(group));
      if (group.behind) this.catchUp(group, u32.MAX_VALUE, true);
      if (group.behind) return false;
      this.firstBehind = group.nextBehind;
      if (!this.firstBehind) this.lastBehind = 0;
      group.nextBehind = 0;
      this.dropEmpty(group);
    }
    return true;
  }

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.firstBehind ? i64.MIN_VALUE : i64.MAX_VALUE;
  }

  keys(): u64 {
    return <u64> this.lefts.count + this.groups.count;
  }

  /** Joins left rows with the new right row, `most` of them, or (within) as far as there is room. */
  private catchUp(group: Group, most: u32, within: bool): void {
    let asked: u32 = 0;
    while (group.cursor && most) {
      if (within && !room()) return;
      if (!asked--) asked = askLefts(<usize> group.cursor);
      const left = changetype<Left>(<usize> group.cursor);
      group.cursor = left.next;
      if (left.version == group.version) continue;
      most--;
      this.tell(left, group.old, 1);
      touch(changetype<usize>(left));
      left.version = group.version;
      this.tell(left, group.row, 0);
    }
    if (group.cursor) return;
    group.behind = false;
    this.forgetOld(group);
  }

  private forgetOld(group: Group): void {
    if (group.old) release(<usize> group.old, group.oldBytes);
    group.old = 0;
  }

  /** A left row goes: what it was joined with is taken back. */
  private part(left: Left): void {
    const group = changetype<Group>(<usize> left.group);
    touch(changetype<usize>(group));
    this.tellShown(left, 1);
    release(<usize> left.row, left.bytes);
    if (group.cursor == <u32> changetype<usize>(left)) group.cursor = left.next;
    if (left.next) {
      touch(<usize> left.next);
      changetype<Left>(<usize> left.next).previous = left.previous;
    } else group.last = left.previous;
    if (left.previous) {
      touch(<usize> left.previous);
      changetype<Left>(<usize> left.previous).next = left.next;
    } else group.first = left.next;
    if (group.behind && !group.cursor) {
      group.behind = false;
      this.forgetOld(group);
    }
    if (!group.first) this.tellAlone(group, 0);
    this.dropEmpty(group);
  }

  private meet(left: Left, group: Group): void {
    const at = <u32> changetype<usize>(left);
    left.group = <u32> changetype<usize>(group);
    left.previous = group.last;
    left.next = 0;
    if (group.last) {
      touch(<usize> group.last);
      changetype<Left>(<usize> group.last).next = at;
    } else group.first = at;
    group.last = at;
  }

  /** With what the left row is joined now. */
  private tellShown(left: Left, op: i32): void {
    const group = changetype<Group>(<usize> left.group);
    this.tell(left, left.version == group.version ? group.row : group.old, op);
  }

  private tell(left: Left, right: u32, op: i32): void {
    if (!right && !(this.kind & JoinKind.LEFT)) return;
    const d = changetype<D>(0);
    d.left().load(<usize> left.row);
    if (right) d.right().load(<usize> right);
    d.joined(right ? Has.BOTH : Has.LEFT, op);
  }

  /** The right row of a group without left rows. */
  private tellAlone(group: Group, op: i32): void {
    this.tellRight(group.row, op);
  }

  private tellRight(right: u32, op: i32): void {
    if (!right || !(this.kind & JoinKind.RIGHT)) return;
    changetype<D>(0).right().load(<usize> right);
    changetype<D>(0).joined(Has.RIGHT, op);
  }

  private dropEmpty(group: Group): void {
    const listed = group.nextBehind || this.lastBehind == <u32> changetype<usize>(group);
    if (!group.row && !group.old && !group.first && !listed) this.groups.remove(group);
  }
}

/** Asks for the rows of the next left rows of a list; how many of them after this one. */
function askLefts(at: usize): u32 {
  let sum: u32 = 0, count: u32 = 0;
  for (; at && count < 16; count++) {
    sum += lines(<usize> changetype<Left>(at).row);
    at = <usize> changetype<Left>(at).next;
  }
  sink(sum);
  return count - 1;
}

/** Notes an address, where it is one; how many there are then. */
// @ts-ignore: decorator
@inline
function put(list: usize, count: u32, at: u32): u32 {
  store<u32>(list + (<usize> count << 2), at);
  return count + <u32> (at != 0);
}

// @ts-ignore: decorator
@inline
function got(list: usize, i: u32): usize {
  return <usize> load<u32>(list + (<usize> i << 2));
}
