/** Everything that must hold of a finished simulation: reads its chains and runs each checker on them. */
import { hex } from "../../runtime/hash.ts";
import type { KernelModule } from "../../runtime/kernel/host.ts";
import type { Frame, Pipeline, Topology } from "../../runtime/mod.ts";
import { checkAcknowledged, checkQuarantine } from "./checkers/acknowledged.ts";
import { checkFed, checkOnce, checkSeen, checkSink } from "./checkers/effects.ts";
import { checkFence } from "./checkers/fence.ts";
import { type ChainHistory, readHistory, type Told } from "./checkers/history.ts";
import { checkOrder } from "./checkers/order.ts";
import { checkRemembered } from "./checkers/remembered.ts";
import { checkReplay } from "./checkers/replay.ts";
import { checkState } from "./checkers/state.ts";
import type { Totals } from "./checkers/tally.ts";
import { checkFolded } from "./checkers/folded.ts";
import { checkLookedUp } from "./checkers/looked_up.ts";
import { checkLateness } from "./checkers/lateness.ts";
import { readTimedHistory, type TimedHistory } from "./checkers/timed_history.ts";
import { checkAnnounced, checkTravel } from "./checkers/travel.ts";
import { checkWatermarks } from "./checkers/watermarks.ts";
import { checkWindows } from "./checkers/windows.ts";
import { checkDamageIsReported, checkUnbroken, decodeChain } from "./checkers/unbroken.ts";
import type { Announced } from "./announcer.ts";
import type { Client, Planned } from "./clients.ts";
import type { Plan } from "./plan.ts";
import { delivered, type Seen, sinksOf } from "./sinks.ts";
import type { Ground } from "./world.ts";

export interface Finished {
  readonly ground: Ground;
  readonly plan: Plan;
  readonly topology: Topology;
  /** By pipeline: all versions of its kernel that ran. */
  readonly modules: ReadonlyMap<string, readonly KernelModule[]>;
  readonly told: readonly Told[];
  /** As readers saw them released. */
  readonly outputs: readonly Seen[];
  readonly clients: readonly Client[];
  /** Marks of event time that were acknowledged. */
  readonly announced: readonly Announced[];
  /** The process that serves at the end, when none other ever failed it. */
  readonly survivor: number | undefined;
  readonly violations: string[];
}

export interface Checked {
  readonly events: number;
  readonly frames: number;
  readonly chainHashes: readonly string[];
  /** By pipeline. */
  readonly histories: ReadonlyMap<string, readonly ChainHistory[]>;
  readonly totals: ReadonlyMap<string, ReadonlyMap<string, Totals>>;
}

/** Clients send to the first of these and to the last, and the first feeds the second. */
function roles({ timed }: Plan) {
  return timed
    ? { first: "spans", fed: "totals", aside: "pulse" }
    : { first: "tally", fed: "second", aside: "quick" };
}

export async function checkLedger(finished: Finished): Promise<Checked> {
  const { ground, violations, modules } = finished;
  const histories = new Map<string, ChainHistory[]>();
  const totals = new Map<string, Map<string, Totals>>();
  const chainHashes: string[] = [];
  let events = 0, frames = 0;
  for (const pipeline of finished.topology.pipelines) {
    const own: ChainHistory[] = [];
    const folded = new Map<string, Totals>();
    for (let partition = 0; partition < (pipeline.partitions ?? 1); partition++) {
      const { messages } = ground.store.chain(`${pipeline.name}-${partition}`);
      const checked = checkChain(pipeline, partition, messages, modules.get(pipeline.name)!, violations);
      checkRemembered(
        checked.history.name,
        checked.frames,
        checked.history.frames,
        ground.manifests,
        violations,
      );
      for (const [key, total] of checked.totals) folded.set(key, total);
      ground.counters.saw("voidFrames", checked.voids);
      own.push(checked.history);
      events += checked.history.events;
      frames += messages.length;
      chainHashes.push(checked.chainHash);
    }
    histories.set(pipeline.name, own);
    totals.set(pipeline.name, folded);
  }
  checkClients(finished, histories);
  if (finished.plan.timed) {
    // Of a run that did not come to its end less stands than should.
    if (violations.length === 0) checkTimed(finished, histories);
  } else checkFed(totals.get("tally")!, totals.get("second")!, histories.get("second")!, violations);
  for (const name of sinksOf(finished.plan)) {
    for (const history of histories.get(name)!) {
      checkSink(history, delivered(ground, name, history.partition), violations);
    }
  }
  checkSeen([...histories.values()].flat(), finished.outputs, violations);
  await damageOne(finished, histories);
  return { events, frames, chainHashes, histories, totals };
}

interface Chained {
  readonly history: ChainHistory;
  /** Also those that are void. */
  readonly frames: readonly Frame[];
  readonly totals: Map<string, Totals>;
  readonly voids: number;
  readonly chainHash: string;
}

/** What must hold of one chain, whoever wrote it. */
export function checkChain(
  pipeline: Pipeline,
  partition: number,
  messages: readonly Uint8Array[],
  modules: readonly KernelModule[],
  violations: string[],
): Chained {
  const name = `${pipeline.name}-${partition}`;
  const frames = decodeChain(name, messages, violations);
  const { counted, voids } = checkFence(name, frames, violations);
  checkUnbroken(name, frames, counted, violations);
  const timed = pipeline.outputs !== undefined;
  const history = (timed ? readTimedHistory : readHistory)(name, pipeline, partition, counted);
  checkReplay(history, modules, violations);
  const totals = timed ? new Map() : checkState(history, pipeline.partitions ?? 1, violations);
  return { history, frames, totals, voids, chainHash: hex(frames.at(-1)?.chain ?? new Uint8Array(0)) };
}

/** What must hold of event time, within each partition and between the stages. */
function checkTimed(
  { ground, plan, clients, modules, announced, violations }: Finished,
  histories: ReadonlyMap<string, readonly ChainHistory[]>,
): void {
  const timed = histories as ReadonlyMap<string, readonly TimedHistory[]>;
  const planned = plannedBy(clients);
  for (const [name, chains] of timed) {
    for (const history of chains) {
      ground.counters.saw("rowsPutOff", checkFolded(history, modules.get(name)!, violations));
      checkWatermarks(history, violations);
      checkWindows(history, violations);
    }
  }
  if (plan.fallback) {
    for (const history of timed.get("pulse")!) {
      const { storedAt } = ground.store.chain(history.name);
      checkLookedUp(
        history,
        { answers: ground.answers, planned, storedAt, fallback: plan.fallback },
        violations,
      );
    }
  }
  for (const history of timed.get("spans")!) checkLateness(history, violations);
  checkTravel(timed.get("spans")!, timed.get("totals")!, violations);
  checkAnnounced(timed.get("spans")!, announced, violations);
}

function plannedBy(clients: readonly Client[]): ReadonlyMap<string, Planned> {
  return new Map(clients.flatMap(({ events }) => events.map((event) => [event.id, event])));
}

function checkClients(
  { clients, told, violations, ground, modules, survivor, plan }: Finished,
  histories: ReadonlyMap<string, readonly ChainHistory[]>,
): void {
  const planned = plannedBy(clients), events = [...planned.values()];
  const { first: main, fed, aside } = roles(plan);
  const own = [...histories.get(main)!, ...histories.get(aside)!];
  const recorded = checkOnce(own, violations);
  checkOnce(histories.get(fed)!, violations);
  checkAcknowledged(recorded, told, survivor, violations);
  const first = new Map([...modules].map(([name, [module]]) => [name, module]));
  checkQuarantine(recorded, events, first, ground.counters.faults.kernelTrap, violations);
  for (const { recorded, pipeline } of own) {
    checkOrder(recorded, planned, pipeline.reply === "early", violations);
  }
}

/** One chain a seed: of one kernel, so that what is found is the damage. */
async function damageOne(
  { ground, modules, violations, plan }: Finished,
  histories: ReadonlyMap<string, readonly ChainHistory[]>,
): Promise<void> {
  const random = plan.random.fork("damage");
  const { name, pipeline, frames } = random.pick([...histories.values()].flat());
  const kernels = new Set(frames.filter(({ events }) => events.length > 0).map(({ kernel }) => hex(kernel)));
  const module = modules.get(pipeline.name)!.find(({ hashHex }) => kernels.has(hashHex));
  if (!module || kernels.size !== 1) return;
  const { messages } = ground.store.chain(name);
  await checkDamageIsReported(name, messages, module, random, ground.counters, violations);
}
