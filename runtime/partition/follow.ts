/**
 * A standby's copy of a partition: restored as a recovery would, and then kept up with the ledger, frame by
 * frame, until it is its turn. What is left to do then is the epoch frame and the frames behind the last one.
 */
import type { Chain, Stored, World } from "../world/mod.ts";
import { BrokenFrame } from "./frame.ts";
import { Progress, type RecoveryProgress } from "./progress.ts";
import { type Replica, type ReplicaOptions, restoreReplica } from "./replica.ts";

export interface FollowOptions extends ReplicaOptions {
  readonly begin: (progress: RecoveryProgress) => void;
  /** Told how far it is, and the newest frame that the ledger is known to have. */
  readonly tell: (replica: Replica, last: number) => void;
  /** Resolves when it is this process's turn, or at the signal. `epochOf`: the owner's, as far as it is known. */
  readonly turn: (epochOf: () => number, signal: AbortSignal) => Promise<void>;
}

/** Where a ledger does not tell of new frames, it is asked so often. */
const POLL_MS = 50;

/** Resolves with the copy when it is its turn; with nothing at the signal. */
export async function follow(options: FollowOptions, signal: AbortSignal): Promise<Replica | undefined> {
  const { world, chain, begin, tell, turn } = options;
  const over = new AbortController();
  const onAbort = () => over.abort();
  if (signal.aborted) return undefined;
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const { first, last } = await chain.extent();
    const progress = new Progress(world, begin);
    const replica = await restoreReplica(options, { first, last: last + 1 }, progress);
    // Whose turn it is cannot be told before the newest epoch is known.
    progress.begin("replaying", replica.frame + 1, last);
    await replica.replay(last, () => {
      progress.frame = replica.frame;
      progress.events = replica.events;
      progress.reportSometimes();
    });
    tell(replica, last);
    let newest = last;
    const following = replica.replay(
      Infinity,
      () => tell(replica, newest = Math.max(newest, replica.frame)),
      news(chain, replica.frame + 1, world, over.signal, (last) => tell(replica, newest = last)),
    ).catch((error) => {
      if (!over.signal.aborted) throw error;
    });
    await Promise.race([turn(() => replica.epoch, over.signal), following]);
    over.abort();
    await following;
    return signal.aborted ? undefined : replica;
  } catch (error) {
    // A ledger that lost its end and goes on has other frames now: the copy is begun anew, and tells if that fails.
    if (error instanceof BrokenFrame) {
      throw new Error(`Cannot follow ${chain.name}: ${error.message}`, { cause: error });
    }
    throw error;
  } finally {
    over.abort();
    signal.removeEventListener("abort", onAbort);
  }
}

async function* news(
  chain: Chain,
  from: number,
  world: World,
  signal: AbortSignal,
  tell: (last: number) => void,
): AsyncGenerator<Stored> {
  if (chain.follow) {
    for await (const { sequence, message, last } of chain.follow(from, signal)) {
      tell(last);
      yield { sequence, message };
    }
    return;
  }
  for (let next = from; !signal.aborted;) {
    const { last } = await chain.extent();
    tell(last);
    for await (const stored of chain.read(next, last)) {
      if (signal.aborted) return;
      yield stored;
      next = stored.sequence + 1;
    }
    await world.clock.sleep(POLL_MS, signal);
  }
}
