/** Hourly delays by airport as a batch job computes them, and which flights a stream would miss. */
import type { Flight } from "../../actors/flights/arrivals.ts";

export const HOUR = 3_600_000_000;

/** One airport in one hour of its schedule. */
export interface Hour {
  readonly origin: string;
  readonly hour: number;
  readonly flights: number;
  readonly delay: number;
  readonly worst: number;
}

export function hourly(flights: readonly Flight[]): Hour[] {
  const hours = new Map<string, Hour>();
  for (const { origin, scheduledAt, delay } of flights) {
    const hour = hourOf(scheduledAt), key = `${origin} ${hour}`, known = hours.get(key);
    hours.set(key, {
      origin,
      hour,
      flights: (known?.flights ?? 0) + 1,
      delay: (known?.delay ?? 0) + delay,
      worst: Math.max(known?.worst ?? -Infinity, delay),
    });
  }
  return [...hours.values()].sort((a, b) => a.hour - b.hour || (a.origin < b.origin ? -1 : 1));
}

/**
 * Which flights come after their hour is gone, in one stream: the watermark is the latest scheduled time less
 * `bound`, and an hour is gone when the watermark has passed its end by `lateness`.
 */
export function late(arrivals: readonly Flight[], bound: number, lateness: number): Flight[] {
  let latest = -Infinity;
  return arrivals.filter(({ scheduledAt }) => {
    latest = Math.max(latest, scheduledAt);
    return hourOf(scheduledAt) + HOUR + lateness <= latest - bound;
  });
}

export function hourOf(at: number): number {
  return Math.floor(at / HOUR) * HOUR;
}
