/**
 * Counts per key in windows, for the benchmark. An event: time i64, key i64, and a watermark that follows the
 * newest time. Parameters: which operator (0 windows as a declaration has them,
 * 1 session, 2 sliding, 3 count, 4 aligned, 5 hopping, 6 aligned by two stacks of panes), bound of disorder, size,
 * slide. Results are written to a small ring, as cheaply as the twins keep theirs.
 */
import { Aligned } from "../../../wasm/operators/aligned";
import { CountWindow } from "../../../wasm/operators/count";
import { enterOut, OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { Over } from "../../../wasm/operators/over";
import { Hopping } from "../../../wasm/operators/hopping";
import { Tumbling } from "../../../wasm/operators/tumbling";
import { Session } from "../../../wasm/operators/session";
import { enterOperator, newest, observe, OPERATORS, tellOperator, timeInit, watermark } from "../../../wasm/operators/time";
import { answer, scratch } from "../../../wasm/lib/effects";

export const NAME = "windows_bench";
export const SCHEMA_HASH = "";
export const EFFECT_BYTES_MAX: u32 = OUT_BYTES_MAX;
export const EVENT_BYTES_MAX: u32 = 64;
export const KEY_BYTES_MAX: u32 = 8;

@unmanaged
class Count {
  count: i64;

  merge(from: Count): bool {
    this.count += from.count;
    return true;
  }
  unmerge(from: Count): void {
    this.count -= from.count;
  }
  // @ts-ignore: decorator
  @inline
 invertible(): bool {
    return true;
  }
  free(): void {}
}

@unmanaged
class Results {
  which: i64;
  disorder: i64;
  told: i64;
  sum: i64;
}

const results = changetype<Results>(OPERATORS);
const ring = memory.data(32 * 4096, 8);

@unmanaged
class Told {
  fire(key: usize, keyLength: u32, start: i64, end: i64, acc: Count, op: i32, timing: i32): void {
    const at = ring + ((<usize> results.told & 4095) << 5);
    store<i64>(at, load<i64>(key));
    store<i64>(at, start, 8);
    store<i64>(at, end, 16);
    store<i64>(at, acc.count, 24);
    results.told++;
    results.sum += acc.count;
  }
}

@unmanaged
class Time {
  time: i64;

  size(): u32 {
    return 8;
  }
  fixedBytes(): u32 {
    return 8;
  }
  save(p: usize): void {
    store<i64>(p, this.time);
  }
  load(p: usize): void {
    this.time = load<i64>(p);
  }
}

const row = changetype<Time>(memory.data(8, 8));

@unmanaged
class Beside {
  row(): Time {
    return row;
  }
  lagged(i: u32): Time {
    return row;
  }
  enter(frame: u32, acc: Count): void {
    acc.count++;
  }
  leave(frame: u32, acc: Count): bool {
    acc.count--;
    return true;
  }
  clear(frame: u32, acc: Count): void {}
  fire(key: usize, keyLength: u32, acc: Count, number: i64, lags: u32): void {
    changetype<Told>(0).fire(key, keyLength, row.time, row.time, acc, 0, 1);
  }
}

const aligned = changetype<Aligned<Count, Told>>(OPERATORS + 64);
const tumbling = changetype<Tumbling<Count, Told>>(OPERATORS + 64);
const hopping = changetype<Hopping<Count, Told>>(OPERATORS + 64);
const session = changetype<Session<Count, Told>>(OPERATORS + 64);
const sliding = changetype<Over<Count, Time, Beside>>(OPERATORS + 64);
const count = changetype<CountWindow<Count, Told>>(OPERATORS + 64);

export function onInit(ptr: usize, length: u32): bool {
  results.which = load<i64>(ptr);
  results.disorder = load<i64>(ptr, 8);
  if (!timeInit(1)) return false;
  const size = load<i64>(ptr, 16), slide = load<i64>(ptr, 24);
  if (results.which == 0 && size > slide) results.which = 5;
  if (results.which == 6) {
    aligned.stack();
    results.which = 4;
  }
  if (results.which == 5) return hopping.hopping(size, slide, 0) && hopping.init(8);
  if (results.which == 4) return aligned.hopping(size, slide, 0) && aligned.init(8);
  if (results.which == 0) return tumbling.hopping(size, slide, 0) && tumbling.init(8);
  if (results.which == 3) return count.init(size, slide, 8, 0);
  if (results.which == 1) {
    session.gap(size, 0);
    return session.init(8);
  }
  sliding.keep(size);
  return sliding.range(size) && sliding.init(8);
}

export function onAhead(ptr: usize, length: u32): void {
  if (results.which == 0) tumbling.ahead(ptr + 8, 8);
  else if (results.which == 4) aligned.ahead(ptr + 8, 8);
  else if (results.which == 5) hopping.ahead(ptr + 8, 8);
  else if (results.which == 1) session.ahead(ptr + 8, 8);
  else if (results.which == 2) sliding.ahead(ptr + 8, 8);
  else count.ahead(ptr + 8, 8);
}

export function onEvent(ptr: usize, length: u32): void {
  enterOut();
  enterOperator(1);
  const time = load<i64>(ptr);
  if (results.which == 0) one(tumbling, time, ptr + 8);
  else if (results.which == 4) one(aligned, time, ptr + 8);
  else if (results.which == 5) one(hopping, time, ptr + 8);
  else if (results.which == 1) one(session, time, ptr + 8);
  else if (results.which == 3) one(count, time, ptr + 8);
  else {
    row.time = time;
    sliding.row(time, ptr + 8, 8);
    goOn(sliding, time);
  }
}

// @ts-ignore: decorator
@inline
function one<T>(op: T, time: i64, key: usize): void {
  const acc = op.add(time, key, 8);
  if (changetype<usize>(acc)) {
    acc.count++;
    op.added();
  }
  goOn(op, time);
}

// @ts-ignore: decorator
@inline
function goOn<T>(op: T, time: i64): void {
  observe(0, time - results.disorder);
  tellOperator(1, newest());
  if (watermark() >= op.due()) while (!op.advance(watermark()));
}

export function onQuery(key: usize, length: u32): bool {
  store<i64>(scratch(), results.told);
  store<i64>(scratch(), results.sum, 8);
  answer(scratch(), 16);
  return true;
}

export function stateKeys(): u64 {
  if (results.which == 0) return tumbling.keys();
  if (results.which == 4) return aligned.keys();
  if (results.which == 5) return hopping.keys();
  if (results.which == 1) return session.keys();
  return results.which == 2 ? sliding.keys() : count.keys();
}
