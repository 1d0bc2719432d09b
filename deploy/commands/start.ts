/** `start`: runs the topology with its doors open, until it is told to stop; or stands by until it is needed. */
import { Escalation, Replaced, start as startRuntime } from "../../runtime/mod.ts";
import { command, type Invocation, Problem } from "../command.ts";
import { START_OPTIONS } from "../config.ts";
import { openDoors } from "../doors.ts";
import { readKernel } from "../kernels.ts";
import { openLookup } from "../lookups.ts";
import { sinkSpecs } from "../sinks.ts";
import { configuredTopology } from "../topology.ts";
import { openWorld } from "../world.ts";

export const start = command({
  name: "start",
  summary: "run the pipelines, with the HTTP and NATS doors open",
  about:
    "Takes over the ledger, recovers from the newest checkpoint and the frames after it, and serves until\n" +
    "SIGINT or SIGTERM; then it commits what was admitted, releases it, takes a checkpoint and ends. Killed in\n" +
    "any other way it loses nothing that was acknowledged. One line of JSON on standard output says when and\n" +
    "where it serves.\n\n" +
    "With --standby it leaves the ledger to the process that owns it, follows it frame by frame, and takes over\n" +
    "within a second when that one ends or is silent for longer than --patience-ms. Give it to every process:\n" +
    "the first one serves, and one that was replaced stands by again. Until it serves, /readyz answers 503 and\n" +
    "tells how far behind it is.",
  options: START_OPTIONS,
  examples: [
    ["deno task millrace start", "the embedded ledger in ./data, HTTP on 127.0.0.1:8080"],
    ["deno task millrace start --ledger jetstream --nats-url nats://127.0.0.1:4222", "on a NATS server"],
    ["deno task millrace start --standby --http-port 8081", "a second process, for when the first one ends"],
    [
      "deno task millrace start --sinks bin-attack=sqlite:alerts.db",
      "alerts as rows of alerts.db, exactly once",
    ],
    ["MILLRACE_DURABILITY=fsync deno task millrace start", "acknowledge what survives a power cut"],
  ],
  async run(invocation) {
    const { operands, signal, err } = invocation;
    if (operands.length > 0) {
      throw new Problem(`Cannot start ${operands.join(" ")}: start takes options only.`);
    }
    while (true) {
      const ended = await serve(invocation);
      if (ended === "stopped") return 0;
      err(ended ? `The runtime ended: ${ended.message}` : "The runtime ended.");
      if (!replaced(ended) || signal.aborted) return 1;
      err("It stands by from now on.");
    }
  },
});

/** One life of the runtime: until it is stopped, or ends by itself. */
async function serve(
  { values, signal, out }: Invocation<typeof START_OPTIONS>,
): Promise<"stopped" | Error | undefined> {
  const world = await openWorld(values);
  const over = new AbortController();
  try {
    const declared = await configuredTopology(values);
    const { standby, heartbeatMs, patienceMs } = values;
    const runtime = await startRuntime(declared, world, over.signal, {
      kernels: readKernel,
      lookups: openLookup,
      sinks: sinkSpecs(values.sinks, declared, world),
      checkpointEvents: values.checkpointEvents,
      checkpointsKept: values.checkpointsKept,
      checkpointHistory: values.checkpointHistory,
      acceptLoss: values.acceptLoss,
      standby,
      heartbeatMs,
      patienceMs,
    });
    const doors = await openDoors(runtime, world, values, over.signal);
    const { ledger, durability } = runtime.status();
    const told = { nats: doors.nats, ledger, durability };
    if (runtime.standsBy) out(JSON.stringify({ standby: doors.url, ...told }));
    // Where a partition is down for good the others go on: its log and /readyz say so.
    await Promise.race([runtime.ready.catch(() => {}), runtime.ended, aborted(signal)]);
    if (runtime.status().state === "serving") out(JSON.stringify({ serving: doors.url, ...told }));
    const ended = await Promise.race([runtime.ended, aborted(signal).then(() => "stopped" as const)]);
    if (ended === "stopped") world.log.info("stopping: committing and releasing what was admitted");
    await doors.close();
    await runtime.stop();
    return ended;
  } finally {
    over.abort();
    await world.close();
  }
}

function replaced(error: Error | undefined): boolean {
  return error instanceof Replaced || (error instanceof Escalation && error.cause instanceof Replaced);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
