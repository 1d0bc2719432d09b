/**
 * A walk along a chain: every frame read back, its hash, its number and its link to the frame before checked.
 * The one reading of history: recovery, verification, as-of queries and export all see a chain through it.
 */
import { checkRetained } from "../checkpoint/retention.ts";
import type { KernelModule } from "../kernel/host.ts";
import { type Kernel, KernelTrap } from "../kernel/host.ts";
import { bytesEqual, hex } from "../hash.ts";
import type { Chain, Stored } from "../world/ledger.ts";
import { BrokenFrame, decodeFrame, type Frame, Succession } from "./frame.ts";
import { EventCursor } from "./records.ts";

export interface Walked {
  readonly frame: Frame;
  /** For messages: "frame 7 of tally-0". */
  readonly where: string;
  /** Left behind by a replaced owner: it counts for nothing. */
  readonly isVoid: boolean;
  readonly message: Uint8Array;
}

export interface WalkFrom {
  readonly from: number;
  /** Hash and epoch of the frame before `from`, or where a walk before ended; absent: the first is believed. */
  readonly after?: { readonly hash: Uint8Array; readonly epoch: number } | Succession;
}

/** Frames that are missing where others stand behind them. */
export class MissingFrames extends BrokenFrame {
  override name = "MissingFrames";
  constructor(chain: string, from: number, readonly next: number) {
    const which = next === from + 1 ? `frame ${from} is` : `frames ${from} to ${next - 1} are`;
    super(`Cannot read ${chain}: ${which} missing, the next one is ${next}`);
  }
}

/** The ledger said that it has more frames than it gives: a passing fault, or damage. */
export class EndsEarly extends Error {
  override name = "EndsEarly";
  constructor(chain: string, last: number, to: number) {
    super(
      `Cannot read ${chain} on: the ledger gives no frame after ${last}, and said that it has ${to}. If that lasts, ` +
        "its files are damaged: restore it from a backup, a replica or an export.",
    );
  }
}

/**
 * Frames `from` to `to`, in order. Throws BrokenFrame where the chain is damaged, NotRetained where its front
 * was purged, and EndsEarly where the ledger gives fewer frames than it said it had. `messages`: where they come
 * from, when they are not to be read; without an end (`to` = Infinity) the walk ends when they do.
 */
export async function* walk(
  chain: Chain,
  { from, after }: WalkFrom,
  to: number,
  messages: AsyncIterable<Stored> = chain.read(from, to),
): AsyncGenerator<Walked, void, void> {
  let expected = from;
  let succession = after && (after instanceof Succession ? after : new Succession(after.hash, after.epoch));
  if (from > to) return;
  for await (const { sequence, message } of messages) {
    if (sequence !== expected) {
      await checkRetained(chain, expected);
      throw new MissingFrames(chain.name, expected, sequence);
    }
    const where = `frame ${sequence} of ${chain.name}`;
    const frame = decodeFrame(message, where);
    if (frame.number !== sequence) {
      throw new BrokenFrame(`Cannot read ${where}: it says it is frame ${frame.number}`);
    }
    succession ??= new Succession(frame.previous, frame.epoch);
    const isVoid = !succession.counts(frame, where);
    expected++;
    yield { frame, where, isVoid, message };
  }
  if (expected <= to && to !== Infinity) {
    await checkRetained(chain, expected);
    throw new EndsEarly(chain.name, expected - 1, to);
  }
}

/** What the kernel makes of a recorded frame; `different` says how that is not what was recorded. */
export interface Replayed {
  readonly events: number;
  readonly effects: Uint8Array;
  readonly rejects: number;
  readonly nextTimer: number;
  /** Whether the frame was decided by this very kernel, so that its effects must come out again. */
  readonly isProof: boolean;
  readonly different?: string;
}

/** A kernel that traps on what another one decided: to start it once more changes nothing. */
export class UnfitKernel extends Error {
  override name = "UnfitKernel";
  constructor(frame: Frame, where: string, module: KernelModule, cause: KernelTrap) {
    const chain = where.slice(where.lastIndexOf(" ") + 1);
    super(
      `Cannot replay ${where} with this kernel: ${module.description.name} ${
        module.hashHex.slice(0, 12)
      } traps on ` +
        `event ${cause.event} (${describeEvent(frame.events, cause.event)}), which kernel ` +
        `${
          hex(frame.kernel).slice(0, 12)
        } decided when it was recorded: ${cause.message}. Start the version with that ` +
        `kernel again; or correct this one so that it takes the event: \`millrace step ${chain} --from ` +
        `${frame.number}\` shows it.`,
      { cause },
    );
  }
}

/** Its id and what it holds, for people. */
function describeEvent(events: Uint8Array, index: number): string {
  const cursor = new EventCursor(events);
  for (let i = 0; i <= index; i++) if (!cursor.next()) return "not in the frame";
  const id = cursor.id.length > 0 ? `id ${JSON.stringify(new TextDecoder().decode(cursor.id))}, ` : "";
  return `${id}${cursor.payload.length} bytes`;
}

/** Room for the effects of one frame; frames are bounded far below it by the ledger's message limit. */
const OUTPUT_BYTES_MAX = 0x7fff_ffff;

/** Applies all events of a recorded frame, and compares the effects where the same kernel decided it. */
export function replayFrame(kernel: Kernel, module: KernelModule, { frame, where }: Walked): Replayed {
  const isProof = bytesEqual(frame.kernel, module.hash);
  let applied;
  try {
    applied = kernel.apply(frame.clock, frame.number, frame.events, OUTPUT_BYTES_MAX);
  } catch (cause) {
    if (!(cause instanceof KernelTrap)) throw cause;
    if (!isProof) throw new UnfitKernel(frame, where, module, cause);
    throw new BrokenFrame(`Cannot replay ${where}: ${cause.message}; it did not when it was recorded`, {
      cause,
    });
  }
  const { consumedEvents, consumedBytes, effects, rejects, nextTimer } = applied;
  const different = consumedBytes !== frame.events.length
    ? `the kernel took ${consumedBytes} of its ${frame.events.length} bytes of events`
    : isProof && !bytesEqual(frame.effects, effects)
    ? `the same kernel answers differently now (${frame.effects.length} bytes recorded, ${effects.length} computed)`
    : undefined;
  return {
    events: consumedEvents,
    effects,
    rejects,
    nextTimer,
    isProof,
    ...(different === undefined ? {} : { different }),
  };
}
