/** The naive dedupe window: a Map in order of arrival. */
export class Dedup {
  readonly #ids = new Map<string, { at: number; frame: number; event: number }>();
  constructor(readonly window: number, readonly max: number) {}

  /** Where the first answer stands, or undefined where the id is new (and remembered from now on). */
  remember(
    id: string,
    at: number,
    frame: number,
    event: number,
  ): { frame: number; event: number } | undefined {
    const known = this.#ids.get(id);
    if (known && at - known.at <= this.window) return known;
    this.#ids.delete(id);
    const [oldest] = this.#ids.keys();
    if (this.#ids.size >= this.max && oldest !== undefined) this.#ids.delete(oldest);
    for (const [old, { at: then }] of this.#ids) if (at - then > this.window) this.#ids.delete(old);
    this.#ids.set(id, { at, frame, event });
  }
}
