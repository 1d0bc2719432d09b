/** The naive keyed table: a Map that remembers when each key was last used. */
const SECOND = 1n << 20n; // the table keeps ages in units of 2^20 µs

export class Table {
  readonly #entries = new Map<string, { sum: bigint; seen: bigint }>();
  readonly #ttl: bigint;

  constructor(ttlMicros: bigint) {
    this.#ttl = ttlMicros;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** Adds to a key's sum; true in `fresh` where the key was new. */
  upsert(key: string, amount: bigint, clock: bigint): { sum: bigint; fresh: boolean } {
    const entry = this.#entries.get(key);
    const sum = BigInt.asIntN(64, (entry?.sum ?? 0n) + amount);
    this.#entries.set(key, { sum, seen: clock / SECOND });
    return { sum, fresh: !entry };
  }

  find(key: string): bigint | undefined {
    return this.#entries.get(key)?.sum;
  }

  remove(key: string): boolean {
    return this.#entries.delete(key);
  }

  /** Every idle key goes: what the clock hand has done after a whole turn. */
  reap(clock: bigint): { removed: number; xor: bigint } {
    let removed = 0, xor = 0n;
    for (const [key, { sum, seen }] of this.#entries) {
      if (clock / SECOND - seen <= this.#ttl / SECOND + 1n) continue;
      this.#entries.delete(key);
      removed++;
      xor ^= sum;
    }
    return { removed, xor: BigInt.asIntN(64, xor) };
  }

  sum(): bigint {
    let sum = 0n;
    for (const entry of this.#entries.values()) sum += entry.sum;
    return BigInt.asIntN(64, sum);
  }
}
