/** The public face of the runtime. Adapters are imported by whoever builds a World (deploy, tests). */
export * from "./declare.ts";
export * from "./runtime.ts";
export { start, type StartOptions } from "./start.ts";
export { comparePositions, formatPosition } from "./pipeline.ts";
export { Escalation } from "./actor/supervisor.ts";
export { BrokenFrame } from "./partition/frame.ts";
export { Fenced } from "./partition/partition.ts";
export { Unrecoverable } from "./partition/recover.ts";
export type { World } from "./world/mod.ts";
export type { Durability } from "./world/ledger.ts";
export type { Micros } from "./world/clock.ts";
