/** Rows of an SQLite table by their keys: read in this thread, a few microseconds a key. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { LookupPlace, LookupSource, OpenedLookup } from "../../world/lookup.ts";
import { columnsOf } from "./columns.ts";

/** How long a read waits for a writer. It blocks the thread. */
const BUSY_MS_MAX = 100;

export function sqliteLookup(source: LookupSource, place: LookupPlace): Promise<OpenedLookup> {
  const { table, key, list, rowOf } = columnsOf(source, place);
  const file = place.address.slice("sqlite:".length);
  if (!existsSync(file)) throw new Error(`there is no file ${file}. Make the table first`);
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS_MAX}`);
    const select = database.prepare(
      `SELECT ${list} FROM ${table} WHERE ${key} IN (SELECT value FROM json_each(?))`,
    );
    select.setReadBigInts(true);
    return Promise.resolve({
      name: `sqlite ${file} ${place.table}`,
      load: (keys) => Promise.resolve().then(() => select.all(jsonOf(keys)).map(rowOf)),
      close: () => Promise.resolve().then(() => database.close()),
    });
  } catch (cause) {
    database.close();
    throw new Error(`${file} cannot be read: ${(cause as Error).message}. Check its table and columns`, {
      cause,
    });
  }
}

/** JSON keeps integers of any size, which JSON.stringify does not write. */
function jsonOf(keys: readonly (bigint | string)[]): string {
  return `[${keys.map((key) => typeof key === "bigint" ? String(key) : JSON.stringify(key)).join(",")}]`;
}
