/** What a seed draws before anything happens: the topology's options, the clients, the rates of the faults. */
import { type Seeded, seeded } from "../../actors/random.ts";
import type { LookupSpec } from "../../runtime/declare.ts";
import { drawFaults, type Faults } from "./faults.ts";

/** What a run may leave out, so that a failing seed becomes small. The draws of the rest stay what they were. */
export interface Limits {
  /** Only so many of the clients. */
  readonly clients?: number;
  /** Only so many events of each. */
  readonly events?: number;
  /** Kinds of faults that do not happen. */
  readonly without?: readonly string[];
}

export interface Plan {
  readonly seed: number;
  readonly limits: Limits;
  readonly random: Seeded;
  readonly faults: Faults;
  /** Events of each client. */
  readonly clients: readonly ClientPlan[];
  readonly checkpointEvents: number;
  readonly restartsMax: number;
  /** What an owner that was fenced off does. */
  readonly onFenced: "stop" | "retake";
  /** Ledgers are purged, or kernels upgraded: rebuilding with another kernel takes the whole history. */
  readonly upkeep: "purge" | "upgrade";
  /** Declared pipelines run, with event time, in place of those that are written by hand. */
  readonly timed: boolean;
  /** Two processes run, one of which follows the ledger and takes over when the other is gone. */
  readonly standby: boolean;
  /** A rate is looked up for the events of one pipeline: what becomes of those without an answer in time. */
  readonly fallback: Fallback | undefined;
  /** What this seed looks at most. */
  readonly focus: "succession" | undefined;
}

export type Fallback = LookupSpec["fallback"];

export interface ClientPlan {
  readonly pipeline: "tally" | "quick" | "spans" | "pulse";
  readonly events: number;
  /** Events sent together. */
  readonly packet: number;
  /** Events it may have under way at once, in packets. */
  readonly window: number;
  /** Most microseconds between two packets. */
  readonly pause: number;
  /** Keys it writes to. */
  readonly keys: number;
  /** Inputs of event time that it sends to; none where there is no event time. */
  readonly sides: readonly (0 | 1)[];
  /** Microseconds it rests at half of its events, when all are answered; 0 = it does not. */
  readonly night: number;
}

/** Long enough for ids to be forgotten where ledgers are purged; then their frames may go. */
const NIGHT = 33_000_000;
export const PURGE_DEDUPE_MS = 30_000;

const SIDES = [[0], [1], [0, 1], [0, 1]] as const;
/** Every third seed has event time. */
const TIMED_EVERY = 3;

/** And of each eight one is about owners that follow each other quickly. */
const FOCUS_EVERY = 8, SUCCESSION = 3;
/** And one about processes that stand by. */
const STANDBY = 6;
/** Of those with event time, in which something is looked up. */
const LOOKUPS = [2, 5, 6], FALLBACKS: readonly Fallback[] = ["retry", "null", "null", "dead-letter"];

/** Clients that send much at once, and clients that ask one thing at a time. */
const BULK = {
  events: [1500, 4200],
  packets: [200, 600, 1500],
  windows: [1, 2, 3],
  pauses: [0, 5_000, 40_000],
};
const SINGLE = { events: [30, 120], packets: [1, 1, 3], windows: [1, 4, 16], pauses: [0, 1_000, 20_000] };

export function planOf(seed: number, limits: Limits = {}): Plan {
  const random = seeded(`simulation ${seed}`);
  const timed = seed % TIMED_EVERY === 1;
  const focus = seed % FOCUS_EVERY === SUCCESSION ? "succession" : undefined;
  const fallback = timed && LOOKUPS.includes(seed % FOCUS_EVERY)
    ? random.fork("lookups").pick(FALLBACKS)
    : undefined;
  const standby = seed % FOCUS_EVERY === STANDBY;
  const [main, aside] = timed ? ["spans", "pulse"] as const : ["tally", "quick"] as const;
  const draws = random.fork("plan");
  const bulk = draws.int(2, 3), single = draws.int(2, 4);
  const upkeep = draws.pick(["purge", "upgrade"] as const);
  const sides = random.fork("sides");
  // Of one input nothing comes, and windows wait for what is told of it.
  const only = sides.chance(0.15) ? sides.pick([SIDES[0], SIDES[1]]) : undefined;
  const clients = Array.from({ length: bulk + single }, (_, i) => {
    const kind = i < bulk ? BULK : SINGLE;
    const drawn = i === 0 || draws.chance(0.75) ? main : aside;
    const pipeline = fallback && i === 1 ? aside : drawn;
    return {
      pipeline,
      sides: pipeline === "spans" ? only ?? sides.pick(SIDES) : [],
      events: draws.int(kind.events[0], kind.events[1]),
      packet: draws.pick(kind.packets),
      window: draws.pick(kind.windows),
      pause: draws.pick(kind.pauses),
      keys: draws.pick([1, 4, 40]),
      night: upkeep === "purge" ? NIGHT : 0,
    } satisfies ClientPlan;
  });
  return {
    seed,
    limits,
    random,
    faults: drawFaults(random.fork("faults"), {
      timed,
      standby,
      lookups: fallback !== undefined,
      focus,
      without: new Set(limits.without),
    }),
    clients: clients.slice(0, limits.clients).map((client) => ({
      ...client,
      events: Math.min(client.events, limits.events ?? Infinity),
    })),
    // Where it takes none each restart folds the whole ledger.
    checkpointEvents: draws.chance(focus ? 0 : 0.1)
      ? 100_000
      : draws.pick(timed ? [60, 150, 400] : [400, 1000, 3000]),
    restartsMax: focus ? 1000 : draws.pick([10, 1000]),
    // Owners that wrest a partition from each other may keep an event waiting for longer than its id is known.
    onFenced: draws.chance(0.3) && upkeep !== "purge" ? "retake" : "stop",
    upkeep,
    timed,
    standby,
    fallback,
    focus,
  };
}
