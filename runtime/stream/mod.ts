/** The declaration of pipelines: what `runtime/mod.ts` exports of it. */
export { fedBy, pipeline, source, type SourceOptions, variant } from "./pipeline.ts";
export { Declaration } from "./base.ts";
export {
  countOver,
  countWithin,
  descending,
  flaggedWithin,
  lag,
  lastKnown,
  newest,
  newestAt,
  previous,
  rowNumber,
  seenBefore,
  sinceBefore,
  sumOver,
  sumOverRows,
  sumWithin,
} from "./columns.ts";
export { KeyedStream } from "./keyed.ts";
export { Stream } from "./stream.ts";
export { lookupAt, lookupSource, lookupTable } from "./lookup.ts";
export { WindowedStream } from "./windowed.ts";
export * from "./aggregate.ts";
export {
  allOf,
  anyOf,
  assembly,
  Bool,
  date,
  isSet,
  millis,
  now,
  Num,
  num,
  rfc3339,
  seconds,
  Text,
  text,
  when,
} from "./expr.ts";
export * from "./windows.ts";
export { compile, type Compiled } from "./compile/mod.ts";
export { type Correction, corrections, unwritable } from "./corrections.ts";
export { stands } from "./serve.ts";
export type { InputGate, InputReader } from "./inputs.ts";
export { checkBounded, explain } from "./explain.ts";
export { type Evolved, misplaced, partitionedOf, verdictOf } from "./evolution.ts";
