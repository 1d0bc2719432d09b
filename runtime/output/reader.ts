/** Reads released frames of a partition, from a position on and then as they come. */
import type { Output } from "../runtime.ts";
import { checkRetained } from "../checkpoint/retention.ts";
import { decodeFrame } from "../partition/frame.ts";
import type { ReleasedFrame } from "../partition/history.ts";
import type { Partition } from "../partition/partition.ts";
import { EFFECT_KIND, EffectCursor } from "../partition/records.ts";
import type { World } from "../world/mod.ts";
import { placeOf } from "./channels.ts";

/** Frames read from the ledger in one go; newer ones come from memory where they are still there. */
const READ_FRAMES_MAX = 1000;
/** Wait before a ledger that gave nothing is asked again. */
const MISSED_MS = 100;

/**
 * Released frames from number `from` on ("start": the oldest retained), in order, until the signal. Frames it
 * has not come to are not purged meanwhile. Throws NotRetained when `from` is gone already.
 */
export async function* releasedFrames(
  partition: Partition,
  world: World,
  from: number | "start",
  signal: AbortSignal,
): AsyncGenerator<ReleasedFrame> {
  const chain = await world.ledger.open(partition.name);
  const reading = partition.history.reading(from === "start" ? 1 : from);
  try {
    let next = from === "start" ? (await chain.extent()).first : from;
    let missed = 0;
    while (!signal.aborted) {
      reading.next = next;
      await partition.history.beyond(next - 1, signal);
      if (signal.aborted) return;
      const recent = partition.history.recent(next);
      if (recent || partition.history.isVoid(next)) {
        if (recent) yield recent;
        next++;
        continue;
      }
      const to = Math.min(partition.history.durable, next + READ_FRAMES_MAX - 1);
      const before = next;
      for await (const { sequence, message } of chain.read(next, to)) {
        if (signal.aborted) return;
        if (sequence !== next) {
          await checkRetained(chain, next);
          throw new Error(
            `Cannot read frame ${next} of ${partition.name}: the next one there is ${sequence}`,
          );
        }
        next++;
        reading.next = next;
        if (partition.history.isVoid(sequence)) continue;
        yield decodeFrame(message, `frame ${sequence} of ${partition.name}`);
      }
      if (next > before) continue;
      await checkRetained(chain, next);
      // A passing fault, or a ledger that lost its end: whoever takes over next is told, and says so.
      if (missed !== next) {
        world.log.warn(
          `the ledger gives no frame ${next} of ${partition.name}, which was durable: it is asked again`,
        );
      }
      missed = next;
      await world.clock.sleep(MISSED_MS, signal);
    }
  } finally {
    reading.end();
    await chain.close();
  }
}

/** Outputs of one frame, in order, beginning with output `from`; their channels as they are declared now. */
export function outputsOf(
  frame: ReleasedFrame,
  partition: Pick<Partition, "index" | "history">,
  from = 0,
): Output[] {
  const outputs: Output[] = [];
  eachOutput(frame, partition, (cursor, output, channel) => {
    if (output < from) return;
    const position = { partition: partition.index, frame: frame.number, event: cursor.event };
    outputs.push({ position, output, channel, key: cursor.key, payload: cursor.payload });
  });
  return outputs;
}

/** Calls for each output of a frame, in order, with its number and its channel; the cursor stands on it. How many. */
export function eachOutput(
  { number, effects }: ReleasedFrame,
  { history }: Pick<Partition, "history">,
  visit: (cursor: EffectCursor, output: number, channel: number) => void,
): number {
  const places = history.channels.at(number);
  const cursor = new EffectCursor(effects);
  let count = 0;
  while (cursor.next()) {
    if (cursor.kind === EFFECT_KIND.OUTPUT) visit(cursor, count++, placeOf(cursor.channel, places));
  }
  return count;
}
