/** Top-N behind commands: 1 = row. The order: the larger a, then the smaller b; ties by arrival. */
import { OPERATORS, timeInit, watermark } from "../../../wasm/operators/time";
import { OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { TOP_N_BYTES, TopN } from "../../../wasm/operators/top_n";
import { add, begin, Command, due, finish, follow, more, read, resume, Row } from "./rows";

export const NAME = "top_n";
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
    return a.a > b.a || a.a == b.a && a.b < b.b;
  }
  same(a: Row, b: Row): bool {
    return a.a == b.a && a.b == b.b && a.time == b.time;
  }
  changed(key: usize, length: u32, rank: u32, op: i32): void {
    begin(op, rank);
    add(0x4c, rightRow);
    finish(key, length);
  }
}

const operator = changetype<TopN<Wiring>>(OPERATORS);
const bound = OPERATORS + TOP_N_BYTES;

export function onInit(ptr: usize, length: u32): bool {
  store<i64>(bound, load<i64>(ptr + length - 8)); // the last parameter: the disorder of the rows, 0 = watermarks come by themselves
  return timeInit(1) && operator.init(load<u32>(ptr), load<i64>(ptr, 8) != 0, load<i64>(ptr, 16) != 0, load<i64>(ptr, 24), 16);
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
