/**
 * A feed: the outputs of one partition as events of another pipeline, keyed anew there. Each output carries
 * its source (the partition) and a rising sequence; the receiver's state holds the high-water mark of each
 * source, so an output that is delivered again (after a crash of either side) is recognised and dropped.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { EFFECT_KIND, EffectCursor } from "../partition/records.ts";
import { WatermarkSchema } from "../proto/gen/frame_pb.ts";
import { encodeMark } from "../stream/marks.ts";
import type { OfferOptions, Outcome } from "../runtime.ts";
import type { ReleasedFrame } from "../partition/history.ts";
import type { Partition } from "../partition/partition.ts";
import { fieldOf } from "../partition/wire.ts";
import type { FedInput } from "../declare.ts";
import type { World } from "../world/mod.ts";
import { eachOutput, releasedFrames } from "./reader.ts";

/** Outputs of one frame must be fewer: frame number and output index share one sequence below 2^53. */
const OUTPUTS_PER_FRAME_MAX = 2 ** 20;
/** Outputs offered and not yet durable at the receiver. */
const UNSETTLED_MAX = 8192;

export interface FeedOptions {
  readonly from: Partition;
  readonly to: string;
  readonly world: World;
  /** Which of the outputs it carries, and what they are to the receiver. */
  readonly routes: readonly FeedRoute[];
  /** Tells the receiver, all of its partitions, how far event time has come; absent where it does not ask. */
  mark?(payload: Uint8Array, options: OfferOptions, done: (outcome: Outcome) => void): Promise<void>;
  /** Undefined when it was taken at once. */
  offer(
    payload: Uint8Array,
    options: OfferOptions,
    done: (outcome: Outcome) => void,
  ): Promise<void> | undefined;
}

export interface FeedRoute {
  readonly channel: number;
  /** Which of the receiver's inputs it is, and the field of its events that holds a row; absent = all of it. */
  readonly into?: Pick<FedInput, "input" | "field">;
}

export function feedSequence(frame: number, output: number): number {
  return frame * OUTPUTS_PER_FRAME_MAX + output + 1;
}

/** Marks have their places behind all rows of their frame: told again, they are known as these are. */
function markSequence(frame: number, mark: number, marks: number): number {
  return (frame + 1) * OUTPUTS_PER_FRAME_MAX - (marks - 1 - mark);
}

export async function runFeed(
  { from, to, world, routes, offer, mark }: FeedOptions,
  signal: AbortSignal,
): Promise<void> {
  await from.readiness.ready(signal);
  if (signal.aborted) return;
  const source = from.name;
  const routed = new Map(routes.map((route) => [route.channel, route]));
  const unsettled = new Unsettled((frame) => from.history.setFed(to, frame));
  for await (const frame of releasedFrames(from, world, from.history.fed(to) + 1, signal)) {
    const { outputs, count } = routedOutputs(frame, from, routed);
    const marks = mark ? routes.flatMap(({ into }) => advanceOf(frame.effects, from.index, into) ?? []) : [];
    if (count + marks.length > OUTPUTS_PER_FRAME_MAX) {
      throw new Error(
        `Cannot feed ${to}: frame ${frame.number} of ${source} holds ${count} outputs`,
      );
    }
    unsettled.begin(frame.number, outputs.length + marks.length);
    const done = (outcome: Outcome) => unsettled.settle(frame.number, outcome);
    for (const { output, event } of outputs) {
      const waits = offer(event, { source, sequence: feedSequence(frame.number, output) }, done);
      if (waits) await waits;
    }
    // Behind the results that it speaks of: with the signal some of them were not offered any more.
    if (signal.aborted) return;
    for (const [i, advance] of marks.entries()) {
      const options = { source, sequence: markSequence(frame.number, i, marks.length) };
      await mark!(advance, options, done);
    }
    await unsettled.below(UNSETTLED_MAX, signal);
    if (unsettled.failure) throw unsettled.failure;
  }
}

/** What of a frame the receiver gets, each with its number among all outputs of the frame, and how many these are. */
function routedOutputs(
  frame: ReleasedFrame,
  partition: Partition,
  routes: ReadonlyMap<number, FeedRoute>,
): { outputs: { output: number; event: Uint8Array }[]; count: number } {
  const outputs: { output: number; event: Uint8Array }[] = [];
  const count = eachOutput(frame, partition, (cursor, output, channel) => {
    const route = routes.get(channel);
    if (!route) return;
    const field = route.into?.field;
    outputs.push({ output, event: field === undefined ? cursor.payload : fieldOf(field, cursor.payload) });
  });
  return { outputs, count };
}

/** How far event time came with a frame, as the receiver is told; undefined where it did not move. */
function advanceOf(
  effects: Uint8Array,
  partition: number,
  into: FeedRoute["into"],
): Uint8Array | undefined {
  if (!into) return undefined;
  const cursor = new EffectCursor(effects);
  let found: Uint8Array | undefined;
  while (cursor.next()) if (cursor.kind === EFFECT_KIND.ADVANCE) found = cursor.payload;
  if (!found) return undefined;
  const { time, idle } = fromBinary(WatermarkSchema, found);
  return encodeMark({ time, idle, partition, input: into.input });
}

/** Counts what is under way per frame and tells, in order, which frames are wholly delivered. */
class Unsettled {
  failure: Error | undefined;
  readonly #frames: { number: number; left: number }[] = [];
  readonly #delivered: (frame: number) => void;
  #count = 0;
  #wake: (() => void) | undefined;

  constructor(delivered: (frame: number) => void) {
    this.#delivered = delivered;
  }

  begin(number: number, outputs: number): void {
    this.#frames.push({ number, left: outputs });
    this.#count += outputs;
    this.#advance();
  }

  settle(number: number, outcome: Outcome): void {
    if (outcome.kind === "unknown") this.failure = outcome.cause;
    const frame = this.#frames.find((other) => other.number === number);
    if (frame) frame.left--;
    this.#count--;
    this.#advance();
    this.#wake?.();
  }

  async below(bound: number, signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake?.();
    signal.addEventListener("abort", wake);
    while (this.#count >= bound && !this.failure && !signal.aborted) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    signal.removeEventListener("abort", wake);
  }

  #advance(): void {
    while (this.#frames[0]?.left === 0 && !this.failure) this.#delivered(this.#frames.shift()!.number);
  }
}
