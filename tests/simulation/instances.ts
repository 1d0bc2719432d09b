/**
 * Kernels' instances, used again by the next simulation: to make one costs far more than to clean one, since each
 * reserves memory that the garbage collector then counts. Cleaning needs to know where state stands in memory
 * (wasm/lib/memory.ts); that it leaves an instance as it was born is proven once for each module.
 */
import { PAGE_BYTES } from "../../runtime/kernel/abi.ts";

interface Used {
  readonly instance: WebAssembly.Instance;
  readonly module: WebAssembly.Module;
  readonly owner: unknown;
}

interface Born {
  /** What memory below the tables of pages holds before the first call; all else is zero. */
  readonly image: readonly Piece[];
  proven: boolean;
}

interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  input(length: number): number;
  restored(): void;
}

/** One byte, and one word, for each page of memory; and where input and output end, which are scratch. */
const FLAGS = 0x60000, SHADOWS = 0x160000, OUTPUT_END = 0xb60000;

/** Instances of one module kept; each holds a few MiB. */
const FREE_MAX = 40;

const Native = WebAssembly.Instance;
const born = new WeakMap<WebAssembly.Module, Born>();
const free = new Map<WebAssembly.Module, WebAssembly.Instance[]>();
let lent: Used[] = [];
let borrower: unknown;

/** Whatever is lent from now on is lent to this one. */
export function lendTo(owner: unknown): void {
  borrower = owner;
}

/** What was lent to this one (by default: to anybody) may be used again: whoever had it is gone. */
export function takeInstancesBack(from?: unknown): void {
  const back = from === undefined ? lent : lent.filter(({ owner }) => owner === from);
  lent = from === undefined ? [] : lent.filter(({ owner }) => owner !== from);
  for (const { instance, module } of back) {
    let list = free.get(module);
    if (!list) free.set(module, list = []);
    if (list.length < FREE_MAX) list.push(instance);
  }
}

function lend(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance {
  const used = free.get(module)?.pop();
  const instance = used ?? new Native(module, imports);
  if (used) clean(used.exports as unknown as Exports, born.get(module)!);
  else if (!born.has(module)) born.set(module, birthOf(instance.exports as unknown as Exports));
  lent.push({ instance, module, owner: borrower });
  return instance;
}

function birthOf({ memory }: Exports): Born {
  const bytes = new Uint8Array(memory.buffer), image: Piece[] = [];
  for (let at = 0; at < FLAGS; at += PAGE_BYTES) {
    const page = bytes.slice(at, at + PAGE_BYTES);
    if (page.some((byte) => byte !== 0)) image.push({ at, bytes: page });
  }
  return { image, proven: false };
}

function clean(exports: Exports, birth: Born): void {
  wipe(exports.memory, birth);
  exports.input(0);
  exports.restored(); // what it keeps outside of memory
  wipe(exports.memory, birth, false);
  if (birth.proven) return;
  birth.proven = true;
  prove(exports, birth);
}

/** With `arena`: also what lies behind the tables. */
function wipe({ buffer }: WebAssembly.Memory, birth: Born, arena = true): void {
  const memory = new Uint8Array(buffer);
  const pages = Math.ceil(memory.length / PAGE_BYTES);
  memory.fill(0, 0, FLAGS);
  for (const { at, bytes } of birth.image) memory.set(bytes, at);
  memory.fill(0, FLAGS, FLAGS + pages);
  memory.fill(0, SHADOWS, SHADOWS + 4 * pages);
  if (arena) memory.fill(0, OUTPUT_END);
}

function prove({ memory, input }: Exports, birth: Born): void {
  const bytes = new Uint8Array(memory.buffer.slice(0));
  const inputAt = input(0) >>> 0;
  for (let at = FLAGS; at < bytes.length; at++) {
    if (at === inputAt) at = OUTPUT_END; // each call writes what it reads there
    if (bytes[at] !== 0) throw new Error(`Cannot use an instance again: its memory at ${at} is not clean`);
  }
  wipe(memory, birth);
}

// deno-lint-ignore no-explicit-any -- the global's own type asks for a class
(WebAssembly as any).Instance = function (module: WebAssembly.Module, imports: WebAssembly.Imports) {
  return lend(module, imports);
};
