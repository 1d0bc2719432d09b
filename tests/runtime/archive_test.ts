/** Archives: a partition as one run of bytes, taken elsewhere; and nothing damaged or cut off taken for whole. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "@std/testing/bdd";
import { tally } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { sqliteLedger } from "../../runtime/adapters/sqlite/ledger.ts";
import { exportChain, importChain, readArchive } from "../../runtime/checkpoint/archive.ts";
import { asOf } from "../../runtime/checkpoint/as_of.ts";
import { kernelParams, loadKernel, type Pipeline, verifyChain, type World } from "../../runtime/mod.ts";
import {
  type Kept,
  kept,
  keyBytes,
  memoryWorld,
  running,
  tallyEvent,
  tallyState,
  totals,
} from "../support/world.ts";

describe("an archive", () => {
  it("takes a partition into another ledger: the same frames, which prove, and a runtime goes on from them", async () => {
    const place = await written(150);
    const bytes = await archived(place);
    const there = kept();
    const imported = await importChain(memoryWorld(there), readArchive(stream(bytes)));
    assert.equal(imported.chain, "tally-0");
    assert.equal(imported.checkpoints.length, 1);
    assert.deepEqual(there.store.chain("tally-0"), place.store.chain("tally-0"));
    await running({ pipelines: [tally] }, memoryWorld(there), async (runtime) => {
      assert.equal(runtime.status().partitions[0].checkpointFrame, imported.checkpoints[0]);
      assert.deepEqual(totals(await runtime.submit("tally", tallyEvent("a", 1))), { count: 151n, sum: 151n });
    });
  });

  it("brings the kernel that decided its frames", async () => {
    const { kernel, header } = await importChain(
      memoryWorld(),
      readArchive(stream(await archived(await written(5)))),
    );
    const module = await loadKernel(header.kernelName, kernel!.wasm, kernel!.params);
    assert.equal(module.hashHex, header.kernel);
  });

  it("of the end of a chain holds the state before it, and may have another name there", async () => {
    const place = await written(150);
    const bytes = await archived(place, 100);
    const there = memoryWorld();
    const { header } = await importChain(there, readArchive(stream(bytes)), { as: "tally-7" });
    assert.ok(header.first > 80 && header.first <= 100, `it begins at ${header.first}`);
    const chain = await there.ledger.open("tally-7");
    const module = await kernelOf(tally);
    const state = await asOf(there, chain, module, { frame: header.first - 1 });
    assert.equal(tallyState(state.kernel.query(keyBytes("a")))?.count, BigInt(header.first - 2));
    const newest = await asOf(there, chain, module, { frame: header.last });
    assert.equal(tallyState(newest.kernel.query(keyBytes("a")))?.count, 150n);
  });

  it("goes into SQLite, and on where it was when its import was cut off", async () => {
    const bytes = await archived(await written(150));
    const folder = await mkdtemp(join(tmpdir(), "millrace-archive-"));
    const world = memoryWorld();
    const ledger = await sqliteLedger({ folder, clock: world.clock });
    try {
      const cut = stream(bytes.subarray(0, Math.floor(bytes.length * 0.9)));
      await assert.rejects(
        importChain({ ...world, ledger }, readArchive(cut)),
        /damaged or cut off at byte \d+/,
      );
      const { header } = await importChain({ ...world, ledger }, readArchive(stream(bytes)));
      const verified = await verifyChain(await ledger.open("tally-0"), await kernelOf(tally));
      assert.deepEqual([verified.to, verified.events, verified.findings], [header.last, 150, []]);
    } finally {
      await ledger.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("is refused where the ledger holds something else under that name", async () => {
    const bytes = await archived(await written(20));
    const there = await written(3);
    await assert.rejects(
      importChain(memoryWorld(there), readArchive(stream(bytes))),
      /holds another frame 1.*--as/,
    );
    const longer = await written(60);
    await assert.rejects(
      importChain(memoryWorld(longer), readArchive(stream(bytes))),
      /holds it already.*--as/,
    );
  });

  it("is refused when any byte of it is damaged, and when its end is missing", async () => {
    const bytes = await archived(await written(20));
    const step = Math.max(1, Math.floor(bytes.length / 300));
    for (let at = 0; at < bytes.length; at += step) {
      const damaged = bytes.slice();
      damaged[at] ^= 1 << (at % 8);
      await assert.rejects(importChain(memoryWorld(), readArchive(stream(damaged))), `byte ${at}`);
      await assert.rejects(
        importChain(memoryWorld(), readArchive(stream(bytes.subarray(0, at)))),
        `cut at ${at}`,
      );
    }
  });
});

async function written(events: number): Promise<Kept> {
  const place = kept();
  await running({ pipelines: [tally] }, memoryWorld(place), async (runtime) => {
    for (let i = 0; i < events; i++) await runtime.submit("tally", tallyEvent("a", 1));
  }, { checkpointEvents: 20, checkpointsKept: 10 });
  return place;
}

async function archived(place: Kept, from?: number): Promise<Uint8Array> {
  const world = rereading(memoryWorld(place));
  const wasm = await readKernel(tally.kernel), params = kernelParams(tally);
  const { hashHex: kernel } = await kernelOf(tally);
  const header = { pipeline: "tally", kernel, kernelName: "tally", exported: "now", ledger: "memory" };
  const chain = await world.ledger.open("tally-0");
  const parts: Uint8Array[] = [];
  const options = { header, kernel: { wasm, params }, ...(from ? { from } : {}) };
  for await (const part of exportChain(world, chain, options)) parts.push(part); // as writers who are behind do
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function* stream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield await Promise.resolve(bytes.subarray(at, at + 1000));
}

async function kernelOf(pipeline: Pipeline) {
  return await loadKernel(pipeline.kernel, await readKernel(pipeline.kernel), kernelParams(pipeline));
}

/** Its checkpoints are read through one small buffer, as a store of files does it. */
function rereading(world: World): World {
  const buffer = new Uint8Array(5_000);
  const get = async (name: string) => {
    const blob = await world.checkpoints.get(name);
    return blob && (async function* () {
      for await (const part of blob) {
        for (let at = 0; at < part.length; at += buffer.length) {
          const piece = part.subarray(at, at + buffer.length);
          buffer.set(piece);
          yield buffer.subarray(0, piece.length);
        }
      }
    })();
  };
  return { ...world, checkpoints: { ...world.checkpoints, get } };
}
