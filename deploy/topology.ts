/** The topology that ships: card payments judged by two pipelines together, and pre-trade risk of orders. */
import { pretrade } from "../actors/orders/pretrade.ts";
import { payments } from "../actors/payments/payments.ts";
import type { Pipeline, Topology } from "../runtime/mod.ts";
import { ENGINE_OPTIONS, type EngineConfig } from "./config.ts";

export function topology(config: EngineConfig): Topology {
  const configured = (pipeline: Pipeline): Pipeline => ({
    ...pipeline,
    partitions: config.partitions,
    reply: config.reply,
    dedupe: { windowMs: config.dedupeSeconds * 1_000, idsMax: config.dedupeIds },
  });
  return {
    pipelines: [...payments.pipelines, pretrade].map(configured),
    decisions: payments.decisions,
  };
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
