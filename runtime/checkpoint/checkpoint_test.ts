/** Checkpoints of an older version, and who may drop what, where two owners save those of one chain. */
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { readKernel } from "../../deploy/kernels.ts";
import { kept, memoryWorld } from "../../tests/support/world.ts";
import { hex, sha256 } from "../hash.ts";
import { type Kernel, type KernelModule, loadKernel } from "../kernel/host.ts";
import type { World } from "../world/mod.ts";
import { stateHash } from "./as_of.ts";
import { type Manifest, newestManifests, restoreCheckpoint, saveCheckpoint } from "./checkpoint.ts";

describe("checkpoints", () => {
  it("saved by version 1, under a SHA-256, are restored, and refused where they are damaged", async () => {
    const store = kept(), world = memoryWorld(store);
    const module = await loadKernel("tally", await readKernel("tally"), new Uint8Array(0));
    const kernel = module.instantiate();
    const { digest: _, ...part } = (await saved(world, module, kernel, 7)).parts[0];
    const pages = store.blobs.get(part.name)!;
    const rewritten = async (change: Partial<Manifest>) => {
      for await (const manifest of newestManifests(world, "tally-0")) {
        const body = JSON.stringify({ ...manifest, ...change });
        const text = `${hex(sha256(new TextEncoder().encode(body)))}\n${body}`;
        await world.checkpoints.put("tally-0/0000000000000007.json", [new TextEncoder().encode(text)]);
        break;
      }
      for await (const manifest of newestManifests(world, "tally-0")) return manifest;
    };
    const old = await rewritten({ version: 1, parts: [{ ...part, sha256: hex(sha256(pages)) }] });
    const restored = await restoreCheckpoint(world, module, old!);
    assert.equal(stateHash(restored), stateHash(kernel));
    pages[pages.length >> 1] ^= 1;
    await assert.rejects(restoreCheckpoint(world, module, old!), /recorded digest \w+, found \w+/);
    assert.equal(await rewritten({ version: 3 as 2 }), undefined);
  });

  it("of an owner that was replaced take nothing along that its successor's rest on", async () => {
    const world = memoryWorld(kept());
    const module = await loadKernel("tally", await readKernel("tally"), new Uint8Array(0));
    const kernel = module.instantiate();
    const save = (frame: number, epoch: number, previous: Manifest | undefined) =>
      saved(world, module, kernel, frame, epoch, previous);
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

function saved(
  world: World,
  module: KernelModule,
  kernel: Kernel,
  frame: number,
  epoch = 1,
  previous?: Manifest,
): Promise<Manifest> {
  const moment = {
    chain: "tally-0",
    frame,
    frameHash: "",
    epoch,
    clock: 0,
    kernel: module.hashHex,
    nextTimer: null,
  };
  return saveCheckpoint({
    world,
    kernel,
    moment,
    host: () => ({ deadLetters: [], fed: {}, voids: [] }),
    previous,
    durable: Promise.resolve(),
    keep: 1,
    history: 0,
    onStall: () => {},
  });
}
