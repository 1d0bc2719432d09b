/**
 * Looking further ahead: an operator notes the keys of the next events as it asks for their entries; when
 * those have come (onAheadDone), it asks for the rows that they name, of all of them at once. Nothing of this
 * changes state.
 */
import { AHEAD, entryFound, readAll } from "../lib/ahead";
import { PAGE, RESULT } from "../lib/memory";

// @ts-ignore: decorator
@inline
const SINK: usize = RESULT + 268;

/** Keys noted at most: those of all events that are looked at, at up to four operators. */
// @ts-ignore: decorator
@inline
const MOST: u32 = 4 * AHEAD;

/** (operator, question) of each. Scratch of one look ahead. */
const notes = memory.data(<i32> MOST * 8, 8);
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

/** Addresses that are to be read together: so many at most. Scratch. */
// @ts-ignore: decorator
@inline
const WANTED_MAX: u32 = 8 * AHEAD;

const wanted = memory.data((<i32> WANTED_MAX + 8) * 4, 8);
let wantedCount: u32 = 0;

/** Notes an address that `readWanted` is to read; 0 = none. */
// @ts-ignore: decorator
@inline
export function want(address: usize): void {
  store<u32>(wanted + (<usize> wantedCount << 2), <u32> address);
  wantedCount += <u32> (address != 0) & <u32> (wantedCount < WANTED_MAX);
}

/** Reads all that is wanted, together. */
export function readWanted(): void {
  sink(readAll(wanted, wantedCount));
  wantedCount = 0;
}

/**
 * Asks for the rows of trees that the operator's entries name at `a` and at `b` (0 = at `a` alone), bytes from the
 * entry on: of so many levels, where a row names at `below` the two under it. `bytes`: how long rows are about.
 */
export function askTrees(operator: usize, a: usize, b: usize, below: usize, levels: u32, bytes: usize): void {
  let here = listed, next = listed + LIST_BYTES + 32, n: u32 = 0, kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = notes + (<usize> i << 3);
    if (<usize> load<u32>(at) != operator) {
      store<u64>(notes + (<usize> kept << 3), load<u64>(at));
      kept++;
      continue;
    }
    const entry = entryFound(load<u32>(at, 4));
    if (!entry) continue;
    n = list(here, n, load<u32>(entry + a));
    if (b) n = list(here, n, load<u32>(entry + b));
  }
  count = kept;
  const end = min<u32>(<u32> bytes, 128) - 4;
  // Blocks of 64 bytes and of 32 begin where lines do: of such rows there is one to read.
  const double = bytes > 64 || bytes > 32 && bytes <= 48;
  while (true) {
    for (let i: usize = 0; double && i < <usize> n; i++) {
      const row = load<u32>(here + (i << 2)), last = min(row + end, row | <u32> (PAGE - 4)); // behind a page memory may end
      store<u64>(wanted + (i << 3), <u64> last << 32 | row);
    }
    sink(double ? readAll(wanted, 2 * n) : readAll(here, n));
    if (--levels == 0) return;
    let under: u32 = 0;
    for (let i: u32 = 0; i < n; i++) {
      const row = <usize> load<u32>(here + (<usize> i << 2)) + below;
      under = list(next, list(next, under, load<u32>(row)), load<u32>(row, 4));
    }
    n = under;
    const swapped = here;
    here = next;
    next = swapped;
  }
}

/** Rows of one level, and of the next: so many at most. Scratch. */
// @ts-ignore: decorator
@inline
const LISTED_MAX: u32 = 4 * AHEAD - 1;

// @ts-ignore: decorator
@inline
const LIST_BYTES: usize = 16 * AHEAD;

const listed = memory.data(<i32> (2 * LIST_BYTES) + 64, 8);

/** Adds a row, where there is one and room; how many there are then. */
// @ts-ignore: decorator
@inline
function list(rows: usize, n: u32, row: u32): u32 {
  store<u32>(rows + (<usize> n << 2), row);
  return n + <u32> (row != 0 && n < LISTED_MAX);
}

/** Uses what was read, so that it is read. */
// @ts-ignore: decorator
@inline
export function sink(sum: u32): void {
  store<u32>(SINK, sum);
}
