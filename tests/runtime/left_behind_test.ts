/** What is over leaves nothing behind: no chain held open, no reader that a purge waits for, no life kept in memory. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { tally, tallyThatTraps } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { ProfileSchema } from "../../actors/profiles/gen/profile_pb.ts";
import { declared } from "../../deploy/declared.ts";
import { type Chain, lookupAt, type Runtime, start, type World } from "../../runtime/mod.ts";
import { runFile } from "../../runtime/ingress/files.ts";
import { httpApp } from "../../runtime/ingress/http.ts";
import { withChains } from "../support/chains.ts";
import { cities } from "../support/lookups.ts";
import { kept, keyBytes, memoryWorld, running, tallyEvent } from "../support/world.ts";

const topology = {
  pipelines: [{
    ...tally,
    partitions: 2,
    outputs: [{ name: "totals", message: tally.output!, changelog: false }],
  }],
};

/** Counts the chains that are open. */
function counted(world: World): { world: World; open: () => number } {
  const open = new Set<Chain>();
  const counting = withChains(world, (chain) => {
    open.add(chain);
    return {
      close: () => {
        open.delete(chain);
        return chain.close();
      },
    };
  });
  return { world: counting, open: () => open.size };
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let waits = 0; !holds(); waits++) {
    assert.ok(waits < 2_000, what);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function submit(runtime: Runtime, events: number): Promise<void> {
  await Promise.all(
    Array.from({ length: events }, (_, i) => runtime.submit("tally", tallyEvent(`k${i % 9}`, 1))),
  );
}

async function submitEach(runtime: Runtime, events: number): Promise<void> {
  for (let i = 0; i < events; i++) await runtime.submit("tally", tallyEvent(`k${i % 9}`, 1));
}

describe("what is over", () => {
  it("is let go: outputs that a program leaves in the middle", async () => {
    const { world, open } = counted(memoryWorld());
    await running(topology, world, async (runtime) => {
      // One partition has some, the other none: it is waited for.
      for (let i = 0; i < 20; i++) await runtime.submit("tally", tallyEvent("a", 1));
      const before = open();
      for await (const _ of runtime.outputs("tally", "start", new AbortController().signal)) break;
      await until(() => open() === before, "its chains stay open");
    });
  });

  it("is let go: outputs over HTTP whose reader leaves while more of them wait than it reads", async () => {
    const { world, open } = counted(memoryWorld());
    await running(topology, world, async (runtime) => {
      await submit(runtime, 2_000);
      const app = httpApp(runtime, world);
      const before = open();
      for (const path of ["/v1/tally/outputs/totals", "/v1/tally/outputs"]) {
        const response = await app.request(path);
        const reader = response.body!.getReader();
        await reader.read();
        await reader.cancel();
        await until(() => open() === before, `${path} stays open`);
        // Who asks for the headers alone reads nothing.
        const head = await app.request(path, { method: "HEAD" });
        assert.deepEqual([head.status, head.body], [200, null]);
        await until(() => open() === before, `HEAD ${path} stays open`);
      }
    });
  });

  it("is let go: the lives of a partition that bad events ended", async () => {
    const { addEventListener, removeEventListener } = AbortSignal.prototype;
    const listening = new Map<AbortSignal, number>();
    const note = (signal: AbortSignal, by: number) =>
      listening.set(signal, (listening.get(signal) ?? 0) + by);
    AbortSignal.prototype.addEventListener = function (this: AbortSignal, ...args: unknown[]) {
      note(this, 1);
      return addEventListener.apply(this, args as never);
    };
    AbortSignal.prototype.removeEventListener = function (this: AbortSignal, ...args: unknown[]) {
      note(this, -1);
      return removeEventListener.apply(this, args as never);
    };
    try {
      await running({ pipelines: [tallyThatTraps("poison")] }, memoryWorld(), async (runtime) => {
        for (let i = 0; i < 10; i++) {
          assert.equal((await runtime.submit("tally", tallyEvent("a", 1, "poison"))).kind, "rejected");
        }
        const most = Math.max(...listening.values());
        assert.ok(most < 10, `${most} listen to one signal`);
      });
    } finally {
      Object.assign(AbortSignal.prototype, { addEventListener, removeEventListener });
    }
  });

  it("is closed: lookups of a start that fails", async () => {
    let open = 0;
    const lookups = () => {
      open++;
      const close = () => Promise.resolve(void open--);
      return Promise.resolve({ name: "opened", load: () => Promise.resolve([]), close });
    };
    const place = lookupAt(ProfileSchema, "test:profiles", { key: (row) => row.user });
    const built = await declared(cities({ source: place }));
    const stop = new AbortController();
    const options = { kernels: () => Promise.resolve(built.wasm), lookups };
    const sink = { name: "a", pipeline: "nobody", open: () => Promise.reject(new Error("not opened")) };
    await assert.rejects(
      start({ pipelines: [built.pipeline] }, memoryWorld(), stop.signal, { ...options, sinks: [sink] }),
      /there is no pipeline "nobody"/,
    );
    assert.equal(open, 0);
  });

  it("is waited for with pauses: what a ledger that lost its end does not give", async () => {
    const place = kept();
    await running(topology, memoryWorld(place), (runtime) => submitEach(runtime, 400));
    let reads = 0, gives = true;
    const world = withChains(memoryWorld(place), (chain) => ({
      async *read(from, to) {
        reads++;
        if (gives) yield* chain.read(from, to);
      },
    }));
    await running(topology, world, async (runtime) => {
      gives = false;
      const before = reads, began = Date.now(), stop = new AbortController();
      const found = (async () => {
        for await (const _ of runtime.outputs("tally", "start", stop.signal)) return "an output";
      })();
      await until(() => reads > before + 4, "it is not asked again");
      assert.ok(reads - before < 20 + (Date.now() - began) / 2, `${reads - before} reads`);
      assert.ok(
        world.lines.some((line) => /gives no frame 1 of tally-\d/.test(line)),
        world.lines.join("; "),
      );
      gives = true;
      assert.equal(await found, "an output");
    });
  });

  it("is told: what is asked of a partition that is down for good", async () => {
    const place = kept();
    const older = await start({ pipelines: [tally] }, memoryWorld(place), new AbortController().signal, {
      kernels: readKernel,
    });
    await older.ready;
    await running({ pipelines: [tally] }, memoryWorld(place), async () => {
      assert.equal((await older.submit("tally", tallyEvent("a", 1))).kind, "unknown");
    });
    assert.equal(older.status().partitions[0].state, "failed");
    await assert.rejects(
      older.query("tally", keyBytes("a")),
      /Cannot query tally-0: .*another owner appended/,
    );
    await assert.rejects(older.applied("tally", "stream x"), /another owner appended/);
    const state = await httpApp(older, memoryWorld()).request("/v1/tally/state/a");
    assert.equal(state.status, 503);
    assert.match((await state.json()).detail, /Cannot query tally-0/);
    await assert.rejects(older.settled("tally"), /another owner appended/);
    const file = {
      pipeline: "tally",
      source: "f",
      format: "ndjson",
      input: new Blob(['{"key":"a"}\n']).stream(),
      write: () => {},
      clock: memoryWorld().clock,
      signal: new AbortController().signal,
    } as const;
    await assert.rejects(runFile(older, file), (error: Error) => {
      assert.match(error.message, /Cannot go on with f: pipeline "tally" failed/);
      return /another owner appended/.test((error.cause as Error).message);
    });
    await older.stop();
  });
});
