/** Rows of a PostgreSQL table by their keys. The server may be away: then calls fail, and are made again. */
import postgres from "postgres";
import type { LookupPlace, LookupSource, OpenedLookup } from "../../world/lookup.ts";
import { columnsOf } from "./columns.ts";

/** As many as a pipeline makes calls at once. */
const CONNECTIONS = 4;
const CONNECT_S_MAX = 5;
/** A query whose client is gone is ended by the server after this. */
const STATEMENT_MS_MAX = 30_000;
const CLOSE_S_MAX = 2;

export function postgresLookup(source: LookupSource, place: LookupPlace): Promise<OpenedLookup> {
  const { table, key, list, rowOf } = columnsOf(source, place);
  let sql = connect(place.address);
  const { host, port, database } = sql.options;
  const type = source.key.type === "i64" ? "bigint" : "text";
  const text = `SELECT ${list} FROM ${table} WHERE ${key} = ANY($1::${type}[])`;
  /** Connections that do not answer, or broke, are not waited for: the next call has others. */
  const renew = (broken: postgres.Sql) => {
    if (broken !== sql) return;
    sql = connect(place.address);
    broken.end({ timeout: 0 }).catch(() => {});
  };
  return Promise.resolve({
    name: `postgres ${host}:${port}/${database} ${place.table}`,
    async load(keys, signal) {
      const used = sql;
      const give = () => renew(used);
      signal.addEventListener("abort", give, { once: true });
      try {
        return (await used.unsafe(text, [keys.map(String)], { prepare: true })).map(rowOf);
      } catch (error) {
        // What the server itself refuses it would refuse on another connection too, unless it is going.
        if (!(error instanceof postgres.PostgresError) || /^(?:08|57)/.test(error.code)) give();
        throw error;
      } finally {
        signal.removeEventListener("abort", give);
      }
    },
    close: () => sql.end({ timeout: CLOSE_S_MAX }),
  });
}

function connect(url: string): postgres.Sql {
  try {
    return postgres(url, {
      max: CONNECTIONS,
      connect_timeout: CONNECT_S_MAX,
      onnotice: () => {},
      connection: { application_name: "millrace", statement_timeout: STATEMENT_MS_MAX },
    });
  } catch (cause) {
    throw new Error(
      `its address cannot be read: ${
        (cause as Error).message
      }. For example: postgres://millrace@127.0.0.1/shop`,
      { cause },
    );
  }
}
