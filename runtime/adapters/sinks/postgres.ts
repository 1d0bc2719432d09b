/** Outputs as rows of a PostgreSQL table: rows and position move in one transaction. */
import { Buffer } from "node:buffer";
import {
  FIRST,
  sameMark,
  type Sink,
  type SinkBatch,
  SinkFenced,
  type SinkMark,
  type Step,
} from "../../world/sink.ts";
import { openPostgres, type Postgres, type Queries } from "../postgres.ts";
import { checkTable, POSITIONS, type Row, rowsOf, type TableOptions } from "./table.ts";

export interface PostgresSinkOptions extends TableOptions {
  /** postgres://user:password@host:5432/database, with what the client takes behind `?`: sslmode, … */
  readonly url: string;
  readonly step?: Step;
}

const BOUNDS = { outputsMax: 4_000, bytesMax: 4 << 20, lingerMs: 0 };
const CONNECT_MS_MAX = 10_000;
/** A statement, or a transaction whose client is gone, is ended by the server after this. */
const STATEMENT_MS_MAX = 60_000;
const CLOSE_MS_MAX = 5_000;

export async function postgresSink(options: PostgresSinkOptions): Promise<Sink> {
  checkTable(options);
  const { url, table, step } = options;
  const server = connect(url);
  const name = `postgres ${server.address} ${table}`;
  const worded = async <T>(action: string, body: () => Promise<T>): Promise<T> => {
    try {
      return await body();
    } catch (cause) {
      if (cause instanceof SinkFenced) throw cause;
      throw new Error(
        `Cannot ${action} ${name}: ${
          (cause as Error).message
        }. Check that the server answers, and that the ` +
          `user may create and write the tables ${table} and ${POSITIONS}.`,
        { cause },
      );
    }
  };
  try {
    await worded("open", () => prepare(server, options));
  } catch (error) {
    await server.close(0);
    throw error;
  }
  const read = positionIn(options);
  const write = writerOf(options);
  return {
    name,
    bounds: BOUNDS,
    keepsEmpty: true,
    position: (partition) => worded("read the position in", () => read(server, partition)),
    commit: (batch) =>
      worded("commit to", async () => {
        const { gone, rows } = rowsOf(batch.outputs, options);
        await step?.("begin");
        await server.transaction(async (transaction) => {
          await step?.("position");
          // Asked one behind the other, without waiting for answers: what is refused is rolled back.
          // The first locks the position: whoever else commits waits, and then finds it moved.
          const asked: Promise<unknown>[] = [move(transaction, options, batch)];
          asked[0].catch(() => {}); // looked at below; it may be refused before that
          await step?.("rows");
          if (gone.length > 0) asked.push(remove(transaction, table, gone));
          if (rows.length > 0) asked.push(write(transaction, batch.partition, rows));
          const answers = await Promise.allSettled(asked);
          // This first: rows of somebody who stands elsewhere may well be refused too.
          if (answers[0].status === "fulfilled" && !answers[0].value) throw FENCED;
          for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
          await step?.("commit");
        }).catch(async (error) => {
          throw error === FENCED ? new SinkFenced(name, batch, await read(server, batch.partition)) : error;
        });
        await step?.("committed");
      }),
    close: () => server.close(CLOSE_MS_MAX),
  };
}

/** Rolls back the transaction of a batch that does not follow what the table holds. */
const FENCED = new Error("the position is another one");

function connect(url: string): Postgres {
  try {
    return openPostgres({ url, connections: 1, connectMs: CONNECT_MS_MAX, statementMs: STATEMENT_MS_MAX });
  } catch (cause) {
    throw new Error(
      `Cannot read the address of a PostgreSQL sink: ${(cause as Error).message}. ` +
        `For example: postgres://millrace:secret@127.0.0.1:5432/shop`,
      { cause },
    );
  }
}

async function prepare(server: Postgres, { table, rows, value }: PostgresSinkOptions): Promise<void> {
  const primary = rows === "key" ? "key" : `"partition", frame, output`;
  await server.query(`
    CREATE TABLE IF NOT EXISTS ${POSITIONS} (
      pipeline text NOT NULL, name text NOT NULL, "partition" integer NOT NULL,
      frame bigint NOT NULL, output integer NOT NULL, PRIMARY KEY (pipeline, name, "partition")
    );
    CREATE TABLE IF NOT EXISTS ${table} (
      key text NOT NULL, value ${value === "json" ? "jsonb" : "bytea"} NOT NULL, "partition" integer NOT NULL,
      frame bigint NOT NULL, output integer NOT NULL, PRIMARY KEY (${primary})
    )`);
}

function positionIn({ pipeline, table }: PostgresSinkOptions) {
  return async (server: Queries, partition: number): Promise<SinkMark | undefined> => {
    const { rows: [row] } = await server.query(
      `SELECT frame, output FROM ${POSITIONS} WHERE pipeline = $1 AND name = $2 AND "partition" = $3`,
      [pipeline, table, partition],
      "position",
    );
    return row && { frame: Number(row.frame), output: Number(row.output) };
  };
}

/** Whether it moved: only from where the batch says, and of two that begin only one. */
async function move(
  queries: Queries,
  { pipeline, table }: PostgresSinkOptions,
  { partition, after, next }: SinkBatch,
): Promise<boolean> {
  const values = [pipeline, table, partition, next.frame, next.output];
  const { count } = sameMark(after, FIRST)
    ? await queries.query(
      `INSERT INTO ${POSITIONS} (pipeline, name, "partition", frame, output) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING`,
      values,
      "begin",
    )
    : await queries.query(
      `UPDATE ${POSITIONS} SET frame = $4, output = $5
       WHERE pipeline = $1 AND name = $2 AND "partition" = $3 AND frame = $6 AND output = $7`,
      [...values, after.frame, after.output],
      "move",
    );
  return count === 1;
}

async function remove(queries: Queries, table: string, keys: readonly string[]): Promise<void> {
  await queries.query(`DELETE FROM ${table} WHERE key = ANY($1::text[])`, [[...keys]], "remove");
}

/** All rows of a batch in one statement. */
function writerOf({ table, rows, value }: PostgresSinkOptions) {
  const decoded = value === "json" ? "v::jsonb" : "decode(v, 'hex')";
  const conflict = rows === "key"
    ? `ON CONFLICT (key) DO UPDATE SET value = excluded.value, "partition" = excluded."partition",
       frame = excluded.frame, output = excluded.output`
    : "";
  const statement = `INSERT INTO ${table} (key, value, "partition", frame, output)
    SELECT k, ${decoded}, $1, f, o FROM unnest($2::text[], $3::text[], $4::bigint[], $5::integer[]) AS r(k, v, f, o)
    ${conflict}`;
  return async (queries: Queries, partition: number, all: readonly Row[]): Promise<void> => {
    await queries.query(statement, [
      partition,
      all.map(({ key }) => key),
      all.map((row) => textOf(row.value)),
      all.map(({ frame }) => frame),
      all.map(({ output }) => output),
    ], "write");
  };
}

/** jsonb holds no U+0000, whatever JSON says: it becomes U+FFFD, so that one such text does not stop a sink. */
function textOf(value: string | Uint8Array): string {
  if (typeof value !== "string") return hex(value);
  return value.includes("\\u0000") ? value.replace(/(?<=(?<!\\)(?:\\\\)*)\\u0000/g, "\\ufffd") : value;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
