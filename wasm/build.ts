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
import { fileURLToPath } from "node:url";

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
export function compileKernel(source: string): Promise<Uint8Array> {
  return compile(basename(source, ".ts"), readSources(source));
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

async function compile(name: string, sources: Sources): Promise<Uint8Array> {
  const { default: asc } = await import("assemblyscript/asc");
  let bytes: Uint8Array | undefined;
  let report = "";
  const result = await asc.main([entry, "--outFile", "out.wasm", ...FLAGS], {
    readFile: (file) => sources.get(file.replaceAll("\\", "/")) ?? null,
    writeFile: (file, contents) => {
      if (file === "out.wasm") bytes = contents as Uint8Array;
    },
    listFiles: () => [],
    stdout: { write: (text) => void (report += text) },
    stderr: { write: (text) => void (report += text) },
  });
  if (result.error || !bytes) {
    throw new Error(`Cannot build kernel ${name}:\n${report}`, { cause: result.error });
  }
  return bytes;
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
  for (const { name, file, built } of await build(names.length ? names : undefined)) {
    console.log(`${name}: ${built ? "built" : "fresh"} ${relative(root, file)}`);
  }
}

if (import.meta.main) await main(process.argv.slice(2));
