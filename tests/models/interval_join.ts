/**
 * The naive twin of the interval join: each new row compared with all rows of its key, and all rows looked
 * through at every watermark.
 */

const MIN = -(2n ** 63n);

export interface IntervalRow {
  readonly key: string;
  readonly time: bigint;
  /** Of a left row: the times of right rows that match. */
  readonly low?: bigint;
  readonly high?: bigint;
}

interface Kept<R> {
  readonly row: R;
  readonly seq: number;
  /** The watermark at which no match can come any more. */
  readonly due: bigint;
  matched: boolean;
}

export type Pair<R> = readonly [left: R | undefined, right: R | undefined];

export class IntervalJoin<R extends IntervalRow> {
  readonly #kind: number;
  readonly #before: bigint;
  readonly #after: bigint;
  readonly #lateness: bigint;
  /** Of each key the left rows, then the right rows. */
  readonly #keys = new Map<string, readonly [Kept<R>[], Kept<R>[]]>();
  #watermark = -(2n ** 63n);
  #seq = 0;

  /** `kind`: bit 0 = left rows without a partner come out, bit 1 = right rows. */
  constructor(kind: number, before: bigint, after: bigint, lateness: bigint) {
    this.#kind = kind;
    this.#before = before;
    this.#after = after;
    this.#lateness = lateness;
  }

  get rows(): number {
    return [...this.#keys.values()].reduce((sum, [lefts, rights]) => sum + lefts.length + rights.length, 0);
  }

  left(row: R): Pair<R>[] | "late" | "reject" {
    if (row.time < this.#watermark - this.#lateness) return "late";
    if (row.low! < row.time - this.#before || row.high! > row.time + this.#after) return "reject";
    return this.#meet(row, 0, row.high!, (right) => [row, right]);
  }

  right(row: R): Pair<R>[] | "late" {
    if (row.time < this.#watermark - this.#lateness) return "late";
    return this.#meet(row, 1, row.time + this.#before, (left) => [left, row]);
  }

  advance(watermark: bigint): Pair<R>[] {
    this.#watermark = watermark;
    const due: { kept: Kept<R>; pair: Pair<R>; bit: number }[] = [];
    for (const [key, [lefts, rights]] of this.#keys) {
      for (const kept of lefts) {
        if (kept.due <= watermark) due.push({ kept, pair: [kept.row, undefined], bit: 1 });
      }
      for (const kept of rights) {
        if (kept.due <= watermark) due.push({ kept, pair: [undefined, kept.row], bit: 2 });
      }
      const left = [lefts, rights].map((rows) => rows.filter((kept) => kept.due > watermark));
      if (left[0].length + left[1].length === 0) this.#keys.delete(key);
      else this.#keys.set(key, [left[0], left[1]]);
    }
    due.sort((x, y) => compare(x.kept.due, y.kept.due) || x.kept.seq - y.kept.seq);
    return due.filter(({ kept, bit }) => !kept.matched && this.#kind & bit).map(({ pair }) => pair);
  }

  #meet(row: R, side: 0 | 1, last: bigint, pair: (other: R) => Pair<R>): Pair<R>[] {
    const never = side === 0 && row.low! > last;
    const known = this.#keys.get(row.key) ?? [[], []];
    const kept: Kept<R> = {
      row,
      seq: this.#seq++,
      due: never ? MIN : last + this.#lateness + 1n,
      matched: false,
    };
    const met = known[1 - side].filter((other) => {
      const [left, right] = pair(other.row) as [R, R];
      return left.low! <= right.time && right.time <= left.high!;
    }).sort((x, y) => compare(x.row.time, y.row.time) || x.seq - y.seq);
    for (const other of met) other.matched = true;
    kept.matched = met.length > 0;
    const results: Pair<R>[] = met.map((other) => pair(other.row));
    if (kept.due > this.#watermark) {
      known[side].push(kept);
      this.#keys.set(row.key, known);
    } else if (!kept.matched && this.#kind & (side + 1)) results.push(pair(undefined as unknown as R));
    return results;
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
