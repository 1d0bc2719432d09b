/**
 * What a kernel answers with: the effects region of a frame, written as it stands in Frame (tag 0x42, length,
 * Effect). A decision is gathered aside, so that its length is known when its effect is written.
 */
import { eventIndex } from "./context";
import { GATHER, GATHER_BYTES, nextTimer, OUTPUT, OUTPUT_BYTES, SCRATCH, setNextTimer } from "./memory";
import { copyShort, writeBytes, writeVarint } from "./wire";

/** Decision.verdict, by strictness. */
export namespace Verdict {
  export const UNDECIDED: i32 = 0;
  export const APPROVE: i32 = 1;
  export const REVIEW: i32 = 2;
  export const DECLINE: i32 = 3;
}

/** RejectReason. A pipeline's own begin at 100. */
export namespace Reject {
  export const UNSPECIFIED: u32 = 0;
  export const MALFORMED: u32 = 1;
  export const MISSING_FIELD: u32 = 2;
  export const OUT_OF_RANGE: u32 = 3;
  export const OVERFLOW: u32 = 4;
  export const TOO_OLD: u32 = 5;
  export const TOO_NEW: u32 = 6;
  export const KEY_TOO_LONG: u32 = 7;
  export const STATE_FULL: u32 = 8;
  export const POISON: u32 = 9;
  export const UNKNOWN_VARIANT: u32 = 10;
  export const INVALID_UTF8: u32 = 11;
  export const NO_KEY: u32 = 12;
  export const TOO_LARGE: u32 = 13;
}

/** Whether the event has its reply or rejection. */
// @ts-ignore: decorator
@inline
export function isAnswered(): bool {
  return answered;
}

/** The end of the effects written so far. */
export let outputEnd: usize = OUTPUT;
export let rejects: u32 = 0;
let gathered: usize = GATHER + 2;
let answered: bool = false;

export function beginOutput(): void {
  outputEnd = OUTPUT;
  rejects = 0;
  gathered = GATHER + 2;
}

// @ts-ignore: decorator
@inline
export function beginEvent(): void {
  gathered = GATHER + 2; // room for the verdict, which is written last
  answered = false;
}

/** A rule that applies, with what it saw and what it allows. */
export function reason(code: u32, observed: i64, limit: i64): void {
  assert(gathered < GATHER + GATHER_BYTES - 64);
  let p = gathered + 2;
  store<u8>(gathered, 0x12);
  if (code) p = field(p, 0x08, <u64> code);
  if (observed) p = field(p, 0x10, <u64> observed);
  if (limit) p = field(p, 0x18, <u64> limit);
  store<u8>(gathered, <u8> (p - gathered - 2), 1);
  gathered = p;
}

/** What the rules looked at. */
export function figure(code: u32, value: i64): void {
  assert(gathered < GATHER + GATHER_BYTES - 64);
  let p = gathered + 2;
  store<u8>(gathered, 0x1a);
  if (code) p = field(p, 0x08, <u64> code);
  if (value) p = field(p, 0x10, <u64> value);
  store<u8>(gathered, <u8> (p - gathered - 2), 1);
  gathered = p;
}

/** The decision on the event, with the reasons and figures gathered. */
export function reply(verdict: i32): void {
  assert(!answered);
  answered = true;
  store<u8>(GATHER, 0x08);
  store<u8>(GATHER, <u8> verdict, 1);
  const length = <u32> (gathered - GATHER);
  let p = beginEffect(1, 1 + sizeOf(length) + length);
  p = writeVarint(store1(p, 0x1a), length);
  copyShort(p, GATHER, length);
  outputEnd = p + length;
}

/** Bad input: the event is a dead letter. */
export function reject(code: u32): void {
  assert(!answered);
  answered = true;
  rejects++;
  const p = beginEffect(3, 1 + sizeOf(code));
  outputEnd = field(p, 0x28, code);
}

/** A message for the output stream and the pipelines fed by this one, which partition by `key`. */
export function output(key: usize, keyLength: u32, payload: usize, payloadLength: u32): void {
  outputTo(0, key, keyLength, payload, payloadLength);
}

/** The same for one of several outputs. */
export function outputTo(channel: u32, key: usize, keyLength: u32, payload: usize, payloadLength: u32): void {
  const rest: u64 = 2 + sizeOf(payloadLength) + payloadLength + sizeOf(keyLength) + keyLength;
  let p = beginEffect(2, channel ? rest + 1 + sizeOf(channel) : rest);
  if (channel) p = field(p, 0x40, channel);
  p = writeVarint(store1(p, 0x1a), payloadLength);
  copyShort(p, payload, payloadLength);
  p += payloadLength;
  p = writeVarint(store1(p, 0x22), keyLength);
  copyShort(p, key, keyLength);
  outputEnd = p + keyLength;
}

/** The event was applied before; `frame` and `event` name its first answer. */
export function duplicate(frame: u64, event: u32): void {
  let p = beginEffect(4, 1 + sizeOf(frame) + (event ? 1 + sizeOf(event) : 0));
  p = field(p, 0x30, frame);
  outputEnd = event ? field(p, 0x38, event) : p;
}

/** The event's source was read past it before. */
export function stale(): void {
  outputEnd = beginEffect(5, 0);
}

/** In onQuery: the answer. */
export function answer(payload: usize, length: u32): void {
  assert(length <= <u32> OUTPUT_BYTES);
  memory.copy(OUTPUT, payload, length);
  outputEnd = OUTPUT + length;
}

/** 64 KiB to encode a message in; it holds until the event ends. */
// @ts-ignore: decorator
@inline
export function scratch(): usize {
  return SCRATCH;
}

/** Asks for a TIMER event at `at`, unless an earlier one is already asked for. */
export function setTimer(at: i64): void {
  if (at < nextTimer()) setNextTimer(at);
}

/** The event came after its time; the payload is a Late. */
export function late(payload: usize, payloadLength: u32): void {
  const p = beginEffect(6, 1 + sizeOf(payloadLength) + payloadLength);
  outputEnd = writeBytes(p, 0x1a, payload, payloadLength);
}

/** All results before `time` have been put out, and whether more is to be waited for: a Watermark. */
export function advanced(time: i64, idle: bool): void {
  const length: u8 = idle ? 11 : 9;
  const p = beginEffect(7, length + 2);
  store<u8>(p, 0x1a);
  store<u8>(p, length, 1);
  store<u8>(p, 0x09, 2);
  store<i64>(p, time, 3);
  if (idle) store<u16>(p, 0x0120, 11);
  outputEnd = p + length + 2;
}

/** Tag, length, event index and kind of an effect with `rest` bytes more. */
function beginEffect(kind: u32, rest: u64): usize {
  const index = eventIndex;
  const length = rest + 2 + (index ? 1 + sizeOf(index) : 0);
  assert(<u64> outputEnd + length + 32 < OUTPUT + OUTPUT_BYTES);
  let p = writeVarint(store1(outputEnd, 0x42), length);
  if (index) p = field(p, 0x08, index);
  store<u16>(p, <u16> (0x10 | (kind << 8)));
  return p + 2;
}

// @ts-ignore: decorator
@inline
function store1(p: usize, byte: u8): usize {
  store<u8>(p, byte);
  return p + 1;
}

// @ts-ignore: decorator
@inline
function field(p: usize, tag: u8, value: u64): usize {
  store<u8>(p, tag);
  return writeVarint(p + 1, value);
}

/** Bytes of a varint. */
// @ts-ignore: decorator
@inline
function sizeOf(value: u64): u64 {
  return <u64> ((<u32> (63 - <i32> clz(value | 1)) * 9 + 73) >> 6);
}
