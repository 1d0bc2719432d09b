/**
 * What must hold of a simulation's ledger and of everything that was told while it ran. The naive truth is a
 * fold over distinct ids in ledger order, in plain TypeScript.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { TallySchema, TallyStateSchema } from "../../actors/tally/gen/tally_pb.ts";
import { partitionOf } from "../../runtime/ingress/partition.ts";
import type { KernelModule } from "../../runtime/kernel/host.ts";
import {
  type Chain,
  DecisionSchema,
  decodeFrame,
  EFFECT_KIND,
  EffectCursor,
  EventCursor,
  type Frame,
  type Output,
  type Pipeline,
  verifyChain,
} from "../../runtime/mod.ts";
import type { Planned, Told } from "./clients.ts";

/** One event of the ledger that counted: neither a repeat nor stale. */
export interface Recorded {
  readonly id: string;
  readonly key: string;
  readonly amount: bigint;
  readonly position: { readonly partition: number; readonly frame: number; readonly event: number };
  /** The reply, or the reason of its reject. */
  readonly answer: Uint8Array | number;
}

export interface History {
  readonly recorded: Recorded[];
  /** Payloads of outputs by "partition.frame.output". */
  readonly outputs: Map<string, Uint8Array>;
  readonly frames: number;
  readonly events: number;
  readonly chainHashes: string[];
  /** Frames of owners already replaced when they arrived. */
  readonly voids: number;
}

/** Replays the chains of a pipeline and reads what they record. */
export async function readHistory(
  pipeline: Pipeline,
  module: KernelModule,
  chains: readonly Chain[],
  violations: string[],
): Promise<History> {
  const history = {
    recorded: [] as Recorded[],
    outputs: new Map<string, Uint8Array>(),
    frames: 0,
    events: 0,
    chainHashes: [] as string[],
    voids: 0,
  };
  for (const [partition, chain] of chains.entries()) {
    const verified = await verifyChain(chain, module);
    for (const { detail } of verified.findings) violations.push(`replay of ${chain.name}: ${detail}`);
    history.chainHashes.push(verified.chainHash);
    history.frames += verified.frames;
    history.events += verified.events;
    let last: Frame | undefined, voided = false;
    try {
      for await (const { sequence, message } of chain.read(1)) {
        const frame = decodeFrame(message, `frame ${sequence} of ${chain.name}`);
        // What a replaced owner had in flight may still fit the sequence; it is void, and no fold may count it;
        // nor what its successor had in flight behind it. An epoch frame ends that.
        const epoch = last?.epoch ?? 0;
        voided = frame.epoch < epoch || (voided && frame.epoch === epoch);
        if (voided) {
          if (frame.events.length === 0) {
            violations.push(`frame ${sequence} of ${chain.name}: an old epoch begins`);
          }
          history.voids++;
          continue;
        }
        checkSuccession(chain.name, last, frame, violations);
        readEffects(pipeline, chains.length, partition, frame, history, violations);
        last = frame;
      }
    } catch (error) {
      violations.push(String(error));
    }
  }
  return history;
}

/** Each epoch begins with its own frame, and frame time never runs backward. */
function checkSuccession(chain: string, last: Frame | undefined, frame: Frame, violations: string[]): void {
  const where = `frame ${frame.number} of ${chain}`;
  const epoch = last?.epoch ?? 0;
  if (frame.epoch > epoch && frame.events.length > 0) {
    violations.push(`${where}: epoch ${frame.epoch} begins with events`);
  }
  if (frame.clock < (last?.clock ?? 0)) violations.push(`${where}: its clock runs backward`);
}

function readEffects(
  pipeline: Pipeline,
  partitions: number,
  partition: number,
  frame: Frame,
  history: { recorded: Recorded[]; outputs: Map<string, Uint8Array> },
  violations: string[],
): void {
  const events = new EventCursor(frame.events), effects = new EffectCursor(frame.effects);
  let index = -1, outputs = 0;
  while (effects.next()) {
    while (index < effects.event) {
      events.next();
      index++;
    }
    if (effects.kind === EFFECT_KIND.OUTPUT) {
      history.outputs.set(`${partition}.${frame.number}.${outputs++}`, effects.payload.slice());
    }
    if (effects.kind !== EFFECT_KIND.REPLY && effects.kind !== EFFECT_KIND.REJECT) continue;
    const { key, amount } = readInput(pipeline, events.payload);
    if (partitionOf(new TextEncoder().encode(key), partitions) !== partition) {
      violations.push(`${key} stands in partition ${partition} of ${pipeline.name}`);
    }
    const id = events.id.length > 0 ? new TextDecoder().decode(events.id) : "";
    const answer = effects.kind === EFFECT_KIND.REPLY ? effects.payload.slice() : effects.reason;
    history.recorded.push({
      id,
      key,
      amount,
      answer,
      position: { partition, frame: frame.number, event: index },
    });
  }
}

function readInput(pipeline: Pipeline, payload: Uint8Array): { key: string; amount: bigint } {
  if (pipeline.input.typeName === TallyStateSchema.typeName) {
    const { key, count } = fromBinary(TallyStateSchema, payload);
    return { key, amount: count };
  }
  return fromBinary(TallySchema, payload);
}

export interface Totals {
  count: bigint;
  sum: bigint;
}

/** Recounts from nothing and compares every recorded answer; returns the totals per key. */
export function recount(name: string, history: History, violations: string[]): Map<string, Totals> {
  const totals = new Map<string, Totals>();
  for (const { id, key, amount, answer } of history.recorded) {
    if (answer === 9) continue; // poison
    const total = totals.get(key) ?? { count: 0n, sum: 0n };
    const sum = total.sum + amount;
    if (typeof answer === "number") {
      if (answer !== 4 || sum <= 2n ** 63n - 1n) violations.push(`${name}: ${id} was rejected for ${answer}`);
      continue;
    }
    total.count += 1n;
    total.sum = sum;
    totals.set(key, total);
    const figures = fromBinary(DecisionSchema, answer).figures;
    const said = { count: figures[0]?.value, sum: figures[1]?.value };
    if (said.count !== total.count || said.sum !== total.sum) {
      violations.push(
        `${name}: ${id || key} answers ${said.count}/${said.sum}, the recount is ${total.count}/${total.sum}`,
      );
    }
  }
  return totals;
}

/** Everything told stands in the ledger, once, as it was told; and in the order in which it was asked. */
export function checkTold(
  history: History,
  told: readonly Told[],
  planned: readonly (readonly Planned[])[],
  violations: string[],
): void {
  const byId = new Map<string, Recorded>();
  for (const recorded of history.recorded) {
    if (byId.has(recorded.id)) violations.push(`${recorded.id} counted twice`);
    byId.set(recorded.id, recorded);
  }
  for (const { event, position, answer } of told) {
    const recorded = byId.get(event.id);
    if (!recorded) violations.push(`${event.id} was acknowledged and is not in the ledger`);
    else if (!samePlace(recorded.position, position) || !sameAnswer(recorded.answer, answer)) {
      violations.push(`${event.id} was told something else than the ledger holds`);
    }
  }
  for (const event of planned.flat()) {
    const recorded = byId.get(event.id);
    const expected = event.note === "poison";
    if (recorded && (recorded.answer === 9) !== expected) {
      violations.push(`${event.id} ${expected ? "is poison and was applied" : "was quarantined"}`);
    }
  }
  for (const events of planned) checkOrder(events, byId, violations);
}

function checkOrder(events: readonly Planned[], byId: Map<string, Recorded>, violations: string[]): void {
  for (const [i, earlier] of events.entries()) {
    for (const later of events.slice(i + 1)) {
      if (later.key !== earlier.key || later.offeredAt < earlier.answeredAt || !earlier.answeredAt) continue;
      const a = byId.get(earlier.id)?.position, b = byId.get(later.id)?.position;
      if (a && b && (a.frame - b.frame || a.event - b.event) > 0) {
        violations.push(`${later.id} was asked after ${earlier.id} was answered, and stands before it`);
      }
    }
  }
}

/** Outputs as they were released, whenever and by whom, are those of the ledger. */
export function checkOutputs(history: History, seen: readonly Output[], violations: string[]): void {
  for (const { position, output, payload } of seen) {
    const name = `${position.partition}.${position.frame}.${output}`;
    const recorded = history.outputs.get(name);
    if (!recorded || !sameAnswer(recorded, payload)) {
      violations.push(`output ${name} was released and is not what the ledger holds`);
    }
  }
}

/** What was fed: of n events of a key, the counts 1 to n, each once. */
export function checkFed(
  from: Map<string, Totals>,
  to: Map<string, Totals>,
  violations: string[],
): void {
  for (const [key, { count }] of from) {
    const fed = to.get(key);
    if (fed?.count !== count || fed.sum !== count * (count + 1n) / 2n) {
      violations.push(`feed: of ${count} outputs of ${key} came ${fed?.count ?? 0}, sum ${fed?.sum ?? 0}`);
    }
  }
}

function samePlace(a: Recorded["position"], b: Recorded["position"]): boolean {
  return a.partition === b.partition && a.frame === b.frame && a.event === b.event;
}

function sameAnswer(a: Uint8Array | number, b: Uint8Array | number): boolean {
  if (typeof a === "number" || typeof b === "number") return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
