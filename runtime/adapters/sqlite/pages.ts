/**
 * Brings the database file's changed pages to the disk while appends go on, so that next to nothing is left for
 * SQLite to sync in the moment for which they are held (wal.ts). It is for speed alone: what is promised rests on
 * SQLite's own syncs, which meet an error of this one too, since each descriptor is told of it once.
 *
 * A process that closes any descriptor of a file lets go of all its locks on it, SQLite's included. So there is
 * one for each file, and it is closed after the last database of this process on that file.
 */
import { closeSync, fdatasync, openSync, realpathSync } from "node:fs";

const open = new Map<string, { readonly descriptor: number; users: number }>();

export class Pages {
  readonly #file: string;

  /** Of a file that a database of this process has open; `close` follows the database's own. */
  constructor(file: string) {
    this.#file = realpathSync(file);
    const known = open.get(this.#file);
    if (known) known.users++;
    else open.set(this.#file, { descriptor: openSync(this.#file, "r+"), users: 1 });
  }

  /** Calls `done` when what was written to the file by now is on the disk, or could not be brought there. */
  sync(done: () => void): void {
    fdatasync(open.get(this.#file)!.descriptor, () => done());
  }

  close(): void {
    const { descriptor, users } = open.get(this.#file)!;
    if (users > 1) return void (open.get(this.#file)!.users = users - 1);
    open.delete(this.#file);
    closeSync(descriptor);
  }
}
