/** The naive over-windows: all rows of a key, sorted, looked over anew for each row. */

export interface OverRow {
  readonly key: string;
  readonly time: bigint;
  readonly a: bigint;
}

export interface Beside<R> {
  readonly row: R;
  readonly number: bigint;
  /** All rows of the key within `range` before it, with those of its own time. */
  readonly range: readonly R[];
  readonly half: readonly R[];
  readonly rows: readonly R[];
  readonly all: readonly R[];
  lag(count: number): R | undefined;
}

export class Over<R extends OverRow> {
  readonly #range: bigint;
  readonly #rows: number;
  readonly #keep: bigint;
  /** By key, sorted by time; of equals, as they came. */
  readonly #sorted = new Map<string, R[]>();
  #waiting: R[] = [];
  #watermark = -(2n ** 63n);

  constructor(range: bigint, rows: number, keep: bigint) {
    this.#range = range;
    this.#rows = rows;
    this.#keep = keep;
  }

  /** False = too late. */
  add(row: R): boolean {
    if (row.time < this.#watermark) return false;
    this.#waiting.push(row);
    return true;
  }

  advance(watermark: bigint): Beside<R>[] {
    if (watermark <= this.#watermark) return [];
    this.#watermark = watermark;
    const due = this.#waiting.filter((row) => row.time < watermark);
    this.#waiting = this.#waiting.filter((row) => row.time >= watermark);
    due.sort((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : 0);
    /** The rows of its key that each stands among. */
    const runs = new Map<R, R[]>();
    for (const row of due) {
      const known = this.#sorted.get(row.key) ?? [];
      const last = known.at(-1), forgotten = this.#keep && last && row.time > last.time + this.#keep;
      const run = forgotten || !last ? [] : known;
      run.push(row);
      this.#sorted.set(row.key, run);
      runs.set(row, run);
    }
    return due.map((row) => {
      const rows = runs.get(row)!;
      return this.#beside(rows, row, rows.indexOf(row));
    });
  }

  #beside(rows: readonly R[], row: R, i: number): Beside<R> {
    const within = (size: bigint) => rows.filter(({ time }) => time >= row.time - size && time <= row.time);
    return {
      row,
      number: BigInt(i + 1),
      range: within(this.#range),
      half: within(this.#range / 2n),
      rows: rows.slice(Math.max(0, i + 1 - this.#rows), i + 1),
      all: rows.slice(0, i + 1),
      lag: (count) => rows[i - count],
    };
  }
}
