/** What the digest of a checkpoint's part finds. */
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../../tests/support/seed.ts";
import { hex } from "../hash.ts";
import { PartDigest } from "./digest.ts";

const seed = seedOf(process.env, 1);
const BLOCK = 1 << 16;

function digestOf(...parts: Uint8Array[]): string {
  const digest = new PartDigest();
  for (const part of parts) digest.update(part);
  return hex(digest.digest());
}

describe(`the digest of a part (MILLRACE_SEED=${seed})`, () => {
  const random = seeded(`digest ${seed}`);
  const bytes = new Uint8Array(3 * BLOCK + 4_100).map(() => random.int(0, 255));

  it("is the same however the bytes come", () => {
    for (let round = 0; round < 50; round++) {
      const cuts = Array.from({ length: random.int(0, 9) }, () => random.int(0, bytes.length)).sort((a, b) =>
        a - b
      );
      const parts = [0, ...cuts].map((from, i) => bytes.subarray(from, cuts[i] ?? bytes.length));
      assert.equal(digestOf(...parts), digestOf(bytes), `cut at ${cuts}`);
    }
  });

  it("is another one after any bit that turned, any bytes that are missing, doubled or 0", () => {
    const whole = digestOf(bytes);
    for (let round = 0; round < 500; round++) {
      const turned = bytes.slice(), at = random.int(0, bytes.length - 1);
      turned[at] ^= 1 << random.int(0, 7);
      assert.notEqual(digestOf(turned), whole, `byte ${at}`);
    }
    for (const length of [1, 100, 4_100, BLOCK]) {
      assert.notEqual(digestOf(bytes.subarray(0, bytes.length - length)), whole);
      assert.notEqual(digestOf(bytes, bytes.subarray(0, length)), whole);
      assert.notEqual(digestOf(new Uint8Array(length), bytes.subarray(length)), whole);
    }
    assert.notEqual(digestOf(new Uint8Array(BLOCK)), digestOf());
  });

  it("is another one after two blocks changed places", () => {
    const [a, b] = [bytes.subarray(0, BLOCK), bytes.subarray(BLOCK, 2 * BLOCK)];
    assert.notEqual(digestOf(a, b), digestOf(b, a));
  });
});
