/** Naive counters over the recent past: they keep every item and look at all of them. */
const MAX = (1n << 63n) - 1n, MIN = -(1n << 63n);

/** Items within `window` of the newest, at most `max`. */
export class Exact {
  #items: { at: bigint; value: bigint }[] = [];
  constructor(readonly window: bigint, readonly max: number) {}

  /** 0 = added, 1 = full, 2 = too old. */
  add(at: bigint, value: bigint): number {
    const newest = this.#items.reduce((latest, item) => item.at > latest ? item.at : latest, MIN);
    if (this.#items.length && at <= atLeast(newest - this.window) && at <= newest) return 2;
    if (at > newest) this.#items = this.#items.filter((item) => item.at > atLeast(at - this.window));
    if (this.#items.length >= this.max) return 1;
    this.#items.push({ at, value });
    return 0;
  }

  within(at: bigint, window: bigint): { at: bigint; value: bigint }[] {
    return this.#items.filter((item) => item.at > atLeast(at - window) && item.at <= at);
  }

  /** The sum in (at - window, at], or undefined where adding the newest first leaves int64. */
  sum(at: bigint, window: bigint): bigint | undefined {
    let sum = 0n;
    for (const item of this.within(at, window)) sum += item.value;
    return sum > MAX || sum < MIN ? undefined : sum;
  }
}

function atLeast(time: bigint): bigint {
  return time < MIN ? MIN : time;
}

/** Counts by bucket of event time; the newest `buckets` are kept. */
export class Ring {
  readonly #counts = new Map<bigint, bigint>();
  #newest: bigint | undefined;
  constructor(readonly buckets: number, readonly width: bigint) {}

  add(at: bigint, value: bigint): boolean {
    const bucket = floor(at, this.width);
    if (this.#newest !== undefined && bucket <= this.#newest - BigInt(this.buckets)) return false;
    if (this.#newest === undefined || bucket > this.#newest) this.#newest = bucket;
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0n) + value);
    return true;
  }

  sum(at: bigint): bigint {
    if (this.#newest === undefined) return 0n;
    const last = floor(at, this.width);
    let sum = 0n;
    for (const [bucket, count] of this.#counts) {
      const kept = bucket > this.#newest - BigInt(this.buckets);
      if (kept && bucket <= last && bucket > last - BigInt(this.buckets)) sum += count;
    }
    return sum;
  }
}

function floor(at: bigint, width: bigint): bigint {
  const quotient = at / width;
  return at < 0n && quotient * width !== at ? quotient - 1n : quotient;
}

/** A token bucket in exact rationals: millionths of a token. */
export class TokenBucket {
  #missing = 0n;
  #last = 0n;

  take(perSecond: bigint, burst: bigint, at: bigint, cost: bigint): boolean {
    if (at > this.#last) {
      this.#missing -= (at - this.#last) * perSecond;
      if (this.#missing < 0n) this.#missing = 0n;
      this.#last = at;
    }
    if (this.#missing + cost * 1_000_000n > burst * 1_000_000n) return false;
    this.#missing += cost * 1_000_000n;
    return true;
  }
}
