/** Interleaves several endless iterables: whatever comes first is given first; each keeps its own order. */
export async function* merge<T>(sources: AsyncGenerator<T>[], signal: AbortSignal): AsyncGenerator<T> {
  const pending = new Map(sources.map((source) => [source, step(source)]));
  while (pending.size > 0 && !signal.aborted) {
    const { source, result } = await Promise.race(pending.values());
    if (result.done) {
      pending.delete(source);
      continue;
    }
    pending.set(source, step(source));
    yield result.value;
  }
}

async function step<T>(source: AsyncGenerator<T>) {
  return { source, result: await source.next() };
}
