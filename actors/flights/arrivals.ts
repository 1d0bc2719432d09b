/**
 * Flights as a stream: each is heard of when it has come, its scheduled time plus its delay, so the order of
 * events is that of arrival and their event times are as disordered as traffic really is.
 */
import type { FlightFields } from "./gen/flight_wire.ts";

/** Fits `encodeFlight` of gen/flight_wire.ts. Times and durations in microseconds. */
export interface Flight extends FlightFields {
  readonly origin: string;
  readonly destination: string;
  readonly scheduledAt: number;
  readonly delay: number;
  readonly distance: number;
}

export function arrivedAt({ scheduledAt, delay }: Flight): number {
  return scheduledAt + delay;
}

/** The order in which they are heard of; those of one minute stay in the order of the schedule. */
export function inArrivalOrder(flights: readonly Flight[]): Flight[] {
  return flights.toSorted((a, b) => arrivedAt(a) - arrivedAt(b));
}

/** How far behind the latest scheduled time heard of a flight comes, at most: the disorder of the stream. */
export function disorder(arrivals: readonly Flight[]): number {
  let latest = -Infinity, most = 0;
  for (const { scheduledAt } of arrivals) {
    latest = Math.max(latest, scheduledAt);
    most = Math.max(most, latest - scheduledAt);
  }
  return most;
}
