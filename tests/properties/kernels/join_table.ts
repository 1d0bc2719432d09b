/** The table-table join behind commands: 1 = left row (primary key: a, key: the right row it names), 2 = right row. */
import { OPERATORS, timeInit, watermark } from "../../../wasm/operators/time";
import { OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { TABLE_JOIN_BYTES, TableJoin } from "../../../wasm/operators/table_join";
import { add, begin, Command, due, finish, follow, more, read, resume, Row } from "./rows";

export const NAME = "join_table";
export const SCHEMA_HASH = "";
export const EFFECT_BYTES_MAX: u32 = OUT_BYTES_MAX;
export const EVENT_BYTES_MAX: u32 = 4096;
export const KEY_BYTES_MAX: u32 = 256;

const leftRow = changetype<Row>(memory.data(offsetof<Row>(), 8));
const rightRow = changetype<Row>(memory.data(offsetof<Row>(), 8));

@unmanaged
class Wiring {
  left(): Row {
    return leftRow;
  }
  right(): Row {
    return rightRow;
  }
  leftAppends(): bool {
    return false; // rows are taken back here
  }
  rightAppends(): bool {
    return false;
  }
  joined(has: u32, op: i32): void {
    begin(has, op);
    if (has & 1) add(0x4c, leftRow);
    if (has & 2) add(0x52, rightRow);
    finish(0, 0);
  }
}

const operator = changetype<TableJoin<Wiring>>(OPERATORS);
const bound = OPERATORS + TABLE_JOIN_BYTES;

export function onInit(ptr: usize, length: u32): bool {
  store<i64>(bound, load<i64>(ptr + length - 8)); // the last parameter: the disorder of the rows, 0 = watermarks come by themselves
  return timeInit(1) && operator.init(load<u32>(ptr), 16);
}

export function onAhead(ptr: usize, length: u32): void {
  operator.ahead(ptr + 40, load<u8>(ptr, 1));
  if (load<u8>(ptr) == 1) operator.aheadPrimary(ptr + 16, 8);
}

export function onAheadDone(): void {
  operator.aheadDone();
}

export function onEvent(ptr: usize, length: u32): void {
  read(ptr, load<u8>(ptr) == 2 ? rightRow : leftRow);
  if (Command.op == 1) operator.left(ptr + 16, 8, Command.key, Command.keyLength);
  else if (Command.op == 2) operator.right(Command.key, Command.keyLength);
  follow(Command.op == 2 ? rightRow : leftRow, load<i64>(bound));
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
