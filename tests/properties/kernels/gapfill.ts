/** Gap fill behind commands: 1 = a row of value a. Parameters: step, offset, how long a key goes on. */
import { enterOut, OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { GapFill } from "../../../wasm/operators/gapfill";
import { enterOperator, newest, OPERATORS, tellOperator, timeInit, watermark } from "../../../wasm/operators/time";
import { add, begin, Command, due, finish, more, read, Row } from "./rows";

export const NAME = "gapfill";
export const SCHEMA_HASH = "";
export const EFFECT_BYTES_MAX: u32 = OUT_BYTES_MAX;
export const EVENT_BYTES_MAX: u32 = 4096;
export const KEY_BYTES_MAX: u32 = 256;

const row = changetype<Row>(memory.data(offsetof<Row>(), 8));

@unmanaged
class Wiring {
  row(): Row {
    return row;
  }
  filled(key: usize, keyLength: u32, start: i64, isFilled: bool): void {
    begin(isFilled ? 1 : 0, start);
    add(0x52, row);
    finish(key, keyLength);
  }
}

const fill = changetype<GapFill<Row, Wiring>>(OPERATORS);

export function onInit(ptr: usize, length: u32): bool {
  return timeInit(1) && fill.init(load<i64>(ptr), load<i64>(ptr, 8), load<i64>(ptr, 16), 16);
}

export function onAhead(ptr: usize, length: u32): void {
  fill.ahead(ptr + 40, load<u8>(ptr, 1));
}

export function onEvent(ptr: usize, length: u32): void {
  enterOperator(1);
  read(ptr, row);
  if (Command.op == 1) fill.row(row.time, Command.key, Command.keyLength);
  tellOperator(1, newest());
  goOn();
}

export function onTimer(): void {
  enterOut();
  enterOperator(1);
  goOn();
}

function goOn(): void {
  while (due(fill.due())) if (!fill.advance(watermark())) return more();
}

export function onQuery(key: usize, length: u32): bool {
  return false;
}

export function stateKeys(): u64 {
  return fill.keys();
}
