/**
 * The whole road: encode → partition → kernel → durable frame → released effects. One partition, one core for
 * the engine; the server of the JetStream ledger runs beside it.
 */
import { systemClock } from "../../runtime/adapters/clock.ts";
import { engine, place, push } from "./engine.ts";
import { median } from "./measure.ts";
import { Payments } from "./payments.ts";

export interface PipelineBench {
  readonly perSecond: number;
  /** Of every round, so that a reader sees the spread; the figure is their median. */
  readonly rounds: readonly number[];
  readonly bytesPerEvent: number;
  readonly conditions: string;
}

const ROUNDS = 5;

export async function benchPipeline(
  ledger: "sqlite" | "jetstream",
  { cards = 1_000_000, events = 1_000_000 }: { cards?: number; events?: number } = {},
): Promise<PipelineBench> {
  const at = await place(ledger);
  const { runtime, stop } = await engine(at);
  try {
    const payments = new Payments(cards, cards + ROUNDS * events, systemClock().now());
    const next = () => payments.next();
    await push(runtime, next, cards);
    const before = runtime.status().partitions[0].counts;
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push(Math.round(events / await push(runtime, next, events)));
    }
    const { counts } = runtime.status().partitions[0];
    const perFrame = Math.round((counts.events - before.events) / (counts.frames - before.frames));
    return {
      perSecond: median(rounds),
      rounds,
      bytesPerEvent: Math.round((counts.frameBytes - before.frameBytes) / (counts.events - before.events)),
      conditions:
        `fraud, ${cards} cards warmed up, median of ${ROUNDS} rounds of ${events} payments, closed loop, ` +
        `1 partition, ${ledger} process durability, ${perFrame} events a frame, checkpoints on`,
    };
  } finally {
    await stop();
    await at.remove();
  }
}
