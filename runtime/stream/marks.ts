/** Watermarks as they are told to a pipeline: the payload of a WATERMARK event. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { WatermarkSchema } from "../proto/gen/frame_pb.ts";

/** Inputs that a pipeline can have, as wasm/operators/time.ts has it. */
const INPUTS_MAX = 32;

export function encodeMark(mark: MessageInitShape<typeof WatermarkSchema>): Uint8Array {
  return toBinary(WatermarkSchema, create(WatermarkSchema, mark));
}

/** The same for one input, or for each that there may be. */
export function encodeMarks(
  { input, ...mark }: { readonly time: bigint; readonly input?: number; readonly idle?: boolean },
): Uint8Array[] {
  const inputs = input === undefined ? Array.from({ length: INPUTS_MAX }, (_, i) => i) : [input];
  return inputs.map((each) => encodeMark({ ...mark, input: each }));
}
