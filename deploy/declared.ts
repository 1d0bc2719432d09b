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

/** The declarations that modules export, by default or by name. `paths` are separated by commas. */
export async function readDeclarations(paths: string): Promise<Declaration[]> {
  const found: Declaration[] = [];
  for (const path of paths.split(",").map((each) => each.trim()).filter(Boolean)) {
    let module: Record<string, unknown>;
    try {
      module = await import(pathToFileURL(resolve(path)).href);
    } catch (cause) {
      throw new Problem(`Cannot read pipelines from ${path}: ${(cause as Error).message}`);
    }
    const own = Object.values(module).filter((value) => value instanceof Declaration);
    if (own.length === 0) {
      throw new Problem(
        `Cannot read pipelines from ${path}: it exports none. End a declaration with .to("name") or ` +
          `.view("name") and export it: export default pipeline(…).to("alerts")`,
      );
    }
    for (const { plan } of new Set(own)) checkBounded(plan);
    found.push(...new Set(own));
  }
  return found;
}

/** The pipelines that modules declare, compiled. */
export async function declaredPipelines(paths: string): Promise<Declared[]> {
  return await Promise.all((await readDeclarations(paths)).map((each) => declared(each)));
}
