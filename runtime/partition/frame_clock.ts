/**
 * The clock reading of frames. It never runs backward: while the wall clock is behind the newest frame (it
 * was set back), frame time goes on at half speed until the wall has caught up, so that rates and timers in
 * the kernel keep moving.
 */
import type { Clock, Micros } from "../world/clock.ts";

export class FrameClock {
  /** The newest reading. */
  last: Micros;
  readonly #clock: Clock;
  #monotonic: number;

  constructor(clock: Clock, last: Micros) {
    this.#clock = clock;
    this.last = last;
    this.#monotonic = clock.monotonic();
  }

  next(): Micros {
    const wall = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    const elapsed = monotonic - this.#monotonic;
    this.#monotonic = monotonic;
    this.last = Math.floor(wall >= this.last ? wall : this.last + elapsed / 2);
    return this.last;
  }

  /** Microseconds until a reading can be `time`, if nobody moves the wall clock meanwhile; 0 = it is now. */
  until(time: Micros): Micros {
    const wall = this.#clock.now();
    if (wall >= this.last) return Math.max(0, time - wall);
    const elapsed = this.#clock.monotonic() - this.#monotonic;
    return Math.max(0, Math.min(time - wall, 2 * (time - this.last) - elapsed));
  }
}
