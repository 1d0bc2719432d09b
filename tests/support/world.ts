/** A world in memory on the machine's clock, and the tally pipeline driven through it: for tests of the engine. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { TallySchema, TallyStateSchema } from "../../actors/tally/gen/tally_pb.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { memoryCheckpoints } from "../../runtime/adapters/memory/checkpoints.ts";
import { memoryLedger, MemoryStore } from "../../runtime/adapters/memory/ledger.ts";
import { noNetwork } from "../../runtime/adapters/memory/network.ts";
import { systemRandom } from "../../runtime/adapters/random.ts";
import {
  DecisionSchema,
  type Outcome,
  type Runtime,
  start,
  type StartOptions,
  type Topology,
  type World,
} from "../../runtime/mod.ts";

/** What outlives a runtime: its ledger and its checkpoints. */
export interface Kept {
  readonly store: MemoryStore;
  readonly blobs: Map<string, Uint8Array>;
}

export function kept(): Kept {
  return { store: new MemoryStore(), blobs: new Map() };
}

export interface MemoryWorld extends World {
  /** What was logged, newest last. */
  readonly lines: string[];
}

export function memoryWorld({ store, blobs }: Kept = kept()): MemoryWorld {
  const clock = systemClock();
  const lines: string[] = [];
  const log = (message: string) => void lines.push(message);
  return {
    clock,
    random: systemRandom(),
    ledger: memoryLedger({ clock, store }),
    checkpoints: memoryCheckpoints({ clock, blobs }),
    network: noNetwork(),
    log: { info: log, warn: log, error: log },
    lines,
  };
}

/** Runs a topology in a world while `use` runs, and stops it in any case. */
export async function running<T>(
  topology: Topology,
  world: World,
  use: (runtime: Runtime) => Promise<T>,
  options: Partial<StartOptions> = {},
): Promise<T> {
  const abort = new AbortController();
  const runtime = await start(topology, world, abort.signal, { kernels: readKernel, ...options });
  try {
    await runtime.ready;
    return await use(runtime);
  } finally {
    await runtime.stop();
  }
}

export function tallyEvent(key: string, amount: bigint | number, note = ""): Uint8Array {
  return toBinary(TallySchema, create(TallySchema, { key, amount: BigInt(amount), note }));
}

export function keyBytes(key: string): Uint8Array {
  return new TextEncoder().encode(key);
}

/** Count and sum that a decided outcome names. */
export function totals(outcome: Outcome): { count: bigint; sum: bigint } {
  if (outcome.kind !== "decided") throw new Error(`Cannot read totals: the outcome is ${describe(outcome)}`);
  const figures = new Map(
    fromBinary(DecisionSchema, outcome.reply).figures.map(({ code, value }) => [code, value]),
  );
  return { count: figures.get(1) ?? 0n, sum: figures.get(2) ?? 0n };
}

export function tallyState(bytes: Uint8Array | undefined): { count: bigint; sum: bigint } | undefined {
  if (!bytes) return undefined;
  const { count, sum } = fromBinary(TallyStateSchema, bytes);
  return { count, sum };
}

export function describe(outcome: Outcome): string {
  return outcome.kind === "unknown" ? `unknown: ${outcome.cause.message}` : JSON.stringify(outcome);
}
