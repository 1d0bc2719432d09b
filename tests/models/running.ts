/** The naive twin of the running aggregate: all amounts of a key, summed anew after each row. */

export interface Total {
  readonly sum: bigint;
  readonly count: bigint;
}

export interface RunningChange {
  readonly op: number;
  readonly total: Total;
}

export class Running {
  readonly #keys = new Map<string, { in: bigint[]; out: bigint[]; newest: bigint; shown?: Total }>();
  /** The newest rows of keys whose rows were all retracted: what comes now does not make them older. */
  readonly #retracted = new Map<string, bigint>();

  constructor(readonly ttl: bigint) {}

  get keys(): number {
    return [...this.#keys.values()].filter((known) => known.in.length > known.out.length).length;
  }

  /** undefined = a retraction of a key that has no rows. */
  row(key: string, time: bigint, amount: bigint, op: number): RunningChange[] | undefined {
    let known = this.#keys.get(key);
    if (op && !known) return undefined;
    if (!known) this.#keys.set(key, known = { in: [], out: [], newest: this.#retracted.get(key) ?? time });
    this.#retracted.delete(key);
    if (time > known.newest) known.newest = time;
    (op ? known.out : known.in).push(amount);
    const before = known.shown;
    if (known.in.length === known.out.length) {
      this.#keys.delete(key);
      this.#retracted.set(key, known.newest);
      return [{ op: 1, total: before! }];
    }
    const counted = (amounts: bigint[]) => BigInt(amounts.filter((one) => one !== 0n).length);
    const total = { sum: sum(known.in) - sum(known.out), count: counted(known.in) - counted(known.out) };
    known.shown = total;
    if (before && before.sum === total.sum && before.count === total.count) return [];
    return before ? [{ op: 1, total: before }, { op: 0, total }] : [{ op: 0, total }];
  }

  advance(watermark: bigint): void {
    const isOver = (newest: bigint) => this.ttl !== 0n && newest + this.ttl < watermark;
    for (const [key, { newest }] of this.#keys) if (isOver(newest)) this.#keys.delete(key);
    for (const [key, newest] of this.#retracted) if (isOver(newest)) this.#retracted.delete(key);
  }
}

function sum(amounts: bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
