/** Interleaves several endless iterables: whatever comes first is given first; each keeps its own order. */
export async function* merge<T>(sources: AsyncGenerator<T>[], signal: AbortSignal): AsyncGenerator<T> {
  if (sources.length === 1) return yield* sources[0];
  const arrived = new Arrivals<T>();
  // Each step is waited for once, however long it takes: racing them would leave something at the slow ones with
  // every value of the quick ones.
  const under = new Set(sources);
  for (const source of sources) arrived.ask(source);
  try {
    while (under.size > 0 && !signal.aborted) {
      const { source, result } = await arrived.next();
      if (result.done) {
        under.delete(source);
        continue;
      }
      arrived.ask(source);
      yield result.value;
    }
  } finally {
    // What they hold open is let go, each once its step under way has ended; nobody waits for that, nor for
    // its failure.
    for (const source of under) source.return(undefined).catch(() => {});
  }
}

interface Arrival<T> {
  readonly source: AsyncGenerator<T>;
  readonly result: IteratorResult<T>;
}

/** Steps that have ended, in the order in which they did. */
class Arrivals<T> {
  readonly #ended: (Arrival<T> | { readonly failure: unknown })[] = [];
  #wake: (() => void) | undefined;

  ask(source: AsyncGenerator<T>): void {
    source.next().then(
      (result) => this.#take({ source, result }),
      (failure) => this.#take({ failure }),
    );
  }

  /** Throws what a step failed with, when its turn comes. */
  async next(): Promise<Arrival<T>> {
    if (this.#ended.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const first = this.#ended.shift()!;
    if ("failure" in first) throw first.failure;
    return first;
  }

  #take(ended: Arrival<T> | { readonly failure: unknown }): void {
    this.#ended.push(ended);
    this.#wake?.();
    this.#wake = undefined;
  }
}
