/** Where the built kernels are: wasm/build, beside the sources. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export function kernelFile(name: string): string {
  return fileURLToPath(new URL(`../wasm/build/${name}.wasm`, import.meta.url));
}

/** Bytes of a kernel, as `start` asks for them. */
export async function readKernel(name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(kernelFile(name)));
  } catch (cause) {
    throw new Error(`Cannot read kernel ${name}: it is not built. Run \`deno task build\`.`, { cause });
  }
}
