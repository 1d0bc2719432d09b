/** The reorder buffer behind commands: 1 = row. */
import { OPERATORS, timeInit, watermark } from "../../../wasm/operators/time";
import { OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { Reorder, REORDER_BYTES } from "../../../wasm/operators/reorder";
import { add, begin, Command, due, finish, follow, more, read, resume, Row } from "./rows";

export const NAME = "reorder";
export const SCHEMA_HASH = "";
export const EFFECT_BYTES_MAX: u32 = OUT_BYTES_MAX;
export const EVENT_BYTES_MAX: u32 = 4096;
export const KEY_BYTES_MAX: u32 = 256;

const leftRow = changetype<Row>(memory.data(offsetof<Row>(), 8));
const rightRow = changetype<Row>(memory.data(offsetof<Row>(), 8));

@unmanaged
class Wiring {
  row(): Row {
    return leftRow;
  }
  released(key: usize, length: u32): void {
    begin(0, 0);
    add(0x4c, leftRow);
    finish(key, length);
  }
}

const operator = changetype<Reorder<Wiring>>(OPERATORS);
const bound = OPERATORS + REORDER_BYTES;

export function onInit(ptr: usize, length: u32): bool {
  store<i64>(bound, load<i64>(ptr + length - 8)); // the last parameter: the disorder of the rows, 0 = watermarks come by themselves
  return timeInit(1) && operator.init(false);
}

export function onAhead(ptr: usize, length: u32): void {
  return;
}

export function onEvent(ptr: usize, length: u32): void {
  read(ptr, leftRow);
  if (Command.op == 1) operator.row(Command.key, Command.keyLength);
  follow(leftRow, load<i64>(bound));
  goOn();
}

export function onTimer(): void {
  resume();
  goOn();
}

function goOn(): void {
  while (due(operator.due())) if (!operator.advance(watermark())) return more();
}

export function onQuery(key: usize, length: u32): bool {
  return false;
}

export function stateKeys(): u64 {
  return operator.keys();
}
