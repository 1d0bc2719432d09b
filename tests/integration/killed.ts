/** Keeps a child runtime under load, kills things under it, and checks afterwards what it acknowledged. */
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
import { checkTold, readHistory, recount } from "../simulation/check.ts";
import type { Planned, Told } from "../simulation/clients.ts";

const PARTITIONS = 2;
const pipeline = { ...tally, partitions: PARTITIONS };
export const TOPOLOGY: Topology = { pipelines: [pipeline] };

/** Events under way at once. */
const WINDOW = 200;
const RETRY_MS = 20;
const START_MS_MAX = 60_000;
const DRAIN_MS_MAX = 60_000;

export class Killed {
  readonly told: Told[] = [];
  readonly planned: Planned[] = [];
  readonly #config: LedgerConfig;
  readonly #random: Seeded;
  readonly #waiting = new Map<string, Planned>();
  #child: ChildProcess | undefined;
  #moment = 0;
  #offering = false;

  constructor(config: LedgerConfig, random: Seeded) {
    this.#config = config;
    this.#random = random;
  }

  /** Starts the child and goes on with the load: what was not answered is asked again first. */
  async start(): Promise<void> {
    const own = fileURLToPath(new URL("./child.ts", import.meta.url));
    const deno = "Deno" in globalThis ? ["run", "--allow-all", "--quiet"] : [];
    const child = spawn(process.execPath, [...deno, own, JSON.stringify(this.#config)], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    child.stdin!.on("error", () => {}); // it was killed while we wrote
    let said = "";
    child.stderr!.on("data", (chunk) => (said = (said + chunk).slice(-4000)));
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the child does not serve:\n${said}`)), START_MS_MAX);
      child.once("exit", (code) => {
        clearTimeout(late);
        reject(new Error(`the child ended with ${code}:\n${said}`));
      });
      createInterface({ input: child.stdout! }).on("line", (line) => {
        if (line === "ready") {
          clearTimeout(late);
          resolve();
        } else this.#heard(line);
      });
    });
    this.#offering = true;
    for (const event of this.#waiting.values()) this.#send(event);
    this.#fill();
  }

  /** kill -9, and until it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  /** Lets it work until so many more were answered. */
  async answered(more: number): Promise<void> {
    const target = this.told.length + more;
    await this.#until(() => this.told.length >= target, `${more} more answers`);
  }

  /** No new events; until every one is answered. */
  async drain(): Promise<void> {
    this.#offering = false;
    await this.#until(() => this.#waiting.size === 0, "the last answers");
  }

  /** Nothing lost, nothing doubled, in order, and replay equal byte for byte. Returns the events counted. */
  async verify(): Promise<number> {
    const ledger = await openLedger(this.#config);
    const violations: string[] = [];
    try {
      const module = await loadKernel("tally", await readKernel("tally"), kernelParams(pipeline));
      const chains = await Promise.all(
        Array.from({ length: PARTITIONS }, (_, i) => ledger.open(`tally-${i}`)),
      );
      const history = await readHistory(pipeline, module, chains, violations);
      recount("tally", history, violations);
      checkTold(history, this.told, [this.planned], violations);
      assert.deepEqual(violations, []);
      assert.equal(history.recorded.length, this.planned.length);
      return history.recorded.length;
    } finally {
      await ledger.close();
    }
  }

  #fill(): void {
    while (this.#offering && this.#waiting.size < WINDOW) {
      const id = `e${this.planned.length}`;
      const key = `k${this.#random.int(0, 49)}`;
      const amount = BigInt(this.#random.int(1, 1000));
      const event: Planned = { id, key, amount, note: "", offeredAt: ++this.#moment, answeredAt: 0 };
      this.planned.push(event);
      this.#waiting.set(id, event);
      this.#send(event);
    }
  }

  #send({ id, key, amount }: Planned): void {
    this.#child?.stdin?.write(`${id} ${key} ${amount}\n`);
  }

  #heard(line: string): void {
    const [word, id, place, reply, duplicate] = line.split(" ");
    const event = this.planned[Number(id.slice(1))];
    if (word === "again") {
      setTimeout(() => this.#waiting.has(id) && this.#send(event), RETRY_MS);
      return;
    }
    const [partition, frame, index] = place.split(".").map(Number);
    const answer = Uint8Array.from(reply.match(/../g) ?? [], (pair) => parseInt(pair, 16));
    this.told.push({
      event,
      position: { partition, frame, event: index },
      answer,
      duplicate: duplicate === "true",
    });
    event.answeredAt ||= ++this.#moment;
    this.#waiting.delete(id);
    this.#fill();
  }

  async #until(met: () => boolean, what: string): Promise<void> {
    const end = Date.now() + DRAIN_MS_MAX;
    while (!met()) {
      if (Date.now() > end) {
        throw new Error(
          `Cannot go on: ${what} did not come within ${DRAIN_MS_MAX} ms; ${this.#waiting.size} wait`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
