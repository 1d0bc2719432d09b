/** Declared pipelines as they run: the declaration compiled, its kernel built or found as it was built. */
import { readFile } from "node:fs/promises";
import { compile, type Compiled, type Declaration, type Pipeline } from "../runtime/mod.ts";
import { buildDeclared } from "../wasm/build.ts";

export interface Declared {
  readonly compiled: Compiled;
  readonly pipeline: Pipeline;
  readonly wasm: Uint8Array;
}

/** Compiles a declaration; what was compiled before from the same text is taken as it is. */
export async function declared(declaration: Declaration): Promise<Declared> {
  const compiled = compile(declaration);
  const { name, file } = await buildDeclared(compiled.pipeline.name, compiled.files);
  return {
    compiled,
    pipeline: { ...compiled.pipeline, kernel: name },
    wasm: new Uint8Array(await readFile(file)),
  };
}
