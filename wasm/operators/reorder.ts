/**
 * Rows put in the order of their event time: each is held until the watermark has passed its time, then they
 * come out in the order (time, arrival). For whatever needs to see events in order. Rows that come later than
 * that are late, or go on at once, for the operator behind to say what becomes of them.
 */
import { Reject } from "../lib/effects";
import { release } from "../lib/memory";
import { block, passed } from "./bounds";
import { late, LateReason, refuse, room } from "./out";
import { watermark } from "./time";
import { beginSteps, stopped, Wheel, WHEEL_BYTES } from "./wheel";

// @ts-ignore: decorator
@inline
const HEADER: usize = 8;

// @ts-ignore: decorator
@inline
export const REORDER_BYTES: usize = HEADER + WHEEL_BYTES;

/** Behind it the key, up to a multiple of 8, and the row. */
@unmanaged
class Waiting {
  owner: u32; // itself
  bytes: u32;
  keyLength: u32;
  pad: u32;
}

/** D: row(): R, a static instance; released(key, keyLength): void. */
@unmanaged
export class Reorder<D> {
  /** A row taken from the wheel that found no room. */
  private waiting: u32;
  private passesLate: bool;

  // @ts-ignore: decorator
  @inline
 private get wheel(): Wheel {
    return changetype<Wheel>(changetype<usize>(this) + HEADER);
  }

  init(passesLate: bool): bool {
    this.passesLate = passesLate;
    return this.wheel.init(0);
  }

  /** The row in D.row(). */
  row(key: usize, length: u32): void {
    const d = changetype<D>(0), time = d.row().time;
    if (time < watermark()) {
      return this.passesLate ? d.released(key, length) : late(time, time, LateReason.ROW_EXPIRED);
    }
    const keyBytes = (length + 7) & ~7;
    const bytes = (<u32> offsetof<Waiting>() + keyBytes + d.row().size() + 7) & ~7;
    const at = block(bytes);
    if (!at || !this.wheel.put(at, passed(time, 0))) {
      if (at) release(at, bytes);
      return refuse(Reject.STATE_FULL);
    }
    const waiting = changetype<Waiting>(at);
    waiting.owner = <u32> at;
    waiting.bytes = bytes;
    waiting.keyLength = length;
    memory.copy(at + offsetof<Waiting>(), key, length);
    d.row().save(at + offsetof<Waiting>() + keyBytes);
  }

  advance(w: i64): bool {
    beginSteps();
    while (true) {
      const at = this.waiting ? <usize> this.waiting : this.wheel.take(w);
      if (!at) return !stopped();
      if (!room()) {
        this.waiting = <u32> at;
        return false;
      }
      this.waiting = 0;
      const waiting = changetype<Waiting>(at), length = waiting.keyLength, key = at + offsetof<Waiting>();
      changetype<D>(0).row().load(key + ((length + 7) & ~7));
      changetype<D>(0).released(key, length);
      release(at, waiting.bytes);
    }
  }

  // @ts-ignore: decorator
  @inline
 due(): i64 {
    return this.waiting ? i64.MIN_VALUE : this.wheel.due();
  }

  /** Rows that wait. */
  keys(): u64 {
    return <u64> this.wheel.count + (this.waiting ? 1 : 0);
  }

  /** Whether time alone may bring out a row: what is only kept, or to be freed, is nothing to wait for. */
  open(): bool {
    return this.keys() != 0;
  }
}
