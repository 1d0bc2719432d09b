/**
 * Simulated worlds from the command line:
 *
 *   deno task simulate --seeds 1000            seeds 1 to 1000, on all cores
 *   deno task simulate --seed 4711             that one alone, to replay a failure
 *     --clients N --events N --without a,b     … with fewer clients, events, kinds of faults
 *   … --seeds 100 --seed 5000                  seeds 5000 to 5099
 *   … --mutants [--seeds N]                    known bugs, put back one at a time: which are noticed
 *     --only "fence"                           … those whose name holds this
 *   … --workers N                              threads; the trace does not depend on them
 *   … --json                                   the summary as one JSON object in the last line
 */
import { availableParallelism } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { replayCommand, simulateMany } from "./many.ts";
import { MUTANTS } from "./mutants.ts";
import { checkControl, tryMutants } from "./mutate.ts";
import type { Limits } from "./plan.ts";
import { shrink } from "./shrink.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    seed: { type: "string" },
    clients: { type: "string" },
    events: { type: "string" },
    without: { type: "string" },
    mutants: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    workers: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const number = (text: string | undefined) => text === undefined ? undefined : Number(text);
const workers = number(values.workers) ?? availableParallelism();
/** Within so many seeds a known bug must be noticed. */
const SEEDS_UNTIL_NOTICED = 1000;
const SEEDS = 200;

process.exit(await (values.mutants ? runMutants() : runSeeds()) ? 0 : 1);

async function runSeeds(): Promise<boolean> {
  const limits: Limits = {
    clients: number(values.clients),
    events: number(values.events),
    without: values.without?.split(","),
  };
  const first = number(values.seed) ?? 1;
  const count = number(values.seeds) ?? (values.seed === undefined ? SEEDS : 1);
  let done = 0;
  const summary = await simulateMany(first, count, {
    limits,
    workers,
    onReport: ({ seed, violations, trace, events, frames, virtualMs, steps }) => {
      done++;
      if (violations.length > 0) {
        console.log(
          `seed ${seed} FAILED; replay: ${replayCommand(seed, limits)}\n  ${violations.join("\n  ")}`,
        );
      } else if (count === 1) {
        console.log(
          `seed ${seed}: ${events} events, ${frames} frames, ${steps} steps, ${virtualMs} virtual ms, trace ${trace}`,
        );
      } else if (done % 100 === 0) console.log(`${done} of ${count} seeds`);
    },
  });
  if (summary.failed.length > 0 && values.without === undefined) {
    const small = await shrink(summary.failed[0], limits);
    console.log(`smaller: ${replayCommand(small.seed, small.limits)}\n  ${small.violations.join("\n  ")}`);
  }
  const { seeds, violations, eventsPerSecond, faults, traceHash, events, failed } = summary;
  if (values.json) {
    console.log(JSON.stringify({ seeds, violations, eventsPerSecond, faults, traceHash, events, failed }));
  } else {
    for (const [kind, hits] of Object.entries(faults)) console.log(`${kind.padEnd(24)} ${hits}`);
    console.log(
      `${seeds} seeds, ${events} events, ${eventsPerSecond} events/s, ${failed.length} failed, trace ${traceHash}`,
    );
  }
  return failed.length === 0;
}

async function runMutants(): Promise<boolean> {
  const { only } = values;
  await checkControl();
  const asked = MUTANTS.filter(({ name }) => name.includes(only));
  const verdicts = await tryMutants(asked, {
    seeds: number(values.seeds) ?? SEEDS_UNTIL_NOTICED,
    workers,
    onVerdict: ({ name, seed, said }) =>
      console.log(seed === undefined ? `MISSED  ${name}: ${said}` : `caught  ${name}: seed ${seed}: ${said}`),
  });
  const missed = verdicts.filter(({ seed }) => seed === undefined).map(({ name }) => name);
  const caught = verdicts.length - missed.length;
  if (values.json) console.log(JSON.stringify({ mutants: verdicts.length, caught, missed }));
  else console.log(`${caught} of ${verdicts.length} known bugs noticed`);
  return missed.length <= 1;
}
