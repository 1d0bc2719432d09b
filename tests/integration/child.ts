/**
 * A runtime of its own process, to be killed: the real `start` over the ledger that its configuration names.
 * A standby says `standby` when it has seen the owner and has what the ledger has, and `ready` when it has taken
 * over. Lines in: `id key amount`. Lines out: `ready`, `told id partition.frame.event reply-in-hex`, `again id` (not admitted, or its outcome is unknown: ask
 * again).
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { encodeTally } from "../../actors/tally/gen/tally_wire.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { openWorld } from "../../deploy/world.ts";
import { formatPosition, start } from "../../runtime/mod.ts";
import { hex } from "../../runtime/hash.ts";
import { TOPOLOGY } from "./system.ts";

/** An owner may be silent for so long: one that is not heard on a busy machine is no dead one. */
const PATIENCE_MS = 3_000;
/** Frames behind an owner at work that are no more than under way. */
const LAG_MAX = 50;

const [config, onFenced, mode] = process.argv.slice(2);
const world = await openWorld(JSON.parse(config));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const standby = mode === "standby";
const runtime = await start(TOPOLOGY, world, new AbortController().signal, {
  kernels: readKernel,
  checkpointEvents: 2_000,
  onFenced: onFenced === "stop" || standby ? "stop" : "retake",
  standby,
  patienceMs: PATIENCE_MS,
  intensity: { restartsMax: 1000, withinMs: 60_000 },
  backoff: { firstMs: 5, lastMs: 100 },
});
runtime.ended.then((error) => {
  console.error(error);
  process.exit(1);
});
if (standby) {
  const follows = () => {
    const { owner, partitions } = runtime.status();
    return owner?.sign === "alive" &&
      partitions.every(({ standby }) => standby && standby.lagFrames < LAG_MAX);
  };
  while (runtime.standsBy && !follows()) await world.clock.sleep(10);
  console.log("standby");
}
await runtime.ready;
console.log("ready");
// A partition that stepped down stays down here: then this process has nothing more to do.
setInterval(() => {
  const down = runtime.status().partitions.find(({ state }) => state === "failed");
  if (!down) return;
  console.error(down.lastError);
  process.exit(3);
}, 20).unref();

const buffer = new Uint8Array(1024);
for (let next = await lines.next(); !next.done; next = await lines.next()) {
  const [id, key, amount] = next.value.split(" ");
  const payload = buffer.subarray(0, encodeTally({ key, amount: BigInt(amount) }, buffer, 0));
  const admission = runtime.offer("tally", payload, { id }, (outcome) => {
    if (outcome.kind !== "decided") return console.log(`again ${id}`);
    console.log(`told ${id} ${formatPosition(outcome.position)} ${hex(outcome.reply)}`);
  });
  if (admission !== "admitted") console.log(`again ${id}`);
}
process.exit(0); // nobody is left to kill it
