/**
 * Looking further ahead: an operator notes the keys of the next events as it asks for their entries; when
 * those have come (onAheadDone), it asks for the rows that they name, of all of them at once. Nothing of this
 * changes state.
 */
import { entryFound } from "../lib/ahead";
import { RESULT } from "../lib/memory";
import { Node } from "./tree";

// @ts-ignore: decorator
@inline
const SINK: usize = RESULT + 268;

/** Keys noted at most: those of 16 events at up to four operators. */
// @ts-ignore: decorator
@inline
const MOST: u32 = 64;

/** (operator, question) of each. Scratch of one look ahead. */
const notes = memory.data(64 * 8, 8);
let count: u32 = 0;

/** The operator put a question to its table (Table.ask). */
// @ts-ignore: decorator
@inline
export function note(operator: usize, question: u32): void {
  if (count == MOST) return;
  const at = notes + (<usize> count << 3);
  count++;
  store<u32>(at, <u32> operator);
  store<u32>(at, question, 4);
}

/** Takes one of the operator's notes: the entry that was found, 0 = none; or 1 = there is no more. */
export function noted(operator: usize): usize {
  for (let i = count; i > 0; i--) {
    const at = notes + (<usize> (i - 1) << 3);
    if (<usize> load<u32>(at) != operator) continue;
    const question = load<u32>(at, 4);
    count--;
    store<u64>(at, load<u64>(notes + (<usize> count << 3)));
    return entryFound(question);
  }
  return 1;
}

/** Rows found so far by one look ahead, for what they name in turn. Scratch. */
const rows = memory.data(128 * 4, 8);
let rowCount: u32 = 0;

/** Reads a row of up to 128 bytes (0 = none), and keeps it for `askBelow`. */
// @ts-ignore: decorator
@inline
export function askRow(row: usize): u32 {
  if (!row || rowCount == 128) return 0;
  store<u32>(rows + (<usize> rowCount << 2), <u32> row);
  rowCount++;
  return load<u32>(row) + load<u32>(row + 64);
}

/** Reads the rows below those in their trees. */
export function askBelow(): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < rowCount; i++) {
    const node = changetype<Node>(<usize> load<u32>(rows + (<usize> i << 2)));
    if (node.left) sum += load<u32>(<usize> node.left) + load<u32>(<usize> node.left + 64);
    if (node.right) sum += load<u32>(<usize> node.right) + load<u32>(<usize> node.right + 64);
  }
  rowCount = 0;
  return sum;
}

/** Uses what was read, so that it is read. */
// @ts-ignore: decorator
@inline
export function sink(sum: u32): void {
  store<u32>(SINK, sum);
}
