/**
 * Seeded randomness for generators and tests: the same seed gives the same draws on every runtime and
 * machine. sfc32 (PractRand-clean, 128 bits of state, 32-bit operations only), with the few distributions the
 * workload generators need. Not for secrets.
 *
 * Uniform draws are exact everywhere. Distributions that use Math.log, Math.cos or Math.pow may differ in the
 * last bit between JavaScript engines; callers round them to whole units.
 */

export interface Seeded {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, 2^32). */
  u32(): number;
  /** An integer in [min, max], both inclusive; the span is at most 2^53 - 1. */
  int(min: number, max: number): number;
  /** A bigint in [0, 2^64). */
  u64(): bigint;
  /** True with the given probability. */
  chance(probability: number): boolean;
  pick<T>(values: readonly T[]): T;
  /** Index into `weights`, each with the probability of its share. */
  weighted(weights: readonly number[]): number;
  /** Standard normal. */
  normal(): number;
  /** Exponential of mean 1. */
  exponential(): number;
  /** Gamma of the given mean and standard deviation. */
  gamma(mean: number, deviation: number): number;
  /** Pareto of the given scale (its minimum) and shape. */
  pareto(scale: number, shape: number): number;
  poisson(mean: number): number;
  /** A stream of its own, fixed by this seed and the name: draws there do not shift draws here. */
  fork(name: string): Seeded;
}

export function seeded(seed: number | string): Seeded {
  return new Sfc32(String(seed));
}

/** A sampler of integers in [0, count) with P(k) ∝ 1 / (k + 1)^exponent (Zipf), by a table of sums. */
export function zipf(count: number, exponent: number): (random: Seeded) => number {
  const sums = new Float64Array(count);
  let total = 0;
  for (let rank = 0; rank < count; rank++) {
    total += 1 / Math.pow(rank + 1, exponent);
    sums[rank] = total;
  }
  return (random) => {
    const target = random.next() * total;
    let low = 0, high = count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle] <= target) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

class Sfc32 implements Seeded {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    this.#seed = seed;
    this.#a = fnv1a(seed, 0x811c9dc5);
    this.#b = fnv1a(seed, this.#a ^ 0x9e3779b9);
    this.#c = fnv1a(seed, this.#b ^ 0x85ebca6b);
    for (let round = 0; round < 15; round++) this.u32();
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  next(): number {
    const high = this.u32() >>> 5, low = this.u32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.int(0, values.length - 1)];
  }

  weighted(weights: readonly number[]): number {
    let target = this.next() * weights.reduce((sum, weight) => sum + weight, 0);
    for (let index = 0; index < weights.length; index++) {
      target -= weights[index];
      if (target < 0) return index;
    }
    return weights.length - 1;
  }

  normal(): number {
    return Math.sqrt(2 * this.exponential()) * Math.cos(2 * Math.PI * this.next());
  }

  exponential(): number {
    return -Math.log(1 - this.next());
  }

  /** Marsaglia and Tsang's method; a shape below 1 is boosted by one and scaled back. */
  gamma(mean: number, deviation: number): number {
    const shape = (mean / deviation) ** 2;
    const scale = deviation ** 2 / mean;
    if (shape < 1) return this.#gammaOne(shape + 1) * Math.pow(1 - this.next(), 1 / shape) * scale;
    return this.#gammaOne(shape) * scale;
  }

  #gammaOne(shape: number): number {
    const d = shape - 1 / 3, c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - this.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  pareto(scale: number, shape: number): number {
    return scale / Math.pow(1 - this.next(), 1 / shape);
  }

  /** Counts exponential gaps: fine for the means in use (up to some hundreds). */
  poisson(mean: number): number {
    let count = 0;
    for (let left = mean - this.exponential(); left > 0; left -= this.exponential()) count++;
    return count;
  }

  fork(name: string): Seeded {
    return new Sfc32(`${this.#seed}/${name}`);
  }
}

function fnv1a(text: string, start: number): number {
  let hash = start | 0;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
