/**
 * A ledger that notes when each frame was handed to it. A frame is handed over as soon as the kernel has
 * decided its events, so that moment is when the decision existed; the acknowledgement comes later.
 */
import type { Chain, Clock, Ledger } from "../../runtime/mod.ts";

/** Frames in flight are far fewer; older moments are overwritten. */
const FRAMES_KEPT = 1 << 14;

export interface TimedLedger extends Ledger {
  /** When the frame was handed over, in the clock's monotonic microseconds. */
  decidedAt(chain: string, frame: number): number;
}

export function timedLedger(ledger: Ledger, clock: Clock): TimedLedger {
  const moments = new Map<string, Float64Array>();
  return {
    name: ledger.name,
    durability: ledger.durability,
    chains: () => ledger.chains(),
    close: () => ledger.close(),
    async open(name, first) {
      const noted = moments.get(name) ?? new Float64Array(FRAMES_KEPT);
      moments.set(name, noted);
      return timedChain(await ledger.open(name, first), noted, clock);
    },
    decidedAt: (chain, frame) => moments.get(chain)![frame % FRAMES_KEPT],
  };
}

function timedChain(chain: Chain, moments: Float64Array, clock: Clock): Chain {
  return {
    name: chain.name,
    messageBytesMax: chain.messageBytesMax,
    inFlightMax: chain.inFlightMax,
    extent: () => chain.extent(),
    append(after, message) {
      moments[(after + 1) % FRAMES_KEPT] = clock.monotonic();
      return chain.append(after, message);
    },
    get: (sequence) => chain.get(sequence),
    read: (from, to) => chain.read(from, to),
    purge: (sequence) => chain.purge(sequence),
    close: () => chain.close(),
  };
}
