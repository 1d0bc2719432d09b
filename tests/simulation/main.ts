/**
 * Simulated worlds from the command line:
 *
 *   deno task simulate --seeds 1000            seeds 1 to 1000
 *   deno task simulate --seed 4711             that one alone, to replay a failure
 *   … --json                                   the summary as one JSON object in the last line
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { replayCommand, simulateMany } from "./many.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const first = Number(values.seed ?? 1);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const summary = await simulateMany(first, count, {
  onReport: ({ seed, violations, trace, events, frames, virtualMs }) => {
    if (violations.length > 0) {
      console.log(`seed ${seed} FAILED; replay: ${replayCommand(seed)}\n  ${violations.join("\n  ")}`);
    } else if (count === 1) {
      console.log(
        `seed ${seed}: ${events} events, ${frames} frames, ${virtualMs} virtual ms, trace ${trace}`,
      );
    } else if (seed % 50 === 0) console.log(`seed ${seed}: ${summarise(events, frames)}`);
  },
});
if (values.json) console.log(JSON.stringify(summary));
else {
  for (const [kind, hits] of Object.entries(summary.faults)) console.log(`${kind.padEnd(24)} ${hits}`);
  console.log(
    `${summary.seeds} seeds, ${summary.events} events, ${summary.eventsPerSecond} events/s, ` +
      `${summary.failed.length} failed, trace ${summary.trace}`,
  );
}
process.exit(summary.failed.length === 0 ? 0 : 1);

function summarise(events: number, frames: number): string {
  return `${events} events in ${frames} frames, everything held`;
}
