/** Connections to a PostgreSQL server, opened when they are needed, and anew when they broke. */
import { clearTimeout, setTimeout } from "node:timers";
// @ts-types="npm:@types/pg@8.23.1"
import pg from "pg";

export interface PostgresOptions {
  /** postgres://user:password@host:5432/database, with what the client takes behind `?`: sslmode, … */
  readonly url: string;
  /** As many at once; who wants another one waits. */
  readonly connections: number;
  readonly connectMs: number;
  /** A statement, or a transaction whose client is gone, is ended by the server after this. */
  readonly statementMs: number;
}

export type Rows = { readonly count: number; readonly rows: readonly Record<string, unknown>[] };

/** A connection, or whichever one is free. */
export interface Queries {
  /** A statement with a `name` is parsed and planned once for each connection. */
  query(text: string, values?: readonly unknown[], name?: string): Promise<Rows>;
}

export interface Postgres extends Queries {
  /** host:port/database, without what is secret. */
  readonly address: string;
  /**
   * What `body` asks becomes one transaction; when it throws nothing of it stays. Statements are sent one behind the
   * other, without waiting for answers.
   */
  transaction<T>(body: (queries: Queries) => Promise<T>): Promise<T>;
  /** Ends the connections: those that still work after so long are cut. */
  close(withinMs: number): Promise<void>;
}

/** A connection is given up after this, so that the server gets back what it keeps for it. */
const LIFETIME_S = 1800;
/** A server that is gone without a word is found out by this and what the system adds. */
const KEEP_ALIVE_MS = 10_000;

export function openPostgres({ url, connections, connectMs, statementMs }: PostgresOptions): Postgres {
  const options = {
    connectionString: url,
    application_name: "millrace",
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    pipeline: true,
  };
  const { host, port, database } = new pg.Client(options);
  const open = new Set<pg.Client>();
  // The pool itself would count the wait for a connection that others use as well.
  class Client extends pg.Client {
    constructor(given: pg.ClientConfig = {}) {
      super({ ...given, connectionTimeoutMillis: connectMs });
      this.on("error", () => {}); // who asks is told; an idle connection that broke is replaced
      open.add(this);
      this.once("end", () => open.delete(this));
    }
  }
  const limits = { max: connections, idleTimeoutMillis: 0, maxLifetimeSeconds: LIFETIME_S };
  const pool = new pg.Pool({ ...options, ...limits, Client } as pg.PoolConfig);
  pool.on("error", () => {});
  const { promise: closed, reject } = Promise.withResolvers<never>();
  closed.catch(() => {});

  /** After an error the connection is cut: what is left of a transaction is rolled back by the server. */
  async function connected<T>(body: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const connecting = pool.connect();
    const client = await Promise.race([connecting, closed]).catch((error) => {
      // What is there after all is nobody's: the pool's end would wait for it.
      connecting.then(giveUp, () => {});
      throw error;
    });
    try {
      const result = await body(client);
      client.release();
      return result;
    } catch (error) {
      giveUp(client);
      throw error;
    }
  }

  return {
    address: `${host}:${port}/${database}`,
    query: (text, values, name) => connected((client) => ask(client, text, values, name)),
    transaction: (body) =>
      connected(async (client) => {
        const begun = client.query("BEGIN");
        begun.catch(() => {}); // what follows fails as well, and is looked at
        const result = await body({ query: (text, values, name) => ask(client, text, values, name) });
        await begun;
        await client.query("COMMIT");
        return result;
      }),
    async close(withinMs) {
      reject(new Error("the connections were closed"));
      const late = setTimeout(() => open.forEach(cut), withinMs);
      await pool.end();
      clearTimeout(late);
    },
  };
}

/** Whether the server refuses what was asked and would on any connection, rather than being away or going. */
export function refuses(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !/^(?:08|57)/.test(error.code ?? "");
}

async function ask(
  client: pg.PoolClient,
  text: string,
  values: readonly unknown[] | undefined,
  name: string | undefined,
): Promise<Rows> {
  const { rowCount, rows } = await client.query({ text, values: values && [...values], name });
  return { count: rowCount ?? 0, rows };
}

function giveUp(client: pg.PoolClient): void {
  cut(client);
  client.release(true);
}

/** What is still asked of it fails. The client has no call for this. */
function cut(client: pg.ClientBase): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
