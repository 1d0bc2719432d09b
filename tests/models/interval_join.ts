/** The naive twin of the interval join: every row ever kept in one list, each new one compared with them all. */

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
  readonly #lefts = new Set<Kept<R>>();
  readonly #rights = new Set<Kept<R>>();
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
    return this.#lefts.size + this.#rights.size;
  }

  left(row: R): Pair<R>[] | "late" | "reject" {
    if (row.time < this.#watermark - this.#lateness) return "late";
    if (row.low! < row.time - this.#before || row.high! > row.time + this.#after) return "reject";
    return this.#meet(row, this.#lefts, this.#rights, row.high!, (right) => [row, right], 1);
  }

  right(row: R): Pair<R>[] | "late" {
    if (row.time < this.#watermark - this.#lateness) return "late";
    return this.#meet(row, this.#rights, this.#lefts, row.time + this.#before, (left) => [left, row], 2);
  }

  advance(watermark: bigint): Pair<R>[] {
    this.#watermark = watermark;
    const due = [
      ...[...this.#lefts].map((kept) => ({ kept, pair: [kept.row, undefined] as Pair<R>, bit: 1 })),
      ...[...this.#rights].map((kept) => ({ kept, pair: [undefined, kept.row] as Pair<R>, bit: 2 })),
    ].filter(({ kept }) => kept.due <= watermark)
      .sort((x, y) => compare(x.kept.due, y.kept.due) || x.kept.seq - y.kept.seq);
    for (const { kept } of due) {
      this.#lefts.delete(kept);
      this.#rights.delete(kept);
    }
    return due.filter(({ kept, bit }) => !kept.matched && this.#kind & bit).map(({ pair }) => pair);
  }

  #meet(
    row: R,
    own: Set<Kept<R>>,
    others: Set<Kept<R>>,
    last: bigint,
    pair: (other: R) => Pair<R>,
    bit: number,
  ) {
    const never = row.low !== undefined && bit === 1 && row.low > last;
    const kept: Kept<R> = {
      row,
      seq: this.#seq++,
      due: never ? MIN : last + this.#lateness + 1n,
      matched: false,
    };
    const met = [...others].filter((other) => {
      const [left, right] = pair(other.row) as [R, R];
      return left.key === right.key && left.low! <= right.time && right.time <= left.high!;
    }).sort((x, y) => compare(x.row.time, y.row.time) || x.seq - y.seq);
    for (const other of met) other.matched = true;
    kept.matched = met.length > 0;
    const results: Pair<R>[] = met.map((other) => pair(other.row));
    if (kept.due > this.#watermark) own.add(kept);
    else if (!kept.matched && this.#kind & bit) results.push(pair(undefined as unknown as R));
    return results;
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
