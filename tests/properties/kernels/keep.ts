/** Keep behind commands: 1 = row. Kept is the earlier one, or, with the last parameter but one, the later; ties by the smaller b. */
import { OPERATORS, timeInit, watermark } from "../../../wasm/operators/time";
import { OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { Keep, KEEP_BYTES } from "../../../wasm/operators/keep";
import { add, begin, Command, due, finish, follow, more, read, resume, Row } from "./rows";

export const NAME = "keep";
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
  other(): Row {
    return rightRow;
  }
  before(a: Row, b: Row): bool {
    if (a.time != b.time) return load<i64>(bound + 8) ? a.time > b.time : a.time < b.time;
    return a.b < b.b;
  }
  changed(key: usize, length: u32, op: i32): void {
    begin(op, 0);
    add(0x4c, rightRow);
    finish(key, length);
  }
}

const operator = changetype<Keep<Wiring>>(OPERATORS);
const bound = OPERATORS + KEEP_BYTES;

export function onInit(ptr: usize, length: u32): bool {
  store<i64>(bound, load<i64>(ptr + length - 8)); // the last parameter: the disorder of the rows, 0 = watermarks come by themselves
  store<i64>(bound + 8, load<i64>(ptr + length - 16));
  return timeInit(1) && operator.init(load<u32>(ptr), load<i64>(ptr, 8), load<i64>(ptr, 16), load<i64>(ptr, 24), 16);
}

export function onAhead(ptr: usize, length: u32): void {
  operator.ahead(ptr + 40, load<u8>(ptr, 1));
}

export function onAheadDone(): void {
  operator.aheadDone();
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
