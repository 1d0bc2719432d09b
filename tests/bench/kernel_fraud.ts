/** The fraud kernel at many cards: throughput in frames, latency of single decisions, bytes a card, and its model. */
import process from "node:process";
import type { Kernel } from "../../runtime/kernel/host.ts";
import { FraudModel } from "../models/fraud.ts";
import { loadForTest, region } from "../properties/kernel_under_test.ts";
import { Payments } from "./payments.ts";

export interface FraudBenchOptions {
  /** Default 1,000,000. */
  readonly cards?: number;
  /** Payments of the measured part. Default 2,000,000. */
  readonly events?: number;
  /** Single decisions that are timed one by one. Default 200,000. */
  readonly decisions?: number;
  /** Payments given to the model; 0 leaves it out. Default 200,000. */
  readonly twinEvents?: number;
  /** Zipf exponent of which card pays; 0 = each alike. Default 0. */
  readonly zipf?: number;
  readonly seed?: number;
}

export interface FraudBench {
  readonly perSecond: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly timesTwin: number;
  readonly cards: number;
  readonly bytesPerKey: number;
  readonly conditions: string;
}

/** Share of payments with the card present, at a place. */
const PRESENT = 0.7;
const START = 1_700_265_600_000_000;
const FRAME_EVENTS = 500, CHUNK_FRAMES = 200;

export async function benchFraud(options: FraudBenchOptions = {}): Promise<FraudBench> {
  const cards = options.cards ?? 1_000_000, events = options.events ?? 2_000_000;
  const { seed, zipf } = options, traffic = new Payments(cards, 0, START, { seed, zipf, present: PRESENT });
  const kernel = (await loadForTest("fraud")).instantiate();
  const empty = kernel.stateBytes;
  for (let done = 0; done < cards; done += FRAME_EVENTS) applyFrame(kernel, frameOf(traffic));
  const bytesPerKey = (kernel.stateBytes - empty) / kernel.keys;
  const perSecond = throughput(kernel, traffic, events);
  const [p99Us, p999Us] = latencies(kernel, traffic, options.decisions ?? 200_000);
  const twin = twinPerSecond(traffic, cards, options.twinEvents ?? 200_000);
  return {
    perSecond: Math.round(perSecond),
    p99Us,
    p999Us,
    timesTwin: twin ? round(perSecond / twin) : 0,
    cards: kernel.keys,
    bytesPerKey: round(Math.max(bytesPerKey, (kernel.stateBytes - empty) / kernel.keys)),
    conditions:
      `${FRAME_EVENTS} payments a frame, one core, no ledger; cards drawn ${
        options.zipf ? `zipf ${options.zipf}` : "uniformly"
      }, 70 % present with a place; latency of decide() calls, the caller's copy in and timer included; ` +
      `model: Map and BigInt, fed the same bytes, at the same number of cards`,
  };
}

interface Frame {
  readonly bytes: Uint8Array;
  readonly clock: number;
}

function frameOf(traffic: Payments): Frame {
  const events = Array.from({ length: FRAME_EVENTS }, () => ({ payload: traffic.next().slice() }));
  return { bytes: region(events), clock: Math.ceil(traffic.at) };
}

function applyFrame(kernel: Kernel, frame: Frame): void {
  for (let done = 0; done < frame.bytes.length;) {
    done +=
      kernel.apply(frame.clock, 1, done ? frame.bytes.subarray(done) : frame.bytes, 1 << 20).consumedBytes;
  }
}

/** Frames are made in chunks between the timed stretches. */
function throughput(kernel: Kernel, traffic: Payments, events: number): number {
  let elapsed = 0, applied = 0;
  while (applied < events) {
    const frames = Array.from({ length: CHUNK_FRAMES }, () => frameOf(traffic));
    const began = performance.now();
    for (const frame of frames) applyFrame(kernel, frame);
    elapsed += performance.now() - began;
    applied += CHUNK_FRAMES * FRAME_EVENTS;
  }
  return applied / elapsed * 1000;
}

/** p99 and p99.9 in microseconds. */
function latencies(kernel: Kernel, traffic: Payments, count: number): [number, number] {
  const taken = new Float64Array(count);
  for (let done = 0; done < count;) {
    const batch = Array.from({ length: Math.min(10_000, count - done) }, () => {
      const payload = traffic.next().slice();
      return region([{ payload }]).slice(2); // the Event message without the frame's tag and length
    });
    for (const event of batch) {
      const began = process.hrtime.bigint();
      kernel.decide(Math.ceil(traffic.at), 1, 0, event);
      taken[done++] = Number(process.hrtime.bigint() - began) / 1000;
    }
  }
  taken.sort();
  return [round(taken[Math.floor(count * 0.99)]), round(taken[Math.floor(count * 0.999)])];
}

function twinPerSecond(traffic: Payments, cards: number, count: number): number {
  if (!count) return 0;
  const model = new FraudModel();
  for (let card = 0; card < cards; card++) model.apply(traffic.of(card), BigInt(Math.ceil(traffic.at)));
  let elapsed = 0;
  for (let done = 0; done < count; done += 10_000) {
    const payloads = Array.from({ length: 10_000 }, () => traffic.next().slice());
    const clock = BigInt(Math.ceil(traffic.at));
    const began = performance.now();
    for (const payload of payloads) model.apply(payload, clock);
    elapsed += performance.now() - began;
  }
  return count / elapsed * 1000;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
