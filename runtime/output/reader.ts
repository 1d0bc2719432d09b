/** Reads released frames of a partition, from a position on and then as they come. */
import type { Output } from "../runtime.ts";
import { decodeFrame } from "../partition/frame.ts";
import type { ReleasedFrame } from "../partition/history.ts";
import type { Partition } from "../partition/partition.ts";
import { EFFECT_KIND, EffectCursor } from "../partition/records.ts";
import type { World } from "../world/mod.ts";

/** Frames read from the ledger in one go; newer ones come from memory where they are still there. */
const READ_FRAMES_MAX = 1000;

/** Released frames from number `from` on, in order, until the signal. */
export async function* releasedFrames(
  partition: Partition,
  world: World,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<ReleasedFrame> {
  const chain = await world.ledger.open(partition.name);
  try {
    let next = from;
    while (!signal.aborted) {
      await partition.history.beyond(next - 1, signal);
      if (signal.aborted) return;
      const recent = partition.history.recent(next);
      if (recent) {
        yield recent;
        next++;
        continue;
      }
      const to = Math.min(partition.history.durable, next + READ_FRAMES_MAX - 1);
      for await (const { sequence, message } of chain.read(next, to)) {
        if (signal.aborted) return;
        if (sequence !== next) {
          throw new Error(
            `Cannot read frame ${next} of ${partition.name}: the ledger holds frames from ${sequence} on`,
          );
        }
        next++;
        if (partition.history.isVoid(sequence)) continue;
        yield decodeFrame(message, `frame ${sequence} of ${partition.name}`);
      }
    }
  } finally {
    await chain.close();
  }
}

/** Outputs of one frame, in order, beginning with output `from`. */
export function outputsOf(frame: ReleasedFrame, partition: number, from = 0): Output[] {
  const outputs: Output[] = [];
  const cursor = new EffectCursor(frame.effects);
  for (let output = 0; cursor.next();) {
    if (cursor.kind !== EFFECT_KIND.OUTPUT) continue;
    if (output >= from) {
      const position = { partition, frame: frame.number, event: cursor.event };
      outputs.push({ position, output, key: cursor.key, payload: cursor.payload });
    }
    output++;
  }
  return outputs;
}
