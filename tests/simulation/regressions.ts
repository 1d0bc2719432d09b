/** Seeds that failed once, as small as they were made; the test runs them. */
import type { Limits } from "./plan.ts";

export interface Regression {
  readonly seed: number;
  readonly limits: Limits;
  readonly why: string;
}

export const REGRESSIONS: readonly Regression[] = [];
