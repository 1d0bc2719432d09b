/** The pretrade kernel at many accounts: throughput in frames, latency of single decisions, and its twin. */
import process from "node:process";
import { OrderTraffic } from "../../actors/orders/generator.ts";
import type { Kernel } from "../../runtime/kernel/host.ts";
import { PretradeModel } from "../models/pretrade.ts";
import { loadForTest, region } from "../properties/kernel_under_test.ts";

export interface PretradeBenchOptions {
  /** Default 1,000,000. */
  readonly accounts?: number;
  /** Events of the measured part. Default 2,000,000. */
  readonly events?: number;
  /** Single decisions that are timed one by one. Default 200,000. */
  readonly decisions?: number;
  /** Events given to the twin; 0 leaves it out. Default 100,000. */
  readonly twinEvents?: number;
  /** Accounts the twin knows; its objects take some KiB each. Default 50,000. */
  readonly twinAccounts?: number;
  readonly seed?: number;
}

export interface PretradeBench {
  readonly perSecond: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly timesTwin: number;
  readonly accounts: number;
  readonly bytesPerKey: number;
  readonly conditions: string;
}

const FRAME_EVENTS = 256, CHUNK_FRAMES = 400;
/** Bytes of effects that one call may answer with. */
const EFFECTS_MAX = 1 << 20;

export async function benchPretrade(options: PretradeBenchOptions = {}): Promise<PretradeBench> {
  const accounts = options.accounts ?? 1_000_000;
  const traffic = new OrderTraffic({ accounts, seed: options.seed ?? 1, stepMicros: 1 });
  const kernel = (await loadForTest("pretrade")).instantiate();
  const empty = kernel.stateBytes;
  fill(kernel, traffic);
  const bytesPerKey = (kernel.stateBytes - empty) / kernel.keys;
  throughput(kernel, traffic, 300_000); // warm-up
  const perSecond = throughput(kernel, traffic, options.events ?? 2_000_000);
  const [p99Us, p999Us] = latencies(kernel, traffic, options.decisions ?? 200_000);
  const twinAccounts = Math.min(accounts, options.twinAccounts ?? 50_000);
  const twin = twinPerSecond(twinAccounts, options.twinEvents ?? 100_000, options.seed ?? 1);
  return {
    perSecond: Math.round(perSecond),
    p99Us,
    p999Us,
    timesTwin: twin ? round(perSecond / twin) : 0,
    accounts: kernel.keys,
    bytesPerKey: round(bytesPerKey),
    conditions:
      `${FRAME_EVENTS} events a frame, one core, no ledger; all fifteen checks; accounts drawn uniformly, ` +
      `each with a strategy throttle, one session and one user; 82 % replace, 12 % new, 6 % cancel; latency of ` +
      `decide() calls, the caller's copy in and timer included; twin: Map and BigInt, fed the same bytes, at ` +
      `${twinAccounts} accounts`,
  };
}

/** Reference data of every account, and one open order for each. */
function fill(kernel: Kernel, traffic: OrderTraffic): void {
  let events: { payload: Uint8Array }[] = [];
  const flush = () => {
    apply(kernel, region(events), traffic.at);
    events = [];
  };
  const add = (payload: Uint8Array) => {
    events.push({ payload: payload.slice() });
    if (events.length === FRAME_EVENTS) flush();
  };
  for (const event of traffic.referenceData()) add(traffic.encode(event));
  for (let account = 1; account <= traffic.accounts; account++) add(traffic.encode(traffic.first(account)));
  flush();
}

function apply(kernel: Kernel, events: Uint8Array, clock: number): void {
  for (let done = 0; done < events.length;) {
    done += kernel.apply(clock, 1, done ? events.subarray(done) : events, EFFECTS_MAX).consumedBytes;
  }
}

/** Frames are made in chunks between the timed stretches. */
function throughput(kernel: Kernel, traffic: OrderTraffic, events: number): number {
  let elapsed = 0, applied = 0;
  while (applied < events) {
    const frames = Array.from({ length: CHUNK_FRAMES }, () => {
      const records = Array.from({ length: FRAME_EVENTS }, () => ({
        payload: traffic.encode(traffic.next()).slice(),
      }));
      return { bytes: region(records), clock: traffic.at };
    });
    const began = performance.now();
    for (const { bytes, clock } of frames) apply(kernel, bytes, clock);
    elapsed += performance.now() - began;
    applied += CHUNK_FRAMES * FRAME_EVENTS;
  }
  return applied / elapsed * 1_000;
}

/** p99 and p99.9 in microseconds. */
function latencies(kernel: Kernel, traffic: OrderTraffic, count: number): [number, number] {
  const taken = new Float64Array(count);
  for (let done = 0; done < count;) {
    const batch = Array.from({ length: Math.min(10_000, count - done) }, () => {
      const payload = traffic.encode(traffic.next()).slice();
      return region([{ payload }]).slice(2); // the Event message without the frame's tag and length
    });
    for (const event of batch) {
      const began = process.hrtime.bigint();
      kernel.decide(traffic.at, 1, 0, event);
      taken[done++] = Number(process.hrtime.bigint() - began) / 1_000;
    }
  }
  taken.sort();
  return [round(taken[Math.floor(count * 0.99)]), round(taken[Math.floor(count * 0.999)])];
}

function twinPerSecond(accounts: number, count: number, seed: number): number {
  if (!count) return 0;
  const traffic = new OrderTraffic({ accounts, seed, stepMicros: 1 }), model = new PretradeModel();
  for (const event of traffic.referenceData()) model.applyBytes(traffic.encode(event), BigInt(traffic.at));
  for (let account = 1; account <= accounts; account++) {
    model.applyBytes(traffic.encode(traffic.first(account)), BigInt(traffic.at));
  }
  let elapsed = 0;
  for (let done = 0; done < count; done += 10_000) {
    const payloads = Array.from({ length: 10_000 }, () => traffic.encode(traffic.next()).slice());
    const clock = BigInt(traffic.at), began = performance.now();
    for (const payload of payloads) model.applyBytes(payload, clock);
    elapsed += performance.now() - began;
  }
  return count / elapsed * 1_000;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
