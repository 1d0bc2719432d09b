/**
 * Session windows behind commands: 1 = a row of value a at its time. Parameters: which accumulator (0 sums,
 * 1 bag), gap, greatest length, lateness, update, early events, early time.
 */
import { Session } from "../../../wasm/operators/session";
import { enterOut, OUT_BYTES_MAX, refuse } from "../../../wasm/operators/out";
import { newest, OPERATORS, tellOperator, enterOperator, timeInit, watermark } from "../../../wasm/operators/time";
import { Bag, Sums } from "./accumulators";
import { add, begin, Command, due, finish, more, read, Row } from "./rows";

export const NAME = "session";
export const SCHEMA_HASH = "";
export const EFFECT_BYTES_MAX: u32 = OUT_BYTES_MAX;
export const EVENT_BYTES_MAX: u32 = 4096;
export const KEY_BYTES_MAX: u32 = 256;

const row = changetype<Row>(memory.data(offsetof<Row>(), 8));
const shown = changetype<Row>(memory.data(offsetof<Row>(), 8));

@unmanaged
class Told<A> {
  fire(key: usize, keyLength: u32, start: i64, end: i64, acc: A, op: i32, timing: i32): void {
    begin(op * 10 + timing, acc.count);
    shown.time = start;
    shown.a = end;
    shown.b = acc.sum;
    add(0x57, shown);
    shown.time = 0;
    shown.a = acc.lowest();
    shown.b = acc.mixed();
    add(0x41, shown);
    finish(key, keyLength);
  }
}

const sums = changetype<Session<Sums, Told<Sums>>>(OPERATORS + 16);
const bags = changetype<Session<Bag, Told<Bag>>>(OPERATORS + 16);
const which = OPERATORS;

export function onInit(ptr: usize, length: u32): bool {
  store<i64>(which, load<i64>(ptr));
  return timeInit(1) && (load<i64>(ptr) ? declare(bags, ptr) : declare(sums, ptr));
}

function declare<T>(op: T, ptr: usize): bool {
  op.gap(load<i64>(ptr, 8), load<i64>(ptr, 16));
  op.allow(load<i64>(ptr, 24), <u32> load<i64>(ptr, 32));
  op.early(<u32> load<i64>(ptr, 40), load<i64>(ptr, 48));
  return op.init(16);
}

export function onAhead(ptr: usize, length: u32): void {
  sums.ahead(ptr + 40, load<u8>(ptr, 1));
}

export function onEvent(ptr: usize, length: u32): void {
  enterOperator(1);
  read(ptr, row);
  if (load<i64>(which)) one(bags);
  else one(sums);
}

function one<T>(op: T): void {
  if (Command.op == 1) {
    const acc = op.add(row.time, Command.key, Command.keyLength);
    if (changetype<usize>(acc)) {
      if (!acc.put(row.a)) refuse(8);
      op.added();
    }
  }
  tellOperator(1, newest());
  goOn(op);
}

export function onTimer(): void {
  enterOut();
  enterOperator(1);
  if (load<i64>(which)) goOn(bags);
  else goOn(sums);
}

function goOn<T>(op: T): void {
  while (due(op.due())) if (!op.advance(watermark())) return more();
}

export function onQuery(key: usize, length: u32): bool {
  return false;
}

export function stateKeys(): u64 {
  return load<i64>(which) ? bags.keys() : sums.keys();
}
