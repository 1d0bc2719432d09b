/**
 * A thread with nothing to do: it sleeps, and notes how late it was woken. What delays it is the machine, other
 * processes on its cores or the host under it, and delays the engine as much: so a bad machine can be seen.
 */
import { Worker, workerData } from "node:worker_threads";
import { now } from "./event_time_load.ts";

export interface Control {
  /** When it should have woken and when it did, milliseconds on the clock of `now`, one behind the other. */
  stop(): Promise<{ readonly times: Float64Array; readonly sleeps: number }>;
}

interface Shared {
  /** Whether it is to end; how often it slept. */
  readonly state: Int32Array;
  readonly times: Float64Array;
}

const SLEEP_MS = 0.5;

const ENDED = 2;

export function startControl(seconds: number): Control {
  const sleepsMax = Math.ceil(seconds * 1000 / SLEEP_MS);
  const shared: Shared = {
    state: new Int32Array(new SharedArrayBuffer(12)),
    times: new Float64Array(new SharedArrayBuffer(16 * sleepsMax)),
  };
  const worker = new Worker(new URL(import.meta.url), { workerData: { control: shared } });
  return {
    async stop() {
      Atomics.store(shared.state, 0, 1);
      while (Atomics.load(shared.state, ENDED) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await worker.terminate();
      return { times: shared.times, sleeps: shared.state[1] };
    },
  };
}

function sleepOnAndOn({ state, times }: Shared): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  while (Atomics.load(state, 0) === 0 && 2 * state[1] < times.length) {
    const due = now() + SLEEP_MS;
    Atomics.wait(sleeper, 0, 0, SLEEP_MS);
    times[2 * state[1]] = due;
    times[2 * state[1]++ + 1] = now();
  }
  Atomics.store(state, ENDED, 1);
}

if (workerData?.control) sleepOnAndOn(workerData.control as Shared);
