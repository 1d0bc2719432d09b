/**
 * What the same rule would have let through had it run as a batch job: every five minutes, every hour on the
 * hour, every night at two. Each job is assumed to be perfect: it takes no time, sees everything up to the
 * moment it runs, and blocks at once. So its delay is the time from the attack's first payment to its next
 * run, and nothing else.
 */
import { valueLeft } from "./figures.ts";

export interface Attack {
  /** When its first payment came, milliseconds since midnight. */
  readonly startedAtMs: number;
  readonly perMinute: number;
  readonly amountMinor: number;
}

export interface BatchOutcome {
  readonly name: string;
  readonly runsAt: string;
  readonly delayMs: number;
  readonly payments: number;
  readonly minor: number;
  /** Share of the answer's worth that is left, at a half-life of 30 s. */
  readonly valueLeft: number;
}

const MINUTE_MS = 60_000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS;

const JOBS = [
  { name: "5-minute batch", everyMs: 5 * MINUTE_MS, offsetMs: 0 },
  { name: "hourly batch", everyMs: HOUR_MS, offsetMs: 0 },
  { name: "nightly batch", everyMs: DAY_MS, offsetMs: 2 * HOUR_MS },
];

export function batches(attack: Attack): BatchOutcome[] {
  return JOBS.map(({ name, everyMs, offsetMs }) => {
    const runsAtMs = (Math.floor((attack.startedAtMs - offsetMs) / everyMs) + 1) * everyMs + offsetMs;
    const delayMs = runsAtMs - attack.startedAtMs;
    // The first payment, and one more each interval before the job runs.
    const payments = Math.ceil((delayMs * attack.perMinute) / MINUTE_MS);
    return {
      name,
      runsAt: `${runsAtMs >= DAY_MS ? "Sunday " : ""}${clockOf(runsAtMs).slice(0, 5)}`,
      delayMs,
      payments,
      minor: payments * attack.amountMinor,
      valueLeft: valueLeft(delayMs),
    };
  });
}

/** Milliseconds since midnight → "09:00:27" */
export function clockOf(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return [Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0")).join(":");
}
