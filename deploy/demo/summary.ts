/** What the demo says at the end: for a reader, and as one JSON object of a fixed shape. */
import type { Status } from "../../runtime/mod.ts";
import type { DemoOptions } from "../commands/demo.ts";
import { batches } from "./batch.ts";
import { bytes, count, micros, rupees, span } from "./figures.ts";
import type { Numbers } from "./numbers.ts";
import { ATTACK_PER_MINUTE, ATTACK_RUPEES_MINOR } from "./story.ts";

export interface Stock {
  readonly numbers: Numbers;
  readonly elapsedMs: number;
  /** Time of day when the story began. */
  readonly storyOpenedMs: number;
  readonly status: Status;
  /** What went wrong with a partition, such as another process taking it over. */
  readonly trouble: readonly string[];
  readonly options: DemoOptions;
  /** Events found in the ledger: a payment stands in two chains. */
  readonly checked: number;
  readonly lost: number;
  readonly duplicated: number;
}

export function printSummary(stock: Stock, out: (line: string) => void): void {
  const { numbers, elapsedMs } = stock, { attack, decide, durable } = numbers;
  const seconds = elapsedMs / 1_000;
  out("");
  out(
    `${count(numbers.events)} events and ${count(numbers.decisions)} decisions in ${seconds.toFixed(1)} s ` +
      `(${count(numbers.decisions / seconds)}/s): ${count(numbers.approved)} approved, ` +
      `${count(numbers.reviewed)} to review, ${count(numbers.declined)} declined; ` +
      `${count(numbers.rejected)} events rejected.`,
  );
  out(
    `Decided in ${micros(decide.getValueAtPercentile(50))} (p99 ${
      micros(decide.getValueAtPercentile(99))
    }), ` +
      `durable in ${micros(durable.getValueAtPercentile(50))} (p99 ${
        micros(durable.getValueAtPercentile(99))
      }), ` +
      `from the moment an event was offered.`,
  );
  if (attack.startedAtMs !== null && attack.blockedAtMs !== null) {
    out(
      `The attack was blocked ${span(attack.blockedAtMs - attack.startedAtMs)} after its first payment; ` +
        `${attack.letThrough} payments (${rupees(attack.letThroughMinor)}) went through, ` +
        `${attack.reviewed} were held for review, ${attack.declined} declined.`,
    );
    out(batchLine(stock.storyOpenedMs + attack.startedAtMs));
  } else out("The attack was not blocked within this run.");
  out(
    `Looked up in the ledger: ${
      count(stock.checked)
    } records, ${stock.lost} lost, ${stock.duplicated} duplicated.`,
  );
  const written = stock.status.partitions.reduce((sum, { counts }) => sum + counts.frameBytes, 0);
  if (stock.options.ledger === "sqlite") {
    out(
      `The ledger is kept in ${stock.options.data} (this run wrote ${
        bytes(written)
      }); remove the folder to begin anew.`,
    );
  }
}

/** "An hourly batch would have let 1,199 (₹2,39,78,801) through, …" */
function batchLine(startedAtMs: number): string {
  const attack = { startedAtMs, perMinute: ATTACK_PER_MINUTE, amountMinor: ATTACK_RUPEES_MINOR };
  const each = batches(attack).map(({ name, payments, minor }) =>
    `a ${name} ${count(payments)} (${rupees(minor)})`
  );
  return `By its next run ${each.join(", ").replace("a hourly", "an hourly")} would have gone through.`;
}

export function summaryJson(stock: Stock): string {
  const { attack, decide, durable, events, decisions, declined } = stock.numbers;
  const { startedAtMs, blockedAtMs } = attack;
  const between = startedAtMs === null || blockedAtMs === null ? null : blockedAtMs - startedAtMs;
  return JSON.stringify({
    events,
    decisions,
    declined,
    attack: { startedAtMs, blockedAtMs, firstTransactionToBlockMs: between },
    decideUs: { p50: decide.getValueAtPercentile(50), p99: decide.getValueAtPercentile(99) },
    durableMs: {
      p50: durable.getValueAtPercentile(50) / 1_000,
      p99: durable.getValueAtPercentile(99) / 1_000,
    },
    lost: stock.lost,
    duplicated: stock.duplicated,
  });
}
