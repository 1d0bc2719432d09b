/**
 * Rows beside their neighbours: each row of a key comes out once, in the order of event time (of equals, as they
 * came), when the watermark has passed it, with what is told of the rows around it: its number, rows before it,
 * and aggregates over frames that end with it:
 *
 *   range(size)  all rows of the key from `size` before it up to it, every row of its own time included: a
 *                sliding window, exact, and the same in whatever order rows came
 *   rows(count)  it and the count - 1 rows before it
 *   running()    all rows so far
 *
 * A frame whose rows can be taken out costs one step in and one out for each row; one that cannot is put
 * together anew for each time (range) or row. Rows wait in a wheel; those that a frame or a lag still wants
 * stand in a block of their key.
 */
import { Reject } from "../lib/effects";
import { alloc, release, touch, touchRange } from "../lib/memory";
import { Table, TABLE_BYTES } from "../lib/table";
import { accumulatorBytes } from "./results";
import { block, minus, plus } from "./bounds";
import { late, LateReason, refuse, room } from "./out";
import { lines, sink } from "./ask";
import { watermark } from "./time";
import { beginSteps, stopped, Wheel, WHEEL_BYTES } from "./wheel";

// @ts-ignore: decorator
@inline
export const FRAMES_MAX: u32 = 8;
// @ts-ignore: decorator
@inline
export const LAGS_MAX: u32 = 8;

// @ts-ignore: decorator
@inline
const FIELDS: usize = 320;

// @ts-ignore: decorator
@inline
export const OVER_BYTES: usize = FIELDS + WHEEL_BYTES + TABLE_BYTES;

// @ts-ignore: decorator
@inline
const NONE: i64 = i64.MIN_VALUE;

/** Kinds of frames. */
// @ts-ignore: decorator
@inline
const RANGE: u32 = 0;
// @ts-ignore: decorator
@inline
const ROWS: u32 = 1;
// @ts-ignore: decorator
@inline
const RUNNING: u32 = 2;

/** Rows of a key looked ahead at: those that may leave as the next one comes. */
// @ts-ignore: decorator
@inline
const LEAVING: u32 = 3;

@unmanaged
class Frame {
  extent: i64;
  kind: u32;
  takesOut: bool;
}

/** A row; what R saved follows. */
@unmanaged
class Item {
  owner: u32;
  bytes: u32;
  time: i64;
}

// @ts-ignore: decorator
@inline
const ITEM: usize = 16;

/** A key. Rows are numbered from 0; behind it stand the first row of each frame (i64 each), then A. */
@unmanaged
class Key {
  owner: u32; // 0: it is its own
  calls: u32;
  /** Event time of its newest row, waiting or not. */
  latest: i64;
  /** Rows that wait in the wheel. */
  waiting: u32;
  /** Rows that stand in the block: the newest `count`, up to number `end`. */
  rows: usize;
  capacity: u32;
  head: u32;
  count: u32;
  /** The key after it of those that have rows to tell. */
  next: usize;
  linked: bool;
  end: i64;
  /** Of row `end` - 1. */
  lastTime: i64;
  told: i64;
  entered: i64;
}

// @ts-ignore: decorator
@inline
const KEY: usize = 80;

@unmanaged
export class Over<A, R, D> {
  private keeping: i64;
  private frameCount: u32;
  private lagCount: u32;
  /** A row taken from the wheel that waits for those before it to be told. */
  private held: usize;
  /** The keys that have rows of `groupTime` to tell, in the order of their first. */
  private firstKey: usize;
  private lastKey: usize;
  private lagMost: u32;
  private groupTime: i64;
  private ranges: bool;
  private frames0: u64; // FRAMES_MAX frames of 16 bytes follow, then LAGS_MAX u32

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

  // ---- declaration: frames and lags are numbered as they are declared ----

  /** `takesOut`: D.leave takes a row out again; else the frame is put together anew. */
  range(size: i64, takesOut: bool): bool {
    this.ranges = true;
    return size >= 0 && this.frame(RANGE, size, takesOut);
  }
  rows(count: i64, takesOut: bool): bool {
    return count > 0 && count < 1 << 24 && this.frame(ROWS, count, takesOut);
  }
  running(): bool {
    return this.frame(RUNNING, 0, true);
  }
  /** The row `count` rows before. */
  lag(count: u32): bool {
    if (this.lagCount == LAGS_MAX || count >= 1 << 24) return false;
    store<u32>(this.lagAt(this.lagCount++), count);
    this.lagMost = max(this.lagMost, count);
    return true;
  }
  /** A key without a row for so long is forgotten, its rows numbered anew; 0 = never. */
  keep(duration: i64): void {
    this.keeping = duration;
  }

  init(keyInline: u32): bool {
    this.groupTime = NONE;
    const extra = <u32> KEY - <u32> offsetof<Key>() + 8 * this.frameCount + accumulatorBytes<A>();
    for (let f: u32 = 0; f < this.frameCount; f++) {
      const frame = this.frameAt(f);
      if (frame.kind == RANGE && this.keeping && this.keeping < frame.extent) return false;
    }
    return this.keeping >= 0 && this.wheel.init(0) && this.table.initWith(keyInline, 0, extra);
  }

  // ---- rows ----

  ahead(key: usize, length: u32): void {
    this.table.ahead(key, length);
  }

  /** The row stands in D.row(). */
  row(time: i64, key: usize, length: u32): void {
    if (time < watermark()) return late(time, time, LateReason.ROW_EXPIRED);
    const owner = this.table.upsert(key, length);
    if (!changetype<usize>(owner)) return refuse(Reject.STATE_FULL);
    const fresh = !owner.waiting && !owner.calls && !owner.end;
    const row = changetype<D>(0).row(), bytes = row.size();
    const at = block(ITEM + bytes);
    if (!at || !this.wheel.put(at, plus(time, 1))) {
      if (at) release(at, ITEM + bytes);
      if (fresh) this.table.remove(owner);
      return refuse(Reject.STATE_FULL);
    }
    const item = changetype<Item>(at);
    item.owner = <u32> changetype<usize>(owner);
    item.bytes = bytes;
    item.time = time;
    row.save(at + ITEM);
    owner.latest = fresh ? time : max(owner.latest, time);
    owner.waiting++;
    if (this.keeping && !owner.calls) this.callWhenOld(owner);
  }

  // ---- time ----

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.held || this.firstKey ? i64.MIN_VALUE : this.wheel.due();
  }

  advance(now: i64): bool {
    beginSteps();
    while (true) {
      if (!this.held) {
        const node = this.wheel.take(now);
        if (!node) return !stopped() && this.tellAll();
        const begun = this.wheel.begunNodes();
        if (begun) this.ask(begun);
        this.held = node;
      }
      const item = changetype<Item>(this.held);
      touch(this.held);
      if (!item.owner) {
        const key = changetype<Key>(this.held);
        if (key.linked && !this.tellAll()) return false;
        this.held = 0;
        this.called(key, now);
        continue;
      }
      // All rows of one time come first, then they are told.
      if (item.time != this.groupTime && !this.tellAll()) return false;
      if (!this.append(changetype<Key>(<usize> item.owner), this.held)) return false;
      this.groupTime = item.time;
      this.held = 0;
    }
  }

  // @ts-ignore: decorator
  @inline
 keys(): u64 {
    return this.table.count;
  }

  // ---- looking ahead ----

  /** Asks for what the next rows will be put behind, of all of them together, and for the rows that leave then. */
  private ask(count: u32): void {
    let sum: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const key = changetype<Key>(this.keyOf(this.wheel.runNode(i)));
      sum += key.head + load<u32>(changetype<usize>(key) + KEY);
    }
    for (let i: u32 = 0; i < count; i++) {
      const key = changetype<Key>(this.keyOf(this.wheel.runNode(i)));
      if (key.count) sum += load<u32>(key.rows + (<usize> key.head << 2));
    }
    for (let i: u32 = 0; i < count; i++) {
      const key = changetype<Key>(this.keyOf(this.wheel.runNode(i)));
      const first = key.rows + (<usize> key.head << 2), last = first + (<usize> min(key.count, LEAVING) << 2);
      for (let at = first; at < last; at += 4) sum += lines(<usize> load<u32>(at));
    }
    sink(sum);
  }

  /** The key of a row, or of a key that is called. */
  // @ts-ignore: decorator
  @inline
 private keyOf(node: usize): usize {
    const owner = <usize> changetype<Item>(node).owner;
    return owner ? owner : node;
  }

  // ---- a key's rows ----

  /** The row is the next of its key; false = no room. */
  private append(key: Key, item: usize): bool {
    const time = changetype<Item>(item).time;
    touch(changetype<usize>(key));
    if (this.keeping && key.end && time > plus(key.lastTime, this.keeping)) this.forget(key);
    if (!key.rows || key.head + key.count == key.capacity) {
      if (!this.widen(key)) return false;
    }
    const at = key.rows + (<usize> (key.head + key.count) << 2);
    touch(at);
    store<u32>(at, <u32> item);
    key.count++;
    key.end++;
    key.lastTime = time;
    key.waiting--;
    if (key.linked) return true;
    key.linked = true;
    if (this.lastKey) {
      touch(this.lastKey);
      changetype<Key>(this.lastKey).next = changetype<usize>(key);
    } else this.firstKey = changetype<usize>(key);
    this.lastKey = changetype<usize>(key);
    return true;
  }

  private widen(key: Key): bool {
    const from = key.rows + (<usize> key.head << 2), bytes = <usize> key.count << 2;
    if (key.rows && key.head > key.capacity >> 1) {
      touchRange(key.rows, bytes);
      memory.copy(key.rows, from, bytes);
      key.head = 0;
      return true;
    }
    const capacity = max<u32>(4, key.count << 1), fresh = alloc(<usize> capacity << 2);
    if (!fresh) return false;
    touchRange(fresh, bytes);
    if (key.rows) {
      memory.copy(fresh, from, bytes);
      release(key.rows, <usize> key.capacity << 2);
    }
    key.rows = fresh;
    key.capacity = capacity;
    key.head = 0;
    return true;
  }

  /** Row number `n`, which must stand in the block. */
  // @ts-ignore: decorator
  @inline
 private itemAt(key: Key, n: i64): usize {
    return <usize> load<u32>(key.rows + (<usize> (key.head + <u32> (n - (key.end - key.count))) << 2));
  }

  /** Frees the rows before number `n`. */
  private dropBefore(key: Key, n: i64): void {
    for (; key.count && key.end - key.count < n; key.head++, key.count--) {
      const item = this.itemAt(key, key.end - key.count);
      release(item, ITEM + changetype<Item>(item).bytes);
    }
    if (key.count || !key.rows) return;
    release(key.rows, <usize> key.capacity << 2);
    key.rows = 0;
    key.capacity = 0;
    key.head = 0;
  }

  // ---- telling ----

  private tellAll(): bool {
    while (this.firstKey) {
      const key = changetype<Key>(this.firstKey);
      touch(this.firstKey);
      for (; key.told < key.end; key.told++) {
        if (!room()) return false;
        this.tell(key, key.told);
      }
      this.dropBefore(key, this.wanted(key));
      this.firstKey = key.next;
      key.next = 0;
      key.linked = false;
    }
    this.lastKey = 0;
    return true;
  }

  private tell(key: Key, n: i64): void {
    const acc = this.accOf(key), time = changetype<Item>(this.itemAt(key, n)).time;
    const newTime = key.entered <= n; // the first of its time: then all of it enter the ranges
    for (let f: u32 = 0; f < this.frameCount; f++) {
      const frame = this.frameAt(f), ranges = frame.kind == RANGE;
      if (ranges && !newTime) continue;
      const to = ranges ? key.end : n + 1;
      const from = this.leave(key, f, frame, acc, n, minus(time, frame.extent));
      let m = frame.takesOut ? (ranges ? max(key.entered, from) : n) : from;
      if (!frame.takesOut) changetype<D>(0).clear(f, acc);
      for (; m < to; m++) {
        this.loadRow(key, m);
        changetype<D>(0).enter(f, acc);
      }
    }
    if (newTime) key.entered = key.end;
    let lags: u32 = 0;
    for (let i: u32 = 0; i < this.lagCount; i++) {
      const at = n - <i64> load<u32>(this.lagAt(i));
      if (at < key.end - key.count) continue;
      lags |= 1 << i;
      changetype<D>(0).lagged(i).load(this.itemAt(key, at) + ITEM);
    }
    this.loadRow(key, n);
    changetype<D>(0).fire(this.table.keyOf(key), this.table.keyLength(key), acc, n + 1, lags);
  }

  /** Takes the rows out of a frame that have left it; the number of the first one in it. */
  private leave(key: Key, f: u32, frame: Frame, acc: A, n: i64, oldest: i64): i64 {
    const first = changetype<usize>(key) + KEY + (<usize> f << 3);
    if (frame.kind == RUNNING) return 0;
    let from = load<i64>(first);
    while (frame.kind == ROWS ? n - from >= frame.extent : changetype<Item>(this.itemAt(key, from)).time < oldest) {
      if (frame.takesOut) {
        this.loadRow(key, from);
        changetype<D>(0).leave(f, acc);
      }
      from++;
    }
    store<i64>(first, from);
    return from;
  }

  /** The number of the oldest row that may still be asked for. */
  private wanted(key: Key): i64 {
    let wanted = key.end - <i64> this.lagMost;
    for (let f: u32 = 0; f < this.frameCount; f++) {
      if (this.frameAt(f).kind == RUNNING) continue;
      wanted = min(wanted, load<i64>(changetype<usize>(key) + KEY + (<usize> f << 3)));
    }
    return wanted;
  }

  // @ts-ignore: decorator
  @inline
 private loadRow(key: Key, n: i64): void {
    changetype<D>(0).row().load(this.itemAt(key, n) + ITEM);
  }

  // @ts-ignore: decorator
  @inline
 private accOf(key: Key): A {
    return changetype<A>(changetype<usize>(key) + KEY + (<usize> this.frameCount << 3));
  }

  // ---- keys that are forgotten ----

  private callWhenOld(key: Key): void {
    if (this.wheel.put(changetype<usize>(key), plus(plus(key.latest, this.keeping), 1))) key.calls = 1;
  }

  private called(key: Key, now: i64): void {
    key.calls = 0;
    if (key.waiting || now <= plus(key.latest, this.keeping)) return this.callWhenOld(key);
    this.forget(key);
    this.table.remove(key);
  }

  /** Its rows are numbered anew, and nothing is before them. */
  private forget(key: Key): void {
    this.dropBefore(key, key.end);
    this.accOf(key).free();
    key.end = 0;
    key.told = 0;
    key.entered = 0;
    memory.fill(changetype<usize>(key) + KEY, 0, (<usize> this.frameCount << 3) + accumulatorBytes<A>());
  }

  private frame(kind: u32, extent: i64, takesOut: bool): bool {
    if (this.frameCount == FRAMES_MAX) return false;
    const frame = this.frameAt(this.frameCount++);
    frame.kind = kind;
    frame.extent = extent;
    frame.takesOut = takesOut;
    return true;
  }

  // @ts-ignore: decorator
  @inline
 private frameAt(f: u32): Frame {
    return changetype<Frame>(changetype<usize>(this) + offsetof<Over<A, R, D>>("frames0") + (<usize> f << 4));
  }
  // @ts-ignore: decorator
  @inline
 private lagAt(i: u32): usize {
    const frames = changetype<usize>(this) + offsetof<Over<A, R, D>>("frames0");
    return frames + (<usize> FRAMES_MAX << 4) + (<usize> i << 2);
  }
}
