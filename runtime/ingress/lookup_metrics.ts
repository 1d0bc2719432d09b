/** What lookups ask and find, as Prometheus metrics. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { LookupStatus, Runtime } from "../runtime.ts";

type Figure = readonly [name: string, help: string, value: (of: LookupStatus) => number];

const FIGURES: readonly Figure[] = [
  ["millrace_lookups_total", "Events for which something was looked up", ({ lookups }) => lookups],
  ["millrace_lookup_hits_total", "Lookups whose answer was known", ({ hits }) => hits],
  ["millrace_lookup_absent_total", "Lookups of keys that have no row", ({ absent }) => absent],
  ["millrace_lookup_calls_total", "Calls of the source", ({ calls }) => calls],
  ["millrace_lookup_keys_total", "Keys in calls of the source", ({ keys }) => keys],
  ["millrace_lookup_timeouts_total", "Calls without an answer in time", ({ timeouts }) => timeouts],
  ["millrace_lookup_failures_total", "Calls that failed", ({ failures }) => failures],
  [
    "millrace_lookup_unanswered_total",
    "Events that went on without an answer, or are dead letters for it",
    ({ unanswered }) => unanswered,
  ],
  ["millrace_lookup_waiting", "Events of the pipeline that wait for answers", ({ waiting }) => waiting],
  ["millrace_lookup_cached", "Answers that are remembered", ({ cached }) => cached],
  ["millrace_lookup_cached_bytes", "Bytes that they take", ({ cachedBytes }) => cachedBytes],
];

export function lookupMetrics(runtime: Runtime, registers: Registry[]): void {
  if (!runtime.status().lookups) return;
  for (const [name, help, value] of FIGURES) {
    const Kind = name.endsWith("_total") ? Counter : Gauge;
    new Kind({
      name,
      help,
      labelNames: ["pipeline", "lookup"],
      registers,
      collect() {
        this.reset();
        for (const each of runtime.status().lookups ?? []) {
          this.inc({ pipeline: each.pipeline, lookup: each.name }, value(each));
        }
      },
    });
  }
}
