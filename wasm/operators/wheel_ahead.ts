/**
 * The wheel's looking ahead: the memory of the nodes that fall due next and of their owners is asked for together,
 * and that of the chunks that come behind them. Of what was asked for only scratch is kept, and that no longer than
 * one run of an operator: by the next one it may be gone.
 */
import { readAll } from "../lib/ahead";
import { PAGE } from "../lib/memory";
import { sink } from "./ask";

/** A chunk: next u32, taken u16, count u16; then `due: i64, node: u32, pad` for each. */
// @ts-ignore: decorator
@inline
export const CHUNK: usize = 256;

// @ts-ignore: decorator
@inline
export const CHUNK_NODES: u32 = 15;

/** A run of several chunks: as a chunk, but longer. */
// @ts-ignore: decorator
@inline
export const RUN: usize = 2048;

// @ts-ignore: decorator
@inline
export const RUN_NODES: u32 = 127;

/** Nodes asked for together at most, and the chunks they stand in. */
// @ts-ignore: decorator
@inline
const NODES_MAX: u32 = RUN_NODES;

// @ts-ignore: decorator
@inline
const CHUNKS_MAX: u32 = 4;

/** What was asked for last, and where else it stands: the last line of each node's, and its owner. Scratch. */
const nodes = memory.data(<i32> NODES_MAX * 4, 8);
const lines = memory.data((<i32> NODES_MAX * 2 + 8) * 4, 8);
const owners = memory.data((<i32> NODES_MAX + 8) * 4, 8);
let count: u32 = 0;
/** How far into a node its last word is looked for: nodes that are short have no second line. */
let span: u32 = 64;
/** The wheel of these, until its owner has looked, or does so no more. */
let askedBy: usize = 0;

/** The chunks that were asked for and have not become the run yet. */
const chunks = memory.data(<i32> CHUNKS_MAX * 4, 8);
let chunkCount: u32 = 0;

/** The last chunk that was asked for, of which wheel; of none, once its owner's run is over. Scratch. */
let further: usize = 0;
let furtherOf: usize = 0;

/**
 * Asks for the memory of the nodes in a run and in the chunks behind it, and of their owners, for all of them at
 * once, unless that was done with a run before it. A node takes 2^log bytes of a chunk:
 * 4, or, behind its time, 16.
 */
export function askNodes(wheel: usize, run: usize, next: usize, chunkBytes: usize, log: u32): void {
  if (chunkCount && wasAsked(<u32> run)) return goFurther(wheel, chunkBytes);
  count = 0;
  chunkCount = 0;
  furtherOf = 0;
  list(run, log);
  for (; next; next = <usize> load<u32>(next)) {
    if (chunkCount == CHUNKS_MAX || count + CHUNK_NODES > NODES_MAX) {
      further = next;
      furtherOf = wheel;
      askChunk(next, chunkBytes); // the first of those that come then
      break;
    }
    store<u32>(chunks + (<usize> chunkCount << 2), <u32> next);
    chunkCount++;
    list(next, log);
  }
  const sum = readAll(lines, 2 * count);
  for (let i: usize = 0, end = <usize> count << 2; i < end; i += 4) {
    store<u32>(owners + i, load<u32>(<usize> load<u32>(nodes + i)));
  }
  sink(sum + readAll(owners, count));
  askedBy = wheel;
}

/** Lists a chunk's nodes, of each up to two lines, as far as they stand in one page: behind that memory may end. */
// @ts-ignore: decorator
@inline
function list(chunk: usize, log: u32): void {
  const nodesAt = log == 4 ? chunk + 16 : chunk + 8, stride = <usize> 1 << log;
  let node = nodesAt + (<usize> load<u16>(chunk, 4) << log);
  for (const end = nodesAt + (<usize> load<u16>(chunk, 6) << log); node < end; node += stride, count++) {
    const first = load<u32>(node), second = min(first + span, first | <u32> (PAGE - 4));
    store<u32>(nodes + (<usize> count << 2), first);
    store<u64>(lines + (<usize> count << 3), <u64> second << 32 | first);
  }
}

/** Whether a chunk was asked for; it is so no more. */
function wasAsked(chunk: u32): bool {
  for (let at = chunks, end = chunks + (<usize> chunkCount << 2); at < end; at += 4) {
    if (load<u32>(at) != chunk) continue;
    store<u32>(at, 0);
    return true;
  }
  return false;
}

/** Asks for one more of the chunks that come when those asked for are done with. */
function goFurther(wheel: usize, chunkBytes: usize): void {
  if (furtherOf != wheel) return;
  further = <usize> load<u32>(further);
  if (further) askChunk(further, chunkBytes);
  else furtherOf = 0;
}

/** Asks for a chunk that will be read soon. */
// @ts-ignore: decorator
@inline
export function askChunk(chunk: usize, bytes: usize): void {
  let sum: u32 = 0;
  for (let line = chunk; line < chunk + bytes; line += 64) sum += load<u32>(line);
  sink(sum);
}

/** How many nodes were asked for, once, of the wheel that asked last: they are the next that it gives back. */
// @ts-ignore: decorator
@inline
export function nodesAsked(wheel: usize): u32 {
  if (askedBy != wheel) return 0;
  askedBy = 0;
  return count;
}

/** One of the nodes that were asked for last. */
// @ts-ignore: decorator
@inline
export function askedNode(i: u32): usize {
  return <usize> load<u32>(nodes + (<usize> i << 2));
}

/** What was asked for may be gone. */
// @ts-ignore: decorator
@inline
export function askOver(): void {
  askedBy = 0;
  furtherOf = 0;
}

/** Of the nodes that are asked for from now on: how long they are about. */
// @ts-ignore: decorator
@inline
export function nodeBytes(bytes: u32): void {
  span = min<u32>(bytes, 68) - 4;
}
