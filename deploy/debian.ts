/**
 * Packages of the Debian archive that this machine is configured with, downloaded with apt's folders all private
 * and unpacked without being installed: no root is needed and nothing outside the given folder is touched.
 */
import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** What the set-up installs stands here, in the checkout. */
export const TOOLS = resolve(dirname(fileURLToPath(import.meta.url)), "../.tools");
const INSTALL_TIMEOUT_MS = 4 * 60_000;
/** A lock older than this was left by a process that died. */
const LOCK_STALE_MS = 5 * 60_000;

export interface DebianPackages {
  /** The suite to take them from; default the one this machine is configured with. */
  readonly suite?: string;
  /** What is wanted: names, or what a dry run of their installation would install, chosen from. */
  choose(plan: (name: string) => Promise<string[]>): Promise<string[]>;
}

/** Downloads and unpacks packages, hands the folder they are in to `use`, and removes it. */
export async function unpackDebian(
  { suite, choose }: DebianPackages,
  use: (unpacked: string) => Promise<void>,
): Promise<void> {
  await mkdir(TOOLS, { recursive: true });
  const folder = await mkdtemp(join(TOOLS, "apt-"));
  try {
    const options = await privateApt(folder, suite);
    await run("apt-get", [...options, "-q", "update"]);
    const names = await choose((name) => plan(options, name));
    await run("apt-get", [...options, "-q", "download", ...names], folder);
    const debs = (await readdir(folder)).filter((name) => name.endsWith(".deb"));
    if (debs.length !== names.length) throw new Error(`apt-get downloaded not all of ${names.join(", ")}`);
    const unpacked = join(folder, "unpacked");
    for (const deb of debs) await run("dpkg", ["-x", join(folder, deb), unpacked]);
    await use(unpacked);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The packages that installing one would install on this machine, as if no PostgreSQL were there. */
async function plan(options: string[], name: string): Promise<string[]> {
  const dryRun = await run("apt-get", [...options, "-s", "--no-install-recommends", "install", name]);
  return [...dryRun.matchAll(/^Inst (\S+)/gm)].map(([, each]) => each);
}

async function privateApt(folder: string, suite: string | undefined): Promise<string[]> {
  for (const each of ["lists/partial", "cache/archives/partial", "parts"]) {
    await mkdir(join(folder, each), { recursive: true });
  }
  const status = await readFile("/var/lib/dpkg/status", "utf8").catch(() => "");
  const others = status.split("\n\n").filter((each) => !/^Package: (?:postgresql|libpq)/m.test(each));
  await writeFile(join(folder, "status"), others.join("\n\n"));
  const sources = suite === undefined ? [] : [
    "Dir::Etc::SourceList=/dev/null",
    `Dir::Etc::SourceParts=${join(folder, "parts")}`,
  ];
  if (suite !== undefined) await writeFile(join(folder, "parts/suite.sources"), await sourcesOf(suite));
  return [
    ...sources,
    `Dir::State::status=${join(folder, "status")}`,
    `Dir::State::Lists=${join(folder, "lists")}`,
    `Dir::Cache=${join(folder, "cache")}`,
    "APT::Sandbox::User=",
    "Acquire::Languages=none",
  ].flatMap((option) => ["-o", option]);
}

/** The configured Debian archive with its suite replaced, in deb822 form. */
async function sourcesOf(suite: string): Promise<string> {
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
  return `Types: deb\nURIs: ${archives[0][1]}\nSuites: ${suite}\nComponents: main\n${signed}`;
}

async function sourceFiles(folder: string): Promise<string[]> {
  if (!await exists(folder)) return [];
  return (await readdir(folder)).filter((name) => /\.(sources|list)$/.test(name)).map((name) =>
    join(folder, name)
  );
}

/** One installer of a thing at a time: the others wait and then find what it left. */
export async function locked<T>(name: string, work: () => Promise<T>): Promise<T> {
  const lock = join(TOOLS, `${name}.lock`);
  await mkdir(TOOLS, { recursive: true });
  while (true) {
    try {
      await mkdir(lock);
      break;
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error;
      const age = Date.now() - (await stat(lock).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
      if (age > LOCK_STALE_MS) await rm(lock, { recursive: true, force: true });
      else await new Promise((resume) => setTimeout(resume, 200));
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

export async function exists(path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false);
}

export function run(
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
