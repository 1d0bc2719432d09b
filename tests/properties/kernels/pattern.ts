/** Pattern detection behind commands: 1 = row; step s wants a = the s-th hexadecimal digit of the sixth parameter. */
import { OPERATORS, timeInit, watermark } from "../../../wasm/operators/time";
import { OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { Pattern, PATTERN_BYTES } from "../../../wasm/operators/pattern";
import { add, begin, Command, due, finish, follow, more, read, resume, Row } from "./rows";

export const NAME = "pattern";
export const SCHEMA_HASH = "";
export const EFFECT_BYTES_MAX: u32 = OUT_BYTES_MAX;
export const EVENT_BYTES_MAX: u32 = 4096;
export const KEY_BYTES_MAX: u32 = 256;

const leftRow = changetype<Row>(memory.data(offsetof<Row>(), 8));
const found = memory.data(offsetof<Row>() * 8, 8);

function rowOf(step: u32): Row {
  return changetype<Row>(found + <usize> step * offsetof<Row>());
}

@unmanaged
class Wiring {
  row(): Row {
    return leftRow;
  }
  matches(step: u32): bool {
    if (leftRow.a != (load<i64>(plan, 24) >> (4 * step) & 15)) return false;
    return !step || !this.looksBack() || leftRow.b >= rowOf(0).b;
  }
  negated(step: u32): bool {
    return (load<i64>(plan) >> step & 1) != 0;
  }
  strict(step: u32): bool {
    return (load<i64>(plan, 8) >> step & 1) != 0;
  }
  looksBack(): bool {
    return load<i64>(plan, 16) != 0;
  }
  load(step: u32, p: usize): void {
    rowOf(step).load(p);
  }
  found(key: usize, length: u32): void {
    begin(0, 0);
    for (let step: u32 = 0; step < <u32> load<i64>(plan, 32); step++) {
      if (!this.negated(step)) add(0x4c, rowOf(step));
    }
    finish(key, length);
  }
}

const operator = changetype<Pattern<Wiring>>(OPERATORS);
const bound = OPERATORS + PATTERN_BYTES;
const plan = bound + 8; // negated steps, strict ones (bits), whether it looks back, what steps want, steps

export function onInit(ptr: usize, length: u32): bool {
  store<i64>(bound, load<i64>(ptr + length - 8)); // the last parameter: the disorder of the rows, 0 = watermarks come by themselves
  memory.copy(plan, ptr + 24, 32);
  store<i64>(plan, load<i64>(ptr), 32);
  return timeInit(1) && operator.init(load<u32>(ptr), load<i64>(ptr, 8), load<u32>(ptr, 16), 16);
}

export function onAhead(ptr: usize, length: u32): void {
  operator.ahead(ptr + 40, load<u8>(ptr, 1));
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
