import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { systemClock } from "./clock.ts";

const clock = systemClock();

describe("the system clock", () => {
  it("tells microseconds since the epoch, as whole numbers, near what Date tells", () => {
    for (let i = 0; i < 1000; i++) {
      const before = Date.now() * 1000;
      const now = clock.now();
      const after = (Date.now() + 1) * 1000;
      assert.ok(Number.isSafeInteger(now));
      assert.ok(now >= before - 10_000 && now <= after + 10_000, `${before} ${now} ${after}`);
    }
  });

  it("has a monotonic time that never falls", () => {
    let last = clock.monotonic();
    for (let i = 0; i < 10_000; i++) {
      const next = clock.monotonic();
      assert.ok(Number.isSafeInteger(next) && next >= last);
      last = next;
    }
  });

  it("ends a sleep at once when it is aborted, before or meanwhile", async () => {
    const abort = new AbortController();
    const sleeping = clock.sleep(1_000_000_000, abort.signal);
    abort.abort();
    await sleeping;
    await clock.sleep(1_000_000_000, abort.signal);
  });

  it("waits longer than a timer can count, instead of not at all", async () => {
    const fired: string[] = [];
    const cancel = clock.after(2 ** 31 + 1000, () => fired.push("early"));
    await clock.sleep(5);
    cancel();
    assert.deepEqual(fired, []);
  });

  it("does not call what was cancelled, and calls what was not, once", async () => {
    const called: string[] = [];
    clock.after(1, () => called.push("cancelled"))();
    clock.after(1, () => called.push("kept"));
    await clock.sleep(20);
    assert.deepEqual(called, ["kept"]);
  });

  it("runs what is due soon after the work already queued", async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      clock.soon(() => {
        order.push("soon");
        resolve();
      });
      void Promise.resolve().then(() => order.push("microtask"));
      order.push("now");
    });
    assert.deepEqual(order, ["now", "microtask", "soon"]);
  });
});
