/**
 * Over-windows behind commands: 1 = a row of value a. Frames: the sum over a range, over rows, over all so far,
 * the least over a range and over rows; lags of 1 and 3. Parameters: range, rows, how long keys are kept.
 */
import { enterOut, OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { Over } from "../../../wasm/operators/over";
import { enterOperator, newest, OPERATORS, tellOperator, timeInit, watermark } from "../../../wasm/operators/time";
import { add, begin, Command, due, finish, more, read, Row } from "./rows";

export const NAME = "over";
export const SCHEMA_HASH = "";
export const EFFECT_BYTES_MAX: u32 = OUT_BYTES_MAX;
export const EVENT_BYTES_MAX: u32 = 4096;
export const KEY_BYTES_MAX: u32 = 256;

const row = changetype<Row>(memory.data(offsetof<Row>(), 8));
const lag0 = changetype<Row>(memory.data(offsetof<Row>(), 8));
const lag1 = changetype<Row>(memory.data(offsetof<Row>(), 8));
const shown = changetype<Row>(memory.data(offsetof<Row>(), 8));

@unmanaged
class Sums {
  range: i64;
  rows: i64;
  all: i64;
  leastOfRange: i64;
  leastOfRows: i64;
  /** Bits: of the range there is one, of the rows. */
  some: u32;

  free(): void {}
}

@unmanaged
class Wiring {
  row(): Row {
    return row;
  }
  lagged(i: u32): Row {
    return i ? lag1 : lag0;
  }
  enter(frame: u32, acc: Sums): void {
    if (frame == 0) acc.range += row.a;
    else if (frame == 1) acc.rows += row.a;
    else if (frame == 2) acc.all += row.a;
    else if (frame == 3) acc.leastOfRange = acc.some & 1 ? min(acc.leastOfRange, row.a) : row.a;
    else acc.leastOfRows = acc.some & 2 ? min(acc.leastOfRows, row.a) : row.a;
    if (frame > 2) acc.some |= frame - 2;
  }
  leave(frame: u32, acc: Sums): bool {
    if (frame == 0) acc.range -= row.a;
    else if (frame == 1) acc.rows -= row.a;
    else return false;
    return true;
  }
  clear(frame: u32, acc: Sums): void {
    acc.some &= ~(frame - 2);
  }
  fire(key: usize, keyLength: u32, acc: Sums, number: i64, lags: u32): void {
    begin(lags, number);
    add(0x52, row);
    shown.time = acc.range;
    shown.a = acc.rows;
    shown.b = acc.all;
    add(0x53, shown);
    shown.time = acc.leastOfRange;
    shown.a = acc.leastOfRows;
    shown.b = 0;
    add(0x4d, shown);
    if (lags & 1) add(0x31, lag0);
    if (lags & 2) add(0x33, lag1);
    finish(key, keyLength);
  }
}

const over = changetype<Over<Sums, Row, Wiring>>(OPERATORS);

export function onInit(ptr: usize, length: u32): bool {
  const range = load<i64>(ptr), rows = load<i64>(ptr, 8);
  if (!timeInit(1) || !over.range(range) || !over.rows(rows) || !over.running()) return false;
  if (!over.range(range / 2) || !over.rows(rows) || !over.lag(1) || !over.lag(3)) return false;
  over.keep(load<i64>(ptr, 16));
  return over.init(16);
}

export function onAhead(ptr: usize, length: u32): void {
  over.ahead(ptr + 40, load<u8>(ptr, 1));
}

export function onEvent(ptr: usize, length: u32): void {
  enterOperator(1);
  read(ptr, row);
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
