/**
 * Puts known bugs into copies of the sources, one copy each, and runs the simulator that stands in the copy until
 * it notices. The product has no switch for any of them.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Edit, Mutant } from "./mutants.ts";
import type { Report } from "./simulate.ts";
import { timedPipelines } from "./timed.ts";

export interface Verdict {
  readonly name: string;
  /** The first seed that noticed it, and what it said; undefined = none did. */
  readonly seed: number | undefined;
  readonly said: string;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Within the repository, so that packages are found from there, and out of its version control. */
const COPIES = join(ROOT, "data");
const COPIED = [
  "deno.json",
  "runtime",
  "actors",
  "deploy/kernels.ts",
  "tests/models",
  "tests/simulation",
  "tests/support",
  "wasm",
];
/** What kernels are made of. */
const BUILT_FROM = /^(wasm|runtime\/stream)\//;
/** A simulation that takes longer than this does not end: that is noticed too. */
const SEED_MS_MAX = 60_000;

/** With so many seeds it is shown first that sources without a bug pass: what fails them is caught by nobody. */
const CONTROL_SEEDS = 2;

/** Throws when copies of the sources fail as they are. */
export async function checkControl(): Promise<void> {
  await timedPipelines(); // copies find them built
  const copy = join(COPIES, `mutant-${process.pid}-none`);
  const { said, seed } = await tryMutant({ name: "none", edits: [] }, copy, CONTROL_SEEDS);
  if (seed === undefined) return;
  throw new Error(
    `Cannot try known bugs: the sources fail without any at seed ${seed}: ${said}. Mend them first.`,
  );
}

/** Tries each mutant on seeds 1, 2, …; several at a time. */
export async function tryMutants(
  mutants: readonly Mutant[],
  options: { readonly seeds: number; readonly workers: number; onVerdict?(verdict: Verdict): void },
): Promise<Verdict[]> {
  const left = [...mutants.entries()];
  const verdicts: Verdict[] = [];
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [index, mutant] = next;
      const verdict = await tryMutant(mutant, join(COPIES, `mutant-${process.pid}-${index}`), options.seeds);
      verdicts[index] = verdict;
      options.onVerdict?.(verdict);
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));
  return verdicts;
}

async function tryMutant(mutant: Mutant, copy: string, seeds: number): Promise<Verdict> {
  const { name } = mutant;
  try {
    await mutate(mutant, copy);
    const worker = new Worker(pathToFileURL(join(copy, "tests/simulation/seeds_worker.ts")).href, {
      type: "module",
    });
    try {
      for (let seed = 1; seed <= seeds; seed++) {
        const said = await violation(worker, seed);
        if (said !== undefined) return { name, seed, said };
      }
    } finally {
      worker.terminate();
    }
    return { name, seed: undefined, said: `${seeds} seeds did not notice it` };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** A copy of the sources with the bug in it; kernels are built anew where it is in them. */
async function mutate({ name, edits }: Mutant, copy: string): Promise<void> {
  mkdirSync(copy, { recursive: true });
  for (const path of COPIED) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  for (const edit of edits) {
    const path = join(copy, edit.file);
    writeFileSync(path, edited(name, edit, readFileSync(path, "utf8")));
  }
  if (!edits.some(({ file }) => BUILT_FROM.test(file))) return;
  const from = (file: string) => import(pathToFileURL(join(copy, file)).href);
  await (await from("wasm/build.ts")).build(["tally"]);
  await (await from("tests/simulation/timed.ts")).timedPipelines(); // what takes long here is no seed that does not end
}

/** The text with the bug in it. Throws where the sources have moved on. */
export function edited(name: string, { file, find, put }: Edit, text: string): string {
  const parts = text.split(find);
  if (parts.length === 2) return parts.join(put);
  throw new Error(
    `Cannot put back "${name}": ${file} holds ${parts.length - 1} times what it replaces. Mend mutants.ts.`,
  );
}

/** What the first violation of a seed is; undefined = everything held. */
function violation(worker: Worker, seed: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve("it does not end"), SEED_MS_MAX);
    const settle = (said: string | undefined) => {
      clearTimeout(late);
      resolve(said);
    };
    worker.onmessage = ({ data }: MessageEvent<Report | { failure: string }>) => {
      settle("failure" in data ? data.failure.split("\n")[0] : data.violations[0]);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      settle(`it fails: ${event.message}`);
    };
    worker.postMessage({ seed, limits: {} });
  });
}
