/**
 * One simulation: clients, one or more processes that each run the real `start` in a world with faults, and
 * crashes between any two steps. Then faults end, everybody must come to an end (liveness), and the ledger is
 * checked against what was told (safety). A seed fixes everything.
 */
import { hex, sha256Stream } from "../../runtime/hash.ts";
import type { KernelModule } from "../../runtime/kernel/host.ts";
import { kernelParams, loadKernel, type Topology } from "../../runtime/mod.ts";
import { Announcer } from "./announcer.ts";
import { Chaos } from "./chaos.ts";
import { checkCheckpoints } from "./checkers/bounds.ts";
import type { Told } from "./checkers/history.ts";
import { allAnswered, allOwned, checkAnswered, whatIsLeft } from "./checkers/liveness.ts";
import { checkLedger } from "./check.ts";
import { Client, type Market } from "./clients.ts";
import { Counters, NO_FAULTS } from "./faults.ts";
import { SimStore } from "./ledger.ts";
import { lendTo, takeInstancesBack } from "./instances.ts";
import { type Limits, type Plan, planOf } from "./plan.ts";
import { kernels, type Process, Processes, topologiesOf } from "./processes.ts";
import { Scheduler } from "./scheduler.ts";
import { readOutputs, rereadOutputs, type Seen, sinksOf } from "./sinks.ts";
import { StoredOutputs } from "./stored_outputs.ts";
import { StoredTime } from "./stored_time.ts";
import { checkServed } from "./checkers/served.ts";
import { EventTime } from "./timed_events.ts";
import { trapWhen } from "./traps.ts";
import type { Ground } from "./world.ts";

export interface Report {
  readonly seed: number;
  /** Empty = everything held. */
  readonly violations: readonly string[];
  /** Hash over every step that matters: the same for a seed on every runtime. */
  readonly trace: string;
  readonly events: number;
  readonly frames: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly faults: Readonly<Record<string, number>>;
  /** What else happened. */
  readonly seen: Readonly<Record<string, number>>;
}

const SAFETY_MS = 120_000;
const LIVENESS_MS = 60_000;
/** What was answered early is in the ledger by then, and what was admitted is answered. */
const QUIET_MS = 2_000;
const VIOLATIONS_MAX = 20;
const TRACE_LINES = 256;
const TEXT = new TextEncoder();

export async function simulate(seed: number, limits: Limits = {}): Promise<Report> {
  const plan = planOf(seed, limits);
  const simulation = new Simulation(plan, await topologiesOf(plan));
  try {
    await simulation.run();
    return await simulation.report();
  } finally {
    trapWhen(undefined);
    takeInstancesBack();
  }
}

class Simulation implements Market {
  readonly ground: Ground;
  readonly told: Told[] = [];
  readonly violations: string[] = [];
  readonly eventTime = new EventTime();
  readonly #plan: Plan;
  readonly #scheduler = new Scheduler();
  readonly #counters = new Counters();
  readonly #digest = sha256Stream();
  readonly #processes: Processes;
  readonly #clients: readonly Client[];
  readonly #outputs: Seen[] = [];
  readonly #stored: StoredOutputs;
  readonly #storedTime: StoredTime;
  readonly #announcer: Announcer | undefined;
  #lines: string[] = [];
  #moment = 0;

  constructor(plan: Plan, topologies: readonly Topology[]) {
    const store = new SimStore();
    const stored = this.#storedTime = new StoredTime(store);
    this.#plan = plan;
    this.#stored = new StoredOutputs(store);
    this.ground = {
      scheduler: this.#scheduler,
      store,
      blobs: new Map(),
      manifests: [],
      sinks: new Map(),
      counters: this.#counters,
      faults: plan.faults,
      diskFullUntil: 0,
      slowUntil: 0,
      trace: (line) => this.#trace(line),
      lagging: { chain: "", until: 0 },
      shown: new Set(),
      unseenUntil: 0,
      standbysLagUntil: 0,
      answers: new Map(),
      lookupsAwayUntil: 0,
      violations: this.violations,
      feedsUnderWay: plan.timed
        ? () => stored.underWay()
        : () => this.#stored.of("tally") > this.#stored.of("second") + this.#stored.rejectsOf("second"),
    };
    this.#processes = new Processes(
      this.ground,
      plan,
      topologies,
      this.violations,
      (process) => {
        const [first, fed] = plan.timed ? ["spans", "totals"] : ["tally", "second"];
        void readOutputs(process, fed, this.#outputs);
        if (plan.focus) { for (const each of [first, fed]) void rereadOutputs(process, each, this.#outputs); }
      },
    );
    if (plan.timed) {
      const random = plan.random.fork("announcer");
      const inputs = [...new Set(plan.clients.flatMap(({ sides }) => sides))].sort();
      this.#announcer = new Announcer(this.ground, this.#processes, random, this.eventTime, inputs);
    }
    const poison = plan.faults.poison;
    this.#clients = plan.clients.map((client, i) =>
      new Client(this, plan.random.fork(`client ${i}`), i, client, poison)
    );
  }

  async run(): Promise<void> {
    const traps = this.#plan.random.fork("traps");
    trapWhen(() => {
      const rate = this.ground.faults.kernelTrap;
      if (rate === 0 || !traps.chance(rate)) return false;
      this.#counters.fault("kernelTrap");
      return true;
    });
    await this.#processes.spawn();
    if (this.#plan.standby) await this.#processes.spawn();
    for (const client of this.#clients) client.begin();
    const atRest = () => this.#clients.every(({ rests }) => rests);
    const chaos = new Chaos(this.ground, this.#plan, this.#processes, atRest);
    chaos.begin();
    this.#announcer?.begin();
    const finished = () => allAnswered(this.#clients);
    await this.#scheduler.run(() => finished() || this.#failed, SAFETY_MS);
    this.#counters.saw("unfinishedUnderFaults", finished() ? 0 : 1);
    this.ground.faults = NO_FAULTS;
    chaos.end();
    if (!this.#plan.standby) this.#restartSuperseded(); // there, who was replaced notices by himself
    const limit = this.#scheduler.elapsedMs + LIVENESS_MS;
    const over = () => this.#failed || (finished() && this.#allEnded() && this.#allDelivered());
    // What faults left may end a life even now: a partition that serves again takes up what waited for it.
    let since = Infinity;
    const quiet = () => {
      since = over() ? Math.min(since, this.#scheduler.elapsedMs) : Infinity;
      return this.#scheduler.elapsedMs >= since + QUIET_MS;
    };
    const came = await this.#scheduler.run(over, limit);
    if (this.#failed) return;
    if (came && await this.#scheduler.run(quiet, limit + QUIET_MS)) {
      checkAnswered(this.#processes, this.violations);
    } else {
      const pipelines = this.#processes.topologies[0].pipelines;
      const outputs = pipelines.map(({ name }) => name).map((name) => `${this.#stored.of(name)} of ${name}`);
      const left = whatIsLeft(this.#clients, this.#processes);
      this.violations.push(
        `liveness: ${left}; outputs: ${outputs.join(", ")}, ${this.#delivered()} at sinks`,
      );
    }
  }

  async report(): Promise<Report> {
    const { violations, ground } = this;
    const modules = await this.#modules();
    trapWhen(undefined);
    lendTo(undefined);
    const checked = await checkLedger({
      ground,
      plan: this.#plan,
      topology: this.#processes.topologies[0],
      modules,
      told: this.told,
      outputs: this.#outputs,
      clients: this.#clients,
      announced: this.#announcer?.announced ?? [],
      survivor: this.#processes.all[0]?.index,
      violations,
    });
    if (violations.length === 0) await checkServed(this.#processes.all[0], ground, checked, violations);
    checkCheckpoints(ground.blobs, ground.store.chains.size, violations);
    for (const hash of checked.chainHashes) this.#trace(`chain ${hash}`);
    this.#flush();
    for (const { world } of this.#processes.all) world.cut();
    return {
      seed: this.#plan.seed,
      violations: violations.slice(0, VIOLATIONS_MAX),
      trace: hex(this.#digest.digest()),
      events: checked.events,
      frames: checked.frames,
      steps: this.#scheduler.steps,
      virtualMs: Math.round(this.#scheduler.elapsedMs),
      faults: this.#counters.faults,
      seen: this.#counters.seen,
    };
  }

  /** Nothing that comes later can mend it. */
  get #failed(): boolean {
    return this.violations.length > 0;
  }

  /** Whoever distributes requests asks who is ready. */
  reachable(): readonly Process[] {
    const { all, owners } = this.#processes;
    return owners.length > 0 ? owners : all;
  }

  moment(): number {
    return ++this.#moment;
  }

  #trace(line: string): void {
    this.#lines.push(`${this.#scheduler.now} ${line}\n`);
    if (this.#lines.length >= TRACE_LINES) this.#flush();
  }

  #flush(): void {
    this.#digest.update(TEXT.encode(this.#lines.join("")));
    this.#lines = [];
  }

  /** Event time has come to its end: windows that wait for it, or for the clock, have been told. */
  #allEnded(): boolean {
    if (!this.#announcer) return true;
    this.#announcer.end();
    if (!this.#announcer.ended || !allOwned(this.#processes) || !this.#storedTime.ended()) return false;
    const { partitions } = this.#processes.all[0].runtime.status();
    return partitions.every(({ pipeline, keys }) => pipeline === "totals" || keys === 0);
  }

  /** All that was put out has been taken, by the next stage and by the sinks. */
  #allDelivered(): boolean {
    const put = sinksOf(this.#plan).reduce((sum, name) => sum + this.#stored.of(name), 0);
    return this.#delivered() === put && !this.ground.feedsUnderWay() && allOwned(this.#processes);
  }

  #delivered(): number {
    let delivered = 0;
    for (const { outputs } of this.ground.sinks.values()) delivered += outputs.length;
    return delivered;
  }

  /**
   * Another owner wrote after it and died. Idle, it cannot know: its next append would be fenced. So once no
   * client is left to make it append, its operator restarts it.
   */
  #restartSuperseded(): void {
    if (allAnswered(this.#clients)) {
      for (const process of this.#processes.all) {
        const behind = process.runtime.status().partitions.some(({ pipeline, partition, frame, state }) =>
          state === "serving" && frame < this.ground.store.chain(`${pipeline}-${partition}`).last
        );
        if (behind) this.#processes.crash(process, "superseded");
      }
    }
    this.#scheduler.after(1_000_000, () => this.#restartSuperseded());
  }

  /** Every version of every kernel that ran. */
  async #modules(): Promise<Map<string, KernelModule[]>> {
    const modules = new Map<string, KernelModule[]>();
    for (const { pipelines } of this.#processes.topologies) {
      for (const pipeline of pipelines) {
        const bytes = await kernels(pipeline.kernel);
        const module = await loadKernel(pipeline.kernel, bytes, kernelParams(pipeline));
        modules.set(pipeline.name, [...modules.get(pipeline.name) ?? [], module]);
      }
    }
    return modules;
  }
}
