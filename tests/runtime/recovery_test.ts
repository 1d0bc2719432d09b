/** A recovery that takes its time says how far it is, whatever it waits for. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { tally } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { type PartitionStatus, type Runtime, start, type World } from "../../runtime/mod.ts";
import { withChains } from "../support/chains.ts";
import { kept, memoryWorld, running, tallyEvent } from "../support/world.ts";

const FASTER = 400;

describe("a recovery", () => {
  it("does not take an epoch for its own that another process began at the same clock reading", async () => {
    const store = kept();
    const topology = { pipelines: [tally] }, options = { kernels: readKernel };
    const standing = (): World => {
      const world = memoryWorld(store);
      return { ...world, clock: { ...world.clock, now: () => 1_780_000_000_000_000 } };
    };
    const stop = new AbortController();
    let first: Runtime | undefined;
    const world = withChains(standing(), (chain) => ({
      async append(after, message) {
        if (first) return await chain.append(after, message);
        // Another process is quicker, and the ledger's answer is lost.
        first = await start(topology, standing(), stop.signal, options);
        await first.ready;
        return { kind: "unknown", cause: new Error("no answer") };
      },
    }));
    const second = await start(topology, world, stop.signal, options);
    await second.ready;
    assert.equal(first!.status().partitions[0].epoch, 1);
    assert.equal(second.status().partitions[0].epoch, 2);
    await first!.stop();
    await second.stop();
  });

  it("tells its step, rate and time left in the status, and in the log while it goes on", async () => {
    const place = kept();
    await running({ pipelines: [tally] }, memoryWorld(place), async (runtime) => {
      for (let i = 0; i < 400; i++) await runtime.submit("tally", tallyEvent("a", 1));
    });
    const world = slow(memoryWorld(place));
    const seen: NonNullable<PartitionStatus["recovery"]>[] = [];
    const runtime = await start({ pipelines: [tally] }, world, new AbortController().signal, {
      kernels: readKernel,
      checkpointEvents: 1_000_000,
    });
    const watch = setInterval(() => {
      const { recovery } = runtime.status().partitions[0];
      if (recovery) seen.push(recovery);
    }, 2);
    await runtime.ready;
    clearInterval(watch);
    const steps = [...new Set(seen.map(({ step }) => step))];
    assert.deepEqual([steps[0], steps.at(-1)], ["opening", "replaying"]);
    assert.ok(seen.some(({ eventsPerSecond, secondsLeft }) => eventsPerSecond! > 0 && secondsLeft! > 0));
    assert.ok(world.lines.filter((line) => line === "tally-0 recovers").length >= 2, world.lines.join("; "));
    const { recovery } = runtime.status().partitions[0];
    assert.deepEqual([recovery?.frame, recovery?.events], [recovery?.toFrame, 400]);
    await runtime.stop();
  });
});

/** A ledger that takes a while to open and to read; a clock whose timers come sooner, that the log need not wait. */
function slow(world: World & { lines: string[] }): World & { lines: string[] } {
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  // Checkpoints would take the frames to be replayed away.
  const checkpoints = { ...world.checkpoints, list: () => Promise.resolve([]) };
  const reading = withChains(world, (chain) => ({
    async *read(from, to) {
      let frames = 0;
      for await (const stored of chain.read(from, to)) {
        if (++frames % 10 === 0) await wait(20);
        yield stored;
      }
    },
  }));
  return {
    ...reading,
    checkpoints,
    clock: { ...world.clock, after: (ms, run) => world.clock.after(ms / FASTER, run) },
    ledger: {
      ...reading.ledger,
      async open(name) {
        await wait(200);
        return await reading.ledger.open(name);
      },
    },
  };
}
