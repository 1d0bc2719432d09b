/**
 * Taking over a partition: read the tail, append an epoch frame under the fence, restore the newest usable
 * checkpoint, replay the frames after it. Replay is a proof: with the kernel that wrote a frame, its effects
 * must come out byte for byte.
 */
import {
  DamagedCheckpoint,
  dropCheckpoint,
  type Manifest,
  manifests,
  newestManifests,
  restoreCheckpoint,
} from "../checkpoint/checkpoint.ts";
import { bytesEqual, fromHex, hex } from "../hash.ts";
import { checkRetained } from "../checkpoint/retention.ts";
import type { Kernel, KernelModule } from "../kernel/host.ts";
import type { Chain, Stored, World } from "../world/mod.ts";
import { BrokenFrame, decodeFrame, encodeFrame, type Frame, FRAME_OVERHEAD, NO_CHAIN } from "./frame.ts";
import { Progress, type RecoveryProgress } from "./progress.ts";
import { replayFrame, walk } from "./walk.ts";

export interface Recovered {
  readonly kernel: Kernel;
  readonly epoch: number;
  /** Newest frame: our epoch frame. */
  readonly number: number;
  readonly chain: Uint8Array;
  readonly clock: number;
  readonly nextTimer: number;
  readonly manifest: Manifest | undefined;
  /** Oldest frame retained. */
  readonly first: number;
  readonly events: number;
  readonly micros: number;
}

/** The ledger cannot be trusted or was taken over: no restart mends it. */
export class Unrecoverable extends Error {
  override name = "Unrecoverable";
}

const NOTHING = new Uint8Array(0);
/** Attempts to append the epoch frame while others append too. */
const TAKE_OVER_ATTEMPTS_MAX = 8;
/** Appends of it that the ledger leaves without an answer: each is waited for. */
const SILENT_ATTEMPTS_MAX = 2;
/** Newest frames among which the highest epoch stands: more than all owners together have in flight. */
export const TAIL_FRAMES = 64;
/** Of these, held back in case that an epoch begins behind them. */
const UNREAD_MAX = 16;
const TAKE_OVER_WAIT_MS = 2;
/** Replay holds the thread no longer than this. */
const TURN_MICROS = 20_000;

export interface RecoverOptions {
  readonly world: World;
  readonly chain: Chain;
  readonly module: KernelModule;
  /** Sees every frame that is replayed, after it was, and how many events the kernel rejected in it. */
  readonly onFrame: (frame: Frame, rejects: number) => void;
  /** Sees the numbers of frames that a replaced owner left behind. */
  readonly onVoid: (number: number) => void;
  /** Told the checkpoint that replay begins at, before it does; undefined = at the beginning. */
  readonly onManifest: (manifest: Manifest | undefined) => void;
  readonly onProgress: (progress: RecoveryProgress) => void;
  /** Nothing is ever purged from this chain. */
  readonly keepsAll: boolean;
  /** Goes on although frames that were acknowledged are lost at the end of the chain. */
  readonly acceptLoss: boolean;
}

/** What is damaged is told with the way on. */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  try {
    return await takeOverAndReplay(options);
  } catch (error) {
    if (!(error instanceof BrokenFrame)) throw error;
    throw new BrokenFrame(
      `${error.message}. What is before it is sound. \`millrace verify\` tells all that is damaged; restore ` +
        `${options.world.ledger.name} from a backup, a replica or an export.`,
      { cause: error },
    );
  }
}

async function takeOverAndReplay(options: RecoverOptions): Promise<Recovered> {
  const { world, chain, module } = options;
  const began = world.clock.monotonic();
  const progress = new Progress(world, options.onProgress);
  await checkWhole(options);
  const taken = await takeOver(options);
  const first = (await chain.extent()).first;
  if (first > 1 && options.keepsAll) {
    world.log.warn(
      `frames 1 to ${first - 1} of ${chain.name} are not in the ledger, and no retention purges any`,
      {
        fix:
          "restore them from a backup or an export where their history is wanted; state does not rest on them",
      },
    );
  }
  const base = await restoreNewest(options, first, taken.number, progress);
  if (!base.manifest && first > 1) {
    if (base.unread) {
      throw new Error(
        `Cannot recover ${chain.name} yet: no checkpoint could be read, and frames before ${first} were purged`,
        {
          cause: base.unread,
        },
      );
    }
    throw new Unrecoverable(
      `Cannot recover ${chain.name}: frames before ${first} were purged and no checkpoint of kernel ${
        module.hashHex.slice(0, 12)
      } exists. Start with the kernel that wrote it, or import a checkpoint.`,
    );
  }
  const from = base.manifest ? base.manifest.frame + 1 : 1;
  progress.begin("replaying", from, taken.number);
  const end = await replay(options, base, progress);
  return {
    kernel: base.kernel,
    epoch: taken.epoch,
    number: taken.number,
    chain: taken.hash,
    clock: end.clock,
    nextTimer: end.nextTimer,
    manifest: base.manifest,
    first,
    events: progress.events,
    micros: world.clock.monotonic() - began,
  };
}

/**
 * Refuses a chain that lost its end, before anything is appended behind what is left: the numbers of the lost
 * frames would be given to others.
 */
async function checkWhole(
  { world, chain, acceptLoss }: { world: World; chain: Chain; acceptLoss: boolean },
): Promise<void> {
  // Checkpoints first: what is in them was durable before, whatever is appended meanwhile.
  const checkpoints = await manifests(world, chain.name);
  const { last, acknowledged = 0 } = await chain.extent();
  const beyond = checkpoints.filter(({ frame }) => frame > last);
  const known = Math.max(acknowledged, ...beyond.map(({ frame }) => frame));
  if (known <= last) return;
  const lost =
    `frames ${last + 1} to ${known} of ${chain.name} are lost: they were acknowledged, and the ledger ends ` +
    `at frame ${last}`;
  if (!acceptLoss) {
    throw new Unrecoverable(
      `Cannot recover ${chain.name}: ${lost}. Restore ${world.ledger.name} from a backup, a replica or an export; ` +
        "or start once with --accept-loss to go on without them.",
    );
  }
  world.log.error(`going on without what is lost: ${lost}`);
  for (const manifest of beyond) await dropCheckpoint(world, manifest);
}

async function takeOver({ world, chain, module }: { world: World; chain: Chain; module: KernelModule }) {
  let silent = 0;
  for (let attempt = 0; attempt < TAKE_OVER_ATTEMPTS_MAX; attempt++) {
    const { last } = await chain.extent();
    const tail = last === 0 ? undefined : await readFrame(chain, last);
    const highest = await readTail(chain, last);
    const head = {
      epoch: highest.epoch + 1,
      number: last + 1,
      clock: Math.max(world.clock.now(), highest.clock),
      kernel: module.hash,
      previous: tail?.chain ?? NO_CHAIN,
      positions: [],
    };
    const { message, chain: hash } = encodeFrame(head, NOTHING, NOTHING);
    const outcome = await chain.append(last, message);
    if (outcome.kind === "stored") return { ...head, hash };
    if (outcome.kind === "failed") throw outcome.cause;
    if (outcome.kind === "unknown") {
      const stored = await chain.get(last + 1);
      if (stored && bytesEqual(stored, message)) return { ...head, hash };
      if (++silent >= SILENT_ATTEMPTS_MAX) {
        throw new Error(`Cannot take over ${chain.name}: ${outcome.cause.message}`, { cause: outcome.cause });
      }
    }
    // A replicated ledger refuses against appends still being agreed on: its tail shows them a little later.
    await world.clock.sleep(TAKE_OVER_WAIT_MS * 2 ** attempt);
  }
  throw new Error(
    `Cannot take over ${chain.name}: others kept appending through ${TAKE_OVER_ATTEMPTS_MAX} attempts`,
  );
}

/**
 * Highest epoch and clock in the ledger. Not always the last frame's: that may be void, see Succession.
 */
export async function readTail(chain: Chain, last: number): Promise<{ epoch: number; clock: number }> {
  const highest = { epoch: 0, clock: 0 };
  const take = ({ sequence, message }: Stored) => {
    const frame = decodeFrame(message, `frame ${sequence} of ${chain.name}`);
    highest.epoch = Math.max(highest.epoch, frame.epoch);
    highest.clock = Math.max(highest.clock, frame.clock);
    return frame;
  };
  const unread: Stored[] = [];
  for await (const stored of chain.read(Math.max(1, last - TAIL_FRAMES + 1), last)) {
    // A frame that begins an epoch is beyond all before it in both: its writer read them.
    if (stored.message.length <= FRAME_OVERHEAD && take(stored).events.length === 0) unread.length = 0;
    else if (unread.push(stored) > UNREAD_MAX) take(unread.shift()!);
  }
  unread.forEach(take);
  return highest;
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

interface Base {
  readonly kernel: Kernel;
  readonly manifest: Manifest | undefined;
  /** Why a checkpoint that may be whole was not read. */
  readonly unread?: unknown;
}

async function restoreNewest(
  { world, chain, module, onManifest }: RecoverOptions,
  first: number,
  last: number,
  progress: Progress,
): Promise<Base> {
  let unread: unknown;
  const passed = (error: unknown) => {
    if (!(error instanceof DamagedCheckpoint)) unread = error;
  };
  for await (const manifest of newestManifests(world, chain.name, passed)) {
    if (manifest.kernel !== module.hashHex) {
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
      return { kernel, manifest };
    } catch (error) {
      world.log.warn(`passing over the checkpoint at frame ${manifest.frame} of ${chain.name}`, {
        error: String(error),
      });
      passed(error);
    }
  }
  onManifest(undefined);
  return { kernel: module.instantiate(), manifest: undefined, unread };
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

async function replay(
  { world, chain, module, onFrame, onVoid }: RecoverOptions,
  { kernel, manifest }: Base,
  progress: Progress,
): Promise<{ clock: number; nextTimer: number }> {
  const after = { hash: manifest ? fromHex(manifest.frameHash) : NO_CHAIN, epoch: manifest?.epoch ?? 0 };
  let clock = manifest?.clock ?? 0;
  let nextTimer = manifest?.nextTimer ?? Infinity;
  let turn = world.clock.monotonic();
  for await (const walked of walk(chain, { from: progress.fromFrame, after }, progress.toFrame)) {
    const { frame, where } = walked;
    progress.frame = frame.number;
    if (walked.isVoid) {
      onVoid(frame.number);
      continue;
    }
    let rejects = 0;
    if (frame.events.length > 0) {
      const replayed = replayFrame(kernel, module, walked);
      if (replayed.different !== undefined) {
        throw new Unrecoverable(`Cannot replay ${where}: ${replayed.different}`);
      }
      nextTimer = replayed.nextTimer;
      rejects = replayed.rejects;
      progress.events += replayed.events;
    }
    onFrame(frame, rejects);
    clock = Math.max(clock, frame.clock);
    if (world.clock.monotonic() - turn > TURN_MICROS) {
      progress.report();
      await new Promise<void>((resolve) => world.clock.soon(resolve));
      turn = world.clock.monotonic();
    }
  }
  progress.report();
  return { clock, nextTimer };
}
