/**
 * Who lives, on one machine: an owner holds the lock of a file of its epoch, which the kernel takes from it when
 * its process ends, however it ends; and counts up in a second file, so that one that is stopped is told from
 * one that works. The lock is SQLite's own: that of a database that nobody else can read meanwhile.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../world/clock.ts";
import type { Closable } from "../../world/network.ts";
import type { Presence, Sign } from "../../world/presence.ts";

/** A standby that looks holds the lock for a moment: an owner waits for it so long. */
const BUSY_MS_MAX = 1_000;
const LOCK = ".lock", BEAT = ".beat";

export function sqlitePresence({ folder, clock }: { folder: string; clock: Clock }): Presence {
  const fileOf = (chain: string, epoch: number) => join(folder, `owner-${chain}-${epoch}`);
  const beats = new Map<string, string>();
  return {
    show(chain, epoch, heartbeatMs) {
      removeEarlier(folder, chain, epoch);
      return Promise.resolve(new Shown(fileOf(chain, epoch), clock, heartbeatMs));
    },
    look(chain, epoch) {
      const file = fileOf(chain, epoch);
      return Promise.resolve(looked(file, beats));
    },
  };
}

class Shown implements Closable {
  readonly #database: DatabaseSync;
  readonly #beat: number;
  #count = 0;
  #cancel: () => void = () => {};

  constructor(
    private readonly file: string,
    private readonly clock: Clock,
    private readonly everyMs: number,
  ) {
    this.#beat = openSync(file + BEAT, "w");
    try {
      this.#database = locked(file + LOCK);
    } catch (error) {
      closeSync(this.#beat);
      throw error;
    }
    this.#tick();
  }

  close(): Promise<void> {
    this.#cancel();
    this.#database.close();
    closeSync(this.#beat);
    for (const end of [LOCK, BEAT]) rmSync(this.file + end, { force: true });
    return Promise.resolve();
  }

  #tick(): void {
    try {
      writeSync(this.#beat, String(++this.#count).padStart(16, "0"), 0);
    } catch {
      // A disk that takes nothing shows in the ledger; the lock still says that this process is here.
    }
    this.#cancel = this.clock.after(this.everyMs, () => this.#tick());
  }
}

function locked(lock: string): DatabaseSync {
  const database = new DatabaseSync(lock);
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS_MAX}; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function looked(file: string, beats: Map<string, string>): Sign {
  try {
    if (!existsSync(file + LOCK) || isFree(file + LOCK)) return "gone";
    const beat = readFileSync(file + BEAT, "utf8");
    const moves = beats.get(file) !== beat;
    beats.clear();
    beats.set(file, beat);
    return moves ? "alive" : "silent";
  } catch {
    return "unknown";
  }
}

/** The kernel lets a second one read only when the first one's lock is gone. */
function isFree(lock: string): boolean {
  const database = new DatabaseSync(lock, { readOnly: true });
  try {
    database.exec("PRAGMA busy_timeout = 0");
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
    return true;
  } catch (error) {
    if (/locked|busy/.test((error as Error).message)) return false;
    throw error;
  } finally {
    database.close();
  }
}

/** What owners before this one left: nobody looks for them any more. */
function removeEarlier(folder: string, chain: string, epoch: number): void {
  const start = `owner-${chain}-`;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(start) || !(Number.parseInt(name.slice(start.length)) < epoch)) continue;
    if (name.endsWith(LOCK) || name.endsWith(BEAT)) rmSync(join(folder, name), { force: true });
  }
}
