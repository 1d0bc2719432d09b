/** The thread in which asc compiles (see build.ts): a compiler that does not come to an end is ended with it. */
import { parentPort } from "node:worker_threads";

export interface CompileRequest {
  readonly args: readonly string[];
  /** Texts by path. */
  readonly sources: ReadonlyMap<string, string>;
}

export type CompileReply = { readonly bytes: Uint8Array } | { readonly report: string };

parentPort!.on("message", async ({ args, sources }: CompileRequest) => {
  parentPort!.postMessage(await compile(args, sources));
});

async function compile(args: readonly string[], sources: CompileRequest["sources"]): Promise<CompileReply> {
  // Loaded here: what is asked while it loads would find nobody.
  const { default: asc } = await import("assemblyscript/asc");
  let bytes: Uint8Array | undefined;
  let report = "";
  const result = await asc.main([...args], {
    readFile: (file) => sources.get(file.replaceAll("\\", "/")) ?? null,
    writeFile: (file, contents) => {
      if (file === "out.wasm") bytes = contents as Uint8Array;
    },
    listFiles: () => [],
    stdout: { write: (text) => void (report += text) },
    stderr: { write: (text) => void (report += text) },
  });
  return result.error || !bytes ? { report: report || String(result.error) } : { bytes };
}
