/**
 * Linear memory: where everything stands, the arena that state is allocated from, and the page flags that
 * make a snapshot incremental and consistent while events go on being applied.
 *
 *   0x000400  result block                              volatile
 *   0x001000  root: the library's state, then the kernel's (STATE)      state, written without a barrier
 *   0x010000  static data of the module                 constant, or scratch
 *   0x040000  scratch, gathered decision                volatile
 *   0x060000  page flags, one byte for each 4 KiB       volatile
 *   0x160000  shadow map, one u32 for each 4 KiB        volatile
 *   0x560000  input, output                             volatile
 *   0xB60000  writable pages, one bit for each 4 KiB    volatile
 *   ARENA     state, and the shadow chunks between it
 *
 * State in the arena must be announced with `touch` before it is written. A page that belongs to the snapshot
 * under way is then copied first.
 */

// @ts-ignore: decorator
@inline
export const PAGE: usize = 4096;

// @ts-ignore: decorator
@inline
export const RESULT: usize = 0x400;

// @ts-ignore: decorator
@inline
const ROOT: usize = 0x1000;

/** Addresses of the shadow chunks ever made: 2,048 of 1 MiB at most. */
// @ts-ignore: decorator
@inline
const CHUNKS: usize = 0x4000;

// @ts-ignore: decorator
@inline
const CHUNKS_MAX: u32 = 2048;

/** The library's tables: the dedupe window and the high-water marks. */
// @ts-ignore: decorator
@inline
export const LIBRARY_STATE: usize = 0x3000;

/** The kernel's own root block, 32 KiB. */
// @ts-ignore: decorator
@inline
export const STATE: usize = 0x8000;

// @ts-ignore: decorator
@inline
export const SCRATCH: usize = 0x40000;

// @ts-ignore: decorator
@inline
export const SCRATCH_BYTES: usize = 0x10000;

// @ts-ignore: decorator
@inline
export const GATHER: usize = 0x50000;

// @ts-ignore: decorator
@inline
export const GATHER_BYTES: usize = 0x10000;

// @ts-ignore: decorator
@inline
const FLAGS: usize = 0x60000;

// @ts-ignore: decorator
@inline
const SHADOWS: usize = 0x160000;

// @ts-ignore: decorator
@inline
export const INPUT: usize = 0x560000;

/** The longest input without a region of its own; readers may look 16 bytes past the end. */
// @ts-ignore: decorator
@inline
const INPUT_BYTES: usize = 0x1FFFC0;

// @ts-ignore: decorator
@inline
export const OUTPUT: usize = 0x760000;

// @ts-ignore: decorator
@inline
export const OUTPUT_BYTES: usize = 0x400000;

// @ts-ignore: decorator
@inline
const ARENA: usize = 0xB80000;

/** A bit is set: the page is CHANGED. So small that it stays in the caches, which the flags do not. */
// @ts-ignore: decorator
@inline
const WRITABLE: usize = 0xB60000;

/** Page flags. */
// @ts-ignore: decorator
@inline
const CHANGED: u8 = 1; // since the last snapshot began

// @ts-ignore: decorator
@inline
const PENDING: u8 = 2; // in the snapshot under way, not yet given out

// @ts-ignore: decorator
@inline
const GIVEN: u8 = 4; // in the newest snapshot, given out

// @ts-ignore: decorator
@inline
const EACH: u64 = 0x0101010101010101;

// @ts-ignore: decorator
@inline
const RUNS: u32 = 20;

// @ts-ignore: decorator
@inline
const MAGIC: u32 = 0x4d4c5231;

@unmanaged
class Root {
  magic: u32;
  brk: usize;
  stateMax: u64;
  stateBytes: u64;
  nextTimer: i64;
  seed: u64;
  input: usize;
  inputBytes: usize;
  chunks: u32;
}

// @ts-ignore: decorator
@inline
const root = changetype<Root>(ROOT);

// @ts-ignore: decorator
@inline
const CLASS_LISTS: usize = ROOT + 128;

// @ts-ignore: decorator
@inline
const RUN_LISTS: usize = ROOT + 128 + 13 * 8;

/** Free shadow pages: those given back, linked through their first word, and those never used. Volatile. */
let shadowFree: usize = 0;
let shadowBump: usize = 0;
let shadowEnd: usize = 0;
/** Chunks that `shadowBump` has gone into. */
let shadowChunks: u32 = 0;
/** Where the snapshot under way has got to, a page number; 0 = none. Volatile. */
let snapshotCursor: usize = 0;
let snapshotEnd: usize = 0;

// ---- the barrier ----

/** Announces a write to the page of `ptr`. */
// @ts-ignore: decorator
@inline
export function touch(ptr: usize): void {
  if (!((<u32> load<u8>(ptr >> 15, WRITABLE) >> ((<u32> ptr >> 12) & 7)) & 1)) touchSlow(ptr >> 12);
}

/** Announces writes to `length` bytes from `ptr` on. */
export function touchRange(ptr: usize, length: usize): void {
  if (length == 0) return;
  const last = (ptr + length - 1) >> 12;
  for (let page = ptr >> 12; page <= last; page++) touch(page << 12);
}

/** Announces writes to the root: at the start of each call, so that root fields need no barrier. */
// @ts-ignore: decorator
@inline
export function touchRoot(): void {
  if (
    (load<u64>(FLAGS) & 0x0101010101010100) == 0x0101010101010100 && (load<u64>(FLAGS + 8) & EACH) == EACH
  ) return;
  touchRange(ROOT, 15 * PAGE);
}

function touchSlow(page: usize): void {
  const flags = load<u8>(page, FLAGS);
  if (flags & PENDING) {
    const copy = takeShadow();
    memory.copy(copy, page << 12, PAGE);
    store<u32>(page << 2, <u32> copy, SHADOWS);
  }
  store<u8>(page, load<u8>(page, FLAGS) | CHANGED, FLAGS);
  store<u8>(page >> 3, load<u8>(page >> 3, WRITABLE) | (<u8> 1 << <u8> (page & 7)), WRITABLE);
}

function takeShadow(): usize {
  const page = shadowFree;
  if (page) {
    shadowFree = load<usize>(page);
    return page;
  }
  if (shadowBump == shadowEnd) nextShadows();
  shadowBump += PAGE;
  return shadowBump - PAGE;
}

function giveShadow(page: usize): void {
  store<usize>(page, shadowFree);
  shadowFree = page;
}

/** Goes into the next chunk of shadow pages; a chunk is never given back, and never used for state. */
function nextShadows(): void {
  if (shadowChunks == root.chunks) {
    assert(root.chunks < CHUNKS_MAX);
    store<u32>(CHUNKS + (root.chunks << 2), <u32> root.brk);
    root.chunks++;
    root.brk += 256 * PAGE;
    growTo(root.brk);
  }
  shadowBump = <usize> load<u32>(CHUNKS + (shadowChunks << 2));
  shadowEnd = shadowBump + 256 * PAGE;
  shadowChunks++;
}

// ---- snapshots ----

export function snapshotStart(all: bool): u32 {
  if (snapshotCursor && snapshotCursor < snapshotEnd) snapshotDrop(); // it was never finished
  if (shadowEnd - shadowBump < 32 * PAGE) nextShadows(); // copying the root must not have to change it
  const end = root.brk >> 12;
  if (all) markAll(end);
  let count: u32 = 0;
  for (let at: usize = 0; at < end; at += 8) {
    const word = load<u64>(at, FLAGS);
    if (!word) continue;
    const pending = (word & EACH) << 1;
    store<u64>(at, pending, FLAGS);
    count += <u32> popcnt(pending);
  }
  memory.fill(WRITABLE, 0, (end >> 3) + 1);
  snapshotCursor = 1;
  snapshotEnd = end;
  return count;
}

function markAll(end: usize): void {
  touchRange(ROOT, 15 * PAGE);
  memory.fill(FLAGS + (ARENA >> 12), CHANGED, end - (ARENA >> 12));
  for (let i: u32 = 0; i < root.chunks; i++) {
    memory.fill(FLAGS + <usize> (load<u32>(CHUNKS + (i << 2)) >> 12), 0, 256);
  }
  if (root.input != INPUT) memory.fill(FLAGS + (root.input >> 12), 0, root.inputBytes >> 12);
}

/** Writes (page number, page) records to the output region; returns how many. */
export function snapshotTake(pagesMax: u32): u32 {
  const most = min<u32>(pagesMax, <u32> (OUTPUT_BYTES / (PAGE + 4)));
  let out = OUTPUT, count: u32 = 0, page = snapshotCursor;
  if (!page) return 0;
  while (count < most && page < snapshotEnd) {
    if (!(page & 7) && !(load<u64>(page, FLAGS) & (EACH << 1))) {
      page += 8;
      continue;
    }
    const flags = load<u8>(page, FLAGS);
    if (flags & PENDING) {
      const copy = <usize> load<u32>(page << 2, SHADOWS);
      store<u32>(out, <u32> page);
      memory.copy(out + 4, copy ? copy : page << 12, PAGE);
      out += PAGE + 4;
      count++;
      if (copy) {
        store<u32>(page << 2, 0, SHADOWS);
        giveShadow(copy);
      }
      store<u8>(page, (flags & ~PENDING) | GIVEN, FLAGS);
    }
    page++;
  }
  snapshotCursor = page;
  return count;
}

/** Every page of the newest snapshot, given out or not, counts as changed again. */
export function snapshotDrop(): void {
  for (let page: usize = 1; page < snapshotEnd; page++) {
    const flags = load<u8>(page, FLAGS);
    if (!(flags & (PENDING | GIVEN))) continue;
    const copy = <usize> load<u32>(page << 2, SHADOWS);
    if (copy) {
      store<u32>(page << 2, 0, SHADOWS);
      giveShadow(copy);
    }
    store<u8>(page, CHANGED, FLAGS);
  }
  snapshotCursor = 0;
  snapshotEnd = 0;
}

/** After every page was written back: nothing is changed, and the shadow pages are free. */
export function memoryRestored(): void {
  assert(root.magic == MAGIC);
  growTo(root.brk);
  // As far as memory goes: beyond it neither was ever written. A wasm page is 16 of ours.
  memory.fill(FLAGS, 0, <usize> memory.size() << 4);
  memory.fill(WRITABLE, 0, <usize> memory.size() << 1);
  memory.fill(SHADOWS, 0, (root.brk >> 12) << 2);
  shadowFree = 0;
  shadowBump = 0;
  shadowEnd = 0;
  shadowChunks = 0;
  snapshotCursor = 0;
  snapshotEnd = 0;
}

// ---- the arena ----

/** Sets the root up, once in the life of a state. */
export function memoryInit(): void {
  if (root.magic == MAGIC) return;
  root.magic = MAGIC;
  root.brk = ARENA;
  root.stateMax = 0x80000000;
  root.nextTimer = i64.MAX_VALUE;
  root.seed = 0x9E3779B97F4A7C15;
  root.input = INPUT;
  root.inputBytes = INPUT_BYTES;
}

export function setStateMax(bytes: u64): void {
  root.stateMax = bytes;
}
export function setSeed(seed: u64): void {
  root.seed = seed;
}
export function seed(): u64 {
  return root.seed;
}
export function stateBytes(): u64 {
  return root.stateBytes;
}
export function nextTimer(): i64 {
  return root.nextTimer;
}
export function setNextTimer(at: i64): void {
  root.nextTimer = at;
}

/** The input region, made larger where `length` asks for it. */
export function inputRegion(length: usize): usize {
  memoryInit();
  if (length > root.inputBytes) {
    touchRoot();
    let bytes: usize = 0x400000;
    while (bytes < length + 64) bytes <<= 1;
    root.input = root.brk;
    root.inputBytes = bytes - 64;
    root.brk += bytes;
    growTo(root.brk);
  }
  return root.input;
}

// @ts-ignore: decorator
@inline
export function inputAddress(): usize {
  return root.input;
}

/** Zeroed memory; up to 4,096 bytes are writable at once, of more each page must be touched. 0 = full. */
export function alloc(size: usize): usize {
  if (size > PAGE) return allocRun(logPages(size));
  const c = classOf(size);
  const lists = CLASS_LISTS + (<usize> c << 3);
  const bytes = classBytes(c);
  let block = <usize> load<u32>(lists);
  if (block) {
    touch(block);
    store<u32>(lists, load<u32>(block));
    wipe(block, bytes);
    return block;
  }
  block = <usize> load<u32>(lists, 4);
  if (!block || (block & (PAGE - 1)) + bytes > PAGE) {
    block = allocRun(0);
    if (!block) return 0;
  }
  const next = block + bytes;
  store<u32>(lists, next & (PAGE - 1) ? <u32> next : 0, 4);
  touch(block);
  return block;
}

/** Zeroes a block, a multiple of 8 bytes. What is short is done here: memory.fill leaves the module. */
// @ts-ignore: decorator
@inline
export function wipe(block: usize, bytes: usize): void {
  if (bytes > 512) {
    memory.fill(block, 0, bytes);
    return;
  }
  for (let at = block, end = block + bytes; at < end; at += 8) store<u64>(at, 0);
}

/** Gives back what `alloc(size)` gave. */
export function release(block: usize, size: usize): void {
  if (size > PAGE) {
    touchRange(block, size);
    memory.fill(block, 0, size);
    return releaseZeroedRun(block, logPages(size));
  }
  const lists = CLASS_LISTS + (<usize> classOf(size) << 3);
  touch(block);
  store<u32>(block, load<u32>(lists));
  store<u32>(lists, <u32> block);
}

/** 2^log zeroed pages; 0 = the bound on state is reached. */
export function allocRun(log: u32): usize {
  const list = RUN_LISTS + (<usize> log << 2);
  let run = <usize> load<u32>(list);
  if (run) {
    touch(run);
    store<u32>(list, load<u32>(run));
    store<u32>(run, 0);
    return run;
  }
  const bytes = PAGE << log;
  if (log >= RUNS || root.stateBytes + bytes > root.stateMax || <u64> root.brk + bytes > 0xF0000000) return 0;
  run = root.brk;
  root.brk = run + bytes;
  root.stateBytes += bytes;
  growTo(root.brk);
  return run;
}

export function releaseZeroedRun(run: usize, log: u32): void {
  const list = RUN_LISTS + (<usize> log << 2);
  touch(run);
  store<u32>(run, load<u32>(list));
  store<u32>(list, <u32> run);
}

export function logPages(size: usize): u32 {
  let log: u32 = 0;
  while ((PAGE << log) < size) log++;
  return log;
}

/** Grows in steps, since each step detaches the host's views. */
function growTo(end: usize): void {
  const have = <usize> memory.size() << 16;
  if (end <= have) return;
  const step = min<usize>(have >> 3, 0x2000000);
  const pages = (<u64> max<usize>(end - have, step) + 0xffff) >> 16;
  if (memory.grow(<i32> pages) >= 0) return;
  if (memory.grow(<i32> ((<u64> (end - have) + 0xffff) >> 16)) < 0) unreachable();
}

function classOf(size: usize): u32 {
  if (size <= 64) return size ? <u32> ((size - 1) >> 4) : 0;
  if (size <= 128) return size <= 96 ? 4 : 5;
  if (size <= 256) return size <= 192 ? 6 : 7;
  if (size <= 512) return size <= 384 ? 8 : 9;
  return size <= 1024 ? 10 : size <= 2048 ? 11 : 12;
}

/** What `alloc(size)` really takes, for callers that use the slack. */
export function blockBytes(size: usize): usize {
  return size > PAGE ? PAGE << logPages(size) : classBytes(classOf(size));
}

function classBytes(c: u32): usize {
  if (c < 4) return <usize> (c + 1) << 4;
  if (c >= 10) return <usize> 1024 << (c - 10);
  return (c & 1 ? <usize> 128 : <usize> 96) << ((c - 4) >> 1);
}
