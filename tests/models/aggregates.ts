/** The naive aggregates with storage: every value that came is kept. */
export class Aggregates {
  /** Of each number and each text: how often it is there. */
  readonly numbers = new Map<bigint, bigint>();
  readonly texts = new Map<string, bigint>();
  /** All that ever came, for what cannot take anything back. */
  seen: { readonly time: bigint; readonly value: bigint; readonly text: string; readonly times: bigint }[] =
    [];

  change(time: bigint, value: bigint, text: string, times: bigint): void {
    bump(this.numbers, value, times);
    bump(this.texts, text, times);
    if (times > 0n) this.seen.push({ time, value, text, times });
  }

  merge(other: Aggregates): void {
    for (const [value, times] of [...other.numbers]) bump(this.numbers, value, times);
    for (const [text, times] of [...other.texts]) bump(this.texts, text, times);
    this.seen.push(...other.seen);
  }

  /** The numbers in order, as often as they are there. */
  sorted(): bigint[] {
    return [...this.numbers].flatMap(([value, times]) => Array<bigint>(Number(times)).fill(value))
      .sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
  }

  /** The value of rank ⌊q · (n - 1)⌋. */
  quantile(q: number): number {
    const sorted = this.sorted();
    return sorted.length ? Number(sorted[Math.floor(q * (sorted.length - 1))]) : 0;
  }

  largest(most: number): bigint[] {
    return this.seen.flatMap(({ value, times }) => Array<bigint>(Number(times)).fill(value))
      .sort((a, b) => a < b ? 1 : a > b ? -1 : 0).slice(0, most);
  }

  /** The first by time; of equals, as they came. */
  collected(most: number): string[] {
    return this.seen.map((one, i) => ({ ...one, i }))
      .sort((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : a.i - b.i)
      .slice(0, most).map(({ text }) => text);
  }

  /** How often each text came in all. */
  frequencies(): Map<string, bigint> {
    const all = new Map<string, bigint>();
    for (const { text, times } of this.seen) bump(all, text, times);
    return all;
  }
}

function bump<K>(map: Map<K, bigint>, key: K, by: bigint): void {
  const now = (map.get(key) ?? 0n) + by;
  if (now === 0n) map.delete(key);
  else map.set(key, now);
}
