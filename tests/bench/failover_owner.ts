/**
 * A process that can own the fraud pipeline: `failover_owner.ts <config json> fill|cold|standby`. A standby says
 * `standby` once it has seen the owner and has what the ledger has. Whoever serves decides one payment, says
 * `answered`, and goes on under load until it is killed.
 */
import process from "node:process";
import { fraud } from "../../actors/payments/payments.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { openWorld } from "../../deploy/world.ts";
import { type Runtime, start } from "../../runtime/mod.ts";
import { Payments } from "./payments.ts";

const [config, mode] = process.argv.slice(2);
const { keys, checkpointEvents, ...rest } = JSON.parse(config);
/** Events offered every so many milliseconds. */
const LOAD = { events: 100, everyMs: 10 };
/** Frames behind the owner that are no more than under way. */
const LAG_FRAMES_MAX = 10;

const world = await openWorld(rest);
const runtime = await start({ pipelines: [fraud] }, world, new AbortController().signal, {
  kernels: readKernel,
  checkpointEvents,
  standby: mode === "standby",
});
if (mode === "standby") {
  while (!follows(runtime)) await world.clock.sleep(20);
  console.log("standby");
}
await runtime.ready;
const payments = new Payments(keys, 2 * keys, world.clock.now());
const first = await runtime.submit("fraud", payments.next());
const { recovery, keys: known } = runtime.status().partitions[0];
console.log(`answered ${first.kind} ${recovery?.events} ${known}`);
if (mode === "fill") {
  for (let i = 0; i < keys; i += 1000) {
    await Promise.all(Array.from({ length: 1000 }, () => runtime.submit("fraud", payments.next())));
  }
  await runtime.stop();
  await world.close();
  process.exit(0);
}
// Nobody is left to kill it: the bench has ended.
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();
setInterval(() => {
  for (let i = 0; i < LOAD.events; i++) runtime.offer("fraud", payments.next(), {}, () => {});
}, LOAD.everyMs);

function follows(runtime: Runtime): boolean {
  const { owner, partitions: [{ standby }] } = runtime.status();
  return owner?.sign === "alive" && standby !== undefined && standby.lagFrames <= LAG_FRAMES_MAX;
}
