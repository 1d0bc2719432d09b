/** The naive gap fill: all rows of a key are kept, and its steps gone through from the first one on. */
import { floor } from "./aligned.ts";

export interface GapRow {
  readonly key: string;
  readonly time: bigint;
}

export interface Filled<R> {
  readonly key: string;
  readonly start: bigint;
  readonly row: R;
  readonly isFilled: boolean;
}

export class GapFill<R extends GapRow> {
  readonly #step: bigint;
  readonly #offset: bigint;
  readonly #keep: bigint;
  #rows: R[] = [];
  #watermark = -(2n ** 63n);

  constructor(step: bigint, offset: bigint, keep: bigint) {
    this.#step = step;
    this.#offset = offset;
    this.#keep = keep / step;
  }

  /** The step that a row is too late for, if it is. */
  add(row: R): { readonly start: bigint; readonly end: bigint } | undefined {
    const start = this.#startOf(this.#stepOf(row)), end = start + this.#step;
    if (this.#watermark >= end) return { start, end };
    this.#rows.push(row);
    return undefined;
  }

  advance(watermark: bigint): Filled<R>[] {
    const before = this.#watermark;
    this.#watermark = watermark > before ? watermark : before;
    const told: Filled<R>[] = [];
    for (const key of new Set(this.#rows.map((row) => row.key))) {
      const steps = new Map<bigint, R>();
      for (const row of this.#rows.filter((one) => one.key === key)) {
        const step = this.#stepOf(row), known = steps.get(step);
        if (!known || known.time <= row.time) steps.set(step, row);
      }
      for (const [step, row] of steps) {
        for (let at = step; at <= step + this.#keep && (at === step || !steps.has(at)); at++) {
          const start = this.#startOf(at), end = start + this.#step;
          if (end > before && end <= this.#watermark) told.push({ key, start, row, isFilled: at !== step });
        }
      }
    }
    return told.sort((a, b) => a.start < b.start ? -1 : a.start > b.start ? 1 : 0);
  }

  #stepOf({ time }: R): bigint {
    return floor(time - this.#offset, this.#step);
  }

  #startOf(step: bigint): bigint {
    return step * this.#step + this.#offset;
  }
}
