/** Under which conditions a figure was measured: they stand beside it. */
import { cpus } from "node:os";
import process from "node:process";

export function conditions(): Record<string, string | number> {
  const [first] = cpus();
  const deno = (globalThis as { Deno?: { version: { deno: string } } }).Deno;
  return {
    runtime: deno ? `deno ${deno.version.deno}` : `bun ${process.versions.bun}`,
    cpu: first?.model ?? "unknown",
    cores: cpus().length,
    date: new Date().toISOString(),
  };
}
