/** Several sources as one: nothing is lost or reordered, and a source that is silent costs nothing. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { merge } from "./merge.ts";

async function* counting(name: string, count: number): AsyncGenerator<string> {
  for (let i = 1; i <= count; i++) yield await Promise.resolve(`${name}${i}`);
}

/** Never gives anything; says how often somebody began to wait for it, and whether it was let go. */
function silent() {
  const seen = { waits: 0, returned: false };
  const forever = watched(new Promise<never>(() => {}), () => seen.waits++);
  const source: AsyncGenerator<string> = {
    next: () => forever,
    return: (value) => {
      seen.returned = true;
      return Promise.resolve({ done: true, value });
    },
    throw: (error) => Promise.reject(error),
    [Symbol.asyncIterator]: () => source,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { source, seen };
}

/** A promise that tells of each that waits for it, or for one who does. */
function watched<T>(promise: Promise<T>, tell: () => void): Promise<T> {
  const then = promise.then.bind(promise);
  promise.then = (...args) => {
    tell();
    return watched(then(...args), tell);
  };
  return promise;
}

describe("merge", () => {
  const never = new AbortController().signal;

  it("gives everything of each, in its order, and ends with the last", async () => {
    const all: string[] = [];
    for await (const each of merge([counting("a", 50), counting("b", 3), counting("c", 0)], never)) {
      all.push(each);
    }
    assert.equal(all.length, 53);
    for (const name of ["a", "b"]) {
      const own = all.filter((each) => each.startsWith(name));
      assert.deepEqual(own, own.map((_, i) => `${name}${i + 1}`));
    }
    assert.ok(all.indexOf("b3") < all.indexOf("a50"), "one waited until the other had ended");
  });

  it("waits for a silent source once, whatever the others give, and lets it go at the end", async () => {
    const { source, seen } = silent();
    let count = 0;
    for await (const _ of merge([source, counting("a", 1000)], never)) if (++count === 1000) break;
    assert.deepEqual(seen, { waits: 1, returned: true });
  });

  it("fails with a source that fails, behind what had come before, and lets the others go", async () => {
    const { source, seen } = silent();
    async function* failing() {
      yield "last";
      throw new Error("it broke");
    }
    const all: string[] = [];
    await assert.rejects(async () => {
      for await (const each of merge([failing(), source], never)) all.push(each);
    }, /it broke/);
    assert.deepEqual(all, ["last"]);
    assert.ok(seen.returned);
  });
});
