import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { tally } from "../../actors/tally/tally.ts";
import { serveHttp } from "../../runtime/adapters/http_server.ts";
import { httpApp } from "../../runtime/ingress/http.ts";
import { memoryWorld, running, tallyEvent } from "../../tests/support/world.ts";

describe("the example that follows outputs", () => {
  it("holds each output once, though it is killed and started again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-follow-"));
    const file = join(folder, "outputs.db");
    const world = memoryWorld();
    const until = async (met: () => boolean) => {
      for (let waits = 0; !met(); waits++) {
        if (waits > 12_000) throw new Error(`it has come to ${places(file).length} outputs, and no further`);
        await world.clock.sleep(10);
      }
    };
    const open = new AbortController();
    await running({ pipelines: [{ ...tally, partitions: 2 }] }, world, async (runtime) => {
      const app = httpApp(runtime, world);
      const options = { host: "127.0.0.1", port: 0, limits: { drainMs: 10 }, signal: open.signal };
      const server = await serveHttp((request) => app.fetch(request), options);
      const url = `http://127.0.0.1:${server.port}`;
      for (let sent = 0; sent < 900; sent += 300) {
        const [child, gone] = follow(url, file);
        for (let i = 0; i < 300; i++) await runtime.submit("tally", tallyEvent(`k${i % 7}`, 1));
        await until(() => places(file).length >= sent + 250);
        child.kill("SIGKILL");
        await gone;
      }
      const [child, gone] = follow(url, file);
      await until(() => places(file).length >= 900);
      child.kill("SIGKILL");
      await gone;
      open.abort();
      await server.closed;
      const wanted: string[] = [];
      const stop = new AbortController();
      for await (const { position, output } of runtime.outputs("tally", "start", stop.signal)) {
        wanted.push(`${position.partition}.${position.frame}.${output}`);
        if (wanted.length === 900) stop.abort();
      }
      assert.deepEqual(places(file), wanted.sort());
    });
    await rm(folder, { recursive: true });
  });
});

function follow(url: string, file: string) {
  const program = fileURLToPath(new URL("./follow.ts", import.meta.url));
  const deno = "Deno" in globalThis ? ["run", "--allow-all", "--quiet"] : [];
  const child = spawn(process.execPath, [...deno, program, url, "tally", file], { stdio: "inherit" });
  return [child, new Promise((resolve) => child.once("exit", resolve))] as const;
}

/** None before the program has made its tables. */
function places(file: string): string[] {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    return database.prepare("SELECT place FROM outputs").all().map(({ place }) => String(place)).sort();
  } catch {
    return [];
  } finally {
    database?.close();
  }
}
