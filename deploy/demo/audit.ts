/**
 * The demo's own proof that nothing was lost and nothing doubled. Each event it offers carries a source and a
 * rising sequence. While it runs, every answer is ticked off; at the end the ledger is read back, and every
 * answered event must stand in it exactly once.
 */
import { type Chain, decodeFrame, EVENT_KIND, EventCursor } from "../../runtime/mod.ts";

/** One pipeline's events, by sequence from 1. */
export class Audit {
  readonly source: string;
  offered = 0;
  answered = 0;
  /** Answers beyond the first for the same event. */
  answeredAgain = 0;
  readonly #answered = new Bits();
  readonly #unknown = new Bits();

  constructor(source: string) {
    this.source = source;
  }

  /** The sequence of the next event; call it only for one that is then admitted. */
  next(): number {
    return ++this.offered;
  }

  /** Takes back the last `next`: the event was not admitted. */
  refused(): void {
    this.offered--;
  }

  answer(sequence: number): void {
    if (this.#answered.add(sequence)) this.answered++;
    else this.answeredAgain++;
  }

  /** The process lost the ledger before the outcome was known: nothing was acknowledged. */
  unknown(sequence: number): void {
    this.#unknown.add(sequence);
  }

  /** Reads the partitions' chains from the frame at which this run began. */
  async check(chains: readonly { chain: Chain; from: number }[]): Promise<Checked> {
    const stored = new Bits();
    let inLedger = 0, storedAgain = 0;
    const wanted = new TextEncoder().encode(this.source);
    for (const { chain, from } of chains) {
      for await (const { sequence, message } of chain.read(from)) {
        const frame = decodeFrame(message, `frame ${sequence} of ${chain.name}`);
        const cursor = new EventCursor(frame.events);
        while (cursor.next()) {
          if (cursor.kind !== EVENT_KIND.EVENT || !equal(cursor.source, wanted)) continue;
          if (stored.add(cursor.sequence)) inLedger++;
          else storedAgain++;
        }
      }
    }
    let lost = 0;
    for (let sequence = 1; sequence <= this.offered; sequence++) {
      if (this.#unknown.has(sequence)) continue;
      if (!stored.has(sequence) || !this.#answered.has(sequence)) lost++;
    }
    return { inLedger, lost, duplicated: storedAgain + this.answeredAgain };
  }
}

export interface Checked {
  readonly inLedger: number;
  /** Admitted, but never answered, or answered and not in the ledger. */
  readonly lost: number;
  /** Answered or stored more than once. */
  readonly duplicated: number;
}

/** A set of positive integers, dense from 1. */
class Bits {
  #words = new Uint32Array(1 << 12);

  /** Answers false when it was there. */
  add(value: number): boolean {
    const word = value >>> 5, bit = 1 << (value & 31);
    if (word >= this.#words.length) {
      const larger = new Uint32Array(Math.max(this.#words.length * 2, word + 1));
      larger.set(this.#words);
      this.#words = larger;
    }
    if (this.#words[word] & bit) return false;
    this.#words[word] |= bit;
    return true;
  }

  has(value: number): boolean {
    const word = value >>> 5;
    return word < this.#words.length && (this.#words[word] & (1 << (value & 31))) !== 0;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
