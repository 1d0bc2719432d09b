/**
 * Recovery of a partition whose declaration may have changed: which checkpoints of another kernel it goes on
 * from, what it says of that, and what it refuses (runtime/stream/evolution.ts decides).
 */
import { stateHash } from "../checkpoint/as_of.ts";
import type { Manifest } from "../checkpoint/checkpoint.ts";
import type { Pipeline } from "../declare.ts";
import { compileKey, type KeyExtractor } from "../ingress/key.ts";
import type { KernelModule } from "../kernel/host.ts";
import {
  type Evolved,
  type Meaning,
  misplaced,
  type Partitioned,
  partitionedOf,
  purged,
  refusal,
  verdictOf,
} from "../stream/evolution.ts";
import type { World } from "../world/mod.ts";
import type { Frame } from "./frame.ts";
import { EVENT_KIND, EventCursor } from "./records.ts";
import { Unrecoverable } from "./replica.ts";

/** Events of a recovery that are looked at for whether they belong to the partition. */
const SAMPLE_EVENTS = 64;

export class Evolution {
  readonly meaning: Meaning | undefined;
  readonly partitioned: Partitioned;
  readonly #pipeline: Pipeline;
  readonly #index: number;
  readonly #module: KernelModule;
  readonly #keys: KeyExtractor;
  #sampled = 0;

  constructor(pipeline: Pipeline, index: number, module: KernelModule) {
    this.#pipeline = pipeline;
    this.#index = index;
    this.#module = module;
    this.#keys = compileKey(pipeline);
    this.partitioned = partitionedOf(pipeline);
    this.meaning = meaningOf(pipeline, module);
  }

  /** Whether recovery may go on from this checkpoint. */
  usable(manifest: Manifest): boolean {
    return manifest.kernel === this.#module.hashHex || carries(manifest, this.meaning).kind === "carried";
  }

  /**
   * Before anything is taken over: says what becomes of the state, or why it cannot be had. `checkpoints`: newest
   * first; `all`: none of them could not be read.
   */
  async check(
    checkpoints: readonly Manifest[],
    all: boolean,
    { first, last }: { readonly first: number; readonly last: number },
    world: World,
  ): Promise<string | undefined> {
    const [newest] = checkpoints, { name } = this.#pipeline;
    const elsewhere = misplaced(name, newest?.partitioned, this.partitioned) ??
      (newest || last === 0 ? undefined : await this.#more(world));
    if (elsewhere) return elsewhere;
    if (!newest || newest.kernel === this.#module.hashHex) return undefined;
    const of = `${name}-${this.#index}`, from = newest.kernel.slice(0, 12);
    const base = checkpoints.find((each) => each.frame + 1 >= first && this.usable(each));
    const { changes, kind } = carries(newest, this.meaning);
    if (base?.kernel === this.#module.hashHex) {
      world.log.info(`the state of ${of} is rebuilt from its own checkpoint at frame ${base.frame}`, {
        from,
      });
    } else if (base) {
      world.log.info(
        `the state of ${of} carries over from kernel ${from}: what changed is ${changes.join("; ")}`,
      );
    } else if (kind === "rebuilt" && first > 1 && all) {
      return purged(name, first, changes);
    } else {
      world.log.info(
        `the state of ${of} is rebuilt by replay, because ${changes.join("; ")}`,
        estimate(newest),
      );
    }
    return undefined;
  }

  /** Without a checkpoint that says how events went to partitions: whether there are more than are asked for. */
  async #more({ ledger }: World): Promise<string | undefined> {
    const { of } = this.partitioned, next = `${this.#pipeline.name}-${of}`;
    if (this.#index > 0 || !(await ledger.chains()).includes(next)) return undefined;
    return refusal(
      this.#pipeline.name,
      `it has ${of} partitions now, and there are more: ${ledger.name} holds ${next}`,
    );
  }

  /** Refuses a frame that is replayed whose events cannot be this partition's. */
  checkOwn({ number, events }: Pick<Frame, "number" | "events">): void {
    const { of } = this.partitioned;
    if (of === 1 || this.#sampled >= SAMPLE_EVENTS) return;
    const cursor = new EventCursor(events);
    while (cursor.next() && this.#sampled < SAMPLE_EVENTS) {
      if (cursor.kind !== EVENT_KIND.EVENT) continue;
      const there = this.#keys.partition(cursor.payload, of);
      if (there < 0) continue;
      this.#sampled++;
      if (there === this.#index) continue;
      const why =
        `frame ${number} of partition ${this.#index} holds an event that by ${this.partitioned.by} belongs to ` +
        `partition ${there} of ${of}: its ledger was divided by another key, or among another number`;
      throw new Unrecoverable(refusal(this.#pipeline.name, why));
    }
  }
}

/** What the state of a pipeline means, with this kernel and these parameters. */
export function meaningOf({ outline }: Pipeline, module: KernelModule): Meaning | undefined {
  if (!outline) return undefined;
  const known = initials.get(module) ?? stateHash(module.instantiate());
  initials.set(module, known);
  return { ...outline, initial: known };
}

const initials = new WeakMap<KernelModule, string>();

/** The verdict on a checkpoint of another kernel. One that has more to put out is not gone on from. */
export function carries({ meaning, nextTimer, clock }: Manifest, is: Meaning | undefined): Evolved {
  const verdict = verdictOf(meaning, is);
  if (verdict.kind === "rebuilt" || nextTimer === null || nextTimer > clock) return verdict;
  return { kind: "rebuilt", changes: ["results were still to be put out when the checkpoint was taken"] };
}

/** What a replay will take, as far as can be told. */
export function estimate({ frame, host }: Manifest): { frames: number; bytes?: number; seconds?: number } {
  const { bytes, replayRate } = host;
  const seconds = bytes && replayRate ? { seconds: Math.ceil(bytes / replayRate) } : {};
  return { frames: frame, bytes, ...seconds };
}
