/** The demo: opens a world, starts the topology in it, drives the load, shows the page, and takes stock. */
import { type Runtime, start, type World } from "../../runtime/mod.ts";
import type { DemoOptions } from "../commands/demo.ts";
import { type Doors, openDoors } from "../doors.ts";
import { readKernel } from "../kernels.ts";
import { streamSpecs } from "../sinks.ts";
import { topology } from "../topology.ts";
import { openWorld } from "../world.ts";
import { storyStart } from "./cards.ts";
import { count, micros } from "./figures.ts";
import { Load } from "./load.ts";
import { Numbers } from "./numbers.ts";
import type { View } from "./page.ts";
import { Screen } from "./screen.ts";
import { ATTACK_AFTER_MS, STORY_SECONDS_MIN } from "./story.ts";
import { printSummary, type Stock, summaryJson } from "./summary.ts";
import { newestEventTime } from "./tail.ts";
import { type TimedLedger, timedLedger } from "./timed_ledger.ts";

const REDRAW_MS = 200;
const DAY_MS = 86_400_000;

export async function runDemo(
  options: DemoOptions,
  signal: AbortSignal,
  out: (line: string) => void,
): Promise<number> {
  const opened = await openWorld({
    ...options,
    logLevel: options.logLevel === "info" ? "silent" : options.logLevel,
  });
  const ledger = timedLedger(opened.ledger, opened.clock);
  const world: World = { ...opened, ledger };
  const over = new AbortController();
  try {
    const began = world.clock.monotonic();
    const before = await newestEventTime(ledger);
    const declared = topology(options);
    const runtime = await start(declared, world, over.signal, {
      kernels: readKernel,
      sinks: streamSpecs(declared, opened),
      checkpointEvents: options.checkpointEvents,
      checkpointsKept: options.checkpointsKept,
    });
    await serving(runtime);
    const recovered = recoveredLine(runtime, world.clock.monotonic() - began);
    out(recovered);
    const doors = await openDemoDoors(runtime, world, options, over.signal);
    const stock = await drive({ runtime, world, ledger, doors, options, before, recovered, signal });
    await doors.close();
    await runtime.stop();
    for (const line of stock.trouble) out(line);
    printSummary(stock, out);
    if (options.json) out(summaryJson(stock));
    return stock.lost + stock.duplicated + stock.trouble.length === 0 ? 0 : 1;
  } finally {
    over.abort();
    await opened.close();
  }
}

interface Stage {
  readonly runtime: Runtime;
  readonly world: World;
  readonly ledger: TimedLedger;
  readonly doors: Doors;
  readonly options: DemoOptions;
  /** Newest event time of the runs before, 0 = none. */
  readonly before: number;
  readonly recovered: string;
  readonly signal: AbortSignal;
}

async function drive(stage: Stage): Promise<Stock> {
  const { runtime, world, ledger, options, signal } = stage;
  const { clock } = world;
  const numbers = new Numbers(runtime.topology);
  const speed = Math.max(1, STORY_SECONDS_MIN / options.seconds);
  const startAt = storyStart(clock.now(), stage.before);
  const from = runtime.status().partitions.map((each) => ({
    pipeline: each.pipeline,
    chain: `${each.pipeline}-${each.partition}`,
    frame: each.frame + 1,
  }));
  const load = new Load({
    runtime,
    ledger,
    clock,
    numbers,
    seed: options.seed,
    source: `demo/${world.random.id()}`,
    startAt,
    attackAfterMs: ATTACK_AFTER_MS,
    speed,
    rate: options.rate,
  });
  const stop = new AbortController();
  const end = () => stop.abort();
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  const screen = new Screen();
  const view = (): View => ({
    numbers,
    status: runtime.status(),
    elapsedMs: load.elapsedMs(),
    storyMs: load.storyMs(),
    storyOpenedMs: (startAt / 1_000) % DAY_MS,
    totalMs: options.seconds * 1_000,
    speed,
    recovered: stage.recovered,
    carriesOn: stage.before > 0,
    url: stage.doors.url,
    curl: curlLines(stage.doors.url),
    notes: trouble(runtime),
  });
  runtime.ended.then(end);
  const running = load.run(stop.signal);
  let second = 0, decisions = 0;
  while (!stop.signal.aborted) {
    await clock.sleep(REDRAW_MS, stop.signal);
    if (load.elapsedMs() >= (second + 1) * 1_000) {
      const seconds = Math.floor(load.elapsedMs() / 1_000) - second;
      numbers.perSecond.push(Math.round((numbers.decisions - decisions) / seconds));
      second += seconds;
      decisions = numbers.decisions;
    }
    screen.draw(view());
    if (load.elapsedMs() >= options.seconds * 1_000 || failed(runtime)) end();
  }
  const elapsedMs = load.elapsedMs();
  await running;
  screen.draw(view());
  return {
    ...await takeStock(ledger, load, from),
    numbers,
    elapsedMs,
    storyOpenedMs: (startAt / 1_000) % DAY_MS,
    trouble: trouble(runtime),
    status: runtime.status(),
    options,
  };
}

/** Reads back every chain from where this run began. */
async function takeStock(
  ledger: TimedLedger,
  load: Load,
  from: readonly { pipeline: string; chain: string; frame: number }[],
): Promise<{ checked: number; lost: number; duplicated: number }> {
  const total = { checked: 0, lost: 0, duplicated: 0 };
  for (const [pipeline, audit] of load.audits) {
    const chains = await Promise.all(
      from.filter((each) => each.pipeline === pipeline)
        .map(async ({ chain, frame }) => ({ chain: await ledger.open(chain), from: frame })),
    );
    const { inLedger, lost, duplicated } = await audit.check(chains);
    total.checked += inLedger;
    total.lost += lost;
    total.duplicated += duplicated;
    for (const { chain } of chains) await chain.close();
  }
  return total;
}

/** Waits until every partition serves. */
async function serving(runtime: Runtime): Promise<void> {
  const failed = runtime.ended.then((error) => {
    throw error ?? new Error("Cannot start the demo: the runtime ended at once.");
  });
  await Promise.race([runtime.ready, failed]);
}

function recoveredLine(runtime: Runtime, tookMicros: number): string {
  const { partitions } = runtime.status();
  const known = partitions.filter(({ frame }) => frame > 1);
  if (known.length === 0) return `A new ledger: ${runtime.status().ledger}`;
  const frames = known.reduce((sum, { frame }) => sum + frame - 1, 0);
  const replayed = known.reduce((sum, { recovery }) => sum + (recovery?.events ?? 0), 0);
  const checkpoints = known.filter(({ checkpointFrame }) => checkpointFrame > 0)
    .map(({ pipeline, partition, checkpointFrame }) => `${pipeline}-${partition}@${checkpointFrame}`);
  const base = checkpoints.length > 0 ? `checkpoints ${checkpoints.join(" ")}` : "no checkpoint yet";
  return `Recovered ${count(frames)} frames in ${micros(tookMicros)}: ${
    count(replayed)
  } events replayed, ${base}`;
}

/** The demo must not fail because another process has the port. */
async function openDemoDoors(
  runtime: Runtime,
  world: World,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<Doors> {
  try {
    return await openDoors(runtime, world, options, signal);
  } catch {
    return await openDoors(runtime, world, { ...options, httpPort: 0 }, signal);
  }
}

/** Lines narrow enough for a terminal, that work when pasted together into a shell. */
function curlLines(url: string): string[] {
  return [
    `curl ${url}/v1/payments/decide -H content-type:application/json -d \\`,
    `  '{"payment":{"card":"tok-1","bin":"431940","merchant":"me","amount":4200,`,
    `    "at":'$(date +%s)'000000}}'`,
  ];
}

/** A partition that restarts goes on; one that failed does not. */
function failed(runtime: Runtime): boolean {
  return runtime.status().partitions.some(({ state }) => state === "failed");
}

function trouble(runtime: Runtime): string[] {
  return runtime.status().partitions
    .filter(({ lastError }) => lastError !== undefined)
    .map(({ pipeline, partition, state, lastError }) => `${pipeline}-${partition} ${state}: ${lastError}`);
}
