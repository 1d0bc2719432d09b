/**
 * The PostgreSQL the tests need: looked for first, and only then fetched from Debian's packages into .tools/ of
 * this checkout. Nothing outside it is touched and no root is needed.
 */
import { cp, readdir, rename, rm } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { exists, locked, run, TOOLS, unpackDebian } from "./debian.ts";

export interface FoundPostgres {
  /** The folder of `postgres` and `initdb`. */
  readonly bin: string;
  /** "15.18" */
  readonly version: string;
  /** What its programs need in their environment to find the libraries unpacked beside them. */
  readonly env: Record<string, string>;
}

/** Everything the sinks use (upserts, arrays, row locks) is older; older servers get no fixes any more. */
const POSTGRES_MIN = 13;
const INSTALLED = join(TOOLS, "postgresql");
/** Parts of PostgreSQL's packages that a server for tests does without, 100 MB of them. */
const LEFT_OUT = /llvm|^ssl-cert$|^postgresql$|-common$|^perl|^locales|^sysvinit|^tzdata/;

/** MILLRACE_POSTGRES (its bin folder), the PATH, Debian's own folders, .tools/: the first that works. */
export async function findPostgres(tried: string[] = []): Promise<FoundPostgres | undefined> {
  const named = process.env.MILLRACE_POSTGRES;
  const folders = [
    ...(named ? [named] : []),
    ...(process.env.PATH ?? "").split(delimiter).filter(Boolean),
    ...await versions("/usr/lib/postgresql"),
    ...await versions(join(INSTALLED, "usr/lib/postgresql")),
  ];
  for (const bin of folders) {
    if (!await exists(join(bin, "postgres")) || !await exists(join(bin, "initdb"))) {
      if (bin === named) tried.push(`MILLRACE_POSTGRES names ${bin}, which has no postgres and initdb`);
      continue;
    }
    const env = bin.startsWith(INSTALLED) ? await libraries() : {};
    const version = await versionOf(bin, env);
    if (version && Number.parseInt(version) >= POSTGRES_MIN) return { bin, version, env };
    tried.push(`${bin} has ${version ?? "no PostgreSQL that starts"}, ${POSTGRES_MIN} or newer is needed`);
  }
  return undefined;
}

/** A PostgreSQL that works, installed where there is none. Says what it did. */
export async function ensurePostgres(): Promise<FoundPostgres> {
  const tried: string[] = [];
  const found = await findPostgres(tried);
  if (found) return found;
  return await locked("postgresql", async () => {
    const meanwhile = await findPostgres();
    if (meanwhile) return meanwhile;
    try {
      await installPostgres();
      const installed = await findPostgres(tried);
      if (!installed) throw new Error("what was unpacked does not start");
      console.error(`Installed PostgreSQL ${installed.version} into .tools/ (from Debian).`);
      return installed;
    } catch (error) {
      tried.push(`Debian: ${(error as Error).message}`);
    }
    throw new Error(
      `Cannot find or install PostgreSQL ${POSTGRES_MIN} or newer:\n${
        tried.map((line) => `  - ${line}`).join("\n")
      }\nInstall one (apt-get install postgresql) or name its bin folder in MILLRACE_POSTGRES.`,
    );
  });
}

/** This machine's own suite: its PostgreSQL fits its libraries, and those it lacks come along. */
export async function installPostgres(): Promise<void> {
  const choose = async (plan: (name: string) => Promise<string[]>) => {
    const names = (await plan("postgresql")).filter((name) => !LEFT_OUT.test(name));
    if (!names.some((name) => /^postgresql-\d+$/.test(name))) {
      throw new Error("the configured archive has no package postgresql");
    }
    return names;
  };
  await unpackDebian({ choose }, async (unpacked) => {
    const beside = `${INSTALLED}.new`;
    await rm(beside, { recursive: true, force: true });
    await cp(unpacked, beside, { recursive: true, verbatimSymlinks: true });
    await rm(INSTALLED, { recursive: true, force: true });
    await rename(beside, INSTALLED);
  });
}

async function versions(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.sort((a, b) => Number(b) - Number(a)).map((name) => join(folder, name, "bin"));
}

async function versionOf(bin: string, env: Record<string, string>): Promise<string | undefined> {
  try {
    return /PostgreSQL\) (\d+(?:\.\d+)*)/.exec(
      await run(join(bin, "postgres"), ["--version"], undefined, env),
    )
      ?.[1];
  } catch {
    return undefined;
  }
}

/** Folders with shared libraries below .tools/postgresql. */
async function libraries(): Promise<Record<string, string>> {
  const all = await readdir(INSTALLED, { recursive: true });
  const folders = new Set(all.filter((path) => /\.so(?:\.\d+)*$/.test(path)).map((path) => dirname(path)));
  const outside = [...folders].filter((folder) => !folder.includes("postgresql"));
  return { LD_LIBRARY_PATH: outside.map((folder) => join(INSTALLED, folder)).join(":") };
}
