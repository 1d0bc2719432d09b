/** Events as their sources have them in event time: some late, some of a clock that is wrong. */
import type { Seeded } from "../../actors/random.ts";
import { encodeTally } from "../../actors/tally/gen/tally_wire.ts";
import { type Planned, planned } from "./clients.ts";
import type { Counters, Faults } from "./faults.ts";
import type { ClientPlan } from "./plan.ts";
import { BEGINNING } from "./scheduler.ts";
import { encodeSide, POISON_AMOUNT, SPANS } from "./timed.ts";

/** How event time goes on: with each event, by a few of these. */
const TICK = 500;
/** Times stand close to this grid, so that many fall on the ends of windows. */
const GRID = 5_000;
const NOTES = 4;
/** Where there are many keys they are long, so that what falls due at once is more than one event may cause. */
const LONG_FROM = 40, LONG = 40;
/** Late by more than any window waits. */
const LATE_MAX = 1_500_000;
const FAR_AHEAD = 10 * SPANS.ahead;

/** The newest event time of a simulation: all clients go by it. */
export class EventTime {
  now = BEGINNING;
}

export function planTimedEvents(
  random: Seeded,
  client: number,
  { events, keys, pipeline, sides }: ClientPlan,
  poison: number,
): Planned[] {
  return Array.from({ length: events }, (_, i) => {
    const key = random.int(0, keys - 1), poisoned = random.chance(poison);
    return planned({
      id: `c${client}-${i}`,
      key: keys < LONG_FROM ? `t${key}` : `t${key}-`.padEnd(LONG, "long"),
      amount: poisoned ? POISON_AMOUNT : BigInt(random.int(1, 1000)),
      note: poisoned ? "poison" : "",
      pipeline,
      side: sides.length === 0 ? undefined : random.pick(sides),
    });
  });
}

/** Writes an event as it happens now; where it ends. */
export function encodeTimed(
  { key, amount, side, note }: Planned,
  time: EventTime,
  random: Seeded,
  { faults, counters }: { readonly faults: Faults; readonly counters: Counters },
  out: Uint8Array,
): number {
  if (side === undefined) return encodeTally({ key, amount }, out, 0);
  time.now += random.int(1, 5) * TICK;
  let at = time.now - random.int(0, SPANS.disorder[side]);
  if (faults.eventLate > 0 && random.chance(faults.eventLate)) {
    counters.fault("eventLate");
    at = time.now - SPANS.disorder[side] - random.int(1, LATE_MAX);
  } else if (note === "" && faults.eventFarAhead > 0 && random.chance(faults.eventFarAhead)) {
    counters.fault("eventFarAhead");
    at += FAR_AHEAD;
  }
  const onGrid = Math.round(at / GRID) * GRID + random.pick([-1, 0, 0, 1, random.int(0, GRID)]);
  return encodeSide(side, { key, amount, at: onGrid, note: `n${parseInt(key.slice(1)) % NOTES}` }, out);
}
