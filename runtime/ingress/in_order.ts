/**
 * Puts what finishes in any order back into the order it began, and passes it on, a batch at a time. At most
 * `inFlightMax` items are begun and not yet passed on: `room` waits for that.
 */
export class InOrder<T> {
  readonly #done = new Map<number, T>();
  #next = 0;
  #passed = 0;
  #ready: T[] = [];
  #passing = false;
  #failure: unknown;
  #wake: (() => void)[] = [];
  #begun = 0;

  constructor(
    private readonly inFlightMax: number,
    private readonly pass: (items: readonly T[]) => void | Promise<void>,
  ) {}

  /** Item `index` (0, 1, 2 …) is finished. */
  settle(index: number, item: T): void {
    this.#done.set(index, item);
    for (; this.#done.has(this.#next); this.#next++) {
      this.#ready.push(this.#done.get(this.#next)!);
      this.#done.delete(this.#next);
    }
    if (this.#ready.length > 0 && !this.#passing) this.#passAll();
  }

  /** Called once after each begun item: resolves when another may begin. Throws what `pass` threw. */
  async room(): Promise<void> {
    this.#begun++;
    while (this.#begun - this.#passed >= this.inFlightMax && this.#failure === undefined) {
      await this.#change();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when all `count` items were passed on. */
  async end(count: number): Promise<void> {
    while (this.#passed < count && this.#failure === undefined) await this.#change();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Takes a turn of the microtask queue first: what finishes together is passed on together. */
  async #passAll(): Promise<void> {
    this.#passing = true;
    await undefined;
    try {
      while (this.#ready.length > 0) {
        const items = this.#ready;
        this.#ready = [];
        await this.pass(items);
        this.#passed += items.length;
        this.#changed();
      }
    } catch (error) {
      this.#failure = error ?? new Error("the receiver failed");
      this.#changed();
    }
    this.#passing = false;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
