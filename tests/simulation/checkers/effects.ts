/**
 * Effects are seen exactly once at every sink: each id counts once; what a sink holds is what the ledger put out,
 * whole, once and in order; what a reader saw is part of it; and of n outputs of a key the next stage counted n.
 */
import type { Delivered, Seen } from "../sinks.ts";
import { type ChainHistory, placed, type Recorded, sameAnswer } from "./history.ts";
import type { Totals } from "./tally.ts";

/** By id; and each repeat names the place of the first. */
export function checkOnce(histories: readonly ChainHistory[], violations: string[]): Map<string, Recorded> {
  const byId = new Map<string, Recorded>();
  for (const { recorded, repeats } of histories) {
    for (const each of recorded) {
      const before = byId.get(each.id);
      if (before) {
        violations.push(
          `effects: ${each.id} counted twice, at ${placed(before.position)} and ${placed(each.position)}`,
        );
      }
      byId.set(each.id, each);
    }
    for (const { id, where, original } of repeats) {
      const first = byId.get(id);
      if (!first || placed(first.position) !== placed(original)) {
        violations.push(`effects: ${id} at ${where} is called a repeat of ${placed(original)}`);
      }
    }
  }
  return byId;
}

export function checkSink({ name, outputs }: ChainHistory, held: Delivered, violations: string[]): void {
  for (let i = 0; i < Math.max(outputs.length, held.outputs.length); i++) {
    const is = held.outputs[i], should = outputs[i];
    if (is && should && is.frame === should.frame && is.output === should.output) {
      if (sameAnswer(is.payload, should.payload)) continue;
      violations.push(`effects: output ${is.frame}.${is.output} of ${name} is another one at its sink`);
    } else {
      violations.push(
        `effects: as output ${i} of ${name} its sink holds ${is ? `${is.frame}.${is.output}` : "none"}, ` +
          `the ledger ${should ? `${should.frame}.${should.output}` : "none"}`,
      );
    }
    return;
  }
}

/** Outputs as they were released, whenever and by whom, are those of the ledger. */
export function checkSeen(
  histories: readonly ChainHistory[],
  seen: readonly Seen[],
  violations: string[],
): void {
  const recorded = new Map<string, Uint8Array>();
  const wanted = new Set(seen.map(({ pipeline }) => pipeline));
  for (const { pipeline, partition, outputs } of histories) {
    if (!wanted.has(pipeline.name)) continue;
    for (const { frame, output, payload } of outputs) {
      recorded.set(`${pipeline.name} ${partition}.${frame}.${output}`, payload);
    }
  }
  for (const { pipeline, output: { position, output, payload } } of seen) {
    const name = `${pipeline} ${position.partition}.${position.frame}.${output}`;
    const found = recorded.get(name);
    if (!found || !sameAnswer(found, payload)) {
      violations.push(`effects: output ${name} was released and is not what the ledger holds`);
    }
  }
}

/** What was fed: of n events of a key, the counts 1 to n, each once; but for those that the next stage put aside. */
export function checkFed(
  from: ReadonlyMap<string, Totals>,
  to: ReadonlyMap<string, Totals>,
  receivers: readonly ChainHistory[],
  violations: string[],
): void {
  const aside = new Map<string, Totals>();
  for (const { key, amount, quarantined } of receivers.flatMap(({ recorded }) => recorded)) {
    if (!quarantined) continue;
    const before = aside.get(key) ?? { count: 0n, sum: 0n };
    aside.set(key, { count: before.count + 1n, sum: before.sum + amount });
  }
  for (const [key, { count }] of from) {
    const fed = to.get(key), left = aside.get(key) ?? { count: 0n, sum: 0n };
    const all = { count: (fed?.count ?? 0n) + left.count, sum: (fed?.sum ?? 0n) + left.sum };
    if (all.count !== count || all.sum !== count * (count + 1n) / 2n) {
      violations.push(
        `effects: of ${count} outputs of ${key} the next stage counted ${fed?.count ?? 0}, sum ${
          fed?.sum ?? 0
        }`,
      );
    }
  }
}
