/**
 * A view: the newest row of each key, encoded, for reading. `D` has nothing to say here; rows are put in and
 * taken out by what stands before the view.
 */
import { OUTPUT, OUTPUT_BYTES, alloc, release, touchRange } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { writeVarint } from "../lib/wire";
import { refuse } from "./out";

// @ts-ignore: decorator
@inline
export const VIEW_BYTES: usize = TABLE_BYTES;

// @ts-ignore: decorator
@inline
const STATE_FULL: u32 = 8;

/** Most bytes of one answer to a scan, a row aside. */
// @ts-ignore: decorator
@inline
const PAGE_BYTES_MAX: usize = 1 << 20;

@unmanaged
class Kept {
  row: usize;
  length: u32;
  pad: u32;
}

function full(): bool {
  refuse(STATE_FULL);
  return false;
}

@unmanaged
export class View {
  // @ts-ignore: decorator
  @inline
 private get table(): Table<Kept> {
    return changetype<Table<Kept>>(changetype<usize>(this));
  }

  init(keyInline: u32): bool {
    return this.table.init(keyInline, 0);
  }

  /** Whether anything changed by it. */
  put(key: usize, keyLength: u32, row: usize, length: u32): bool {
    const kept = this.table.upsert(key, keyLength);
    if (!changetype<usize>(kept)) return full();
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
    const block = kept.row, length = kept.length;
    this.table.remove(kept);
    if (length) release(block, length);
    return true;
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
