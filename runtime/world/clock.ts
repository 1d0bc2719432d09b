/** Microseconds since the Unix epoch, an integer below 2^53 (good until the year 2255). */
export type Micros = number;

export interface Clock {
  /** Wall-clock time. May jump, forward or backward: nothing may rest its safety on it. */
  now(): Micros;
  /** Time that only grows, microseconds from an arbitrary start: for durations. */
  monotonic(): Micros;
  /** Resolves after `ms` milliseconds, or at once when `signal` is aborted (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `run` once after `ms` milliseconds. Returns the call that cancels it. */
  after(ms: number, run: () => void): () => void;
  /** Calls `run` once the work now queued is done: the next turn of the event loop. */
  soon(run: () => void): void;
}
