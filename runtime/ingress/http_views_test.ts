import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { tally } from "../../actors/tally/tally.ts";
import { memoryWorld, running, tallyEvent } from "../../tests/support/world.ts";
import { httpApp } from "./http.ts";

const outputs = [{ name: "totals", message: tally.output!, changelog: false }];

describe("an output that is followed over HTTP", () => {
  it("says that it lives while nothing comes, so that nobody cuts it off, and goes on", async () => {
    const world = memoryWorld(), { clock } = world;
    // Ten seconds need not be waited for.
    const hasty = { ...clock, sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms / 1_000, signal) };
    await running({ pipelines: [{ ...tally, outputs }] }, world, async (runtime) => {
      const app = httpApp(runtime, { ...world, clock: hasty });
      const response = await app.request("/v1/tally/outputs/totals?from=now");
      const reader = response.body!.getReader();
      const read = async () => new TextDecoder().decode((await reader.read()).value);
      for (let i = 0; i < 3; i++) assert.equal(await read(), ":\n\n");
      await runtime.submit("tally", tallyEvent("a", 7));
      let told = await read();
      while (told === ":\n\n") told = await read();
      assert.match(told, /^id: 0\.\d+\.0\ndata: \{"key":"a","count":1,"sum":7\}\n\n$/);
      await reader.cancel();
    });
  });
});
