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

  it("tells how long it takes to come to a time, by the wall or at half speed, whichever is sooner", () => {
    const world = { wall: 1_000, monotonic: 0 };
    const clock = new FrameClock(
      { now: () => world.wall, monotonic: () => world.monotonic } as unknown as Clock,
      1_000,
    );
    assert.deepEqual([clock.until(1_500), clock.until(900)], [500, 0]);
    world.wall = -1_000_000; // set back
    assert.equal(clock.until(1_500), 1_000);
    world.monotonic += 400;
    world.wall += 400;
    assert.equal(clock.until(1_500), 600);
    world.monotonic += 600;
    world.wall += 600;
    assert.deepEqual([clock.until(1_500), clock.next()], [0, 1_500]);
    world.wall = 1_400; // almost caught up
    assert.equal(clock.until(2_000), 600);
  });
});
