/** The processes of a simulation: each runs the real `start` in a world of its own, and dies as it is told. */
import type { Seeded } from "../../actors/random.ts";
import { tallyThatTraps } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { type Pipeline, type Runtime, start, type Topology } from "../../runtime/mod.ts";
import { second } from "../support/tally.ts";
import type { Road } from "../../runtime/pipeline.ts";
import { checkHealth } from "./checkers/unbroken.ts";
import { type BoundsChecker, boundsOf } from "./checkers/bounds.ts";
import { checkShownWatermarks } from "./checkers/watermarks.ts";
import { takeInstancesBack } from "./instances.ts";
import { simLookups } from "./lookups.ts";
import { type Plan, PURGE_DEDUPE_MS } from "./plan.ts";
import { simSink, sinksOf } from "./sinks.ts";
import { timedKernel, timedTopologies } from "./timed.ts";
import { type Ground, SimWorld } from "./world.ts";

export interface Process {
  readonly index: number;
  readonly world: SimWorld;
  readonly runtime: Runtime;
  readonly bounds: BoundsChecker;
  /** Offers it admitted, and those it has answered. */
  admitted: number;
  answered: number;
  /** The watermark that it showed last, by partition. */
  readonly watermarks: Map<string, number>;
}

/** Ids are remembered for longer than all clock jumps together; or for as long as clients ask again. */
const DEDUPE = { windowMs: 365 * 86_400_000, idsMax: 100_000 };
const DEDUPE_PURGED = { windowMs: PURGE_DEDUPE_MS, idsMax: 100_000 };

/**
 * What runs: `tally` feeds `second`, keyed anew; `quick` answers before its frames are durable. Each version is
 * another kernel: it has other parameters, and does not trap any more on what the one before did.
 */
const OPTIONS = {
  upgrade: { dedupe: DEDUPE },
  purge: { dedupe: DEDUPE_PURGED, retention: "compact" },
} as const;
const TOPOLOGIES = {
  upgrade: ["poison", "venom", ""].map((note) => topology(note, OPTIONS.upgrade)),
  purge: [topology("poison", OPTIONS.purge)],
};

/** What a plan runs, version by version; declared pipelines are compiled before anything begins. */
export function topologiesOf({ upkeep, timed, fallback }: Plan): Promise<readonly Topology[]> {
  if (!timed) return Promise.resolve(TOPOLOGIES[upkeep]);
  return timedTopologies(upkeep === "upgrade" ? 2 : 1, OPTIONS[upkeep], fallback);
}

function topology(note: string, options: Pick<Pipeline, "dedupe" | "retention">): Topology {
  return {
    pipelines: [
      { ...tallyThatTraps(note), partitions: 2, ...options },
      { ...tallyThatTraps(note, second), partitions: 3, ...options },
      { ...tallyThatTraps(note), name: "quick", reply: "early", ...options },
    ],
    feeds: [{ from: "tally", to: "second" }],
  };
}

/** How often signs are looked for, and how long a standby is patient. */
const HEARTBEAT_MS = 20, PATIENCES_MS = [60, 200, 600];

/** Read once: the same bytes for all processes of all seeds. */
const kernelBytes = new Map<string, Promise<Uint8Array>>();
export function kernels(name: string): Promise<Uint8Array> {
  const declared = timedKernel(name);
  if (declared) return Promise.resolve(declared);
  if (!kernelBytes.has(name)) kernelBytes.set(name, readKernel(name));
  return kernelBytes.get(name)!;
}

export class Processes {
  readonly topologies: readonly Topology[];
  /** Which version is started from now on. */
  version = 0;
  /** The storm is over: processes are well kept. */
  settling = false;
  all: Process[] = [];
  starting = 0;
  /** How many are to run. */
  readonly #wanted: number;
  readonly #ground: Ground;
  readonly #plan: Plan;
  readonly #random: Seeded;
  readonly #violations: string[];
  readonly #onStart: (process: Process) => void;
  #born = 0;

  constructor(
    ground: Ground,
    plan: Plan,
    topologies: readonly Topology[],
    violations: string[],
    onStart: (process: Process) => void,
  ) {
    this.#ground = ground;
    this.#plan = plan;
    this.topologies = topologies;
    this.#wanted = plan.standby ? 2 : 1;
    this.#random = plan.random.fork("processes");
    this.#violations = violations;
    this.#onStart = onStart;
  }

  /** Those that own the ledger, or believe so; and those that stand by. */
  get owners(): readonly Process[] {
    return this.#plan.standby ? this.all.filter(({ runtime }) => !runtime.standsBy) : this.all;
  }

  get standbys(): readonly Process[] {
    return this.all.filter(({ runtime }) => runtime.standsBy);
  }

  /** Starts a process on the ledger as it is. */
  async spawn(): Promise<void> {
    const index = this.#born++;
    const draws = this.#random.fork(`process ${index}`);
    const offset = this.all.at(-1)?.world.clockOffset ?? 0;
    const { standby } = this.#plan;
    const world = new SimWorld(this.#ground, draws, offset, (why) => this.crash(process, why), standby);
    this.#ground.trace(`process ${index} starts version ${this.version}`);
    const bounds = {
      checkpointsKept: draws.int(1, 3),
      // A small one makes many frames of few events, which cost the most: so it is rare.
      mailboxEventsMax: draws.chance(0.12) ? 40 : draws.pick(this.#plan.focus ? [200, 600] : [600, 4000]),
      mailboxBytesMax: 16 * 1024 * 1024,
      frameBytesMax: draws.pick(this.#plan.timed ? [160_000, 300_000] : [12_000, 64_000, 160_000]),
    };
    const runtime = await start(this.topologies[this.version], world, new AbortController().signal, {
      ...bounds,
      kernels,
      lookups: simLookups(world),
      sinks: sinksOf(this.#plan).map((pipeline) => simSink(world, pipeline)),
      checkpointEvents: this.#plan.checkpointEvents,
      flushBytes: draws.pick([1, 2000, 16_000]),
      onFenced: this.#plan.onFenced,
      ...(standby ? { standby, heartbeatMs: HEARTBEAT_MS, patienceMs: draws.pick(PATIENCES_MS) } : {}),
      intensity: { restartsMax: this.#plan.restartsMax, withinMs: 10_000 },
    });
    const process: Process = {
      index,
      world,
      runtime,
      bounds: boundsOf(bounds),
      admitted: 0,
      answered: 0,
      watermarks: new Map(),
    };
    if (standby) world.standsBy = () => runtime.standsBy ?? false;
    // Asked at every read: without all that a status tells.
    const partitions = (runtime as Road).partitions();
    world.recovering = () => partitions.some(({ state }) => state === "recovering" || state === "restarting");
    this.all.push(process);
    runtime.ended.then((error) => {
      if (!world.alive) return;
      if (error) this.#ground.counters.saw("escalated");
      this.#ground.trace(`process ${index} ended: ${error?.name}`);
      world.later(0, () => this.crash(process, "its end"));
    });
    this.#onStart(process);
  }

  spawnLater(micros: number): void {
    this.starting++;
    this.#ground.scheduler.after(micros, async () => {
      await this.spawn();
      this.starting--;
    });
  }

  crash(process: Process, why: string): void {
    const { world } = process;
    if (!world.alive) return;
    world.cut();
    this.#ground.scheduler.after(0, () => takeInstancesBack(world));
    this.#ground.counters.saw("crashes");
    this.#ground.trace(`crash of ${process.index}: ${why}`);
    this.#checkHealth(process, process.runtime);
    this.all = this.all.filter((other) => other !== process);
    const wanted = this.settling ? 1 : this.#wanted;
    if (this.all.length + this.starting < wanted) this.spawnLater(this.#random.pick([0, 2_000, 300_000]));
  }

  /** What may be said of a process between two steps. */
  check(process: Process): void {
    const status = process.runtime.status();
    const now = { status: () => status };
    this.#checkHealth(process, now);
    process.bounds.check(now, this.#violations);
    if (this.#plan.timed) checkShownWatermarks(process, status, this.#violations);
  }

  /** A crash comes in the middle of a step, in which a mailbox may just have got back what a trap left over. */
  #checkHealth({ world }: Process, runtime: Pick<Runtime, "status">): void {
    if (world.damagedReads === 0) checkHealth(runtime, this.#violations);
  }

  /** One is to be left. Of two that stand by for each other it is the standby, once it is up to date. */
  #settle(): void {
    const { all, owners, standbys } = this;
    if (!this.#plan.standby || all.length > 2) return this.crash(all[0], "one too many");
    const lags = standbys.flatMap(({ runtime }) => runtime.status().partitions)
      .some(({ state, standby }) => state === "standby" && standby?.lagFrames !== 0);
    if (owners.length === 1 && owners[0].runtime.status().state === "serving" && !lags) {
      this.crash(owners[0], "its standby is ready");
    }
  }

  /** What an operator's service manager does: a process that cannot serve is started anew. */
  replaceFailed(): void {
    if (this.settling && this.all.length > 1) this.#settle();
    for (const process of this.all) {
      const { state, partitions } = process.runtime.status();
      if (partitions.some((each) => each.state === "failed")) {
        this.crash(process, "a partition is down for good");
      } else if (this.settling && state === "stopping") this.crash(process, "it takes too long to stop");
    }
  }
}
