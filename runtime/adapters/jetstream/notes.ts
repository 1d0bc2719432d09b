/**
 * The newest acknowledged sequence of each chain, noted in a stream of its own, so that a chain that lost its
 * end is recognised: a server that finds a damaged block drops what is behind it and goes on with what is left.
 * Noted at most so often, so the last moments before a loss may be missing; damaged or absent, a note tells of
 * less. It can only tell of a loss, never cause one.
 */
import { JetStreamApiError, StorageType } from "@nats-io/jetstream";
import type { JetStreamLedger } from "./ledger.ts";

const NOTE_MS = 50;
/** Notes that could not be read are not asked for again so soon. */
const SILENT_MS = 10_000;
const NO_STREAM = 10059;
const NO_MESSAGE = 10037;

export class Notes {
  readonly #ledger: JetStreamLedger;
  readonly #stream: string;
  readonly #subject: string;
  readonly #replicas: number;
  readonly #newest = new Map<string, number>();
  #silentUntil = 0;
  #made: Promise<unknown> | undefined;
  #due: (() => void) | undefined;
  #noting: Promise<void> = Promise.resolve();

  constructor(ledger: JetStreamLedger, prefix: string, replicas: number) {
    this.#ledger = ledger;
    this.#stream = `MILLRACE-ACKNOWLEDGED_${prefix}`;
    this.#subject = `millrace.acknowledged.${prefix}`;
    this.#replicas = replicas;
  }

  /**
   * 0 where none was noted, or where the notes cannot be read now: a chain that can be is not kept waiting for
   * what is only said about it.
   */
  async read(chain: string): Promise<number> {
    const { clock, link } = this.#ledger.options;
    if (clock.monotonic() < this.#silentUntil) return 0;
    await link.ready();
    try {
      const query = { last_by_subj: `${this.#subject}.${chain}` };
      const sequence = Number((await link.jsm.streams.getMessage(this.#stream, query))?.string() ?? 0);
      return Number.isSafeInteger(sequence) ? sequence : 0;
    } catch (error) {
      const none = error instanceof JetStreamApiError && [NO_STREAM, NO_MESSAGE].includes(error.code);
      if (!none) this.#silentUntil = clock.monotonic() + SILENT_MS * 1000;
      return 0;
    }
  }

  acknowledged(chain: string, sequence: number): void {
    this.#newest.set(chain, sequence);
    this.#due ??= this.#ledger.options.clock.after(NOTE_MS, () => {
      this.#due = undefined;
      this.#note();
    });
  }

  /** Notes what is outstanding. */
  async close(): Promise<void> {
    this.#due?.();
    this.#due = undefined;
    this.#note();
    await this.#noting;
  }

  #note(): void {
    const newest = [...this.#newest];
    this.#newest.clear();
    if (newest.length === 0 || !this.#ledger.link.connected) return;
    this.#noting = this.#noting.then(async () => {
      try {
        await (this.#made ??= this.#make());
        const { js } = this.#ledger.link;
        await Promise.all(
          newest.map(([chain, sequence]) => js.publish(`${this.#subject}.${chain}`, String(sequence))),
        );
      } catch {
        this.#made = undefined; // noted with what comes next
      }
    });
  }

  #make(): Promise<unknown> {
    return this.#ledger.link.jsm.streams.add({
      name: this.#stream,
      subjects: [`${this.#subject}.*`],
      description: "Millrace: the newest acknowledged sequence of each chain",
      storage: StorageType.File,
      num_replicas: this.#replicas,
      max_msgs_per_subject: 1,
    });
  }
}
