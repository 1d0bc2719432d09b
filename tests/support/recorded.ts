/** Events as a pipeline records them, where what it looks up are rows that it has itself: for its kernel alone. */
import { Lookup } from "../../runtime/ingress/lookup.ts";
import { ABSENT, LookupEvents } from "../../runtime/ingress/lookup_event.ts";
import type { LookupSpecs, Pipeline } from "../../runtime/mod.ts";
import { memoryWorld } from "./world.ts";

type Recorded = (payload: Uint8Array) => Uint8Array;
const known = new WeakMap<LookupSpecs, Recorded>();

export function recordedBy({ name, lookups }: Pick<Pipeline, "name" | "lookups">): Recorded {
  if (!lookups) return (payload) => payload;
  const recorded = known.get(lookups) ?? made(name, lookups);
  known.set(lookups, recorded);
  return recorded;
}

function made(name: string, lookups: LookupSpecs): Recorded {
  const events = new LookupEvents(lookups), world = memoryWorld();
  const tables = new Map(lookups.of.map((spec) => {
    const { from } = spec.source;
    if (from.kind !== "rows") throw new Error(`${spec.name} is no table`);
    return [spec, new Lookup(name, spec, { name: spec.name, rows: from.rows }, world)];
  }));
  return (payload) => {
    const subject = events.find(payload);
    if (!subject || subject === "malformed") return payload;
    const answers = subject.lookups.map((spec) => {
      const key = spec.read(payload, subject.start, subject.end);
      return key === undefined ? ABSENT : tables.get(spec)!.ask(key, () => {})!;
    });
    return events.enriched(payload, subject, answers) as Uint8Array;
  };
}
