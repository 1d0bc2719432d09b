/** Seeds that failed once, as small as they were made; the test runs them. */
import type { Limits } from "./plan.ts";

export interface Regression {
  readonly seed: number;
  readonly limits: Limits;
  readonly why: string;
}

export const REGRESSIONS: readonly Regression[] = [
  { seed: 18, limits: {}, why: "a checkpoint store that is away was taken for checkpoints that are lost" },
  { seed: 26, limits: {}, why: "an early repeat got the answer of another event" },
  { seed: 333, limits: {}, why: "an early repeat waited for a frame that never came" },
  { seed: 39, limits: {}, why: "dead letters were listed whose frames had been purged" },
  { seed: 4, limits: {}, why: "the watermark that a process showed went back while a partition restarted" },
  { seed: 1, limits: {}, why: "timers stood still after the clock was set back" },
  { seed: 1, limits: {}, why: "a stage believed again what the one before it had said of being idle" },
  { seed: 812, limits: {}, why: "an owner whose successor dropped older checkpoints took state for lost" },
  {
    seed: 512,
    limits: {},
    why: "a feed read on from void frames while its partition restored an older checkpoint",
  },
];
