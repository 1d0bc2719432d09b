/**
 * The kernel host: loads a kernel module and is the only code that touches its linear memory. Everything it
 * returns that is a view of that memory is valid until the next call of the same kernel.
 */
import { hex, sha256 } from "../hash.ts";
import type { Micros } from "../world/clock.ts";
import {
  ABI_VERSION,
  type KernelDescription,
  type KernelExports,
  PAGE_BYTES,
  RESULT,
  STATUS,
} from "./abi.ts";

/** A compiled module with its parameters: what the kernel hash names. Instances are made from it. */
export interface KernelModule {
  readonly hash: Uint8Array;
  readonly hashHex: string;
  readonly description: KernelDescription;
  instantiate(): Kernel;
}

export interface Applied {
  /** Bytes and events of the region that were applied; the rest did not fit and was not touched. */
  consumedBytes: number;
  consumedEvents: number;
  /** The effects region. A view: copy it before the next call. */
  effects: Uint8Array;
  rejects: number;
  /** When the kernel wants a TIMER event, microseconds; Infinity = never. */
  nextTimer: Micros;
}

/** The kernel trapped: its instance is unusable, its state must be rebuilt. */
export class KernelTrap extends Error {
  override name = "KernelTrap";
  /** Index, in the region that was applied, of the event it trapped on. */
  readonly event: number;

  constructor(kernel: string, event: number, cause: unknown) {
    super(`Kernel ${kernel} trapped on event ${event}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
    this.event = event;
  }
}

/** Modules by their hash: a process compiles and describes a kernel once, however often it starts it. */
const loaded = new Map<string, Promise<KernelModule>>();

export function loadKernel(name: string, wasm: Uint8Array, params: Uint8Array): Promise<KernelModule> {
  const hash = sha256(wasm, params);
  const key = hex(hash);
  const known = loaded.get(key);
  if (known) return known;
  const module = compile(name, wasm, params, hash);
  loaded.set(key, module);
  module.catch(() => loaded.delete(key));
  return module;
}

async function compile(
  name: string,
  wasm: Uint8Array,
  params: Uint8Array,
  hash: Uint8Array,
): Promise<KernelModule> {
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(wasm as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    throw new Error(
      `Cannot load kernel ${name}: it is not a WebAssembly module. Build it with \`deno task build\`.`,
      { cause },
    );
  }
  const { description } = new Kernel(name, module, params);
  const instantiate = () => new Kernel(name, module, params, description);
  return { hash, hashHex: hex(hash), description, instantiate };
}

export class Kernel {
  readonly description: KernelDescription;
  /** Highest of these since the instance was made; read after apply, decide or restore. */
  keys = 0;
  stateBytes = 0;
  readonly #name: string;
  readonly #exports: KernelExports;
  readonly #resultAddress: number;
  readonly #applied: Applied = {
    consumedBytes: 0,
    consumedEvents: 0,
    effects: new Uint8Array(0),
    rejects: 0,
    nextTimer: Infinity,
  };
  #bytes!: Uint8Array;
  #view!: DataView;

  /** `description`: as another instance of this module gave it. */
  constructor(name: string, module: WebAssembly.Module, params: Uint8Array, description?: KernelDescription) {
    this.#name = name;
    const instance = new WebAssembly.Instance(module, { env: { abort: onAbort } });
    this.#exports = instance.exports as unknown as KernelExports;
    const abi = this.#exports.abi?.();
    if (abi !== ABI_VERSION) {
      throw new Error(
        `Cannot load kernel ${name}: it speaks ABI ${abi}, this runtime ${ABI_VERSION}. Rebuild it with \`deno task build\`.`,
      );
    }
    this.#refresh();
    this.#resultAddress = this.#exports.result();
    this.#write(params);
    this.#exports.init(params.length);
    this.#refresh();
    const status = this.#status();
    if (status !== STATUS.OK) {
      throw new Error(`Cannot start kernel ${name}: its parameters are not valid (status ${status})`);
    }
    this.description = description ?? this.#describe();
  }

  #describe(): KernelDescription {
    this.#exports.describe();
    return JSON.parse(new TextDecoder().decode(this.#output())) as KernelDescription;
  }

  /** Applies the events region of a frame; see KernelExports.apply. Throws KernelTrap. */
  apply(clock: Micros, number: number, events: Uint8Array, outputMax: number): Applied {
    this.#write(events);
    try {
      this.#exports.apply(BigInt(clock), BigInt(number), events.length, outputMax);
    } catch (cause) {
      throw this.#trapped(cause);
    }
    return this.#result();
  }

  /** Applies one Event message as event `index` of the open frame `number`. Throws KernelTrap. */
  decide(clock: Micros, number: number, index: number, event: Uint8Array): Applied {
    this.#write(event);
    try {
      this.#exports.decide(BigInt(clock), BigInt(number), index, event.length);
    } catch (cause) {
      throw this.#trapped(cause);
    }
    return this.#result();
  }

  /** The state of a key as the pipeline's state message (a copy), or undefined. */
  query(key: Uint8Array): Uint8Array | undefined {
    this.#write(key);
    try {
      this.#exports.query(key.length);
    } catch (cause) {
      throw this.#trapped(cause);
    }
    return this.#status() === STATUS.OK ? this.#output().slice() : undefined;
  }

  /** The highest sequence applied of a source; 0 = none. */
  sourceMark(source: Uint8Array): number {
    this.#write(source);
    try {
      this.#exports.sourceMark(source.length);
    } catch (cause) {
      throw this.#trapped(cause);
    }
    const bytes = this.#output();
    return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  }

  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Starts a snapshot of this instant: of the pages changed since the last one, or of all that hold state. */
  snapshotBegin(all: boolean): number {
    const pages = this.#exports.snapshotBegin(all ? 1 : 0);
    this.#refresh();
    return pages;
  }

  /** Up to `pagesMax` (page number u32, PAGE_BYTES) records as one view, empty when complete. */
  snapshotNext(pagesMax: number): Uint8Array {
    const pages = this.#exports.snapshotNext(pagesMax);
    this.#refresh();
    return pages === 0 ? new Uint8Array(0) : this.#output();
  }

  snapshotAbort(): void {
    this.#exports.snapshotAbort();
    this.#refresh();
  }

  /** Prepares an instance fresh from `instantiate` for pages: memory grows to what it was. */
  restoreBegin(memoryBytes: number): void {
    const missing = memoryBytes - this.memoryBytes;
    if (missing > 0) this.#exports.memory.grow(Math.ceil(missing / 65536));
    this.#refresh();
  }

  /** Writes (page number, PAGE_BYTES) records back. */
  restorePages(records: Uint8Array): void {
    const header = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let at = 0; at < records.length; at += 4 + PAGE_BYTES) {
      const address = header.getUint32(at, true) * PAGE_BYTES;
      if (address + PAGE_BYTES > this.#bytes.length) {
        throw new Error(`Cannot restore kernel ${this.#name}: page at ${address} lies outside its memory`);
      }
      this.#bytes.set(records.subarray(at + 4, at + 4 + PAGE_BYTES), address);
    }
  }

  restoreEnd(): Applied {
    this.#exports.restored();
    return this.#result();
  }

  #result(): Applied {
    this.#refresh();
    const status = this.#status();
    if (status < 0) throw new KernelTrap(this.#name, 0, `it refused the frame with status ${status}`);
    const view = this.#view, at = this.#resultAddress, applied = this.#applied;
    applied.consumedBytes = view.getUint32(at + RESULT.consumedBytes, true);
    applied.consumedEvents = view.getUint32(at + RESULT.consumedEvents, true);
    applied.effects = this.#output();
    applied.rejects = view.getUint32(at + RESULT.rejects, true);
    const timer = view.getInt32(at + RESULT.nextTimer + 4, true) * 4294967296 +
      view.getUint32(at + RESULT.nextTimer, true);
    applied.nextTimer = timer > Number.MAX_SAFE_INTEGER ? Infinity : timer;
    this.keys = view.getUint32(at + RESULT.keys + 4, true) * 4294967296 +
      view.getUint32(at + RESULT.keys, true);
    this.stateBytes = view.getUint32(at + RESULT.stateBytes + 4, true) * 4294967296 +
      view.getUint32(at + RESULT.stateBytes, true);
    return applied;
  }

  #write(bytes: Uint8Array): void {
    const address = this.#exports.input(bytes.length) >>> 0;
    this.#refresh();
    this.#bytes.set(bytes, address);
  }

  #status(): number {
    return this.#view.getInt32(this.#resultAddress + RESULT.status, true);
  }

  #output(): Uint8Array {
    this.#refresh();
    const address = this.#view.getUint32(this.#resultAddress + RESULT.outputAddress, true);
    const length = this.#view.getUint32(this.#resultAddress + RESULT.outputLength, true);
    return this.#bytes.subarray(address, address + length);
  }

  /** Growing detaches the old buffer; every view must follow. */
  #refresh(): void {
    const buffer = this.#exports.memory.buffer;
    if (this.#bytes?.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  #trapped(cause: unknown): KernelTrap {
    this.#refresh();
    const event = this.#view.getUint32(this.#resultAddress + RESULT.consumedEvents, true);
    return new KernelTrap(this.#name, event, cause);
  }
}

function onAbort(_message: number, _file: number, line: number, column: number): never {
  throw new Error(`assertion at ${line >>> 0}:${column >>> 0}`);
}
