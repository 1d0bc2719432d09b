/** What a kernel is told before its first event, from the pipeline's declaration. Part of the kernel hash. */
import { create, toBinary } from "@bufbuild/protobuf";
import type { Pipeline } from "./declare.ts";
import { KernelParamsSchema } from "./proto/gen/params_pb.ts";

/** How long, and how many, event ids are remembered where a pipeline says nothing. */
export const DEDUPE = { windowMs: 600_000, idsMax: 1_000_000 };
const STATE_BYTES_MAX = 2 * 1024 ** 3;

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
