/**
 * When a commit counts as durable, per profile, and the fsync of the write-ahead log that makes it so.
 *
 * Why an fsync of the log file that *began after* the commit is enough (synchronous = NORMAL):
 * - The commit has written its pages to the log file before COMMIT returns; fsync flushes all of a file's
 *   written pages, through whichever descriptor they came. Everything committed before the fsync began is
 *   therefore on disk when it ends, with everything before it in the log: recovery takes the log's valid
 *   prefix.
 * - If a checkpoint has meanwhile moved those pages into the database file and the log began anew, the commit
 *   is durable all the same: under NORMAL the checkpoint syncs the log first, then the database file, before
 *   the log may restart; and the restarted log's header is synced before its first page is written. That
 *   is per connection: hence every connection here runs under NORMAL, in every profile.
 * - The log file is one inode for as long as any connection is open (a restart overwrites it in place), and
 *   this ledger holds one, so the descriptor cannot go stale.
 * - Opening and closing descriptors of the *log* drops no locks: SQLite's are on the database and -shm files.
 * - What an earlier process committed and never synced is visible to us after its crash: so opening syncs
 *   once, before anything read can be relied upon.
 * - After a failed fsync the kernel may have dropped the pages and will report success next time, and a read
 *   still gives them, from memory. So one failure ends this ledger for good: nothing is acknowledged or read any
 *   more until it is opened anew, which writes what the log holds into the database file (ledger.ts).
 * - What fsync itself gets wrong nobody can mend here: Linux 6.18's ext4 answered one that was under way while the
 *   file system broke off its journal as done, though the file had lost its end (2 of 60 times [measured]).
 */
import { closeSync, fsync, fsyncSync, openSync } from "node:fs";
import type { Clock } from "../../world/clock.ts";
import type { Durability } from "../../world/ledger.ts";

/** `bounded` promises this, plus the time of one sync. */
const BOUNDED_MS = 20;

export type Sync = (descriptor: number, done: (error: Error | null) => void) => void;

export class LogSync {
  /** Set when a sync failed: nothing can be promised any more. */
  broken: Error | undefined;
  readonly #descriptor: number;
  #waiting: ((broken: Error | undefined) => void)[] = [];
  #running = false;
  #due: (() => void) | undefined;
  #idle: (() => void)[] = [];

  constructor(
    file: string,
    private readonly durability: Durability,
    private readonly clock: Clock,
    private readonly sync: Sync = fsync,
  ) {
    this.#descriptor = openSync(file + "-wal", "r+");
    if (durability !== "process") fsyncSync(this.#descriptor);
  }

  /** Calls `done` when everything committed by now is durable in the sense of the profile. */
  committed(done: (broken: Error | undefined) => void): void {
    if (this.durability === "fsync") {
      this.#waiting.push(done);
      this.#run();
      return;
    }
    if (this.durability === "bounded") {
      this.#due ??= this.clock.after(BOUNDED_MS, () => {
        this.#due = undefined;
        this.#waiting.push(() => {});
        this.#run();
      });
    }
    done(undefined);
  }

  /** Syncs what is outstanding and gives the descriptor back. */
  async close(): Promise<void> {
    if (this.#due) {
      this.#due();
      this.#due = undefined;
      this.#waiting.push(() => {});
      this.#run();
    }
    if (this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve));
    closeSync(this.#descriptor);
  }

  /** One sync at a time; what is committed during one shares the next. */
  #run(): void {
    if (this.#running) return;
    this.#running = true;
    const served = this.#waiting;
    this.#waiting = [];
    this.sync(this.#descriptor, (error) => {
      this.#running = false;
      if (error) {
        this.broken ??= new Error(
          "Cannot sync the ledger's write-ahead log: " + error.message +
            ". Check the disk, then restart: what was not acknowledged may be lost.",
          { cause: error },
        );
      }
      for (const done of served) done(this.broken);
      if (this.#waiting.length > 0) return this.#run();
      for (const resolve of this.#idle.splice(0)) resolve();
    });
  }
}
