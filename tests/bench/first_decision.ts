/** From the start of the process `millrace start` to its first decision over HTTP, caches warm. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/nats.ts";
import { median } from "./measure.ts";

const MAIN = fileURLToPath(new URL("../../deploy/millrace.ts", import.meta.url));
const RUNTIME = "Deno" in globalThis ? ["run", "--allow-all", "--no-check", MAIN] : [MAIN];
const ROUNDS = 5;
const PATIENCE_MS = 30_000;

export interface StartBench {
  readonly firstDecisionMs: number;
  readonly rounds: readonly number[];
  readonly conditions: string;
}

export async function benchStart(): Promise<StartBench> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) rounds.push(Math.round(await once()));
  rounds.shift(); // the first one warms the caches
  return {
    firstDecisionMs: median(rounds),
    rounds,
    conditions:
      `median of ${ROUNDS}: spawn of \`millrace start\` on a new SQLite ledger to the answer of POST ` +
      "/v1/fraud/decide, asked every 5 ms",
  };
}

async function once(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-start-"));
  const port = await freePort();
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [...RUNTIME, "start", "--data", folder, "--http-port", String(port)],
    {
      stdio: "ignore",
    },
  );
  try {
    while (performance.now() - began < PATIENCE_MS) {
      if (await decided(port)) return performance.now() - began;
      await new Promise((resume) => setTimeout(resume, 5));
    }
    throw new Error(`Cannot measure the start: no decision within ${PATIENCE_MS} ms`);
  } finally {
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    await rm(folder, { recursive: true, force: true });
  }
}

async function decided(port: number): Promise<boolean> {
  const payment = {
    card: "4000000000000001",
    bin: "400000",
    amount: 100,
    currency: "INR",
    at: Date.now() * 1000,
  };
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/fraud/decide`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ payment: { ...payment, merchant: "m" } }),
    });
    await answer.body?.cancel();
    return answer.status === 200;
  } catch {
    return false;
  }
}
