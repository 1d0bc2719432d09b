/** Runs a range of seeds, on as many workers as asked for, and sums up what happened. */
import { hex, sha256Stream } from "../../runtime/hash.ts";
import type { Limits } from "./plan.ts";
import { type Report, simulate } from "./simulate.ts";
import { timedPipelines } from "./timed.ts";

export interface Summary {
  readonly seeds: number;
  readonly violations: number;
  readonly failed: readonly number[];
  readonly events: number;
  readonly frames: number;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly seen: Readonly<Record<string, number>>;
  /** Hash over the traces of all seeds, in their order: the same on every runtime and for any number of workers. */
  readonly traceHash: string;
}

export interface ManyOptions {
  readonly limits?: Limits;
  /** Threads; 1 = this one. */
  readonly workers?: number;
  onReport?(report: Report): void;
}

export async function simulateMany(
  first: number,
  count: number,
  { limits = {}, workers = 1, onReport }: ManyOptions = {},
): Promise<Summary> {
  const began = performance.now();
  const reports = new Map<number, Report>();
  const take = (report: Report) => {
    reports.set(report.seed, report);
    onReport?.(report);
  };
  await timedPipelines(); // built before workers look for them
  if (workers > 1 && count > 1) await inWorkers(first, count, workers, limits, take);
  else for (let seed = first; seed < first + count; seed++) take(await simulate(seed, limits));
  return sumUp(first, count, reports, (performance.now() - began) / 1000);
}

/** Each worker asks for the next seed when it is done with one. */
async function inWorkers(
  first: number,
  count: number,
  workers: number,
  limits: Limits,
  take: (report: Report) => void,
): Promise<void> {
  let next = first;
  await Promise.all(
    Array.from({ length: Math.min(workers, count) }, () =>
      new Promise<void>((resolve, reject) => {
        const worker = new Worker(new URL("./seeds_worker.ts", import.meta.url).href, { type: "module" });
        const end = (settle: () => void) => {
          worker.terminate();
          settle();
        };
        const give = () => {
          if (next < first + count) worker.postMessage({ seed: next++, limits });
          else end(resolve);
        };
        worker.onmessage = ({ data }: MessageEvent<Report | { failure: string }>) => {
          if ("failure" in data) return end(() => reject(new Error(data.failure)));
          take(data);
          give();
        };
        worker.onerror = (event) => end(() => reject(new Error(`A worker failed: ${event.message}`)));
        give();
      })),
  );
}

function sumUp(
  first: number,
  count: number,
  reports: ReadonlyMap<number, Report>,
  seconds: number,
): Summary {
  const digest = sha256Stream();
  const failed: number[] = [];
  const faults: Record<string, number> = {}, seen: Record<string, number> = {};
  let events = 0, frames = 0, violations = 0;
  for (let seed = first; seed < first + count; seed++) {
    const report = reports.get(seed)!;
    if (report.violations.length > 0) failed.push(seed);
    violations += report.violations.length;
    digest.update(new TextEncoder().encode(report.trace));
    events += report.events;
    frames += report.frames;
    for (const [kind, hits] of Object.entries(report.faults)) faults[kind] = (faults[kind] ?? 0) + hits;
    for (const [kind, hits] of Object.entries(report.seen)) seen[kind] = (seen[kind] ?? 0) + hits;
  }
  return {
    seeds: count,
    violations,
    failed,
    events,
    frames,
    seconds,
    eventsPerSecond: Math.round(events / seconds),
    faults,
    seen,
    traceHash: hex(digest.digest()),
  };
}

export function replayCommand(seed: number, { clients, events, without }: Limits = {}): string {
  const limits = [
    clients === undefined ? "" : ` --clients ${clients}`,
    events === undefined ? "" : ` --events ${events}`,
    without === undefined || without.length === 0 ? "" : ` --without ${without.join(",")}`,
  ];
  return `deno task simulate --seed ${seed}${limits.join("")}`;
}
