/**
 * What of a kernel changes its state. A declaration's *tail* only puts rows out: the steps without state that no
 * step with state comes behind, what results are called and made of, the rules of a decision. Two kernels that
 * are alike but for their tails change state alike, so what one has kept the other may go on with.
 *
 * The kernel is written once more, without its tails, and never compiled: its text, with all of wasm/ that it
 * imports, is what state means (`millrace explain --against`). It is written by the code that writes the kernel
 * itself, so that nothing which changes state can be forgotten in it.
 *
 * One thing of a tail can change state: a step in it that fails. Code that several steps read from is left when
 * one of them fails, and a step with state behind it would not get the row. Such a tail is not cut.
 */
import { type Node, walk } from "../expr.ts";
import type { End, Step } from "../plan.ts";
import { canFail } from "./text.ts";

type Consumers = Map<Step, { to: Step | End; side: number }[]>;

export function isStateful(step: Step | End): boolean {
  return !["source", "filter", "map", "flatMap", "union", "to"].includes(step.kind);
}

/** Whether rows come out of a step because time has moved on, and not with a row that it is given alone. */
export function tellsByTime(step: Step | End): boolean {
  switch (step.kind) {
    case "ordered":
    case "window":
    case "windowJoin":
    case "over":
    case "gapFill":
    case "pattern":
      return true;
    case "intervalJoin":
      return step.join !== "inner";
    case "temporalJoin":
      return step.asOf === "eventTime";
    case "keep":
      return step.which === "best";
    default:
      return false;
  }
}

/** Takes the tails out of `consumers`; tells of which steps nothing with state comes. */
export function cutTails(consumers: Consumers): (step: Step | End) => boolean {
  const whole = new Map(consumers);
  const feeds = (step: Step | End): boolean =>
    (whole.get(step as Step) ?? []).some(({ to }) => isStateful(to) || feeds(to));
  // Steps whose code stands in one function with that of steps that lead to state.
  const beside = new Set<Step | End>();
  const mark = (step: Step | End): void => {
    if (beside.has(step)) return;
    beside.add(step);
    for (const { to } of whole.get(step as Step) ?? []) if (!isStateful(to)) mark(to);
  };
  for (const step of whole.keys()) {
    if ((step.kind === "source" || isStateful(step)) && feeds(step)) mark(step);
  }
  for (const [step, all] of whole) {
    const kept = all.filter(({ to }) => isStateful(to) || feeds(to) || beside.has(step) && fails(to, whole));
    consumers.set(step, kept);
  }
  return (step) => !feeds(step);
}

/** Whether code of a step without state, or of what follows it, can leave the path of a row. */
function fails(
  step: Step | End,
  consumers: ReadonlyMap<Step, readonly { readonly to: Step | End }[]>,
): boolean {
  return expressions(step).some((node) => [...walk(node)].some(canFail)) ||
    step.kind === "filter" && step.reason !== undefined ||
    step.kind === "to" && step.fields.some(({ type }) => type === "text") ||
    (consumers.get(step as Step) ?? []).some(({ to }) => fails(to, consumers));
}

function expressions(step: Step | End): Node[] {
  switch (step.kind) {
    case "filter":
      return [step.where];
    case "map":
      return step.values.map(({ node }) => node);
    case "flatMap":
      return step.rows.flatMap(({ where, values }) => [where, ...values.map(({ node }) => node)]);
    default:
      return [];
  }
}
