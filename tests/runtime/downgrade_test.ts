/** A kernel that traps on what another one decided: told by name, once, and the way back is open. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { tallyThatTraps } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { kernelParams, loadKernel, type Pipeline, start, verifyChain } from "../../runtime/mod.ts";
import { kept, keyBytes, memoryWorld, running, tallyEvent, tallyState } from "../support/world.ts";

const newer = tallyThatTraps("");
const older = tallyThatTraps("venom");

describe("a kernel older than what is recorded", () => {
  it("stops its partition with the event, both kernels and the choices, and is not started again", async () => {
    const place = await recorded();
    const world = memoryWorld(place);
    const runtime = await start({ pipelines: [older] }, world, new AbortController().signal, {
      kernels: readKernel,
      backoff: { firstMs: 1, lastMs: 2 },
    });
    while (runtime.status().partitions[0].state !== "failed") await world.clock.sleep(1);
    const { restarts, lastError = "" } = runtime.status().partitions[0];
    assert.equal(restarts, 0);
    assert.match(lastError, /^Cannot replay frame 2 of tally-0 with this kernel/);
    assert.match(lastError, /traps on event 1 \(id "e-venom", \d+ bytes\)/);
    for (const kernel of [older, newer]) assert.ok(lastError.includes(await hashOf(kernel)), lastError);
    assert.match(
      lastError,
      /Start the version with that kernel again; .*`millrace step tally-0 --from 2` shows it/,
    );
    const outcome = await runtime.submit("tally", tallyEvent("k", 1));
    assert.equal(outcome.kind, "refused");
    await runtime.stop();
  });

  it("leaves the ledger as it was for the version that wrote it", async () => {
    const place = await recorded();
    const world = memoryWorld(place);
    const runtime = await start({ pipelines: [older] }, world, new AbortController().signal, {
      kernels: readKernel,
    });
    while (runtime.status().partitions[0].state !== "failed") await world.clock.sleep(1);
    await runtime.stop();
    await running({ pipelines: [newer] }, memoryWorld(place), async (again) => {
      assert.deepEqual(tallyState(await again.query("tally", keyBytes("k"))), { count: 3n, sum: 3n });
    });
  });

  it("is told by verify, which goes on behind the event", async () => {
    const world = memoryWorld(await recorded());
    const module = await loadKernel("tally", await readKernel("tally"), kernelParams(older));
    const { findings } = await verifyChain(await world.ledger.open("tally-0"), module);
    assert.equal(findings.length, 1);
    assert.match(findings[0].detail, /Cannot replay frame 2 of tally-0 with this kernel/);
  });
});

/** Three events in one frame, the second of which the older kernel traps on. */
async function recorded() {
  const place = kept();
  await running({ pipelines: [newer] }, memoryWorld(place), async (runtime) => {
    const events = ["", "venom", ""].map((note) =>
      runtime.submit("tally", tallyEvent("k", 1, note), note ? { id: `e-${note}` } : {})
    );
    for (const { kind } of await Promise.all(events)) assert.equal(kind, "decided");
  });
  place.blobs.clear(); // the checkpoint would be another kernel's all the same
  return place;
}

async function hashOf(pipeline: Pipeline): Promise<string> {
  const { hashHex } = await loadKernel("tally", await readKernel("tally"), kernelParams(pipeline));
  return hashHex.slice(0, 12);
}
