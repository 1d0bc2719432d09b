/** `start`: runs the shipped topology with its doors open, until it is told to stop. */
import { start as startRuntime } from "../../runtime/mod.ts";
import { command, Problem } from "../command.ts";
import { START_OPTIONS } from "../config.ts";
import { openDoors } from "../doors.ts";
import { readKernel } from "../kernels.ts";
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
    "where it serves.",
  options: START_OPTIONS,
  examples: [
    ["deno task millrace start", "the embedded ledger in ./data, HTTP on 127.0.0.1:8080"],
    ["deno task millrace start --ledger jetstream --nats-url nats://127.0.0.1:4222", "on a NATS server"],
    [
      "deno task millrace start --sinks bin-attack=sqlite:alerts.db",
      "alerts as rows of alerts.db, exactly once",
    ],
    ["MILLRACE_DURABILITY=fsync deno task millrace start", "acknowledge what survives a power cut"],
  ],
  async run({ values, operands, signal, out, err }) {
    if (operands.length > 0) {
      throw new Problem(`Cannot start ${operands.join(" ")}: start takes options only.`);
    }
    const world = await openWorld(values);
    const over = new AbortController();
    try {
      const declared = await configuredTopology(values);
      const runtime = await startRuntime(declared, world, over.signal, {
        kernels: readKernel,
        sinks: sinkSpecs(values.sinks, declared, world),
        checkpointEvents: values.checkpointEvents,
        checkpointsKept: values.checkpointsKept,
        checkpointHistory: values.checkpointHistory,
        acceptLoss: values.acceptLoss,
      });
      const doors = await openDoors(runtime, world, values, signal);
      await Promise.race([runtime.ready, runtime.ended, aborted(signal)]);
      if (!signal.aborted) {
        const { ledger, durability } = runtime.status();
        out(JSON.stringify({ serving: doors.url, nats: doors.nats, ledger, durability }));
      }
      const ended = await Promise.race([runtime.ended, aborted(signal).then(() => "stop" as const)]);
      if (ended === "stop") {
        world.log.info("stopping: committing and releasing what was admitted");
        await doors.close();
        await runtime.stop();
        return 0;
      }
      err(ended ? `The runtime ended: ${ended.message}` : "The runtime ended.");
      return 1;
    } finally {
      over.abort();
      await world.close();
    }
  },
});

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
