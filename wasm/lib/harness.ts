/**
 * The frame loop behind the ABI of runtime/kernel/abi.ts. It takes the records of a frame apart and settles
 * what does not concern the kernel (stale, duplicate, quarantined); the rest it hands to the kernel's hooks.
 * `./kernel` stands for the kernel's own file; build.ts puts its path there.
 */
import * as kernel from "./kernel";
import { AHEAD, askEntries, beginAhead, forgetHints } from "./ahead";
import { clock, enterEvent, enterFrame } from "./context";
import { dedupInit, dedupOn, idAhead, originalEvent, originalFrame, remember } from "./dedup";
import { answer, beginEvent, beginOutput, duplicate, outputEnd, Reject, reject, rejects, stale } from "./effects";
import {
  inputAddress,
  inputRegion,
  memoryInit,
  memoryRestored,
  nextTimer,
  OUTPUT,
  OUTPUT_BYTES,
  PAGE,
  RESULT,
  setNextTimer,
  setSeed,
  setStateMax,
  snapshotDrop,
  snapshotStart,
  snapshotTake,
  stateBytes,
  touchRoot,
} from "./memory";
import { advanceSource, sourceAt, sourcesInit } from "./sources";
import { at, dropJoined, lengthOf, moveTo, skip, varint } from "./wire";

// @ts-ignore: decorator
@inline
const OK: i32 = 0;

// @ts-ignore: decorator
@inline
const NOT_FOUND: i32 = 1;

// @ts-ignore: decorator
@inline
const BAD_PARAMS: i32 = -1;

// @ts-ignore: decorator
@inline
const BAD_FRAME: i32 = -2;

/** The length of a payload that is not the kernel's. */
// @ts-ignore: decorator
@inline
const NONE: u32 = 0xffffffff;

/** The Event record that was read last. */
let payload: usize = 0;
let payloadLength: u32 = 0;
let id: usize = 0;
let idLength: u32 = 0;
let source: usize = 0;
let sourceLength: u32 = 0;
let sequence: u64 = 0;
let kind: u64 = 0;
let reason: u64 = 0;

/** Where the answer of sourceMark is put together. */
const markBytes = memory.data(8, 8);

export function abi(): i32 {
  return 2;
}
export function result(): usize {
  return RESULT;
}
export function input(length: u32): usize {
  return inputRegion(length);
}

export function init(length: u32): void {
  memoryInit();
  touchRoot();
  beginOutput();
  finish(readParams(inputAddress(), length) ? OK : BAD_PARAMS, 0, 0);
}

export function apply(frameClock: i64, number: u64, length: u32, outputMax: u32): void {
  touchRoot();
  enterFrame(frameClock, number);
  beginOutput();
  const start = inputAddress();
  applyAll(start, start + length, 0, OUTPUT + min<usize>(outputMax, OUTPUT_BYTES - 64), false);
}

export function decide(frameClock: i64, number: u64, index: u32, length: u32): void {
  touchRoot();
  enterFrame(frameClock, number);
  beginOutput();
  const start = inputAddress();
  applyAll(start, start + length, index, OUTPUT + OUTPUT_BYTES, true);
}

/**
 * Applies records of a frame, or a `single` event that stands alone. Both from here, so that each hook of the kernel
 * is called in one place alone: then the compiler puts all of it into this loop.
 */
function applyAll(start: usize, end: usize, first: u32, limit: usize, single: bool): void {
  let p = start, index = first, bytes = <u32> (end - start), from = start;
  while (single || p < end) {
    if (index != first && outputEnd + kernel.EFFECT_BYTES_MAX > limit) break;
    if (isDefined(kernel.onAhead)) {
      if (!((index - first) & (AHEAD - 1))) lookAhead(p, end, single);
    }
    if (!single) {
      if (load<u8>(p) != 0x3a) return finish(BAD_FRAME, <u32> (p - start), index);
      bytes = load<u8>(p, 1);
      from = p + 2;
      if (bytes > 0x7f || from + bytes > end) {
        bytes = lengthOf(p + 1, end);
        if (!at) return finish(BAD_FRAME, <u32> (p - start), index);
        from = at;
      }
    }
    store<u32>(RESULT, index - first, 8);
    p = from + bytes;
    enterEvent(index++);
    beginEvent();
    dropJoined();
    if (bytes > 2 && bytes < 0x82 && load<u16>(from) == <u16> (0x0a | (bytes - 2) << 8)) { // a short payload alone
      payload = from + 2;
      payloadLength = bytes - 2;
    } else {
      if (!readEvent(from, p)) return finish(BAD_FRAME, <u32> (from - start), index - first - 1);
      payloadLength = settle() ? NONE : payloadLength;
    }
    if (payloadLength <= kernel.EVENT_BYTES_MAX) kernel.onEvent(payload, payloadLength);
    else if (payloadLength != NONE) reject(Reject.MALFORMED);
    if (single) break;
  }
  if (isDefined(kernel.onFrameEnd)) kernel.onFrameEnd();
  finish(OK, <u32> (p - start), index - first);
}

export function query(length: u32): void {
  beginOutput();
  finish(kernel.onQuery(inputAddress(), length) ? OK : NOT_FOUND, 0, 0);
}

export function sourceMark(length: u32): void {
  beginOutput();
  store<u64>(markBytes, sourceAt(inputAddress(), length));
  answer(markBytes, 8);
  finish(OK, 0, 0);
}

export function snapshotBegin(all: i32): u32 {
  touchRoot();
  return snapshotStart(all != 0);
}
export function snapshotNext(pagesMax: u32): u32 {
  const pages = snapshotTake(pagesMax);
  store<u32>(RESULT, <u32> OUTPUT, 12);
  store<u32>(RESULT, pages * <u32> (PAGE + 4), 16);
  return pages;
}
export function snapshotAbort(): void {
  snapshotDrop();
}
export function restored(): void {
  memoryRestored();
  forgetHints();
  beginOutput();
  finish(OK, 0, 0);
}

export function describe(): void {
  let p = text(OUTPUT, '{"name":"');
  p = text(p, kernel.NAME);
  p = text(p, '","abi":2,"schemaHash":"');
  p = text(p, kernel.SCHEMA_HASH);
  p = digits(text(p, '","effectBytesMax":'), kernel.EFFECT_BYTES_MAX);
  p = digits(text(p, ',"eventBytesMax":'), kernel.EVENT_BYTES_MAX);
  p = digits(text(p, ',"keyBytesMax":'), kernel.KEY_BYTES_MAX);
  p = text(p, "}");
  store<i32>(RESULT, OK);
  store<u32>(RESULT, <u32> OUTPUT, 12);
  store<u32>(RESULT, <u32> (p - OUTPUT), 16);
}

/** Lets the kernel ask for the memory that the next events will need. What it cannot read it passes over. */
function lookAhead(p: usize, end: usize, single: bool): void {
  beginAhead(single);
  let stop = end, start = p;
  for (let i: u32 = 0; i < AHEAD && p < end; i++) {
    if (!single) {
      if (load<u8>(p) != 0x3a) break;
      let bytes: u32 = load<u8>(p, 1);
      start = p + 2;
      if (bytes > 0x7f || start + bytes > end) {
        bytes = lengthOf(p + 1, end);
        if (!at) break;
        start = at;
      }
      stop = start + bytes;
    }
    p = stop;
    if (start == stop || load<u8>(start) != 0x0a) continue;
    let length: u32 = load<u8>(start, 1), from = start + 2;
    if (length > 0x7f || from + length > stop) {
      length = lengthOf(start + 1, stop);
      if (!at) continue;
      from = at;
    }
    const behind = from + length;
    if (behind + 1 < stop && load<u8>(behind) == 0x12 && dedupOn()) { // first, as it will be looked at first
      const idBytes = lengthOf(behind + 1, stop);
      if (at) idAhead(at, idBytes);
    }
    kernel.onAhead(from, length);
  }
  askEntries();
  if (isDefined(kernel.onAheadDone)) kernel.onAheadDone();
}

/** One event, in the order in which it can be settled: stale, duplicate, quarantined; false = it is the kernel's. */
function settle(): bool {
  if (sequence && sourceLength) {
    const known = advanceSource(source, sourceLength, sequence);
    if (known > 0) stale();
    else if (known < 0 && kind != 2) reject(Reject.STATE_FULL);
    if (known > 0 || known < 0 && kind != 2) return true;
  }
  if (idLength && dedupOn()) {
    const known = remember(id, idLength);
    if (known > 0) duplicate(originalFrame, originalEvent);
    else if (known < 0 && kind != 2) reject(Reject.STATE_FULL);
    if (known > 0 || known < 0 && kind != 2) return true;
  }
  if (!kind) return false;
  if (kind == 2) reject(Reject.POISON);
  else if (kind == 1) timer();
  else if (kind == 3) mark();
  else if (kind == 4) reject(<u32> reason);
  else if (kind == 5) correction();
  return true;
}

/** A timer that comes before its time does nothing. */
function timer(): void {
  if (clock < nextTimer()) return;
  setNextTimer(i64.MAX_VALUE);
  if (isDefined(kernel.onTimer)) kernel.onTimer();
}

/** A kernel without event time has no use for a watermark. */
function mark(): void {
  if (isDefined(kernel.onWatermark)) kernel.onWatermark(payload, payloadLength);
}

/** A kernel that was not compiled from a declaration takes nothing back. */
function correction(): void {
  if (isDefined(kernel.onCorrection)) kernel.onCorrection(payload, payloadLength);
  else reject(Reject.MALFORMED);
}

function readEvent(p: usize, end: usize): bool {
  payloadLength = 0;
  idLength = 0;
  sourceLength = 0;
  sequence = 0;
  kind = 0;
  reason = 0;
  payload = p;
  if (p < end && load<u8>(p) == 0x0a) { // nearly always: a short payload first
    const length: u32 = load<u8>(p, 1);
    if (length < 0x80 && p + 2 + length <= end) {
      payloadLength = length;
      payload = p + 2;
      p = payload + length;
    }
  }
  while (p < end) {
    const tag = varint(p, end);
    if (!at) return false;
    if (tag == 0x0a) {
      payloadLength = lengthOf(at, end);
      payload = at;
      p = at + payloadLength;
    } else if (tag == 0x12) {
      idLength = lengthOf(at, end);
      id = at;
      p = at + idLength;
    } else if (tag == 0x1a) {
      sourceLength = lengthOf(at, end);
      source = at;
      p = at + sourceLength;
    } else if (tag == 0x20) {
      sequence = varint(at, end);
      p = at;
    } else if (tag == 0x28) {
      kind = varint(at, end);
      p = at;
    } else if (tag == 0x30) {
      reason = varint(at, end);
      p = at;
    } else {
      if (tag >> 3 <= 6) return false; // a known field in another wire type
      skip(tag, at, end);
      p = at;
    }
    if (!at) return false;
  }
  return kind <= 5;
}

/** KernelParams: dedupe window, most ids, bound on state, and the kernel's own parameters. */
function readParams(p: usize, length: u32): bool {
  const end = p + length;
  let window: u64 = 0, idsMax: u64 = 0, stateMax: u64 = 0, own: usize = p, ownLength: u32 = 0;
  let seed: u64 = 0x9E3779B97F4A7C15;
  for (let i: u32 = 0; i < length; i++) seed = (seed ^ load<u8>(p + i)) * 0x100000001B3;
  while (p < end) {
    const tag = varint(p, end);
    if (!at) return false;
    if (tag == 0x08) window = varint(at, end);
    else if (tag == 0x10) idsMax = varint(at, end);
    else if (tag == 0x18) stateMax = varint(at, end);
    else if (tag == 0x7a) {
      ownLength = lengthOf(at, end);
      own = at;
      if (at) moveTo(at + ownLength);
    } else skip(tag, at, end);
    if (!at) return false;
    p = at;
  }
  if (<i64> window < 0) return false;
  if (stateMax) setStateMax(stateMax);
  setSeed(seed);
  return dedupInit(window, <u32> min<u64>(idsMax, 0xffffffff)) && sourcesInit() &&
    kernel.onInit(own, ownLength);
}

function finish(status: i32, bytes: u32, events: u32): void {
  store<i32>(RESULT, status);
  store<u32>(RESULT, bytes, 4);
  store<u32>(RESULT, events, 8);
  store<u32>(RESULT, <u32> OUTPUT, 12);
  store<u32>(RESULT, <u32> (outputEnd - OUTPUT), 16);
  store<u32>(RESULT, rejects, 20);
  store<i64>(RESULT, nextTimer(), 24);
  store<u64>(RESULT, kernel.stateKeys(), 32);
  store<u64>(RESULT, stateBytes(), 40);
}

function text(p: usize, ascii: string): usize {
  for (let i = 0; i < ascii.length; i++) store<u8>(p++, <u8> ascii.charCodeAt(i));
  return p;
}

function digits(p: usize, value: u32): usize {
  let scale: u32 = 1;
  while (value / scale >= 10) scale *= 10;
  for (; scale; scale /= 10) store<u8>(p++, <u8> (0x30 + value / scale % 10));
  return p;
}
