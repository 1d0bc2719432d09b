/**
 * What declared pipelines put out: rows, and records of late events. One event may cause at most so many
 * bytes of effects; rows beyond that wait in a queue in state and follow, in order, with the next events or
 * with a timer that falls due at once. So no frame exceeds the ledger's limit, however large a window is.
 */
import { isAnswered, late as lateEffect, outputEnd, outputTo, reject, Reject } from "../lib/effects";
import { alloc, release, SCRATCH, touch, touchRange } from "../lib/memory";
import { writeVarint } from "../lib/wire";
import { enterOperator, OUT_STATE, watermark } from "./time";

/** Most bytes of effects that one event can cause: EFFECT_BYTES_MAX of every declared kernel. */
// @ts-ignore: decorator
@inline
export const OUT_BYTES_MAX: u32 = 65536 + 128;

/** An operator that is firing stops here, so that what one result causes still fits. */
// @ts-ignore: decorator
@inline
const ROOM: usize = 32768;

/** Longest row, bytes, key included. */
// @ts-ignore: decorator
@inline
const ROW_BYTES_MAX: u32 = 61440;

/** A row that waits: next, channel, key length, payload length, then both. */
@unmanaged
class Waiting {
  next: usize;
  channel: u32;
  keyLength: u32;
  length: u32;
}

@unmanaged
class Queue {
  first: usize;
  last: usize;
  count: u64;
}

// @ts-ignore: decorator
@inline
const queue = changetype<Queue>(OUT_STATE);

/** Scratch of the present event. */
let start: usize = 0;
let refused: bool = false;
let time: i64 = 0;
let operatorNumber: u32 = 0;

/** Before each event. */
// @ts-ignore: decorator
@inline
export function enterOut(): void {
  start = outputEnd;
  refused = false;
}

/** The row at hand: its event time and the number of the operator it comes to. */
// @ts-ignore: decorator
@inline
export function enterRow(at: i64, operator: u32): void {
  time = at;
  operatorNumber = operator;
  enterOperator(operator);
}

/** Event time of the row at hand: that of what comes of it at once. */
// @ts-ignore: decorator
@inline
export function rowTime(): i64 {
  return time;
}

/** Whether a firing operator may emit one more result now. */
// @ts-ignore: decorator
@inline
export function room(): bool {
  return outputEnd - start < ROOM && !queue.first;
}

/** The event is bad input; said once. */
export function refuse(reason: u32): void {
  if (refused || isAnswered()) return;
  refused = true;
  reject(reason);
}

/** One row on a channel. `key` is what a stage behind partitions by. */
export function emit(channel: u32, key: usize, keyLength: u32, payload: usize, length: u32): void {
  if (length + keyLength > ROW_BYTES_MAX) return refuse(Reject.OUT_OF_RANGE);
  if (!queue.first && outputEnd - start + length + keyLength + 64 < OUT_BYTES_MAX) {
    outputTo(channel, key, keyLength, payload, length);
  } else wait(channel, key, keyLength, payload, length);
}

/** Puts out what waits, as far as there is room; whether all of it is out. */
export function drain(): bool {
  while (queue.first) {
    const row = changetype<Waiting>(queue.first);
    const bytes = <usize> row.length + row.keyLength;
    if (outputEnd - start + bytes + 64 >= OUT_BYTES_MAX) return false;
    const key = queue.first + offsetof<Waiting>();
    outputTo(row.channel, key, row.keyLength, key + row.keyLength, row.length);
    const next = row.next;
    release(queue.first, offsetof<Waiting>() + bytes);
    queue.first = next;
    queue.count--;
  }
  queue.last = 0;
  return true;
}

/** The present row came too late for [from, to), or altogether where they are equal. */
export function late(from: i64, to: i64, reason: u32): void {
  tellLate(from, to, reason, 0);
}

/** The present row counts, but not in so many of its windows, the newest of which is [from, to). */
export function latePartly(from: i64, to: i64, missed: i64): void {
  tellLate(from, to, LateReason.PARTIAL, missed);
}

function tellLate(from: i64, to: i64, reason: u32, missed: i64): void {
  let p = SCRATCH;
  p = field(p, 0x08, time);
  p = field(p, 0x10, watermark());
  p = field(p, 0x18, from);
  p = field(p, 0x20, to);
  p = field(p, 0x28, reason);
  p = field(p, 0x30, operatorNumber);
  p = field(p, 0x38, missed);
  lateEffect(SCRATCH, <u32> (p - SCRATCH));
}

/** LateReason. */
export namespace LateReason {
  export const WINDOW_CLOSED: u32 = 1;
  export const ROW_EXPIRED: u32 = 2;
  export const FAR_FUTURE: u32 = 3;
  export const PARTIAL: u32 = 4;
}

function wait(channel: u32, key: usize, keyLength: u32, payload: usize, length: u32): void {
  const bytes = offsetof<Waiting>() + keyLength + length;
  const block = alloc(bytes);
  // What has been counted must not be lost: with no room to keep it the event fails, as a bug would.
  assert(block != 0);
  touchRange(block, bytes);
  const row = changetype<Waiting>(block);
  row.channel = channel;
  row.keyLength = keyLength;
  row.length = length;
  memory.copy(block + offsetof<Waiting>(), key, keyLength);
  memory.copy(block + offsetof<Waiting>() + keyLength, payload, length);
  if (queue.last) {
    touch(queue.last);
    changetype<Waiting>(queue.last).next = block;
  } else queue.first = block;
  queue.last = block;
  queue.count++;
}

// @ts-ignore: decorator
@inline
function field(p: usize, tag: u8, value: i64): usize {
  if (!value) return p;
  store<u8>(p, tag);
  return writeVarint(p + 1, <u64> value);
}
