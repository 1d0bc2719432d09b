/**
 * No late drop goes unrecorded. An event of a window that tells once is counted in it, or has a late record that
 * names this window, with a watermark past its end; never both, never neither. So of each window the count and
 * the records are together the events that the ledger has of it. Of windows that overlap the newest is recorded
 * that took it no more.
 */
import { EVENT_KIND } from "../../../runtime/mod.ts";
import type { Late } from "../../../runtime/proto/gen/frame_pb.ts";
import { floor } from "../../models/aligned.ts";
import { SPANS } from "../timed.ts";
import { readTimed } from "./tally.ts";
import type { TimedHistory } from "./timed_history.ts";
import { REASON } from "./twins.ts";

const EXACT = 1;

export function checkLateness({ name, timed }: TimedHistory, violations: string[]): void {
  const counted = new Map<string, bigint>(), due = new Map<string, bigint>();
  const add = (to: Map<string, bigint>, window: string, n: bigint) =>
    to.set(window, (to.get(window) ?? 0n) + n);
  for (const { entries } of timed) {
    for (const { frame, event, kind, applied, payload, rows, late } of entries) {
      for (const { channel, fields } of rows) {
        if (channel === EXACT) add(counted, `${fields.get(1)} ${fields.get(2)}`, fields.get(4) as bigint);
      }
      if (kind !== EVENT_KIND.EVENT || !applied) {
        if (late.length > 0) {
          violations.push(`lateness: ${frame}.${event} of ${name} is late and does not count`);
        }
        continue;
      }
      const side = (payload[0] >> 3) - 1, { key, at } = readTimed(payload.subarray(2));
      const wrong = late.map((each) => whatIsWrong(each, at)).find((each) => each !== undefined);
      if (wrong) violations.push(`lateness: ${frame}.${event} of ${name}: ${wrong}`);
      if (
        side !== EXACT ||
        late.some(({ operator, reason }) => reason === REASON.farAhead || operator === EXACT)
      ) {
        continue;
      }
      const size = BigInt(SPANS.exact.size);
      add(due, `${key} ${floor(at, size) * size}`, 1n);
    }
  }
  for (const window of new Set([...counted.keys(), ...due.keys()])) {
    const is = counted.get(window) ?? 0n, should = due.get(window) ?? 0n;
    if (is === should) continue;
    violations.push(`lateness: ${name} counts ${is} in window ${window}, and ${should} came in time`);
    return;
  }
}

function whatIsWrong(
  { operator, reason, time, watermark, windowStart, windowEnd }: Late,
  at: bigint,
): string | undefined {
  if (time !== at) return `its record says ${time}, it says ${at}`;
  if (reason !== REASON.closed && reason !== REASON.partly) {
    return reason === REASON.expired && at >= watermark ? `${at} expired at ${watermark}` : undefined;
  }
  const { size, lateness } = operator === EXACT ? { ...SPANS.exact, lateness: 0 } : SPANS.counts;
  if (windowEnd - windowStart !== BigInt(size) || at < windowStart || at >= windowEnd) {
    return `[${windowStart}, ${windowEnd}) is no window of ${at}`;
  }
  return watermark < windowEnd + BigInt(lateness)
    ? `the window that ends at ${windowEnd} still took events at ${watermark}`
    : undefined;
}
