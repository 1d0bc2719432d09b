/**
 * Starts a topology in a world: the one entry for production, tests and the simulator. Everything that
 * happens afterwards happens in runtime/pipeline.ts (the road of one event) and below it.
 */
import type { Pipeline, Topology } from "./declare.ts";
import type { Runtime } from "./runtime.ts";
import { type ChildSpec, supervise, type SupervisorSpec } from "./actor/supervisor.ts";
import { checkTopology } from "./check.ts";
import { NotRetained } from "./checkpoint/retention.ts";
import { compileKey } from "./ingress/key.ts";
import { openLookups } from "./ingress/lookup_gate.ts";
import { type KernelModule, loadKernel } from "./kernel/host.ts";
import { type FeedRoute, runFeed } from "./output/feed.ts";
import { SinkAhead, SinkRun } from "./output/sinks.ts";
import { HEARTBEAT_MS, HEARTBEATS_MIN, Ownership, PATIENCE_MS } from "./ownership.ts";
import { kernelParams } from "./params.ts";
import { BrokenFrame } from "./partition/frame.ts";
import { Partition, type PartitionBounds } from "./partition/partition.ts";
import { Fenced, Unrecoverable } from "./partition/recover.ts";
import { Road, type Stage } from "./pipeline.ts";
import { Inputs } from "./stream/inputs.ts";
import type { World } from "./world/mod.ts";
import type { OpenLookup } from "./world/lookup.ts";
import type { SinkSpec } from "./world/sink.ts";

export interface StartOptions extends Partial<PartitionBounds> {
  /** Bytes of a kernel module by name: a file in production, anything in tests. */
  readonly kernels: (name: string) => Promise<Uint8Array>;
  /** Restarts of one partition's siblings before the failure escalates and the runtime ends. */
  readonly intensity?: { readonly restartsMax: number; readonly withinMs: number };
  readonly backoff?: { readonly firstMs: number; readonly lastMs: number };
  /**
   * Another process may own the ledger: follow it, and take over when it is gone. Lost to another process again,
   * the runtime ends with Replaced. Without it the ledger is taken over at once.
   */
  readonly standby?: boolean;
  /** How often an owner gives a sign of life and a standby looks for it, and how long it goes without. */
  readonly heartbeatMs?: number;
  readonly patienceMs?: number;
  /** A partition that another owner fenced off: `stop` (default) or take it over again. */
  readonly onFenced?: "stop" | "retake";
  /** Opens what lookups name by an address. */
  readonly lookups?: OpenLookup;
  /** Where outputs go outside, exactly once. */
  readonly sinks?: readonly SinkSpec[];
}

const BOUNDS: PartitionBounds = {
  mailboxEventsMax: 65_536,
  mailboxBytesMax: 16 * 1024 * 1024,
  frameBytesMax: 256 * 1024,
  flushBytes: 32 * 1024,
  checkpointEvents: 1_000_000,
  checkpointsKept: 3,
  checkpointHistory: 0,
  acceptLoss: false,
};
const INTENSITY = { restartsMax: 10, withinMs: 60_000 };
const BACKOFF = { firstMs: 20, lastMs: 5_000 };
/** What is outside may be away for as long as it likes: a sink that fails is opened again and again. */
const SINK_INTENSITY = { restartsMax: Infinity, withinMs: 60_000 };

/** Checks, loads the kernels and begins; `ready` tells when all partitions serve. Ends with `signal`. */
export async function start(
  topology: Topology,
  world: World,
  signal: AbortSignal,
  options: StartOptions,
): Promise<Runtime> {
  checkTopology(topology);
  const bounds = { ...BOUNDS, ...defined(options) };
  const ownership = ownershipOf(topology, world, options);
  const stages = new Map<string, Stage>();
  for (const pipeline of topology.pipelines) {
    const module = await loadKernel(
      pipeline.kernel,
      await options.kernels(pipeline.kernel),
      kernelParams(pipeline),
    );
    stages.set(pipeline.name, stage(pipeline, module, world, bounds, topology, ownership));
  }
  for (const { from, to } of topology.feeds ?? []) {
    for (const partition of stages.get(from)!.partitions) partition.history.expect(to);
  }
  const sinks = sinkRuns(options.sinks ?? [], stages, world);
  // Last of what may fail: what was opened is the runtime's to close.
  await openAllLookups(stages, world, options.lookups);
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  if (signal.aborted) stop.abort();
  else signal.addEventListener("abort", onAbort, { once: true });
  const road = new Road(topology, world, stages, stop, sinks, ownership);
  const spec = superviseAll(topology, world, stages, road, sinks, ownership, options);
  const tree = supervise(spec, world, stop.signal);
  road.run(tree.finally(async () => {
    signal.removeEventListener("abort", onAbort);
    await ownership.close();
  }));
  return road;
}

async function openAllLookups(
  stages: Map<string, Stage>,
  world: World,
  open: OpenLookup | undefined,
): Promise<void> {
  try {
    for (const [name, stage] of stages) {
      if (!stage.pipeline.lookups) continue;
      const lookups = await openLookups(stage.pipeline, stage.pipeline.lookups, world, open);
      for (const partition of stage.partitions) partition.gate = lookups.gate(partition);
      stages.set(name, { ...stage, lookups });
    }
  } catch (error) {
    await Promise.allSettled([...stages.values()].map(({ lookups }) => lookups?.close()));
    throw error;
  }
}

function ownershipOf({ pipelines }: Topology, world: World, options: StartOptions): Ownership {
  const { standby = false, heartbeatMs = HEARTBEAT_MS.fallback, patienceMs } = options;
  return new Ownership(world, `${pipelines[0].name}-0`, standby, {
    heartbeatMs,
    patienceMs: patienceMs ?? Math.max(PATIENCE_MS.fallback, HEARTBEATS_MIN * heartbeatMs),
  });
}

function stage(
  pipeline: Pipeline,
  module: KernelModule,
  world: World,
  bounds: PartitionBounds,
  { sources = [], feeds = [] }: Topology,
  ownership: Ownership,
): Stage {
  const partitions = Array.from(
    { length: pipeline.partitions ?? 1 },
    (_, index) => new Partition(pipeline, index, module, world, bounds, ownership),
  );
  const isFollowed = feeds.some(({ from }) => from === pipeline.name);
  const inputs = new Inputs(pipeline, partitions, sources, isFollowed, world);
  return { pipeline, partitions, keys: compileKey(pipeline), inputs };
}

/** Each pair of pipelines once, with the outputs that go from one to the other: what is taken shares one position. */
function feedsOf({ feeds = [] }: Topology, stages: ReadonlyMap<string, Stage>) {
  const pairs = new Map<string, { from: string; to: string; routes: FeedRoute[] }>();
  for (const { from, to, output } of feeds) {
    const { outputs = [] } = stages.get(from)!.pipeline, name = output ?? outputs[0]?.name;
    const pair = pairs.get(`${from} ${to}`) ?? { from, to, routes: [] };
    pairs.set(`${from} ${to}`, pair);
    const into = stages.get(to)!.pipeline.fed?.find((each) => each.pipeline === from && each.output === name);
    pair.routes.push({ channel: Math.max(0, outputs.findIndex((each) => each.name === name)), into });
  }
  return [...pairs.values()];
}

/** The tree: partitions first, each on its own; what reads from them after, restarted when they are. */
function superviseAll(
  topology: Topology,
  world: World,
  stages: Map<string, Stage>,
  road: Road,
  sinks: readonly SinkRun[],
  ownership: Ownership,
  options: StartOptions,
): SupervisorSpec {
  const intensity = options.intensity ?? INTENSITY;
  const backoff = options.backoff ?? BACKOFF;
  const partitions = [...stages.values()].flatMap((each) => each.partitions);
  const group = (id: string, children: ChildSpec[], intensity: SupervisorSpec["intensity"]): ChildSpec => ({
    id,
    run: (signal) => supervise({ id, strategy: "one-for-one", intensity, backoff, children }, world, signal),
    isFinal: () => false,
  });
  const feeds = feedsOf(topology, stages).flatMap(({ from, to, routes }) =>
    stages.get(from)!.partitions.map((partition): ChildSpec => ({
      id: `feed ${partition.name} → ${to}`,
      run: (signal) => {
        const offer = road.offerPatiently(to, signal);
        const mark = routes.some(({ into }) => into) ? road.markPatiently(to, signal) : undefined;
        return runFeed({ from: partition, to, world, routes, offer, mark }, signal);
      },
    }))
  );
  const watches = [...stages.values()].filter(({ inputs }) => inputs.watched).map((
    { pipeline, inputs },
  ): ChildSpec => ({ id: `silence of ${pipeline.name}`, run: (signal) => inputs.run(signal) }));
  return {
    id: "runtime",
    strategy: "rest-for-one",
    intensity: { restartsMax: 0, withinMs: intensity.withinMs },
    backoff,
    children: [
      ...(options.standby ? [{ id: "ownership", run: (signal: AbortSignal) => ownership.keep(signal) }] : []),
      group(
        "partitions",
        partitions.map((partition) => partitionChild(partition, ownership, options)),
        intensity,
      ),
      ...(feeds.length > 0 ? [group("feeds", feeds, intensity)] : []),
      ...(watches.length > 0 ? [group("silence", watches, intensity)] : []),
      ...(sinks.length > 0 ? [group("sinks", sinks.map(sinkChild), SINK_INTENSITY)] : []),
    ],
  };
}

function partitionChild(partition: Partition, ownership: Ownership, options: StartOptions): ChildSpec {
  return {
    id: `partition ${partition.name}`,
    run: (signal) => partition.run(signal),
    isFinal: (error) =>
      error instanceof Unrecoverable || error instanceof BrokenFrame ||
      (error instanceof Fenced && options.onFenced !== "retake"),
    onFinal: (error) => {
      partition.failed(error);
      if (error instanceof Fenced) ownership.lost(error);
    },
    onRestart: (error) => partition.restarting(error),
  };
}

function sinkRuns(specs: readonly SinkSpec[], stages: Map<string, Stage>, world: World): SinkRun[] {
  const names = new Set<string>();
  return specs.map((spec) => {
    const stage = stages.get(spec.pipeline);
    const wrong = !stage
      ? `there is no pipeline "${spec.pipeline}"; there is ${[...stages.keys()].join(", ")}`
      : !stage.pipeline.output && !stage.pipeline.outputs?.length
      ? `pipeline "${spec.pipeline}" declares no output message`
      : names.has(spec.name)
      ? "another sink has that name"
      : undefined;
    if (wrong) throw new Error(`Cannot start the sink ${spec.name}: ${wrong}.`);
    names.add(spec.name);
    return new SinkRun(spec, stage!.partitions, world);
  });
}

function sinkChild(sink: SinkRun): ChildSpec {
  return {
    id: `sink ${sink.name}`,
    run: (signal) => sink.run(signal),
    isFinal: (error) => error instanceof NotRetained || error instanceof SinkAhead,
    onFinal: (error) => sink.failed(error),
    onRestart: (error) => sink.failed(error),
  };
}

function defined(options: StartOptions): Partial<PartitionBounds> {
  const names = Object.keys(BOUNDS) as (keyof PartitionBounds)[];
  return Object.fromEntries(
    names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
}
