/** A thread that runs simulations: it is sent a seed, and answers with its report. */
import type { Limits } from "./plan.ts";
import { simulate } from "./simulate.ts";

interface Thread {
  onmessage: ((event: MessageEvent<{ seed: number; limits: Limits }>) => void) | null;
  postMessage(message: unknown): void;
}

const thread = globalThis as unknown as Thread;

thread.onmessage = ({ data: { seed, limits } }) => {
  simulate(seed, limits).then(
    (report) => thread.postMessage(report),
    (error: Error) => thread.postMessage({ failure: `seed ${seed}: ${error.stack ?? error}` }),
  );
};
