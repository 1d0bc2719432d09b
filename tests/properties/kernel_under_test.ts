/** Runs a kernel in tests: builds it, frames events for it, reads its effects back. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { seedOf } from "../support/seed.ts";
import { type Kernel, type KernelModule, loadKernel } from "../../runtime/kernel/host.ts";
import { type Decision, DecisionSchema } from "../../runtime/proto/gen/decision_pb.ts";
import { type Effect, FrameSchema } from "../../runtime/proto/gen/frame_pb.ts";
import { KernelParamsSchema } from "../../runtime/proto/gen/params_pb.ts";
import { encodeFrame, type EventFields } from "../../runtime/proto/gen/frame_wire.ts";
import { buildKernel } from "../../wasm/build.ts";

const here = import.meta.dirname ?? dirname(fileURLToPath(import.meta.url));
export const CLOCK = 1_700_000_000_000_000;

export interface Params {
  readonly dedupeWindow?: bigint;
  readonly dedupeMax?: number;
  readonly stateBytesMax?: bigint;
  readonly kernel?: Uint8Array;
}

/** A kernel of the tests (`operators`, `echo`) or of wasm/kernels. */
export async function loadForTest(name: string, params: Params = {}): Promise<KernelModule> {
  const own = name === "operators" || name === "echo";
  const folder = own ? join(here, "kernels") : join(here, "../../wasm/kernels");
  const { file } = await buildKernel(join(folder, `${name}.ts`));
  return loadKernel(
    name,
    readFileSync(file),
    toBinary(KernelParamsSchema, create(KernelParamsSchema, params)),
  );
}

/** The events region of a frame. */
export function region(events: readonly EventFields[]): Uint8Array {
  const size = events.reduce(
    (sum, event) => sum + 64 + (event.payload?.length ?? 0) + (event.id?.length ?? 0),
    64,
  );
  const out = new Uint8Array(size);
  return out.slice(0, encodeFrame({ events }, out, 0));
}

/** Applies events as one frame, whatever number of calls that takes. */
export function applyAll(
  kernel: Kernel,
  events: readonly EventFields[],
  clock = CLOCK,
  number = 1,
): Effect[] {
  const all: Effect[] = [];
  for (let done = 0; done < events.length;) {
    const applied = kernel.apply(clock, number, region(events.slice(done)), 1 << 20);
    for (const effect of effectsOf(applied.effects)) all.push({ ...effect, event: effect.event + done });
    done += applied.consumedEvents;
  }
  return all;
}

export function effectsOf(bytes: Uint8Array): Effect[] {
  return fromBinary(FrameSchema, bytes).effects;
}

export function decisionOf(effect: Effect): Decision {
  return fromBinary(DecisionSchema, effect.payload);
}

/** A command of the operators kernel. */
export function command(op: number, key: Uint8Array, ...args: bigint[]): Uint8Array {
  const bytes = new Uint8Array(3 + key.length + 32), view = new DataView(bytes.buffer);
  bytes[0] = op;
  view.setUint16(1, key.length, true);
  bytes.set(key, 3);
  args.forEach((arg, i) => view.setBigInt64(3 + key.length + 8 * i, BigInt.asIntN(64, arg), true));
  return bytes;
}

/** The figures of a reply by code, or the reject reason. */
export function figuresOf(effect: Effect): { [code: number]: bigint; reason: number } {
  const figures: { [code: number]: bigint; reason: number } = { reason: effect.reason };
  if (effect.payload.length) {
    for (const { code, value } of decisionOf(effect).figures) {
      figures[code] = value;
    }
  }
  return figures;
}

/** Runs commands in frames of up to 200 and gives each one's figures. */
export function run(kernel: Kernel, commands: readonly Uint8Array[], clock = CLOCK) {
  return applyAll(kernel, commands.map((payload) => ({ payload })), clock).map(figuresOf);
}

/** A seeded source of randomness; the seed is printed, and taken from MILLRACE_SEED where that is set. */
export function seeded(what: string): Random {
  const seed = seedOf(process.env, 1);
  console.log(`${what}: MILLRACE_SEED=${seed}`);
  return new Random(seed);
}

export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0;
  }
  u32(): number {
    let t = this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
  below(n: number): number {
    return this.u32() % n;
  }
  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }
  /** int64, often at an edge. */
  i64(): bigint {
    const edges = [0n, 1n, -1n, 2n ** 31n, -(2n ** 31n), 2n ** 32n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)];
    if (this.below(3) === 0) {
      return BigInt.asIntN(64, edges[this.below(edges.length)] + BigInt(this.below(3) - 1));
    }
    return BigInt.asIntN(64, this.u64() >> BigInt(this.below(64))) * (this.below(2) ? 1n : -1n) % (2n ** 63n);
  }
  bytes(n: number): Uint8Array {
    return Uint8Array.from({ length: n }, () => this.below(256));
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }
}
