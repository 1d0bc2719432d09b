/**
 * Event time within a partition: how far each input has come, and the watermark, which is the least of them.
 * It lies in state, so a snapshot carries it. The watermark W says: no event with a time below W is expected.
 *
 * An input is a source (its mark rises with its events), or the stage before, which tells its own watermark
 * for each of its partitions. An idle input holds nothing back until its next event, nor does one that has
 * ended; where no other is left, the watermark is the greatest mark of the idle ones, whichever fell silent first.
 */
import { alloc, STATE, touch } from "../lib/memory";
import { at, skip, varint } from "../lib/wire";

/** Where the state of operators begins; before it stands what this file and out.ts keep. */
// @ts-ignore: decorator
@inline
export const OPERATORS: usize = STATE + 2048;

// @ts-ignore: decorator
@inline
export const OUT_STATE: usize = STATE + 1536;

// @ts-ignore: decorator
@inline
export const INPUTS_MAX: u32 = 32;

/** A stage before this one has at most so many partitions. */
// @ts-ignore: decorator
@inline
const PARTITIONS_MAX: u32 = 4096;

@unmanaged
class Head {
  watermark: i64;
  told: i64;
  inputs: u32;
  /** Whether all inputs are idle, and whether that was told to the stage behind. */
  idle: bool;
  toldIdle: bool;
}

@unmanaged
class Input {
  mark: i64;
  /** Of the stage before: a Part for each of its partitions, in the arena; 0 for a source. */
  marks: usize;
  partitions: u32;
  idle: bool;
  /** Events and marks that came: whoever says that it is idle says after how many. */
  seen: u64;
}

/** A partition of the stage before. */
@unmanaged
class Part {
  mark: i64;
  idle: bool;
}

// @ts-ignore: decorator
@inline
const head = changetype<Head>(STATE);

// @ts-ignore: decorator
@inline
const FIRST: usize = STATE + 64;

// @ts-ignore: decorator
@inline
function inputAt(index: u32): Input {
  return changetype<Input>(FIRST + <usize> index * offsetof<Input>());
}

/** Each operator's own watermark: how far everything before it has come out. At most OPERATORS_MAX. */
// @ts-ignore: decorator
@inline
const MARKS: usize = STATE + 1088;

// @ts-ignore: decorator
@inline
export const OPERATORS_MAX: u32 = 48;

/** The watermark of the operator at work. Scratch; see enterOperator. */
let current: i64 = 0;

/** The watermark, as far as the operator at work has been told of it. */
// @ts-ignore: decorator
@inline
export function watermark(): i64 {
  return current;
}

/** The partition's watermark: the least of its inputs'. */
// @ts-ignore: decorator
@inline
export function newest(): i64 {
  return head.watermark;
}

/** Before an operator is given a row, and when what it caused has been dealt with. */
// @ts-ignore: decorator
@inline
export function enterOperator(operator: u32): void {
  current = load<i64>(MARKS + (<usize> operator << 3));
}

/** All rows before `w` have reached the operator: it may fire. */
// @ts-ignore: decorator
@inline
export function tellOperator(operator: u32, w: i64): void {
  store<i64>(MARKS + (<usize> operator << 3), w);
  current = w;
}

/**
 * Whether the stage behind has something to be told: a newer watermark, or that all is idle, or no more so. While
 * something is `open` that time will bring out, the stage behind must wait for it, however silent the inputs are.
 */
export function advances(open: bool): bool {
  const idle = head.idle && !open;
  if (head.told >= head.watermark && head.toldIdle == idle) return false;
  head.told = head.watermark;
  head.toldIdle = idle;
  return true;
}

/** Whether that told that all inputs are idle. */
// @ts-ignore: decorator
@inline
export function toldIdle(): bool {
  return head.toldIdle;
}

/** For whoever watches over the inputs: of each the mark, how many events it has seen, whether it is idle. */
export function tellInputs(p: usize): usize {
  for (let i: u32 = 0; i < head.inputs; i++, p += 24) {
    const input = inputAt(i);
    store<i64>(p, input.mark);
    store<u64>(p, input.seen, 8);
    store<u64>(p, input.idle ? 1 : 0, 16);
  }
  return p;
}

/** In onInit. Each input is a source until `stageInput` says otherwise. */
export function timeInit(inputs: u32): bool {
  if (inputs > INPUTS_MAX) return false;
  head.watermark = i64.MIN_VALUE;
  head.told = i64.MIN_VALUE;
  for (let i: u32 = 0; i < OPERATORS_MAX; i++) store<i64>(MARKS + (<usize> i << 3), i64.MIN_VALUE);
  head.inputs = inputs;
  for (let i: u32 = 0; i < inputs; i++) inputAt(i).mark = i64.MIN_VALUE;
  return true;
}

/** In onInit: this input is fed by a stage of so many partitions. */
export function stageInput(index: u32, partitions: u32): bool {
  if (partitions > PARTITIONS_MAX) return false;
  const input = inputAt(index);
  input.partitions = partitions;
  input.marks = alloc(<usize> partitions * offsetof<Part>());
  if (!input.marks) return false;
  for (let i: u32 = 0; i < partitions; i++) {
    const part = partAt(input, i);
    touch(changetype<usize>(part));
    part.mark = i64.MIN_VALUE;
    part.idle = false;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function partAt(input: Input, partition: u32): Part {
  return changetype<Part>(input.marks + <usize> partition * offsetof<Part>());
}

/** An event of a source came: none with a time below `mark` is expected from it any more. */
// @ts-ignore: decorator
@inline
export function observe(index: u32, mark: i64): void {
  const input = inputAt(index);
  input.seen++;
  if (mark > input.mark || input.idle) moved(input, mark);
}

function moved(input: Input, mark: i64): void {
  if (mark > input.mark) input.mark = mark;
  input.idle = false;
  settle();
}

/** The payload of a WATERMARK event. What cannot be read changes nothing. */
export function observeMark(ptr: usize, length: u32): void {
  const end = ptr + length;
  let time: i64 = 0, index: u64 = 0, partition: u64 = 0, idle = false, counts = false, seen: u64 = 0;
  for (let p = ptr; p < end; p = at) {
    const tag = varint(p, end);
    if (!at) return;
    if (tag == 0x09 && at + 8 <= end) {
      time = load<i64>(at);
      skip(tag, at, end);
    } else if (tag == 0x10) index = varint(at, end);
    else if (tag == 0x18) partition = varint(at, end);
    else if (tag == 0x20) idle = varint(at, end) != 0;
    else if (tag == 0x28) {
      seen = varint(at, end);
      counts = true;
    } else skip(tag, at, end);
    if (!at) return;
  }
  if (index >= <u64> head.inputs) return;
  const input = inputAt(<u32> index);
  // Whoever said that it is idle did not know yet of what has come since.
  if (counts && seen != input.seen) return;
  if (input.marks && partition < <u64> input.partitions) return observePart(input, <u32> partition, time, idle);
  if (input.marks) return;
  if (!idle) {
    input.seen++;
    return moved(input, time);
  }
  input.idle = true;
  settle();
}

/** A partition of the stage before: how far it is, and whether it waits for anything. */
function observePart(input: Input, partition: u32, time: i64, idle: bool): void {
  const mine = partAt(input, partition);
  if (time <= mine.mark && idle == mine.idle) return;
  touch(changetype<usize>(mine));
  if (time > mine.mark) mine.mark = time;
  mine.idle = idle;
  input.seen++;
  beginLeast();
  for (let i: u32 = 0; i < input.partitions; i++) {
    const part = partAt(input, i);
    least(part.mark, part.idle);
  }
  if (!allSilent()) return moved(input, leastMark());
  input.mark = max(input.mark, leastMark());
  input.idle = true;
  settle();
}

/** The watermark is the least mark of the inputs, as the file's head says; it never goes back. */
function settle(): void {
  beginLeast();
  for (let i: u32 = 0; i < head.inputs; i++) {
    const input = inputAt(i);
    least(input.mark, input.idle);
  }
  head.idle = allSilent();
  if (leastMark() > head.watermark) head.watermark = leastMark();
}

/** Of marks: the least of those that are not idle; of idle ones the greatest. What has ended holds nothing back. */
let active: i64 = 0;
let silent: i64 = 0;
let someActive: bool = false;
let someSilent: bool = false;

function beginLeast(): void {
  active = i64.MAX_VALUE;
  silent = i64.MIN_VALUE;
  someActive = false;
  someSilent = false;
}

// @ts-ignore: decorator
@inline
function least(mark: i64, idle: bool): void {
  if (mark == i64.MAX_VALUE) return;
  if (idle) {
    someSilent = true;
    silent = max(silent, mark);
  } else {
    someActive = true;
    active = min(active, mark);
  }
}

// @ts-ignore: decorator
@inline
function allSilent(): bool {
  return someSilent && !someActive;
}

// @ts-ignore: decorator
@inline
function leastMark(): i64 {
  return allSilent() ? silent : active;
}
