/** Makes a failing seed small: fewer clients, fewer events, fewer kinds of faults that still fail. */
import { FAULT_KINDS } from "./faults.ts";
import { type Limits, planOf } from "./plan.ts";
import { simulate } from "./simulate.ts";

export interface Shrunk {
  readonly seed: number;
  readonly limits: Limits;
  readonly violations: readonly string[];
}

/** Runs it takes at most. */
const RUNS_MAX = 120;

export async function shrink(seed: number, from: Limits = {}): Promise<Shrunk> {
  const whole = await simulate(seed, from);
  let best: Shrunk = { seed, limits: from, violations: whole.violations };
  /** The kind of violation, as its checker names it: another one would be another failure. */
  const kind = whole.violations[0]?.split(":")[0];
  let runs = 0;
  const fails = async (limits: Limits): Promise<boolean> => {
    if (++runs > RUNS_MAX) return false;
    const { violations } = await simulate(seed, limits);
    if (violations[0]?.split(":")[0] !== kind) return false;
    best = { seed, limits, violations };
    return true;
  };
  await dropFaults(fails, () => best.limits, planOf(seed, from).faults);
  const plan = planOf(seed, best.limits);
  for (let clients = 1; clients < plan.clients.length; clients++) {
    if (await fails({ ...best.limits, clients })) break;
  }
  let events = Math.max(...plan.clients.map((client) => client.events));
  for (let less = events >> 1; less >= 1; less >>= 1) {
    if (await fails({ ...best.limits, events: events - less })) events -= less;
  }
  return best;
}

/** Halves first, then one kind at a time. */
async function dropFaults(
  fails: (limits: Limits) => Promise<boolean>,
  limits: () => Limits,
  rates: Readonly<Record<string, number>>,
): Promise<void> {
  let left = FAULT_KINDS.filter((kind) => rates[kind] > 0);
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < left.length;) {
      const dropped = left.slice(at, at + size);
      if (await fails({ ...limits(), without: [...limits().without ?? [], ...dropped] })) {
        left = left.filter((kind) => !dropped.includes(kind));
      } else at += size;
    }
  }
}
