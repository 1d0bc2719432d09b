/**
 * Named blobs beside the ledger: files for SQLite, an object store for JetStream, a map in memory.
 * Dumb on purpose: what a checkpoint contains and when it counts is runtime/checkpoint's business.
 * Names are `[A-Za-z0-9._-]+(/…)*`.
 */
export interface CheckpointStore {
  /**
   * Stores a blob; it exists whole or not at all once this resolves. Replaces one of the same name. A part is the
   * caller's again when the next one is asked for.
   */
  put(name: string, parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>;
  /** Reads a blob in parts, each there until the next one is asked for; undefined when there is no such blob. */
  get(name: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Names that start with `prefix`, sorted. */
  list(prefix: string): Promise<string[]>;
  delete(name: string): Promise<void>;
}
