/**
 * Aligned windows behind commands: 1 = a row of value a at its time. Parameters: which accumulator (0 sums,
 * 1 bag), kind (0 hopping, 1 growing, 2 calendar, 3 calendar of months), size (0 = one window of all time),
 * slide, offset, lateness, update, early events, early time, early clock, bound of disorder (0 = watermarks are
 * told), then the zone's pairs. A kind of 10 and more is the same kind by the operator for windows in order
 * that are told once: Tumbling, or Hopping where they overlap; of 20 and more, by two stacks of panes.
 */
import { Aligned } from "../../../wasm/operators/aligned";
import { enterOut, OUT_BYTES_MAX, refuse } from "../../../wasm/operators/out";
import { newest, OPERATORS, tellOperator, enterOperator, timeInit, watermark } from "../../../wasm/operators/time";
import { Hopping } from "../../../wasm/operators/hopping";
import { Tumbling } from "../../../wasm/operators/tumbling";
import { clock } from "../../../wasm/lib/context";
import { setTimer } from "../../../wasm/lib/effects";
import { Bag, Sums } from "./accumulators";
import { add, begin, Command, due, finish, follow, more, read, Row } from "./rows";

export const NAME = "aligned";
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

const sums = changetype<Aligned<Sums, Told<Sums>>>(OPERATORS + 16);
const bags = changetype<Aligned<Bag, Told<Bag>>>(OPERATORS + 16);
const plainSums = changetype<Tumbling<Sums, Told<Sums>>>(OPERATORS + 16);
const plainBags = changetype<Tumbling<Bag, Told<Bag>>>(OPERATORS + 16);
const hopping = changetype<Hopping<Sums, Told<Sums>>>(OPERATORS + 16);
const bound = OPERATORS;
const which = OPERATORS + 8;

export function onInit(ptr: usize, length: u32): bool {
  store<i64>(bound, load<i64>(ptr, 80));
  const bag = load<i64>(ptr) != 0, kind = load<i64>(ptr, 8) % 10;
  if (!timeInit(1)) return false;
  if (load<i64>(ptr, 8) >= 20) {
    if (bag) bags.stack();
    else sums.stack();
  } else if (kind != load<i64>(ptr, 8)) {
    if (load<i64>(ptr, 16) > load<i64>(ptr, 24)) {
      store<i64>(which, 4);
      return !bag && shape(hopping, ptr, kind, length);
    }
    store<i64>(which, bag ? 3 : 2);
    return bag ? shape(plainBags, ptr, kind, length) : shape(plainSums, ptr, kind, length);
  }
  store<i64>(which, i64(bag));
  return bag ? declare(bags, ptr, length) : declare(sums, ptr, length);
}

function declare<T>(op: T, ptr: usize, length: u32): bool {
  op.allow(load<i64>(ptr, 40), <u32> load<i64>(ptr, 48));
  op.early(<u32> load<i64>(ptr, 56), load<i64>(ptr, 64), load<i64>(ptr, 72));
  return shape(op, ptr, load<i64>(ptr, 8) % 10, length);
}

function shape<T>(op: T, ptr: usize, kind: i64, length: u32): bool {
  const size = load<i64>(ptr, 16), slide = load<i64>(ptr, 24), offset = load<i64>(ptr, 32);
  const zone = ptr + 88, transitions = (length - 88) >> 4;
  const good = size == 0
    ? op.global()
    : kind == 0
    ? op.hopping(size, slide, offset)
    : kind == 1
    ? op.growing(size, slide, offset)
    : op.calendar(size, slide, kind == 3, offset, zone, transitions);
  return good && op.init(16);
}

export function onAhead(ptr: usize, length: u32): void {
  if (load<i64>(which) < 2) sums.ahead(ptr + 40, load<u8>(ptr, 1));
  else if (load<i64>(which) == 4) hopping.ahead(ptr + 40, load<u8>(ptr, 1));
  else plainSums.ahead(ptr + 40, load<u8>(ptr, 1));
}

export function onEvent(ptr: usize, length: u32): void {
  enterOperator(1);
  read(ptr, row);
  const kind = load<i64>(which);
  if (kind == 0) one(sums);
  else if (kind == 1) one(bags);
  else if (kind == 2) one(plainSums);
  else if (kind == 4) one(hopping);
  else one(plainBags);
}

function one<T>(op: T): void {
  if (Command.op == 1) {
    const acc = op.add(row.time, Command.key, Command.keyLength);
    if (changetype<usize>(acc)) {
      if (!acc.put(row.a)) refuse(8);
      op.added();
    }
  }
  follow(row, load<i64>(bound));
  tellOperator(1, newest());
  goOn(op);
}

export function onTimer(): void {
  enterOut();
  enterOperator(1);
  const kind = load<i64>(which);
  if (kind == 0) goOn(sums);
  else if (kind == 1) goOn(bags);
  else if (kind == 2) goOn(plainSums);
  else if (kind == 4) goOn(hopping);
  else goOn(plainBags);
}

function goOn<T>(op: T): void {
  while (due(op.due())) if (!op.advance(watermark())) return more();
  if (isDefined(op.tick)) {
    if (clock >= op.clockDue() && !op.tick(clock)) return more();
    setTimer(op.clockDue());
  }
}

export function onQuery(key: usize, length: u32): bool {
  return false;
}

export function stateKeys(): u64 {
  const kind = load<i64>(which);
  if (kind == 4) return hopping.keys();
  if (kind < 2) return kind ? bags.keys() : sums.keys();
  return kind == 2 ? plainSums.keys() : plainBags.keys();
}
