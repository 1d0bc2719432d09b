/** Interleaves several endless iterables: whatever comes first is given first; each keeps its own order. */
export async function* merge<T>(sources: AsyncGenerator<T>[], signal: AbortSignal): AsyncGenerator<T> {
  if (sources.length === 1) return yield* sources[0];
  const pending = new Map(sources.map((source) => [source, step(source)]));
  try {
    while (pending.size > 0 && !signal.aborted) {
      const { source, result } = await Promise.race(pending.values());
      if (result.done) {
        pending.delete(source);
        continue;
      }
      pending.set(source, step(source));
      yield result.value;
    }
  } finally {
    // What they hold open is let go, each once its step under way has ended; nobody waits for that, nor for
    // its failure.
    for (const [source, under] of pending) {
      under.catch(() => {});
      source.return(undefined).catch(() => {});
    }
  }
}

/** Its failure is met when its turn comes, which may be later: whoever reads may be slow, or never come back. */
function step<T>(source: AsyncGenerator<T>) {
  const next = source.next().then((result) => ({ source, result }));
  next.catch(() => {});
  return next;
}
