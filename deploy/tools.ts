/**
 * The tools the tests need beside Deno: a nats-server new enough, and Bun (PostgreSQL: deploy/postgres.ts). Each
 * is looked for first and only then fetched, into .tools/ of this checkout: nothing outside it is touched and no root is needed.
 */
import { chmod, cp, mkdtemp, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import { exists, locked, run, TOOLS, unpackDebian } from "./debian.ts";

export interface FoundServer {
  readonly path: string;
  /** "2.15.1" */
  readonly version: string;
}

/** Older servers lack atomic checks that the ledger's pipelining rests on. */
const NATS_SERVER_MIN = [2, 12];
const NATS_SERVER_GO = "github.com/nats-io/nats-server/v2@v2.15.1";
const BUN_VERSION = "1.4.5";

const INSTALLED = join(TOOLS, "nats-server");

/** MILLRACE_NATS_SERVER, the PATH, .tools/: the first that is new enough. */
export async function findNatsServer(tried: string[] = []): Promise<FoundServer | undefined> {
  const named = process.env.MILLRACE_NATS_SERVER;
  const onPath = (process.env.PATH ?? "").split(delimiter).filter(Boolean).map((folder) =>
    join(folder, "nats-server")
  );
  for (const path of [...(named ? [named] : []), ...onPath, "/usr/sbin/nats-server", INSTALLED]) {
    if (!await exists(path)) {
      if (path === named) tried.push(`MILLRACE_NATS_SERVER names ${path}, which does not exist`);
      continue;
    }
    const version = await natsVersion(path);
    if (version && newEnough(version)) return { path, version };
    tried.push(`${path} is ${version ?? "no nats-server"}, ${NATS_SERVER_MIN.join(".")} or newer is needed`);
  }
  return undefined;
}

/** Path of a nats-server that is new enough, installing one where there is none. Says what it did. */
export async function ensureNatsServer(): Promise<string> {
  const tried: string[] = [];
  const found = await findNatsServer(tried);
  if (found) return found.path;
  return await locked("nats-server", async () => {
    const meanwhile = await findNatsServer();
    if (meanwhile) return meanwhile.path;
    for (const [what, install] of [["Debian", fromDebian], ["Go", fromGo]] as const) {
      try {
        await install();
        const version = await natsVersion(INSTALLED);
        if (!version || !newEnough(version)) throw new Error(`it gave version ${version}`);
        console.error(`Installed nats-server ${version} into .tools/ (from ${what}).`);
        return INSTALLED;
      } catch (error) {
        tried.push(`${what}: ${(error as Error).message}`);
      }
    }
    throw new Error(
      `Cannot find or install nats-server ${NATS_SERVER_MIN.join(".")} or newer:\n${
        tried.map((line) => `  - ${line}`).join("\n")
      }\nInstall one (https://docs.nats.io, or \`mise install\`) and name it in MILLRACE_NATS_SERVER.`,
    );
  });
}

/** The command that runs Bun: the one on the PATH when it is the pinned version, else npm's package. */
export async function ensureBun(): Promise<string[]> {
  try {
    if ((await run("bun", ["--version"])).trim() === BUN_VERSION) return ["bun"];
  } catch {
    // Not on the PATH: npm has it.
  }
  return ["npx", "--yes", `bun@${BUN_VERSION}`];
}

/** Debian's unstable suite carries a current nats-server whose binary runs on older releases too. */
function fromDebian(): Promise<void> {
  return unpackDebian(
    { suite: "sid", choose: () => Promise.resolve(["nats-server"]) },
    (unpacked) => place(join(unpacked, "usr/sbin/nats-server")),
  );
}

async function fromGo(): Promise<void> {
  const folder = await mkdtemp(join(TOOLS, "go-"));
  try {
    await run("go", ["install", NATS_SERVER_GO], folder, { GOBIN: folder, GOFLAGS: "-modcacherw" });
    await place(join(folder, "nats-server"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Moves a binary into place whole, so that nobody ever runs half of one. */
async function place(binary: string): Promise<void> {
  const beside = `${INSTALLED}.new`;
  await cp(binary, beside);
  await chmod(beside, 0o755);
  await rename(beside, INSTALLED);
}

async function natsVersion(path: string): Promise<string | undefined> {
  try {
    return /v?(\d+\.\d+\.\d+)/.exec(await run(path, ["--version"]))?.[1];
  } catch {
    return undefined;
  }
}

function newEnough(version: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  return major > NATS_SERVER_MIN[0] || (major === NATS_SERVER_MIN[0] && minor >= NATS_SERVER_MIN[1]);
}
