/** What a kernel is told before its first event, from the pipeline's declaration. Part of the kernel hash. */
import { create, toBinary } from "@bufbuild/protobuf";
import type { Pipeline } from "./declare.ts";
import { KernelParamsSchema } from "./proto/gen/params_pb.ts";

/** How long, and how many, event ids are remembered where a pipeline says nothing. */
export const DEDUPE = { windowMs: 600_000, idsMax: 1_000_000 };
/** An event with an id may wait for this share of the window: a repeat that comes in the rest of it is known. */
const WAIT_SHARE = 0.1;
const STATE_BYTES_MAX = 2 * 1024 ** 3;

/** How long an event that is known by its id may wait for its frame. One that takes part in rounds waits for its own. */
export function waitMsMax({ dedupe = DEDUPE, trigger }: Pick<Pipeline, "dedupe" | "trigger">): number {
  return dedupe.windowMs === 0 ? Infinity : dedupe.windowMs * WAIT_SHARE + (trigger?.everyMs ?? 0);
}

export function kernelParams(pipeline: Pipeline): Uint8Array {
  const { windowMs, idsMax } = pipeline.dedupe ?? DEDUPE;
  return toBinary(
    KernelParamsSchema,
    create(KernelParamsSchema, {
      dedupeWindow: BigInt(Math.round(windowMs * 1000)),
      dedupeMax: idsMax,
      stateBytesMax: BigInt(pipeline.stateBytesMax ?? STATE_BYTES_MAX),
      kernel: pipeline.params ?? new Uint8Array(0),
    }),
  );
}
