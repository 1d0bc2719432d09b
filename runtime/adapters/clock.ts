/** The machine's clock and timers. */
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import type { Clock, Micros } from "../world/clock.ts";

export function systemClock(): Clock {
  return {
    now,
    monotonic: () => Math.floor(performance.now() * 1000),
    after,
    soon: (run) => void setImmediate(run),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = () => {
          signal?.removeEventListener("abort", wake);
          cancel();
          resolve();
        };
        const cancel = after(ms, wake);
        signal?.addEventListener("abort", wake, { once: true });
      }),
  };
}

/**
 * `Date.now` follows the wall clock but has only milliseconds; `performance.now` has microseconds but does not
 * follow adjustments. So: the latter, tied to the former, and tied anew as soon as they disagree.
 */
const DRIFT_MICROS_MAX = 2000;
let offset = 0;

function now(): Micros {
  const wall = Date.now() * 1000;
  const fine = Math.floor(performance.now() * 1000);
  const drift = fine + offset - wall;
  if (drift < -DRIFT_MICROS_MAX || drift > DRIFT_MICROS_MAX + 1000) offset = wall - fine;
  return fine + offset;
}

/** Timers count in signed 32-bit milliseconds and fire at once beyond that: longer waits go in legs. */
const LEG_MS_MAX = 2 ** 31 - 1;

function after(ms: number, run: () => void): () => void {
  let left = Math.max(0, ms);
  let timer: ReturnType<typeof setTimeout>;
  const leg = () => {
    const wait = Math.min(left, LEG_MS_MAX);
    left -= wait;
    timer = setTimeout(left > 0 ? leg : run, wait);
  };
  leg();
  return () => clearTimeout(timer);
}
