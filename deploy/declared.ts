/** Declared pipelines as they run: the declaration compiled, its kernel built or found as it was built. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { checkBounded, compile, type Compiled, Declaration, type Pipeline } from "../runtime/mod.ts";
import { Problem } from "./command.ts";

export interface Declared {
  readonly compiled: Compiled;
  readonly pipeline: Pipeline;
  readonly wasm: Uint8Array;
}

/** Compiles a declaration; what was compiled before from the same text is taken as it is. */
export async function declared(
  declaration: Declaration,
  options: { readonly patient?: boolean } = {},
): Promise<Declared> {
  const compiled = compile(declaration, options);
  // The compiler is no part of a process that runs shipped pipelines.
  const { buildDeclared, declaredKey } = await import("../wasm/build.ts");
  const { name, file } = await buildDeclared(compiled.pipeline.name, compiled.files);
  return {
    compiled,
    pipeline: {
      ...compiled.pipeline,
      kernel: name,
      outline: { state: declaredKey(compiled.state), steps: compiled.outline },
    },
    wasm: new Uint8Array(await readFile(file)),
  };
}

/** What modules export, by default or by name: declarations, and pipelines whose kernel is handwritten. */
export interface Exported {
  readonly declarations: Declaration[];
  readonly pipelines: Pipeline[];
}

/** `paths` are separated by commas. */
export async function readModules(paths: string): Promise<Exported> {
  const found: Exported = { declarations: [], pipelines: [] };
  for (const path of paths.split(",").map((each) => each.trim()).filter(Boolean)) {
    let module: Record<string, unknown>;
    try {
      module = await import(pathToFileURL(resolve(path)).href);
    } catch (cause) {
      const what = (cause as Error).message.replace(/\.$/, "");
      throw new Problem(`Cannot read pipelines from ${path}: ${what}. Correct the file, or the path.`);
    }
    const own = [...new Set(Object.values(module))];
    const declarations = own.filter((value) => value instanceof Declaration);
    const pipelines = own.filter(isPipeline);
    if (declarations.length + pipelines.length === 0) {
      throw new Problem(
        `Cannot read pipelines from ${path}: it exports none. End a declaration with .to("name") or ` +
          `.view("name") and export it: export default pipeline(…).to("alerts")`,
      );
    }
    for (const { plan } of declarations) checkBounded(plan);
    found.declarations.push(...declarations);
    found.pipelines.push(...pipelines);
  }
  return found;
}

/** The declarations of modules: what only a plan can tell. */
export async function readDeclarations(paths: string): Promise<Declaration[]> {
  const { declarations, pipelines } = await readModules(paths);
  if (declarations.length > 0) return declarations;
  const names = pipelines.map(({ name }) => name).join(", ");
  throw new Problem(`Cannot tell the plan of ${names}: its kernel is handwritten. Name a declaration.`);
}

function isPipeline(value: unknown): value is Pipeline {
  if (typeof value !== "object" || value === null) return false;
  const { name, kernel, input, key } = value as Partial<Pipeline>;
  return typeof name === "string" && typeof kernel === "string" && input?.kind === "message" &&
    Array.isArray(key);
}

/** The pipelines that modules declare, compiled. */
export async function declaredPipelines(paths: string): Promise<Declared[]> {
  return await Promise.all((await readDeclarations(paths)).map((each) => declared(each)));
}
