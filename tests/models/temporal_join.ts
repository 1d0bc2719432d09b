/** The naive twin of the join as of event time: no version is ever forgotten. */

export interface VersionRow {
  readonly key: string;
  readonly time: bigint;
  /** 1 = from here on there is none. */
  readonly op?: number;
}

export type Answer<R> = readonly [left: R, right: R | undefined];

export class TemporalJoin<R extends VersionRow> {
  readonly #versions: R[] = [];
  #waiting: R[] = [];
  #watermark = -(2n ** 63n);

  constructor(readonly left: boolean, readonly history: bigint, readonly tolerance: bigint) {}

  stream(row: R): Answer<R>[] | "late" {
    if (row.time < this.#watermark - this.history) return "late";
    if (row.time < this.#watermark) return this.#answer(row);
    this.#waiting.push(row);
    return [];
  }

  version(row: R): boolean {
    if (row.time < this.#watermark) return false;
    this.#versions.push(row);
    return true;
  }

  advance(watermark: bigint): Answer<R>[] {
    this.#watermark = watermark;
    const ready = this.#waiting.filter(({ time }) => time < watermark);
    this.#waiting = this.#waiting.filter(({ time }) => time >= watermark);
    ready.sort((x, y) => x.time < y.time ? -1 : x.time > y.time ? 1 : 0);
    return ready.flatMap((row) => this.#answer(row));
  }

  #answer(row: R): Answer<R>[] {
    let found: R | undefined;
    for (const version of this.#versions) {
      if (version.key !== row.key || version.time > row.time) continue;
      if (found === undefined || version.time >= found.time) found = version;
    }
    if (found && (found.op || found.time + this.tolerance < row.time)) found = undefined;
    return found || this.left ? [[row, found]] : [];
  }
}
