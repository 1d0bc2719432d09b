/** A pipeline of one's own, started in a world of one's own: the program of the README. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import process from "node:process";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { tally } from "../../actors/tally/tally.ts";
import { DecisionSchema, start } from "../../runtime/mod.ts";
import { configure, LEDGER_OPTIONS } from "../config.ts";
import { readKernel } from "../kernels.ts";
import { openWorld } from "../world.ts";

const { values } = configure(LEDGER_OPTIONS, process.argv.slice(2), process.env);
const world = await openWorld({ ...values, logLevel: "warn" });
const runtime = await start({ pipelines: [tally] }, world, new AbortController().signal, {
  kernels: readKernel,
});
await runtime.ready;

for (const amount of [20n, 22n]) {
  const event = create(TallySchema, { key: "tea", amount });
  const outcome = await runtime.submit("tally", toBinary(TallySchema, event));
  if (outcome.kind !== "decided") throw new Error(`Not decided: ${outcome.kind}`);
  const { figures } = fromBinary(DecisionSchema, outcome.reply);
  console.log(`frame ${outcome.position.frame}:`, figures.map(({ value }) => Number(value)));
}
await runtime.stop();
await world.close();
process.exit(0);
