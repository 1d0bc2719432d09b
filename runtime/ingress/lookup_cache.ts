/** Answers by their keys, the least recently used go first: bounded in number and in bytes. */
import type { LookupKey } from "../world/lookup.ts";
import type { Micros } from "../world/clock.ts";
import type { Answer } from "./lookup_event.ts";

interface Entry {
  readonly answer: Answer;
  /** Believed until then, by the clock that only grows. */
  readonly until: Micros;
  readonly bytes: number;
}

/** What an entry takes beside its row and its key: about what a Map and three objects take. */
const ENTRY_BYTES = 200;

export class LookupCache {
  readonly #entries = new Map<LookupKey, Entry>();
  #bytes = 0;

  constructor(private readonly entriesMax: number, private readonly bytesMax: number) {}

  get entries(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: LookupKey, now: Micros): Answer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.until <= now) {
      this.#bytes -= entry.bytes;
      return undefined;
    }
    this.#entries.set(key, entry); // the newest is at the end
    return entry.answer;
  }

  put(key: LookupKey, answer: Answer, until: Micros): void {
    const keyBytes = typeof key === "string" ? 2 * key.length : 16;
    const bytes = ENTRY_BYTES + keyBytes + answer.fields.length;
    const known = this.#entries.get(key);
    if (known) {
      this.#entries.delete(key);
      this.#bytes -= known.bytes;
    }
    if (bytes > this.bytesMax || this.entriesMax === 0) return;
    this.#entries.set(key, { answer, until, bytes });
    this.#bytes += bytes;
    while (this.#entries.size > this.entriesMax || this.#bytes > this.bytesMax) {
      const [oldest, { bytes: gone }] = this.#entries.entries().next().value!;
      this.#entries.delete(oldest);
      this.#bytes -= gone;
    }
  }
}
