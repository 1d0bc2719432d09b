/**
 * A system under load: runtimes as processes of their own on one ledger, and a client that offers events, asks
 * again what was not answered, repeats some of what was, and notes everything it is told. Tests kill, pause and
 * damage things under it, and `accounts` says afterwards what became of what was acknowledged.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { tally } from "../../actors/tally/tally.ts";
import type { Seeded } from "../../actors/random.ts";
import type { LedgerConfig } from "../../deploy/config.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { openLedger } from "../../deploy/world.ts";
import { kernelParams, loadKernel, type Topology } from "../../runtime/mod.ts";
import { account, type Accounts, type Planned, type Told } from "./acknowledged.ts";

const PARTITIONS = 2;
const pipeline = { ...tally, partitions: PARTITIONS };
export const TOPOLOGY: Topology = { pipelines: [pipeline] };

export const CONFIG = {
  durability: "process",
  natsUrl: "",
  natsCredentials: "",
  natsSync: "default",
  prefix: "millrace",
  logLevel: "silent",
  data: "",
} as unknown as LedgerConfig;

export interface SystemOptions {
  /** Distinct keys of the events. */
  readonly keys?: number;
  /** Events under way at once. */
  readonly window?: number;
  /** Chance that an event that was answered is offered once more, with the same id. */
  readonly repeats?: number;
  /** What a runtime does that another one fenced off. */
  readonly onFenced?: "stop" | "retake";
  /** A command line that runtimes are started through. */
  readonly through?: readonly string[];
}

const RETRY_MS = 20;
const ASKED_ALSO = 20;
const START_MS_MAX = 60_000;
const WAIT_MS_MAX = 120_000;
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A runtime's process. */
export interface Owner {
  /** What it wrote to standard error, the end of it. */
  said(): string;
  kill(): Promise<void>;
  /** Resolves when the process has ended by itself. */
  ended(): Promise<void>;
  readonly pid: number;
  /** Stops the process where it is, and lets it go on. */
  pause(): void;
  resume(): void;
}

export interface Standby extends Owner {
  /** Resolves when it has taken over; rejects when it ends before. */
  readonly serves: Promise<void>;
}

interface RunningOwner extends Standby {
  readonly child: ChildProcess;
  /** Resolves when a standby has what the ledger has. */
  readonly follows: Promise<void>;
}

export class System {
  readonly told: Told[] = [];
  readonly planned: Planned[] = [];
  readonly #random: Seeded;
  readonly #options: Required<SystemOptions>;
  readonly #waiting = new Map<string, Planned>();
  readonly #all: Owner[] = [];
  #owner: RunningOwner | undefined;
  #moment = 0;
  #offering = false;

  constructor(readonly config: LedgerConfig, random: Seeded, options: SystemOptions = {}) {
    this.#random = random;
    this.#options = { keys: 50, window: 200, repeats: 0.05, onFenced: "retake", through: [], ...options };
  }

  /** Starts a runtime, sends the load there, and first of all what was not answered. Resolves once it serves. */
  async start(config: Partial<LedgerConfig> = {}): Promise<Owner> {
    const owner = this.#spawn("serve", { ...this.config, ...config });
    await owner.serves;
    return this.#load(owner);
  }

  /** A runtime that takes over from the owner there is, and may have to wait for it: see `tookOver`. */
  successor(): Standby {
    return this.#spawn("serve");
  }

  /** A process that follows the owner's ledger, and takes over when that one is gone. */
  async standby(config: Partial<LedgerConfig> = {}): Promise<Standby> {
    const standby = this.#spawn("standby", { ...this.config, ...config });
    await standby.follows;
    return standby;
  }

  /** Waits until a standby or a successor serves, and sends the load there. */
  async tookOver(standby: Standby): Promise<Owner> {
    await standby.serves;
    return this.#load(standby as RunningOwner);
  }

  #load(owner: RunningOwner): Owner {
    this.#owner = owner;
    this.#offering = true;
    for (const event of this.#waiting.values()) this.#send(event);
    this.#fill();
    return owner;
  }

  #spawn(mode: "serve" | "standby", config = this.config): RunningOwner {
    const own = fileURLToPath(new URL("./child.ts", import.meta.url));
    const deno = "Deno" in globalThis ? ["run", "--allow-all", "--quiet"] : [];
    const args = [...deno, own, JSON.stringify(config), this.#options.onFenced, mode];
    const [command, ...rest] = [...this.#options.through, process.execPath, ...args];
    const child = spawn(command, rest, { stdio: ["pipe", "pipe", "pipe"] });
    running.add(child);
    child.once("exit", () => running.delete(child));
    child.stdin!.on("error", () => {}); // it was killed while we wrote
    let said = "";
    child.stderr!.on("data", (chunk) => (said = (said + chunk).slice(-8000)));
    const awaited = new Map<string, () => void>();
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const met = awaited.get(line);
      if (met) met();
      else this.#heard(line);
    });
    const says = (line: string, withinMs = START_MS_MAX) =>
      new Promise<void>((resolve, reject) => {
        const late = setTimeout(
          () => reject(new Error(`the runtime does not say ${line}:\n${said}`)),
          withinMs,
        );
        const gone = (code: number | null) => {
          clearTimeout(late);
          reject(new Error(`the runtime ended with ${code}:\n${said}`));
        };
        child.once("exit", gone);
        awaited.set(line, () => {
          clearTimeout(late);
          child.off("exit", gone);
          resolve();
        });
      });
    const serves = says("ready", mode === "standby" ? WAIT_MS_MAX : START_MS_MAX);
    serves.catch(() => {}); // a standby that is never needed
    const follows = mode === "standby" ? says("standby") : Promise.resolve();
    const owner: RunningOwner = {
      child,
      serves,
      follows,
      said: () => said,
      pid: child.pid!,
      async ended() {
        if (child.exitCode === null && child.signalCode === null) {
          await new Promise((resolve) => child.once("exit", resolve));
        }
      },
      async kill() {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await gone;
      },
      // By its id: Deno's own `kill` takes the first signal for the last one.
      pause: () => void process.kill(child.pid!, "SIGSTOP"),
      resume: () => void process.kill(child.pid!, "SIGCONT"),
    };
    this.#all.push(owner);
    return owner;
  }

  /** kill -9 of the runtime that has the load, and until it is gone. */
  async kill(): Promise<void> {
    await this.#owner?.kill();
    this.#owner = undefined;
  }

  /** kill -9 of all runtimes that were ever started here. */
  async end(): Promise<void> {
    await Promise.all(this.#all.map((each) => each.kill()));
    this.#owner = undefined;
  }

  /** Until a runtime, the one that has the load, says so in its log. */
  async says(what: RegExp, owner: Owner | undefined = this.#owner): Promise<void> {
    await this.#until(() => what.test(owner?.said() ?? ""), String(what));
  }

  /** Lets it work until so many more answers came. */
  async answered(more: number): Promise<void> {
    const target = this.told.length + more;
    await this.#until(() => this.told.length >= target, `${more} more answers`);
  }

  /** No new events; until every one is answered. */
  async drain(): Promise<void> {
    this.#offering = false;
    await this.#until(() => this.#waiting.size === 0, "the last answers");
  }

  /** What became of what was acknowledged; the runtimes must be gone. */
  async accounts(natsUrl = this.config.natsUrl): Promise<Accounts> {
    const ledger = await openLedger({ ...this.config, natsUrl });
    try {
      const module = await loadKernel("tally", await readKernel("tally"), kernelParams(pipeline));
      const chains = await Promise.all(
        Array.from({ length: PARTITIONS }, (_, i) => ledger.open(`tally-${i}`)),
      );
      return await account(chains, module, this.planned, this.told);
    } finally {
      await ledger.close();
    }
  }

  /** Drains, ends the runtime, and insists that nothing acknowledged was lost, doubled, reordered or changed. */
  async settle(natsUrl = this.config.natsUrl): Promise<Accounts> {
    await this.drain();
    await this.kill();
    const accounts = await this.accounts(natsUrl);
    const { lost, duplicated, outOfOrder, different, details } = accounts;
    assert.deepEqual({ lost, duplicated, outOfOrder, different, details }, {
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      different: 0,
      details: [],
    });
    assert.equal(accounts.events, this.planned.length);
    return accounts;
  }

  #fill(): void {
    while (this.#offering && this.#waiting.size < this.#options.window) {
      const id = `e${this.planned.length}`;
      const key = `k${this.#random.int(0, this.#options.keys - 1)}`;
      const amount = BigInt(this.#random.int(1, 1000));
      const event: Planned = { id, key, amount, offeredAt: ++this.#moment, answeredAt: 0 };
      this.planned.push(event);
      this.#waiting.set(id, event);
      this.#send(event);
    }
  }

  /** Asks another runtime than the one that has the load for the newest events once more. */
  askAlso(owner: Owner): void {
    for (const event of this.planned.slice(-ASKED_ALSO)) this.#send(event, owner as RunningOwner);
  }

  #send({ id, key, amount }: Planned, owner = this.#owner): void {
    owner?.child.stdin?.write(`${id} ${key} ${amount}\n`);
  }

  #heard(line: string): void {
    const [word, id, position, reply] = line.split(" ");
    const event = this.planned[Number(id.slice(1))];
    if (word === "again") {
      setTimeout(() => this.#waiting.has(id) && this.#send(event), RETRY_MS);
      return;
    }
    const bytes = Uint8Array.from(reply.match(/../g) ?? [], (pair) => parseInt(pair, 16));
    this.told.push({ event, position, reply: bytes });
    event.answeredAt ||= ++this.#moment;
    this.#waiting.delete(id);
    if (this.#random.chance(this.#options.repeats)) this.#send(event);
    this.#fill();
  }

  async #until(met: () => boolean, what: string): Promise<void> {
    const end = Date.now() + WAIT_MS_MAX;
    while (!met()) {
      if (Date.now() > end) {
        throw new Error(
          `Cannot go on: ${what} did not come within ${WAIT_MS_MAX} ms; ${this.#waiting.size} wait. The runtime ` +
            `said:\n${this.#owner?.said()}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

/** How much a test does: `gate` on every change, more where MILLRACE_LONG says so (kills, cases, rounds). */
export function amount(gate: number): number {
  const long = Number(process.env.MILLRACE_LONG ?? 0);
  return Number.isInteger(long) && long > gate ? long : gate;
}
