/** The naive twin of keep: one row per key, looked through whole at every watermark. */

export interface KeepChange<R> {
  readonly op: number;
  readonly key: string;
  readonly row: R;
}

interface Held<R> {
  row: R;
  told: boolean;
}

export class Keep<R extends { readonly time: bigint }> {
  readonly #keys = new Map<string, Held<R>>();
  #watermark = -(2n ** 63n);

  /** mode: 0 = the first to arrive, 1 = the best, with updates, 2 = the best, once. ttl 0 = for ever. */
  constructor(
    readonly mode: number,
    readonly wait: bigint,
    readonly ttl: bigint,
    readonly lateness: bigint,
    readonly better: (a: R, b: R) => boolean,
  ) {}

  get keys(): number {
    return this.#keys.size;
  }

  row(key: string, row: R): KeepChange<R>[] | "late" {
    if ((this.ttl || this.mode === 2) && row.time < this.#watermark - this.lateness) return "late";
    const held = this.#keys.get(key), told = this.mode !== 2;
    const shown = told ? [{ op: 0, key, row }] : [];
    if (!held) {
      this.#keys.set(key, { row, told });
      return shown;
    }
    if (this.ttl && row.time > held.row.time + this.ttl) {
      const last = held.told ? [] : [{ op: 0, key, row: held.row }];
      this.#keys.set(key, { row, told });
      return [...last, ...shown];
    }
    if (this.mode === 0 || this.mode === 2 && held.told || !this.better(row, held.row)) return [];
    const old = held.row;
    held.row = row;
    return told ? [{ op: 1, key, row: old }, ...shown] : [];
  }

  advance(watermark: bigint): KeepChange<R>[] {
    this.#watermark = watermark;
    const settled = watermark - this.lateness;
    const results: KeepChange<R>[] = [];
    for (const [key, held] of this.#keys) {
      if (!held.told && held.row.time + this.wait < settled) {
        held.told = true;
        results.push({ op: 0, key, row: held.row });
      }
      if (held.told && this.ttl && held.row.time + this.ttl < settled) this.#keys.delete(key);
    }
    return results;
  }
}
