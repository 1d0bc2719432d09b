/** Outputs as rows of an SQLite table: rows and position move in one transaction. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { FIRST, sameMark, type Sink, SinkFenced, type SinkMark, type Step } from "../../world/sink.ts";
import { checkTable, POSITIONS, type Row, rowsOf, type TableOptions } from "./table.ts";

export interface SqliteSinkOptions extends TableOptions {
  /** The database file; not the ledger's. Made when it does not exist. */
  readonly file: string;
  /** Whether a commit survives a power cut (synchronous = FULL), or only a crash of the process (NORMAL). */
  readonly sync: boolean;
  readonly step?: Step;
}

/** One batch holds the database, and this thread, for a few milliseconds. */
const BOUNDS = { outputsMax: 2_000, bytesMax: 1 << 20, lingerMs: 0 };
const BUSY_MS_MAX = 1_000;

export function sqliteSink(options: SqliteSinkOptions): Promise<Sink> {
  const { file, table, pipeline, step } = options;
  const name = `sqlite ${file} ${table}`;
  return worded(`open ${name}`, () => {
    checkTable(options);
    const database = new DatabaseSync(file);
    try {
      prepare(database, options);
    } catch (error) {
      database.close();
      throw error;
    }
    const read = database.prepare(
      `SELECT frame, output FROM ${POSITIONS} WHERE pipeline = ? AND name = ? AND partition = ?`,
    );
    const write = database.prepare(
      `INSERT INTO ${POSITIONS} (pipeline, name, partition, frame, output) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET frame = excluded.frame, output = excluded.output`,
    );
    let closed = false;
    const remove = database.prepare(`DELETE FROM ${table} WHERE key = ?`);
    const upsert = upsertInto(database, options);
    const position = (partition: number): SinkMark | undefined => {
      const row = read.get(pipeline, table, partition);
      return row && { frame: Number(row.frame), output: Number(row.output) };
    };
    return {
      name,
      bounds: BOUNDS,
      keepsEmpty: true,
      position: (partition) => worded(`read the position in ${name}`, () => position(partition)),
      commit: (batch) =>
        worded(`commit to ${name}`, async () => {
          const { gone, rows } = rowsOf(batch.outputs, options);
          await step?.("begin");
          // No wait from here to COMMIT: other partitions share this connection.
          database.exec("BEGIN IMMEDIATE");
          try {
            const found = position(batch.partition);
            if (!sameMark(found ?? FIRST, batch.after)) throw new SinkFenced(name, batch, found);
            halt(step, "rows");
            for (const key of gone) remove.run(key);
            for (const row of rows) upsert(batch.partition, row);
            halt(step, "position");
            write.run(pipeline, table, batch.partition, batch.next.frame, batch.next.output);
            halt(step, "commit");
            database.exec("COMMIT");
          } catch (error) {
            if (database.isTransaction) database.exec("ROLLBACK");
            throw error;
          }
          await step?.("committed");
        }),
      close: () =>
        worded(`close ${name}`, () => {
          if (!closed) database.close();
          closed = true;
        }),
    };
  });
}

function prepare(database: DatabaseSync, { table, rows, sync }: SqliteSinkOptions): void {
  const primary = rows === "key" ? "key" : `"partition", frame, output`;
  database.exec(`
    PRAGMA busy_timeout = ${BUSY_MS_MAX};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${sync ? "FULL" : "NORMAL"};
    CREATE TABLE IF NOT EXISTS ${POSITIONS} (
      pipeline TEXT NOT NULL, name TEXT NOT NULL, "partition" INTEGER NOT NULL,
      frame INTEGER NOT NULL, output INTEGER NOT NULL, PRIMARY KEY (pipeline, name, "partition")
    ) STRICT;
    CREATE TABLE IF NOT EXISTS ${table} (
      key TEXT NOT NULL, value ANY NOT NULL, "partition" INTEGER NOT NULL,
      frame INTEGER NOT NULL, output INTEGER NOT NULL, PRIMARY KEY (${primary})
    ) STRICT, WITHOUT ROWID`);
}

function upsertInto(database: DatabaseSync, { table, rows }: SqliteSinkOptions) {
  const conflict = rows === "key"
    ? `ON CONFLICT DO UPDATE SET value = excluded.value, "partition" = excluded."partition",
       frame = excluded.frame, output = excluded.output`
    : "";
  const statement: StatementSync = database.prepare(
    `INSERT INTO ${table} (key, value, "partition", frame, output) VALUES (?, ?, ?, ?, ?) ${conflict}`,
  );
  return (partition: number, { key, value, frame, output }: Row) =>
    statement.run(key, value, partition, frame, output);
}

/** Inside the transaction only a step that crashes at once is of use. */
function halt(step: Step | undefined, name: string): void {
  void step?.(name);
}

async function worded<T>(action: string, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    if (cause instanceof SinkFenced) throw cause;
    const { message } = cause as Error;
    throw new Error(`Cannot ${action}: ${message}. Check the file, its disk and who else writes to it.`, {
      cause,
    });
  }
}
