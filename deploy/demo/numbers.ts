/** What the demo counts while it runs: decisions, declines by reason, latencies, and the attack. */
import { fromBinary } from "@bufbuild/protobuf";
import { build, type Histogram } from "hdr-histogram-js";
import { DecisionSchema, type Pipeline, type Topology, Verdict } from "../../runtime/mod.ts";

/** Microseconds a latency is tracked to. */
const LATENCY_MAX = 60_000_000;
const VERDICT_TAG = 0x08;

export interface AttackSeen {
  /** All in milliseconds of story time since the run began. */
  startedAtMs: number | null;
  blockedAtMs: number | null;
  payments: number;
  /** Approved: money that went through. */
  letThrough: number;
  letThroughMinor: number;
  /** Held for a person to look at. */
  reviewed: number;
  declined: number;
  /** What became of the first `FATES_MAX` of its payments, as they were answered. */
  readonly fates: Verdict[];
}

/** Fates that are kept: more than a terminal is wide. */
const FATES_MAX = 200;

export class Numbers {
  events = 0;
  decisions = 0;
  approved = 0;
  reviewed = 0;
  declined = 0;
  rejected = 0;
  /** Offers that were turned away. */
  refused = 0;
  readonly declinedBy = new Map<string, number>();
  readonly decide = histogram();
  readonly durable = histogram();
  readonly attack: AttackSeen = {
    startedAtMs: null,
    blockedAtMs: null,
    payments: 0,
    letThrough: 0,
    letThroughMinor: 0,
    reviewed: 0,
    declined: 0,
    fates: [],
  };
  /** Decisions in each past second, the newest last. */
  readonly perSecond: number[] = [];
  readonly #reasonNames: Map<string, string>;

  constructor(topology: Topology) {
    this.#reasonNames = new Map(topology.pipelines.flatMap((pipeline) => namesOf(pipeline)));
  }

  /** Counts the reasons of a pipeline's reply that declined. */
  reasons(pipeline: string, reply: Uint8Array): void {
    for (const { code } of fromBinary(DecisionSchema, reply).reasons) {
      const name = this.#reasonNames.get(`${pipeline} ${code}`) ?? `${pipeline} ${code}`;
      this.declinedBy.set(name, (this.declinedBy.get(name) ?? 0) + 1);
    }
  }

  decided(verdict: Verdict, decideMicros: number, durableMicros: number): void {
    this.decisions++;
    if (verdict === Verdict.DECLINE) this.declined++;
    else if (verdict === Verdict.REVIEW) this.reviewed++;
    else this.approved++;
    this.decide.recordValue(Math.min(LATENCY_MAX, Math.max(1, Math.round(decideMicros))));
    this.durable.recordValue(Math.min(LATENCY_MAX, Math.max(1, Math.round(durableMicros))));
  }

  /** An attack payment was answered at story time `atMs`. */
  attacked(verdict: Verdict, atMs: number, amountMinor: number): void {
    const attack = this.attack;
    if (attack.fates.length < FATES_MAX) attack.fates.push(verdict);
    if (verdict === Verdict.DECLINE) {
      attack.declined++;
      attack.blockedAtMs ??= atMs;
    } else if (verdict === Verdict.REVIEW) attack.reviewed++;
    else {
      attack.letThrough++;
      attack.letThroughMinor += amountMinor;
    }
  }
}

/** The verdict alone, without decoding the rest: it is the first field a kernel writes. */
export function verdictOf(reply: Uint8Array): Verdict {
  if (reply.length >= 2 && reply[0] === VERDICT_TAG) return reply[1];
  return fromBinary(DecisionSchema, reply).verdict;
}

function histogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LATENCY_MAX,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
}

/** "fraud 3" → "fraud: geo velocity" */
function namesOf(pipeline: Pipeline): [string, string][] {
  return (pipeline.reasons?.values ?? []).map(({ number, name }) => [
    `${pipeline.name} ${number}`,
    `${pipeline.name}: ${name.toLowerCase().replaceAll("_", " ")}`,
  ]);
}
