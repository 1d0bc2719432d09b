/** What may go wrong in a simulated world: each seed draws which kinds, and how often (swarm testing). */
import type { Seeded } from "../../actors/random.ts";

/** The most a kind may be drawn: a chance per opportunity. */
const PER_OPPORTUNITY = {
  // The process dies at a step of the road.
  crashAtAdmit: 0.003,
  crashBeforeKernel: 0.002,
  crashBeforeAppend: 0.002,
  crashDuringAppend: 0.002,
  crashAfterAppend: 0.002,
  crashBeforeRelease: 0.0015,
  crashDuringRelease: 0.0005,
  crashAfterRelease: 0.002,
  crashBeforeCheckpoint: 0.03,
  crashDuringCheckpoint: 0.03,
  crashAfterCheckpoint: 0.03,
  crashBeforeTakeover: 0.00333,
  crashAfterTakeover: 0.02,
  crashInRecovery: 0.001,
  /** Either side of a feed loses its append while outputs are on their way. */
  feedSenderFails: 0.01,
  feedReceiverFails: 0.01,
  // Between a process and the ledger.
  appendLost: 0.01,
  /** Stored long after the writer gave up waiting. */
  appendDelayed: 0.01,
  appendDuplicated: 0.02,
  appendReordered: 0.02,
  answerLost: 0.01,
  answerDelayed: 0.05,
  answerDuplicated: 0.05,
  answerReordered: 0.1,
  /** Refused once: disk full, read-only. */
  appendFailed: 0.01,
  readFailed: 0.03,
  /** What a read brings is damaged, the ledger is not. */
  frameFlipped: 0.0005,
  frameTruncated: 0.0005,
  slow: 0.1,
  // Checkpoints.
  checkpointPutFailed: 0.2,
  /** The process or the disk leaves part of a blob behind. */
  checkpointTorn: 0.1,
  /** The store says yes and keeps something else. */
  checkpointFlipped: 0.1,
  checkpointTruncated: 0.1,
  checkpointMissing: 0.1,
  checkpointReadFailed: 0.1,
  // Between clients and processes.
  requestLost: 0.03,
  requestDelayed: 0.05,
  requestDuplicated: 0.05,
  requestReordered: 0.2,
  replyLost: 0.03,
  replyDelayed: 0.05,
  replyDuplicated: 0.05,
  /** A client sends an event again though nothing went wrong. */
  repeat: 0.05,
  slowClient: 0.2,
  deadClient: 0.2,
  // Sinks.
  crashBeforeSink: 0.02,
  crashAfterSink: 0.02,
  sinkRefused: 0.05,
  /** It has taken the batch, and nobody hears of it. */
  sinkAnswerLost: 0.05,
  slowReader: 0.3,
  deadReader: 0.3,
  // Inside.
  poison: 0.01,
  /** A trap that does not come again. */
  kernelTrap: 0.002,
} as const;

/** The most per second of virtual time. */
const PER_SECOND = {
  crash: 0.4,
  gracefulStop: 0.2,
  secondOwner: 0.4,
  thirdOwner: 2,
  pausedOwner: 0.4,
  partitionLedger: 0.4,
  partitionAnswers: 0.4,
  partitionClients: 0.4,
  diskFull: 0.2,
  slowDisk: 0.2,
  clockForward: 0.4,
  clockBackward: 0.4,
  clockFrozen: 0.4,
  checkpointRot: 0.4,
  upgrade: 0.4,
} as const;

/** The same where event time is simulated; drawn apart, so that the other seeds stay what they were. */
const TIMED_PER_OPPORTUNITY = {
  /** An event is later than its source said events are; and one from a clock that is days ahead. */
  eventLate: 0.1,
  eventFarAhead: 0.01,
  /** A watermark is told that is older than one before, and one is told twice. */
  markBehind: 0.3,
  markRepeated: 0.3,
  /** An input is told to be idle in the moment in which its process loses the ledger. */
  idleWhileCutOff: 0.5,
  /** A frame that tells windows is stored, and its process dies before anybody hears of them. */
  crashAfterFire: 0.06,
} as const;
const TIMED_PER_SECOND = {
  /** One partition becomes slow: it holds back the watermark of the stage behind it. */
  laggingPartition: 0.8,
} as const;

/** Thought of later, and drawn apart as well. */
const LATER_PER_OPPORTUNITY = {
  /** What one writer has under way stays behind on the road, but for the first, which is lost; see stragglers.ts. */
  appendStraggles: 0.01,
  /** A checkpoint takes long to be stored; and a ledger that is read brings frame after frame slowly. */
  checkpointSlow: 0.3,
  slowReplay: 0.3,
} as const;

const LATER_PER_SECOND = {
  /** A partition that others feed becomes slow: what feeds it must wait. */
  laggingReceiver: 0.4,
} as const;

/** Where processes stand by for each other. */
const STANDBY_PER_OPPORTUNITY = {
  /** An owner that is well is seen as gone; nothing can be seen; an owner cannot show itself. */
  presenceWrong: 0.01,
  presenceUnknown: 0.05,
  presenceNotShown: 0.3,
  /** The news of frames that a standby follows break off. */
  followBroken: 0.02,
  crashAtTakeoverByStandby: 0.2,
} as const;
const STANDBY_PER_SECOND = {
  ownerCrash: 0.6,
  standbyCrash: 0.6,
  bothCrash: 0.4,
  /** The owner is stopped in good order, and a standby goes on. */
  handover: 1.2,
  /** It stands still for longer than a standby is patient, then goes on as if it still owned. */
  ownerStandsStill: 0.6,
  standbyStandsStill: 1.2,
  /** What a standby follows comes late; and nobody sees the owner, which is well. */
  standbyLags: 0.6,
  ownerUnseen: 0.8,
} as const;

/** Where something is looked up outside: an answer that comes late, none at all, a failure. */
const LOOKUP_PER_OPPORTUNITY = { lookupSlow: 0.3, lookupSilent: 0.1, lookupFails: 0.3 } as const;
const LOOKUP_PER_SECOND = {
  /** It is away for a while. */
  lookupsAway: 0.8,
} as const;

/** One owner after the other, each with the frames of the one before behind it, beside a stage that is slow. */
const SUCCESSION = {
  appendStraggles: 0.06,
  feedSenderFails: 0.02,
  slowReplay: 0.6,
  checkpointSlow: 0.6,
  laggingReceiver: 1.5,
} as const;

/** What simply happens, or is done to a finished ledger: counted, not drawn. */
const COUNTED = [
  "arrivedAfterDeath",
  /** What had stayed behind came right after the frame that begins the next epoch, and was stored. */
  "storedAfterTakeover",
  /** A standby took over. */
  "takeoverByStandby",
  /** What was looked up was answered when nobody waited any more; and otherwise than the time before. */
  "lookupAnswersLate",
  "lookupChanges",
  "heal",
  "mailboxFull",
  "purge",
  "retry",
  "ledgerFlipped",
  "ledgerTruncated",
  "ledgerGap",
  "ledgerSwapped",
  /** A clock jumps or stands still while windows of processing time wait for it. */
  "clockUnderTimer",
  /** The kernel that takes over has another layout of state, and rebuilds its windows. */
  "upgradeOfWindows",
] as const;

export type PerOpportunity =
  | keyof typeof PER_OPPORTUNITY
  | keyof typeof TIMED_PER_OPPORTUNITY
  | keyof typeof LATER_PER_OPPORTUNITY
  | keyof typeof STANDBY_PER_OPPORTUNITY
  | keyof typeof LOOKUP_PER_OPPORTUNITY;
export type PerSecond =
  | keyof typeof PER_SECOND
  | keyof typeof TIMED_PER_SECOND
  | keyof typeof LATER_PER_SECOND
  | keyof typeof STANDBY_PER_SECOND
  | keyof typeof LOOKUP_PER_SECOND;
export type StandbyKind = keyof typeof STANDBY_PER_SECOND;
export type FaultKind = PerOpportunity | PerSecond;
export type Faults = Readonly<Record<FaultKind, number>>;

const MOST: Faults = {
  ...PER_OPPORTUNITY,
  ...PER_SECOND,
  ...TIMED_PER_OPPORTUNITY,
  ...TIMED_PER_SECOND,
  ...LATER_PER_OPPORTUNITY,
  ...LATER_PER_SECOND,
  ...STANDBY_PER_OPPORTUNITY,
  ...STANDBY_PER_SECOND,
  ...LOOKUP_PER_OPPORTUNITY,
  ...LOOKUP_PER_SECOND,
};
export const FAULT_KINDS = Object.keys(MOST) as FaultKind[];
const TIMED_KINDS = Object.keys({ ...TIMED_PER_OPPORTUNITY, ...TIMED_PER_SECOND }) as FaultKind[];
export const LATER_KINDS = Object.keys({ ...LATER_PER_OPPORTUNITY, ...LATER_PER_SECOND }) as FaultKind[];
export const PER_SECOND_KINDS = Object.keys({
  ...PER_SECOND,
  ...TIMED_PER_SECOND,
  ...LATER_PER_SECOND,
  ...STANDBY_PER_SECOND,
  ...LOOKUP_PER_SECOND,
}) as PerSecond[];
const LOOKUP_KINDS = Object.keys({ ...LOOKUP_PER_OPPORTUNITY, ...LOOKUP_PER_SECOND }) as FaultKind[];
const STANDBY_KINDS = Object.keys({ ...STANDBY_PER_OPPORTUNITY, ...STANDBY_PER_SECOND }) as FaultKind[];

export const NO_FAULTS = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Faults;

export interface FaultsDrawn {
  readonly timed: boolean;
  readonly standby: boolean;
  readonly lookups: boolean;
  readonly focus: "succession" | undefined;
  readonly without: ReadonlySet<string>;
}

/** Each kind with a chance of one half; those of `without` never. The draws do not depend on `without`. */
export function drawFaults(random: Seeded, { timed, standby, lookups, focus, without }: FaultsDrawn): Faults {
  // Each group is drawn apart, so that one more leaves all seeds as they were.
  const apart = random.fork("event time"), later = random.fork("later");
  const groups = [
    { kinds: TIMED_KINDS, draws: apart, happens: timed },
    { kinds: STANDBY_KINDS, draws: random.fork("standby"), happens: standby },
    { kinds: LOOKUP_KINDS, draws: random.fork("lookups"), happens: lookups },
    { kinds: LATER_KINDS, draws: later, happens: true },
  ];
  const upgrade = timed && apart.chance(0.8) ? MOST.upgrade * (0.5 + apart.next() / 2) : 0;
  const drawn = FAULT_KINDS.map((kind) => {
    const { draws, happens } = groups.find(({ kinds }) => kinds.includes(kind)) ??
      { draws: random, happens: true };
    const own = draws.chance(0.5) ? MOST[kind] * draws.next() : 0;
    // There are fewer versions to go on to.
    const most = kind === "upgrade" ? Math.max(own, upgrade) : own;
    const rate = focus && kind in SUCCESSION
      ? SUCCESSION[kind as keyof typeof SUCCESSION] * (0.5 + later.next() / 2)
      : most;
    return [kind, without.has(kind) || !happens ? 0 : rate] as const;
  });
  return Object.fromEntries(drawn) as Faults;
}

/** How often each fault happened, and what else is worth counting. */
export class Counters {
  readonly faults: Record<string, number> = {};
  readonly seen: Record<string, number> = {};

  constructor() {
    for (const kind of [...FAULT_KINDS, ...COUNTED]) this.faults[kind] = 0;
  }

  fault(kind: FaultKind | typeof COUNTED[number]): void {
    this.faults[kind]++;
  }

  saw(what: string, times = 1): void {
    this.seen[what] = (this.seen[what] ?? 0) + times;
  }
}
