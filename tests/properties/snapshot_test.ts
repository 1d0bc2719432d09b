import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import type { EventFields } from "../../runtime/proto/gen/frame_wire.ts";
import { PAGE_BYTES } from "../../runtime/kernel/abi.ts";
import type { Kernel, KernelModule } from "../../runtime/kernel/host.ts";
import { CLOCK, command, loadForTest, type Random, region, seeded } from "./kernel_under_test.ts";

const RECORD = 4 + PAGE_BYTES;
const PARAMS = { dedupeWindow: 40_000_000n, dedupeMax: 60 };

/** What a host keeps of a kernel: the newest bytes of each page, through any number of snapshots. */
class Pages {
  readonly pages = new Map<number, Uint8Array>();
  memoryBytes = 0;

  add(records: Uint8Array): void {
    for (let at = 0; at < records.length; at += RECORD) {
      const page = new DataView(records.buffer, records.byteOffset + at).getUint32(0, true);
      this.pages.set(page, records.slice(at + 4, at + RECORD));
    }
  }

  take(kernel: Kernel, all = false): void {
    kernel.snapshotBegin(all);
    this.memoryBytes = kernel.memoryBytes;
    for (let next = kernel.snapshotNext(7); next.length; next = kernel.snapshotNext(7)) this.add(next);
  }

  restore(module: KernelModule): Kernel {
    const kernel = module.instantiate();
    kernel.restoreBegin(this.memoryBytes);
    for (const [page, bytes] of this.pages) {
      const record = new Uint8Array(RECORD);
      new DataView(record.buffer).setUint32(0, page, true);
      record.set(bytes, 4);
      kernel.restorePages(record);
    }
    kernel.restoreEnd();
    return kernel;
  }
}

/** A frame of commands that exercise every operator, with ids and sources. */
function frameOf(random: Random, clock: number): EventFields[] {
  return Array.from({ length: 1 + random.below(12) }, () => {
    const key = new TextEncoder().encode(`k${random.below(60)}`.padEnd(1 + random.below(30), "-"));
    const at = BigInt(clock % 1_000_000_000) - BigInt(random.below(900));
    const payload = random.pick([
      () => command(1, key, random.i64()),
      () => command(1, random.bytes(1 + random.below(60)), 1n),
      () => command(2, key),
      () => command(4, key, 20n),
      () => command(6, key, at, BigInt(random.below(50)), 900n),
      () => command(7, key, at, 3n, at),
      () => command(10, key, BigInt(random.below(50)), 1n, BigInt(random.below(2))),
    ])();
    return {
      payload,
      id: random.below(2) ? new TextEncoder().encode(`id ${random.below(90)}`) : undefined,
      ...(random.below(3)
        ? {}
        : { source: new TextEncoder().encode(`s${random.below(5)}`), sequence: 1 + random.below(300) }),
    };
  });
}

function apply(kernel: Kernel, frames: readonly Uint8Array[], from: number, to: number): Uint8Array[] {
  const effects: Uint8Array[] = [];
  for (let f = from; f < to; f++) {
    effects.push(kernel.apply(CLOCK + f * 1_500_000, f + 1, frames[f], 1 << 20).effects.slice());
  }
  return effects;
}

function frames(random: Random, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, f) => region(frameOf(random, CLOCK + f * 100)));
}

describe("snapshot", () => {
  it("restored at any frame is a kernel that never stopped", async () => {
    const random = seeded("snapshot at every frame");
    const module = await loadForTest("operators", PARAMS);
    const all = frames(random, 120);
    const expected = apply(module.instantiate(), all, 0, all.length);
    const kernel = module.instantiate(), pages = new Pages();
    for (let f = 0; f < all.length; f++) {
      apply(kernel, all, f, f + 1);
      pages.take(kernel);
      const rest = Math.min(all.length, f + 25);
      assert.deepEqual(
        apply(pages.restore(module), all, f + 1, rest),
        expected.slice(f + 1, rest),
        `frame ${f}`,
      );
    }
  });

  it("stays of its instant while events are applied between its parts", async () => {
    const random = seeded("snapshot under load");
    const module = await loadForTest("operators", PARAMS);
    const all = frames(random, 400);
    const expected = apply(module.instantiate(), all, 0, all.length);
    const kernel = module.instantiate(), pages = new Pages();
    let f = 0, shadowed = 0;
    while (f < 300) {
      f += apply(kernel, all, f, f + 1 + random.below(20)).length;
      const instant = f, next = new Pages();
      const changed = kernel.snapshotBegin(random.below(10) === 0);
      pages.memoryBytes = kernel.memoryBytes;
      while (true) {
        if (random.below(2) && f < 380) {
          f += apply(kernel, all, f, f + 1 + random.below(2)).length;
          shadowed++;
        }
        const records = kernel.snapshotNext(1 + random.below(6));
        if (!records.length) break;
        next.add(records);
      }
      assert.equal(next.pages.size, changed);
      if (random.below(5) === 0) {
        kernel.snapshotAbort(); // its pages count as changed again, so leaving it out loses nothing
        continue;
      }
      for (const [page, bytes] of next.pages) pages.pages.set(page, bytes);
      const rest = Math.min(all.length, instant + 30);
      assert.deepEqual(apply(pages.restore(module), all, instant, rest), expected.slice(instant, rest));
    }
    assert.ok(shadowed > 20);
  });

  it("goes on from a restored kernel with the pages that changed since", async () => {
    const random = seeded("snapshot after restore");
    const module = await loadForTest("operators", PARAMS);
    const all = frames(random, 200);
    const expected = apply(module.instantiate(), all, 0, all.length);
    let kernel = module.instantiate();
    const pages = new Pages();
    for (let f = 0; f < all.length; f++) {
      assert.deepEqual(apply(kernel, all, f, f + 1), [expected[f]], `frame ${f}`);
      if (random.below(4)) continue;
      pages.take(kernel, random.below(12) === 0);
      if (random.below(2)) kernel = pages.restore(module);
    }
  });

  it("gives out only pages that changed", async () => {
    const module = await loadForTest("operators", PARAMS);
    const kernel = module.instantiate();
    const commands = Array.from({ length: 20_000 }, (_, i) => ({
      payload: command(1, new TextEncoder().encode(`key ${i}`), 1n),
    }));
    for (let i = 0; i < commands.length; i += 200) {
      kernel.apply(CLOCK, 1, region(commands.slice(i, i + 200)), 1 << 20);
    }
    const pages = new Pages();
    pages.take(kernel);
    const whole = pages.pages.size;
    kernel.apply(CLOCK, 2, region(commands.slice(0, 1)), 1 << 20);
    const few = kernel.snapshotBegin(false);
    assert.ok(whole > 400 && few < 20, `${whole} pages, then ${few}`);
    kernel.snapshotAbort();
    assert.ok(kernel.snapshotBegin(true) >= whole);
  });
});
