/**
 * java.util.Random, draw for draw, as its documentation specifies it: a linear congruential generator of 48
 * bits. Nexmark seeds one per event, so whoever makes the same draws makes the same events. The state is kept
 * as two halves of 24 bits, so that no product leaves the integers a double holds exactly: no BigInt.
 */
const LOW = 0xffffff, HALF = 0x1000000;
/** 0x5DEECE66D, in halves. */
const MULTIPLIER_HIGH = 0x5de, MULTIPLIER_LOW = 0xece66d;
const ADDEND = 0xb;

export class JavaRandom {
  #high = 0;
  #low = 0;

  /** Begins anew; `value` is a whole number in [0, 2^53). */
  seed(value: number): this {
    const high = Math.floor(value / HALF) & LOW, low = value & LOW;
    this.#high = high ^ MULTIPLIER_HIGH;
    this.#low = low ^ MULTIPLIER_LOW;
    return this;
  }

  /** An int in [0, bound), 0 < bound < 2^31. */
  nextInt(bound: number): number {
    if ((bound & (bound - 1)) === 0) {
      this.#step();
      return Math.floor(bound * this.#top31() / 0x80000000);
    }
    for (;;) {
      this.#step();
      const bits = this.#top31();
      const value = bits % bound;
      // Java asks whether this overflows an int: the last, incomplete span of `bound` numbers is drawn again.
      if (bits - value + (bound - 1) <= 0x7fffffff) return value;
    }
  }

  /** Any int: [-2^31, 2^31). */
  nextInt32(): number {
    this.#step();
    return (this.#high << 8) | (this.#low >>> 16);
  }

  /** A double in [0, 1), of 53 bits. */
  nextDouble(): number {
    this.#step();
    const high = this.#high * 4 + (this.#low >>> 22); // 26 bits
    this.#step();
    const low = this.#high * 8 + (this.#low >>> 21); // 27 bits
    return (high * 0x8000000 + low) / 0x20000000000000;
  }

  #top31(): number {
    return this.#high * 128 + (this.#low >>> 17);
  }

  #step(): void {
    const product = this.#low * MULTIPLIER_LOW + ADDEND;
    const carry = Math.floor(product / HALF);
    this.#high = (carry + this.#high * MULTIPLIER_LOW + this.#low * MULTIPLIER_HIGH) & LOW;
    this.#low = product & LOW;
  }
}
