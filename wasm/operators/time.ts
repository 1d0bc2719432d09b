/**
 * Event time within a partition: how far each input has come, and the watermark, which is the least of them.
 * It lies in state, so a snapshot carries it. The watermark W says: no event with a time below W is expected.
 *
 * An input is a source (its mark rises with its events), or the stage before, which tells its own watermark
 * for each of its partitions. An idle input holds nothing back until its next event.
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
}

@unmanaged
class Input {
  mark: i64;
  /** Of the stage before: one mark for each of its partitions, in the arena; 0 for a source. */
  marks: usize;
  partitions: u32;
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

/** The watermark that was told to the stage behind; whether this one is newer. */
export function advances(): bool {
  if (head.told >= head.watermark) return false;
  head.told = head.watermark;
  return true;
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
  input.marks = alloc(<usize> partitions << 3);
  if (!input.marks) return false;
  for (let i: usize = 0; i < <usize> partitions; i++) {
    touch(input.marks + (i << 3));
    store<i64>(input.marks + (i << 3), i64.MIN_VALUE);
  }
  return true;
}

/** An event of a source came: none with a time below `mark` is expected from it any more. */
// @ts-ignore: decorator
@inline
export function observe(index: u32, mark: i64): void {
  const input = inputAt(index);
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
  let time: i64 = 0, index: u64 = 0, partition: u64 = 0, idle = false;
  for (let p = ptr; p < end; p = at) {
    const tag = varint(p, end);
    if (!at) return;
    if (tag == 0x09 && at + 8 <= end) {
      time = load<i64>(at);
      skip(tag, at, end);
    } else if (tag == 0x10) index = varint(at, end);
    else if (tag == 0x18) partition = varint(at, end);
    else if (tag == 0x20) idle = varint(at, end) != 0;
    else skip(tag, at, end);
    if (!at) return;
  }
  if (index >= <u64> head.inputs) return;
  const input = inputAt(<u32> index);
  if (idle) {
    input.idle = true;
    return settle();
  }
  if (!input.marks) return moved(input, time);
  if (partition >= <u64> input.partitions) return;
  const mine = input.marks + (<usize> partition << 3);
  if (time <= load<i64>(mine)) return;
  touch(mine);
  store<i64>(mine, time);
  let least = i64.MAX_VALUE;
  for (let i: usize = 0; i < <usize> input.partitions; i++) {
    least = min(least, load<i64>(input.marks + (i << 3)));
  }
  moved(input, least);
}

/** The watermark is the least mark of the inputs that are not idle; it never goes back. */
function settle(): void {
  let least = i64.MAX_VALUE, some = false;
  for (let i: u32 = 0; i < head.inputs; i++) {
    const input = inputAt(i);
    if (input.idle) continue;
    some = true;
    if (input.mark < least) least = input.mark;
  }
  if (some && least > head.watermark) head.watermark = least;
}
