/** Who waits until a partition serves: for as long as it takes, or until it is certain that it will not any more. */

/** Nobody can say at the moment what a partition knows. */
export class NotServing extends Error {
  override name = "NotServing";
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Readiness {
  #waiting: Waiter[] = [];
  /** Why it will not serve any more. */
  #over: Error | undefined;

  constructor(private readonly isServing: () => boolean) {}

  /** Resolves when it serves, at once when it does already; and at the signal. */
  ready(signal: AbortSignal): Promise<void> {
    if (this.isServing() || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ resolve, reject: () => {} });
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Resolves when it serves; rejects once it will not any more. */
  serves(): Promise<void> {
    if (this.isServing()) return Promise.resolve();
    if (this.#over) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** It serves now. */
  begun(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** It will not serve any more; who waits for a signal goes on waiting for that. */
  ended(error: Error): void {
    this.#over = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
