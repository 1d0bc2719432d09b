/**
 * A timing wheel: nodes that fall due at a time, given back in the order of their times and, within one time,
 * in the order they were put. It holds any number of nodes at O(1) each; nothing is ever scanned.
 *
 * Eleven levels of 64 slots; a node stands at the level of the highest digit (base 64) in which its time
 * differs from the wheel's own. A slot is a chain of chunks of (due, node), so that nodes themselves are not
 * looked at until they fall due. When the wheel comes to a slot, it is sorted and becomes the run that is given
 * back, so that the memory of all its nodes is asked for at once; where there are too many for that, the chain
 * goes down to the level below, one chunk a step, so that a slot with a million nodes stalls nobody.
 *
 * A node is any struct in the arena that begins with `owner: u32`, the address of its key's entry (or 0): both
 * are asked for ahead of their time. Once put a node stays until taken; what no longer wants to fire is told
 * by its owner when it is taken.
 */
import { alloc, release, touch } from "../lib/memory";
import { askChunk, askNodes, askOver, CHUNK, CHUNK_NODES, nodeBytes, nodesAsked, RUN, RUN_NODES } from "./wheel_ahead";

// @ts-ignore: decorator
@inline
export const WHEEL_BYTES: usize = 168;

// @ts-ignore: decorator
@inline
const LEVELS: u32 = 11;

// @ts-ignore: decorator
@inline
const SIGN: u64 = 0x8000000000000000;

/** Chunks moved or nodes given back by one run of an operator, at most. */
// @ts-ignore: decorator
@inline
export const STEPS: u32 = 8192;

/** Where the nodes of each digit go in a run. Scratch. */
const places = memory.data(64, 8);

@unmanaged
export class Wheel {
  /** The tick the wheel has come to; nothing lies before it. */
  private now: u64;
  private slots: usize;
  private shift: u32;
  count: u32;
  /** The run: a sorted chunk, or longer, whose nodes are given back. It and `first` are of the times before `end`. */
  private run: u32;
  /** What is left of the slot the wheel has come to: chunks, until they are all gone. */
  private first: u32;
  private last: u32;
  /** Of that slot. */
  private level: u32;
  /** Nodes that the run has place for: it is a chunk, or longer. */
  private most: u32;
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
  /** When the node that was taken last fell due. */
  taken: i64;

  /** Times are told apart to 2^shift µs: a node comes when the whole of its tick has passed. */
  init(shift: u32): bool {
    this.shift = shift;
    this.soonest = i64.MAX_VALUE;
    this.slots = alloc(<usize> LEVELS * 64 * 8);
    return this.slots != 0;
  }

  /** The smallest watermark at which `take` has something to do; i64.MAX_VALUE = never. */
  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.soonest;
  }

  /** False = no room. A time that has passed comes next. */
  put(node: usize, due: i64): bool {
    const tick = max<u64>((<u64> due ^ SIGN) >> this.shift, this.now);
    if ((this.run || this.first) && tick < this.end) {
      if (!this.join(node, due)) return false;
    } else if (!this.append(node, due, tick)) return false;
    this.count++;
    return true;
  }

  /** The next node due at or before `watermark`; 0 = none, or the steps are used up (see `stopped`). */
  take(watermark: i64): usize {
    const ordered = (<u64> watermark ^ SIGN) + 1; // 0 = past the last tick there is
    if (ordered && !(ordered >> this.shift)) return 0;
    const limit = ordered ? (ordered >> this.shift) - 1 : u64.MAX_VALUE >> this.shift;
    while (true) {
      if (!this.count) return this.rest(limit);
      if (stepsLeft == 0) {
        this.soonest = watermark;
        return 0;
      }
      stepsLeft--;
      if (this.run) {
        const due = load<i64>(this.run + 8 + (<usize> load<u16>(this.run, 4) << 4));
        const tick = max<u64>((<u64> due ^ SIGN) >> this.shift, this.now);
        if (tick > limit) return this.waitFor(tick);
        this.taken = due;
        return this.pop();
      }
      if (this.first) this.takeDown();
      else if (!this.descend(limit)) return 0;
    }
  }

  /** Gives back the node that was taken last, since there is no room to put it elsewhere: it comes again first. */
  unget(node: usize): void {
    if (!this.run) {
      const chunk = alloc(this.runBytes);
      assert(chunk != 0); // taking the node gave one back
      store<u16>(chunk, 1, 4);
      store<u16>(chunk, 1, 6);
      this.run = <u32> chunk;
    }
    const run = <usize> this.run, at = load<u16>(run, 4) - 1;
    touch(run);
    store<u16>(run, at, 4);
    store<i64>(run + 8 + (<usize> at << 4), this.taken);
    store<u32>(run + 16 + (<usize> at << 4), <u32> node);
    this.count++;
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

  /** A node for the slot the wheel is at: behind what waits there, or in its place in the run. */
  private join(node: usize, due: i64): bool {
    if (this.first) {
      const chunk = this.room(<usize> this.last);
      if (!chunk) return false;
      this.last = <u32> chunk;
      write(chunk, node, due);
      return true;
    }
    if (load<u16>(this.run, 6) == this.most && !this.shorten()) {
      if (this.most != CHUNK_NODES) return this.spread() && this.join(node, due);
      // The run is full: it becomes a chain, and goes on going down.
      const chunk = alloc(CHUNK);
      if (!chunk) return false;
      this.first = this.run;
      this.last = <u32> chunk;
      touch(<usize> this.run);
      store<u32>(this.run, <u32> chunk);
      this.run = 0;
      write(chunk, node, due);
      this.soonest = i64.MIN_VALUE;
      return true;
    }
    const run = <usize> this.run;
    write(run, node, due);
    sort(run, load<u16>(run, 6) - 1);
    this.soonest = min(this.soonest, this.dueOf(max<u64>((<u64> due ^ SIGN) >> this.shift, this.now)));
    return true;
  }

  // @ts-ignore: decorator
  @inline
 private get runBytes(): usize {
    return this.most == CHUNK_NODES ? CHUNK : RUN;
  }

  /** A long run becomes a chain again; false = no room, and nothing has changed. */
  private spread(): bool {
    const run = <usize> this.run, count = <u32> load<u16>(run, 6);
    let first: usize = 0, last: usize = 0;
    for (let i: u32 = 0; i < count; i += CHUNK_NODES) {
      const chunk = alloc(CHUNK);
      if (!chunk) {
        for (; first; first = last) {
          last = <usize> load<u32>(first);
          release(first, CHUNK);
        }
        return false;
      }
      const nodes = min(CHUNK_NODES, count - i);
      memory.copy(chunk + 8, run + 8 + (<usize> i << 4), <usize> nodes << 4);
      store<u16>(chunk, <u16> nodes, 6);
      if (last) {
        touch(last);
        store<u32>(last, <u32> chunk);
      } else first = chunk;
      last = chunk;
    }
    release(run, RUN);
    this.run = 0;
    this.first = <u32> first;
    this.last = <u32> last;
    this.soonest = i64.MIN_VALUE;
    return true;
  }

  /** Moves what is left of the run to its beginning; false = nothing was taken of it. */
  private shorten(): bool {
    const run = <usize> this.run, taken = <usize> load<u16>(run, 4), count = <usize> load<u16>(run, 6);
    if (!taken) return false;
    touch(run);
    memory.copy(run + 8, run + 8 + (taken << 4), (count - taken) << 4);
    store<u16>(run, 0, 4);
    store<u16>(run, <u16> (count - taken), 6);
    return true;
  }

  private append(node: usize, due: i64, tick: u64): bool {
    const apart = tick ^ this.now;
    const level: u32 = apart ? (63 - <u32> clz(apart)) / 6 : 0;
    const digit = level * 6;
    const slot = <u32> (tick >> digit) & 63;
    const list = this.slotAt(level, slot), word = this.words + (<usize> level << 3);
    const last = <usize> load<u32>(list, 4);
    const chunk = this.room(last);
    if (!chunk) return false;
    write(chunk, node, due);
    if (chunk == last) return true;
    touch(list);
    store<u32>(list, <u32> chunk, 4);
    if (last) return true;
    store<u32>(list, <u32> chunk);
    store<u64>(word, load<u64>(word) | (<u64> 1 << slot));
    this.soonest = min(this.soonest, this.dueOf(tick >> digit << digit));
    return true;
  }

  /** The chunk to write to at the end of a chain: its last one, or a new one behind it; 0 = no room. */
  // @ts-ignore: decorator
  @inline
 private room(last: usize): usize {
    if (last && load<u16>(last, 6) < CHUNK_NODES) return last;
    const chunk = alloc(CHUNK);
    if (!chunk) return 0;
    if (last) {
      touch(last);
      store<u32>(last, <u32> chunk);
    }
    return chunk;
  }

  private pop(): usize {
    const run = <usize> this.run, taken = load<u16>(run, 4);
    const node = <usize> load<u32>(run + 16 + (<usize> taken << 4));
    this.count--;
    if (taken + 1 == load<u16>(run, 6)) {
      release(run, this.runBytes);
      this.run = 0;
    } else {
      touch(run);
      store<u16>(run, taken + 1, 4);
    }
    return node;
  }

  /** The slot the wheel is at, or one chunk of it: the run, if that is in order; or each node to where it belongs. */
  private takeDown(): void {
    const chunk = <usize> this.first;
    const next = load<u32>(chunk);
    if (this.level == 0 || !next && !this.below) {
      this.first = next;
      return this.begin(chunk);
    }
    if (!this.below && this.gather()) return;
    if (next) askChunk(<usize> next, CHUNK);
    const count = <usize> load<u16>(chunk, 6);
    while (<usize> load<u16>(chunk, 4) < count) {
      const entry = chunk + 8 + (<usize> load<u16>(chunk, 4) << 4);
      const due = load<i64>(entry), tick = max<u64>((<u64> due ^ SIGN) >> this.shift, this.now);
      if (!this.append(<usize> load<u32>(entry, 8), due, tick)) {
        // No room to sort what is there: it comes in the order it was put. Only at the bound on state.
        this.first = next;
        return this.begin(chunk);
      }
      touch(chunk);
      store<u16>(chunk, load<u16>(chunk, 4) + 1, 4);
    }
    release(chunk, CHUNK);
    askOver(); // it may have been of those asked for
    this.first = next;
    if (!next) this.last = 0;
  }

  /** All of the slot becomes the run, sorted, unless it is too long or there is no room. */
  private gather(): bool {
    let total: u32 = 0;
    for (let chunk = <usize> this.first; chunk; chunk = <usize> load<u32>(chunk)) {
      total += load<u16>(chunk, 6) - load<u16>(chunk, 4);
      if (total > RUN_NODES) return false;
    }
    const run = alloc(RUN), digit = (this.level - 1) * 6;
    if (!run) return false;
    memory.fill(places, 0, 64);
    for (let chunk = <usize> this.first; chunk; chunk = <usize> load<u32>(chunk)) {
      for (let i: u32 = load<u16>(chunk, 4), count: u32 = load<u16>(chunk, 6); i < count; i++) {
        const place = places + this.digitOf(load<i64>(chunk + 8 + (<usize> i << 4)), digit);
        store<u8>(place, load<u8>(place) + 1);
      }
    }
    for (let i: usize = 0, before: u8 = 0; i < 64; i++) {
      const count = load<u8>(places + i);
      store<u8>(places + i, before);
      before += count;
    }
    for (let chunk = <usize> this.first; chunk;) {
      for (let i: u32 = load<u16>(chunk, 4), count: u32 = load<u16>(chunk, 6); i < count; i++) {
        const entry = chunk + 8 + (<usize> i << 4), due = load<i64>(entry), place = places + this.digitOf(due, digit);
        const at = run + 8 + (<usize> load<u8>(place) << 4);
        store<u8>(place, load<u8>(place) + 1);
        store<i64>(at, due);
        store<u64>(at, load<u64>(entry, 8), 8);
      }
      const next = <usize> load<u32>(chunk);
      release(chunk, CHUNK);
      chunk = next;
    }
    for (let i: u32 = 1; i < total; i++) sort(run, i);
    store<u16>(run, <u16> total, 6);
    this.first = 0;
    this.last = 0;
    this.run = <u32> run;
    this.most = RUN_NODES;
    askNodes(changetype<usize>(this), run, 0, CHUNK, 4);
    return true;
  }

  /** Six bits of the tick of a time. */
  // @ts-ignore: decorator
  @inline
 private digitOf(due: i64, digit: u32): usize {
    return <usize> ((max<u64>((<u64> due ^ SIGN) >> this.shift, this.now) >> digit) & 63);
  }

  /** Whether nodes stand on a level below that of the slot at hand. */
  private get below(): bool {
    let any: u64 = 0;
    for (let level: u32 = 0; level < this.level; level++) any |= load<u64>(this.words + (<usize> level << 3));
    return any != 0;
  }

  private begin(chunk: usize): void {
    touch(chunk);
    store<u32>(chunk, 0);
    const count = load<u16>(chunk, 6);
    if (this.level || !this.shift) { // else of one tick, within which times are not told apart
      for (let i: u32 = <u32> load<u16>(chunk, 4) + 1; i < count; i++) sort(chunk, i);
    }
    this.run = <u32> chunk;
    this.most = CHUNK_NODES;
    askNodes(changetype<usize>(this), chunk, <usize> this.first, CHUNK, 4);
  }

  /** Once after nodes were asked for: how many, for the owner to look further ahead at. They are taken next. */
  // @ts-ignore: decorator
  @inline
 begunNodes(): u32 {
    return nodesAsked(changetype<usize>(this));
  }

  /** The nearest slot, if its time has come: the wheel goes there. */
  private descend(limit: u64): bool {
    for (let level: u32 = 0; level < LEVELS; level++) {
      const word = this.words + (<usize> level << 3), digit = level * 6;
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
      this.now = max(start, this.now);
      this.end = start + (<u64> 1 << digit);
      this.level = level;
      this.first = load<u32>(list);
      this.last = load<u32>(list, 4);
      touch(list);
      store<u64>(list, 0);
      store<u64>(word, here & ~(<u64> 1 << slot));
      return true;
    }
    return false;
  }
}

// @ts-ignore: decorator
@inline
function write(chunk: usize, node: usize, due: i64): void {
  touch(chunk);
  const count = load<u16>(chunk, 6);
  const entry = chunk + 8 + (<usize> count << 4);
  store<i64>(entry, due);
  store<u32>(entry, <u32> node, 8);
  store<u16>(chunk, count + 1, 6);
}

/** Moves entry `i` down to its place among those before it, behind its equals. */
function sort(chunk: usize, i: u32): void {
  const first = chunk + 8 + (<usize> load<u16>(chunk, 4) << 4);
  let at = chunk + 8 + (<usize> i << 4);
  const due = load<i64>(at), node = load<u64>(at, 8);
  while (at > first && load<i64>(at - 16) > due) {
    store<i64>(at, load<i64>(at - 16));
    store<u64>(at, load<u64>(at - 8), 8);
    at -= 16;
  }
  store<i64>(at, due);
  store<u64>(at, node, 8);
}

/** What is left of the steps of this run. Scratch. */
let stepsLeft: u32 = 0;

/** Before an operator's run of `take`; its nodes are about so long. */
// @ts-ignore: decorator
@inline
export function beginSteps(bytes: u32 = 128): void {
  stepsLeft = STEPS;
  askOver();
  nodeBytes(bytes);
}

/** One step of other work than taking; false = the run's steps are used up. */
// @ts-ignore: decorator
@inline
export function step(): bool {
  if (stepsLeft == 0) return false;
  stepsLeft--;
  return true;
}

/** Whether the run ended for having used its steps up: then it wants to be called again. */
// @ts-ignore: decorator
@inline
export function stopped(): bool {
  return stepsLeft == 0;
}

/**
 * A shift that tells times apart to a four thousandth of `span` or less: what falls due at once is then so little
 * that the blocks it gives back are still in the caches when they are given out again.
 */
export function coarse(span: i64): u32 {
  const part = <u64> max<i64>(span, 0) >> 12;
  return part ? 63 - <u32> clz(part) : 0;
}
