/** A real PostgreSQL for tests: a cluster of its own in a temporary folder, killed, restarted and removed. */
import { type ChildProcess, spawn } from "node:child_process";
import { chown, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { exists, run, TOOLS } from "../../deploy/debian.ts";
import { ensurePostgres, type FoundPostgres } from "../../deploy/postgres.ts";
import { openPostgres, type Postgres } from "../../runtime/adapters/postgres.ts";
import { freePort } from "./nats.ts";

export interface PostgresServer {
  readonly url: string;
  readonly version: string;
  /** kill -9 of the server and, by that, of all its processes; resolves when it is gone. */
  kill(): Promise<void>;
  /** Kills it and starts it again on the same port and files: it recovers from its log. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const PASSWORD = "of-a-test";
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export async function startPostgres(settings: Record<string, string> = {}): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-postgres-"));
  const found = await ensurePostgres();
  const as = await unprivileged(found, folder);
  const data = join(folder, "data"), password = join(folder, "password");
  await writeFile(password, PASSWORD);
  if (as.uid !== undefined) { for (const path of [folder, password]) await chown(path, as.uid, as.gid!); }
  const cluster = ["-D", data, "-U", "postgres", "-A", "scram-sha-256", `--pwfile=${password}`];
  const initdb = [...as.prefix, join(as.bin, "initdb"), ...cluster, "--no-locale", "-E", "UTF8", "--no-sync"];
  await run(initdb[0], initdb.slice(1), folder, as.env);
  const port = await freePort();
  const url = `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`;
  const wanted = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: folder,
    ...settings,
  };
  const options = Object.entries(wanted).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const command = [...as.prefix, join(as.bin, "postgres"), "-D", data, ...options];
  let child = await launch(command, as.env, folder, url);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    process.kill(child.pid!, "SIGKILL");
    await gone;
  };
  return {
    url,
    version: found.version,
    kill,
    async restart() {
      await kill();
      child = await launch(command, as.env, folder, url);
    },
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

interface Runner {
  readonly bin: string;
  readonly env: Record<string, string>;
  /** What stands before a command so that it runs without root. */
  readonly prefix: string[];
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root: then it is `nobody` who runs it. */
async function unprivileged({ bin, env, version }: FoundPostgres, folder: string): Promise<Runner> {
  if (process.getuid?.() !== 0) return { bin, env, prefix: [] };
  try {
    const uid = Number(await run("id", ["-u", "nobody"])), gid = Number(await run("id", ["-g", "nobody"]));
    const prefix = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"];
    const may = async (at: string) => {
      return await run(prefix[0], [...prefix.slice(1), join(at, "postgres"), "--version"], folder, env)
        .then(() => true, () => false);
    };
    await chown(folder, uid, gid);
    if (await may(bin)) return { bin, env, prefix, uid, gid };
    // A checkout in a folder that only root may enter: nobody gets a copy.
    const copy = join(tmpdir(), `millrace-postgresql-${version}`);
    const installed = join(TOOLS, "postgresql");
    if (!bin.startsWith(installed)) throw new Error(`nobody may not run ${bin}/postgres`);
    if (!await exists(copy)) await cp(installed, copy, { recursive: true, verbatimSymlinks: true });
    const libraries = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, value.replaceAll(installed, copy)]),
    );
    return { bin: bin.replace(installed, copy), env: libraries, prefix, uid, gid };
  } catch (cause) {
    throw new Error(
      `Cannot start PostgreSQL: it refuses to run as root, and as nobody it cannot: ${
        (cause as Error).message
      }. ` +
        `Run the tests as another user, or install setpriv (util-linux) and a user nobody.`,
      { cause },
    );
  }
}

async function launch(
  [program, ...args]: string[],
  env: Record<string, string>,
  cwd: string,
  url: string,
): Promise<ChildProcess> {
  const until = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    running.add(child);
    let said = "";
    child.stderr!.on("data", (chunk) => (said = (said + chunk).slice(-4000)));
    child.once("exit", () => running.delete(child));
    while (child.exitCode === null) {
      if (await answers(url)) return child;
      if (Date.now() > until) throw new Error(`Cannot start PostgreSQL: it does not answer:\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // The processes of a server that was killed take a moment to go.
    if (Date.now() > until || !/shared memory|lock file/.test(said)) {
      throw new Error(`Cannot start PostgreSQL: it ended with ${child.exitCode}:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function answers(url: string): Promise<boolean> {
  const client = connectTo(url);
  try {
    await client.query("SELECT 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.close(1_000);
  }
}

export function connectTo(url: string): Postgres {
  return openPostgres({ url, connections: 1, connectMs: 2_000, statementMs: START_TIMEOUT_MS });
}

/** The rows of one query. */
// deno-lint-ignore no-explicit-any -- what a column holds is the query's business
export async function rowsIn(url: string, text: string): Promise<readonly Record<string, any>[]> {
  const client = connectTo(url);
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.close(1_000);
  }
}
