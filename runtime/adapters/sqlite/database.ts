/** Opens the ledger's database file, brings it to this version's schema, and words SQLite's errors. */
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Written into the file's header, so that no other program's database is taken for a ledger: "MRLG". */
const APPLICATION_ID = 0x4d524c47;
const SCHEMA_VERSION = 1;
/** Larger pages make big frames and checkpoints cheaper, smaller ones single small appends [measured]. */
const PAGE_BYTES = 8192;
/** How long a write waits for another process's, which takes the time of one commit. It blocks the thread. */
const BUSY_MS_MAX = 1000;

export const DATABASE_FILE = "ledger.db";

export interface OpenDatabase {
  readonly file: string;
  readonly database: DatabaseSync;
}

export function openDatabase(folder: string): OpenDatabase {
  const file = join(folder, DATABASE_FILE);
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    database = new DatabaseSync(file);
    prepare(database, file);
    syncFolder(folder);
    return { file, database };
  } catch (cause) {
    database?.close();
    if (cause instanceof RefusedFile) throw new Error(cause.message);
    throw worded(`open the ledger ${file}`, file, cause);
  }
}

function prepare(database: DatabaseSync, file: string): void {
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS_MAX}; PRAGMA page_size = ${PAGE_BYTES}`);
  const application = pragma(database, "application_id");
  const version = pragma(database, "user_version");
  const tables = Number(database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.n);
  if (application !== APPLICATION_ID && (application !== 0 || tables > 0)) {
    throw new RefusedFile(`Cannot open ${file}: it is not a Millrace ledger. Choose another data folder.`);
  }
  if (version > SCHEMA_VERSION) {
    throw new RefusedFile(
      `Cannot open the ledger ${file}: a newer Millrace wrote it (schema ${version}; this one knows up to ` +
        `${SCHEMA_VERSION}). Upgrade Millrace, or choose another data folder.`,
    );
  }
  // Switching to WAL rewrites the header, with the strictest sync (SQLite's default) still in force.
  database.exec("PRAGMA journal_mode = WAL");
  if (version < SCHEMA_VERSION) createSchema(database);
  // Checkpoints are wal.ts's business. NORMAL syncs nothing on a commit, but syncs around checkpoints, so
  // that not even a power loss leaves a damaged file; with OFF it could, and OFF is no faster [measured].
  database.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
}

/**
 * One table of messages per chain (`chain_<id>`), so that appends touch one rightmost page only. `purged` is
 * the highest sequence ever purged: it keeps the numbering when a chain's table is empty.
 */
function createSchema(database: DatabaseSync): void {
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS chains (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, purged INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT`);
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** The names of newly made files must survive a crash as their contents do. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

class RefusedFile extends Error {}

/** What an SQLite error means to an operator. */
export function worded(action: string, file: string, cause: unknown): Error {
  const error = refined(cause instanceof Error ? cause : new Error(String(cause)), file);
  return new Error(`Cannot ${action}: ${error.message}. ${remedy(error, file)}`, { cause: error });
}

/** SQLite says "disk I/O error" of whatever a write met: the folder is asked what it is. */
function refined(error: Error & { code?: string }, file: string): Error & { code?: string } {
  if (!/disk I\/O error/.test(error.message)) return error;
  const probe = `${file}-probe`;
  try {
    writeFileSync(probe, new Uint8Array(PAGE_BYTES));
    return error;
  } catch (cause) {
    return new Error(`${error.message} (${(cause as Error).message})`, { cause: error });
  } finally {
    try {
      rmSync(probe, { force: true });
    } catch {
      // It was not made.
    }
  }
}

function remedy(error: Error & { code?: string }, file: string): string {
  const text = error.message;
  if (/disk is full|ENOSPC|EDQUOT/.test(text)) {
    return `Free space on the disk of ${file}; appends then go on.`;
  }
  if (/readonly|read-only|EROFS|EACCES|EPERM|unable to open/.test(text)) {
    return `Make ${file} and its folder writable for this user; appends then go on. Or choose another data folder. A ` +
      "file system that its own errors made read-only must be unmounted for that: stop Millrace, mend it, start again.";
  }
  if (/malformed|not a database|corrupt/.test(text)) {
    return `The file ${file} is damaged: keep a copy, and restore it from a backup or choose another data folder.`;
  }
  if (/locked|busy/.test(text)) {
    return `Another process holds ${file}: stop it, or choose another data folder.`;
  }
  if (/ENOTDIR|EEXIST|ENOENT/.test(text)) return `Choose a data folder that exists or can be made.`;
  return `Look at the disk of ${file}.`;
}
