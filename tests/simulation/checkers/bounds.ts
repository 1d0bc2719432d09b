/** Memory and queues stay within their bounds, whatever happens. */
import type { PartitionStatus, Runtime } from "../../../runtime/mod.ts";
import { RATES } from "../timed.ts";

export interface Bounds {
  readonly mailboxEventsMax: number;
  readonly mailboxBytesMax: number;
  readonly frameBytesMax: number;
  readonly checkpointsKept: number;
}

/** Frames that a ledger lets be in flight: after a failure their events wait again, beyond the bound. */
const IN_FLIGHT_MAX = 6;
/** Timers and marks, which a mailbox takes when it is full: at most one for each frame in flight. */
const OWN_EVENTS_MAX = IN_FLIGHT_MAX;
/** The least an event with its effects takes in a frame. */
const EVENT_BYTES_MIN = 30;
/** Parts of a chain of checkpoints before it is begun anew. */
const PARTS_MAX = 9;
/** What a few thousand keys and ids may take. */
const STATE_BYTES_MAX = 16 * 1024 * 1024;

export interface BoundsChecker {
  check(runtime: Pick<Runtime, "status">, violations: string[]): void;
}

export function boundsOf(bounds: Bounds): BoundsChecker {
  const putBack = IN_FLIGHT_MAX * Math.ceil(bounds.frameBytesMax / EVENT_BYTES_MIN);
  const events = bounds.mailboxEventsMax + putBack;
  const bytes = bounds.mailboxBytesMax + IN_FLIGHT_MAX * bounds.frameBytesMax;
  const check = (status: PartitionStatus, violations: string[]) => {
    const { pipeline, partition, mailbox, stateBytes, restarts, state } = status;
    const name = `${pipeline}-${partition}`;
    const most = (restarts === 0 && state === "serving" ? bounds.mailboxEventsMax : events) + OWN_EVENTS_MAX;
    if (mailbox.events > most || mailbox.bytes > bytes) {
      violations.push(`bounds: ${mailbox.events} events, ${mailbox.bytes} bytes wait in ${name}`);
    }
    if (stateBytes > STATE_BYTES_MAX) {
      violations.push(`bounds: the state of ${name} takes ${stateBytes} bytes`);
    }
  };
  return {
    check: (runtime, violations) => {
      const { partitions, lookups } = runtime.status();
      for (const partition of partitions) check(partition, violations);
      for (const { name, waiting } of lookups ?? []) {
        if (waiting > RATES.waiting) violations.push(`bounds: ${waiting} events wait for ${name}`);
      }
    },
  };
}

/** Old checkpoints are dropped. Those of a process that died in the middle of it are, at the next one. */
export function checkCheckpoints(
  blobs: ReadonlyMap<string, Uint8Array>,
  chains: number,
  violations: string[],
): void {
  const most = chains * 2 * (3 * (PARTS_MAX + 1) + PARTS_MAX);
  if (blobs.size > most) violations.push(`bounds: ${blobs.size} blobs of checkpoints are kept`);
}
