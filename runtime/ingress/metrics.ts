/**
 * What an edge counts itself, and what the runtime's status tells, as Prometheus metrics. The hot path adds
 * to plain numbers; everything is put together when somebody scrapes.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Outcome, Runtime, Status } from "../runtime.ts";
import type { Micros } from "../world/clock.ts";
import { lookupMetrics } from "./lookup_metrics.ts";
import { sinkMetrics } from "./metrics_sinks.ts";
import { type Answer, type Route, verdictOf, VERDICTS } from "./answer.ts";

export interface EdgeMetrics {
  /** Counts one answered event; `micros` from its arrival. */
  answered(route: Route, answer: Answer, micros: number): void;
  text(): Promise<string>;
  readonly contentType: string;
}

const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

type PartitionFigure = readonly [
  name: string,
  help: string,
  value: (partition: Status["partitions"][number], now: Micros) => number,
];

const COUNTERS: readonly PartitionFigure[] = [
  ["millrace_events_total", "Events in durable frames", ({ counts }) => counts.events],
  ["millrace_frames_total", "Frames made durable", ({ counts }) => counts.frames],
  ["millrace_frame_bytes_total", "Bytes of durable frames", ({ counts }) => counts.frameBytes],
  ["millrace_replies_total", "Decisions released", ({ counts }) => counts.replies],
  ["millrace_rejects_total", "Events kept as dead letters", ({ counts }) => counts.rejects],
  [
    "millrace_late_total",
    "Events left out of a window or a join for coming after their time",
    ({ counts }) => counts.late,
  ],
  [
    "millrace_late_partly_total",
    "Events that came after some of their windows and counted in the others",
    ({ counts }) => counts.latePartly,
  ],
  ["millrace_duplicates_total", "Events whose id was seen before", ({ counts }) => counts.duplicates],
  ["millrace_outputs_total", "Outputs released", ({ counts }) => counts.outputs],
  ["millrace_quarantined_total", "Events set aside after trapping twice", ({ counts }) => counts.quarantined],
  ["millrace_checkpoints_total", "Checkpoints that count", ({ counts }) => counts.checkpoints],
  ["millrace_refused_total", "Events not admitted", ({ counts }) => counts.refused],
  ["millrace_restarts_total", "Restarts of the partition", ({ restarts }) => restarts],
];

const GAUGES: readonly PartitionFigure[] = [
  ["millrace_mailbox_events", "Events that wait", ({ mailbox }) => mailbox.events],
  ["millrace_mailbox_bytes", "Bytes that wait", ({ mailbox }) => mailbox.bytes],
  ["millrace_frame", "Newest durable frame", ({ frame }) => frame],
  ["millrace_epoch", "Epoch of this owner", ({ epoch }) => epoch],
  ["millrace_keys", "Keys with state", ({ keys }) => keys],
  ["millrace_state_bytes", "Memory in use for state", ({ stateBytes }) => stateBytes],
  [
    "millrace_checkpoint_age_frames",
    "Frames since the newest checkpoint",
    (p) => p.frame - p.checkpointFrame,
  ],
  ["millrace_standby", "1 when it follows another process's ledger", ({ standby }) => standby ? 1 : 0],
  ["millrace_standby_lag_frames", "Frames a standby is behind", ({ standby }) => standby?.lagFrames ?? 0],
  [
    "millrace_standby_lag_seconds",
    "Age of the newest frame a standby has, while it is behind",
    ({ standby }) => (standby?.lagMs ?? 0) / 1000,
  ],
  ["millrace_serving", "1 when the partition serves", ({ state }) => state === "serving" ? 1 : 0],
];

export function edgeMetrics(runtime: Runtime): EdgeMetrics {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ["pipeline", "partition"];
  const each = (
    visit: (labels: Record<string, string | number>, p: Status["partitions"][number]) => void,
  ) => {
    for (const p of runtime.status().partitions) visit({ pipeline: p.pipeline, partition: p.partition }, p);
  };
  for (const [name, help, value] of COUNTERS) {
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        each((labels, partition) => this.inc(labels, value(partition, 0)));
      },
    });
  }
  for (const [name, help, value] of GAUGES) {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        each((labels, partition) => this.set(labels, value(partition, 0)));
      },
    });
  }
  sinkMetrics(runtime, registers);
  lookupMetrics(runtime, registers);
  const answers = edgeCounts(registers);
  const seconds = new Histogram({
    name: "millrace_answer_seconds",
    help: "From a request's arrival at the edge to its answer",
    labelNames: ["pipeline"],
    buckets: BUCKETS,
    registers,
  });
  measureAppends(runtime, registers);
  const timers = new Map<string, Histogram.Internal<"pipeline">>();
  return {
    contentType: registry.contentType,
    answered(route, answer, micros) {
      answers(route.name, answer.outcomes[answer.index]);
      let timer = timers.get(route.name);
      if (timer === undefined) timers.set(route.name, timer = seconds.labels({ pipeline: route.name }));
      timer.observe(micros / 1e6);
    },
    text: () => registry.metrics(),
  };
}

/** For as long as the runtime lives, as its edges do. */
function measureAppends(runtime: Runtime, registers: Registry[]): void {
  const seconds = new Histogram({
    name: "millrace_append_seconds",
    help: "From handing a frame to the ledger to its acknowledgement",
    labelNames: ["pipeline", "partition"],
    buckets: BUCKETS,
    registers,
  });
  const timers = new Map<string, Histogram.Internal<"pipeline" | "partition">>();
  runtime.onAppend((pipeline, partition, micros) => {
    const name = `${pipeline}-${partition}`;
    let timer = timers.get(name);
    if (timer === undefined) timers.set(name, timer = seconds.labels({ pipeline, partition }));
    timer.observe(micros / 1e6);
  });
}

/** Answers by what they were: a verdict, "applied", or why there is none. */
function edgeCounts(registers: Registry[]): (route: string, outcome: Outcome) => void {
  const counts = new Map<string, Map<string, number>>();
  new Counter({
    name: "millrace_answers_total",
    help: "Answers given at this edge, by verdict or by why there is none",
    labelNames: ["pipeline", "answer"],
    registers,
    collect() {
      this.reset();
      for (const [pipeline, answers] of counts) {
        for (const [answer, count] of answers) this.inc({ pipeline, answer }, count);
      }
    },
  });
  return (route, outcome) => {
    let answers = counts.get(route);
    if (answers === undefined) counts.set(route, answers = new Map());
    const name = outcome.kind === "decided"
      ? VERDICTS[verdictOf(outcome.reply)] ?? "OTHER"
      : outcome.kind === "refused"
      ? outcome.admission
      : outcome.kind;
    answers.set(name, (answers.get(name) ?? 0) + 1);
  };
}
