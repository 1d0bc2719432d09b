/**
 * What the test kernels of keyed operators share: a row with numbers and a string, the command that brings
 * one, and the writing of results. A command: op u8, key length u8, name length u8, row op u8, 4 bytes, then
 * time, a, b, c (i64 each), the key, the name. Op 0 tells a watermark.
 */
import { setTimer } from "../../../wasm/lib/effects";
import { clock } from "../../../wasm/lib/context";
import { copyShort } from "../../../wasm/lib/wire";
import { drain, emit, enterOut, enterRow } from "../../../wasm/operators/out";
import { newest, observe, tellOperator, watermark } from "../../../wasm/operators/time";

@unmanaged
export class Row {
  time: i64;
  op: i32;
  nameLength: u32;
  a: i64;
  b: i64;
  c: i64;
  name: usize;

  size(): u32 {
    return (48 + this.nameLength + 7) & ~7;
  }
  fixedBytes(): u32 {
    return 0;
  }
  save(p: usize): void {
    store<i64>(p, this.time);
    store<i32>(p, this.op, 8);
    store<u32>(p, this.nameLength, 12);
    store<i64>(p, this.a, 16);
    store<i64>(p, this.b, 24);
    store<i64>(p, this.c, 32);
    copyShort(p + 48, this.name, this.nameLength);
  }
  load(p: usize): void {
    this.time = load<i64>(p);
    this.op = load<i32>(p, 8);
    this.nameLength = load<u32>(p, 12);
    this.a = load<i64>(p, 16);
    this.b = load<i64>(p, 24);
    this.c = load<i64>(p, 32);
    this.name = p + 48;
  }
}

export namespace Command {
  export let op: u32 = 0;
  export let key: usize = 0;
  export let keyLength: u32 = 0;
}

/** Reads a command into `row`; a watermark is taken note of. */
export function read(p: usize, row: Row): void {
  enterOut();
  Command.op = load<u8>(p);
  Command.keyLength = load<u8>(p, 1);
  row.nameLength = load<u8>(p, 2);
  row.op = load<u8>(p, 3);
  row.time = load<i64>(p, 8);
  row.a = load<i64>(p, 16);
  row.b = load<i64>(p, 24);
  row.c = load<i64>(p, 32);
  Command.key = p + 40;
  row.name = p + 40 + Command.keyLength;
  enterRow(row.time, 1);
  if (Command.op == 0) observe(0, row.time);
  tellOperator(1, newest());
}

/** From onTimer. */
export function resume(): void {
  enterOut();
  tellOperator(1, newest());
}

/** After a row, where the stream's disorder is bounded: the watermark follows its rows. */
// @ts-ignore: decorator
@inline
export function follow(row: Row, bound: i64): void {
  if (!bound || !Command.op) return;
  observe(0, row.time - bound);
  tellOperator(1, newest());
}

const buffer = memory.data(1024, 8);
let end: usize = 0;

/** A result: a code and a number, then rows. */
export function begin(code: i32, figure: i64): void {
  store<i64>(buffer, code);
  store<i64>(buffer, figure, 8);
  end = buffer + 16;
}
/** A row of the result; which = 'L', 'R' or the like. */
export function add(which: u32, row: Row): void {
  store<u32>(end, which);
  store<u32>(end, row.nameLength, 4);
  store<i64>(end, row.time, 8);
  store<i64>(end, row.a, 16);
  store<i64>(end, row.b, 24);
  copyShort(end + 32, row.name, row.nameLength);
  end += 32 + row.nameLength;
}
export function finish(key: usize, keyLength: u32): void {
  emit(1, key, keyLength, buffer, <u32> (end - buffer));
}

/** Whether the operator is to go on: a loop `while (due(op.due())) if (!op.advance(watermark())) return more()`. */
export function due(at: i64): bool {
  if (drain()) return watermark() >= at && at != i64.MAX_VALUE;
  more();
  return false;
}
export function more(): void {
  setTimer(clock + 1);
}
