/** Checks a topology before anything starts: every error names the place and the fix. */
import type { Pipeline, Topology } from "./declare.ts";
import { RejectReasonSchema } from "./proto/gen/frame_pb.ts";
import { DEDUPE } from "./params.ts";

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const PARTITIONS_MAX = 4096;

export function checkTopology(topology: Topology): void {
  const names = new Set<string>();
  for (const pipeline of topology.pipelines) {
    checkPipeline(pipeline);
    if (names.has(pipeline.name)) {
      throw wrong(pipeline.name, "two pipelines have this name", "Rename one of them.");
    }
    names.add(pipeline.name);
  }
  if (names.size === 0) {
    throw new Error("Cannot start: the topology has no pipeline. Add one to `pipelines`.");
  }
  for (const [name, members] of Object.entries(topology.decisions ?? {})) {
    if (!NAME.test(name)) {
      throw new Error(`Cannot start: decision name "${name}" is not of the form [a-z][a-z0-9-]*`);
    }
    if (names.has(name)) {
      throw new Error(`Cannot start: decision "${name}" has the name of a pipeline. Rename it.`);
    }
    if (members.length === 0) {
      throw new Error(`Cannot start: decision "${name}" asks no pipeline. Name at least one.`);
    }
    for (const member of members) checkKnown(names, member, `decision "${name}"`);
    const inputs = new Set(members.map((member) => pipelineOf(topology, member).input.typeName));
    if (inputs.size > 1) {
      throw new Error(
        `Cannot start: decision "${name}" asks pipelines of different messages (${
          [...inputs].join(", ")
        }). They must take one.`,
      );
    }
  }
  for (const { from, to, output: name } of topology.feeds ?? []) {
    checkKnown(names, from, "a feed");
    checkKnown(names, to, "a feed");
    const { output: first, outputs } = pipelineOf(topology, from),
      { input: whole, fed } = pipelineOf(topology, to);
    const named = name ?? outputs?.[0]?.name;
    const alike = topology.feeds!.filter((feed) =>
      feed.from === from && feed.to === to && feed.output === name
    );
    if (alike.length > 1) {
      throw new Error(`Cannot start: the feed ${from} → ${to} of ${named} is declared twice. Remove one.`);
    }
    const output = name === undefined ? first : outputs?.find((each) => each.name === name)?.message;
    const field = fed?.find((each) => each.pipeline === from && each.output === named)?.field;
    const input = whole.fields.find(({ number }) => number === field)?.message ?? whole;
    if (output?.typeName !== input.typeName) {
      throw new Error(
        `Cannot start: the feed ${from} → ${to} gives ${
          output?.typeName ?? "nothing"
        } to a pipeline that takes ${input.typeName}.`,
      );
    }
  }
  for (const { name, fed = [] } of topology.pipelines) {
    for (const { pipeline, output } of fed) {
      const first = pipelineOf(topology, pipeline)?.outputs?.[0]?.name;
      const feeds = topology.feeds?.filter(({ from, to }) => from === pipeline && to === name) ?? [];
      if (feeds.some((feed) => (feed.output ?? first) === output)) continue;
      throw wrong(
        name,
        `it is declared to be fed by ${pipeline}, and no feed does so`,
        `Add { from: "${pipeline}", to: "${name}", output: "${output}" } to the feeds of the topology.`,
      );
    }
  }
  checkAcyclic(topology);
  for (const { pipeline, stream } of topology.sources ?? []) {
    checkKnown(names, pipeline, `source "${stream}"`);
  }
}

export function pipelineOf(topology: Topology, name: string): Pipeline {
  return topology.pipelines.find((pipeline) => pipeline.name === name)!;
}

function checkPipeline(pipeline: Pipeline): void {
  if (!NAME.test(pipeline.name)) {
    throw wrong(
      pipeline.name,
      "the name is not of the form [a-z][a-z0-9-]*, at most 32 characters",
      "Rename it.",
    );
  }
  const partitions = pipeline.partitions ?? 1;
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > PARTITIONS_MAX) {
    throw wrong(pipeline.name, `partitions is ${partitions}`, `Give an integer from 1 to ${PARTITIONS_MAX}.`);
  }
  if (pipeline.key.length === 0 && partitions > 1) {
    throw wrong(
      pipeline.name,
      `it has ${partitions} partitions and no key`,
      'Give `key` a path, such as ["card"].',
    );
  }
  const dedupe = pipeline.dedupe;
  if (dedupe && !(dedupe.windowMs >= 0 && Number.isSafeInteger(dedupe.idsMax) && dedupe.idsMax >= 0)) {
    throw wrong(
      pipeline.name,
      "dedupe.windowMs or dedupe.idsMax is negative or no integer",
      "Give 0 or more.",
    );
  }
  checkAdvice(pipeline);
  checkRetention(pipeline);
}

function checkAdvice({ name, rejects, advice = {} }: Pipeline): void {
  const known = [RejectReasonSchema, rejects].flatMap((each) => each?.values ?? []).map((each) => each.name);
  const wrongly = Object.keys(advice).find((reason) => !known.includes(reason));
  if (wrongly === undefined) return;
  throw wrong(name, `advice names ${wrongly}, which is no reason to reject`, `There is ${known.join(", ")}.`);
}

function checkRetention(pipeline: Pipeline): void {
  const { name, retention = "forever" } = pipeline;
  if (typeof retention === "string") {
    if (retention === "forever" || retention === "compact") return;
    throw wrong(name, `retention is "${retention}"`, 'Give "forever", "compact", or { ms, bytes }.');
  }
  const { ms, bytes } = retention;
  for (const [unit, value] of Object.entries({ ms, bytes })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw wrong(name, `retention.${unit} is ${value}`, "Give a whole number above 0.");
    }
  }
  if (ms === undefined && bytes === undefined) {
    throw wrong(name, "retention names neither ms nor bytes", 'Give one of them, or "forever".');
  }
  const { windowMs } = pipeline.dedupe ?? DEDUPE;
  if (ms !== undefined && ms < windowMs) {
    throw wrong(
      name,
      `retention of ${ms} ms is shorter than the ${windowMs} ms in which a repeated id gets its first answer`,
      "Keep frames at least that long, or shorten dedupe.windowMs.",
    );
  }
}

function checkKnown(names: Set<string>, name: string, where: string): void {
  if (!names.has(name)) {
    throw new Error(
      `Cannot start: ${where} names the pipeline "${name}", there is ${[...names].join(", ")}.`,
    );
  }
}

/** A cycle of feeds could wait for itself for ever once its mailboxes are full. */
function checkAcyclic(topology: Topology): void {
  const visit = (name: string, path: string[]): void => {
    if (path.includes(name)) {
      throw new Error(
        `Cannot start: feeds run in a circle: ${[...path, name].join(" → ")}. Remove one of them.`,
      );
    }
    for (const feed of topology.feeds ?? []) if (feed.from === name) visit(feed.to, [...path, name]);
  };
  for (const { name } of topology.pipelines) visit(name, []);
}

function wrong(name: string, state: string, fix: string): Error {
  return new Error(`Cannot start pipeline "${name}": ${state}. ${fix}`);
}
