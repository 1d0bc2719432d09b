/** The topology that ships: card payments judged by two pipelines together, and pre-trade risk of orders. */
import { binAttack, fraud } from "../actors/payments/payments.ts";
import { pretrade } from "../actors/orders/orders.ts";
import type { Pipeline, Topology } from "../runtime/mod.ts";
import type { EngineConfig } from "./config.ts";

/** Asked together about each payment; the strictest answer wins. */
export const PAYMENTS = "payments";

export function topology(config: EngineConfig): Topology {
  const configured = (pipeline: Pipeline): Pipeline => ({
    ...pipeline,
    partitions: config.partitions,
    reply: config.reply,
    dedupe: { windowMs: config.dedupeSeconds * 1_000, idsMax: config.dedupeIds },
  });
  return {
    pipelines: [fraud, binAttack, pretrade].map(configured),
    decisions: { [PAYMENTS]: [fraud.name, binAttack.name] },
  };
}

/** The pipeline that a chain belongs to: chains are named `<pipeline>-<partition>`. */
export function pipelineOfChain(topology: Topology, chain: string): Pipeline | undefined {
  return topology.pipelines.find(({ name }) => chain.replace(/-\d+$/, "") === name);
}
