/**
 * Watermarks never go back, as readers see them: in the ledger each is above the one before, no row comes out
 * after event time was told to have passed it, and what a process shows of a partition only rises.
 */
import type { Status } from "../../../runtime/mod.ts";
import type { Process } from "../processes.ts";
import type { Row, TimedHistory } from "./timed_history.ts";

/** Event time of a row of each pipeline, by channel: the last microsecond of its window, or the later of a pair. */
const TIMES: Readonly<Record<string, readonly ((row: Row) => bigint)[]>> = {
  spans: [
    ({ fields }) => fields.get(4) as bigint - 1n,
    ({ fields }) => fields.get(3) as bigint - 1n,
    ({ fields }) => greater(fields.get(2) as bigint, fields.get(3) as bigint),
  ],
  totals: [({ fields }) => fields.get(3) as bigint - 1n, ({ fields }) => fields.get(3) as bigint - 1n],
  pulse: [({ fields }) => fields.get(3) as bigint - 1n],
};

function greater(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function checkWatermarks({ name, pipeline, timed }: TimedHistory, violations: string[]): void {
  const times = TIMES[pipeline.name];
  const late = new Map<number, bigint>();
  let told: bigint | undefined, idle = false;
  for (const { number, entries, advance } of timed) {
    for (const entry of entries) {
      for (const row of entry.rows) {
        const time = times[row.channel](row);
        if (told === undefined || time >= told) continue;
        violations.push(
          `watermarks: frame ${number} of ${name} puts out a row of ${time}, and ${told} was told before`,
        );
        return;
      }
      for (const { operator, watermark } of entry.late) {
        const before = late.get(operator);
        if (before !== undefined && watermark < before) {
          violations.push(
            `watermarks: frame ${number} of ${name} has an event late at ${watermark}, after ${before}`,
          );
          return;
        }
        late.set(operator, watermark);
      }
    }
    if (!advance) continue;
    if (told !== undefined && (advance.time < told || (advance.time === told && advance.idle === idle))) {
      violations.push(`watermarks: frame ${number} of ${name} tells ${advance.time} after ${told}`);
      return;
    }
    told = advance.time;
    idle = advance.idle;
  }
}

/** What a process shows now, and what it showed before. */
export function checkShownWatermarks(
  { index, watermarks }: Process,
  { partitions }: Status,
  violations: string[],
): void {
  for (const { pipeline, partition, watermark } of partitions) {
    if (watermark === undefined) continue;
    const name = `${pipeline}-${partition}`, before = watermarks.get(name);
    if (before !== undefined && watermark < before) {
      violations.push(`watermarks: process ${index} shows ${watermark} of ${name}, after ${before}`);
    }
    watermarks.set(name, watermark);
  }
}
