/** Recovery: a state of a million keys from a checkpoint, a tail of a million events from the ledger. */
import { systemClock } from "../../runtime/adapters/clock.ts";
import type { Road } from "../../runtime/pipeline.ts";
import { engine, place, push } from "./engine.ts";
import { Payments } from "./payments.ts";

export interface RecoveryBench {
  /** From `start` to serving, with another owner to take over from. */
  readonly seconds: number;
  readonly tailEvents: number;
  /** Longest the partition was held by a checkpoint under load. */
  readonly checkpointStallMs: number;
  readonly stateMiB: number;
  readonly conditions: string;
}

const CHECKPOINT_WAIT_MS = 60_000;

export async function benchRecovery(keys = 1_000_000, tail = 1_000_000): Promise<RecoveryBench> {
  const at = await place("sqlite");
  const payments = new Payments(keys, keys + tail, systemClock().now());
  const next = () => payments.next();
  const before = await engine(at, { checkpointEvents: keys });
  try {
    await push(before.runtime, next, keys);
    // The tail goes in while the checkpoint is taken: that is when a stall would show.
    await push(before.runtime, next, tail - 1);
    const partition = (before.runtime as Road).partitions()[0];
    const until = performance.now() + CHECKPOINT_WAIT_MS;
    while (partition.status().checkpointFrame === 0 && performance.now() < until) {
      await new Promise((resume) => setTimeout(resume, 10));
    }
    const began = performance.now();
    const successor = await engine(at);
    const seconds = (performance.now() - began) / 1000;
    const [status] = successor.runtime.status().partitions;
    await successor.stop();
    return {
      seconds: Math.round(seconds * 1000) / 1000,
      tailEvents: status.recovery?.events ?? 0,
      checkpointStallMs: Math.round(partition.longestStallMicros / 10) / 100,
      stateMiB: Math.round(status.stateBytes / 2 ** 20),
      conditions:
        `fraud, ${keys} cards in the checkpoint, SQLite process durability, one takeover; stall: longest of ` +
        "all slices while events went on",
    };
  } finally {
    await before.stop().catch(() => {});
    await at.remove();
  }
}
