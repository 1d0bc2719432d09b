/** Compiles a declaration: to the text of its kernel, and to the pipeline that runs it. */
import type { Pipeline } from "../../declare.ts";

import { outlineOf, type OutlineStep } from "../evolution.ts";
import { resolvePath } from "../fields.ts";
import { isLookedUp, lookupsOf, recordedInput } from "../lookup.ts";
import { type Decide, inOrder, type Named, type Plan, type Step, type View } from "../plan.ts";
import type { Declaration } from "../base.ts";
import { kernelText } from "./kernel.ts";
import { originsOf } from "./origin.ts";
import { decisionEnums, endMessages, inputOf } from "./output.ts";

export interface Compiled {
  readonly plan: Plan;
  /** Files of the kernel in AssemblyScript, by name. */
  readonly files: ReadonlyMap<string, string>;
  /** What of the kernel changes its state: hashed with all that it imports, it is what the state means. */
  readonly state: ReadonlyMap<string, string>;
  /** The declaration, step by step. */
  readonly outline: readonly OutlineStep[];
  /** Steps with state, by their numbers: what records of late events call `operator`. */
  readonly operators: readonly { readonly place: string; readonly kind: string }[];
  /** The pipeline, but for the name of the kernel it will have been built to. */
  readonly pipeline: Omit<Pipeline, "kernel">;
}

/** With `patient` nothing is late: events move no watermark, only what is told from outside does. */
export function compile(
  declaration: Declaration,
  { patient = false }: { readonly patient?: boolean } = {},
): Compiled {
  const { plan } = declaration;
  const messages = endMessages(plan);
  const input = inputOf(plan);
  const { files, operators, state } = kernelText(plan, plan.name, patient);
  const partitions = plan.options.partitions ?? 1;
  const outputs = plan.ends.map(({ name, changelog }) => ({
    name,
    message: messages.get(name)!,
    changelog,
  }));
  const views = plan.ends.filter((end): end is View => end.kind === "view").map(({ name, keys }) => ({
    name,
    message: messages.get(name)!,
    keys: keys.map(({ name, node }) => ({ name, type: node.type })),
  }));
  return {
    plan,
    files,
    state,
    outline: outlineOf(plan),
    operators: operators.map(({ place, kind }) => ({ place, kind })),
    pipeline: {
      name: pipelineName(plan.name),
      input: recordedInput(plan, input.message),
      lookups: lookupsOf(plan, input.variants),
      key: partitions === 1 ? [] : partitionKey(plan),
      partitions,
      output: outputs[0]?.message,
      outputs,
      views,
      ...decisionsOf(plan),
      fed: fedOf(plan),
      inputs: inputsOf(plan),
      trigger: plan.options.trigger?.everyMs ? plan.options.trigger : undefined,
      stateBytesMax: plan.options.stateBytesMax,
    },
  };
}

/** The stages before: each the whole input of the pipeline, or one of its sources. */
function fedOf(plan: Plan): Pipeline["fed"] {
  const { variants } = inputOf(plan);
  const fed = plan.sources.flatMap((source) =>
    source.fed
      ? [{
        pipeline: source.fed.pipeline,
        output: source.fed.output,
        input: source.input,
        field: variants?.get(source),
      }]
      : []
  );
  const twice = fed.find(({ pipeline, output }, i) =>
    fed.findIndex((each) => each.pipeline === pipeline && each.output === output) < i
  );
  if (twice) {
    throw new TypeError(
      `Cannot compile pipeline "${plan.name}" (${plan.sources[twice.input].place}): it is fed by ` +
        `output "${twice.output}" of "${twice.pipeline}" twice. Take it once, with filter for what each side is ` +
        "to have.",
    );
  }
  return fed.length > 0 ? fed : undefined;
}

/** The sources, as whoever watches over event time knows them. */
function inputsOf(plan: Plan): Pipeline["inputs"] {
  const { variants } = inputOf(plan);
  const eager = plan.sources.find(({ align }) => align !== undefined);
  const endless = plan.sources.find(({ idle, fed }) => idle === undefined && !fed);
  if (eager && endless) {
    throw new TypeError(
      `Cannot compile pipeline "${plan.name}" (${eager.place}): it waits for the slowest source, and ` +
        `"${endless.name}" is never idle: were it silent, all would wait for ever. ` +
        'Say when it is: idle: "30s".',
    );
  }
  return plan.sources.map((source) => ({
    name: source.name,
    field: variants?.get(source),
    idleMicros: source.idle,
    alignMicros: source.align,
    stream: source.stream,
  }));
}

/** What codes of reasons and figures are called, where the pipeline decides. */
function decisionsOf(plan: Plan): Pick<Pipeline, "reasons" | "figures" | "rejects"> {
  const steps = inOrder(plan).filter((step): step is Decide => step.kind === "decide");
  if (steps.length > 1) {
    throw new TypeError(
      `Cannot compile pipeline "${plan.name}" (${steps[1].place}): an event has one answer, and ${
        steps[0].place
      } ` +
        "gives it already. Put the rules together, or make it two pipelines that decide together.",
    );
  }
  if (steps.length === 0) return {};
  const [{ rules, escalations, told, refusals }] = steps;
  const reasons = [...rules, ...escalations].filter(({ silent }) => !silent);
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
  return decisionEnums(plan.name, names(reasons), names(told), names(refusals));
}

/** Names of pipelines are parts of subjects and URLs: no capitals, no underscores. */
function pipelineName(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/**
 * The fields by which events go to partitions: what every step that keeps state is keyed by, directly or
 * through what it was computed from. Several partitions need such a key.
 */
function partitionKey(plan: Plan): Pipeline["key"] {
  const paths = new Map<number, string>();
  for (const step of inOrder(plan)) {
    const keyed: [Step, readonly Named[]][] = step.kind === "view" || step.kind === "to"
      ? []
      : "leftKeys" in step
      ? [[step.left, step.leftKeys], [step.right, step.rightKeys]]
      : "leftPrimary" in step
      ? [[step.left, step.foreign], [step.left, step.leftPrimary], [step.right, step.rightPrimary]]
      : "keys" in step
      ? [[step.from, step.keys]]
      : [];
    if (step.kind === "decide") {
      for (const beside of [step.facts, step.clears]) if (beside) keyed.push([beside.from, beside.keys]);
    }
    for (const [from, keys] of keyed) {
      const origins = keys.map(({ node }) => originsOf(from, node)).filter((origin) => origin !== undefined);
      const known = origins.find((each) => each.every(({ input, path }) => paths.get(input) === path));
      const chosen = known ??
        origins.find((each) => each.every(({ input, path }) => (paths.get(input) ?? path) === path));
      if (!chosen) {
        throw new TypeError(
          `Cannot compile pipeline "${plan.name}" (${step.place}): it has ${plan.options.partitions} partitions, and ` +
            `this step is keyed by something else than ${
              [...paths.values()].join(", ") || "a field of the event"
            }. ` +
            "Give it one partition, or make it two pipelines, the second fed by the first.",
        );
      }
      for (const { input, path } of chosen) paths.set(input, path);
    }
  }
  const { variants } = inputOf(plan);
  return plan.sources.map((source) => {
    const path = paths.get(source.input);
    if (path === undefined) {
      throw new TypeError(
        `Cannot compile pipeline "${plan.name}": it has ${plan.options.partitions} partitions and source ` +
          `"${source.name}" has no key. Key it, or give the pipeline one partition.`,
      );
    }
    if (isLookedUp(source, path)) {
      throw new TypeError(
        `Cannot compile pipeline "${plan.name}" (source "${source.name}"): it has ${plan.options.partitions} ` +
          `partitions by ${path}, which is known only when an event has reached its partition. ` +
          "Make it two pipelines, the second fed by the first.",
      );
    }
    const fields = resolvePath(source.message, path).map(({ name }) => name).join(".");
    if (!variants) return fields;
    const { message } = inputOf(plan);
    const field = message.fields.find(({ number }) => number === variants.get(source))!;
    return `${field.name}.${fields}`;
  });
}
