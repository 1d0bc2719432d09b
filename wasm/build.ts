/**
 * Builds the kernels: wasm/kernels/<name>.ts → wasm/build/<name>.wasm. The only place with compiler flags.
 *
 * A kernel that was built from the same sources, flags and compiler is left alone; finding that out does not
 * load the compiler. The bytes are the same on Deno and Bun.
 *
 *   deno run -A wasm/build.ts [--check] [name…]     --check compares with a fresh build instead of writing
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { clearTimeout, setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { CompileReply, CompileRequest } from "./build_worker.ts";

const here = import.meta.dirname ?? dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "..");
const outputFolder = join(here, "build");
const entry = "wasm/lib/harness.ts";

const FLAGS = [
  "--optimizeLevel=3",
  "--shrinkLevel=0",
  "--runtime=stub", // nothing is ever allocated by it
  "--memoryBase=65536", // below it: the result block and the root of the state
  "--initialMemory=184", // up to the arena; see lib/memory.ts
  "--enable=bulk-memory",
  "--disable=reference-types",
];

/** The compiler has so long for a kernel; a large one takes seconds. MILLRACE_COMPILE_SECONDS says otherwise. */
const COMPILE_SECONDS = 120;

export interface Built {
  readonly name: string;
  readonly file: string;
  /** False when it was fresh already. */
  readonly built: boolean;
}

/** Names of the kernels in wasm/kernels: the files that say `export const NAME`. */
export function kernelNames(): string[] {
  const folder = join(here, "kernels");
  return readdirSync(folder).filter((file) =>
    file.endsWith(".ts") && /^export const NAME\b/m.test(readFileSync(join(folder, file), "utf8"))
  ).map((file) => file.slice(0, -3)).sort();
}

/** Builds what is not fresh; all kernels by default. */
export async function build(names: readonly string[] = kernelNames()): Promise<Built[]> {
  const results: Built[] = [];
  for (const name of names) results.push(await buildKernel(join(here, "kernels", `${name}.ts`)));
  return results;
}

/** Builds one kernel file, wherever it stands, as wasm/build/<its name>.wasm. */
export async function buildKernel(source: string): Promise<Built> {
  const name = basename(source, ".ts");
  const file = join(outputFolder, `${name}.wasm`), keyFile = `${file}.key`;
  const sources = readSources(source);
  const key = cacheKey(sources);
  if (existsSync(file) && existsSync(keyFile) && readFileSync(keyFile, "utf8") === key) {
    return { name, file, built: false };
  }
  const bytes = await compile(name, sources);
  mkdirSync(outputFolder, { recursive: true });
  replace(file, bytes);
  replace(keyFile, key);
  return { name, file, built: true };
}

/**
 * Builds a kernel that stands in no file: `files` are its texts by name, "kernel" the one that counts. They see
 * wasm/ as `../`. Kept as wasm/build/<name>-<what it was made of>.wasm.
 */
export async function buildDeclared(name: string, files: ReadonlyMap<string, string>): Promise<Built> {
  const sources = declaredSources(files);
  const file = join(outputFolder, `${name}-${cacheKey(sources).slice(0, 16)}.wasm`);
  const built = { name: basename(file, ".wasm"), file };
  if (existsSync(file)) return { ...built, built: false };
  const bytes = await compile(name, sources);
  mkdirSync(outputFolder, { recursive: true });
  replace(file, bytes);
  return { ...built, built: true };
}

/** What a kernel would be built from, as one hash: `files` as for buildDeclared. */
export function declaredKey(files: ReadonlyMap<string, string>): string {
  return cacheKey(declaredSources(files));
}

function declaredSources(files: ReadonlyMap<string, string>): Sources {
  const overlay = new Map([...files].map(([file, text]) => [`wasm/declared/${file}.ts`, text]));
  return readSources(join(here, "declared/kernel.ts"), overlay);
}

/** Compiles in memory, without the cache. */
export function compileKernel(source: string, secondsMax?: number): Promise<Uint8Array> {
  return compile(basename(source, ".ts"), readSources(source), secondsMax);
}

/** The harness, bound to a kernel, and all that they import, by path from the root. */
type Sources = ReadonlyMap<string, string>;

function readSources(kernel: string, overlay: ReadonlyMap<string, string> = new Map()): Sources {
  const sources = new Map<string, string>();
  const path = relative(root, resolve(kernel)).replaceAll("\\", "/");
  const missing = [entry];
  for (let file = missing.pop(); file !== undefined; file = missing.pop()) {
    if (sources.has(file)) continue;
    let text = overlay.get(file) ?? readFileSync(join(root, file), "utf8");
    if (file === entry) text = text.replace('"./kernel"', `"${relative("wasm/lib", path.slice(0, -3))}"`);
    sources.set(file, text);
    for (const [, target] of text.matchAll(/^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)"/gm)) {
      missing.push(join(dirname(file), `${target}.ts`).replaceAll("\\", "/"));
    }
  }
  return sources;
}

function cacheKey(sources: Sources): string {
  const hash = createHash("sha256").update(JSON.stringify([FLAGS, compilerVersion()]));
  for (const file of [...sources.keys()].sort()) hash.update(`\0${file}\0${sources.get(file)}`);
  return hash.digest("hex");
}

function compilerVersion(): string {
  const version = /"npm:assemblyscript@([\d.]+)"/.exec(readFileSync(join(root, "deno.json"), "utf8"))?.[1];
  if (!version) throw new Error("Cannot build kernels: deno.json names no version of assemblyscript");
  return version;
}

async function compile(name: string, sources: Sources, secondsMax = compileSeconds()): Promise<Uint8Array> {
  const before = compiling;
  const done = before.then(() =>
    run({ args: [entry, "--outFile", "out.wasm", ...FLAGS], sources }, secondsMax)
  );
  compiling = done.catch(() => {});
  const reply = await done;
  if (reply === "late") throw new Error(lateness(name, sources, secondsMax));
  if ("bytes" in reply) return reply.bytes;
  throw new Error(`Cannot build kernel ${name}:\n${reply.report}`);
}

/** One at a time: they share a thread, and their time. */
let compiling: Promise<unknown> = Promise.resolve();
let compiler: Worker | undefined;

function run(request: CompileRequest, secondsMax: number): Promise<CompileReply | "late"> {
  compiler ??= new Worker(new URL("./build_worker.ts", import.meta.url));
  const worker = compiler;
  worker.ref();
  return new Promise<CompileReply | "late">((resolve, reject) => {
    const end = (settle: () => void, over: boolean) => {
      clearTimeout(timer);
      worker.removeAllListeners();
      if (over) {
        compiler = undefined;
        void worker.terminate();
      } else worker.unref();
      settle();
    };
    const timer = setTimeout(() => end(() => resolve("late"), true), secondsMax * 1000);
    worker.once("message", (reply: CompileReply) => end(() => resolve(reply), false));
    worker.once("error", (error: Error) => end(() => reject(error), true));
    worker.postMessage(request);
  });
}

function compileSeconds(): number {
  const given = Number(process.env.MILLRACE_COMPILE_SECONDS ?? COMPILE_SECONDS);
  if (Number.isFinite(given) && given > 0) return given;
  throw new Error("Cannot build kernels: MILLRACE_COMPILE_SECONDS is a number of seconds, such as 120.");
}

function lateness(name: string, sources: Sources, seconds: number): string {
  const found = [...sources].flatMap(([file, text]) =>
    file.startsWith("wasm/lib/") ? [] : callsItself(text).map((each) => `${each} in ${file}`)
  );
  const suspects = found.length > 0
    ? `Here: ${found.join(", ")}. Write a loop`
    : "Make the newest function simpler";
  return `Cannot build kernel ${name}: the compiler came to no end in ${seconds} s. It does not on some functions that ` +
    `call themselves. ${suspects}; or give it more time with MILLRACE_COMPILE_SECONDS.`;
}

/** Functions whose text names them with arguments once more. */
function callsItself(text: string): string[] {
  const heads = [...text.matchAll(/\bfunction\s+(\w+)/g)];
  return heads.flatMap(({ 1: name, index }, i) => {
    const body = text.slice(index + name.length + "function ".length, heads[i + 1]?.index);
    return new RegExp(`\\b${name}\\s*(?:<[^<>]*>)?\\(`).test(body.replace(/^[^{]*/, "")) ? [name] : [];
  });
}

/** Readers see the old file or the new one, never half of it. */
function replace(file: string, contents: Uint8Array | string): void {
  const next = `${file}.${process.pid}.next`;
  writeFileSync(next, contents);
  renameSync(next, file);
}

async function main(args: string[]): Promise<void> {
  const names = args.filter((arg) => !arg.startsWith("--"));
  if (args.includes("--check")) {
    for (const { name, file } of await build(names.length ? names : undefined)) {
      const again = await compileKernel(join(here, "kernels", `${name}.ts`));
      if (!readFileSync(file).equals(again)) throw new Error(`Cannot trust ${file}: a fresh build differs`);
      console.log(`${name}: reproducible, ${again.length} bytes`);
    }
    return;
  }
  // Standard output belongs to the command that the build comes before.
  for (const { name, file, built } of await build(names.length ? names : undefined)) {
    if (built) console.error(`${name}: built ${relative(root, file)}`);
  }
}

if (import.meta.main) await main(process.argv.slice(2));
