/** Seeds that failed once, as small as they were made; the test runs them. */
import { LATER_KINDS } from "./faults.ts";
import type { Limits } from "./plan.ts";

export interface Regression {
  readonly seed: number;
  readonly limits: Limits;
  readonly why: string;
}

/** Without the kinds of faults that were not thought of yet: with them it would be another run. */
const AS_IT_WAS: Limits = { without: LATER_KINDS };

export const REGRESSIONS: readonly Regression[] = [
  {
    seed: 18,
    limits: AS_IT_WAS,
    why: "a checkpoint store that is away was taken for checkpoints that are lost",
  },
  { seed: 26, limits: AS_IT_WAS, why: "an early repeat got the answer of another event" },
  { seed: 333, limits: AS_IT_WAS, why: "an early repeat waited for a frame that never came" },
  { seed: 39, limits: AS_IT_WAS, why: "dead letters were listed whose frames had been purged" },
  {
    seed: 4,
    limits: AS_IT_WAS,
    why: "the watermark that a process showed went back while a partition restarted",
  },
  { seed: 1, limits: AS_IT_WAS, why: "timers stood still after the clock was set back" },
  { seed: 1, limits: AS_IT_WAS, why: "a stage believed again what the one before it had said of being idle" },
  {
    seed: 812,
    limits: AS_IT_WAS,
    why: "an owner whose successor dropped older checkpoints took state for lost",
  },
  {
    seed: 512,
    limits: AS_IT_WAS,
    why: "a feed read on from void frames while its partition restored an older checkpoint",
  },
  {
    seed: 193,
    limits: {},
    why: "a replaced owner that saved a checkpoint late dropped parts that its successor's rests on",
  },
  {
    seed: 143,
    limits: { events: 3327, without: ["deadClient"] },
    why: "what waited for a partition was looked for in the moment in which it served again",
  },
  {
    seed: 822,
    limits: { without: ["gracefulStop", "thirdOwner", "clockFrozen", "deadClient"] },
    why: "an idle owner did not learn that one it had replaced took a partition back and died",
  },
];
