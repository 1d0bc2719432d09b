import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, it } from "@std/testing/bdd";
import { loadKernel } from "../../runtime/kernel/host.ts";
import { KernelParamsSchema } from "../../runtime/proto/gen/params_pb.ts";
import { buildKernel } from "../../wasm/build.ts";
import { Aligned, hopping } from "../models/aligned.ts";
import { CLOCK, effectsOf, region, seeded } from "./kernel_under_test.ts";
import { command, loadOperator, MAX, MIN, run, settle, watermark } from "./operator_under_test.ts";
import { BAG, SUMS, text, UPDATES } from "./window_results.ts";

/** Accumulator, kind, size, slide, offset, lateness, update, early events, early time, early clock, disorder. */
function kernelOf(...params: bigint[]) {
  return loadOperator("aligned", [...params, ...Array<bigint>(11 - params.length).fill(0n)]);
}

/** The kind of window that has nothing but its rows, and so an operator of its own. */
const TOLD_ONCE = 10n;

describe("aligned windows, at the edges", () => {
  it("take times up to 73,000 years from 1970, and refuse those beyond", async () => {
    const most = 2n ** 61n - 1n;
    for (
      const [kind, size, slide, offset] of [
        [0n, 10n, 10n, 3n],
        [0n, 7n, 2n, 0n],
        [0n, 2n ** 40n, 2n ** 39n, 5n],
        [0n, 1n, 1n, 0n],
        [TOLD_ONCE, 10n, 10n, 3n],
        [TOLD_ONCE, 1n, 1n, 0n],
        [TOLD_ONCE, 30n, 10n, 3n],
        [TOLD_ONCE, 2n ** 41n, 2n ** 40n, 5n],
      ]
    ) {
      const twin = new Aligned({ windowsOf: hopping(size, slide, offset) });
      const kernel = (await kernelOf(SUMS, kind, size, slide, offset)).instantiate();
      const times = [most, -most, most - 1n, 0n, -1n, 1n];
      const commands = times.map((time) => command(1, "k", { time, a: 1n }));
      for (const time of times) assert.deepEqual(twin.add("k", time, 1n), []);
      const results = run(kernel, [...commands, watermark(MAX)]).flat().concat(settle(kernel));
      assert.deepEqual(results.toSorted(), twin.advance(MAX).map((told) => text(told, SUMS)).sort());
      assert.equal(kernel.keys, 0);
      for (const time of [MIN, -most - 1n, most + 1n, MAX]) {
        assert.deepEqual(run(kernel, [command(1, "k", { time, a: 1n })]), [["reject 3"]]);
      }
    }
  });

  it("tell far more than fits into the answer to one event: all of it, and nothing twice", async () => {
    const random = seeded("aligned, many");
    for (
      const [bag, kind, size, slide] of [
        [SUMS, 0n, 10n, 10n],
        [SUMS, 0n, 40n, 10n],
        [BAG, 0n, 40n, 10n],
        [SUMS, TOLD_ONCE, 10n, 10n],
        [BAG, TOLD_ONCE, 10n, 10n],
        [SUMS, TOLD_ONCE, 40n, 10n],
      ]
    ) {
      const kernel = (await kernelOf(bag, kind, size, slide)).instantiate();
      const twin = new Aligned({ windowsOf: hopping(size, slide) });
      const commands: Uint8Array[] = [], expected: string[] = [];
      for (let i = 0; i < 4000; i++) {
        const key = `k${random.below(900)}`, time = BigInt(random.below(70)), a = BigInt(random.below(99));
        twin.add(key, time, a);
        commands.push(command(1, key, { time, a }));
      }
      commands.push(watermark(35n));
      expected.push(...twin.advance(35n).map((told) => text(told, bag)));
      for (let i = 0; i < 500; i++) { // these come while windows wait to be told
        const key = `k${random.below(1000)}`, time = BigInt(20 + random.below(50));
        const missed = twin.missed(time), newest = missed.at(-1), told = twin.add(key, time, 5n);
        if (!Array.isArray(told)) expected.push(`late ${time} ${told.start}..${told.end}`);
        if (newest) expected.push(`late ${time} ${newest.start}..${newest.end} and ${missed.length} in all`);
        commands.push(command(1, key, { time, a: 5n }));
      }
      const results = run(kernel, [...commands, watermark(MAX)]).flat().concat(settle(kernel));
      expected.push(...twin.advance(MAX).map((told) => text(told, bag)));
      assert.deepEqual(results.toSorted(), expected.sort());
      assert.equal(kernel.keys, 0);
    }
  });

  it("give all memory back: rounds of other keys need no more than the first", async () => {
    for (
      const [bag, kind, size, slide, lateness] of [
        [SUMS, 0n, 10n, 10n, 0n],
        [BAG, 0n, 60n, 5n, 20n],
        [SUMS, 0n, 60n, 5n, 0n],
        [BAG, TOLD_ONCE, 10n, 10n, 0n],
        [SUMS, TOLD_ONCE, 60n, 5n, 0n],
      ]
    ) {
      const kernel = (await kernelOf(bag, kind, size, slide, 0n, lateness, 2n)).instantiate();
      let bytes = 0;
      for (let round = 0; round < 6; round++) {
        const start = BigInt(round) * 1000n;
        const rows = Array.from(
          { length: 3000 },
          (_, i) => command(1, `round ${round} key ${i % 500}`, { time: start + BigInt(i * 7 % 200), a: 1n }),
        );
        run(kernel, [...rows, watermark(start + 900n)]);
        settle(kernel);
        assert.equal(kernel.keys, 0);
        if (round > 1) assert.equal(kernel.stateBytes, bytes, `round ${round}`);
        bytes = kernel.stateBytes;
      }
    }
  });

  it("tell one window of all time as it grows, each result taking back the one before", async () => {
    // Size 0 declares it.
    const kernel = (await kernelOf(SUMS, 0n, 0n, 0n, 0n, 0n, BigInt(UPDATES.indexOf("retracting")), 2n))
      .instantiate();
    const rows = [3n, -5n, 700n, 1n].map((time, i) => command(1, "k", { time, a: BigInt(i) }));
    const span = `W(${-(2n ** 61n)},${MAX}`;
    assert.deepEqual(run(kernel, rows), [
      [],
      [`k:0:2 ${span},1,) A(0,0,0,)`],
      [],
      [`k:10:2 ${span},1,) A(0,0,0,)`, `k:0:4 ${span},6,) A(0,0,0,)`],
    ]);
  });

  it("tell early by the frame's clock, once for what has changed", async () => {
    const kernel = (await kernelOf(SUMS, 0n, 1000n, 1000n, 0n, 0n, 0n, 0n, 0n, 500n)).instantiate();
    const at = (clock: number, payload?: Uint8Array) =>
      effectsOf(
        kernel.apply(CLOCK + clock, 1, region([payload ? { payload } : { kind: 1 }]), 1 << 20).effects,
      ).length;
    const row = (key: string) => command(1, key, { time: 5n, a: 1n });
    assert.equal(at(0, row("a")), 0);
    assert.equal(at(400, row("b")), 0);
    assert.equal(at(500), 2); // both
    assert.equal(at(1000), 0); // nothing has changed
    assert.equal(at(1100, row("a")), 0);
    assert.equal(at(1500), 1);
    assert.equal(at(1600, watermark(1000n)), 2); // on time
  });

  it("refuse events at the bound on state, and tell exactly what they took", async () => {
    const random = seeded("aligned, full");
    for (
      const [kind, size, slide] of [[0n, 10n, 10n], [0n, 40n, 10n], [TOLD_ONCE, 10n, 10n], [
        TOLD_ONCE,
        40n,
        10n,
      ]]
    ) {
      const kernel = (await kernelAtBound(400_000n, SUMS, kind, size, slide)).instantiate();
      const twin = new Aligned({ windowsOf: hopping(size, slide) });
      const expected: string[] = [], told: string[] = [];
      let refused = 0;
      for (let round = 0n; round < 5n; round++) {
        const rows = Array.from({ length: 6000 }, () => ({
          key: `round ${round} key ${random.below(20_000)}`,
          time: round * 100n + BigInt(random.below(60)),
          a: BigInt(random.below(50)),
        }));
        run(kernel, rows.map((row) => command(1, row.key, row))).forEach(([result], i) => {
          if (result === "reject 8") refused++;
          else twin.add(rows[i].key, rows[i].time, rows[i].a);
        });
        const mark = round * 100n + 100n;
        told.push(...run(kernel, [watermark(mark)]).flat(), ...settle(kernel));
        expected.push(...twin.advance(mark).map((one) => text(one, SUMS)));
      }
      assert.deepEqual(told.sort(), expected.sort());
      assert.ok(refused > 100, `${refused} refused`);
      assert.equal(kernel.keys, 0);
    }
  });
});

async function kernelAtBound(stateBytesMax: bigint, ...params: bigint[]) {
  const { file } = await buildKernel(fileURLToPath(new URL("kernels/aligned.ts", import.meta.url)));
  const own = new Uint8Array(88), view = new DataView(own.buffer);
  params.forEach((value, i) => view.setBigInt64(8 * i, value, true));
  const given = toBinary(KernelParamsSchema, create(KernelParamsSchema, { kernel: own, stateBytesMax }));
  return loadKernel("aligned", readFileSync(file), given);
}
