/**
 * The library's operators behind plain commands, so that tests can hold each equal to its naive twin.
 * A command: op u8, key length u16, key, then i64 arguments; its results are figures 1, 2, 3.
 */
import { clock } from "../../../wasm/lib/context";
import { figure, Reject, reject, reply, setTimer } from "../../../wasm/lib/effects";
import {
  absU,
  addOverflows,
  compareProducts,
  mulHigh,
  mulOverflows,
  subOverflows,
} from "../../../wasm/lib/fixed";
import { STATE } from "../../../wasm/lib/memory";
import { fresh, Table, TABLE_BYTES } from "../../../wasm/lib/table";
import {
  bucketTake,
  EXACT_HEADER,
  exactAdd,
  exactClear,
  exactCount,
  exactSum,
  exactSumOverflowed,
  ringAdd,
  ringSum,
} from "../../../wasm/lib/windows";

export const NAME = "operators";
export const SCHEMA_HASH = "";
export const EFFECT_BYTES_MAX: u32 = 1024;
export const EVENT_BYTES_MAX: u32 = 70000;
export const KEY_BYTES_MAX: u32 = 65535;

// @ts-ignore: decorator
@inline
const INLINE: u32 = 2;

// @ts-ignore: decorator
@inline
const ITEMS_MAX: u32 = 40;

// @ts-ignore: decorator
@inline
const WINDOW: i64 = 1000;

// @ts-ignore: decorator
@inline
const BUCKETS: u32 = 6;

@unmanaged
class Cell {
  sum: i64;
  bucket0: i64;
  bucket1: i64;
  exact0: u64; // header
  exact1: u64;
  exact2: u64; // two items
  exact3: u64;
  exact4: u64;
  exact5: u64;
  ring0: i64; // newest
  ring1: u64; // six u32
  ring2: u64;
  ring3: u64;
}

// @ts-ignore: decorator
@inline
const cells = changetype<Table<Cell>>(STATE);

// @ts-ignore: decorator
@inline
const numbers = changetype<Table<Cell>>(STATE + TABLE_BYTES);

export function onInit(ptr: usize, length: u32): bool {
  return cells.init(16, 60_000_000) && numbers.init(8, 0);
}

export function onAhead(ptr: usize, length: u32): void {
  if (length < 3 || length < 3 + <u32> load<u16>(ptr, 1)) return;
  cells.ahead(ptr + 3, load<u16>(ptr, 1));
  numbers.ahead64(load<u64>(ptr + 3));
}

export function onTimer(): void {
  results(clock, 0, 0);
}

export function onEvent(ptr: usize, length: u32): void {
  const op = load<u8>(ptr), keyLength = <u32> load<u16>(ptr, 1), key = ptr + 3;
  const args = key + keyLength;
  const a = load<i64>(args), b = load<i64>(args, 8), c = load<i64>(args, 16), d = load<i64>(args, 24);
  if (op == 1) {
    const cell = cells.upsert(key, keyLength);
    if (!changetype<usize>(cell)) return reject(Reject.STATE_FULL);
    const made = fresh();
    cell.sum += a;
    return results(cell.sum, made ? 1 : 0, cells.count);
  }
  if (op == 2) {
    const cell = cells.find(key, keyLength);
    if (!changetype<usize>(cell)) return results(0, 0, cells.count);
    exactClear(exactOf(cell), INLINE);
    cells.remove(cell);
    return results(1, 0, cells.count);
  }
  if (op == 3) {
    const cell = cells.find(key, keyLength);
    return changetype<usize>(cell) ? results(cell.sum, 1, cells.count) : results(0, 0, cells.count);
  }
  if (op == 4) {
    let removed: i64 = 0, xor: i64 = 0;
    for (let i: i64 = 0; i < a; i++) {
      const cell = cells.idle();
      if (!changetype<usize>(cell)) continue;
      xor ^= cell.sum;
      exactClear(exactOf(cell), INLINE);
      cells.remove(cell);
      removed++;
    }
    return results(removed, xor, cells.count);
  }
  if (op == 5) {
    let live: i64 = 0, sum: i64 = 0, lengths: i64 = 0;
    for (let i: u32 = 0, n = cells.slots(); i < n; i++) {
      const cell = cells.at(i);
      if (!changetype<usize>(cell)) continue;
      live++;
      sum += cell.sum;
      lengths += cells.keyLength(cell);
      if (
        changetype<usize>(cells.find(cells.keyOf(cell), cells.keyLength(cell))) != changetype<usize>(cell)
      ) unreachable();
    }
    return results(live, sum, lengths);
  }
  if (op == 6) {
    const cell = cells.upsert(key, keyLength);
    if (!changetype<usize>(cell)) return reject(Reject.STATE_FULL);
    const added = exactAdd(exactOf(cell), INLINE, ITEMS_MAX, WINDOW, a, b);
    const sum = exactSum(exactOf(cell), INLINE, a, c);
    figure(4, exactSumOverflowed() ? 1 : 0);
    return results(added, exactCount(exactOf(cell), INLINE, a, c), sum);
  }
  if (op == 7) {
    const cell = cells.upsert(key, keyLength);
    if (!changetype<usize>(cell)) return reject(Reject.STATE_FULL);
    const ring = changetype<usize>(cell) + offsetof<Cell>("ring0");
    const added = ringAdd<u32>(ring, BUCKETS, 100, a, <u32> b);
    return results(added ? 1 : 0, ringSum<u32>(ring, BUCKETS, 100, a), ringSum<u32>(ring, BUCKETS, 100, c));
  }
  if (op == 8) {
    const cell = cells.upsert(key, keyLength);
    if (!changetype<usize>(cell)) return reject(Reject.STATE_FULL);
    return results(bucketTake(changetype<usize>(cell) + 8, b, c, a, d) ? 1 : 0, 0, 0);
  }
  if (op == 9) {
    figure(4, compareProducts(a, b, c, d));
    figure(5, <i64> absU(a));
    return results(
      (addOverflows(a, b) ? 1 : 0) | (subOverflows(a, b) ? 2 : 0) | (mulOverflows(a, b) ? 4 : 0),
      mulHigh(a, b),
      a * b,
    );
  }
  if (op == 10) {
    const cell = c ? numbers.upsert128(a, b) : numbers.upsert64(a);
    if (!changetype<usize>(cell)) return reject(Reject.STATE_FULL);
    cell.sum++;
    const again = c ? numbers.find128(a, b) : numbers.find64(a);
    return results(cell.sum, changetype<usize>(again) == changetype<usize>(cell) ? 1 : 0, numbers.count);
  }
  if (op == 11) {
    setTimer(a);
    return results(0, 0, 0);
  }
  reject(100);
}

function results(one: i64, two: i64, three: i64): void {
  figure(1, one);
  figure(2, two);
  figure(3, three);
  reply(1);
}

function exactOf(cell: Cell): usize {
  return changetype<usize>(cell) + offsetof<Cell>("exact0");
}

export function onQuery(key: usize, length: u32): bool {
  return false;
}

export function stateKeys(): u64 {
  return cells.count + numbers.count;
}
