import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import { memoryWorld } from "../tests/support/world.ts";
import { Ownership } from "./ownership.ts";
import type { World } from "./world/mod.ts";
import type { Sign } from "./world/presence.ts";

const HEARTBEAT_MS = 100;
const PATIENCE_MS = 1_000;

describe("a standby that looks for its owner", () => {
  it("takes over at the second look when the owner that it saw is gone", async () => {
    assert.equal(await looksUntil(["alive", "alive", "gone", "gone"]), 4);
  });

  it("waits out its patience for an owner that it never saw: it may be about to show itself", async () => {
    assert.equal(await looksUntil(["gone"]), PATIENCE_MS / HEARTBEAT_MS + 1);
  });

  it("waits out its patience for an owner that is silent", async () => {
    assert.equal(await looksUntil(["alive", "silent"]), PATIENCE_MS / HEARTBEAT_MS + 1);
  });

  it("begins anew after each sign of life, and while it can see nothing itself", async () => {
    const silent = Array<Sign>(8).fill("silent");
    assert.equal(await looksUntil(["alive", ...silent, "alive", ...silent, "unknown", "gone"]), 18 + 1 + 10);
  });

  it("does not take its own sleep for the owner's silence", async () => {
    const looks = await looksUntil(["alive", "silent"], { sleepsMs: (look) => look === 3 ? 3_600_000 : 0 });
    assert.equal(looks, PATIENCE_MS / HEARTBEAT_MS);
  });

  it("is not moved by a wall clock that jumps", async () => {
    const jumps = (look: number) => look % 2 === 0 ? 3.6e9 : -3.6e9;
    assert.equal(await looksUntil(["alive", "silent"], { jumps }), PATIENCE_MS / HEARTBEAT_MS + 1);
  });

  it("looks for the new owner when another process was quicker", async () => {
    const epochs: number[] = [];
    const epochOf = () => epochs.length < 5 ? 7 : 8;
    await looksUntil(["alive", "gone", "alive", "alive", "gone", "gone", "gone", "gone"], {
      epochOf,
      onLook: (epoch) => epochs.push(epoch),
    });
    assert.deepEqual(epochs.slice(0, 6), [7, 7, 7, 7, 7, 8]);
    assert.equal(epochs.length, 5 + PATIENCE_MS / HEARTBEAT_MS + 1, "the new one was never seen");
  });

  it("does not wait for an owner of a ledger that nobody ever owned", async () => {
    assert.equal(await looksUntil(["gone"], { epochOf: () => 0 }), 0);
  });

  it("refuses a patience of less than three heartbeats, and a ledger of one process", () => {
    const world = memoryWorld();
    const of = (standby: boolean, patienceMs: number) =>
      new Ownership(world, "tally-0", standby, { heartbeatMs: HEARTBEAT_MS, patienceMs });
    assert.throws(
      () => of(false, 250),
      /Cannot stand by with a patience of 250 ms: it must be at least 3 heart/,
    );
    assert.throws(() => of(true, 1_000), /Cannot stand by: no other process can own/);
  });
});

interface Course {
  epochOf?(): number;
  onLook?(epoch: number): void;
  /** How long the process itself sleeps before a look, and what its wall clock does. */
  sleepsMs?(look: number): number;
  jumps?(look: number): number;
}

/** Looks until it would take over; the last sign is what it sees from then on. */
async function looksUntil(signs: readonly Sign[], course: Course = {}): Promise<number> {
  let looks = 0, micros = 0, wall = 0;
  const base = memoryWorld();
  const world: World = {
    ...base,
    clock: {
      ...base.clock,
      now: () => wall,
      monotonic: () => micros,
      sleep(ms) {
        micros += (ms + (course.sleepsMs?.(looks) ?? 0)) * 1000;
        wall += course.jumps?.(looks) ?? 0;
        return Promise.resolve();
      },
    },
    presence: {
      show: () => Promise.resolve({ close: () => Promise.resolve() }),
      look(_, epoch) {
        course.onLook?.(epoch);
        return Promise.resolve(signs[Math.min(looks++, signs.length - 1)]);
      },
    },
  };
  const options = { heartbeatMs: HEARTBEAT_MS, patienceMs: PATIENCE_MS };
  const ownership = new Ownership(world, "tally-0", true, options);
  await ownership.ownerGone(course.epochOf ?? (() => 7), new AbortController().signal);
  await ownership.close();
  return looks;
}
