/** Who may drop what, where two owners save checkpoints of one chain. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { readKernel } from "../../deploy/kernels.ts";
import { kept, memoryWorld } from "../../tests/support/world.ts";
import { loadKernel } from "../kernel/host.ts";
import { type Manifest, newestManifests, restoreCheckpoint, saveCheckpoint } from "./checkpoint.ts";

describe("checkpoints", () => {
  it("of an owner that was replaced take nothing along that its successor's rest on", async () => {
    const world = memoryWorld(kept());
    const module = await loadKernel("tally", await readKernel("tally"), new Uint8Array(0));
    const kernel = module.instantiate();
    const save = (frame: number, epoch: number, previous: Manifest | undefined) =>
      saveCheckpoint({
        world,
        kernel,
        moment: {
          chain: "tally-0",
          frame,
          frameHash: "",
          epoch,
          clock: 0,
          kernel: module.hashHex,
          nextTimer: null,
        },
        host: () => ({ deadLetters: [], fed: {}, voids: [] }),
        previous,
        durable: Promise.resolve(),
        keep: 1,
        history: 0,
        onStall: () => {},
      });
    const first = await save(55, 1, undefined);
    const replaced = await save(85, 1, first); // and drops the first
    const second = await save(87, 2, first);
    await save(86, 1, replaced);
    const third = await save(99, 2, second);
    assert.equal(third.parts.length, 2, "within an epoch: what changed");
    for await (const manifest of newestManifests(world, "tally-0")) {
      assert.equal(manifest.frame, 99);
      await restoreCheckpoint(world, module, manifest);
      return;
    }
    assert.fail("there is no checkpoint");
  });
});
