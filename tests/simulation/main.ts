/**
 * Simulated worlds from the command line:
 *
 *   deno task simulate --seeds 1000            seeds 1 to 1000, on all cores
 *   deno task simulate --seed 4711             that one alone, to replay a failure
 *     --clients N --events N --without a,b     … with fewer clients, events, kinds of faults
 *   … --seeds 100 --seed 5000                  seeds 5000 to 5099
 *   … --workers N                              threads; the trace does not depend on them
 *   … --json                                   the summary as one JSON object in the last line
 */
import { availableParallelism } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { replayCommand, simulateMany } from "./many.ts";
import type { Limits } from "./plan.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    seed: { type: "string" },
    clients: { type: "string" },
    events: { type: "string" },
    without: { type: "string" },
    workers: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const number = (text: string | undefined) => text === undefined ? undefined : Number(text);
const limits: Limits = {
  clients: number(values.clients),
  events: number(values.events),
  without: values.without?.split(","),
};
const first = number(values.seed) ?? 1;
const count = number(values.seeds) ?? (values.seed === undefined ? 200 : 1);
let done = 0;
const summary = await simulateMany(first, count, {
  limits,
  workers: number(values.workers) ?? availableParallelism(),
  onReport: ({ seed, violations, trace, events, frames, virtualMs, steps, seen }) => {
    done++;
    if (violations.length > 0) {
      console.log(
        `seed ${seed} FAILED; replay: ${replayCommand(seed, limits)}\n  ${violations.join("\n  ")}`,
      );
    } else if (count === 1) {
      console.log(
        `seed ${seed}: ${events} events, ${frames} frames, ${steps} steps, ${virtualMs} virtual ms, trace ${trace}`,
      );
      console.log(JSON.stringify(seen));
    } else if (done % 100 === 0) console.log(`${done} seeds`);
  },
});
const { seeds, violations, eventsPerSecond, faults, traceHash } = summary;
if (values.json) {
  console.log(JSON.stringify({ ...summary, seeds, violations, eventsPerSecond, faults, traceHash }));
} else {
  for (const [kind, hits] of Object.entries(faults)) console.log(`${kind.padEnd(24)} ${hits}`);
  console.log(
    `${seeds} seeds, ${summary.events} events, ${eventsPerSecond} events/s, ` +
      `${summary.failed.length} failed, trace ${traceHash}`,
  );
}
process.exit(summary.failed.length === 0 ? 0 : 1);
