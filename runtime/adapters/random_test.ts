import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { systemRandom } from "./random.ts";

describe("the system's randomness", () => {
  it("draws numbers in [0, 1)", () => {
    const random = systemRandom();
    for (let i = 0; i < 1000; i++) {
      const next = random.next();
      assert.ok(next >= 0 && next < 1);
    }
  });

  it("draws names of 22 characters that do not meet", () => {
    const random = systemRandom();
    const drawn = new Set<string>();
    for (let i = 0; i < 10_000; i++) {
      const id = random.id();
      assert.match(id, /^[0-9A-Za-z]{22}$/);
      drawn.add(id);
    }
    assert.equal(drawn.size, 10_000);
  });
});
