/**
 * The test runner: every *_test.ts of the repository under Deno, then the same files under Bun, both outputs
 * streamed, what failed once more, and one closing line that sums the two:
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
import { listed, readDeno, readJunit, type Report, sum } from "./run_report.ts";

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
    const reports: Report[] = [];
    if (runtimes.includes("deno")) reports.push(await underDeno(files, join(scratch, "deno.xml")));
    if (runtimes.includes("bun")) reports.push(await underBun(files, scratch));
    const { passed, failures, skipped } = sum(reports);
    if (failures.length > 0) console.log(`\n── what failed ──\n\n${listed(failures)}`);
    console.log(`\n${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
    return failures.length === 0 ? 0 : 1;
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

async function underDeno(files: string[], report: string): Promise<Report> {
  heading(`deno: ${files.length} files`);
  const code = await run(process.execPath, [
    "test",
    ...DENO_TEST_PERMISSIONS,
    `--junit-path=${report}`,
    ...files,
  ]);
  return judge("deno test", code, await reported(report, readDeno));
}

/** A process a file: Bun keeps much of what a file used, and collects the less the more it keeps. */
async function underBun(files: string[], scratch: string): Promise<Report> {
  const bun = await ensureBun();
  heading(`bun: ${files.length} files`);
  const reports: Report[] = [];
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
    reports.push(judge(`bun test ${file}`, code, await reported(report, readJunit)));
  }
  return sum(reports);
}

async function reported(file: string, read: (xml: string) => Report): Promise<Report | undefined> {
  try {
    return read(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** A runner that crashed, or ran nothing, or failed outside any test counts as one failure. */
function judge(runner: string, code: number, report: Report | undefined): Report {
  const failure = (reason: string) => [{ where: "outside any test", name: runner, reason }];
  if (report === undefined) {
    return { passed: 0, failures: failure(`ended with code ${code} and left no report`), skipped: 0 };
  }
  if (report.passed + report.failures.length === 0) return { ...report, failures: failure("ran no test") };
  if (code !== 0 && report.failures.length === 0) {
    const reason = `ended with code ${code} though no test failed: look above for an error outside the tests`;
    return { ...report, failures: failure(reason) };
  }
  return report;
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
