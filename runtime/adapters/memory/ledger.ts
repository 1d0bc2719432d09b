/**
 * A ledger in memory, for the simulator and for tests. What is stored lives in a `MemoryStore` apart from the
 * ledger that writes it, so that a "crashed" writer can be dropped and another opened on the same store, or
 * two writers on one store fight over the fence.
 */
import type { Clock } from "../../world/clock.ts";
import type { Appended, Chain, Durability, Extent, Ledger, Stored } from "../../world/ledger.ts";
import { checkChainName, compareText } from "../names.ts";

export interface MemoryLedgerOptions {
  readonly clock: Clock;
  /** Where the chains are kept. Default: a fresh store. */
  readonly store?: MemoryStore;
  /** Milliseconds from an append to its acknowledgement. Default 0: the next turn. */
  readonly latencyMs?: number;
  /** What the ledger says of itself; memory survives nothing but its writer. Default: process. */
  readonly durability?: Durability;
  readonly messageBytesMax?: number;
  readonly inFlightMax?: number;
}

export class MemoryStore {
  readonly chains = new Map<string, StoredChain>();

  chain(name: string, first = 1): StoredChain {
    let chain = this.chains.get(name);
    if (!chain) this.chains.set(name, chain = { first, messages: [] });
    return chain;
  }
}

/** Messages of the sequences `first`, `first + 1`, … */
export interface StoredChain {
  first: number;
  messages: Uint8Array[];
}

export function memoryLedger(options: MemoryLedgerOptions): Ledger {
  const store = options.store ?? new MemoryStore();
  const open = new Set<MemoryChain>();
  return {
    name: "memory",
    durability: options.durability ?? "process",
    // deno-lint-ignore require-await -- so that a refusal is a rejection
    async open(name, first) {
      checkChainName(name);
      const chain = new MemoryChain(name, store.chain(name, first), options);
      open.add(chain);
      return chain;
    },
    chains: () => Promise.resolve([...store.chains.keys()].sort(compareText)),
    async close() {
      for (const chain of open) await chain.close();
    },
  };
}

class MemoryChain implements Chain {
  readonly messageBytesMax: number;
  readonly inFlightMax: number;
  #closed = false;

  constructor(
    readonly name: string,
    private readonly stored: StoredChain,
    private readonly options: MemoryLedgerOptions,
  ) {
    this.messageBytesMax = options.messageBytesMax ?? 8 << 20;
    this.inFlightMax = options.inFlightMax ?? 8;
  }

  extent(): Promise<Extent> {
    return Promise.resolve({ first: this.stored.first, last: last(this.stored) });
  }

  append(after: number, message: Uint8Array): Promise<Appended> {
    const outcome = this.#store(after, message);
    return new Promise((resolve) => {
      const { clock, latencyMs } = this.options;
      if (latencyMs) clock.after(latencyMs, () => resolve(outcome));
      else clock.soon(() => resolve(outcome));
    });
  }

  get(sequence: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.stored.messages[sequence - this.stored.first]?.slice());
  }

  async *read(from: number, to = last(this.stored)): AsyncIterable<Stored> {
    for (let sequence = Math.max(from, this.stored.first); sequence <= to; sequence++) {
      const message = this.stored.messages[sequence - this.stored.first];
      if (message) yield { sequence, message: message.slice() };
    }
  }

  purge(sequence: number): Promise<void> {
    const count = Math.min(sequence, last(this.stored)) - this.stored.first + 1;
    if (count > 0) {
      this.stored.messages.splice(0, count);
      this.stored.first += count;
    }
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #store(after: number, message: Uint8Array): Appended {
    const what = `Cannot append ${after + 1} to chain ${this.name}`;
    if (this.#closed) {
      return { kind: "failed", cause: new Error(`${what}: the chain is closed.`), lasting: true };
    }
    if (message.length > this.messageBytesMax) {
      const size = `${message.length} bytes exceed the ledger's ${this.messageBytesMax} per message.`;
      return { kind: "failed", cause: new Error(`${what}: ${size}`) };
    }
    if (after !== last(this.stored)) return { kind: "fenced", detail: `the last is ${last(this.stored)}` };
    this.stored.messages.push(message.slice());
    return { kind: "stored", sequence: after + 1 };
  }
}

function last(chain: StoredChain): number {
  return chain.first + chain.messages.length - 1;
}
