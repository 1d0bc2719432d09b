/** Watermarks as they are told to a pipeline, and how its inputs stand, as its kernel tells it. */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { WatermarkSchema } from "../proto/gen/frame_pb.ts";

/** Inputs that a pipeline can have, as wasm/operators/time.ts has it. */
const INPUTS_MAX = 32;
/** The first byte of a query to a declared kernel is a view's number, or this: how the inputs stand. */
export const INPUTS_QUERY = 255;
export const ASK_INPUTS = Uint8Array.of(INPUTS_QUERY, 0);
const STANDING_BYTES = 24;
const MIN = -(2n ** 63n);

/** How one input of one partition stands. */
export interface Standing {
  /** Nothing before this is expected of it, microseconds; -Infinity before its first event. */
  readonly mark: number;
  /** Events and marks that came of it. */
  readonly seen: bigint;
  /** It holds nothing back until its next event. */
  readonly idle: boolean;
}

/** The payload of a WATERMARK event. */
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

/** How far event time has come, by an ADVANCE effect; undefined where all was idle before the first event. */
export function decodeAdvance(payload: Uint8Array): number | undefined {
  const { time, idle } = fromBinary(WatermarkSchema, payload);
  return idle && time === MIN ? undefined : Number(time);
}

/** What a kernel answers to ASK_INPUTS. */
export function decodeStandings(answer: Uint8Array): Standing[] {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  return Array.from({ length: answer.length / STANDING_BYTES }, (_, i) => {
    const at = i * STANDING_BYTES, mark = view.getBigInt64(at, true);
    return {
      mark: mark === MIN ? -Infinity : Number(mark),
      seen: view.getBigUint64(at + 8, true),
      idle: view.getBigUint64(at + 16, true) !== 0n,
    };
  });
}
