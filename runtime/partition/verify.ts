/**
 * Replay as a proof: every frame of a chain is read back, its hash and its link to the frame before are
 * checked, and its events are applied to a fresh kernel, whose effects must equal the recorded ones byte for
 * byte. Needs nothing but the ledger and the kernel; a chain whose front was purged needs a checkpoint too.
 * What cannot be proven here (another kernel decided it, or it lies before the checkpoint) is told, not passed
 * over; what is wrong does not end the walk, so that one run tells all of it.
 */
import { type Manifest } from "../checkpoint/checkpoint.ts";
import { bytesEqual, fromHex, hex, sha256Stream } from "../hash.ts";
import type { Kernel, KernelModule } from "../kernel/host.ts";
import type { Chain } from "../world/ledger.ts";
import { BrokenFrame, type Frame, NO_CHAIN } from "./frame.ts";
import { countRecords, EffectCursor } from "./records.ts";
import { EndsEarly, MissingFrames, replayFrame, walk, type Walked } from "./walk.ts";

export interface Verified {
  readonly chain: string;
  /** First and last frame read. */
  readonly from: number;
  readonly to: number;
  /** Frames that count, and of these, frames that begin an epoch. */
  readonly frames: number;
  readonly epochs: number;
  /** Frames that replaced owners left behind; they count for nothing. */
  readonly voids: number;
  readonly events: number;
  readonly effects: number;
  /** SHA-256 over all effects regions, in order: equal on every runtime and machine. */
  readonly effectsHash: string;
  /** The chain hash of the last frame: names the whole history. */
  readonly chainHash: string;
  /** What is wrong; empty = nothing is. */
  readonly findings: readonly Finding[];
  /** Frames whose place in the chain holds and whose effects could not be proven here. */
  readonly unproven: readonly Unproven[];
}

export interface Finding {
  readonly kind: "broken" | "different" | "gap";
  readonly frame: number;
  readonly detail: string;
}

export interface Unproven {
  readonly why: "other-kernel" | "before-checkpoint" | "after-finding";
  readonly kernel: string;
  readonly from: number;
  readonly to: number;
  readonly events: number;
}

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (frame: number, last: number, events: number) => void;
  /** Where effects begin to be proven in a chain that no longer begins at 1. */
  readonly base?: { readonly manifest: Manifest; readonly kernel: Kernel };
}

/** More are not told: what is this damaged is not mended frame by frame. */
const FINDINGS_MAX = 1000;

/** `module` absent: the chain alone is verified, no effects. */
export async function verifyChain(
  chain: Chain,
  module: KernelModule | undefined,
  options: VerifyOptions = {},
): Promise<Verified> {
  const { first, last, acknowledged } = await chain.extent();
  const verification = new Verification(module, first, options);
  let from = first;
  let after: { hash: Uint8Array; epoch: number } | undefined = first === 1
    ? { hash: NO_CHAIN, epoch: 0 }
    : undefined;
  while (from <= last && !options.signal?.aborted && verification.findings.length < FINDINGS_MAX) {
    try {
      for await (const walked of walk(chain, { from, after }, last)) {
        if (options.signal?.aborted) break;
        verification.take(walked);
        from = walked.frame.number + 1;
        options.onProgress?.(walked.frame.number, last, verification.events);
      }
      break;
    } catch (error) {
      if (error instanceof EndsEarly) {
        verification.broken({ kind: "gap", frame: from, detail: error.message });
        break;
      }
      if (!(error instanceof BrokenFrame)) throw error;
      const gap = error instanceof MissingFrames;
      verification.broken({ kind: gap ? "gap" : "broken", frame: from, detail: error.message });
      // What follows is verified on its own: the hash before it is not known.
      from = error instanceof MissingFrames ? error.next : from + 1;
      after = undefined;
    }
  }
  if (acknowledged !== undefined) {
    const detail =
      `Cannot read ${chain.name} to its end: frames ${
        last + 1
      } to ${acknowledged} were acknowledged and are ` +
      "lost";
    verification.broken({ kind: "gap", frame: last + 1, detail });
  }
  return verification.result(chain.name, first, last);
}

class Verification {
  readonly findings: Finding[] = [];
  events = 0;
  readonly #module: KernelModule | undefined;
  readonly #base: VerifyOptions["base"];
  readonly #hash = sha256Stream();
  readonly #unproven: { -readonly [K in keyof Unproven]: Unproven[K] }[] = [];
  #kernel: Kernel | undefined;
  #frames = 0;
  #epochs = 0;
  #voids = 0;
  #effects = 0;
  #last: Uint8Array = NO_CHAIN;

  constructor(module: KernelModule | undefined, first: number, { base }: VerifyOptions) {
    this.#module = module;
    this.#base = base;
    if (first === 1 && !base) this.#kernel = module?.instantiate();
    if (base && base.manifest.frame === first - 1) this.#kernel = base.kernel;
  }

  take(walked: Walked): void {
    const { frame, isVoid } = walked;
    this.#last = frame.chain.slice();
    if (isVoid) return void this.#voids++;
    this.#frames++;
    this.#hash.update(frame.effects);
    this.#effects += countRecords(frame.effects);
    if (frame.events.length === 0) this.#epochs++;
    else this.#replay(walked);
    if (frame.number === this.#base?.manifest.frame) this.#join(frame, this.#base);
  }

  broken(finding: Finding): void {
    this.findings.push(finding);
    this.#kernel = undefined; // its state lacks what the missing frame held
  }

  result(chain: string, from: number, to: number): Verified {
    return {
      chain,
      from,
      to,
      frames: this.#frames,
      epochs: this.#epochs,
      voids: this.#voids,
      events: this.events,
      effects: this.#effects,
      effectsHash: hex(this.#hash.digest()),
      chainHash: hex(this.#last),
      findings: this.findings,
      unproven: this.#unproven,
    };
  }

  #replay(walked: Walked): void {
    const { frame } = walked;
    const kernel = this.#kernel;
    if (!kernel) {
      const waiting = this.#base && frame.number <= this.#base.manifest.frame;
      const why = !this.#module ? "other-kernel" : waiting ? "before-checkpoint" : "after-finding";
      return this.#note(why, frame, countRecords(frame.events));
    }
    let replayed;
    try {
      replayed = replayFrame(kernel, this.#module!, walked);
    } catch (error) {
      this.broken({ kind: "different", frame: frame.number, detail: (error as Error).message });
      return this.#note("after-finding", frame, countRecords(frame.events));
    }
    this.events += replayed.events;
    if (replayed.different !== undefined) {
      const detail = `${replayed.different}: ${difference(frame, replayed.effects)}`;
      this.broken({ kind: "different", frame: frame.number, detail });
    } else if (!replayed.isProof) {
      this.#note("other-kernel", frame, 0);
      this.#unproven.at(-1)!.events += replayed.events;
    }
  }

  /** From the checkpoint's frame on, effects are proven, if it is a checkpoint of this very chain. */
  #join(frame: Frame, { manifest, kernel }: NonNullable<VerifyOptions["base"]>): void {
    if (bytesEqual(fromHex(manifest.frameHash), frame.chain)) {
      this.#kernel = kernel;
      return;
    }
    this.broken({
      kind: "broken",
      frame: frame.number,
      detail: `the checkpoint at frame ${frame.number} is of another ledger: ${manifest.frameHash} there, ${
        hex(frame.chain)
      } here`,
    });
  }

  #note(why: Unproven["why"], frame: Frame, events: number): void {
    const kernel = hex(frame.kernel);
    const last = this.#unproven.at(-1);
    this.events += events;
    if (last?.why === why && last.kernel === kernel && this.#unproven.length > 0) {
      last.to = frame.number;
      last.events += events;
    } else this.#unproven.push({ why, kernel, from: frame.number, to: frame.number, events });
  }
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
