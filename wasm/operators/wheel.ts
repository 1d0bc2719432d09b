/**
 * A timing wheel: nodes that fall due at a time, given back in the order of their times and, within one time,
 * in the order they were put. It holds any number of nodes at O(1) each; nothing is ever scanned.
 *
 * Eleven levels of 64 slots; a node stands at the level of the highest digit (base 64) in which its time
 * differs from the wheel's own. When the wheel comes to a slot of an upper level, its nodes go down a level or
 * more, each a step of its own, so that a slot with a million nodes stalls nobody.
 *
 * A node is any struct in the arena that begins with `due: i64` and `nextDue: u32`. Once put it stays until
 * taken; what no longer wants to fire is told by its owner when it is taken.
 */
import { alloc, touch } from "../lib/memory";

// @ts-ignore: decorator
@inline
export const WHEEL_BYTES: usize = 160;

// @ts-ignore: decorator
@inline
const LEVELS: u32 = 11;

// @ts-ignore: decorator
@inline
const SIGN: u64 = 0x8000000000000000;

/** Nodes moved or given back by one run of an operator, at most. */
// @ts-ignore: decorator
@inline
export const STEPS: u32 = 16384;

@unmanaged
export class Timed {
  due: i64;
  nextDue: u32;
}

@unmanaged
export class Wheel {
  /** The tick the wheel has come to; nothing lies before it. */
  private now: u64;
  private slots: usize;
  private shift: u32;
  count: u32;
  /** What goes down from an upper slot: a list of its own, until it is empty. */
  private first: u32;
  private last: u32;
  private end: u64;
  private soonest: i64;
  private bits0: u64; // one word a level follows
  private bits1: u64;
  private bits2: u64;
  private bits3: u64;
  private bits4: u64;
  private bits5: u64;
  private bits6: u64;
  private bits7: u64;
  private bits8: u64;
  private bits9: u64;
  private bits10: u64;

  /** Times are told apart to 2^shift µs: a node comes when the whole of its tick has passed. */
  init(shift: u32): bool {
    this.shift = shift;
    this.soonest = i64.MAX_VALUE;
    this.slots = alloc(<usize> LEVELS * 64 * 8);
    return this.slots != 0;
  }

  /** The smallest watermark at which `take` has something to do. */
  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.soonest;
  }

  /** `node` is writable. A time that has passed comes at once. */
  put(node: usize, due: i64): void {
    const timed = changetype<Timed>(node);
    timed.due = due;
    timed.nextDue = 0;
    this.count++;
    this.place(node, due);
  }

  /** The next node due at or before `watermark`, writable; 0 = none, or `steps` are used up (see `stopped`). */
  take(watermark: i64): usize {
    const ordered = <u64> watermark ^ SIGN;
    const limit = ordered == u64.MAX_VALUE ? u64.MAX_VALUE >> this.shift : ((ordered + 1) >> this.shift) - 1;
    if (ordered != u64.MAX_VALUE && !((ordered + 1) >> this.shift)) return 0;
    while (true) {
      if (!this.count) return this.rest(limit);
      if (stepsLeft == 0) {
        this.soonest = watermark;
        return 0;
      }
      stepsLeft--;
      if (this.first) {
        const node = <usize> this.first;
        touch(node);
        this.first = changetype<Timed>(node).nextDue;
        changetype<Timed>(node).nextDue = 0;
        this.placeDown(node);
        continue;
      }
      const here = load<u64>(this.words) & (~(<u64> 0) << (this.now & 63));
      if (here) {
        const tick = (this.now & ~63) | ctz(here);
        if (tick > limit) return this.waitFor(tick);
        this.now = tick;
        return this.pop(<u32> tick & 63);
      }
      if (!this.descend(limit)) return 0;
    }
  }

  /** Empty: the wheel goes on to where time is. */
  private rest(limit: u64): usize {
    if (limit >= this.now && limit != u64.MAX_VALUE >> this.shift) this.now = limit + 1;
    this.soonest = i64.MAX_VALUE;
    return 0;
  }

  private waitFor(tick: u64): usize {
    this.soonest = this.dueOf(tick);
    return 0;
  }

  // @ts-ignore: decorator
  @inline
 private get words(): usize {
    return changetype<usize>(this) + offsetof<Wheel>("bits0");
  }

  /** The last microsecond of a tick. */
  // @ts-ignore: decorator
  @inline
 private dueOf(tick: u64): i64 {
    return <i64> ((((tick + 1) << this.shift) - 1) ^ SIGN);
  }

  // @ts-ignore: decorator
  @inline
 private slotAt(level: u32, slot: u32): usize {
    return this.slots + (<usize> ((level << 6) | slot) << 3);
  }

  // @ts-ignore: decorator
  @inline
 private place(node: usize, due: i64): void {
    const tick = max<u64>((<u64> due ^ SIGN) >> this.shift, this.now);
    if (this.first && tick < this.end) { // behind those that stand there and are on their way
      touch(<usize> this.last);
      changetype<Timed>(<usize> this.last).nextDue = <u32> node;
      this.last = <u32> node;
      return;
    }
    this.append(node, tick);
  }

  private placeDown(node: usize): void {
    this.append(node, max<u64>((<u64> changetype<Timed>(node).due ^ SIGN) >> this.shift, this.now));
  }

  private append(node: usize, tick: u64): void {
    const apart = tick ^ this.now;
    const level: u32 = apart ? (63 - <u32> clz(apart)) / 6 : 0;
    const digit = level * 6;
    const slot = <u32> (tick >> digit) & 63;
    const list = this.slotAt(level, slot), word = this.words + (level << 3);
    touch(list);
    if (load<u64>(word) & (<u64> 1 << slot)) {
      const last = <usize> load<u32>(list, 4);
      touch(last);
      changetype<Timed>(last).nextDue = <u32> node;
    } else {
      store<u64>(word, load<u64>(word) | (<u64> 1 << slot));
      store<u32>(list, <u32> node);
      const at = this.dueOf(tick >> digit << digit);
      if (at < this.soonest) this.soonest = at;
    }
    store<u32>(list, <u32> node, 4);
  }

  private pop(slot: u32): usize {
    const list = this.slotAt(0, slot);
    const node = <usize> load<u32>(list);
    touch(node);
    const next = changetype<Timed>(node).nextDue;
    touch(list);
    store<u32>(list, next);
    if (!next) store<u64>(this.words, load<u64>(this.words) & ~(<u64> 1 << slot));
    this.count--;
    return node;
  }

  /** The nearest slot of an upper level, if its time has come, is taken down. */
  private descend(limit: u64): bool {
    for (let level: u32 = 1; level < LEVELS; level++) {
      const word = this.words + (level << 3), digit = level * 6;
      const here = load<u64>(word);
      if (!here) continue;
      const slot = <u32> ctz(here); // those before the wheel's own have been taken down
      const above = digit + 6 < 64 ? this.now >> (digit + 6) << (digit + 6) : 0;
      const start = above | (<u64> slot << digit);
      if (start > limit) {
        this.waitFor(start);
        return false;
      }
      const list = this.slotAt(level, slot);
      this.now = start;
      this.end = start + (<u64> 1 << digit);
      this.first = load<u32>(list);
      this.last = load<u32>(list, 4);
      store<u64>(word, here & ~(<u64> 1 << slot));
      return true;
    }
    return false;
  }
}

/** What is left of the steps of this run. Scratch. */
let stepsLeft: u32 = 0;

/** Before an operator's run of `take`. */
// @ts-ignore: decorator
@inline
export function beginSteps(): void {
  stepsLeft = STEPS;
}

/** Whether the run ended for having used its steps up: then it wants to be called again. */
// @ts-ignore: decorator
@inline
export function stopped(): bool {
  return stepsLeft == 0;
}

/** A shift that tells times apart to about a hundredth of `span`. */
export function coarse(span: i64): u32 {
  const part = <u64> max<i64>(span, 0) >> 7;
  return part ? 63 - <u32> clz(part) : 0;
}
