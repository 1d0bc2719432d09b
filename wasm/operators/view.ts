/**
 * A view: the newest row of each key, encoded, for reading. `D` has nothing to say here; rows are put in and
 * taken out by what stands before the view.
 */
import { OUTPUT, OUTPUT_BYTES, alloc, release, touchRange } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { writeVarint } from "../lib/wire";
import { minus, plus } from "./bounds";
import { refuse } from "./out";
import { watermark } from "./time";

// @ts-ignore: decorator
@inline
export const VIEW_BYTES: usize = TABLE_BYTES + 40;

/** Rows looked at for their age with one event. */
// @ts-ignore: decorator
@inline
const LOOKS: u32 = 256;

// @ts-ignore: decorator
@inline
const STATE_FULL: u32 = 8;

/** Most bytes of one answer to a scan, a row aside. */
// @ts-ignore: decorator
@inline
const PAGE_BYTES_MAX: usize = 1 << 20;

@unmanaged
class Kept {
  time: i64;
  row: usize;
  length: u32;
}

function full(): bool {
  refuse(STATE_FULL);
  return false;
}

@unmanaged
export class View {
  /** Event time for which a row is kept after its own; 0 = for ever. */
  private ttl: i64;
  /** When the next round of looking for old rows begins; the next slot of the one under way. */
  private next: i64;
  private cursor: u32;
  private looking: bool;

  // @ts-ignore: decorator
  @inline
 private get table(): Table<Kept> {
    return changetype<Table<Kept>>(changetype<usize>(this) + 40);
  }

  init(keyInline: u32, ttl: i64): bool {
    this.ttl = ttl;
    this.next = i64.MAX_VALUE;
    return ttl >= 0 && this.table.init(keyInline, 0);
  }

  due(): i64 {
    return this.looking ? i64.MIN_VALUE : this.next;
  }

  /** Goes over some rows and forgets the old ones; eight rounds within the time to live. */
  advance(w: i64): bool {
    const table = this.table;
    if (!this.looking) {
      this.looking = true;
      this.cursor = 0;
    }
    const slots = table.slots();
    for (let i: u32 = 0; i < LOOKS && this.cursor < slots; i++) {
      const kept = table.at(this.cursor++);
      if (changetype<usize>(kept) && kept.time <= minus(w, this.ttl)) this.drop(kept);
    }
    if (this.cursor >= slots) {
      this.looking = false;
      this.next = table.count ? plus(w, max(this.ttl >> 3, 1)) : i64.MAX_VALUE;
    }
    // At the end of its inputs there are no more events to go on with.
    return !this.looking || w != i64.MAX_VALUE;
  }

  /** Whether anything changed by it. */
  put(time: i64, key: usize, keyLength: u32, row: usize, length: u32): bool {
    if (this.ttl) {
      if (time <= minus(watermark(), this.ttl)) return false;
      this.next = min(this.next, plus(time, this.ttl));
    }
    const kept = this.table.upsert(key, keyLength);
    if (!changetype<usize>(kept)) return full();
    kept.time = max(kept.time, time);
    if (kept.row && kept.length == length && !memory.compare(kept.row, row, length)) return false;
    if (kept.row && kept.length != length) {
      release(kept.row, kept.length);
      kept.row = 0;
    }
    if (!kept.row && length) {
      kept.row = alloc(length);
      if (!kept.row) {
        this.table.remove(kept);
        return full();
      }
    }
    kept.length = length;
    touchRange(kept.row, length);
    memory.copy(kept.row, row, length);
    return true;
  }

  /** Takes a key out, if there is one. An update is this, then `put`. */
  take(key: usize, keyLength: u32): bool {
    const kept = this.table.find(key, keyLength);
    if (!changetype<usize>(kept)) return false;
    this.drop(kept);
    return true;
  }

  /** A row that late events take back, where it still stands, or one that is to stand now. */
  correct(back: bool, key: usize, keyLength: u32, row: usize, length: u32): void {
    if (!back) {
      this.put(watermark(), key, keyLength, row, length);
      return;
    }
    const kept = this.table.find(key, keyLength);
    if (!changetype<usize>(kept) || kept.length != length || memory.compare(kept.row, row, length)) return;
    this.drop(kept);
  }

  private drop(kept: Kept): void {
    const block = kept.row, length = kept.length;
    this.table.remove(kept);
    if (length) release(block, length);
  }

  keys(): u64 {
    return this.table.count;
  }

  /** Writes the row of a key at p as a record; returns its end, p where there is none. */
  get(key: usize, keyLength: u32, p: usize): usize {
    const kept = this.table.find(key, keyLength);
    return changetype<usize>(kept) ? this.record(kept, p) : p;
  }

  /**
   * Records from slot `cursor` on, at most `limit`, whose keys begin with the prefix. Writes where to go on (u32;
   * 0 = that was all) at p, then the records; returns the end.
   */
  scan(cursor: u32, limit: u32, prefix: usize, prefixLength: u32, p: usize): usize {
    const slots = this.table.slots();
    let at = p + 4, count: u32 = 0;
    for (; cursor < slots && count < limit && at - p < PAGE_BYTES_MAX; cursor++) {
      const kept = this.table.at(cursor);
      if (!changetype<usize>(kept)) continue;
      if (this.table.keyLength(kept) < prefixLength) continue;
      if (memory.compare(this.table.keyOf(kept), prefix, prefixLength)) continue;
      at = this.record(kept, at);
      count++;
    }
    store<u32>(p, cursor < slots ? cursor : 0);
    return at;
  }

  /** Key length, key, row length, row. */
  private record(kept: Kept, p: usize): usize {
    const length = this.table.keyLength(kept);
    assert(p + length + kept.length + 16 < OUTPUT + OUTPUT_BYTES);
    p = writeVarint(p, length);
    memory.copy(p, this.table.keyOf(kept), length);
    p = writeVarint(p + length, kept.length);
    memory.copy(p, kept.row, kept.length);
    return p + kept.length;
  }
}
