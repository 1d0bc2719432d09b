/** The naive windows of a number of rows: each key keeps all its values. */
import type { Told } from "./aligned.ts";

export class CountWindow {
  readonly #size: number;
  readonly #slide: number;
  readonly #rows = new Map<string, bigint[]>();

  constructor(size: number, slide: number) {
    this.#size = size;
    this.#slide = slide;
  }

  add(key: string, value: bigint): Told[] {
    const rows = [...this.#rows.get(key) ?? [], value];
    this.#rows.set(key, rows);
    if (rows.length % this.#slide !== 0) return [];
    const from = Math.max(0, rows.length - this.#size);
    return [{
      key,
      start: BigInt(from),
      end: BigInt(rows.length),
      values: rows.slice(from),
      op: 0,
      timing: 1,
    }];
  }
}
