/** The naive twin of top-N: all rows of a key sorted anew after each change; what entered and left is a difference. */

export interface TopChange<R> {
  readonly op: number;
  readonly rank: number;
  readonly row: R;
}

export class TopN<R extends { readonly time: bigint }> {
  readonly #keys = new Map<string, { rows: R[]; newest: bigint }>();

  constructor(
    readonly n: number,
    readonly ranks: boolean,
    readonly retracts: boolean,
    readonly ttl: bigint,
    /** Negative: a before b. */
    readonly order: (a: R, b: R) => number,
  ) {}

  get keys(): number {
    return this.#keys.size;
  }

  insert(key: string, row: R): TopChange<R>[] {
    const known = this.#keys.get(key) ?? { rows: [], newest: row.time };
    if (row.time > known.newest) known.newest = row.time;
    this.#keys.set(key, known);
    return this.#become(known, [...known.rows, row].sort(this.order));
  }

  /** undefined = there is no such row. */
  retract(key: string, same: (row: R) => boolean): TopChange<R>[] | undefined {
    const known = this.#keys.get(key), at = known ? known.rows.findIndex(same) : -1;
    if (!known || at < 0) return undefined;
    const changes = this.#become(known, known.rows.toSpliced(at, 1));
    if (known.rows.length === 0 && !this.ttl) this.#keys.delete(key);
    return changes;
  }

  advance(watermark: bigint): void {
    if (!this.ttl) return;
    for (const [key, { newest }] of this.#keys) if (newest + this.ttl < watermark) this.#keys.delete(key);
  }

  #become(known: { rows: R[] }, rows: R[]): TopChange<R>[] {
    const before = known.rows.slice(0, this.n), after = rows.slice(0, this.n);
    known.rows = this.retracts ? rows : after;
    let same = 0;
    while (same < before.length && before[same] === after[same]) same++;
    const changes = [
      ...before.map((row, i) => ({ op: 1, rank: i + 1, row })),
      ...after.map((row, i) => ({ op: 0, rank: i + 1, row })),
    ];
    if (this.ranks) return changes.filter(({ rank }) => rank > same);
    return changes.filter(({ op, row }) => op ? !after.includes(row) : !before.includes(row))
      .map((change) => ({ ...change, rank: 0 }));
  }
}
