/**
 * Stops an owner on SQLite where it is to be stopped: between two commits, or within one. A process that is stopped
 * within a commit holds the write lock of the file, and nobody else can write, take over included.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import type { Owner } from "./system.ts";

const ATTEMPTS_MAX = 5_000;
/** What a stopped process had asked of the kernel before is over by then. */
const STOPPED_MS = 5;

export async function pauseWhere(owner: Owner, place: "between commits" | "within a commit", folder: string) {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    owner.pause();
    await setTimeout(STOPPED_MS);
    if (locked(folder) === (place === "within a commit")) return;
    owner.resume();
    await setTimeout(attempt % 7);
  }
  throw new Error(`The owner was stopped ${ATTEMPTS_MAX} times, and never ${place}.`);
}

function locked(folder: string): boolean {
  const database = new DatabaseSync(join(folder, "ledger.db"));
  try {
    database.exec("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK");
    return false;
  } catch (error) {
    if (/locked|busy/.test((error as Error).message)) return true;
    throw error;
  } finally {
    database.close();
  }
}
