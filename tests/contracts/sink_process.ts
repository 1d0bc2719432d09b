/** A process that commits to a sink and kills itself (kill -9) before a step it is told: for the contract. */
import process from "node:process";
import { batches, goOn } from "./sinks.ts";
import { openSink, type PlaceConfig } from "./sink_places.ts";

const order = JSON.parse(process.argv[2]) as {
  place: PlaceConfig;
  batches: number;
  killBefore?: string;
  /** Times the step is let pass. */
  killAfter?: number;
};
let passed = 0;
const sink = await openSink(order.place, (name) => {
  if (name === order.killBefore && passed++ === order.killAfter) process.kill(process.pid, "SIGKILL");
});
await goOn(sink, batches(0, Array.from({ length: order.batches }, (_, frame) => frame + 1)));
await sink.close();
process.exit(0);
