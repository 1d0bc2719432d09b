/**
 * The state of a partition as it was: the nearest checkpoint before, and a replay of the frames after it. Reads
 * only, so it may look at a ledger in use.
 */
import { fromHex, hex, sha256Stream } from "../hash.ts";
import type { Kernel, KernelModule } from "../kernel/host.ts";
import { NO_CHAIN } from "../partition/frame.ts";
import { readFrame } from "../partition/recover.ts";
import { replayFrame, walk, type Walked } from "../partition/walk.ts";
import type { Chain } from "../world/ledger.ts";
import type { World } from "../world/mod.ts";
import { type Manifest, manifests, restoreCheckpoint } from "./checkpoint.ts";

type Reading = Pick<World, "checkpoints" | "clock" | "log">;

/** The last frame whose effects count, or the last moment (frame time, microseconds). */
export type At = { readonly frame: number } | { readonly time: number };

export interface AsOf {
  readonly kernel: Kernel;
  /** The newest frame in it; 0 = none. */
  readonly frame: number;
  readonly clock: number;
  readonly epoch: number;
  readonly hash: Uint8Array;
  /** The checkpoint it began with. */
  readonly manifest: Manifest | undefined;
  readonly replayedEvents: number;
}

/** Rebuilds the state. `onFrame` sees each frame before it is applied, and the kernel as it is then. */
export async function asOf(
  world: Reading,
  chain: Chain,
  module: KernelModule,
  at: At,
  onProgress: (frame: number, last: number, events: number) => void = () => {},
): Promise<AsOf> {
  const { first, last } = await chain.extent();
  const to = "frame" in at ? Math.min(at.frame, last) : last;
  const base = await nearest(world, chain, module, at, first);
  const { manifest } = base;
  let { kernel, frame, clock, epoch, hash } = base;
  let events = 0;
  const turns = turnsOf(world);
  for await (const walked of walk(chain, { from: frame + 1, after: { hash, epoch } }, to)) {
    if (walked.isVoid) continue;
    if ("time" in at && walked.frame.clock > at.time) break;
    events += apply(kernel, module, walked);
    ({ number: frame, clock, epoch } = walked.frame);
    hash = walked.frame.chain.slice();
    onProgress(frame, to, events);
    await turns();
  }
  return { kernel, frame, clock, epoch, hash, manifest, replayedEvents: events };
}

/** The oldest checkpoint of this kernel from which the retained frames follow: where proving can begin. */
export async function oldestCheckpoint(
  world: Reading,
  chain: Chain,
  module: KernelModule,
): Promise<{ manifest: Manifest; kernel: Kernel } | undefined> {
  const { first } = await chain.extent();
  for (const manifest of (await usable(world, chain, module)).reverse()) {
    if (manifest.frame + 1 < first) continue;
    const kernel = await restored(world, module, manifest);
    if (kernel) return { manifest, kernel };
  }
}

/** SHA-256 over all pages that hold state: equal where states are. */
export function stateHash(kernel: Kernel): string {
  const digest = sha256Stream();
  kernel.snapshotBegin(true);
  while (true) {
    const records = kernel.snapshotNext(PAGES);
    if (records.length === 0) return hex(digest.digest());
    digest.update(records);
  }
}

const PAGES = 256;
/** The thread is held no longer than this. */
const TURN_MICROS = 20_000;

function turnsOf({ clock }: Reading): () => Promise<void> | undefined {
  let turn = clock.monotonic();
  return () => {
    const now = clock.monotonic();
    if (now - turn < TURN_MICROS) return undefined;
    turn = now;
    return new Promise((resolve) => clock.soon(resolve));
  };
}

function apply(kernel: Kernel, module: KernelModule, walked: Walked): number {
  if (walked.frame.events.length === 0) return 0;
  const { events, different } = replayFrame(kernel, module, walked);
  if (different !== undefined) throw new Error(`Cannot replay ${walked.where}: ${different}`);
  return events;
}

async function nearest(world: Reading, chain: Chain, module: KernelModule, at: At, first: number) {
  const before = (manifest: Manifest) =>
    "frame" in at ? manifest.frame <= at.frame : manifest.clock <= at.time;
  for (const manifest of await usable(world, chain, module)) {
    // Of a checkpoint whose next frames were purged only its own moment can be told.
    const joins = manifest.frame + 1 >= first || ("frame" in at && manifest.frame === at.frame);
    if (!before(manifest) || !joins) continue;
    const kernel = await restored(world, module, manifest);
    if (!kernel) continue;
    const { frame, clock, epoch, frameHash } = manifest;
    return { kernel, frame, clock, epoch, hash: fromHex(frameHash), manifest };
  }
  if (first > 1) throw await tooEarly(world, chain, module, first);
  const kernel = module.instantiate();
  return { kernel, frame: 0, clock: 0, epoch: 0, hash: NO_CHAIN, manifest: undefined };
}

async function tooEarly(world: Reading, chain: Chain, module: KernelModule, first: number): Promise<Error> {
  const there = (await usable(world, chain, module)).map(({ frame }) => frame);
  return new Error(
    `Cannot rebuild the state of ${chain.name} as it was then: frames before ${first} are no longer retained, and ` +
      `no checkpoint of kernel ${module.hashHex.slice(0, 12)} from before that moment is kept. ` +
      (there.length > 0
        ? `The checkpoints are at frames ${there.join(", ")}: choose one of them or later.`
        : "Import an export of that time."),
  );
}

/** Checkpoints of this kernel on this very chain, newest first. */
async function usable(world: Reading, chain: Chain, module: KernelModule): Promise<Manifest[]> {
  const { first, last } = await chain.extent();
  const found: Manifest[] = [];
  for (const manifest of await manifests(world, chain.name)) {
    if (manifest.kernel !== module.hashHex || manifest.frame > last) continue;
    const same = manifest.frame < first ||
      hex((await readFrame(chain, manifest.frame)).chain) === manifest.frameHash;
    if (same) found.push(manifest);
  }
  return found;
}

async function restored(
  world: Reading,
  module: KernelModule,
  manifest: Manifest,
): Promise<Kernel | undefined> {
  try {
    return await restoreCheckpoint(world, module, manifest);
  } catch (error) {
    world.log.warn(`passing over the checkpoint at frame ${manifest.frame} of ${manifest.chain}`, {
      error: String(error),
    });
  }
}
