/**
 * The keyed table: byte-string keys, stored and compared whole, so that no two keys ever share state.
 *
 * Entries are packed in slabs and never move; an index of 8-byte slots (entry address, 32 bits of hash) is
 * probed linearly at a load of at most 3/4. It grows by incremental rehash: a few slots of the old index move
 * with each upsert, then the old index is wiped a little at a time. A clock hand walks over the entries to
 * find idle ones.
 */
import { askSlot, expectedEntry, hinted, tookExpected, UNASKED } from "./ahead";
import { clock } from "./context";
import { copyKey, hashOf, sameBytes } from "./keys";
import { alloc, allocRun, logPages, PAGE, release, releaseZeroedRun, touch, wipe } from "./memory";

// @ts-ignore: decorator
@inline
export const TABLE_BYTES: usize = 128;

// @ts-ignore: decorator
@inline
const HEADER: usize = 8; // seen: u32 (clock >> 20; without ttl the user's own), key length: u16, live: u16

// @ts-ignore: decorator
@inline
const SLAB_LOG: u32 = 4;

// @ts-ignore: decorator
@inline
const SLAB_BYTES: usize = 65536;

// @ts-ignore: decorator
@inline
const TOMB: u64 = 1;

/** Old slots moved, and bytes of the old index wiped, with each upsert. */
// @ts-ignore: decorator
@inline
const MOVES: u32 = 8;

// @ts-ignore: decorator
@inline
const WIPE_BYTES: usize = 512;

// @ts-ignore: decorator
@inline
export const TABLE_KEY_MAX: u32 = 0xffff;

let made: bool = false;
/** An integer key as bytes. Scratch. */
const words = memory.data(16, 8);

@unmanaged
export class Table<V> {
  index: usize;
  mask: u32;
  /** Live entries. */
  count: u32;
  old: usize;
  oldMask: u32;
  /** Slots of the old index below this have moved. When all have, the bytes wiped of it. */
  cursor: u32;
  wiping: u32;
  keyInline: u32;
  ttl: i64;
  free: usize;
  bump: usize;
  slabs: usize; // directory of slab addresses, u32 each
  slabCount: u32;
  slabsMax: u32;
  handSlab: u32;
  hand: usize;
  /** Bytes of an entry behind its V: for values whose size is known to the caller alone. */
  extra: u32;

  /** Empty. Keys longer than `keyInline` (a multiple of 8) stand in the arena. `ttl` 0 = never idle. */
  init(keyInline: u32, ttl: i64): bool {
    this.keyInline = keyInline;
    this.ttl = ttl;
    this.mask = <u32> (PAGE / 8) - 1;
    this.index = allocRun(0);
    return this.index != 0 && keyInline >= 8 && !(keyInline & 7) && this.entryBytes <= PAGE;
  }

  /** Empty, with `extra` bytes in each entry behind its V. */
  initWith(keyInline: u32, ttl: i64, extra: u32): bool {
    this.extra = extra;
    return this.init(keyInline, ttl);
  }

  // @ts-ignore: decorator
  @inline
 get entryBytes(): usize {
    return HEADER + <usize> this.keyInline + ((offsetof<V>() + this.extra + 7) & ~7);
  }

  /** The value of a key, or 0. Read only. */
  find(key: usize, length: u32): V {
    const ref = this.search(key, length);
    return changetype<V>(ref ? ref + HEADER + this.keyInline : 0);
  }

  /** The value of a key, made of zeroes where there was none; writable. 0 = no room for one more. */
  // @ts-ignore: decorator
  @inline
 upsert(key: usize, length: u32): V {
    if (this.old) this.advance();
    let ref = expectedEntry(changetype<usize>(this));
    if (ref && this.holds(ref, key, length)) {
      tookExpected();
      made = false;
    } else {
      ref = this.searchOrMake(key, length);
      if (!ref) return changetype<V>(0);
    }
    touch(ref);
    if (this.ttl) store<u32>(ref, <u32> (clock >> 20));
    return changetype<V>(ref + HEADER + this.keyInline);
  }

  /** Asks for the memory of a key that will be wanted soon; see ahead.ts. From onAhead alone. */
  ahead(key: usize, length: u32): void {
    const tag = hashOf(key, length);
    askSlot(this.index + (<usize> (tag & this.mask) << 3), tag, this.entryBytes, changetype<usize>(this));
  }
  /** The same, where the last `spare` bytes of a value are rarely looked at. */
  aheadBut(spare: usize, key: usize, length: u32): void {
    const tag = hashOf(key, length), bytes = this.entryBytes - spare;
    askSlot(this.index + (<usize> (tag & this.mask) << 3), tag, bytes, changetype<usize>(this));
  }
  ahead64(key: u64): void {
    store<u64>(words, key);
    this.ahead(words, 8);
  }
  ahead128(a: u64, b: u64): void {
    store<u64>(words, a);
    store<u64>(words, b, 8);
    this.ahead(words, 16);
  }

  /** The same; the number of the question, for `entryFound`. */
  ask(key: usize, length: u32): u32 {
    const tag = hashOf(key, length);
    return askSlot(this.index + (<usize> (tag & this.mask) << 3), tag, this.entryBytes, changetype<usize>(this));
  }
  /** The value in an entry that a question found; to be read alone, since the key may be another. */
  // @ts-ignore: decorator
  @inline
 valueAt(entry: usize): V {
    return changetype<V>(entry + HEADER + this.keyInline);
  }

  /** The same, for the entry's first `bytes` alone: the number of the question, for `entryFound`. */
  ask128(a: u64, b: u64, bytes: usize): u32 {
    store<u64>(words, a);
    store<u64>(words, b, 8);
    const tag = hashOf(words, 16);
    return askSlot(this.index + (<usize> (tag & this.mask) << 3), tag, bytes);
  }
  /** While the index grows: the same question to the old one. */
  askOld128(a: u64, b: u64, bytes: usize): u32 {
    if (!this.old || this.wiping) return UNASKED;
    store<u64>(words, a);
    store<u64>(words, b, 8);
    const tag = hashOf(words, 16), slot = tag & this.oldMask;
    return slot < this.cursor ? UNASKED : askSlot(this.old + (<usize> slot << 3), tag, bytes);
  }
  /** The value of an entry that was found before, if it still holds this key; else 0. `keyInline` >= 16. */
  // @ts-ignore: decorator
  @inline
 valueIn(entry: usize, a: u64, b: u64): V {
    const holds = entry != 0 && load<u32>(entry, 4) == 0x10010 && load<u64>(entry, HEADER) == a &&
      load<u64>(entry, HEADER + 8) == b;
    return changetype<V>(holds ? entry + HEADER + this.keyInline : 0);
  }

  find64(key: u64): V {
    store<u64>(words, key);
    return this.find(words, 8);
  }
  upsert64(key: u64): V {
    store<u64>(words, key);
    return this.upsert(words, 8);
  }
  find128(a: u64, b: u64): V {
    store<u64>(words, a);
    store<u64>(words, b, 8);
    return this.find(words, 16);
  }
  upsert128(a: u64, b: u64): V {
    store<u64>(words, a);
    store<u64>(words, b, 8);
    return this.upsert(words, 16);
  }

  /** Where the slot of the index stands that removing the entry will read; 0 = for a long key. */
  indexOf(value: V): usize {
    const ref = changetype<usize>(value) - HEADER - this.keyInline, length = <u32> load<u16>(ref, 4);
    if (length > this.keyInline) return 0;
    return this.index + (<usize> (hashOf(ref + HEADER, length) & this.mask) << 3);
  }

  /** Deletes an entry. What the value owns in the arena must have been released. */
  remove(value: V): void {
    const ref = changetype<usize>(value) - HEADER - this.keyInline;
    const length = <u32> load<u16>(ref, 4);
    const key = this.keyAt(ref);
    this.unlink(hashOf(key, length), ref);
    if (length > this.keyInline) release(key, length);
    touch(ref);
    store<u16>(ref, 0, 6);
    store<u32>(ref, <u32> this.free, 8);
    this.free = ref;
    this.count--;
  }

  /** Moves the clock hand one slot; an entry not upserted for `ttl`, or 0. */
  idle(): V {
    if (!this.slabCount || !this.ttl) return changetype<V>(0);
    const bytes = this.entryBytes;
    let at = this.hand + bytes;
    if ((at & (PAGE - 1)) + bytes > PAGE || !(at & (PAGE - 1))) at = (at + PAGE - 1) & ~(PAGE - 1);
    if (!this.hand || !(at & (PAGE - 1)) && at == this.slab(this.handSlab) + SLAB_BYTES) {
      this.handSlab = this.hand && this.handSlab + 1 < this.slabCount ? this.handSlab + 1 : 0;
      at = this.slab(this.handSlab);
    }
    this.hand = at;
    if (!load<u16>(at, 6) || <i64> (clock >> 20) - <i64> load<u32>(at) <= (this.ttl >> 20) + 1) {
      return changetype<V>(0);
    }
    return changetype<V>(at + HEADER + this.keyInline);
  }

  /** Reads what the next four calls of `idle` will; the sum is to be put into SINK. */
  idleAhead(): u32 {
    const page = this.hand & ~(PAGE - 1), bytes = this.entryBytes;
    let sum: u32 = 0, at = this.hand;
    for (let i = 0; i < 4; i++) {
      at += bytes;
      if ((at & ~(PAGE - 1)) == page) sum += load<u32>(at);
    }
    return sum;
  }

  /** Four bytes beside an entry's value, zero at first, that a table without ttl leaves to its user. */
  // @ts-ignore: decorator
  @inline
 spare(value: V): usize {
    return changetype<usize>(value) - HEADER - this.keyInline;
  }

  // @ts-ignore: decorator
  @inline
 keyOf(value: V): usize {
    return this.keyAt(changetype<usize>(value) - HEADER - this.keyInline);
  }
  // @ts-ignore: decorator
  @inline
 keyLength(value: V): u32 {
    return <u32> load<u16>(changetype<usize>(value) - HEADER - this.keyInline, 4);
  }

  /** Slots to scan with `at`. */
  slots(): u32 {
    return this.slabCount * 16 * <u32> (PAGE / this.entryBytes);
  }
  /** The entry in a slot, or 0 where it is free. */
  at(slot: u32): V {
    const bytes = this.entryBytes, perPage = <u32> (PAGE / bytes);
    const page = slot / perPage;
    const ref = this.slab(page >> 4) + (<usize> (page & 15) << 12) + <usize> (slot % perPage) * bytes;
    return changetype<V>(load<u16>(ref, 6) ? ref + HEADER + this.keyInline : 0);
  }

  /** The same, for a scan page by page: entries of a page, pages, and the entry at a place in one. */
  perPage(): u32 {
    return <u32> (PAGE / this.entryBytes);
  }
  pages(): u32 {
    return this.slabCount * 16;
  }
  // @ts-ignore: decorator
  @inline
 inPage(page: u32, i: u32): V {
    const ref = this.slab(page >> 4) + (<usize> (page & 15) << 12) + <usize> i * this.entryBytes;
    return changetype<V>(load<u16>(ref, 6) ? ref + HEADER + this.keyInline : 0);
  }

  // @ts-ignore: decorator
  @inline
 private slab(i: u32): usize {
    return <usize> load<u32>(this.slabs + (<usize> i << 2));
  }

  // @ts-ignore: decorator
  @inline
 private keyAt(ref: usize): usize {
    return <u32> load<u16>(ref, 4) > this.keyInline ? <usize> load<u32>(ref, HEADER) : ref + HEADER;
  }

  // @ts-ignore: decorator
  @inline
 private probe(tag: u32, key: usize, length: u32): usize {
    const slots = this.index, mask = this.mask;
    let i = tag & mask;
    while (true) {
      const slot = load<u64>(slots + (<usize> i << 3));
      if (!slot) return 0;
      if (<u32> (slot >> 32) == tag && this.holds(<usize> <u32> slot, key, length)) return <usize> <u32> slot;
      i = (i + 1) & mask;
    }
  }

  /** The entry of a key, or 0. Looks first where a question has found it. */
  private search(key: usize, length: u32): usize {
    let ref = expectedEntry(changetype<usize>(this));
    if (ref && this.holds(ref, key, length)) {
      tookExpected();
      return ref;
    }
    return this.lookUp(hashOf(key, length), key, length);
  }

  private searchOrMake(key: usize, length: u32): usize {
    const tag = hashOf(key, length), ref = this.lookUp(tag, key, length);
    made = false;
    if (ref) return ref;
    const fresh = this.make(tag, key, length);
    made = fresh != 0;
    return fresh;
  }

  private lookUp(tag: u32, key: usize, length: u32): usize {
    let ref = hinted(tag, changetype<usize>(this));
    if (ref && this.holds(ref, key, length)) return ref;
    ref = this.probe(tag, key, length);
    return ref || !this.old || this.wiping ? ref : this.probeOld(tag, key, length);
  }

  private probeOld(tag: u32, key: usize, length: u32): usize {
    const slots = this.old, mask = this.oldMask, moved = this.cursor;
    let i = tag & mask;
    while (true) {
      const slot = load<u64>(slots + (<usize> i << 3));
      if (!slot) return 0;
      if (i >= moved && <u32> (slot >> 32) == tag && slot != TOMB && <u32> slot != <u32> TOMB) {
        if (this.holds(<usize> <u32> slot, key, length)) return <usize> <u32> slot;
      }
      i = (i + 1) & mask;
    }
  }

  // @ts-ignore: decorator
  @inline
 private holds(ref: usize, key: usize, length: u32): bool {
    if (load<u32>(ref, 4) != length + 0x10000) return false;
    return length == 8 ? load<u64>(ref, HEADER) == load<u64>(key) : sameBytes(this.keyAt(ref), key, length);
  }

  private make(tag: u32, key: usize, length: u32): usize {
    if (length > TABLE_KEY_MAX || !this.room()) return 0;
    let spilled: usize = 0;
    if (length > this.keyInline) {
      spilled = alloc(length);
      if (!spilled) return 0;
      for (let at: usize = spilled; at < spilled + length; at += PAGE) touch(at);
      touch(spilled + length - 1);
      memory.copy(spilled, key, length);
    }
    const ref = this.takeEntry();
    if (!ref) {
      if (spilled) release(spilled, length);
      return 0;
    }
    store<u16>(ref, <u16> length, 4);
    store<u16>(ref, 1, 6);
    if (spilled) store<u32>(ref, <u32> spilled, HEADER);
    else copyKey(ref + HEADER, key, length);
    this.link(tag, ref);
    this.count++;
    return ref;
  }

  /** Makes sure that the index has room for one more. */
  private room(): bool {
    const size = this.mask + 1;
    if (this.count + 1 <= size - (size >> 2)) return true;
    while (this.old) this.advance(); // never long: moving outpaces filling
    const next = allocRun(logPages(<usize> size << 4));
    if (!next) return this.count + 1 <= size - (size >> 4);
    this.old = this.index;
    this.oldMask = this.mask;
    this.cursor = 0;
    this.wiping = 0;
    this.index = next;
    this.mask = (size << 1) - 1;
    return true;
  }

  /** A few steps of moving to the larger index, then of wiping the old one. */
  private advance(): void {
    if (this.wiping) return this.wipe();
    let at = this.cursor;
    const end = min<u32>(at + MOVES, this.oldMask + 1);
    while (at < end) {
      const slot = load<u64>(this.old + (<usize> at << 3));
      at++;
      if (slot && <u32> slot != <u32> TOMB) this.link(<u32> (slot >> 32), <usize> <u32> slot);
    }
    this.cursor = at;
    if (at > this.oldMask) {
      this.wiping = 1;
      this.cursor = 0;
    }
  }

  private wipe(): void {
    const bytes = (<usize> this.oldMask + 1) << 3;
    const at = this.old + this.cursor;
    touch(at);
    memory.fill(at, 0, WIPE_BYTES);
    this.cursor += <u32> WIPE_BYTES;
    if (<usize> this.cursor < bytes) return;
    releaseZeroedRun(this.old, logPages(bytes));
    this.old = 0;
    this.wiping = 0;
  }

  // @ts-ignore: decorator
  @inline
 private link(tag: u32, ref: usize): void {
    const slots = this.index, mask = this.mask;
    let i = tag & mask;
    while (load<u64>(slots + (<usize> i << 3))) i = (i + 1) & mask;
    const slot = slots + (<usize> i << 3);
    touch(slot);
    store<u64>(slot, (<u64> tag << 32) | <u64> ref);
  }

  private unlink(tag: u32, ref: usize): void {
    const wanted = (<u64> tag << 32) | <u64> ref;
    let slots = this.index, mask = this.mask;
    let i = tag & mask;
    while (true) {
      const slot = load<u64>(slots + (<usize> i << 3));
      if (slot == wanted) return this.closeGap(i);
      if (!slot) break;
      i = (i + 1) & mask;
    }
    slots = this.old;
    mask = this.oldMask;
    i = tag & mask;
    while (load<u64>(slots + (<usize> i << 3)) != wanted) i = (i + 1) & mask;
    touch(slots + (<usize> i << 3));
    store<u64>(slots + (<usize> i << 3), TOMB);
  }

  /** Empties slot `i` and moves later ones of its run back, so that no tombstone is left. */
  private closeGap(i: u32): void {
    const slots = this.index, mask = this.mask;
    let j = i;
    while (true) {
      j = (j + 1) & mask;
      const slot = load<u64>(slots + (<usize> j << 3));
      if (!slot) break;
      const home = <u32> (slot >> 32) & mask;
      if (((j - home) & mask) < ((j - i) & mask)) continue;
      touch(slots + (<usize> i << 3));
      store<u64>(slots + (<usize> i << 3), slot);
      i = j;
    }
    touch(slots + (<usize> i << 3));
    store<u64>(slots + (<usize> i << 3), 0);
  }

  /** A zeroed entry: of the free ones, or the next of the newest slab. */
  private takeEntry(): usize {
    const bytes = this.entryBytes;
    let ref = this.free;
    if (ref) {
      touch(ref);
      this.free = <usize> load<u32>(ref, 8);
      wipe(ref, bytes);
      return ref;
    }
    ref = this.bump;
    if (!ref) {
      ref = this.addSlab();
      if (!ref) return 0;
    }
    let next = ref + bytes;
    if (!(next & (PAGE - 1)) || (next & (PAGE - 1)) + bytes > PAGE) next = (next + PAGE - 1) & ~(PAGE - 1);
    this.bump = next == this.slab(this.slabCount - 1) + SLAB_BYTES ? 0 : next;
    touch(ref);
    return ref;
  }

  private addSlab(): usize {
    if (this.slabCount == this.slabsMax) {
      const most = this.slabsMax ? this.slabsMax << 1 : 8;
      const directory = alloc(<usize> most << 2);
      if (!directory) return 0;
      for (let at: usize = 0; at < <usize> most << 2; at += PAGE) touch(directory + at);
      memory.copy(directory, this.slabs, <usize> this.slabCount << 2);
      if (this.slabs) release(this.slabs, <usize> this.slabsMax << 2);
      this.slabs = directory;
      this.slabsMax = most;
    }
    const slab = allocRun(SLAB_LOG);
    if (!slab) return 0;
    const at = this.slabs + (<usize> this.slabCount << 2);
    touch(at);
    store<u32>(at, <u32> slab);
    this.slabCount++;
    return slab;
  }
}

/** Whether the last upsert made its entry. */
export function fresh(): bool {
  return made;
}
