/**
 * The fence: whoever was replaced writes nothing that counts. What a replaced owner had in flight may still fit
 * the sequence; it is void, and no fold may count it; nor what its successor had in flight behind it. An epoch
 * begins with a frame of its own, and ends that.
 */
import type { Frame } from "../../../runtime/mod.ts";

/** The frames that count. */
export function checkFence(
  name: string,
  frames: readonly Frame[],
  violations: string[],
): { counted: Frame[]; voids: number } {
  const counted: Frame[] = [];
  let epoch = 0, broken = false;
  for (const frame of frames) {
    const begins = frame.events.length === 0;
    if (frame.epoch < epoch && begins) {
      violations.push(`fence: frame ${frame.number} of ${name} begins the old epoch ${frame.epoch}`);
    }
    if (frame.epoch > epoch && !begins) {
      violations.push(`fence: frame ${frame.number} of ${name}: epoch ${frame.epoch} begins with events`);
    }
    if (frame.epoch === epoch && begins && epoch > 0) {
      violations.push(`fence: frame ${frame.number} of ${name} begins epoch ${epoch} a second time`);
    }
    if (frame.epoch > epoch) broken = false;
    else if (frame.epoch < epoch) broken = true;
    epoch = Math.max(epoch, frame.epoch);
    if (!broken) counted.push(frame);
  }
  return { counted, voids: frames.length - counted.length };
}
