/** Rows of a PostgreSQL table by their keys. The server may be away: then calls fail, and are made again. */
import type { LookupPlace, LookupSource, OpenedLookup } from "../../world/lookup.ts";
import { openPostgres, type Postgres, refuses } from "../postgres.ts";
import { columnsOf } from "./columns.ts";

/** As many as a pipeline makes calls at once. */
const CONNECTIONS = 4;
const CONNECT_MS_MAX = 5_000;
/** A query whose client is gone is ended by the server after this. */
const STATEMENT_MS_MAX = 30_000;
const CLOSE_MS_MAX = 2_000;

export function postgresLookup(source: LookupSource, place: LookupPlace): Promise<OpenedLookup> {
  const { table, key, list, rowOf } = columnsOf(source, place);
  let server = connect(place.address);
  const type = source.key.type === "i64" ? "bigint" : "text";
  const text = `SELECT ${list} FROM ${table} WHERE ${key} = ANY($1::${type}[])`;
  /** Connections that do not answer, or broke, are not waited for: the next call has others. */
  const renew = (broken: Postgres) => {
    if (broken !== server) return;
    server = connect(place.address);
    broken.close(0).catch(() => {});
  };
  return Promise.resolve({
    name: `postgres ${server.address} ${place.table}`,
    async load(keys, signal) {
      const used = server;
      const give = () => renew(used);
      signal.addEventListener("abort", give, { once: true });
      try {
        return (await used.query(text, [keys.map(String)], "rows")).rows.map(rowOf);
      } catch (error) {
        // What the server itself refuses it would refuse on another connection too, unless it is going.
        if (!refuses(error)) give();
        throw error;
      } finally {
        signal.removeEventListener("abort", give);
      }
    },
    close: () => server.close(CLOSE_MS_MAX),
  });
}

function connect(url: string): Postgres {
  try {
    return openPostgres({
      url,
      connections: CONNECTIONS,
      connectMs: CONNECT_MS_MAX,
      statementMs: STATEMENT_MS_MAX,
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
