/** The clock of frames under clocks that jump. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import type { Clock } from "../world/clock.ts";
import { FrameClock } from "./frame_clock.ts";

describe("the frame clock", () => {
  it("follows the wall clock, never runs backward, and keeps moving while the wall is behind", () => {
    const world = { wall: 1_000_000, monotonic: 0 };
    const clock = new FrameClock(
      { now: () => world.wall, monotonic: () => world.monotonic } as unknown as Clock,
      500_000,
    );
    const pass = (micros: number, jump = 0) => {
      world.wall += micros + jump;
      world.monotonic += micros;
      return clock.next();
    };
    assert.equal(pass(10), 1_000_010);
    assert.equal(pass(10, -1_000_000), 1_000_015, "set back: half speed");
    assert.equal(pass(1000), 1_000_515);
    assert.equal(pass(2_000_000), 2_001_020, "and level again once the wall has caught up");
    assert.equal(pass(0), clock.last, "frozen is not backward");
  });
});
