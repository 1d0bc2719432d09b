/**
 * Steps with state, as generated code: the operator of wasm/operators that does the work, how a row is given to
 * it, and the class through which it tells its results.
 */
import type { Step } from "../../plan.ts";
import { decide } from "./decide.ts";
import { intervalJoin, tableJoin, temporalJoin, windowJoin } from "./joins.ts";
import { over } from "./over.ts";
import { gapFill, keep, ordered, pattern, top } from "./rows.ts";
import type { Operator, Site } from "./shared.ts";
import { running, window } from "./windows.ts";

export type { Operator, Site } from "./shared.ts";

export function operatorOf(step: Step, site: Site): Operator {
  switch (step.kind) {
    case "ordered":
      return ordered(step, site);
    case "window":
      return window(step, site);
    case "running":
      return running(step, site);
    case "intervalJoin":
      return intervalJoin(step, site);
    case "windowJoin":
      return windowJoin(step, site);
    case "tableJoin":
      return tableJoin(step, site);
    case "temporalJoin":
      return temporalJoin(step, site);
    case "top":
      return top(step, site);
    case "keep":
      return keep(step, site);
    case "decide":
      return decide(step, site);
    case "gapFill":
      return gapFill(step, site);
    case "over":
      return over(step, site);
    case "pattern":
      return pattern(step, site);
    default:
      throw new TypeError(`Cannot compile ${step.place}: ${step.kind} is not known`);
  }
}
