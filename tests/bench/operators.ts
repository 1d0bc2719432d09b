/** Operators at many keys: nanoseconds an event, and how many times as fast as plain TypeScript over the same events. */
import type { Kernel } from "../../runtime/kernel/host.ts";
import { CLOCK, Random, region } from "../properties/kernel_under_test.ts";
import { loadOperator } from "../properties/operator_under_test.ts";
import { cpuTime, median } from "./measure.ts";
import {
  type CountTwin,
  hoppingTwin,
  NaiveHoppingTwin,
  sessionTwin,
  slidingTwin,
  tumblingTwin,
} from "./operators_twins.ts";

export interface OperatorFigures {
  /** Median of the samples. */
  readonly nsPerEvent: number;
  readonly nsPerEventMin: number;
  /** The twin's time over the kernel's, for the same events; median of the samples. */
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
  /** Events of a sample, in which each key's turn comes the same number of times; and samples. */
  readonly sample: number;
  readonly samples: number;
  readonly what: string;
}

const FRAME_EVENTS = 500, CHUNK_EVENTS = 50_000;
/** An event in a frame: tags and lengths of itself and of its payload, then the payload. */
const RECORD_BYTES = 4 + 16;
/** Events arrive up to so much out of order, µs. */
const DISORDER = 1000;

/** `share` makes keys and events fewer, for a quick look. */
export async function benchOperators(
  share = 1,
): Promise<Record<string, OperatorFigures & { timesTumbling?: number; timesPaneTwin?: number }>> {
  const many = Math.round(1_000_000 * share), few = Math.round(50_000 * share);
  const tumbling = await bench(aligned(many, 5, 1, 1, 3));
  const small = await bench(aligned(few, 5, 1, 4, 8));
  const hopping = await bench(aligned(few, 5, 60, 62, 8));
  const naive = naiveHopping(few, 5, 60, hopping.nsPerEvent);
  const session = await bench({
    params: [1, DISORDER, 2 * many, 0],
    twin: sessionTwin(2 * many, DISORDER),
    keys: many,
    step: 1,
    warm: 3 * many,
    sample: many,
    samples: 5,
    what: "sessions with a gap of twice the time between a key's events",
  });
  const sliding = await bench({
    params: [2, DISORDER, 2 * few, 0],
    twin: slidingTwin(2 * few, DISORDER),
    keys: few,
    step: 1,
    warm: 4 * few,
    sample: 4 * few,
    samples: 15,
    what: "for each event the count of its key's events in a window that holds 2 of them on average",
  });
  return {
    tumbling,
    hopping: {
      ...hopping,
      timesTumbling: round(hopping.nsPerEvent / small.nsPerEvent),
      timesTwin: naive,
      timesPaneTwin: hopping.timesTwin,
      conditions:
        `${hopping.conditions}; timesPaneTwin: over the same events, of a twin that shares panes as ` +
        "the kernel does; timesTwin: of the naive one, which adds an event to each of the windows that hold it, " +
        "over 10000 events in five places of a slide, its windows filled beforehand",
    },
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
    sample: slide,
    samples: slides,
    what: `${panes === 1 ? "tumbling" : `hopping ${panes}:1`}, ${perKey} events a key and slide`,
  };
}

async function bench(scenario: Scenario): Promise<OperatorFigures> {
  const { params, twin, keys, step, warm, sample, samples, what } = scenario;
  const kernel = (await loadOperator("windows_bench", params.map(BigInt))).instantiate();
  const empty = kernel.stateBytes, chunk = new Chunk(keys, step);
  const kernelTimes: number[] = [], ratios: number[] = [];
  let spent = 0, twinSpent = 0;
  const begun = () => tellings(kernel).told;
  let told = 0n;
  for (let made = 0; made < warm + sample * samples;) {
    const size = Math.min(CHUNK_EVENTS, made < warm ? warm - made : sample - (made - warm) % sample);
    chunk.fill(made, size);
    if (made === warm) told = begun();
    spent += cpuTime(() => chunk.frames().forEach((frame) => applyFrame(kernel, frame)));
    twinSpent += cpuTime(() => {
      for (let i = 0; i < size; i++) twin.add(chunk.times[i], chunk.keys[i]);
    });
    made += size;
    if (made > warm && (made - warm) % sample === 0) {
      kernelTimes.push(spent * 1000 / sample);
      ratios.push(twinSpent / spent);
    }
    if (made <= warm || (made - warm) % sample === 0) spent = twinSpent = 0;
  }
  const resultsPerEvent = Number(begun() - told) / (sample * samples);
  const figures = { keys: kernel.keys, bytes: kernel.stateBytes - empty };
  finish(kernel, twin, (warm + sample * samples) * step + 3_600_000_000);
  const { told: all, sum } = tellings(kernel);
  if (Number(all) !== twin.told || Number(sum) !== twin.sum) {
    throw new Error(`Cannot trust the figures of ${what}: kernel ${all} results, twin ${twin.told}`);
  }
  return {
    nsPerEvent: round(median(kernelTimes)),
    nsPerEventMin: round(Math.min(...kernelTimes)),
    timesTwin: round(median(ratios)),
    keys: figures.keys,
    bytesPerKey: Math.round(figures.bytes / figures.keys),
    resultsPerEvent: round(resultsPerEvent),
    conditions:
      `${what}; ${FRAME_EVENTS} events a frame, keys drawn uniformly, times up to ${DISORDER} µs out of ` +
      `order, the frame loop included; processor time of the process, kernel and twin in turns of ` +
      `${CHUNK_EVENTS} events; median and minimum of ${samples} samples of ${sample} events`,
  };
}

/** How many times as long as the kernel the twin takes that adds an event to each of its windows. */
function naiveHopping(keys: number, perKey: number, panes: number, kernelNs: number): number {
  const slide = keys * perKey, chunk = new Chunk(keys, 1);
  const twin = new NaiveHoppingTwin(slide, panes, keys, DISORDER), times: number[] = [];
  for (let made = 0; made < slide; made += slide / 5) {
    const size = Math.min(2000, slide / 5);
    chunk.fill(made + DISORDER, size);
    const took = cpuTime(() => {
      for (let i = 0; i < size; i++) twin.add(chunk.times[i], chunk.keys[i]);
    });
    times.push(took * 1000 / size);
  }
  return round(median(times) / kernelNs);
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

/** Some events, as frames for the kernel and as numbers for the twin; filled anew without garbage. */
class Chunk {
  readonly times = new Float64Array(CHUNK_EVENTS);
  readonly keys = new Float64Array(CHUNK_EVENTS);
  readonly #random = new Random(7);
  readonly #bytes = region(Array.from({ length: CHUNK_EVENTS }, () => eventOf(0, 0)));
  readonly #view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
  readonly #keyCount: number;
  readonly #step: number;
  #size = 0;

  constructor(keyCount: number, step: number) {
    this.#keyCount = keyCount;
    this.#step = step;
  }

  fill(made: number, size: number): void {
    this.#size = size;
    for (let i = 0; i < size; i++) {
      const time = Math.max(0, (made + i) * this.#step - this.#random.below(DISORDER));
      const key = this.#random.below(this.#keyCount);
      this.times[i] = time;
      this.keys[i] = key;
      const payload = i * RECORD_BYTES + RECORD_BYTES - 16;
      this.#view.setUint32(payload, time % 2 ** 32, true);
      this.#view.setUint32(payload + 4, Math.floor(time / 2 ** 32), true);
      this.#view.setUint32(payload + 8, key, true);
    }
  }

  frames(): Uint8Array[] {
    return Array.from({ length: Math.ceil(this.#size / FRAME_EVENTS) }, (_, i) => {
      const to = Math.min(this.#size, (i + 1) * FRAME_EVENTS);
      return this.#bytes.subarray(i * FRAME_EVENTS * RECORD_BYTES, to * RECORD_BYTES);
    });
  }
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

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
