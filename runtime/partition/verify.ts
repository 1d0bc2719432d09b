/**
 * Replay as a proof: every frame of a chain is read back, its hash and its link to the frame before are
 * checked, and its events are applied to a fresh kernel, whose effects must equal the recorded ones byte for
 * byte. Needs nothing but the ledger and the kernel.
 */
import { bytesEqual, hex, sha256Stream } from "../hash.ts";
import type { KernelModule } from "../kernel/host.ts";
import type { Chain } from "../world/ledger.ts";
import { decodeFrame, type Frame, NO_CHAIN, Succession } from "./frame.ts";
import { EffectCursor } from "./records.ts";

export interface Verified {
  readonly chain: string;
  readonly frames: number;
  readonly events: number;
  readonly effects: number;
  readonly epochs: number;
  /** SHA-256 over all effects regions, in order: equal on every runtime and machine. */
  readonly effectsHash: string;
  /** The chain hash of the last frame: names the whole history. */
  readonly chainHash: string;
  /** What was not proven; empty = everything was. */
  readonly findings: readonly Finding[];
}

export interface Finding {
  readonly kind: "broken" | "different" | "other-kernel" | "gap";
  readonly frame: number;
  readonly detail: string;
}

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (frame: number, last: number, events: number) => void;
}

/** Room for the effects of one frame; frames are bounded far below it by the ledger's message limit. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export async function verifyChain(
  chain: Chain,
  module: KernelModule,
  options: VerifyOptions = {},
): Promise<Verified> {
  const extent = await chain.extent();
  const effectsHash = sha256Stream();
  const findings: Finding[] = [];
  const kernel = module.instantiate();
  let frames = 0, events = 0, effects = 0, epochs = 0, previous: Uint8Array = NO_CHAIN;
  if (extent.last > 0 && extent.first > 1) {
    findings.push({
      kind: "gap",
      frame: extent.first,
      detail: `frames 1 to ${
        extent.first - 1
      } are no longer in the ledger, so the state before cannot be rebuilt`,
    });
  }
  let expected = 1;
  const succession = new Succession(NO_CHAIN, 0);
  if (findings.length === 0 && extent.last > 0) {
    for await (const stored of chain.read(1, extent.last)) {
      if (options.signal?.aborted) break;
      const where = `frame ${stored.sequence} of ${chain.name}`;
      let frame: Frame;
      try {
        if (stored.sequence !== expected) {
          throw new Error(`Cannot read ${where}: frame ${expected} is missing before it`);
        }
        frame = decodeFrame(stored.message, where);
        if (frame.number !== stored.sequence) {
          throw new Error(`Cannot read ${where}: it calls itself frame ${frame.number}`);
        }
        if (!succession.counts(frame, where)) {
          previous = frame.chain.slice();
          expected++;
          continue;
        }
      } catch (error) {
        findings.push({ kind: "broken", frame: stored.sequence, detail: (error as Error).message });
        break;
      }
      expected++;
      frames++;
      previous = frame.chain.slice();
      effectsHash.update(frame.effects);
      effects += countEffects(frame.effects);
      if (frame.events.length === 0) epochs++;
      else {
        if (!bytesEqual(frame.kernel, module.hash)) {
          findings.push({
            kind: "other-kernel",
            frame: frame.number,
            detail: `frame ${frame.number} was decided by kernel ${
              hex(frame.kernel)
            }; the one here is ${module.hashHex}`,
          });
          break;
        }
        const applied = kernel.apply(frame.clock, frame.number, frame.events, OUTPUT_BYTES_MAX);
        events += applied.consumedEvents;
        if (applied.consumedBytes !== frame.events.length || !bytesEqual(applied.effects, frame.effects)) {
          findings.push({
            kind: "different",
            frame: frame.number,
            detail: difference(frame, applied.effects),
          });
          break;
        }
      }
      options.onProgress?.(frame.number, extent.last, events);
    }
  }
  if (findings.length === 0 && expected <= extent.last && !options.signal?.aborted) {
    findings.push({
      kind: "gap",
      frame: expected,
      detail: `the ledger ends at frame ${expected - 1}, not ${extent.last}`,
    });
  }
  return {
    chain: chain.name,
    frames,
    events,
    effects,
    epochs,
    effectsHash: hex(effectsHash.digest()),
    chainHash: hex(previous),
    findings,
  };
}

function countEffects(region: Uint8Array): number {
  const cursor = new EffectCursor(region);
  let count = 0;
  while (cursor.next()) count++;
  return count;
}

/** The first effect that is not what was recorded. */
function difference(frame: Frame, computed: Uint8Array): string {
  const recorded = new EffectCursor(frame.effects), again = new EffectCursor(computed);
  for (let index = 0;; index++) {
    const was = recorded.next(), is = again.next();
    if (!was && !is) return `frame ${frame.number}: the effects are encoded differently`;
    const same = was && is && recorded.event === again.event && recorded.kind === again.kind &&
      recorded.reason === again.reason && bytesEqual(recorded.payload, again.payload) &&
      bytesEqual(recorded.key, again.key);
    if (same) continue;
    const event = was ? recorded.event : again.event;
    const show = (present: boolean, cursor: EffectCursor) =>
      present ? hex(cursor.payload) || "empty" : "nothing";
    return `frame ${frame.number}, event ${event}, effect ${index}: recorded ${show(was, recorded)}, ` +
      `replayed ${show(is, again)}`;
  }
}
