/** How far the sinks have come, as Prometheus metrics. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Runtime, SinkPartitionStatus, SinkStatus } from "../runtime.ts";

type PartitionFigure = readonly [name: string, help: string, value: (of: SinkPartitionStatus) => number];
type Figure = readonly [name: string, help: string, value: (of: SinkStatus) => number];

const PARTITION_FIGURES: readonly PartitionFigure[] = [
  ["millrace_sink_outputs_total", "Outputs committed to the sink", ({ outputs }) => outputs],
  ["millrace_sink_commits_total", "Batches committed to the sink", ({ commits }) => commits],
  ["millrace_sink_lag_frames", "Durable frames the sink has not taken", ({ lagFrames }) => lagFrames],
  [
    "millrace_sink_frame",
    "Frame of the first output it does not hold",
    ({ position }) => position?.frame ?? 0,
  ],
];

const FIGURES: readonly Figure[] = [
  ["millrace_sink_up", "1 while the sink is open", ({ state }) => state === "running" ? 1 : 0],
  ["millrace_sink_restarts_total", "Times the sink failed and was opened again", ({ restarts }) => restarts],
  ["millrace_sink_dead_letters", "Outputs given up that wait", ({ deadLetters }) => deadLetters ?? 0],
];

export function sinkMetrics(runtime: Runtime, registers: Registry[]): void {
  if (!runtime.status().sinks) return;
  const sinks = () => runtime.status().sinks ?? [];
  for (const [name, help, value] of PARTITION_FIGURES) {
    figure(name, help, ["sink", "pipeline", "partition"], registers, (set) => {
      for (const { name: sink, pipeline, partitions } of sinks()) {
        for (const each of partitions) set({ sink, pipeline, partition: each.partition }, value(each));
      }
    });
  }
  for (const [name, help, value] of FIGURES) {
    figure(name, help, ["sink", "pipeline"], registers, (set) => {
      for (const each of sinks()) set({ sink: each.name, pipeline: each.pipeline }, value(each));
    });
  }
}

function figure(
  name: string,
  help: string,
  labelNames: string[],
  registers: Registry[],
  collect: (set: (labels: Record<string, string | number>, value: number) => void) => void,
): void {
  const Kind = name.endsWith("_total") ? Counter : Gauge;
  new Kind({
    name,
    help,
    labelNames,
    registers,
    collect() {
      this.reset();
      collect((labels, value) => this.inc(labels, value));
    },
  });
}
