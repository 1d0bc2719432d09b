import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { CLOCK, region } from "./kernel_under_test.ts";
import { loadOperator } from "./operator_under_test.ts";

const KEYS = 30_000;
/** Of a key of 8 bytes: itself, and at most 22 bytes of index, and as much in indexes that were outgrown. */
const KEY = 8 + 44;
/** A count. */
const A = 8;
/** Slabs and pages are taken whole. */
const ROUNDING = 1.1;

/** Bytes of state a key, when each has had `perKey` events, a slide of a thousand apart. */
async function bytesPerKey(params: readonly bigint[], perKey = 1): Promise<number> {
  const kernel = (await loadOperator("windows_bench", params)).instantiate(), empty = kernel.stateBytes;
  for (let round = 0; round < perKey; round++) {
    for (let done = 0; done < KEYS; done += 500) {
      const events = Array.from({ length: 500 }, (_, i) => {
        const payload = new Uint8Array(16), view = new DataView(payload.buffer);
        view.setBigInt64(0, BigInt(round * 1000), true);
        view.setBigInt64(8, BigInt(done + i), true);
        return { payload };
      });
      kernel.apply(CLOCK, 1, region(events), 1 << 20);
    }
  }
  assert.equal(kernel.keys, KEYS);
  return (kernel.stateBytes - empty) / KEYS;
}

function atMost(bytes: number, bound: number): void {
  assert.ok(bytes <= bound * ROUNDING, `${bytes} bytes a key; wasm/operators/README.md says ${bound}`);
}

describe("what windows keep of a key is what wasm/operators/README.md says", () => {
  it("tumbling", async () => atMost(await bytesPerKey([0n, 0n, 1000n, 1000n]), KEY + 16 + A));

  it("tumbling, with late or early results", async () =>
    atMost(await bytesPerKey([4n, 0n, 1000n, 1000n]), KEY + 40 + A));

  it("hopping, with ten panes", async () =>
    atMost(await bytesPerKey([0n, 0n, 20_000n, 1000n], 10), KEY + 24 + 2 * A + 10 * (8 + A)));

  it("hopping, with ten panes that are still open", async () =>
    atMost(await bytesPerKey([0n, 1_000_000n, 10_000n, 1000n], 10), KEY + 24 + 2 * A + 9 * (24 + A)));

  it("hopping, late or early, with ten panes: a block of 512 bytes, and as much in those outgrown", async () =>
    atMost(
      await bytesPerKey([4n, 1_000_000n, 10_000n, 1000n], 10),
      KEY + 40 + 2 * A + 2 * 512,
    ));

  it("hopping, by two stacks of ten panes: a block of 512 bytes, and as much in those outgrown", async () =>
    atMost(
      await bytesPerKey([6n, 1_000_000n, 10_000n, 1000n], 10),
      KEY + 56 + 2 * A + 2 * 512,
    ));

  it("session", async () => atMost(await bytesPerKey([1n, 0n, 1000n, 0n]), KEY + 64 + A + 18));

  it("sliding, with one row that waits", async () =>
    atMost(await bytesPerKey([2n, 1000n, 1000n, 0n]), KEY + 48 + 8 + A + 16 + 18));

  it("windows of a number of rows", async () => atMost(await bytesPerKey([3n, 0n, 10n, 10n]), KEY + 40 + A));
});
