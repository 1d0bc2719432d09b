/** The naive twin of the table-table join: the whole answer, or that of one key, put together anew when asked. */

export interface TableResult<R> {
  readonly left?: R;
  readonly right?: R;
}

interface Group<R> {
  /** By primary key. */
  readonly lefts: Map<string, R>;
  right?: R;
}

export class TableJoin<R> {
  readonly #groups = new Map<string, Group<R>>();
  /** The key that each left row names, by its primary key. */
  readonly #keys = new Map<string, string>();

  /** `kind`: bit 0 = left rows without a partner come out, bit 1 = right rows. */
  constructor(readonly kind: number) {}

  left(primary: string, key: string, row: R | undefined): void {
    const before = this.#keys.get(primary);
    if (before !== undefined && (row === undefined || before !== key)) {
      this.#groups.get(before)!.lefts.delete(primary);
    }
    if (row === undefined) this.#keys.delete(primary);
    else {
      this.#keys.set(primary, key);
      this.#group(key).lefts.set(primary, row);
    }
  }

  right(key: string, row: R | undefined): void {
    this.#group(key).right = row;
  }

  keyOf(primary: string): string | undefined {
    return this.#keys.get(primary);
  }

  hasRight(key: string): boolean {
    return this.#groups.get(key)?.right !== undefined;
  }

  answer(): TableResult<R>[] {
    return [...this.#groups.keys()].flatMap((key) => this.answerOf(key));
  }

  answerOf(key: string): TableResult<R>[] {
    const { lefts, right } = this.#group(key);
    if (lefts.size === 0) return right !== undefined && this.kind & 2 ? [{ right }] : [];
    if (right === undefined) return this.kind & 1 ? [...lefts.values()].map((left) => ({ left })) : [];
    return [...lefts.values()].map((left) => ({ left, right }));
  }

  #group(key: string): Group<R> {
    let group = this.#groups.get(key);
    if (!group) this.#groups.set(key, group = { lefts: new Map() });
    return group;
  }
}
