/**
 * Looking further ahead: an operator notes the keys of the next events as it asks for their entries; when
 * those have come (onAheadDone), it asks for the rows that they name, of all of them at once. Nothing of this
 * changes state.
 */
import { entryFound } from "../lib/ahead";
import { PAGE, RESULT } from "../lib/memory";

// @ts-ignore: decorator
@inline
const SINK: usize = RESULT + 268;

/** Keys noted at most: those of 32 events at up to four operators. */
// @ts-ignore: decorator
@inline
const MOST: u32 = 128;

/** (operator, question) of each. Scratch of one look ahead. */
const notes = memory.data(128 * 8, 8);
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

/** Reads the first two lines of a row, as far as they stand in one page: behind that memory may end. */
// @ts-ignore: decorator
@inline
export function lines(row: usize): u32 {
  return load<u32>(row) + load<u32>((row & (PAGE - 1)) < PAGE - 64 ? row + 64 : row);
}

/**
 * Asks for the rows that the operator's entries name at `a` and at `b`, bytes from the entry on, and for the
 * two below each, which a row names at `below`. Each loop waits for all of its memory together.
 */
export function askTrees(operator: usize, a: usize, b: usize, below: usize): void {
  let n: u32 = 0, m: u32 = 0, sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = notes + (<usize> i << 3);
    if (<usize> load<u32>(at) != operator) {
      store<u64>(notes + (<usize> m << 3), load<u64>(at));
      m++;
      continue;
    }
    const entry = entryFound(load<u32>(at, 4));
    if (!entry || n > 126) continue;
    const left = load<u32>(entry + a), right = load<u32>(entry + b);
    store<u32>(rows + (<usize> n << 2), left);
    n += <u32> (left != 0);
    store<u32>(rows + (<usize> n << 2), right);
    n += <u32> (right != 0);
  }
  count = m;
  for (let i: u32 = 0; i < n; i++) sum += lines(<usize> load<u32>(rows + (<usize> i << 2)));
  m = 0;
  for (let i: u32 = 0; i < n; i++) {
    const row = <usize> load<u32>(rows + (<usize> i << 2)) + below;
    const left = load<u32>(row), right = load<u32>(row, 4);
    store<u32>(deeper + (<usize> m << 2), left);
    m += <u32> (left != 0);
    store<u32>(deeper + (<usize> m << 2), right);
    m += <u32> (right != 0);
  }
  for (let i: u32 = 0; i < m; i++) sum += lines(<usize> load<u32>(deeper + (<usize> i << 2)));
  sink(sum);
}

/** Rows below the first ones. Scratch. */
const deeper = memory.data(260 * 4, 8);

/** (row, where it names the two rows below it) of those found so far by one look ahead. Scratch. */
const rows = memory.data(128 * 8, 8);
let rowCount: u32 = 0;

/**
 * Reads the first two lines of a row (0 = none), and keeps it for `askBelow`: at `below` it names the
 * two rows under it in a tree.
 */
// @ts-ignore: decorator
@inline
export function askRow(row: usize, below: u32): u32 {
  if (!row || rowCount == 128) return 0;
  const at = rows + (<usize> rowCount << 3);
  store<u32>(at, <u32> row);
  store<u32>(at, below, 4);
  rowCount++;
  return lines(row);
}

/** Reads the rows below those in their trees. */
export function askBelow(): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < rowCount; i++) {
    const at = rows + (<usize> i << 3), names = <usize> load<u32>(at) + load<u32>(at, 4);
    const left = <usize> load<u32>(names), right = <usize> load<u32>(names, 4);
    if (left) sum += lines(left);
    if (right) sum += lines(right);
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
