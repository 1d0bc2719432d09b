/** The public face of the runtime. Adapters are imported by whoever builds a World (deploy, tests). */
export * from "./declare.ts";
export * from "./runtime.ts";
export * from "./stream/mod.ts";
export { start, type StartOptions } from "./start.ts";
export { comparePositions, formatPosition } from "./pipeline.ts";
export { Escalation } from "./actor/supervisor.ts";
export { BrokenFrame, decodeFrame, type Frame } from "./partition/frame.ts";
export { EFFECT_KIND, EffectCursor, EVENT_KIND, EventCursor } from "./partition/records.ts";
export { type Finding, type Unproven, type Verified, verifyChain } from "./partition/verify.ts";
export { type KernelModule, loadKernel } from "./kernel/host.ts";
export { kernelParams } from "./params.ts";
export { type OwnerSeen, Replaced } from "./ownership.ts";
export { NotRetained } from "./checkpoint/retention.ts";
export { Fenced, Unrecoverable } from "./partition/recover.ts";
export type { World } from "./world/mod.ts";
export type { Appended, Chain, Durability, Ledger } from "./world/ledger.ts";
export type { Micros } from "./world/clock.ts";
export type { Clock } from "./world/mod.ts";
export { type Decision, DecisionSchema, Verdict } from "./proto/gen/decision_pb.ts";
export { RejectReasonSchema } from "./proto/gen/frame_pb.ts";
export * from "./world/sink.ts";
export * from "./world/lookup.ts";
export {
  CannotConsume,
  consume,
  type Consumed,
  type ConsumeOptions,
  type OutputSource,
} from "./output/consume.ts";
export { httpOutputs, type HttpOutputsOptions } from "./output/consume_http.ts";
export { streamOutputs, type StreamOutputsOptions } from "./output/consume_stream.ts";
