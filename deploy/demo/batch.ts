/**
 * What the same rule would have let through had it run as a batch job. The demo's story begins on a Saturday
 * at 09:00; each job runs on its schedule, and is assumed to be perfect: it takes no time, sees everything up
 * to the moment it runs, and blocks at once. So a job's delay is the time from the attack's first payment to
 * the job's next run, and nothing else.
 */
import { valueLeft } from "./figures.ts";

export interface Attack {
  /** When its first payment came, milliseconds after 09:00. */
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

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The nightly run is at 02:00 on Sunday: 17 hours after the story begins. */
const JOBS = [
  { name: "5-minute batch", everyMs: 5 * MINUTE_MS, runsAt: (ms: number) => clock(ms) },
  { name: "hourly batch", everyMs: HOUR_MS, runsAt: (ms: number) => clock(ms) },
  { name: "nightly batch", everyMs: 17 * HOUR_MS, runsAt: () => "Sunday 02:00" },
];

export function batches(attack: Attack): BatchOutcome[] {
  return JOBS.map((job) => {
    const runsAtMs = (Math.floor(attack.startedAtMs / job.everyMs) + 1) * job.everyMs;
    const delayMs = runsAtMs - attack.startedAtMs;
    // The first payment, and one more each interval before the job runs.
    const payments = Math.ceil((delayMs * attack.perMinute) / MINUTE_MS);
    return {
      name: job.name,
      runsAt: job.runsAt(runsAtMs),
      delayMs,
      payments,
      minor: payments * attack.amountMinor,
      valueLeft: valueLeft(delayMs),
    };
  });
}

function clock(ms: number): string {
  const minutes = 9 * 60 + Math.floor(ms / MINUTE_MS);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}
