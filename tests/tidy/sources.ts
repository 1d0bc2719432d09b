/** The repository's own files, as the tidy tests read them: what git tracks or would track. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

export interface Source {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** The text without comments and with the contents of strings blanked, line for line. */
  readonly code: string;
}

let all: Source[] | undefined;

/** Every text file of the repository, sorted by path. */
export function files(): Source[] {
  all ??= execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: ROOT })
    .toString().split("\n").filter((path) => path !== "" && !/\.(wasm|png|bin)$/.test(path)).sort()
    .flatMap((path) => {
      try {
        const text = readFileSync(join(ROOT, path), "utf8");
        return [{ path, text, code: path.endsWith(".ts") ? codeOf(text) : text }];
      } catch {
        return []; // deleted, and not yet committed
      }
    });
  return all;
}

/** TypeScript and AssemblyScript written by people. */
export function sources(): Source[] {
  return files().filter(({ path }) => path.endsWith(".ts") && !isGenerated(path));
}

export function isGenerated(path: string): boolean {
  return path.split("/").includes("gen");
}

export function isTest(path: string): boolean {
  return path.startsWith("tests/") || path.endsWith("_test.ts");
}

/** What a file imports, as written. */
export function imports({ text }: Source): string[] {
  const found = text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;'"]*?\bfrom\s*["']([^"']+)["']/g);
  const bare = text.matchAll(/(?:^|\n)\s*import\s*["']([^"']+)["']/g);
  const dynamic = text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g);
  return [...found, ...bare, ...dynamic].map(([, specifier]) => specifier);
}

/** A relative import as a path from the root; undefined for packages. */
export function resolved(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return join(dirname(from), specifier).replaceAll("\\", "/");
}

/** Comments dropped and strings emptied, so that words in them are not taken for code. */
export function codeOf(text: string): string {
  const pattern = /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  return text.replace(pattern, (part) => {
    if (part.startsWith("`")) return (part.match(/\$\{[^}]*\}/g) ?? []).join(" ") + "\n".repeat(lines(part));
    if (part.startsWith("/")) return "\n".repeat(lines(part));
    return `""`;
  });
}

function lines(text: string): number {
  return text.split("\n").length - 1;
}
