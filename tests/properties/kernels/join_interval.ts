/** The interval join behind commands: 1 = left row (bounds time - b, time + c), 2 = right row. */
import { OPERATORS } from "../../../wasm/operators/time";
import { timeInit, watermark } from "../../../wasm/operators/time";
import { INTERVAL_JOIN_BYTES, IntervalJoin } from "../../../wasm/operators/interval_join";
import { minus, plus } from "../../../wasm/operators/bounds";
import { OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { add, begin, Command, due, finish, follow, more, read, resume, Row } from "./rows";

export const NAME = "join_interval";
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
  low(): i64 {
    return minus(leftRow.time, leftRow.b);
  }
  high(): i64 {
    return plus(leftRow.time, leftRow.c);
  }
  joined(has: u32): void {
    begin(has, 0);
    if (has & 1) add(0x4c, leftRow);
    if (has & 2) add(0x52, rightRow);
    finish(0, 0);
  }
}

const join = changetype<IntervalJoin<Wiring>>(OPERATORS);
const bound = OPERATORS + INTERVAL_JOIN_BYTES;

export function onInit(ptr: usize, length: u32): bool {
  store<i64>(bound, load<i64>(ptr, 32));
  return timeInit(1) &&
    join.init(load<u32>(ptr), load<i64>(ptr, 8), load<i64>(ptr, 16), load<i64>(ptr, 24), 16);
}

export function onAhead(ptr: usize, length: u32): void {
  join.ahead(ptr + 40, load<u8>(ptr, 1));
}

export function onAheadDone(): void {
  join.aheadDone();
}

export function onEvent(ptr: usize, length: u32): void {
  read(ptr, load<u8>(ptr) == 2 ? rightRow : leftRow);
  if (Command.op == 1) join.left(Command.key, Command.keyLength);
  else if (Command.op == 2) join.right(Command.key, Command.keyLength);
  follow(Command.op == 2 ? rightRow : leftRow, load<i64>(bound));
  goOn();
}

export function onTimer(): void {
  resume();
  goOn();
}

function goOn(): void {
  while (due(join.due())) if (!join.advance(watermark())) return more();
}

export function onQuery(key: usize, length: u32): bool {
  return false;
}

export function stateKeys(): u64 {
  return join.keys();
}
