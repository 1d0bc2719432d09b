/** Failover on one machine: the owner is killed under load, another process serves, with 100 k keys of state. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { place } from "./engine.ts";

export interface FailoverBench {
  /** A standby finds out by itself that the owner is gone. */
  readonly standby: Failovers;
  /** The other process is started when the owner is gone: what a service manager does. */
  readonly cold: Failovers;
  readonly conditions: string;
}

export interface FailoverOptions {
  readonly ledger?: "jetstream" | "sqlite";
  readonly kills?: number;
  /** Of the runs in which the other process is started only then. Default: as many. */
  readonly coldKills?: number;
  readonly keys?: number;
}

/** From the kill to the first durable decision of the other process, milliseconds. */
export interface Failovers {
  readonly kills: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const CHECKPOINT_EVENTS = 50_000;
/** Long enough for a checkpoint that is due to be taken. */
const BETWEEN_MS = 1_000;

export async function benchFailover(
  { ledger = "jetstream", kills = 50, coldKills = kills, keys = 100_000 }: FailoverOptions = {},
): Promise<FailoverBench> {
  const at = await place(ledger);
  const config = JSON.stringify({ ...at.config, keys, checkpointEvents: CHECKPOINT_EVENTS });
  try {
    await ended(launch(config, "fill"));
    const standby = await failovers(config, kills, "standby");
    const cold = await failovers(config, coldKills, "cold");
    return {
      standby,
      cold,
      conditions:
        `fraud, ${keys} cards, ${ledger} R1 process, killed under 10 k payments/s, checkpoints every ` +
        `${CHECKPOINT_EVENTS} events; standby: a process that follows the ledger and finds out by itself`,
    };
  } finally {
    await at.remove();
  }
}

async function failovers(config: string, kills: number, mode: "standby" | "cold"): Promise<Failovers> {
  const times: number[] = [];
  let owner = launch(config, "cold");
  await said(owner, /^answered decided/);
  for (let kill = 0; kill < kills; kill++) {
    const waiting = mode === "standby" ? launch(config, "standby") : undefined;
    if (waiting) await said(waiting, /^standby/);
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS * (0.5 + Math.random())));
    const began = performance.now();
    owner.kill("SIGKILL");
    owner = waiting ?? launch(config, "cold");
    await said(owner, /^answered decided/);
    times.push(performance.now() - began);
  }
  owner.kill("SIGKILL");
  await ended(owner);
  times.sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round(times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)]);
  return { kills, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

function launch(config: string, mode: "standby" | "cold" | "fill"): ChildProcess {
  const own = fileURLToPath(new URL("./failover_owner.ts", import.meta.url));
  const deno = "Deno" in globalThis ? ["run", "--allow-all", "--no-check", "--quiet"] : [];
  return spawn(process.execPath, [...deno, own, config, mode], { stdio: ["pipe", "pipe", "inherit"] });
}

function said(child: ChildProcess, what: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout! });
    const gone = (code: number | null) => reject(new Error(`the process ended with ${code} before ${what}`));
    child.once("exit", gone);
    lines.on("line", (line) => {
      if (!what.test(line)) return;
      child.off("exit", gone);
      lines.close();
      resolve();
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}
