/** Verification: how many events a core proves in a second, over a ledger as payments leave it. */
import { systemClock } from "../../runtime/adapters/clock.ts";
import { fraud } from "../../actors/payments/payments.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { openWorld } from "../../deploy/world.ts";
import { kernelParams, loadKernel, verifyChain } from "../../runtime/mod.ts";
import { engine, place, push } from "./engine.ts";
import { Payments } from "./payments.ts";

export interface VerifyBench {
  readonly eventsPerSecond: number;
  /** The same chain without its effects: reading, hashes and links alone. */
  readonly chainOnlyEventsPerSecond: number;
  readonly events: number;
  readonly ledgerMiB: number;
  readonly conditions: string;
}

export async function benchVerify(events = 1_000_000, cards = 100_000): Promise<VerifyBench> {
  const at = await place("sqlite");
  try {
    const payments = new Payments(cards, events, systemClock().now());
    const writer = await engine(at, { checkpointEvents: 1_000_000_000 });
    await push(writer.runtime, () => payments.next(), events);
    const bytes = writer.runtime.status().partitions[0].counts.frameBytes;
    await writer.stop();
    const world = await openWorld(at.config);
    const chain = await world.ledger.open("fraud-0");
    const module = await loadKernel(fraud.kernel, await readKernel(fraud.kernel), kernelParams(fraud));
    const measure = async (kernel: typeof module | undefined) => {
      const began = performance.now();
      const verified = await verifyChain(chain, kernel);
      if (verified.findings.length > 0) throw new Error(verified.findings[0].detail);
      return Math.round(verified.events * 1000 / (performance.now() - began));
    };
    await measure(module);
    const eventsPerSecond = await measure(module);
    const chainOnlyEventsPerSecond = await measure(undefined);
    await world.close();
    return {
      eventsPerSecond,
      chainOnlyEventsPerSecond,
      events,
      ledgerMiB: Math.round(bytes / 2 ** 20),
      conditions: `fraud, ${cards} cards, SQLite, one core, second of two runs`,
    };
  } finally {
    await at.remove();
  }
}
