/**
 * What must hold of a ledger after real faults, by the client's own notes: everything acknowledged stands there
 * once, as it was told, in order per key, and every recorded answer is what a recount in plain TypeScript
 * gives. The naive truth is a fold over distinct ids in ledger order.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import {
  type Chain,
  DecisionSchema,
  EFFECT_KIND,
  EffectCursor,
  EventCursor,
  type KernelModule,
  verifyChain,
} from "../../runtime/mod.ts";
import { bytesEqual } from "../../runtime/hash.ts";
import { NO_CHAIN } from "../../runtime/partition/frame.ts";
import { walk, type Walked } from "../../runtime/partition/walk.ts";

/** An event as its client has it; moments are the client's own count. */
export interface Planned {
  readonly id: string;
  readonly key: string;
  readonly amount: bigint;
  readonly offeredAt: number;
  answeredAt: number;
}

/** One answer as the client heard it. */
export interface Told {
  readonly event: Planned;
  /** "partition.frame.event" */
  readonly position: string;
  readonly reply: Uint8Array;
}

export interface Accounts {
  /** Acknowledged and not in the ledger. */
  lost: number;
  /** Counted more than once. */
  duplicated: number;
  /** Behind an event of the same key that was offered after it was answered. */
  outOfOrder: number;
  /** In the ledger otherwise than told, or than a recount gives; or not proven. */
  different: number;
  /** Events that counted. */
  events: number;
  readonly details: string[];
}

interface Recorded {
  readonly id: string;
  readonly key: string;
  readonly amount: bigint;
  readonly position: string;
  readonly order: number;
  readonly reply: Uint8Array;
}

/** Compares the chains with the client's notes. */
export async function account(
  chains: readonly Chain[],
  module: KernelModule,
  planned: readonly Planned[],
  told: readonly Told[],
): Promise<Accounts> {
  const accounts: Accounts = { lost: 0, duplicated: 0, outOfOrder: 0, different: 0, events: 0, details: [] };
  const blame = (kind: "lost" | "duplicated" | "outOfOrder" | "different", detail: string) => {
    accounts[kind]++;
    if (accounts.details.length < 20) accounts.details.push(detail);
  };
  const byId = new Map<string, Recorded>();
  for (const [partition, chain] of chains.entries()) {
    for (const { detail } of (await verifyChain(chain, module)).findings) blame("different", detail);
    const totals = new Map<string, { count: bigint; sum: bigint }>();
    for await (const recorded of recordedOf(chain, partition)) {
      accounts.events++;
      if (byId.has(recorded.id)) blame("duplicated", `${recorded.id} counted twice`);
      byId.set(recorded.id, recorded);
      recount(recorded, totals, blame);
    }
  }
  for (const { event, position, reply } of told) {
    const recorded = byId.get(event.id);
    if (!recorded) blame("lost", `${event.id} was acknowledged at ${position} and is not in the ledger`);
    else if (recorded.position !== position || !bytesEqual(recorded.reply, reply)) {
      blame("different", `${event.id} was told ${position}, the ledger has it at ${recorded.position}`);
    }
  }
  checkOrder(planned, byId, blame);
  return accounts;
}

type Blame = (kind: "lost" | "duplicated" | "outOfOrder" | "different", detail: string) => void;

async function* recordedOf(chain: Chain, partition: number): AsyncGenerator<Recorded> {
  const { last } = await chain.extent();
  let order = 0;
  for await (const walked of walk(chain, { from: 1, after: { hash: NO_CHAIN, epoch: 0 } }, last)) {
    if (!walked.isVoid) {
      for (const each of repliesOf(walked, partition)) yield { ...each, order: order++ };
    }
  }
}

function* repliesOf({ frame }: Walked, partition: number): Generator<Omit<Recorded, "order">> {
  const events = new EventCursor(frame.events), effects = new EffectCursor(frame.effects);
  let index = -1;
  while (effects.next()) {
    for (; index < effects.event; index++) events.next();
    if (effects.kind !== EFFECT_KIND.REPLY) continue;
    const { key, amount } = fromBinary(TallySchema, events.payload);
    const position = `${partition}.${frame.number}.${index}`;
    yield { id: new TextDecoder().decode(events.id), key, amount, position, reply: effects.payload.slice() };
  }
}

function recount(
  { id, key, amount, reply }: Recorded,
  totals: Map<string, { count: bigint; sum: bigint }>,
  blame: Blame,
): void {
  const total = totals.get(key) ?? { count: 0n, sum: 0n };
  total.count += 1n;
  total.sum += amount;
  totals.set(key, total);
  const [count, sum] = fromBinary(DecisionSchema, reply).figures.map(({ value }) => value);
  if (count !== total.count || sum !== total.sum) {
    blame("different", `${id} answers ${count}/${sum}, the recount is ${total.count}/${total.sum}`);
  }
}

/** Of a key, an event that was offered after another was answered stands behind it. */
function checkOrder(planned: readonly Planned[], byId: ReadonlyMap<string, Recorded>, blame: Blame): void {
  const byKey = Map.groupBy(planned, ({ key }) => key);
  for (const events of byKey.values()) {
    // The farthest place of an event answered before a moment: events by offer, and by answer, meet in order.
    const answered = events.filter(({ answeredAt }) => answeredAt > 0).sort((a, b) =>
      a.answeredAt - b.answeredAt
    );
    let next = 0, farthest = -1;
    for (const event of [...events].sort((a, b) => a.offeredAt - b.offeredAt)) {
      for (; next < answered.length && answered[next].answeredAt < event.offeredAt; next++) {
        farthest = Math.max(farthest, byId.get(answered[next].id)?.order ?? -1);
      }
      const order = byId.get(event.id)?.order;
      if (order !== undefined && order < farthest) {
        blame("outOfOrder", `${event.id} stands before one answered before it`);
      }
    }
  }
}
