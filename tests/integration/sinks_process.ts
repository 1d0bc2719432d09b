/**
 * A runtime with sinks in a process of its own, to be killed while it works. It decides as fast as it can, and says
 * how much now and then, until it is killed; told to drain, it decides nothing, waits until every sink holds everything, and ends.
 */
import process from "node:process";
import { tally } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { sinkSpecs } from "../../deploy/sinks.ts";
import { openWorld } from "../../deploy/world.ts";
import { start } from "../../runtime/mod.ts";
import { tallyEvent } from "../support/world.ts";

const { config, sinks, drain } = JSON.parse(process.argv[2]);
const topology = { pipelines: [{ ...tally, partitions: 2 }] };
const world = await openWorld(config);
const runtime = await start(topology, world, new AbortController().signal, {
  kernels: readKernel,
  checkpointEvents: 5_000,
  sinks: sinkSpecs(sinks, topology, world),
  backoff: { firstMs: 5, lastMs: 100 },
});
await runtime.ready;
if (drain) {
  while (
    runtime.status().sinks!.some(({ partitions }) => partitions.some(({ lagFrames }) => lagFrames > 0))
  ) {
    await world.clock.sleep(10);
  }
  await runtime.stop();
  await world.close();
  process.exit(0);
}
const WINDOW = 200;
let sent = 0, decided = 0;
const next = (): void => {
  void runtime.submit("tally", tallyEvent(`k${sent++ % 97}`, 1)).then((outcome) => {
    if (outcome.kind === "refused") return void setTimeout(next, 5);
    if (++decided % 100 === 0) console.log(decided);
    next();
  });
};
for (let i = 0; i < WINDOW; i++) next();
