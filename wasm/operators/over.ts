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
 * A row goes into a frame once and out of it once. Where it cannot be taken out and was missed (the greatest of
 * all, a rounded sum), the frame is put together anew. Rows wait in a wheel; when the watermark has passed them they
 * go into a ring of their key, where those stand that a frame or a lag still wants: short rows of one length
 * themselves, others by their address. A key is a line or two of memory and its ring another, which is what a
 * row costs where keys are many.
 *
 * Keys that are to be forgotten are looked for by a hand that goes over some of them as rows and new keys come, and
 * go when all of them are old.
 */
import { Reject } from "../lib/effects";
import { alloc, release, touch, touchRange } from "../lib/memory";
import { fresh, Table, TABLE_BYTES } from "../lib/table";
import { accumulatorBytes } from "./results";
import { block, copyWords, minus, plus, touchEnds } from "./bounds";
import { late, LateReason, refuse, room } from "./out";
import { lines, readWanted, sink, want } from "./ask";
import { watermark } from "./time";
import { beginSteps, step, stopped, Wheel, WHEEL_BYTES } from "./wheel";
import { askedNode } from "./wheel_ahead";

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

/** Rows of one length up to this stand in the ring themselves. */
// @ts-ignore: decorator
@inline
const INLINE_MAX: u32 = 64;

/** The hand goes over so many keys at a time: one for four rows, and four for each new key. */
// @ts-ignore: decorator
@inline
const HAND_KEYS: u32 = 16;

@unmanaged
class Frame {
  extent: i64;
  kind: u32;
  /** The rows that left last could be taken out, or made no difference. */
  stands: bool;
}

/** A row that waits, or that is too long for the ring; what R saved follows, its time first. */
@unmanaged
class Item {
  owner: u32;
  bytes: u32;
}

// @ts-ignore: decorator
@inline
const ITEM: usize = 8;

/**
 * A key. Rows are numbered from 0; those that stand in the ring are counted from the oldest on. Behind it stand
 * the first row of each frame (u32 each), then A.
 */
@unmanaged
class Key {
  /** The ring: a place is R's bytes, or the row's time and its item. The capacity is a power of two. */
  rows: u32;
  capacity: u32;
  head: u32;
  count: u32;
  /** Rows that wait in the wheel. */
  waiting: u32;
  /** Of those in the ring, the newest that are not told yet, and that are in no range yet. */
  untold: u32;
  unentered: u32;
  /** The key after it of those that have rows to tell. */
  next: u32;
  /** The number of the next row. */
  end: i64;
  /** Of the newest row in the ring. */
  lastTime: i64;
}

// @ts-ignore: decorator
@inline
const KEY: usize = 48;

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
  /** The time of the newest row there was. */
  private latest: i64;
  /** Where the hand is; rows since it moved, new keys counted as sixteen. */
  private page: u32;
  private place: u32;
  private handRows: u32;
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

  range(size: i64): bool {
    return size >= 0 && this.frame(RANGE, size);
  }
  rows(count: i64): bool {
    return count > 0 && count < 1 << 24 && this.frame(ROWS, count);
  }
  running(): bool {
    return this.frame(RUNNING, 0);
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
    this.latest = NONE;
    const extra = <u32> KEY - <u32> offsetof<Key>() + <u32> this.firstsBytes() + accumulatorBytes<A>();
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
    if (this.keeping && this.handRows >= HAND_KEYS << 2) this.moveHand();
    const owner = this.table.upsert(key, length);
    if (!changetype<usize>(owner)) return refuse(Reject.STATE_FULL);
    this.handRows += fresh() ? 16 : 1;
    const row = changetype<D>(0).row(), bytes = row.size();
    const at = block(ITEM + bytes);
    if (!at || !this.wheel.put(at, plus(time, 1))) {
      if (at) release(at, ITEM + bytes);
      if (!owner.waiting && !owner.end) this.table.remove(owner);
      return refuse(Reject.STATE_FULL);
    }
    const item = changetype<Item>(at);
    item.owner = <u32> changetype<usize>(owner);
    item.bytes = bytes;
    row.save(at + ITEM);
    owner.waiting++;
    this.latest = max(this.latest, time);
  }

  // ---- time ----

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    if (this.held || this.firstKey) return i64.MIN_VALUE;
    const due = this.wheel.due();
    return this.keeping && this.table.count ? min(due, this.allOld()) : due;
  }

  advance(now: i64): bool {
    beginSteps(this.fixed() ? <u32> ITEM + this.fixed() : 128);
    while (true) {
      if (!this.held) {
        const node = this.wheel.take(now);
        if (!node) return !stopped() && this.tellAll() && (!this.keeping || now < this.allOld() || this.forgetAll());
        const begun = this.wheel.begunNodes();
        if (begun) this.ask(begun);
        this.held = node;
      }
      const item = changetype<Item>(this.held), time = load<i64>(this.held + ITEM);
      // All rows of one time come first, then they are told.
      if (time != this.groupTime && this.firstKey && !this.tellAll()) return false;
      if (!this.append(changetype<Key>(<usize> item.owner), this.held, time)) return false;
      this.groupTime = time;
      this.held = 0;
    }
  }

  keys(): u64 {
    return this.table.count;
  }

  /** Whether time alone may bring out a row: what is only kept, or to be freed, is nothing to wait for. */
  open(): bool {
    return this.held != 0 || this.firstKey != 0 || this.wheel.count != 0;
  }

  /** Asks for the rings that the next rows will be put into, of all of them together. */
  private ask(count: u32): void {
    const behind = KEY + this.firstsBytes(), fixed = this.fixed();
    for (let i: u32 = 0; i < count; i++) {
      const key = changetype<Key>(<usize> changetype<Item>(askedNode(i)).owner);
      want(changetype<usize>(key) + behind);
      want(<usize> key.rows);
      if (<usize> key.capacity * this.placeBytes() <= 64) continue;
      want(this.placeOf(key, 0));
      want(this.placeOf(key, key.count));
    }
    readWanted();
    let sum: u32 = 0;
    for (let i: u32 = 0; !fixed && i < count; i++) {
      const key = changetype<Key>(<usize> changetype<Item>(askedNode(i)).owner);
      if (key.count) sum += lines(<usize> load<u32>(this.placeOf(key, 0), 8));
    }
    sink(sum);
  }

  // ---- a key's rows ----

  /** Bytes of a row in the ring; 0 = its item stands there. */
  // @ts-ignore: decorator
  @inline
 private fixed(): u32 {
    const bytes = changetype<D>(0).row().fixedBytes();
    return bytes <= INLINE_MAX ? bytes : 0;
  }

  /** Where the row `i` after the oldest stands. */
  // @ts-ignore: decorator
  @inline
 private placeOf(key: Key, i: u32): usize {
    return <usize> key.rows + <usize> ((key.head + i) & (key.capacity - 1)) * this.placeBytes();
  }
  // @ts-ignore: decorator
  @inline
 private placeBytes(): usize {
    return this.fixed() ? <usize> this.fixed() : 16;
  }

  /** The row is the next of its key; false = no room. */
  private append(key: Key, item: usize, time: i64): bool {
    touch(changetype<usize>(key));
    if (this.keeping && key.end && time > plus(key.lastTime, this.keeping)) this.forget(key);
    if (key.count == key.capacity && !this.widen(key)) return false;
    const at = this.placeOf(key, key.count);
    touchEnds(at, this.placeBytes());
    if (this.fixed()) {
      copyWords(at, item + ITEM, this.fixed());
      release(item, ITEM + <usize> this.fixed());
    } else {
      store<i64>(at, time);
      store<u32>(at, <u32> item, 8);
    }
    key.count++;
    key.end++;
    key.lastTime = time;
    key.waiting--;
    key.unentered++;
    if (key.untold++) return true;
    if (this.lastKey) {
      touch(this.lastKey);
      changetype<Key>(this.lastKey).next = <u32> changetype<usize>(key);
    } else this.firstKey = changetype<usize>(key);
    this.lastKey = changetype<usize>(key);
    return true;
  }

  private widen(key: Key): bool {
    return this.resize(key, key.capacity ? key.capacity << 1 : 4);
  }

  private resize(key: Key, capacity: u32): bool {
    const size = this.placeBytes(), bytes = <usize> key.count * size;
    const fresh = alloc(<usize> capacity * size);
    if (!fresh) return false;
    if (key.rows) {
      touchRange(fresh, bytes);
      const first = <usize> min(key.count, key.capacity - key.head) * size;
      copyWords(fresh, this.placeOf(key, 0), first);
      copyWords(fresh + first, <usize> key.rows, bytes - first);
      release(<usize> key.rows, <usize> key.capacity * size);
    }
    key.rows = <u32> fresh;
    key.capacity = capacity;
    key.head = 0;
    return true;
  }

  /** Frees the oldest `n` rows. */
  private drop(key: Key, n: u32): void {
    if (!n) return;
    if (!this.fixed()) {
      for (let i: u32 = 0; i < n; i++) {
        const item = <usize> load<u32>(this.placeOf(key, i), 8);
        release(item, ITEM + changetype<Item>(item).bytes);
      }
    }
    for (let f: u32 = 0; f < this.frameCount; f++) {
      const first = this.firstAt(key, f);
      store<u32>(first, load<u32>(first) - min(n, load<u32>(first)));
    }
    key.head = (key.head + n) & (key.capacity - 1);
    key.count -= n;
    if (!key.count) {
      release(<usize> key.rows, <usize> key.capacity * this.placeBytes());
      key.rows = 0;
      key.capacity = 0;
      key.head = 0;
    } else if (key.capacity > 8 && key.count < key.capacity >> 2) this.resize(key, key.capacity >> 1);
  }

  // ---- telling ----

  private tellAll(): bool {
    while (this.firstKey) {
      const key = changetype<Key>(this.firstKey);
      touch(this.firstKey);
      for (; key.untold; key.untold--) {
        if (!room()) return false;
        this.tell(key, key.count - key.untold);
      }
      this.drop(key, this.unwanted(key));
      this.firstKey = <usize> key.next;
      key.next = 0;
    }
    this.lastKey = 0;
    return true;
  }

  /** The row `n` after the oldest in the ring. */
  private tell(key: Key, n: u32): void {
    const acc = this.accOf(key), time = load<i64>(this.placeOf(key, n));
    const newTime = key.unentered >= key.untold; // the first of its time: then all of it enter the ranges
    for (let f: u32 = 0; f < this.frameCount; f++) {
      const frame = this.frameAt(f), ranges = frame.kind == RANGE;
      if (ranges && !newTime) continue;
      const to = ranges ? key.count : n + 1;
      const from = this.leave(key, f, frame, acc, n, minus(time, frame.extent));
      let m = ranges ? key.count - key.unentered : n;
      if (!frame.stands) {
        changetype<D>(0).clear(f, acc);
        m = from;
      }
      for (; m < to; m++) {
        this.loadRow(key, m);
        changetype<D>(0).enter(f, acc);
      }
    }
    if (newTime) key.unentered = 0;
    let lags: u32 = 0;
    for (let i: u32 = 0; i < this.lagCount; i++) {
      const before = load<u32>(this.lagAt(i));
      if (before > n) continue;
      lags |= 1 << i;
      changetype<D>(0).lagged(i).load(this.savedAt(key, n - before));
    }
    this.loadRow(key, n);
    changetype<D>(0).fire(this.table.keyOf(key), this.table.keyLength(key), acc, key.end - key.untold + 1, lags);
  }

  /** Takes the rows out of a frame that have left it; the first one in it. */
  // @ts-ignore: decorator
  @inline
 private leave(key: Key, f: u32, frame: Frame, acc: A, n: u32, oldest: i64): u32 {
    const first = this.firstAt(key, f);
    if (frame.kind == RUNNING) {
      frame.stands = true;
      return 0;
    }
    let from = load<u32>(first), stands = true;
    while (frame.kind == ROWS ? <i64> (n - from) >= frame.extent : load<i64>(this.placeOf(key, from)) < oldest) {
      if (stands) {
        this.loadRow(key, from);
        stands = changetype<D>(0).leave(f, acc);
      }
      from++;
    }
    frame.stands = stands;
    store<u32>(first, from);
    return from;
  }

  /** How many of the oldest rows nothing asks for any more. */
  private unwanted(key: Key): u32 {
    let unwanted = key.count - min(key.count, this.lagMost);
    for (let f: u32 = 0; f < this.frameCount; f++) {
      if (this.frameAt(f).kind != RUNNING) unwanted = min(unwanted, load<u32>(this.firstAt(key, f)));
    }
    return unwanted;
  }

  // @ts-ignore: decorator
  @inline
 private savedAt(key: Key, n: u32): usize {
    const at = this.placeOf(key, n);
    return this.fixed() ? at : <usize> load<u32>(at, 8) + ITEM;
  }

  // @ts-ignore: decorator
  @inline
 private loadRow(key: Key, n: u32): void {
    changetype<D>(0).row().load(this.savedAt(key, n));
  }

  /** Where the first row of a frame stands. */
  // @ts-ignore: decorator
  @inline
 private firstAt(key: Key, f: u32): usize {
    return changetype<usize>(key) + KEY + (<usize> f << 2);
  }
  // @ts-ignore: decorator
  @inline
 private firstsBytes(): usize {
    return <usize> ((this.frameCount + 1) & ~1) << 2;
  }

  // @ts-ignore: decorator
  @inline
 private accOf(key: Key): A {
    return changetype<A>(changetype<usize>(key) + KEY + this.firstsBytes());
  }

  // ---- keys that are forgotten ----

  /** The hand goes on by some keys: those leave that are old and have nothing to tell. */
  private moveHand(): void {
    this.handRows = 0;
    const now = watermark(), perPage = this.table.perPage();
    for (let i: u32 = 0; i < HAND_KEYS; i++, this.place++) {
      if (this.place >= perPage) {
        this.place = 0;
        this.page++;
      }
      if (this.page >= this.table.pages()) {
        this.page = 0;
        this.place = 0;
        if (!this.table.count) return;
      }
      const key = this.table.inPage(this.page, this.place);
      if (!changetype<usize>(key) || key.waiting || key.untold || !key.end) continue;
      if (now > plus(key.lastTime, this.keeping)) this.remove(key);
    }
  }

  /** From when on no key can be wanted any more; at the end of time there is none. */
  // @ts-ignore: decorator
  @inline
 private allOld(): i64 {
    return min(plus(plus(this.latest, this.keeping), 1), i64.MAX_VALUE - 1);
  }

  /** A page a step; false = the steps are used up. */
  private forgetAll(): bool {
    const perPage = this.table.perPage();
    for (; this.table.count; this.page++) {
      if (!step()) return false;
      if (this.page >= this.table.pages()) this.page = 0;
      for (let i: u32 = 0; i < perPage; i++) {
        const key = this.table.inPage(this.page, i);
        if (changetype<usize>(key)) this.remove(key);
      }
    }
    return true;
  }

  private remove(key: Key): void {
    touch(changetype<usize>(key));
    this.forget(key);
    this.table.remove(key);
  }

  /** Its rows are numbered anew, and nothing is before them. */
  private forget(key: Key): void {
    this.drop(key, key.count);
    this.accOf(key).free();
    key.end = 0;
    memory.fill(changetype<usize>(key) + KEY, 0, this.firstsBytes() + accumulatorBytes<A>());
  }

  private frame(kind: u32, extent: i64): bool {
    if (this.frameCount == FRAMES_MAX) return false;
    const frame = this.frameAt(this.frameCount++);
    frame.kind = kind;
    frame.extent = extent;
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
