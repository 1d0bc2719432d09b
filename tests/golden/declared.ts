/** Declared pipelines for tests that begin many lives of one: compiled once, and forked at any event. */
import { declared } from "../../deploy/declared.ts";
import {
  type Declaration,
  type KernelModule,
  kernelParams,
  loadKernel,
  type Pipeline,
} from "../../runtime/mod.ts";
import { DeclaredRun } from "../support/declared.ts";

export interface Built {
  readonly pipeline: Pipeline;
  readonly module: KernelModule;
  readonly wasm: Uint8Array;
}

const built = new Map<Declaration, Promise<Built>>();

/** Compiles a declaration, once. */
export function buildOf(declaration: Declaration): Promise<Built> {
  const known = built.get(declaration) ?? make(declaration);
  built.set(declaration, known);
  return known;
}

async function make(declaration: Declaration): Promise<Built> {
  const { pipeline, wasm } = await declared(declaration);
  return { pipeline, wasm, module: await loadKernel(pipeline.kernel, wasm, kernelParams(pipeline)) };
}

export function begin({ pipeline, module }: Built, clock: number): DeclaredRun {
  return new DeclaredRun(pipeline, module, clock);
}

/** Another life, restored from a snapshot of this one: the rows that stand are its own from here on. */
export function fork(life: DeclaredRun, of: Built): DeclaredRun {
  const other = begin(of, life.clock);
  other.kernel = life.kernel;
  other.restart();
  for (const [name, rows] of life.rows) other.rows.set(name, new Map(rows));
  other.watermark = life.watermark;
  return other;
}
