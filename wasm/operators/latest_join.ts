/**
 * A stream joined with a table as it stands: each stream row comes out at once with the newest row of its key,
 * or (left) alone.
 */
import { Reject } from "../lib/effects";
import { release } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { block, Has, JoinKind } from "./bounds";
import { refuse } from "./out";

// @ts-ignore: decorator
@inline
const HEADER: usize = 16;

// @ts-ignore: decorator
@inline
export const LATEST_JOIN_BYTES: usize = HEADER + TABLE_BYTES;

@unmanaged
class Newest {
  row: u32;
  bytes: u32;
}

/** D: left(): L (the stream), right(): R (the table), static instances; joined(has: u32): void. */
@unmanaged
export class LatestJoin<D> {
  private kind: u32;

  // @ts-ignore: decorator
  @inline
 private get table(): Table<Newest> {
    return changetype<Table<Newest>>(changetype<usize>(this) + HEADER);
  }

  init(kind: u32, keyInline: u32): bool {
    this.kind = kind;
    return this.table.init(keyInline, 0);
  }

  ahead(key: usize, length: u32): void {
    this.table.ahead(key, length);
  }

  /** A stream row, in D.left(). */
  left(key: usize, length: u32): void {
    const d = changetype<D>(0), newest = this.table.find(key, length);
    if (changetype<usize>(newest)) {
      d.right().load(<usize> newest.row);
      d.joined(Has.BOTH);
    } else if (this.kind & JoinKind.LEFT) d.joined(Has.LEFT);
  }

  /**
   * A row of the table, in D.right(): it replaces the one of its key, or (op 1) deletes it. Where rows are never
   * taken back, one that is older in event time than the one that is known changes nothing.
   */
  right(key: usize, length: u32): void {
    const d = changetype<D>(0);
    if (d.right().op) {
      const known = this.table.find(key, length);
      if (!changetype<usize>(known)) return refuse(Reject.OUT_OF_RANGE);
      release(<usize> known.row, known.bytes);
      this.table.remove(known);
      return;
    }
    const newest = this.table.upsert(key, length);
    if (!changetype<usize>(newest)) return refuse(Reject.STATE_FULL);
    if (newest.row && d.rightAppends() && load<i64>(<usize> newest.row) > d.right().time) return;
    const bytes = (d.right().size() + 7) & ~7, row = block(bytes);
    if (!row) {
      if (!newest.row) this.table.remove(newest);
      return refuse(Reject.STATE_FULL);
    }
    d.right().save(row);
    if (newest.row) release(<usize> newest.row, newest.bytes);
    newest.row = <u32> row;
    newest.bytes = bytes;
  }

  advance(w: i64): bool {
    return true;
  }
  due(): i64 {
    return i64.MAX_VALUE;
  }
  keys(): u64 {
    return this.table.count;
  }
}
