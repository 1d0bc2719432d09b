/**
 * One simulation: clients, one or more processes that each run the real `start` in a world with faults, and
 * crashes between any two steps. Then faults end, everybody must come to an end (liveness), and the ledger is
 * checked against what was told (safety). A seed fixes everything.
 */
import { type Seeded, seeded } from "../../actors/random.ts";
import { tallyThatTraps } from "../../actors/tally/tally.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { memoryLedger, MemoryStore } from "../../runtime/adapters/memory/ledger.ts";
import { systemClock } from "../../runtime/adapters/clock.ts";
import {
  decodeFrame,
  EFFECT_KIND,
  EffectCursor,
  kernelParams,
  loadKernel,
  type Output,
  type PartitionStatus,
  type Pipeline,
  start,
  type Topology,
} from "../../runtime/mod.ts";
import { hex, sha256Stream } from "../../runtime/hash.ts";
import { second } from "../support/tally.ts";
import { keyBytes, tallyState } from "../support/world.ts";
import {
  checkFed,
  checkOutputs,
  checkTold,
  type History,
  readHistory,
  recount,
  type Totals,
} from "./check.ts";
import { Client, type Market, type Process, type Told } from "./clients.ts";
import { Counters, drawFaults, type Faults, NO_FAULTS } from "./faults.ts";
import { Scheduler } from "./scheduler.ts";
import { type Ground, SimWorld, type WorldVariant } from "./world.ts";

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
}

export interface SimulateOptions {
  readonly variant?: WorldVariant;
}

const PIPELINES = {
  tally: { ...tallyThatTraps("poison"), partitions: 2 },
  second: { ...second, partitions: 2 },
};
/** Ids are remembered for longer than all clock jumps together. */
const DEDUPE = { windowMs: 365 * 86_400_000, idsMax: 100_000 };
const SAFETY_MS = 60_000;
const LIVENESS_MS = 120_000;
const HOUR = 3_600_000_000;
const JUMPS = [HOUR, -HOUR, HOUR / 12, -HOUR / 12, 7_000, -7_000];

/** Read once: the same bytes for all processes of all seeds. */
const kernelBytes = new Map<string, Promise<Uint8Array>>();
function kernels(name: string): Promise<Uint8Array> {
  if (!kernelBytes.has(name)) kernelBytes.set(name, readKernel(name));
  return kernelBytes.get(name)!;
}

export async function simulate(seed: number, options: SimulateOptions = {}): Promise<Report> {
  const simulation = new Simulation(seed, options);
  await simulation.run();
  return await simulation.report();
}

class Simulation implements Market {
  readonly ground: Ground;
  readonly told: Told[] = [];
  readonly violations: string[] = [];
  readonly #seed: number;
  readonly #random: Seeded;
  readonly #scheduler = new Scheduler();
  readonly #counters = new Counters();
  readonly #digest = sha256Stream();
  readonly #topology: Topology;
  readonly #retake: boolean;
  readonly #checkpointEvents: number;
  readonly #restartsMax: number;
  readonly #clients: Client[];
  readonly #outputs: Output[] = [];
  #processes: Process[] = [];
  #starting = 0;
  #born = 0;
  #moment = 0;
  #settling = false;

  constructor(seed: number, options: SimulateOptions) {
    const random = seeded(`simulation ${seed}`);
    this.#seed = seed;
    this.#random = random;
    this.ground = {
      scheduler: this.#scheduler,
      store: new MemoryStore(),
      blobs: new Map(),
      counters: this.#counters,
      variant: options.variant ?? {},
      faults: drawFaults(random.fork("faults")),
      trace: (line) => this.#trace(line),
    };
    this.#retake = random.chance(0.3);
    this.#checkpointEvents = random.pick([20, 50, 200, 100_000]);
    this.#restartsMax = random.pick([10, 1000]);
    this.#topology = {
      pipelines: Object.values(PIPELINES).map((each) => ({ ...each, dedupe: DEDUPE })),
      feeds: [{ from: "tally", to: "second" }],
    };
    const count = random.int(2, 6);
    this.#clients = Array.from(
      { length: count },
      (_, i) => new Client(this, random.fork(`client ${i}`), i, random.int(20, 120)),
    );
  }

  async run(): Promise<void> {
    await this.#spawn();
    for (const client of this.#clients) client.begin();
    this.#chaos();
    const finished = () => this.#clients.every((client) => client.done);
    await this.#scheduler.run(finished, SAFETY_MS);
    this.#counters.counts.unfinishedUnderFaults = finished() ? 0 : 1;
    this.ground.faults = NO_FAULTS;
    this.#settling = true;
    for (const { world } of this.#processes) world.thaw();
    this.#keepAlive();
    const alive = await this.#scheduler.run(() => finished() && this.#fedAll(), SAFETY_MS + LIVENESS_MS);
    if (!alive) {
      const left = this.#clients.flatMap((client) => client.events.filter((event) => !event.answeredAt));
      this.violations.push(`liveness: ${left.length} events unanswered (${left[0]?.id}); ${this.#states()}`);
    }
  }

  async report(): Promise<Report> {
    const { violations } = this;
    const histories = new Map<string, History>();
    const totals = new Map<string, Map<string, Totals>>();
    for (const pipeline of this.#topology.pipelines) {
      const history = await this.#history(pipeline);
      histories.set(pipeline.name, history);
      totals.set(pipeline.name, recount(pipeline.name, history, violations));
      this.#counters.counts.voidFrames = (this.#counters.counts.voidFrames ?? 0) + history.voids;
      for (const hash of history.chainHashes) this.#trace(`chain ${hash}`);
    }
    const tally = histories.get("tally")!, fed = histories.get("second")!;
    checkTold(tally, this.told, this.#clients.map((client) => client.events), violations);
    checkOutputs(fed, this.#outputs, violations);
    checkFed(totals.get("tally")!, totals.get("second")!, violations);
    if (violations.length === 0) await this.#checkServed(tally, totals);
    for (const { world } of this.#processes) world.cut();
    return {
      seed: this.#seed,
      violations: violations.slice(0, 20),
      trace: hex(this.#digest.digest()),
      events: tally.events + fed.events,
      frames: tally.frames + fed.frames,
      steps: this.#scheduler.steps,
      virtualMs: Math.round(this.#scheduler.elapsedMs),
      faults: this.#counters.counts,
    };
  }

  reachable(): readonly Process[] {
    return this.#processes;
  }

  moment(): number {
    return ++this.#moment;
  }

  #trace(line: string): void {
    this.#digest.update(keyBytes(`${this.#scheduler.now} ${line}\n`));
  }

  /** Starts a process on the ledger as it is. */
  async #spawn(): Promise<void> {
    const index = this.#born++;
    const draws = this.#random.fork(`process ${index}`);
    const previous = this.#processes.at(-1)?.world.clockOffset ?? 0;
    const world = new SimWorld(this.ground, draws, previous, (why) => this.#crash(process, why));
    this.#trace(`process ${index} starts`);
    const runtime = await start(this.#topology, world, new AbortController().signal, {
      kernels,
      checkpointEvents: this.#checkpointEvents,
      checkpointsKept: draws.int(1, 3),
      flushBytes: draws.pick([1, 200, 4000]),
      frameBytesMax: draws.pick([12_000, 64_000]),
      mailboxEventsMax: draws.pick([8, 1000]),
      onFenced: this.#retake ? "retake" : "stop",
      intensity: { restartsMax: this.#restartsMax, withinMs: 10_000 },
    });
    const process: Process = { world, runtime };
    this.#processes.push(process);
    runtime.ended.then((error) => {
      if (!world.alive) return;
      this.#counters.hit("escalated");
      this.#trace(`process ${index} ended: ${error?.name}`);
      world.later(0, () => this.#crash(process, "escalation"));
    });
    this.#watchOutputs(process);
  }

  #crash(process: Process, why: string): void {
    const { world } = process;
    if (!world.alive) return;
    world.cut();
    this.#counters.hit("crash");
    this.#trace(`crash: ${why}`);
    this.#checkHealth(process);
    this.#processes = this.#processes.filter((other) => other !== process);
    if (this.#processes.length === 0) this.#spawnLater(this.#random.pick([0, 2_000, 300_000]));
  }

  #spawnLater(micros: number): void {
    this.#starting++;
    this.#scheduler.after(micros, async () => {
      await this.#spawn();
      this.#starting--;
    });
  }

  /** No process may ever find its own ledger damaged: nothing damages it. */
  #checkHealth({ runtime }: Process): void {
    for (const { pipeline, partition, lastError } of runtime.status().partitions) {
      if (lastError && /broken|damaged|differently|Cannot replay|says it is/.test(lastError)) {
        this.violations.push(`${pipeline}-${partition}: ${lastError}`);
      }
    }
  }

  /** Crashes, second owners and clock trouble at random moments, ten times a virtual second. */
  #chaos(): void {
    if (this.#settling) return;
    const random = this.#random, { faults } = this.ground;
    const strikes = (kind: keyof Faults) => random.chance(faults[kind] / 10);
    if (this.#processes.length > 0) {
      const process = random.pick(this.#processes);
      if (strikes("crash")) this.#crash(process, "at random");
      if (strikes("clockJump")) {
        this.#counters.hit("clockJump");
        process.world.jump(random.pick(JUMPS));
      }
      if (strikes("clockFrozen")) {
        this.#counters.hit("clockFrozen");
        process.world.freeze();
        this.#scheduler.after(random.int(0, 3_000_000), () => process.world.thaw());
      }
    }
    if (this.#processes.length === 1 && this.#starting === 0 && strikes("secondOwner")) {
      this.#counters.hit("secondOwner");
      const [older] = this.#processes;
      this.#spawnLater(0);
      this.#scheduler.after(random.int(0, 3_000_000), () => this.#crash(older, "replaced"));
    }
    this.#scheduler.after(random.int(50_000, 150_000), () => this.#chaos());
  }

  /** What an operator's service manager does once the storm is over: one process, a healthy one. */
  #keepAlive(): void {
    if (this.#processes.length > 1) this.#crash(this.#processes[0], "one too many");
    for (const process of this.#processes) {
      const { partitions } = process.runtime.status();
      if (partitions.some(({ state }) => state === "failed")) this.#crash(process, "fenced off for good");
      else if (partitions.some((each) => this.#superseded(each))) this.#crash(process, "superseded");
    }
    this.#scheduler.after(1_000_000, () => this.#keepAlive());
  }

  /**
   * Another owner wrote after it and died. Idle, it cannot know: its next append would be fenced. So once no
   * client is left to make it append, its operator restarts it.
   */
  #superseded({ pipeline, partition, frame }: PartitionStatus): boolean {
    const { messages } = this.ground.store.chain(`${pipeline}-${partition}`);
    return this.#clients.every((client) => client.done) && frame < messages.length;
  }

  #fedAll(): boolean {
    const [process] = this.#processes;
    if (!process || this.#processes.length > 1) return false;
    const { partitions } = process.runtime.status();
    if (partitions.some(({ state }) => state !== "serving")) return false;
    return this.#outputsStored("tally") === this.#outputsTaken();
  }

  /** Outputs that stand in the ledger, counted anew where it grew. */
  readonly #counted = new Map<string, { frames: number; outputs: number; epoch: number; voided: boolean }>();
  #outputsStored(pipeline: string): number {
    let outputs = 0;
    for (let partition = 0; partition < 2; partition++) {
      const name = `${pipeline}-${partition}`;
      const { messages } = this.ground.store.chain(name);
      const known = this.#counted.get(name) ?? { frames: 0, outputs: 0, epoch: 0, voided: false };
      for (; known.frames < messages.length; known.frames++) {
        const frame = decodeFrame(messages[known.frames], "a stored frame");
        known.voided = frame.epoch < known.epoch || (known.voided && frame.epoch === known.epoch);
        if (known.voided) continue;
        known.epoch = frame.epoch;
        known.outputs += countOutputs(frame.effects);
      }
      this.#counted.set(name, known);
      outputs += known.outputs;
    }
    return outputs;
  }

  /** The second pipeline puts out one for each it took. */
  #outputsTaken(): number {
    return this.#outputsStored("second");
  }

  async #watchOutputs({ world, runtime }: Process): Promise<void> {
    const from = world.draws.pick(["start", "now"] as const);
    while (world.alive) {
      try {
        for await (const output of runtime.outputs("second", from, new AbortController().signal)) {
          if (!world.alive) return;
          this.#outputs.push({ ...output, payload: output.payload.slice() });
        }
        return;
      } catch {
        await world.wait(10_000); // the ledger went away during a read
      }
    }
  }

  async #history(pipeline: Pipeline): Promise<History> {
    const module = await loadKernel(
      pipeline.kernel,
      await kernels(pipeline.kernel),
      kernelParams(pipeline),
    );
    const ledger = memoryLedger({ clock: systemClock(), store: this.ground.store });
    const names = Array.from({ length: pipeline.partitions ?? 1 }, (_, i) => `${pipeline.name}-${i}`);
    const chains = await Promise.all(names.map((name) => ledger.open(name)));
    return readHistory(pipeline, module, chains, this.violations);
  }

  /** What the last process says of every key, and of the dead letters. */
  async #checkServed(tally: History, totals: Map<string, Map<string, Totals>>): Promise<void> {
    const [process] = this.#processes;
    this.#checkHealth(process);
    const { runtime } = process;
    let checked = false;
    const check = async () => {
      for (const [name, keys] of totals) {
        for (const [key, total] of keys) {
          const state = tallyState(await this.#ask(process, name, key));
          if (state?.count === total.count && state.sum === total.sum) continue;
          this.violations.push(`${name}: ${key} is served as ${state?.count}/${state?.sum}`);
        }
      }
      const letters = await runtime.deadLetters("tally", { limit: 10_000 });
      const rejects = tally.recorded.filter(({ answer }) => typeof answer === "number").length;
      if (letters.length !== rejects) {
        this.violations.push(`${letters.length} dead letters are served, the ledger holds ${rejects}`);
      }
      checked = true;
    };
    check().catch((error) => this.violations.push(`query: ${error}`));
    const limit = this.#scheduler.elapsedMs + LIVENESS_MS;
    if (!await this.#scheduler.run(() => checked, limit)) {
      this.violations.push(`queries were not answered; ${this.#states()}`);
    }
  }

  /** A query fails where its partition restarts; whoever asks, asks again. */
  async #ask({ world, runtime }: Process, name: string, key: string): Promise<Uint8Array | undefined> {
    for (;;) {
      try {
        return await runtime.query(name, keyBytes(key));
      } catch {
        await world.wait(10_000);
      }
    }
  }

  #states(): string {
    const process = this.#processes.at(-1);
    if (!process) return "no process";
    return process.runtime.status().partitions.map(({ pipeline, partition, state, lastError }) =>
      `${pipeline}-${partition} ${state}${lastError ? ` (${lastError})` : ""}`
    ).join(", ");
  }
}

function countOutputs(effects: Uint8Array): number {
  const cursor = new EffectCursor(effects);
  let outputs = 0;
  while (cursor.next()) if (cursor.kind === EFFECT_KIND.OUTPUT) outputs++;
  return outputs;
}
