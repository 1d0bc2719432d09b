/**
 * Taking over a partition: read the tail, append an epoch frame under the fence, restore the newest usable
 * checkpoint, replay the frames after it (replica.ts).
 */
import { dropCheckpoint, type Manifest, manifests } from "../checkpoint/checkpoint.ts";
import { bytesEqual } from "../hash.ts";
import type { Kernel } from "../kernel/host.ts";
import type { Appended, Chain, Stored } from "../world/mod.ts";
import { BrokenFrame, decodeFrame, encodeFrame, FRAME_OVERHEAD, NO_CHAIN } from "./frame.ts";
import { Progress, type RecoveryProgress } from "./progress.ts";
import { readFrame, type Replica, type ReplicaOptions, restoreReplica, Unrecoverable } from "./replica.ts";

export { readFrame, Unrecoverable };

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

/** A standby could not take over: it goes on following. */
export class NotTaken extends Error {
  override name = "NotTaken";
}

/** Another process took over first. */
export class Outrun extends NotTaken {
  override name = "Outrun";
  constructor(chain: string, readonly epoch: number) {
    super(`Cannot take over ${chain}: another process did, in epoch ${epoch}`);
  }
}

/** Another owner extended the chain. Verify or step down: `Partition.run` reads the tail again. */
export class Fenced extends Error {
  override name = "Fenced";
  constructor(partition: string, epoch: number, frame: number, detail: string) {
    super(
      `Cannot append frame ${frame} of ${partition} in epoch ${epoch}: another owner appended (${detail})`,
    );
  }
}

const NOTHING = new Uint8Array(0);
/** Attempts to append the epoch frame while others append too. */
const TAKE_OVER_ATTEMPTS_MAX = 8;
/** Appends of it that the ledger leaves without an answer: each is waited for. */
const SILENT_ATTEMPTS_MAX = 2;
/** Newest frames among which the highest epoch stands: more than all owners together have in flight. */
export const TAIL_FRAMES = 64;
/** A frame that begins an epoch is hardly larger, whatever names it records. */
const EPOCH_BYTES_MAX = FRAME_OVERHEAD + 1024;
/** Larger ones that are held back in case that an epoch begins behind them. */
const UNREAD_MAX = 16;
const TAKE_OVER_WAIT_MS = 2;
/** A ledger that takes nothing (its disk is full, or read-only) is tried again so often. */
const NOTHING_STORED_MS = { first: 50, last: 2_000 };

export interface RecoverOptions extends ReplicaOptions {
  /** What a standby has followed the chain with: only the frames behind it are left to replay. */
  readonly warm?: Replica;
  /** Take over only from the owner of this epoch. Rejects with Outrun when another one was quicker. */
  readonly replacing?: number;
  /**
   * The newest epoch that this process began, or may have: where it restarts and finds a later one, another process
   * owns the partition. Rejects with Fenced.
   */
  readonly claimed?: number;
  /** Told an epoch whose first frame may stand in the ledger. */
  readonly onClaim: (epoch: number) => void;
  /** Told as soon as the partition is owned. */
  readonly onTaken?: (epoch: number) => void;
  readonly onProgress: (progress: RecoveryProgress) => void;
  /** Ends the wait for a ledger that takes nothing. */
  readonly signal: AbortSignal;
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
  const { world, chain } = options;
  const began = world.clock.monotonic();
  const progress = new Progress(world, options.onProgress);
  const warm = await fitting(options);
  if (!warm) await checkWhole(options);
  const taken = await takeOver(options, warm);
  options.onTaken?.(taken.epoch);
  const { first } = await chain.extent();
  if (first > 1 && options.keepsAll) {
    world.log.warn(
      `frames 1 to ${first - 1} of ${chain.name} are not in the ledger, and no retention purges any`,
      {
        fix:
          "restore them from a backup or an export where their history is wanted; state does not rest on them",
      },
    );
  }
  const replica = warm ?? await restoreReplica(options, { first, last: taken.number }, progress);
  progress.begin("replaying", replica.frame + 1, taken.number);
  const before = replica.events;
  await replica.replay(taken.number, () => {
    progress.frame = replica.frame;
    progress.events = replica.events - before;
    progress.reportSometimes();
  });
  progress.report();
  return {
    kernel: replica.kernel,
    epoch: taken.epoch,
    number: taken.number,
    chain: taken.hash,
    clock: replica.clock,
    nextTimer: replica.nextTimer,
    // Those after it were the owner's before, which may have dropped this one: the next begins with all pages.
    manifest: warm ? undefined : replica.manifest,
    first,
    events: replica.events,
    micros: world.clock.monotonic() - began,
  };
}

/** A replica that is ahead of the ledger, or of one that lost its end, is not gone on with. */
async function fitting({ world, chain, warm }: RecoverOptions): Promise<Replica | undefined> {
  if (!warm) return undefined;
  const { last, acknowledged } = await chain.extent();
  if (acknowledged === undefined && last >= warm.frame) return warm;
  world.log.warn(`${chain.name} ends at frame ${last}: what was followed up to ${warm.frame} is left`);
  return undefined;
}

/**
 * Refuses a chain that lost its end, before anything is appended behind what is left: the numbers of the lost
 * frames would be given to others. And one that cannot be gone on with as the pipeline is declared now.
 */
async function checkWhole({ world, chain, evolution, acceptLoss }: RecoverOptions): Promise<void> {
  // Checkpoints first: what is in them was durable before, whatever is appended meanwhile.
  let unread = 0;
  const checkpoints = await manifests(world, chain.name, () => unread++);
  const { first, last, acknowledged = 0 } = await chain.extent();
  const refused = await evolution.check(checkpoints, unread === 0, { first, last }, world);
  if (refused) throw new Unrecoverable(refused);
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

async function takeOver(options: RecoverOptions, warm: Replica | undefined) {
  const { world, chain, module, replacing } = options;
  let silent = 0, { claimed = Infinity } = options;
  for (let attempt = 0; attempt < TAKE_OVER_ATTEMPTS_MAX; attempt++) {
    const { last } = await chain.extent();
    const tail = await tailOf(chain, last, warm);
    if (replacing !== undefined && tail.epoch !== replacing) throw new Outrun(chain.name, tail.epoch);
    if (tail.epoch > claimed) {
      throw new Fenced(chain.name, claimed, last + 1, `epoch ${tail.epoch} has begun`);
    }
    const head = {
      epoch: tail.epoch + 1,
      number: last + 1,
      clock: Math.max(world.clock.now(), tail.clock),
      kernel: module.hash,
      previous: tail.hash,
      positions: [],
      taker: Math.floor(world.random.next() * 2 ** 32),
      outputs: options.channels.names,
    };
    const { message, chain: hash } = encodeFrame(head, NOTHING, NOTHING);
    const outcome = await appendPatiently(options, last, message);
    if (outcome.kind !== "fenced") {
      options.onClaim(head.epoch);
      claimed = Math.max(claimed, head.epoch);
    }
    if (outcome.kind === "stored") return { ...head, hash };
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
 * What takes nothing now may do so again: no restart would come sooner than that, and too many would end the process.
 * A standby does not wait: the owner may be well.
 */
async function appendPatiently(
  { world, chain, replacing, signal }: RecoverOptions,
  last: number,
  message: Uint8Array,
): Promise<Exclude<Appended, { kind: "failed" }>> {
  for (let ms = NOTHING_STORED_MS.first;; ms = Math.min(2 * ms, NOTHING_STORED_MS.last)) {
    const outcome = await chain.append(last, message);
    if (outcome.kind !== "failed") return outcome;
    const { cause, lasting } = outcome;
    if (lasting || signal.aborted) throw cause;
    if (replacing !== undefined) {
      throw new NotTaken(`Cannot take over ${chain.name}: ${cause.message}`, { cause });
    }
    world.log.warn(`${chain.name} waits for its ledger`, { error: cause.message });
    await world.clock.sleep(ms, signal);
  }
}

/** What the next frame follows, and the highest epoch before it. A warm replica need only take in the rest. */
async function tailOf(
  chain: Chain,
  last: number,
  warm: Replica | undefined,
): Promise<{ epoch: number; clock: number; hash: Uint8Array }> {
  if (warm) {
    await warm.replay(last, () => {});
    return warm;
  }
  const tail = last === 0 ? undefined : await readFrame(chain, last);
  return { ...await readTail(chain, last), hash: tail?.chain ?? NO_CHAIN };
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
    unread.push(stored);
    const large = unread.filter(({ message }) => message.length > EPOCH_BYTES_MAX);
    if (large.length > UNREAD_MAX) take(unread.splice(unread.indexOf(large[0]), 1)[0]);
  }
  // Newest first: a frame that begins an epoch is beyond all before it in both, since its writer read them.
  while (unread.length > 0 && take(unread.pop()!).events.length > 0);
  return highest;
}
