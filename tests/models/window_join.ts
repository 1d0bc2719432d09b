/** The naive twin of the windowed join: every row kept, every window put together from all of them. */

export interface WindowRow {
  readonly key: string;
  readonly time: bigint;
}

interface Kept<R> {
  readonly row: R;
  readonly left: boolean;
  readonly seq: number;
  /** The end of the first window it was in time for. */
  readonly open: bigint;
}

export interface WindowResult<R> {
  readonly left?: R;
  readonly right?: R;
  readonly start: bigint;
}

export class WindowJoin<R extends WindowRow> {
  #rows: Kept<R>[] = [];
  #watermark = -(2n ** 63n);
  #seq = 0;

  constructor(
    readonly kind: number,
    readonly size: bigint,
    readonly slide: bigint,
    readonly offset: bigint,
    readonly lateness: bigint,
  ) {}

  get rows(): number {
    return this.#rows.length;
  }

  /** The newest window that the row came too late for, and how many they are where others still take it. */
  add(left: boolean, row: R): { missed?: bigint; partly?: number } {
    const starts = this.#starts(row.time);
    const open = starts.filter((start) => start + this.size > this.#watermark - this.lateness);
    const missed = starts.filter((start) => !open.includes(start)).at(-1);
    if (open.length > 0) this.#rows.push({ row, left, seq: this.#seq++, open: open[0] + this.size });
    return { missed, ...(open.length > 0 ? { partly: starts.length - open.length } : {}) };
  }

  /** Results of the windows that are gone now, in the order of their ends. */
  advance(watermark: bigint): WindowResult<R>[] {
    const gone = (start: bigint) => start + this.size <= watermark - this.lateness;
    const fresh = (start: bigint) => start + this.size > this.#watermark - this.lateness;
    const starts = new Set(
      this.#rows.flatMap(({ row }) => this.#starts(row.time)).filter((start) => gone(start) && fresh(start)),
    );
    this.#watermark = watermark;
    const results = [...starts].sort((x, y) => x < y ? -1 : 1).flatMap((start) => this.#window(start));
    this.#rows = this.#rows.filter(({ row }) => !gone(this.#starts(row.time).at(-1)!));
    return results;
  }

  #window(start: bigint): WindowResult<R>[] {
    const within = this.#rows.filter(({ row, open }) =>
      start <= row.time && row.time < start + this.size && open <= start + this.size
    ).sort((x, y) => x.row.time < y.row.time ? -1 : x.row.time > y.row.time ? 1 : x.seq - y.seq);
    return [...new Set(within.map(({ row }) => row.key))].flatMap((key): WindowResult<R>[] => {
      const lefts = within.filter(({ row, left }) => left && row.key === key).map(({ row }) => row);
      const rights = within.filter(({ row, left }) => !left && row.key === key).map(({ row }) => row);
      if (rights.length === 0) return this.kind & 1 ? lefts.map((left) => ({ left, start })) : [];
      if (lefts.length === 0) return this.kind & 2 ? rights.map((right) => ({ right, start })) : [];
      return lefts.flatMap((left) => rights.map((right) => ({ left, right, start })));
    });
  }

  /** Starts of the windows of a time, ascending. */
  #starts(time: bigint): bigint[] {
    const from = time - this.offset;
    let start = from / this.slide * this.slide;
    if (start > from) start -= this.slide;
    const starts: bigint[] = [];
    for (start += this.offset; start + this.size > time; start -= this.slide) starts.unshift(start);
    return starts;
  }
}
