/**
 * Reads the outputs of a pipeline that runs elsewhere into a database of one's own, each once: the program of the
 * README. Killed at any moment and started again, it goes on where it was.
 *
 *   deno run -A deploy/examples/follow.ts http://127.0.0.1:8080 bin-attack outputs.db
 */
import { DatabaseSync } from "node:sqlite";
import process from "node:process";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { consume, httpOutputs } from "../../runtime/mod.ts";

const [url, pipeline, file] = process.argv.slice(2);
const database = new DatabaseSync(file);
database.exec(`PRAGMA busy_timeout = 1000; PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS outputs (place TEXT PRIMARY KEY, payload BLOB) STRICT;
  CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), resume TEXT) STRICT`);
const insert = database.prepare("INSERT INTO outputs VALUES (?, ?)");
const save = database.prepare("INSERT OR REPLACE INTO progress VALUES (1, ?)");
const saved = database.prepare("SELECT resume FROM progress").get()?.resume as string | undefined;

const source = httpOutputs({ url, pipeline, fetch });
const stop = new AbortController();
process.on("SIGINT", () => stop.abort());
for await (const output of consume({ source, after: saved, clock: systemClock() }, stop.signal)) {
  const { partition, frame } = output.position;
  database.exec("BEGIN");
  insert.run(`${partition}.${frame}.${output.output}`, output.payload);
  save.run(output.resume);
  database.exec("COMMIT");
}
