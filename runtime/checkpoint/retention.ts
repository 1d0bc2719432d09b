/**
 * Retention: how far the front of a chain may be purged. A frame goes only when the pipeline's declaration no
 * longer wants it AND nothing needs it: not recovery (two verified checkpoints come after it, so that one may
 * turn out damaged), not a feed or another receiver of outputs, not a reader under way, not the repeat of an
 * event id, which is answered from the frame of the first. Age is frame time, never the wall clock's.
 */
import type { Pipeline, Retention } from "../declare.ts";
import { DEDUPE } from "../params.ts";
import type { FrameHistory } from "../partition/history.ts";
import { readTail, TAIL_FRAMES } from "../partition/recover.ts";
import type { Chain, World } from "../world/mod.ts";
import { type Manifest, manifests, verifyCheckpoint } from "./checkpoint.ts";

/** Where a checkpoint was: frame, its clock, and bytes of the chain up to it. */
export type Mark = readonly [frame: number, clock: number, bytes: number];

export interface Purgeable {
  readonly retention: Retention;
  readonly dedupeMicros: number;
  /** Newest durable frame, its clock, and bytes of the chain up to it. */
  readonly newest: Mark;
  /** Oldest first. */
  readonly marks: readonly Mark[];
  /** The checkpoints that recovery may fall back on. */
  readonly kept: readonly Pick<Manifest, "frame" | "host">[];
  /** Who must have the outputs of a frame before it goes. */
  readonly receivers: readonly string[];
  /** The lowest frame that a reader under way still wants. */
  readonly read: number;
}

/** The last frame that may go; 0 = none. */
export function purgeable(state: Purgeable): number {
  const { retention, kept, receivers, newest, read, dedupeMicros } = state;
  if (retention === "forever" || kept.length === 0) return 0;
  const needed = kept.flatMap(({ frame, host }) => [frame, ...receivers.map((name) => host.fed[name] ?? 0)]);
  // Whoever takes over finds its epoch among the newest frames.
  needed.push(newest[0] - TAIL_FRAMES, read - 1, markBefore(state, newest[1] - dedupeMicros));
  return Math.max(0, Math.min(unwanted(retention, state), ...needed));
}

function unwanted(retention: Exclude<Retention, "forever">, state: Purgeable): number {
  if (retention === "compact") return Infinity;
  const { newest, marks } = state;
  const { ms, bytes } = retention;
  const old = ms === undefined ? 0 : markBefore(state, newest[1] - ms * 1000);
  const large = bytes === undefined ? 0 : marks.findLast(([, , upTo]) => newest[2] - upTo >= bytes)?.[0] ?? 0;
  return Math.max(old, large);
}

function markBefore({ marks }: Purgeable, clock: number): number {
  return marks.findLast(([, at]) => at <= clock)?.[0] ?? 0;
}

/** Checkpoints that must be whole before the frames that came before the older one go. */
const CHECKPOINTS_AFTER = 2;

/** Keeps one partition's chain to its declaration, after each checkpoint. */
export class Upkeep {
  readonly #pipeline: Pipeline;
  readonly #world: World;
  readonly #history: FrameHistory;
  readonly #kernel: string;
  readonly #after: number;
  /** Parts found whole in this life: they do not change, and are large to read. */
  readonly #verified = new Set<string>();
  #running = false;

  /** `kept`: checkpoints that are kept at all. */
  constructor(pipeline: Pipeline, world: World, history: FrameHistory, kernel: string, kept: number) {
    this.#after = Math.min(CHECKPOINTS_AFTER, kept);
    this.#pipeline = pipeline;
    this.#world = world;
    this.#history = history;
    this.#kernel = kernel;
  }

  /** Purges what may go. Never throws: what cannot be purged now is purged after another checkpoint. */
  async run(chain: Chain, epoch: number): Promise<void> {
    if (this.#running || (this.#pipeline.retention ?? "forever") === "forever") return;
    this.#running = true;
    try {
      await this.#purge(chain, epoch);
    } catch (error) {
      this.#world.log.warn(`no frame of ${chain.name} was purged`, { error: String(error) });
    } finally {
      this.#running = false;
    }
  }

  async #purge(chain: Chain, epoch: number): Promise<void> {
    const all = await manifests(this.#world, chain.name);
    const kept = all.filter(({ kernel }) => kernel === this.#kernel).slice(0, this.#after);
    if (kept.length < this.#after) return;
    const upTo = purgeable({
      retention: this.#pipeline.retention ?? "forever",
      dedupeMicros: (this.#pipeline.dedupe ?? DEDUPE).windowMs * 1000,
      ...this.#history.extent(),
      kept,
    });
    const { first, last } = await chain.extent();
    if (upTo < first) return;
    for (const manifest of kept) await verifyCheckpoint(this.#world, manifest, this.#verified);
    // An owner that was replaced must not purge: its successor may rest on an older checkpoint. One that takes
    // over after this finds the checkpoints that were verified above.
    if ((await readTail(chain, last)).epoch !== epoch) return;
    await chain.purge(upTo);
    this.#history.purged(upTo);
    this.#world.log.info(`purged frames ${first} to ${upTo} of ${chain.name}`, {
      checkpoints: kept.map(({ frame }) => frame).join(", "),
    });
  }
}

/** A frame that is gone: an error with the choices, never a wait. */
export class NotRetained extends Error {
  override name = "NotRetained";
  constructor(readonly chain: string, readonly frame: number, readonly first: number) {
    super(
      `Cannot read frame ${frame} of ${chain}: it is no longer retained, the ledger holds frames from ${first} on. ` +
        `Begin at frame ${first} ("start"), or at "now"; or import what was exported before it was purged.`,
    );
  }
}

/** Throws NotRetained when the chain no longer holds a frame that it once did. */
export async function checkRetained(chain: Chain, frame: number): Promise<void> {
  const { first } = await chain.extent();
  if (frame < first) throw new NotRetained(chain.name, frame, first);
}

/** Another owner may have purged what this one still has in memory: it is gone for whoever asks either of them. */
export async function forgetPurged(history: FrameHistory, chain: Chain): Promise<void> {
  history.purged((await chain.extent()).first - 1);
}

/**
 * What `read` gives; undefined where its frame was purged, perhaps meanwhile, perhaps by another owner: then the
 * history forgets what it remembers of it.
 */
export async function ifRetained<T>(history: FrameHistory, read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (!(error instanceof NotRetained)) throw error;
    history.purged(error.first - 1);
    return undefined;
  }
}
