/**
 * What lies outside and is asked for events, in a simulated world: it is slow, fails, never answers or too late,
 * is away for a while, and answers differently from one moment to the next. What it answered is written down.
 */
import type { LookupKey, OpenedLookup, OpenLookup } from "../../runtime/world/lookup.ts";
import { RATES } from "./timed.ts";
import type { SimWorld } from "./world.ts";

/** One answer as a process heard it. */
export interface Answered {
  /** Virtual time. */
  readonly at: number;
  /** Undefined: there is no row. */
  readonly amount: bigint | undefined;
}

/** Rates are others after so long, microseconds; one key in so many has none for that time. */
const CHANGES = 100_000, ABSENT_ONE_IN = 7;
const AMOUNTS = 1000;
const SLOW_MICROS = 3 * RATES.timeoutMs * 1000;

export function simLookups(world: SimWorld): OpenLookup {
  return () =>
    Promise.resolve<OpenedLookup>({ name: "rates", load: (keys, signal) => load(world, keys, signal) });
}

async function load(world: SimWorld, keys: readonly LookupKey[], signal: AbortSignal) {
  const { ground } = world;
  const { counters, scheduler, violations } = ground;
  if (world.standsBy()) violations.push("lookups: a standby asks");
  if (world.fails("lookupSilent")) await new Promise<void>(() => {});
  await world.wait(world.latency() + (world.fails("lookupSlow") ? world.draws.int(0, SLOW_MICROS) : 0));
  if (world.fails("lookupFails") || ground.lookupsAwayUntil > scheduler.now) {
    throw new Error("the rates are not to be had");
  }
  const rows = keys.map((key) => ({ key: String(key), amount: rateOf(String(key), scheduler.now) }));
  await world.wait(world.latency());
  if (signal.aborted) counters.fault("lookupAnswersLate");
  else {
    for (const { key, amount } of rows) {
      let answers = ground.answers.get(key);
      if (!answers) ground.answers.set(key, answers = []);
      if (answers.length > 0 && answers.at(-1)!.amount !== amount) counters.fault("lookupChanges");
      answers.push({ at: scheduler.now, amount });
    }
  }
  ground.trace(`rates ${rows.map(({ key, amount }) => `${key} ${amount}`).join(", ")} ${signal.aborted}`);
  return rows.filter((row) => row.amount !== undefined).map(({ key, amount }) => ({ key, amount: amount! }));
}

function rateOf(key: string, now: number): bigint | undefined {
  let hash = Math.floor(now / CHANGES) % 65_521;
  for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) % 1_000_003;
  return hash % ABSENT_ONE_IN === 0 ? undefined : BigInt(hash % AMOUNTS);
}
