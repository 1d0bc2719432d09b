/** Aggregates that are lists, as text: their items in order, joined by commas. */
import { collectBytes, collectFirst, collectLength, collectNext } from "./aggregates/collect";
import { unordered } from "./aggregates/hash";
import { heavyBytes, heavyCount, heavyLength, heavyTimes } from "./aggregates/heavy";
import { orderedList } from "./aggregates/ordered";
import { beginList, endList, listBytes, writeDigits } from "./values";

/** Most numbers of one list. */
// @ts-ignore: decorator
@inline
export const LIST_MAX: u32 = 1000;

const numbers = memory.data(8000, 8);

export function collectedText(p: usize): usize {
  const list = beginList();
  for (let item = collectFirst(p); item; item = collectNext(item)) {
    separate(item != collectFirst(p));
    listBytes(collectBytes(item), collectLength(item));
  }
  return endList(list);
}

export function collectedNumbers(p: usize): usize {
  const list = beginList();
  for (let item = collectFirst(p); item; item = collectNext(item)) {
    separate(item != collectFirst(p));
    number(load<i64>(collectBytes(item)));
  }
  return endList(list);
}

/** The `most` greatest or least numbers; floats are rounded. */
export function rankedText(p: usize, greatest: bool, most: u32, floats: bool): usize {
  const count = orderedList(p, greatest, most, numbers);
  const list = beginList();
  for (let i: u32 = 0; i < count; i++) {
    separate(i > 0);
    const value = load<i64>(numbers + (<usize> i << 3));
    number(floats ? <i64> Math.round(unordered(value)) : value);
  }
  return endList(list);
}

/** Each value, a colon, about how often it came. */
export function heavyText(p: usize, numeric: bool): usize {
  const list = beginList(), count = heavyCount(p);
  for (let rank: u32 = 0; rank < count; rank++) {
    separate(rank > 0);
    if (numeric) number(load<i64>(heavyBytes(p, rank)));
    else listBytes(heavyBytes(p, rank), heavyLength(p, rank));
    store<u8>(mark, 0x3a);
    listBytes(mark, 1);
    number(heavyTimes(p, rank));
  }
  return endList(list);
}

/** The bytes of a number; they hold until the next call. */
export function numberBytes(value: u64): usize {
  store<u64>(number64, value);
  return number64;
}

const number64 = memory.data(16, 8);
const mark = memory.data(8, 8);

function separate(needed: bool): void {
  if (!needed) return;
  store<u8>(mark, 0x2c);
  listBytes(mark, 1);
}

function number(value: i64): void {
  listBytes(digits, writeDigits(digits, value));
}

const digits = memory.data(24, 8);
