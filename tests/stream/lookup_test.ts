import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { declared } from "../../deploy/declared.ts";
import { kernelParams, loadKernel, verifyChain } from "../../runtime/mod.ts";
import { begin, cities, Outside, profileOf, recordedRows, tally } from "../support/lookups.ts";
import { kept, memoryWorld } from "../support/world.ts";

describe("a lookup", () => {
  it("gives each event the row of its key, recorded with it, and a replay asks nobody", async () => {
    const outside = new Outside(), memory = kept();
    outside.answer = (keys) =>
      Promise.resolve(keys.filter((key) => key !== "c").map((key) => profileOf(key)));
    const built = await declared(cities(outside));
    const runtime = await begin(built, memory);
    const outcomes = await Promise.all(
      ["a", "b", "a", "c"].map((key, i) => runtime.submit("cities", tally(key, i))),
    );
    assert.deepEqual(outcomes.map(({ kind }) => kind), ["applied", "applied", "applied", "applied"]);
    const [status] = runtime.status().lookups!;
    await runtime.stop();
    const expected = [
      "a 0 city of a true false",
      "b 1 city of b true false",
      "a 2 city of a true false",
      "c 3  false false",
    ];
    assert.deepEqual(await recordedRows(built, memory), expected);
    assert.deepEqual(outside.calls, [["a", "b", "c"]]);
    const { lookups, hits, absent, calls, keys, waiting, cached } = status;
    assert.deepEqual({ lookups, hits, absent, calls, keys, waiting, cached }, {
      lookups: 4,
      hits: 0,
      absent: 1,
      calls: 1,
      keys: 3,
      waiting: 0,
      cached: 3,
    });

    const module = await loadKernel("cities", built.wasm, kernelParams(built.pipeline));
    const chain = await memoryWorld(memory).ledger.open("cities-0");
    assert.deepEqual((await verifyChain(chain, module)).findings, []);
    assert.equal(outside.calls.length, 1);
  });
});
