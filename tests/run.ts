/**
 * The test runner: every *_test.ts of the repository under Deno, then the same files under Bun, both outputs
 * streamed, and one closing line that sums the two:
 *
 *   N passed, N failed            (or: N passed, N failed, N skipped)
 *
 * It ends with a non-zero code when a test failed, and also when a runner crashed or ran nothing at all.
 *
 *   deno task test                        everything
 *   deno task test runtime/kernel         only the files whose path contains this
 *   deno task test:deno, deno task test:bun
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ensurePostgres } from "../deploy/postgres.ts";
import { ensureBun, ensureNatsServer } from "../deploy/tools.ts";
import { countDeno, countJunit, type Counts, sum } from "./run_counts.ts";

/** One test may take this long under Bun, whose own default of 5 s is too short for a real server. */
const TEST_TIMEOUT_MS = 600_000;

/**
 * Tests start and kill -9 real processes (the runtime, nats-server), listen on free ports and write to
 * temporary folders, so they may read, write, run and use the network everywhere. What a program gets is in
 * deno.json, task by task.
 */
const DENO_TEST_PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-net",
  "--allow-env",
  "--allow-run",
  "--allow-sys",
];

const SKIPPED_FOLDERS = new Set(["node_modules", "data", "coverage", "build", "gen"]);

async function main(args: string[]): Promise<number> {
  const runtimes = ["deno", "bun"].filter((runtime) => !args.includes(`--no-${runtime}`));
  const wanted = args.filter((arg) => !arg.startsWith("--"));
  const files = (await testFiles(".")).filter((file) => {
    return wanted.length === 0 || wanted.some((part) => file.includes(part.replace(/^\.\//, "")));
  });
  if (files.length === 0) {
    console.error(`Cannot run the tests: no *_test.ts has ${wanted.join(" or ")} in its path.`);
    return 1;
  }
  await prepare();
  const scratch = await mkdtemp(join(tmpdir(), "millrace-tests-"));
  try {
    const counts: Counts[] = [];
    if (runtimes.includes("deno")) counts.push(await underDeno(files, join(scratch, "deno.xml")));
    if (runtimes.includes("bun")) counts.push(await underBun(files, scratch));
    const total = sum(counts);
    const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
    console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
    return total.failed === 0 ? 0 : 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What the tests need beside the sources: the packages in node_modules, a real nats-server and PostgreSQL. */
async function prepare(): Promise<void> {
  const code = await run(process.execPath, ["install", "--quiet"]);
  if (code !== 0) {
    throw new Error(`Cannot install the packages of deno.json: deno install ended with ${code}`);
  }
  const server = await ensureNatsServer();
  process.env.MILLRACE_NATS_SERVER = server;
  await ensurePostgres().catch((error) => console.error(error.message)); // its tests fail, and say this again
}

async function underDeno(files: string[], report: string): Promise<Counts> {
  heading(`deno: ${files.length} files`);
  const code = await run(process.execPath, [
    "test",
    ...DENO_TEST_PERMISSIONS,
    `--junit-path=${report}`,
    ...files,
  ]);
  return judge("deno test", code, await counted(report, countDeno));
}

/** A process a file: Bun keeps much of what a file used, and collects the less the more it keeps. */
async function underBun(files: string[], scratch: string): Promise<Counts> {
  const bun = await ensureBun();
  heading(`bun: ${files.length} files`);
  const counts: Counts[] = [];
  for (const [i, file] of files.entries()) {
    const report = join(scratch, `bun-${i}.xml`);
    const code = await run(bun[0], [
      ...bun.slice(1),
      "test",
      `--timeout=${TEST_TIMEOUT_MS}`,
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      `./${file}`,
    ]);
    counts.push(judge(`bun test ${file}`, code, await counted(report, countJunit)));
  }
  return sum(counts);
}

async function counted(report: string, count: (xml: string) => Counts): Promise<Counts | undefined> {
  try {
    return count(await readFile(report, "utf8"));
  } catch {
    return undefined;
  }
}

/** A runner that crashed, or ran nothing, or failed outside any test counts as one failure. */
function judge(runner: string, code: number, counts: Counts | undefined): Counts {
  if (counts === undefined) {
    console.error(`${runner} ended with code ${code} and left no report.`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  if (counts.passed + counts.failed === 0) {
    console.error(`${runner} ran no test.`);
    return { ...counts, failed: 1 };
  }
  if (code !== 0 && counts.failed === 0) {
    console.error(
      `${runner} ended with code ${code} though no test failed: look for an error outside the tests.`,
    );
    return { ...counts, failed: 1 };
  }
  return counts;
}

function run(command: string, args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", (cause) => reject(new Error(`Cannot run ${command}: ${cause.message}`, { cause })));
    child.on("close", (code, signal) => resolve(code ?? (signal ? 128 : 1)));
  });
}

/** What several tests of kernels share is named after what is under test: `…_under_test.ts`. */
async function testFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = folder === "." ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!entry.name.startsWith(".") && !SKIPPED_FOLDERS.has(entry.name)) {
        found.push(...await testFiles(path));
      }
    } else if (/(?<!_under)_test\.ts$/.test(entry.name)) found.push(path);
  }
  return found.sort();
}

function heading(text: string): void {
  console.log(`\n── ${text} ──`);
}

process.exit(await main(process.argv.slice(2)));
