/**
 * What was looked up for an event is what the source answered: to somebody who asked not before the event came,
 * or so little before that it was still taken for true; and before the event was stored. Where there was no
 * answer, the event waited for as long as it may, and became what is declared.
 */
import { EVENT_KIND } from "../../../runtime/mod.ts";
import { RejectReason } from "../../../runtime/proto/gen/frame_pb.ts";
import type { Planned } from "../clients.ts";
import type { Answered } from "../lookups.ts";
import type { Fallback } from "../plan.ts";
import { RATES } from "../timed.ts";
import { readTally } from "./tally.ts";
import { readFields, type TimedHistory } from "./timed_history.ts";

export interface LookedUp {
  /** What the source told, by key, in the order of time. */
  readonly answers: ReadonlyMap<string, readonly Answered[]>;
  readonly planned: ReadonlyMap<string, Planned>;
  /** When each frame of the chain was stored, virtual time. */
  readonly storedAt: readonly number[];
  readonly fallback: Fallback;
}

const WAIT = RATES.timeoutMs * 1000;

export function checkLookedUp(
  { name, pipeline, timed, recorded }: TimedHistory,
  { answers, planned, storedAt, fallback }: LookedUp,
  violations: string[],
): void {
  const [{ field }] = pipeline.lookups!.of;
  const byPlace = new Map(recorded.map((each) => [`${each.position.frame}.${each.position.event}`, each]));
  for (const entry of timed.flatMap(({ entries }) => entries)) {
    const place = `${entry.frame}.${entry.event}`;
    const own = byPlace.get(place), event = own && planned.get(own.id);
    if (!event) continue; // a repeat, a mark, a timer
    const complain = (what: string) => violations.push(`lookups: ${event.id} at ${place} of ${name} ${what}`);
    const stored = storedAt[entry.frame - 1];
    const waited = stored - event.offeredTime >= WAIT;
    if (entry.kind === EVENT_KIND.UNFIT) {
      const failed = own.answer === RejectReason.LOOKUP_FAILED;
      if (!failed || fallback !== "dead-letter" || !waited) complain("is a dead letter and need not be");
      continue;
    }
    const { found, timedOut, amount } = rateIn(entry.payload, field);
    if (timedOut) {
      if (found || fallback !== "null" || !waited) complain("goes on without an answer and need not");
      continue;
    }
    const should = found ? amount : undefined;
    const told = answers.get(event.key)?.some((each) =>
      each.amount === should && each.at <= stored && each.at >= event.offeredTime - RATES.ttl
    );
    if (!told) complain(`has a rate of ${should} that nobody told`);
    if (violations.length > 0) return;
  }
}

/** What was recorded with an event of the lookup whose fields begin at `field`. */
export function rateIn(
  payload: Uint8Array,
  field: number,
): { found: boolean; timedOut: boolean; amount: bigint } {
  const fields = readFields(payload);
  const row = fields.get(field);
  return {
    found: fields.get(field + 1) === 1n,
    timedOut: fields.get(field + 2) === 1n,
    amount: typeof row === "string" ? readTally(bytesOf(row)).amount : 0n,
  };
}

/** As `text` read them. */
function bytesOf(latin: string): Uint8Array {
  return Uint8Array.from(latin, (each) => each.charCodeAt(0));
}
