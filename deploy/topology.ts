/** The topology that ships: card payments judged by two pipelines together, and pre-trade risk of orders. */
import { pretrade } from "../actors/orders/pretrade.ts";
import { payments } from "../actors/payments/payments.ts";
import { micros, type Pipeline, type Retention, type StreamSource, type Topology } from "../runtime/mod.ts";
import { Problem } from "./command.ts";
import { ENGINE_OPTIONS, type EngineConfig } from "./config.ts";

/** What a process runs: the declared pipelines where modules of them are named, what ships otherwise. */
export async function configuredTopology(config: EngineConfig): Promise<Topology> {
  if (!config.pipelines) return topology(config);
  const { declared, readModules } = await import("./declared.ts");
  const everyMs = config.trigger === "continuous"
    ? undefined
    : Math.ceil(micros(config.trigger, "trigger") / 1000);
  const modules = await readModules(config.pipelines);
  const compiled = await Promise.all(modules.declarations.map((each) => declared(each)));
  const pipelines = [
    ...compiled.map(({ pipeline }) => pipeline),
    ...modules.pipelines.map((each) => ({ partitions: config.partitions, reply: config.reply, ...each })),
  ];
  return {
    feeds: pipelines.flatMap(({ name, fed = [] }) =>
      fed.map(({ pipeline, output }) => ({ from: pipeline, to: name, output }))
    ),
    sources: streamsOf(pipelines),
    pipelines: pipelines.map((pipeline) => ({
      ...pipeline,
      partitions: pipeline.key.length === 0 ? 1 : pipeline.partitions,
      trigger: everyMs === undefined ? pipeline.trigger : { everyMs },
      dedupe: { windowMs: config.dedupeSeconds * 1_000, idsMax: config.dedupeIds },
      retention: retention(config.retention),
    })),
  };
}

/** The streams that declarations name as where their sources are read from. */
export function streamsOf(pipelines: readonly Pipeline[]): StreamSource[] {
  return pipelines.flatMap(({ name: pipeline, inputs = [] }) => {
    const found = new Map<string, StreamSource & { inputs: string[] }>();
    for (const { name, stream } of inputs) {
      if (!stream) continue;
      const id = JSON.stringify([stream.stream, stream.subject, stream.name]);
      const known = found.get(id) ?? { ...stream, pipeline, inputs: [] };
      known.inputs.push(name);
      found.set(id, known);
    }
    return [...found.values()];
  });
}

export function topology(config: EngineConfig): Topology {
  const configured = (pipeline: Pipeline): Pipeline => ({
    ...pipeline,
    partitions: config.partitions,
    reply: config.reply,
    dedupe: { windowMs: config.dedupeSeconds * 1_000, idsMax: config.dedupeIds },
    retention: retention(config.retention),
  });
  return {
    pipelines: [...payments.pipelines, pretrade].map(configured),
    decisions: payments.decisions,
  };
}

const MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES = { KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

function retention(text: string): Retention {
  if (text === "forever" || text === "compact") return text;
  const limits: { ms?: number; bytes?: number } = {};
  for (const part of text.split(",")) {
    const [, number, unit] = /^(\d{1,6})(s|m|h|d|KB|MB|GB|TB)$/.exec(part.trim()) ?? [];
    if (unit in MS) limits.ms = Number(number) * MS[unit as keyof typeof MS];
    else if (unit in BYTES) limits.bytes = Number(number) * BYTES[unit as keyof typeof BYTES];
    else throw new Problem(`Cannot keep frames for "${part}": --retention is like compact, 7d or 500MB.`);
  }
  return limits;
}

/** The pipeline that a chain belongs to: chains are named `<pipeline>-<partition>`. */
export function pipelineOfChain(topology: Topology, chain: string): Pipeline | undefined {
  return topology.pipelines.find(({ name }) => chain.replace(/-\d+$/, "") === name);
}

/** The kernels it needs, by name. */
export function kernelsOf({ pipelines }: Topology): string[] {
  return [...new Set(pipelines.map(({ kernel }) => kernel))];
}

/** The options of the pipelines as they are when nothing is said. */
export const DEFAULTS = Object.fromEntries(
  Object.entries(ENGINE_OPTIONS).map(([name, option]) => [name, option.fallback]),
) as EngineConfig;
