/** Counts and sums per key: a pipeline of one's own, at its smallest. */
import { create, toBinary } from "@bufbuild/protobuf";
import type { Pipeline } from "../../runtime/mod.ts";
import { TallyFigureSchema, TallyParamsSchema, TallySchema, TallyStateSchema } from "./gen/tally_pb.ts";

export const tally: Pipeline = {
  name: "tally",
  kernel: "tally",
  input: TallySchema,
  key: ["key"],
  output: TallyStateSchema,
  state: TallyStateSchema,
  figures: TallyFigureSchema,
};

/** A tally whose kernel traps on events with this note: how a bug is rehearsed. */
export function tallyThatTraps(note: string, of: Pipeline = tally): Pipeline {
  return { ...of, params: toBinary(TallyParamsSchema, create(TallyParamsSchema, { trapNote: note })) };
}
