/**
 * Where outputs go in a simulated world: sinks that hold their own position, as a table in a database does, and
 * readers that take what a process puts out, some of them slowly, some not at all.
 */
import type { Output } from "../../runtime/mod.ts";
import { FIRST, sameMark, SinkFenced, type SinkMark, type SinkSpec } from "../../runtime/world/sink.ts";
import type { Plan } from "./plan.ts";
import type { Process } from "./processes.ts";
import type { Ground, SimWorld } from "./world.ts";

/** Share of processes whose outputs somebody reads. */
const READ = 0.4;
/** Whoever reads again begins so few frames before one that is void, takes its time for each, and begins anew. */
const BACK_FRAMES = 3, FRAME_PAUSE = 40_000, READS_FOR = 600_000, FRAMES_MAX = 2_000;

/** An output as a reader saw it released. */
export interface Seen {
  readonly pipeline: string;
  readonly output: Output;
}

/** Pipelines whose outputs go outside. */
export function sinksOf({ timed }: Plan): readonly string[] {
  return timed ? ["totals", "pulse"] : ["second", "quick"];
}

export interface Delivery {
  readonly frame: number;
  readonly output: number;
  readonly payload: Uint8Array;
}

/** What a sink holds of one partition, and where it stands. */
export interface Delivered {
  mark: SinkMark | undefined;
  readonly outputs: Delivery[];
}

export function delivered(ground: Ground, pipeline: string, partition: number): Delivered {
  const name = `${pipeline}-${partition}`;
  let found = ground.sinks.get(name);
  if (!found) ground.sinks.set(name, found = { mark: undefined, outputs: [] });
  return found;
}

/** Outputs and position move together, or neither does. */
export function simSink(world: SimWorld, pipeline: string): SinkSpec {
  const name = `sink of ${pipeline}`;
  const { ground } = world;
  return {
    name,
    pipeline,
    open: () =>
      world.wait(world.latency()).then(() => ({
        name,
        bounds: { outputsMax: 50, bytesMax: 64 * 1024, lingerMs: 1 },
        keepsEmpty: true,
        async position(partition) {
          await world.wait(world.latency());
          return delivered(ground, pipeline, partition).mark;
        },
        async commit(batch) {
          await world.wait(world.latency());
          world.crashesAt("crashBeforeSink");
          if (!world.alive) return;
          if (world.fails("sinkRefused")) throw new Error("the sink would not take it");
          const held = delivered(ground, pipeline, batch.partition);
          if (!sameMark(held.mark ?? FIRST, batch.after)) throw new SinkFenced(name, batch, held.mark);
          held.mark = batch.next;
          for (const { position, output, payload } of batch.outputs) {
            held.outputs.push({ frame: position.frame, output, payload });
          }
          ground.trace(`sink ${pipeline}-${batch.partition} ${batch.next.frame}.${batch.next.output}`);
          world.crashesAt("crashAfterSink");
          await world.wait(world.latency());
          if (world.fails("sinkAnswerLost")) throw new Error("the sink does not answer");
        },
        close: () => Promise.resolve(),
      })),
  };
}

/** Reads the outputs of one process for as long as it lives; what came is checked against the ledger later. */
export async function readOutputs(
  { world, runtime }: Process,
  pipeline: string,
  seen: Seen[],
): Promise<void> {
  const from = world.draws.pick(["start", "now"] as const);
  if (!world.draws.chance(READ)) return;
  const slow = world.fails("slowReader"), dead = world.fails("deadReader");
  const takes = dead ? world.draws.int(0, 100) : Infinity;
  for (let taken = 0; world.alive;) {
    try {
      for await (const output of runtime.outputs(pipeline, from, new AbortController().signal)) {
        if (!world.alive) return;
        if (++taken > takes) await new Promise<void>(() => {}); // it never comes back
        seen.push({ pipeline, output });
        if (slow) await world.wait(world.draws.int(0, 5_000));
      }
      return;
    } catch {
      await world.wait(40_000); // the ledger went away during a read
    }
  }
}

/**
 * Reads over and over, at leisure, from a little before the newest frame that a replaced owner left behind: so it
 * is about to come to it whenever the partition restarts, and must know what it is before it is replayed.
 */
export async function rereadOutputs(
  { world, runtime }: Process,
  pipeline: string,
  seen: Seen[],
): Promise<void> {
  const { draws, ground } = world;
  for (let taken = 0; world.alive && taken < FRAMES_MAX && ground.faults.laggingReceiver > 0;) {
    const partitions = runtime.status().partitions.filter((each) => each.pipeline === pipeline);
    const from = partitions.map(({ partition, frame }) => {
      const { straggled } = ground.store.chain(`${pipeline}-${partition}`);
      return {
        partition,
        frame: Math.max(1, (straggled > 0 ? straggled : frame) - draws.int(1, BACK_FRAMES)),
        event: -1,
      };
    });
    const enough = new AbortController();
    world.later(draws.int(READS_FOR / 5, READS_FOR), () => enough.abort());
    const frames = new Map<number, number>();
    try {
      for await (const output of runtime.outputs(pipeline, from, enough.signal)) {
        if (!world.alive || enough.signal.aborted) break;
        const { partition, frame } = output.position;
        if (frames.get(partition) === frame) continue;
        seen.push({ pipeline, output });
        taken++;
        await world.wait(draws.int(0, FRAME_PAUSE));
        frames.set(partition, frame);
      }
    } catch {
      // The ledger went away during a read, or what it wants was purged.
    }
    await world.wait(draws.int(0, FRAME_PAUSE));
  }
}
