/**
 * The aggregates with storage of their own, behind commands: 1 = change those of a key by value a, b times, and
 * by `name` as bytes; 2 = merge those of key `name` into them; 3 = unmerge; 4 = free. Each answers with what
 * they say: distinct, estimate, least and greatest, and the quantile of c thousandths.
 */
import { alloc, touch } from "../../../wasm/lib/memory";
import { refuse, enterOut, OUT_BYTES_MAX } from "../../../wasm/operators/out";
import { enterOperator, OPERATORS, timeInit } from "../../../wasm/operators/time";
import { fresh, Table, TABLE_BYTES } from "../../../wasm/lib/table";
import {
  collectAdd,
  collectBytes,
  collectCount,
  collectFirst,
  collectFree,
  collectLength,
  collectLeft,
  collectMerge,
  collectNext,
} from "../../../wasm/operators/aggregates/collect";
import {
  heavyAdd,
  heavyBytes,
  heavyCount,
  heavyFree,
  heavyLength,
  heavyMerge,
  heavyTimes,
} from "../../../wasm/operators/aggregates/heavy";
import { hllAdd64, hllEstimate, hllFree, hllMerge } from "../../../wasm/operators/aggregates/hyperloglog";
import {
  multisetChange,
  multisetChange64,
  multisetCount,
  multisetFree,
  multisetMerge,
  multisetUnmerge,
} from "../../../wasm/operators/aggregates/multiset";
import {
  orderedChange,
  orderedCount,
  orderedFree,
  orderedGreatest,
  orderedKeep,
  orderedLeast,
  orderedList,
  orderedMerge,
  orderedUnmerge,
} from "../../../wasm/operators/aggregates/ordered";
import {
  quantilesAt,
  quantilesChange,
  quantilesFree,
  quantilesMerge,
  quantilesUnmerge,
} from "../../../wasm/operators/aggregates/quantiles";
import { add, begin, Command, finish, read, Row } from "./rows";

export const NAME = "aggregates";
export const SCHEMA_HASH = "";
export const EFFECT_BYTES_MAX: u32 = OUT_BYTES_MAX;
export const EVENT_BYTES_MAX: u32 = 4096;
export const KEY_BYTES_MAX: u32 = 256;

// @ts-ignore: decorator
@inline
const MOST: u32 = 5;

/** All of them, by address: 16 + 16 + 8 + 24 + 8 + 8 + 24 + 24 bytes. */
@unmanaged
class All {
  numbers: u64;
  numbers2: u64;
  strings: u64;
  strings2: u64;
  hll: u64;
  quantiles: u64;
  quantiles2: u64;
  quantiles3: u64;
  ordered: u64;
  top: u64;
  collected: u64;
  collected2: u64;
  collected3: u64;
  heavy: u64;
  heavy2: u64;
  heavy3: u64;
}

const table = changetype<Table<All>>(OPERATORS);
const row = changetype<Row>(memory.data(offsetof<Row>(), 8));
const shown = changetype<Row>(memory.data(offsetof<Row>(), 8));
const listed = memory.data(64, 8);

export function onInit(ptr: usize, length: u32): bool {
  return timeInit(1) && table.init(16, 0);
}

export function onEvent(ptr: usize, length: u32): void {
  enterOperator(1);
  read(ptr, row);
  const all = changetype<usize>(table.upsert(Command.key, Command.keyLength));
  if (!all || !apply(all)) return refuse(8);
  tell(all);
  if (Command.op == 4) table.remove(changetype<All>(all));
}

function apply(all: usize): bool {
  if (Command.op == 4) {
    freeAll(all);
    return true;
  }
  if (Command.op == 1) return change(all);
  const other = changetype<usize>(table.find(row.name, row.nameLength));
  if (!other) return true;
  if (Command.op == 3) {
    multisetUnmerge(all, other);
    multisetUnmerge(all + 16, other + 16);
    quantilesUnmerge(all + 40, other + 40);
    orderedUnmerge(all + 64, other + 64);
    return true;
  }
  const whole = multisetMerge(all, other) && multisetMerge(all + 16, other + 16) && hllMerge(all + 32, other + 32) &&
    quantilesMerge(all + 40, other + 40) && orderedMerge(all + 64, other + 64) && orderedMerge(all + 72, other + 72) &&
    collectMerge(all + 80, other + 80, MOST) && heavyMerge(all + 104, other + 104, MOST);
  orderedKeep(all + 72, true, MOST);
  return whole;
}

function change(all: usize): bool {
  const value = row.a, times = row.b;
  if (times > 0) {
    if (!hllAdd64(all + 32, value) || !collectAdd(all + 80, row.time, row.name, row.nameLength, MOST)) return false;
    if (!heavyAdd(all + 104, row.name, row.nameLength, times, MOST)) return false;
    if (!orderedChange(all + 72, value, times)) return false;
    orderedKeep(all + 72, true, MOST);
  }
  return multisetChange64(all, value, times) && multisetChange(all + 16, row.name, row.nameLength, times) &&
    quantilesChange(all + 40, <f64> value, times) && orderedChange(all + 64, value, times);
}

function freeAll(all: usize): void {
  multisetFree(all);
  multisetFree(all + 16);
  hllFree(all + 32);
  quantilesFree(all + 40);
  orderedFree(all + 64);
  orderedFree(all + 72);
  collectFree(all + 80);
  heavyFree(all + 104, MOST);
}

function tell(all: usize): void {
  begin(Command.op, multisetCount(all));
  show(0x44, multisetCount(all + 16), hllEstimate(all + 32), <i64> reinterpret<i64>(quantilesAt(all + 40, <f64> row.c / 1000)));
  show(0x4f, orderedLeast(all + 64), orderedGreatest(all + 64), orderedCount(all + 64));
  const count = orderedList(all + 72, true, MOST, listed);
  let mixed: i64 = 0;
  for (let i: u32 = 0; i < count; i++) mixed = mixed * 31 + load<i64>(listed + (<usize> i << 3));
  show(0x54, count, mixed, 0);
  show(0x43, collectCount(all + 80), collectLeft(all + 80), 0);
  for (let at = collectFirst(all + 80); at; at = collectNext(at)) text(0x63, 0, collectBytes(at), collectLength(at));
  for (let i: u32 = 0; i < heavyCount(all + 104); i++) {
    text(0x48, heavyTimes(all + 104, i), heavyBytes(all + 104, i), heavyLength(all + 104, i));
  }
  finish(0, 0);
}

function show(which: u32, a: i64, b: i64, c: i64): void {
  shown.time = a;
  shown.a = b;
  shown.b = c;
  shown.nameLength = 0;
  add(which, shown);
}

function text(which: u32, a: i64, name: usize, length: u32): void {
  shown.time = a;
  shown.a = 0;
  shown.b = 0;
  shown.name = name;
  shown.nameLength = length;
  add(which, shown);
}

export function onQuery(key: usize, length: u32): bool {
  return false;
}

export function stateKeys(): u64 {
  return table.count;
}
