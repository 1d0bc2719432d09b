/**
 * A partition's state rebuilt from its ledger: the newest usable checkpoint, and the frames after it. Recovery
 * makes one and serves with it; a standby keeps one and follows the ledger. Replay is a proof: with the kernel
 * that wrote a frame, its effects must come out byte for byte.
 */
import {
  DamagedCheckpoint,
  type Manifest,
  newestManifests,
  restoreCheckpoint,
} from "../checkpoint/checkpoint.ts";
import { checkRetained } from "../checkpoint/retention.ts";
import { fromHex, hex } from "../hash.ts";
import type { Kernel, KernelModule } from "../kernel/host.ts";
import type { Channels } from "../output/channels.ts";
import type { Chain, Stored, World } from "../world/mod.ts";
import type { Evolution } from "./evolve.ts";
import { decodeFrame, type Frame, NO_CHAIN, Succession } from "./frame.ts";
import type { Progress } from "./progress.ts";
import { replayFrame, UnfitKernel, walk } from "./walk.ts";

export interface ReplicaOptions {
  readonly world: World;
  readonly chain: Chain;
  readonly module: KernelModule;
  /** Which checkpoints of other kernels may be gone on from. */
  readonly evolution: Evolution;
  /** What the numbers of outputs in a frame mean; told of frames by `onFrame` and `onManifest`. */
  readonly channels: Channels;
  /** Sees every frame that is replayed, after it was, and how many events the kernel rejected in it. */
  readonly onFrame: (frame: Frame, rejects: number) => void;
  /** Sees the numbers of frames that a replaced owner left behind. */
  readonly onVoid: (number: number) => void;
  /** Told the checkpoint that replay begins at, before it does; undefined = at the beginning. */
  readonly onManifest: (manifest: Manifest | undefined) => void;
}

/** The ledger cannot be trusted or was taken over: no restart mends it. */
export class Unrecoverable extends Error {
  override name = "Unrecoverable";
}

/**
 * The checkpoints it was to begin with were dropped for one that another owner took meanwhile: begin anew, which ends
 * at once where that owner began after this one.
 */
export class Overtaken extends Error {
  override name = "Overtaken";
}

/** Replay holds the thread no longer than this. */
const TURN_MICROS = 20_000;

export class Replica {
  readonly kernel: Kernel;
  /** The checkpoint it began with. */
  readonly manifest: Manifest | undefined;
  /** Newest frame in it. */
  frame: number;
  clock: number;
  nextTimer: number;
  /** Events applied since the checkpoint. */
  events = 0;
  readonly #options: ReplicaOptions;
  readonly #succession: Succession;

  constructor(options: ReplicaOptions, kernel: Kernel, manifest: Manifest | undefined) {
    this.#options = options;
    this.kernel = kernel;
    this.manifest = manifest;
    this.frame = manifest?.frame ?? 0;
    this.clock = manifest?.clock ?? 0;
    this.nextTimer = manifest?.nextTimer ?? Infinity;
    this.#succession = new Succession(
      manifest ? fromHex(manifest.frameHash) : NO_CHAIN,
      manifest?.epoch ?? 0,
    );
  }

  /** The highest epoch among its frames. */
  get epoch(): number {
    return this.#succession.epoch;
  }

  /** Hash of its newest frame. */
  get hash(): Uint8Array {
    return this.#succession.previous;
  }

  /**
   * Applies the frames behind its own up to `to`, or those that come as `messages` for as long as they come.
   * `each` is called after every frame.
   */
  async replay(to: number, each: () => void, messages?: AsyncIterable<Stored>): Promise<void> {
    const { world, chain, module, onFrame, onVoid } = this.#options;
    let turn = world.clock.monotonic();
    const from = { from: this.frame + 1, after: this.#succession };
    for await (const walked of walk(chain, from, to, messages)) {
      const { frame, where } = walked;
      this.frame = frame.number;
      if (walked.isVoid) onVoid(frame.number);
      else {
        let rejects = 0;
        if (frame.events.length > 0) {
          const replayed = this.#apply(module, { ...walked, frame: this.#translated(frame) });
          if (replayed.different !== undefined) {
            throw new Unrecoverable(`Cannot replay ${where}: ${replayed.different}`);
          }
          this.nextTimer = replayed.nextTimer;
          rejects = replayed.rejects;
          this.events += replayed.events;
        }
        this.clock = Math.max(this.clock, frame.clock);
        onFrame(frame, rejects);
      }
      each();
      if (world.clock.monotonic() - turn > TURN_MICROS) {
        await new Promise<void>((resolve) => world.clock.soon(resolve));
        turn = world.clock.monotonic();
      }
    }
  }

  /** With the kernel that wrote it, a frame is replayed as it is. */
  #translated(frame: Frame): Frame {
    const events = this.#options.channels.events(frame.number, frame.events);
    return events === frame.events ? frame : { ...frame, events };
  }

  #apply(module: KernelModule, walked: Parameters<typeof replayFrame>[2]) {
    try {
      return replayFrame(this.kernel, module, walked);
    } catch (cause) {
      if (!(cause instanceof UnfitKernel)) throw cause;
      throw new Unrecoverable(cause.message, { cause });
    }
  }
}

/** From the newest checkpoint before frame `last` that can be used, or from nothing; `first`: the oldest frame. */
export async function restoreReplica(
  options: ReplicaOptions,
  { first, last }: { first: number; last: number },
  progress: Progress,
): Promise<Replica> {
  const { world, chain, module, evolution, onManifest } = options;
  let unread: unknown;
  const unusable = new Set<number>();
  const passed = (error: unknown) => {
    if (!(error instanceof DamagedCheckpoint)) unread = error;
  };
  for await (const manifest of newestManifests(world, chain.name, passed)) {
    if (!evolution.usable(manifest)) {
      world.log.info(
        `checkpoint at frame ${manifest.frame} of ${chain.name} is of another kernel: rebuilding`,
        {
          checkpoint: manifest.kernel,
          kernel: module.hashHex,
        },
      );
      continue;
    }
    if (manifest.frame >= last || manifest.frame + 1 < first) continue;
    try {
      await checkSameChain(chain, manifest, first);
      progress.begin("restoring", 1, manifest.frame);
      const kernel = await restoreCheckpoint(world, module, manifest, (share) => {
        progress.frame = Math.round(share * manifest.frame);
        progress.report();
      });
      onManifest(manifest);
      return new Replica(options, kernel, manifest);
    } catch (error) {
      world.log.warn(`passing over the checkpoint at frame ${manifest.frame} of ${chain.name}`, {
        error: String(error),
      });
      unusable.add(manifest.frame);
      passed(error);
    }
  }
  if (first > 1) {
    if (!unread) await checkNotOvertaken(options, first, unusable, passed);
    throw noBeginning(options, first, unread);
  }
  onManifest(undefined);
  return new Replica(options, module.instantiate(), undefined);
}

/** An owner drops older checkpoints only once a newer one counts: where they went, that one is found. */
async function checkNotOvertaken(
  { world, chain, evolution }: ReplicaOptions,
  first: number,
  unusable: ReadonlySet<number>,
  passed: (error: unknown) => void,
): Promise<void> {
  const { last } = await chain.extent();
  for await (const manifest of newestManifests(world, chain.name, passed)) {
    const { frame } = manifest;
    if (frame > last || frame + 1 < first || unusable.has(frame) || !evolution.usable(manifest)) continue;
    throw new Overtaken(
      `Another owner of ${chain.name} took a checkpoint at frame ${frame} while older ones were looked for`,
    );
  }
}

function noBeginning({ chain, module }: ReplicaOptions, first: number, unread: unknown): Error {
  if (unread) {
    return new Error(
      `Cannot recover ${chain.name} yet: no checkpoint could be read, and frames before ${first} were purged`,
      { cause: unread },
    );
  }
  return new Unrecoverable(
    `Cannot recover ${chain.name}: frames before ${first} were purged and no checkpoint of kernel ${
      module.hashHex.slice(0, 12)
    } exists. Start with the kernel that wrote it, or import a checkpoint.`,
  );
}

async function checkSameChain(chain: Chain, manifest: Manifest, first: number): Promise<void> {
  if (manifest.frame < first) return;
  const frame = await readFrame(chain, manifest.frame);
  if (hex(frame.chain) !== manifest.frameHash) {
    throw new DamagedCheckpoint(
      `it was taken on another ledger: frame ${manifest.frame} has another hash here`,
    );
  }
}

export async function readFrame(chain: Chain, sequence: number): Promise<Frame> {
  const message = await chain.get(sequence);
  if (!message) {
    await checkRetained(chain, sequence);
    throw new Error(`Cannot read frame ${sequence} of ${chain.name}: the ledger does not hold it`);
  }
  return checkNumber(decodeFrame(message, `frame ${sequence} of ${chain.name}`), sequence, chain.name);
}

function checkNumber(frame: Frame, sequence: number, chain: string): Frame {
  if (frame.number !== sequence) {
    throw new Unrecoverable(`Cannot read frame ${sequence} of ${chain}: it says it is frame ${frame.number}`);
  }
  return frame;
}
