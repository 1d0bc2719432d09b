/**
 * A timing wheel's fast lane, for nodes whose order within a tick does not show: a ring of slots, one for each tick
 * from now on, so that a node is put once and taken once, never moved. What falls due further ahead than the ring
 * reaches is the wheel's.
 *
 * A slot is a chain of chunks, a line of memory each, of which only the last has room. How many nodes that one holds
 * stands at the slot, so that putting a node reads nothing but the slot. A bit for each slot says whether it holds any.
 */
import { alloc, release, touch } from "../lib/memory";
import { step } from "./wheel";
import { askNodes, nodesAsked } from "./wheel_ahead";

// @ts-ignore: decorator
@inline
export const RING_BYTES: usize = 56;

// @ts-ignore: decorator
@inline
const SLOTS: u64 = 8192;

/** A chunk: next u32, taken u16, count u16, then nodes, u32 each. */
// @ts-ignore: decorator
@inline
const CHUNK: usize = 64;

// @ts-ignore: decorator
@inline
const CHUNK_NODES: u32 = 14;

// @ts-ignore: decorator
@inline
const SIGN: u64 = 0x8000000000000000;

/** Chunks begin where lines do: behind the address of a slot's last one stands how many nodes it holds. */
// @ts-ignore: decorator
@inline
const COUNT: u32 = 63;

@unmanaged
export class Ring {
  /** The first tick that is not taken yet; no node lies before it. */
  private now: u64;
  private soonest: i64;
  /** First and last chunk of each slot, u32 each; with the last its count. */
  private slots: usize;
  private bits: usize;
  private shift: u32;
  count: u32;
  /** What is left of the slot that was come to last: the chunk nodes are taken from, and those behind it. */
  private run: u32;
  private first: u32;

  /** Ticks of 2^shift µs: a node comes when the whole of its tick has passed. */
  init(shift: u32): bool {
    this.shift = shift;
    this.soonest = i64.MAX_VALUE;
    this.slots = alloc(<usize> SLOTS << 3);
    this.bits = alloc(<usize> SLOTS >> 3);
    return this.slots != 0 && this.bits != 0;
  }

  /** The smallest watermark at which `take` has something to do; i64.MAX_VALUE = never. */
  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.soonest;
  }

  /** False = it falls due too far ahead, or there is no room. */
  put(node: usize, due: i64, watermark: i64): bool {
    if (!this.count) this.rest(watermark);
    const tick = max<u64>((<u64> due ^ SIGN) >> this.shift, this.now);
    if (tick - this.now >= SLOTS) return false;
    const slot = this.slots + (<usize> (tick & (SLOTS - 1)) << 3);
    let last = load<u32>(slot, 4);
    touch(slot);
    if (!last || (last & COUNT) == CHUNK_NODES) {
      const chunk = alloc(CHUNK);
      if (!chunk) return false;
      this.append(tick, slot, last, chunk);
      last = <u32> chunk;
    }
    const chunk = <usize> (last & ~COUNT);
    touch(chunk);
    store<u32>(chunk + 8 + (<usize> (last & COUNT) << 2), <u32> node);
    store<u32>(slot, last + 1, 4);
    this.count++;
    return true;
  }

  /** A node whose tick has passed by `watermark`; 0 = none, or the steps are used up. */
  take(watermark: i64): usize {
    while (!this.run) {
      if (!this.first) {
        if (!this.count || !this.goOn(watermark)) return this.rest(watermark);
      }
      this.run = this.first;
      this.first = load<u32>(<usize> this.run);
      askNodes(changetype<usize>(this), <usize> this.run, <usize> this.first, CHUNK, 2);
    }
    if (step()) return this.pop();
    this.soonest = watermark;
    return 0;
  }

  /** As the wheel's. */
  // @ts-ignore: decorator
  @inline
 begunNodes(): u32 {
    return nodesAsked(changetype<usize>(this));
  }

  /** A new chunk at the end of a slot, which is writable. */
  private append(tick: u64, slot: usize, last: u32, chunk: usize): void {
    if (last) {
      close(last);
      store<u32>(<usize> (last & ~COUNT), <u32> chunk);
      return;
    }
    store<u32>(slot, <u32> chunk);
    const word = this.wordOf(tick);
    touch(word);
    store<u64>(word, load<u64>(word) | (<u64> 1 << (tick & 63)));
    this.soonest = min(this.soonest, this.dueOf(tick));
  }

  private pop(): usize {
    const run = <usize> this.run, taken = load<u16>(run, 4);
    const node = <usize> load<u32>(run + 8 + (<usize> taken << 2));
    this.count--;
    touch(run);
    store<u16>(run, taken + 1, 4);
    if (taken + 1 == load<u16>(run, 6)) {
      release(run, CHUNK);
      this.run = 0;
    }
    return node;
  }

  /** Goes to the next slot that holds a node, if its tick has passed; the ring holds one. */
  private goOn(watermark: i64): bool {
    const tick = this.nearest();
    if (this.dueOf(tick) > watermark) return false;
    const slot = this.slots + (<usize> (tick & (SLOTS - 1)) << 3), word = this.wordOf(tick);
    this.first = load<u32>(slot);
    close(load<u32>(slot, 4));
    touch(slot);
    store<u64>(slot, 0);
    touch(word);
    store<u64>(word, load<u64>(word) & ~(<u64> 1 << (tick & 63)));
    this.now = tick + 1;
    return true;
  }

  /** The first tick from now on whose slot holds a node. */
  private nearest(): u64 {
    let tick = this.now, word = load<u64>(this.wordOf(tick)) >> (tick & 63);
    while (!word) {
      tick = (tick | 63) + 1;
      word = load<u64>(this.wordOf(tick));
    }
    return tick + ctz(word);
  }

  /** Nothing is due: the ring reaches on from where time is. */
  private rest(watermark: i64): usize {
    const passed = (<u64> watermark ^ SIGN) >> this.shift; // this tick may not have passed, those before it have
    const next = this.count ? this.nearest() : u64.MAX_VALUE;
    this.soonest = this.count ? this.dueOf(next) : i64.MAX_VALUE;
    if (watermark != i64.MAX_VALUE) this.now = max(this.now, min(passed, next));
    return 0;
  }

  // @ts-ignore: decorator
  @inline
 private wordOf(tick: u64): usize {
    return this.bits + (<usize> ((tick & (SLOTS - 1)) >> 6) << 3);
  }

  /** The last microsecond of a tick. */
  // @ts-ignore: decorator
  @inline
 private dueOf(tick: u64): i64 {
    return <i64> ((((tick + 1) << this.shift) - 1) ^ SIGN);
  }
}

/** Writes the count of a slot's last chunk into it. */
// @ts-ignore: decorator
@inline
function close(last: u32): void {
  const chunk = <usize> (last & ~COUNT);
  touch(chunk);
  store<u16>(chunk, <u16> (last & COUNT), 6);
}
