/** Verification and as-of state: what is proven, what is told to be unproven, and that nothing wrong goes unseen. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { tally } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { asOf, oldestCheckpoint, stateHash } from "../../runtime/checkpoint/as_of.ts";
import { decodeFrame, kernelParams, loadKernel, type Pipeline, verifyChain } from "../../runtime/mod.ts";
import { encodeFrame } from "../../runtime/partition/frame.ts";
import { type Kept, kept, keyBytes, memoryWorld, running, tallyEvent, tallyState } from "../support/world.ts";

const other: Pipeline = { ...tally, dedupe: { windowMs: 1_000, idsMax: 10 } };

describe("verification", () => {
  it("proves a whole chain, and tells how far it is", async () => {
    const place = await written(tally, 300);
    const seen: number[] = [];
    const verified = await verify(place, tally, { onProgress: (frame) => seen.push(frame) });
    assert.deepEqual(verified.findings, []);
    assert.deepEqual(verified.unproven, []);
    assert.equal(verified.events, 300);
    assert.deepEqual(seen, Array.from({ length: verified.to }, (_, i) => i + 1));
  });

  it("goes on past frames of another kernel: their chain is proven, their effects are told to be unproven", async () => {
    const place = await written(other, 100);
    const at = place.store.chain("tally-0").messages.length;
    await written(tally, 50, place);
    const verified = await verify(place, tally);
    assert.deepEqual(verified.findings, []);
    const [first, ...rest] = verified.unproven;
    assert.deepEqual(rest, []);
    assert.deepEqual([first.why, first.from, first.to, first.events], ["other-kernel", 2, at, 100]);
    assert.equal(verified.events, 150);
  });

  it("proves what follows a checkpoint where the front was purged, and says what lies before it", async () => {
    const place = await written(tally, 300, kept(), 50);
    const chain = place.store.chain("tally-0");
    chain.messages.splice(0, 60);
    chain.first = 61;
    const unaided = await verify(place, tally);
    assert.equal(unaided.unproven.length, 1);
    const world = memoryWorld(place);
    const base = await oldestCheckpoint(world, await world.ledger.open("tally-0"), await kernelOf(tally));
    const verified = await verify(place, tally, { base });
    assert.deepEqual(verified.findings, []);
    assert.deepEqual(verified.unproven.map(({ why, to }) => [why, to]), [[
      "before-checkpoint",
      base!.manifest.frame,
    ]]);
  });

  it("names every damaged frame and every gap, and does not end with the first", async () => {
    const place = await written(tally, 100);
    const { messages } = place.store.chain("tally-0");
    messages[20][messages[20].length - 40] ^= 4;
    messages[60][10] ^= 1;
    const { findings, unproven, to } = await verify(place, tally);
    assert.deepEqual(findings.map(({ kind, frame }) => [kind, frame]), [["broken", 21], ["broken", 61]]);
    assert.match(
      findings[0].detail,
      /frame 21 of tally-0: its bytes are damaged: recorded hash \w+, computed/,
    );
    assert.deepEqual(unproven.map(({ why, from, to }) => [why, from, to]), [["after-finding", 22, to]]);
  });

  it("finds an effect that was forged under a right hash", async () => {
    const place = await written(tally, 10);
    const { messages } = place.store.chain("tally-0");
    const last = decodeFrame(messages.at(-1)!, "last");
    const effects = last.effects.slice();
    effects[effects.length - 1] ^= 1;
    messages[messages.length - 1] = encodeFrame(last, last.events, effects).message;
    const { findings } = await verify(place, tally);
    assert.equal(findings.length, 1);
    assert.equal(findings[0].kind, "different");
    assert.match(findings[0].detail, /answers differently now.*recorded \w+, replayed \w+/);
  });
});

describe("the state as it was", () => {
  it("is that of each frame and of each moment, with checkpoints and without", async () => {
    const place = await written(tally, 200, kept(), 30);
    const frames = place.store.chain("tally-0").messages.map((message, i) =>
      decodeFrame(message, `frame ${i + 1}`)
    );
    for (const blobs of [place.blobs, new Map<string, Uint8Array>()]) {
      for (const { number, clock } of [frames[1], frames[57], frames[120], frames.at(-1)!]) {
        const count = BigInt(frames.filter((each) => each.number <= number && each.events.length > 0).length);
        for (
          const at of [{ frame: number }, { time: frames.findLast((each) => each.clock === clock)!.clock }]
        ) {
          const world = memoryWorld({ ...place, blobs });
          const state = await asOf(world, await world.ledger.open("tally-0"), await kernelOf(tally), at);
          if ("frame" in at) {
            assert.equal(state.frame, number);
            assert.equal(tallyState(state.kernel.query(keyBytes("a")))?.count, count);
          } else assert.equal(state.clock, clock);
        }
      }
    }
  });

  it("has the same hash however it was reached, and another one an event later", async () => {
    const place = await written(tally, 200, kept(), 30);
    const hashes = [];
    for (const [blobs, frame] of [[place.blobs, 150], [new Map(), 150], [place.blobs, 151]] as const) {
      const world = memoryWorld({ store: place.store, blobs: new Map(blobs) });
      const state = await asOf(world, await world.ledger.open("tally-0"), await kernelOf(tally), { frame });
      hashes.push(stateHash(state.kernel));
    }
    assert.equal(hashes[0], hashes[1]);
    assert.notEqual(hashes[0], hashes[2]);
  });

  it("is near a checkpoint however old, when a history of them is kept", async () => {
    const place = kept();
    const options = { checkpointEvents: 10, checkpointsKept: 2, checkpointHistory: 5 };
    await running({ pipelines: [tally] }, memoryWorld(place), async (runtime) => {
      for (let i = 0; i < 900; i++) await runtime.submit("tally", tallyEvent("a", 1));
    }, options);
    const frames = [...place.blobs.keys()].filter((name) => name.endsWith(".json")).sort()
      .map((name) => Number(/(\d+)\.json/.exec(name)![1]));
    assert.equal(frames.length, 7);
    const ages = frames.slice(0, 5).map((frame) => 901 - frame);
    assert.ok(ages[0] > 200 && ages[4] < 60, `ages ${ages}`);
    const world = memoryWorld(place);
    const then = await asOf(world, await world.ledger.open("tally-0"), await kernelOf(tally), {
      frame: frames[1] + 3,
    });
    assert.equal(then.replayedEvents, 3);
  });

  it("that can no longer be rebuilt is an error which names the checkpoints there are", async () => {
    const place = await written(tally, 300, kept(), 50);
    const chain = place.store.chain("tally-0");
    chain.messages.splice(0, 60);
    chain.first = 61;
    const world = memoryWorld(place);
    const open = await world.ledger.open("tally-0");
    await assert.rejects(
      asOf(world, open, await kernelOf(tally), { frame: 20 }),
      /frames before 61 are no longer retained.*The checkpoints are at frames \d+/,
    );
  });
});

/** A chain of so many events, a frame each, checkpoints every so many. */
async function written(
  pipeline: Pipeline,
  events: number,
  place = kept(),
  checkpointEvents = 1_000_000,
): Promise<Kept> {
  await running({ pipelines: [pipeline] }, memoryWorld(place), async (runtime) => {
    for (let i = 0; i < events; i++) await runtime.submit("tally", tallyEvent("a", 1));
  }, { checkpointEvents, checkpointsKept: 4 });
  return place;
}

async function verify(place: Kept, pipeline: Pipeline, options: Parameters<typeof verifyChain>[2] = {}) {
  return await verifyChain(
    await memoryWorld(place).ledger.open("tally-0"),
    await kernelOf(pipeline),
    options,
  );
}

async function kernelOf(pipeline: Pipeline) {
  return await loadKernel(pipeline.kernel, await readKernel(pipeline.kernel), kernelParams(pipeline));
}
