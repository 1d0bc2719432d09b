/**
 * What the results would be had no event come late: a partition's events are applied again, by a kernel of the
 * same declaration that takes all of them, up to the watermark that the partition has reached; and what differs
 * from what was put out is told.
 */
import type { KernelModule } from "../kernel/host.ts";
import { encodeEvent } from "../partition/mailbox.ts";
import { EFFECT_KIND, EffectCursor, EVENT_KIND, EventCursor } from "../partition/records.ts";
import { walk } from "../partition/walk.ts";
import type { Chain } from "../world/mod.ts";
import { encodeMarks } from "./marks.ts";

export interface Correction {
  readonly channel: number;
  /** True for a row that was put out and should not stand; false for one that should. */
  readonly retracted: boolean;
  readonly payload: Uint8Array;
}

const OUTPUT_BYTES = 1024 * 1024;
/** The field `retracted`, true, as it ends the message of a row that is taken back: see compile/output.ts. */
const RETRACTED = [0xc0, 0x3e, 0x01];

/** `patient` is the kernel of the declaration compiled so; `watermark` what the partition has told, microseconds. */
export async function corrections(
  chain: Chain,
  patient: KernelModule,
  watermark: number,
  signal: AbortSignal,
): Promise<Correction[]> {
  const kernel = patient.instantiate();
  const rows = new Rows();
  let clock = 0, number = 0, timer = Infinity;
  const apply = (region: Uint8Array) => {
    for (let at = 0; at < region.length;) {
      const applied = kernel.apply(clock, ++number, region.subarray(at), OUTPUT_BYTES);
      at += applied.consumedBytes;
      timer = applied.nextTimer;
      rows.add(applied.effects, 1);
    }
    while (timer <= clock) {
      const due = kernel.apply(
        clock,
        ++number,
        encodeEvent(NOTHING, { kind: EVENT_KIND.TIMER }),
        OUTPUT_BYTES,
      );
      timer = due.nextTimer;
      rows.add(due.effects, 1);
    }
  };
  for await (const { frame, isVoid } of walk(chain, { from: 1 }, (await chain.extent()).last)) {
    if (signal.aborted) break;
    if (isVoid) continue;
    rows.add(frame.effects, -1);
    clock = Math.max(clock, frame.clock);
    const cursor = new EventCursor(frame.events);
    while (cursor.next()) if (cursor.kind === EVENT_KIND.EVENT) apply(cursor.record);
  }
  for (const mark of encodeMarks({ time: BigInt(watermark) })) {
    apply(encodeEvent(mark, { kind: EVENT_KIND.WATERMARK }));
  }
  return rows.left();
}

const NOTHING = new Uint8Array(0);

/** Rows by what they say, counted: those of the second reading less those that were put out. */
class Rows {
  readonly #counts = new Map<string, { channel: number; payload: Uint8Array; count: number }>();

  add(effects: Uint8Array, times: number): void {
    const cursor = new EffectCursor(effects);
    while (cursor.next()) {
      if (cursor.kind !== EFFECT_KIND.OUTPUT) continue;
      const { channel } = cursor;
      const taken = RETRACTED.every((byte, i) => cursor.payload.at(i - RETRACTED.length) === byte);
      const payload = cursor.payload.slice(0, taken ? -RETRACTED.length : undefined);
      const key = `${channel} ${payload.join(",")}`;
      const known = this.#counts.get(key) ?? { channel, payload, count: 0 };
      known.count += taken ? -times : times;
      if (known.count === 0) this.#counts.delete(key);
      else this.#counts.set(key, known);
    }
  }

  left(): Correction[] {
    return [...this.#counts.values()].sort((a, b) => a.count - b.count).flatMap((
      { channel, payload, count },
    ) => Array.from({ length: Math.abs(count) }, () => ({ channel, retracted: count < 0, payload })));
  }
}
