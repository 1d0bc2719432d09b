/** Tally pipelines as tests combine them. */
import { tally } from "../../actors/tally/tally.ts";
import { TallyStateSchema } from "../../actors/tally/gen/tally_pb.ts";
import type { Pipeline } from "../../runtime/mod.ts";

/**
 * A tally of tallies: it takes what another tally puts out. A TallyState reads as a Tally whose amount is the
 * count, so after n events of a key its count is n and its sum 1 + 2 + … + n: no loss, doubling or reordering
 * of what was fed goes unseen.
 */
export const second: Pipeline = { ...tally, name: "second", input: TallyStateSchema };
