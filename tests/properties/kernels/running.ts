/** A running sum and count of a behind commands: 1 = row, by its op. */
import { OPERATORS, timeInit, watermark } from "../../../wasm/operators/time";
import { OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { Running, RUNNING_BYTES } from "../../../wasm/operators/running";
import { add, begin, Command, due, finish, follow, more, read, resume, Row } from "./rows";

export const NAME = "running";
export const SCHEMA_HASH = "";
export const EFFECT_BYTES_MAX: u32 = OUT_BYTES_MAX;
export const EVENT_BYTES_MAX: u32 = 4096;
export const KEY_BYTES_MAX: u32 = 256;

const leftRow = changetype<Row>(memory.data(offsetof<Row>(), 8));
const rightRow = changetype<Row>(memory.data(offsetof<Row>(), 8));

@unmanaged
class Sum {
  sum: i64;
  count: i64;

  free(): void {}
}

@unmanaged
class Wiring {
  row(): Row {
    return leftRow;
  }
  old(): Row {
    return rightRow;
  }
  fill(acc: Sum): void {
    leftRow.time = 0;
    leftRow.a = acc.sum;
    leftRow.b = acc.count;
    leftRow.nameLength = 0;
  }
  same(): bool {
    return leftRow.a == rightRow.a && leftRow.b == rightRow.b;
  }
  changed(key: usize, length: u32, op: i32): void {
    begin(op, 0);
    add(0x4c, op ? rightRow : leftRow);
    finish(key, length);
  }
}

const operator = changetype<Running<Sum, Wiring>>(OPERATORS);
const bound = OPERATORS + RUNNING_BYTES;

export function onInit(ptr: usize, length: u32): bool {
  store<i64>(bound, load<i64>(ptr + length - 8)); // the last parameter: the disorder of the rows, 0 = watermarks come by themselves
  return timeInit(1) && operator.init(load<i64>(ptr), 16);
}

export function onAhead(ptr: usize, length: u32): void {
  operator.ahead(ptr + 40, load<u8>(ptr, 1));
}

export function onEvent(ptr: usize, length: u32): void {
  read(ptr, leftRow);
  const time = leftRow.time, a = leftRow.a, op = leftRow.op;
  if (Command.op == 1) {
    const acc = operator.add(time, Command.key, Command.keyLength, op);
    if (changetype<usize>(acc)) {
      if (a == 13) operator.dropped(); // as if adding it had overflowed
      else {
        acc.sum += op ? -a : a;
        if (a) acc.count += op ? -1 : 1;
        operator.added();
      }
    }
  }
  leftRow.time = time;
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
