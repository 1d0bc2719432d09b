/** The naive twin of the table-table join: after each change the whole answer, and what differs from the last. */

export interface TableResult<R> {
  readonly left?: R;
  readonly right?: R;
}

export class TableJoin<R> {
  readonly #lefts = new Map<string, { key: string; row: R }>();
  readonly #rights = new Map<string, R>();

  /** `kind`: bit 0 = left rows without a partner come out, bit 1 = right rows. */
  constructor(readonly kind: number) {}

  left(primary: string, key: string, row: R | undefined): void {
    if (row === undefined) this.#lefts.delete(primary);
    else this.#lefts.set(primary, { key, row });
  }

  right(key: string, row: R | undefined): void {
    if (row === undefined) this.#rights.delete(key);
    else this.#rights.set(key, row);
  }

  hasLeft(primary: string): boolean {
    return this.#lefts.has(primary);
  }

  hasRight(key: string): boolean {
    return this.#rights.has(key);
  }

  answer(): TableResult<R>[] {
    const results: TableResult<R>[] = [];
    const named = new Set<string>();
    for (const { key, row } of this.#lefts.values()) {
      const right = this.#rights.get(key);
      named.add(key);
      if (right !== undefined) results.push({ left: row, right });
      else if (this.kind & 1) results.push({ left: row });
    }
    for (const [key, right] of this.#rights) if (!named.has(key) && this.kind & 2) results.push({ right });
    return results;
  }
}
