/**
 * A declaration that was changed, and the state that the one before left: whether it carries over, or is rebuilt
 * by replay, or cannot be had. Pure: what is compared stands in each checkpoint's manifest (`Meaning`), and is
 * made of the declaration at hand.
 *
 * State carries over where both kernels change it alike (compile/state.ts) and begin with the same bytes: then
 * what one has kept is what the other would have kept of the same events. Nothing is ever made of state but by
 * events: what could not be had by a replay from the first frame could not be had again after a checkpoint is
 * lost, and would be no proof of anything.
 */
import type { Pipeline } from "../declare.ts";
import { isStateful } from "./compile/state.ts";
import { says } from "./explain.ts";
import { inOrder, inputsOf, type Plan, type Step, type View } from "./plan.ts";

/** What a declared pipeline says of itself, so that its successor can be compared with it. */
export interface Outline {
  /** Equal where events change state alike. */
  readonly state: string;
  readonly steps: readonly OutlineStep[];
}

export interface OutlineStep {
  /** Where it stands in the declaration. */
  readonly place: string;
  readonly says: string;
  /** Whether it does no more than put out what others have kept. */
  readonly tail: boolean;
}

export interface Meaning extends Outline {
  /** Hash of the state before the first event: what parameters stand in it. */
  readonly initial: string;
}

/** How events go to partitions. */
export interface Partitioned {
  readonly by: string;
  readonly of: number;
}

export type Evolved =
  | { readonly kind: "carried"; readonly changes: readonly string[] }
  | { readonly kind: "rebuilt"; readonly changes: readonly string[] };

/** What becomes of the state that a pipeline left whose kernel is another one. */
export function verdictOf(was: Meaning | undefined, is: Meaning | undefined): Evolved {
  if (!was || !is) {
    return {
      kind: "rebuilt",
      changes: ["its kernel is another one, and a checkpoint of that says nothing of what its state means"],
    };
  }
  const changed = differences(was.steps, is.steps);
  if (was.state === is.state && was.initial === is.initial) {
    const changes = changed.map(({ text }) => text);
    return { kind: "carried", changes: changes.length > 0 ? changes : ["nothing of the declaration"] };
  }
  const kept = changed.filter(({ tail }) => !tail);
  if (kept.length > 0) return { kind: "rebuilt", changes: kept.map(({ text }) => text) };
  const why = was.state === is.state
    ? "what stands in its state from the beginning is another: the dedupe window, the bound on state, a time zone"
    : "the operators of this version, or the fields that are read of an event, are others";
  return { kind: "rebuilt", changes: [why, ...changed.map(({ text }) => text)] };
}

/** Why events that were given to partitions so cannot be read so; undefined = they can. */
export function misplaced(
  pipeline: string,
  was: Partitioned | undefined,
  is: Partitioned,
): string | undefined {
  if (!was || was.of === is.of && (is.of === 1 || was.by === is.by)) return undefined;
  const how = ({ of, by }: Partitioned) => of === 1 ? "one partition" : `${of} partitions by ${by}`;
  return refusal(pipeline, `its events are in ${how(was)}, and are now asked for in ${how(is)}`);
}

/** Events are where they are: only the source can give them anew. */
export function refusal(pipeline: string, state: string): string {
  return `Cannot start "${pipeline}": ${state}. Give it the key and the partitions it had; or start it under ` +
    "another name, fed from the source of its events.";
}

/** The choices where a rebuild would need frames that are gone. */
export function purged(pipeline: string, first: number, changes: readonly string[]): string {
  return `Cannot start "${pipeline}" as it is declared now: its state must be rebuilt by replay, because ` +
    `${
      changes.join("; ")
    }; and frames before ${first} are no longer retained. Start it with the declaration it ` +
    "had; or start this one under another name, fed from the source of its events; or import an export that " +
    "begins at frame 1.";
}

export function partitionedOf({ key, partitions = 1 }: Pick<Pipeline, "key" | "partitions">): Partitioned {
  return {
    by: key.map((path) => typeof path === "string" ? path : path.join("+")).join(" or "),
    of: partitions,
  };
}

export function outlineOf(plan: Plan): OutlineStep[] {
  const steps = inOrder(plan);
  const kept = new Set<Step | View>();
  const keep = (step: Step): void => {
    kept.add(step);
    inputsOf(step).forEach(keep);
  };
  for (const step of steps) {
    if (step.kind !== "to" && isStateful(step)) {
      [step, ...inputsOf(step)].forEach((each) => keep(each as Step));
    }
  }
  return steps.map((step) => ({
    place: step.place,
    says: says(step),
    tail: step.kind === "to" || !kept.has(step),
  }));
}

interface Difference {
  readonly text: string;
  readonly tail: boolean;
}

/** Steps that are told of one side alone; a step that stands in the other's place is a change of it. */
function differences(was: readonly OutlineStep[], is: readonly OutlineStep[]): Difference[] {
  const same = common(was, is);
  const gone = was.filter((step) => !same.has(step)), come = is.filter((step) => !same.has(step));
  const found: Difference[] = [];
  for (const step of come) {
    const at = gone.findIndex((each) => verb(each) === verb(step));
    const [before] = at < 0 ? [] : gone.splice(at, 1);
    found.push({
      text: before
        ? `${step.place}: ${step.says} (it was ${before.says})`
        : `${step.place}: ${step.says} (it is new)`,
      tail: step.tail && (before?.tail ?? true),
    });
  }
  for (const step of gone) found.push({ text: `${step.place}: ${step.says} (it is gone)`, tail: step.tail });
  return found;
}

const verb = ({ place }: OutlineStep) => place.replace(/, step \d+$/, "");

/** The longest run of steps, in order, that both say. */
function common(was: readonly OutlineStep[], is: readonly OutlineStep[]): Set<OutlineStep> {
  const longest = was.map(() => is.map(() => 0));
  const at = (i: number, j: number) => longest[i]?.[j] ?? 0;
  for (let i = was.length - 1; i >= 0; i--) {
    for (let j = is.length - 1; j >= 0; j--) {
      longest[i][j] = was[i].says === is[j].says
        ? at(i + 1, j + 1) + 1
        : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const same = new Set<OutlineStep>();
  for (let i = 0, j = 0; i < was.length && j < is.length;) {
    if (was[i].says === is[j].says) same.add(was[i++]).add(is[j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return same;
}
