import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { tally } from "../../actors/tally/tally.ts";
import { memoryWorld, running, tallyEvent } from "../../tests/support/world.ts";
import type { Sink } from "../mod.ts";
import { httpApp } from "./http.ts";

/** Takes what it gets into memory, and has two dead letters: one that is taken again, and one that is not. */
function sinkWithLetters(taken: string[]): Sink {
  const letters = new Map([["a-0-1-0", "taken"], ["a-0-2-0", "refused"]] as const);
  return {
    name: "a test's memory",
    bounds: { outputsMax: 10, bytesMax: 1000, lingerMs: 0 },
    keepsEmpty: false,
    position: () => Promise.resolve(undefined),
    commit: ({ outputs }) => {
      for (const { key } of outputs) taken.push(new TextDecoder().decode(key));
      return Promise.resolve();
    },
    deadLetters: {
      get count() {
        return letters.size;
      },
      list: (limit) =>
        Promise.resolve(
          [...letters.keys()].slice(0, limit).map((id) => ({ id, reason: "because", tries: 3 })),
        ),
      redrive(id) {
        const answer = letters.get(id as "a-0-1-0");
        if (answer === "taken") letters.delete(id as "a-0-1-0");
        return Promise.resolve(answer ?? "unknown");
      },
    },
    close: () => Promise.resolve(),
  };
}

describe("sinks over HTTP", () => {
  it("tell how far they have come, and give dead letters to be sent again", async () => {
    const world = memoryWorld();
    const taken: string[] = [];
    const spec = { name: "hook", pipeline: "tally", open: () => Promise.resolve(sinkWithLetters(taken)) };
    await running({ pipelines: [tally] }, world, async (runtime) => {
      for (let i = 0; i < 25; i++) await runtime.submit("tally", tallyEvent(`k${i}`, 1));
      while (taken.length < 25) await world.clock.sleep(2);
      await world.clock.sleep(5);
      const app = httpApp(runtime, world);
      const json = async (path: string, method = "GET") => {
        const response = await app.request(path, { method });
        return { status: response.status, body: await response.json() };
      };
      const { body } = await json("/v1/status");
      assert.equal(body.state, "serving");
      assert.equal(body.partitions.length, 1);
      const [{ name, state, to, deadLetters, partitions: [at] }] = body.sinks;
      assert.deepEqual([name, state, to, deadLetters], ["hook", "running", "a test's memory", 2]);
      assert.deepEqual([at.partition, at.lagFrames, at.outputs], [0, 0, 25]);
      assert.ok(at.position.frame > 1);

      const text = await (await app.request("/metrics")).text();
      assert.match(text, /millrace_sink_outputs_total\{sink="hook",pipeline="tally",partition="0"\} 25/);
      assert.match(text, /millrace_sink_lag_frames\{sink="hook",pipeline="tally",partition="0"\} 0/);
      assert.match(text, /millrace_sink_dead_letters\{sink="hook",pipeline="tally"\} 2/);

      const letters = await json("/v1/sinks/hook/dead-letters?limit=1");
      assert.deepEqual(letters.body.deadLetters, [{ id: "a-0-1-0", reason: "because", tries: 3 }]);
      assert.deepEqual(await json("/v1/sinks/hook/dead-letters/a-0-1-0/redrive", "POST"), {
        status: 200,
        body: { redriven: "a-0-1-0" },
      });
      assert.equal((await json("/v1/sinks/hook/dead-letters/a-0-1-0/redrive", "POST")).status, 404);
      assert.equal((await json("/v1/sinks/hook/dead-letters/a-0-2-0/redrive", "POST")).status, 502);
      assert.equal((await json("/v1/sinks/nobody/dead-letters")).status, 404);
      assert.equal((await json("/v1/sinks/hook/dead-letters?limit=0")).status, 400);
    }, { sinks: [spec] });
  });

  it("refuses to start a sink of a pipeline that is not there, or two of one name", async () => {
    const world = memoryWorld();
    const open = () => Promise.resolve(sinkWithLetters([]));
    const sinks = (...names: [name: string, pipeline: string][]) => ({
      sinks: names.map(([name, pipeline]) => ({ name, pipeline, open })),
    });
    const start = (options: object) =>
      running({ pipelines: [tally] }, world, () => Promise.resolve(), options);
    await assert.rejects(start(sinks(["a", "taly"])), /Cannot start the sink a: there is no pipeline "taly"/);
    await assert.rejects(start(sinks(["a", "tally"], ["a", "tally"])), /another sink has that name/);
  });

  it("goes on with everything else while a sink cannot be opened, and says so", async () => {
    const world = memoryWorld();
    const open = () => Promise.reject(new Error("nobody there"));
    await running({ pipelines: [tally] }, world, async (runtime) => {
      for (let i = 0; i < 40; i++) {
        assert.equal((await runtime.submit("tally", tallyEvent(`k${i}`, 1))).kind, "decided");
        await world.clock.sleep(1);
      }
      const [{ state, restarts, lastError, partitions: [{ lagFrames }] }] = runtime.status().sinks!;
      assert.equal(state, "waiting");
      assert.equal(lastError, "nobody there");
      assert.ok(restarts > 0 && lagFrames > 0);
      assert.equal(runtime.status().state, "serving");
    }, { sinks: [{ name: "away", pipeline: "tally", open }], backoff: { firstMs: 1, lastMs: 2 } });
  });
});
