/**
 * Kernels' instances, used again by the next simulation: to make one costs far more than to clean one, since each
 * reserves memory that the garbage collector then counts. Cleaning needs to know where state stands in memory
 * (wasm/lib/memory.ts); that it leaves an instance as it was born is proven once for each module.
 */
import { PAGE_BYTES } from "../../runtime/kernel/abi.ts";
import { Kernel } from "../../runtime/kernel/host.ts";

interface Lent {
  readonly used: Used;
  readonly module: WebAssembly.Module;
  readonly owner: unknown;
}

interface Used {
  readonly instance: WebAssembly.Instance;
  /** A checkpoint is being read into it, or was until it broke off: what was written may stand anywhere. */
  restoring: boolean;
}

interface Born {
  /** What memory below the tables of pages holds before the first call; all else is zero. */
  readonly image: readonly Piece[];
  proofs: number;
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

/** One byte, and one word, for each page of memory; where input and output end, which are scratch; state begins. */
const FLAGS = 0x60000, SHADOWS = 0x160000, OUTPUT_END = 0xb60000, ARENA = 0xb80000;
/** Where it says how far state goes: beyond that nothing was written. */
const STATE_END = 0x1004;

/** Instances of one module kept; each holds a few MiB. */
const FREE_MAX = 40;
/** So many cleanings of each module are proven. */
const PROOFS = 8;

const Native = WebAssembly.Instance;
const born = new WeakMap<WebAssembly.Module, Born>();
const free = new Map<WebAssembly.Module, Used[]>();
let lent: Lent[] = [];
let borrower: unknown;

/** Whatever is lent from now on is lent to this one. */
export function lendTo(owner: unknown): void {
  borrower = owner;
}

/** What was lent to this one (by default: to anybody) may be used again: whoever had it is gone. */
export function takeInstancesBack(from?: unknown): void {
  const back = from === undefined ? lent : lent.filter(({ owner }) => owner === from);
  lent = from === undefined ? [] : lent.filter(({ owner }) => owner !== from);
  for (const { used, module } of back) {
    let list = free.get(module);
    if (!list) free.set(module, list = []);
    if (list.length < FREE_MAX) list.push(used);
  }
}

function lend(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance {
  const before = free.get(module)?.pop();
  const instance = before?.instance ?? new Native(module, imports);
  if (before) clean(instance.exports as unknown as Exports, born.get(module)!, before.restoring);
  else if (!born.has(module)) born.set(module, birthOf(instance.exports as unknown as Exports));
  lent.push({ used: { instance, restoring: false }, module, owner: borrower });
  return instance;
}

function birthOf({ memory }: Exports): Born {
  const bytes = new Uint8Array(memory.buffer), image: Piece[] = [];
  for (let at = 0; at < FLAGS; at += PAGE_BYTES) {
    const page = bytes.slice(at, at + PAGE_BYTES);
    if (page.some((byte) => byte !== 0)) image.push({ at, bytes: page });
  }
  return { image, proofs: 0 };
}

function clean(exports: Exports, birth: Born, restoring: boolean): void {
  wipe(exports.memory, birth, restoring ? Infinity : stateEnd(exports.memory));
  exports.input(0);
  exports.restored(); // what it keeps outside of memory
  wipe(exports.memory, birth, 0);
  if (birth.proofs === PROOFS) return;
  birth.proofs++;
  prove(exports, birth);
}

function stateEnd({ buffer }: WebAssembly.Memory): number {
  const end = new DataView(buffer).getUint32(STATE_END, true);
  return end === 0 ? ARENA : end; // it trapped before its first call
}

/** `end`: up to where it was written behind the tables. */
function wipe({ buffer }: WebAssembly.Memory, birth: Born, end: number): void {
  const memory = new Uint8Array(buffer);
  const pages = Math.ceil(memory.length / PAGE_BYTES);
  memory.fill(0, 0, FLAGS);
  for (const { at, bytes } of birth.image) memory.set(bytes, at);
  memory.fill(0, FLAGS, FLAGS + pages);
  memory.fill(0, SHADOWS, SHADOWS + 4 * pages);
  if (end > OUTPUT_END) memory.fill(0, OUTPUT_END, end);
}

function prove({ memory, input }: Exports, birth: Born): void {
  const words = new BigUint64Array(memory.buffer.slice(0));
  const inputAt = (input(0) >>> 0) / 8;
  for (let at = FLAGS / 8; at < words.length; at++) {
    if (at === inputAt) at = OUTPUT_END / 8; // each call writes what it reads there
    if (words[at] !== 0n) {
      throw new Error(`Cannot use an instance again: its memory at ${8 * at} is not clean`);
    }
  }
  wipe(memory, birth, 0);
}

const restoringInto = new WeakMap<Kernel, Used>();
const { restoreBegin, restoreEnd } = Kernel.prototype;

/** Called as soon as there is an instance for it. */
Kernel.prototype.restoreBegin = function (memoryBytes) {
  const { used } = lent.at(-1)!;
  used.restoring = true;
  restoringInto.set(this, used);
  restoreBegin.call(this, memoryBytes);
};

/** Every page was proven, where it stands included. */
Kernel.prototype.restoreEnd = function () {
  restoringInto.get(this)!.restoring = false;
  return restoreEnd.call(this);
};

// deno-lint-ignore no-explicit-any -- the global's own type asks for a class
(WebAssembly as any).Instance = function (module: WebAssembly.Module, imports: WebAssembly.Imports) {
  return lend(module, imports);
};
