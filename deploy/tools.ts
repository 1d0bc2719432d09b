/**
 * The tools the tests need beside Deno: a nats-server new enough, and Bun. Each is looked for first and only
 * then fetched, into .tools/ of this checkout: nothing outside it is touched and no root is needed.
 */
import { execFile } from "node:child_process";
import {
  access,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export interface FoundServer {
  readonly path: string;
  /** "2.15.1" */
  readonly version: string;
}

/** Older servers lack atomic checks that the ledger's pipelining rests on. */
const NATS_SERVER_MIN = [2, 12];
const NATS_SERVER_GO = "github.com/nats-io/nats-server/v2@v2.15.1";
const BUN_VERSION = "1.4.5";

const TOOLS = resolve(dirname(fileURLToPath(import.meta.url)), "../.tools");
const INSTALLED = join(TOOLS, "nats-server");
const LOCK = join(TOOLS, "nats-server.lock");
/** A lock older than this was left by a process that died. */
const LOCK_STALE_MS = 5 * 60_000;
const INSTALL_TIMEOUT_MS = 4 * 60_000;

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
  return await locked(async () => {
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

/**
 * Debian's unstable suite carries a current nats-server whose binary runs on older releases too. The package
 * is downloaded with apt's folders all private and unpacked without being installed.
 */
async function fromDebian(): Promise<void> {
  const folder = await mkdtemp(join(TOOLS, "apt-"));
  try {
    for (const each of ["lists/partial", "cache/archives/partial", "parts"]) {
      await mkdir(join(folder, each), { recursive: true });
    }
    await writeFile(join(folder, "parts/unstable.sources"), await unstableSources());
    const options = [
      "Dir::Etc::SourceList=/dev/null",
      `Dir::Etc::SourceParts=${join(folder, "parts")}`,
      `Dir::State::Lists=${join(folder, "lists")}`,
      `Dir::Cache=${join(folder, "cache")}`,
      "APT::Sandbox::User=",
      "Acquire::Languages=none",
    ].flatMap((option) => ["-o", option]);
    await run("apt-get", [...options, "-q", "update"]);
    await run("apt-get", [...options, "-q", "download", "nats-server"], folder);
    const debs = (await readdir(folder)).filter((name) => name.endsWith(".deb"));
    if (debs.length !== 1) throw new Error("apt-get downloaded no package nats-server");
    await run("dpkg", ["-x", join(folder, debs[0]), join(folder, "unpacked")]);
    await place(join(folder, "unpacked/usr/sbin/nats-server"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The configured Debian archive with its suite replaced, in deb822 form. */
async function unstableSources(): Promise<string> {
  const configured: string[] = [];
  for (const path of ["/etc/apt/sources.list", ...await sourceFiles("/etc/apt/sources.list.d")]) {
    if (await exists(path)) configured.push(await readFile(path, "utf8"));
  }
  const text = configured.join("\n");
  const archives = [...text.matchAll(/(https?:\/\/[^\s\]]+\/debian)\/?(?=\s|$)/gm)]
    .filter(([, url]) => !url.includes("security") && !url.includes("snapshot"));
  if (archives.length === 0) throw new Error("no Debian archive is configured in /etc/apt");
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  const signed = await exists(keyring) ? `Signed-By: ${keyring}\n` : "";
  return `Types: deb\nURIs: ${archives[0][1]}\nSuites: sid\nComponents: main\n${signed}`;
}

async function sourceFiles(folder: string): Promise<string[]> {
  if (!await exists(folder)) return [];
  return (await readdir(folder)).filter((name) => /\.(sources|list)$/.test(name)).map((name) =>
    join(folder, name)
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

/** One installer at a time: the others wait and then find what it left. */
async function locked<T>(work: () => Promise<T>): Promise<T> {
  await mkdir(TOOLS, { recursive: true });
  while (true) {
    try {
      await mkdir(LOCK);
      break;
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error;
      const age = Date.now() - (await stat(LOCK).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
      if (age > LOCK_STALE_MS) await rm(LOCK, { recursive: true, force: true });
      else await new Promise((resume) => setTimeout(resume, 200));
    }
  }
  try {
    return await work();
  } finally {
    await rm(LOCK, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false);
}

function run(
  command: string,
  args: string[],
  cwd?: string,
  env: Record<string, string> = {},
): Promise<string> {
  return new Promise((resume, fail) => {
    const options = {
      cwd,
      env: { ...process.env, ...env },
      timeout: INSTALL_TIMEOUT_MS,
      maxBuffer: 16 << 20,
    };
    execFile(command, args, options, (error, stdout, stderr) => {
      if (!error) return resume(`${stdout}${stderr}`);
      const last = String(stderr).trim().split("\n").at(-1);
      fail(new Error(`${command} ${args.at(-1)}: ${last || error.message}`, { cause: error }));
    });
  });
}
