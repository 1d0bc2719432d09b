/**
 * Sliding windows over rows of one length, which stand in their key's ring themselves: 1 = a row of value a. Frames:
 * the sum and the least over a range. Parameters: range, how long keys are kept.
 */
import { enterOut, OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { Over } from "../../../wasm/operators/over";
import { enterOperator, newest, OPERATORS, tellOperator, timeInit, watermark } from "../../../wasm/operators/time";
import { add, begin, Command, due, finish, more, read, Row } from "./rows";

export const NAME = "sliding";
export const SCHEMA_HASH = "";
export const EFFECT_BYTES_MAX: u32 = OUT_BYTES_MAX;
export const EVENT_BYTES_MAX: u32 = 4096;
export const KEY_BYTES_MAX: u32 = 256;

@unmanaged
class Plain {
  time: i64;
  a: i64;
  b: i64;

  size(): u32 {
    return 24;
  }
  fixedBytes(): u32 {
    return 24;
  }
  save(p: usize): void {
    store<i64>(p, this.time);
    store<i64>(p, this.a, 8);
    store<i64>(p, this.b, 16);
  }
  load(p: usize): void {
    this.time = load<i64>(p);
    this.a = load<i64>(p, 8);
    this.b = load<i64>(p, 16);
  }
}

const came = changetype<Row>(memory.data(offsetof<Row>(), 8));
const row = changetype<Plain>(memory.data(offsetof<Plain>(), 8));
const shown = changetype<Row>(memory.data(offsetof<Row>(), 8));

@unmanaged
class Sums {
  sum: i64;
  least: i64;
  some: bool;

  free(): void {}
}

@unmanaged
class Wiring {
  row(): Plain {
    return row;
  }
  lagged(i: u32): Plain {
    return row;
  }
  enter(frame: u32, acc: Sums): void {
    if (!frame) acc.sum += row.a;
    else if (!acc.some || row.a < acc.least) acc.least = row.a;
    acc.some = acc.some || frame != 0;
  }
  leave(frame: u32, acc: Sums): bool {
    if (frame) return row.a != acc.least;
    acc.sum -= row.a;
    return true;
  }
  clear(frame: u32, acc: Sums): void {
    acc.some = false;
  }
  fire(key: usize, keyLength: u32, acc: Sums, number: i64, lags: u32): void {
    begin(0, number);
    shown.time = row.time;
    shown.a = row.a;
    shown.b = row.b;
    add(0x52, shown);
    shown.time = acc.sum;
    shown.a = acc.least;
    shown.b = 0;
    add(0x53, shown);
    finish(key, keyLength);
  }
}

const over = changetype<Over<Sums, Plain, Wiring>>(OPERATORS);

export function onInit(ptr: usize, length: u32): bool {
  const range = load<i64>(ptr);
  if (!timeInit(1) || !over.range(range) || !over.range(range)) return false;
  over.keep(load<i64>(ptr, 8));
  return over.init(16);
}

export function onAhead(ptr: usize, length: u32): void {
  over.ahead(ptr + 40, load<u8>(ptr, 1));
}

export function onEvent(ptr: usize, length: u32): void {
  enterOperator(1);
  read(ptr, came);
  row.time = came.time;
  row.a = came.a;
  row.b = came.b;
  if (Command.op == 1) over.row(row.time, Command.key, Command.keyLength);
  tellOperator(1, newest());
  goOn();
}

export function onTimer(): void {
  enterOut();
  enterOperator(1);
  goOn();
}

function goOn(): void {
  while (due(over.due())) if (!over.advance(watermark())) return more();
}

export function onQuery(key: usize, length: u32): bool {
  return false;
}

export function stateKeys(): u64 {
  return over.keys();
}
