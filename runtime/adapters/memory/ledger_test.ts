import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { ledgerContract } from "../../../tests/contracts/ledger.ts";
import { systemClock } from "../clock.ts";
import { memoryLedger, MemoryStore } from "./ledger.ts";

for (const latencyMs of [0, 1]) {
  ledgerContract(`memory with ${latencyMs} ms latency`, () => {
    const store = new MemoryStore();
    return Promise.resolve({
      open: () => Promise.resolve(memoryLedger({ clock: systemClock(), store, latencyMs })),
      crash: () => Promise.resolve(),
      remove: () => Promise.resolve(),
    });
  });
}

describe("the memory ledger", () => {
  it("says which durability it was asked to play", () => {
    assert.equal(memoryLedger({ clock: systemClock(), durability: "fsync" }).durability, "fsync");
  });
});
