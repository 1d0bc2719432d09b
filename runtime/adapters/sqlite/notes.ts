/**
 * The newest acknowledged sequence of each chain, noted beside the database in a file of its own, so that a
 * database or log that lost its end (a truncated file, a disk that lied) is recognised: SQLite takes what is
 * left of a log for all there was. A note is written before the acknowledgement it notes is given, never
 * synced, and worth nothing when it is damaged: it can only tell of a loss, never cause one.
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** Two copies of the sequence, the second one inverted. */
const NOTE_BYTES = 16;

export class Notes {
  readonly #descriptor: number | undefined;
  readonly #bytes = new Uint8Array(NOTE_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);

  constructor(file: string) {
    try {
      this.#descriptor = openSync(file, "a+");
      closeSync(this.#descriptor);
      this.#descriptor = openSync(file, "r+");
    } catch {
      this.#descriptor = undefined; // a ledger that may only be read
    }
  }

  /** The newest acknowledged sequence of a chain by its id; 0 where none was noted or the note is damaged. */
  read(chain: number): number {
    if (this.#descriptor === undefined) return 0;
    const bytes = new Uint8Array(NOTE_BYTES), view = new DataView(bytes.buffer);
    if (readSync(this.#descriptor, bytes, 0, NOTE_BYTES, chain * NOTE_BYTES) < NOTE_BYTES) return 0;
    const sequence = view.getBigUint64(0, true);
    return view.getBigUint64(8, true) === ~sequence + (1n << 64n) ? Number(sequence) : 0;
  }

  /** May fail as any disk may; an append does not fail for it. */
  write(chain: number, sequence: number): void {
    if (this.#descriptor === undefined) return;
    const value = BigInt(sequence);
    this.#view.setBigUint64(0, value, true);
    this.#view.setBigUint64(8, ~value + (1n << 64n), true);
    try {
      writeSync(this.#descriptor, this.#bytes, 0, NOTE_BYTES, chain * NOTE_BYTES);
    } catch {
      // The disk is full, perhaps: the note stays behind, and tells of less.
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}
