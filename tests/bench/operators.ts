/** Operators at many keys: nanoseconds an event, and how many times as fast as plain TypeScript over the same events. */
import process from "node:process";
import type { Kernel } from "../../runtime/kernel/host.ts";
import { CLOCK, Random, region } from "../properties/kernel_under_test.ts";
import { loadOperator } from "../properties/operator_under_test.ts";
import { type CountTwin, hoppingTwin, sessionTwin, slidingTwin, tumblingTwin } from "./operators_twins.ts";

export interface OperatorFigures {
  readonly nsPerEvent: number;
  /** The twin's time over the kernel's, for the same events. */
  readonly timesTwin: number;
  readonly keys: number;
  readonly bytesPerKey: number;
  readonly resultsPerEvent: number;
  readonly conditions: string;
}

interface Scenario {
  /** Operator, bound of disorder, size, slide, as kernels/windows_bench.ts takes them. */
  readonly params: readonly number[];
  readonly twin: CountTwin;
  readonly keys: number;
  /** Event time between two events, µs. */
  readonly step: number;
  readonly warm: number;
  readonly events: number;
  readonly what: string;
}

const FRAME_EVENTS = 500, CHUNK_EVENTS = 50_000;
/** Events arrive up to so much out of order, µs. */
const DISORDER = 1000;

/** `share` makes keys and events fewer, for a quick look. */
export async function benchOperators(
  share = 1,
): Promise<Record<string, OperatorFigures & { timesTumbling?: number }>> {
  const many = Math.round(1_000_000 * share), few = Math.round(50_000 * share);
  const tumbling = await bench(aligned(many, 5, 1, 1, 1));
  const small = await bench(aligned(few, 5, 1, 4, 8));
  const hopping = await bench(aligned(few, 5, 60, 62, 8));
  const session = await bench({
    params: [1, DISORDER, 2 * many, 0],
    twin: sessionTwin(2 * many, DISORDER),
    keys: many,
    step: 1,
    warm: 3 * many,
    events: 5 * many,
    what: "sessions with a gap of twice the time between a key's events",
  });
  const sliding = await bench({
    params: [2, DISORDER, 2 * few, 0],
    twin: slidingTwin(2 * few, DISORDER),
    keys: few,
    step: 1,
    warm: 4 * few,
    events: 20 * few,
    what: "for each event the count of its key's events in a window that holds 2 of them on average",
  });
  return {
    tumbling,
    hopping: { ...hopping, timesTumbling: round(hopping.nsPerEvent / small.nsPerEvent) },
    session,
    sliding,
  };
}

/** Windows of `panes` slides; a key has `perKey` events in a slide. */
function aligned(keys: number, perKey: number, panes: number, warmSlides: number, slides: number): Scenario {
  const slide = keys * perKey;
  return {
    params: [0, DISORDER, slide * panes, slide],
    twin: panes === 1 ? tumblingTwin(slide, DISORDER) : hoppingTwin(slide, panes, DISORDER),
    keys,
    step: 1,
    warm: warmSlides * slide,
    events: slides * slide,
    what: `${panes === 1 ? "tumbling" : `hopping ${panes}:1`}, ${perKey} events a key and slide`,
  };
}

async function bench({ params, twin, keys, step, warm, events, what }: Scenario): Promise<OperatorFigures> {
  const kernel = (await loadOperator("windows_bench", params.map(BigInt))).instantiate();
  const empty = kernel.stateBytes, random = new Random(7);
  let spent = 0, twinSpent = 0, told = 0;
  for (let made = 0; made < warm + events; made += CHUNK_EVENTS) {
    const chunk = chunkOf(random, made, keys, step);
    const before = tellings(kernel).told;
    const kernelTook = cpuTime(() => chunk.frames.forEach((frame) => applyFrame(kernel, frame)));
    const twinTook = cpuTime(() => chunk.times.forEach((time, i) => twin.add(time, chunk.keys[i])));
    if (made < warm) continue;
    spent += kernelTook;
    twinSpent += twinTook;
    told += Number(tellings(kernel).told - before);
  }
  const figures = { keys: kernel.keys, bytes: kernel.stateBytes - empty };
  finish(kernel, twin, (warm + events) * step + 3_600_000_000);
  const { told: all, sum } = tellings(kernel);
  if (Number(all) !== twin.told || Number(sum) !== twin.sum) {
    throw new Error(`Cannot trust the figures of ${what}: kernel ${all} results, twin ${twin.told}`);
  }
  return {
    nsPerEvent: round(spent * 1000 / events),
    timesTwin: round(twinSpent / spent),
    keys: figures.keys,
    bytesPerKey: Math.round(figures.bytes / figures.keys),
    resultsPerEvent: round(told / events),
    conditions:
      `${what}; ${FRAME_EVENTS} events a frame, keys drawn uniformly, times up to ${DISORDER} µs out of ` +
      `order, the frame loop included; processor time of the process, kernel and twin in turns of ${CHUNK_EVENTS} events`,
  };
}

/** An event an hour later, so that both have told all that came before it. */
function finish(kernel: Kernel, twin: CountTwin, time: number): void {
  applyFrame(kernel, region([eventOf(time, 0)]));
  twin.add(time, 0);
}

function eventOf(time: number, key: number): { payload: Uint8Array } {
  const payload = new Uint8Array(16), view = new DataView(payload.buffer);
  view.setBigInt64(0, BigInt(time), true);
  view.setBigInt64(8, BigInt(key), true);
  return { payload };
}

interface Chunk {
  readonly frames: Uint8Array[];
  readonly times: Float64Array;
  readonly keys: Float64Array;
}

function chunkOf(random: Random, made: number, keyCount: number, step: number): Chunk {
  const times = new Float64Array(CHUNK_EVENTS), keys = new Float64Array(CHUNK_EVENTS);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < CHUNK_EVENTS; at += FRAME_EVENTS) {
    const events = Array.from({ length: FRAME_EVENTS }, (_, i) => {
      const time = Math.max(0, (made + at + i) * step - random.below(DISORDER)), key = random.below(keyCount);
      times[at + i] = time;
      keys[at + i] = key;
      return eventOf(time, key);
    });
    frames.push(region(events));
  }
  return { frames, times, keys };
}

function applyFrame(kernel: Kernel, frame: Uint8Array): void {
  for (let done = 0; done < frame.length;) {
    done += kernel.apply(CLOCK, 1, done ? frame.subarray(done) : frame, 1 << 20).consumedBytes;
  }
}

/** How many results the kernel has told, and the sum of their counts. */
function tellings(kernel: Kernel): { told: bigint; sum: bigint } {
  const answer = kernel.query(new Uint8Array(1))!;
  const view = new DataView(answer.buffer, answer.byteOffset);
  return { told: view.getBigInt64(0, true), sum: view.getBigInt64(8, true) };
}

/** Microseconds of processor time. */
function cpuTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
