/** Runs a range of seeds and sums up what happened. */
import { hex, sha256Stream } from "../../runtime/hash.ts";
import { type Report, simulate, type SimulateOptions } from "./simulate.ts";

export interface Summary {
  readonly seeds: number;
  readonly failed: readonly number[];
  readonly events: number;
  readonly frames: number;
  readonly eventsPerSecond: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Hash over the traces of all seeds: the same on every runtime. */
  readonly trace: string;
}

export async function simulateMany(
  first: number,
  count: number,
  options: SimulateOptions & { onReport?(report: Report): void } = {},
): Promise<Summary> {
  const began = performance.now();
  const digest = sha256Stream();
  const failed: number[] = [];
  const faults: Record<string, number> = {};
  let events = 0, frames = 0;
  for (let seed = first; seed < first + count; seed++) {
    const report = await simulate(seed, options);
    options.onReport?.(report);
    if (report.violations.length > 0) failed.push(seed);
    digest.update(new TextEncoder().encode(report.trace));
    events += report.events;
    frames += report.frames;
    for (const [kind, hits] of Object.entries(report.faults)) faults[kind] = (faults[kind] ?? 0) + hits;
  }
  const seconds = (performance.now() - began) / 1000;
  return {
    seeds: count,
    failed,
    events,
    frames,
    eventsPerSecond: Math.round(events / seconds),
    faults: Object.fromEntries(Object.entries(faults).sort()),
    trace: hex(digest.digest()),
  };
}

export function replayCommand(seed: number): string {
  return `npx --yes deno@2.9.6 task simulate --seed ${seed}`;
}
