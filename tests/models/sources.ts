/** The naive high-water marks. */
export class Sources {
  readonly #marks = new Map<string, number>();

  /** True where the sequence is at or below the mark: applied before. */
  stale(source: string, sequence: number): boolean {
    if (sequence <= (this.#marks.get(source) ?? 0)) return true;
    this.#marks.set(source, sequence);
    return false;
  }
}
