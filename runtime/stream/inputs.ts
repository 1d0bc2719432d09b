/**
 * Watches over the inputs of a declared pipeline as it runs: which of them have fallen silent, and which are so
 * far ahead of the others that they must wait.
 *
 * An input is silent in a partition when nothing came of it there for the declared time, and whatever reads for it
 * had nothing left to read all that while: a reader that is behind, held back or without its server is not silent.
 * The partition is then told how far the input has come elsewhere, so that its windows end without an event of
 * their keys: how far events come out of order is said of the source, not of one partition. Silent everywhere, the
 * input is idle: the others hold nothing back for it. Both are marks in the ledger, so a replay has them at the same
 * place; a mark says how many events the input had had, and the kernel passes over it where one has come since.
 */
import type { InputSpec, Pipeline, StreamSource } from "../declare.ts";
import type { Partition } from "../partition/partition.ts";
import { EVENT_KIND } from "../partition/records.ts";
import { readVarint, skipField } from "../partition/wire.ts";
import type { World } from "../world/mod.ts";
import { encodeMark, type Standing } from "./marks.ts";

/** Whoever reads events for a pipeline from elsewhere. */
export interface InputReader {
  /** Names of the inputs that it reads; all where absent. */
  readonly inputs?: readonly string[];
  /**
   * Of a bounded read beside others: it is held back while it is so many microseconds of event time ahead of the
   * slowest of them. What has been read to its end holds back nobody.
   */
  readonly withinMicros?: number;
  /**
   * Since when it has had nothing left to read, by the monotonic clock; undefined where something waits, or
   * where it cannot know.
   */
  upToDate(): Promise<number | undefined>;
}

/** What a reader is given back. */
export interface InputGate {
  /** Whether what it reads has a bound on how far it may be ahead. */
  readonly aligned: boolean;
  /** Whether it must wait, because it is too far ahead of the other inputs. */
  held(): boolean;
  end(): void;
}

/** Silence is looked for so many times within the shortest time that is declared, within these bounds. */
const LOOKS = 4;
const LOOK_MS_MIN = 5;
const LOOK_MS_MAX = 1_000;
/** How old what is known of the marks may be when somebody asks whether to wait; and how many may ask in between. */
const FRONTS_MICROS = 1_000;
const FRONTS_ASKED_MAX = 64;

/** What the mark of an input that has ended exceeds. */
const ENDED = 9e18;

interface Quiet {
  readonly seen: bigint;
  readonly since: number;
}

interface Front {
  readonly mark: number;
  readonly idle: boolean;
}

export class Inputs {
  readonly #partitions: readonly Partition[];
  readonly #specs: readonly InputSpec[];
  readonly #sources: readonly StreamSource[];
  /** Whether another stage waits for what this one tells of time. */
  readonly #isFollowed: boolean;
  readonly #world: World;
  readonly #readers = new Set<InputReader>();
  /** When something of an input was refused because it is ahead: it is not silent. */
  readonly #refused = new Map<number, number>();
  #quiet = new Map<string, Quiet>();
  #fronts: readonly Front[] = [];
  #frontsAt = -Infinity;
  #asked = 0;

  constructor(
    pipeline: Pipeline,
    partitions: readonly Partition[],
    sources: readonly StreamSource[],
    isFollowed: boolean,
    world: World,
  ) {
    this.#specs = pipeline.inputs ?? [];
    this.#partitions = partitions;
    this.#sources = sources.filter((source) => source.pipeline === pipeline.name);
    this.#isFollowed = isFollowed;
    this.#world = world;
  }

  get watched(): boolean {
    return this.#specs.some(({ idleMicros }) => idleMicros !== undefined);
  }

  get aligned(): boolean {
    return this.#specs.some(({ alignMicros }) => alignMicros !== undefined);
  }

  /** A reader says that it reads. */
  attach(reader: InputReader): InputGate {
    this.#readers.add(reader);
    const own = this.#indexes(reader.inputs);
    return {
      aligned: reader.withinMicros !== undefined ||
        own.some((input) => this.#specs[input].alignMicros !== undefined),
      held: () => reader.withinMicros === undefined ? this.#isAhead(own) : this.#isBeyond(reader),
      end: () => void this.#readers.delete(reader),
    };
  }

  /** Whether an event that nobody reads from anywhere, but sends, must come again later. */
  refuses(payload: Uint8Array): boolean {
    const field = lastField(payload);
    const own = this.#specs.flatMap((spec, input) =>
      spec.field === undefined || spec.field === field ? [input] : []
    );
    this.#frontsAt = -Infinity; // whoever sends one by one is answered by what was applied
    if (!this.#isAhead(own)) return false;
    for (const input of own) this.#refused.set(input, this.#world.clock.monotonic());
    return true;
  }

  /** Looks for silence until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const shortest = Math.min(...this.#specs.map(({ idleMicros = Infinity }) => idleMicros));
    const everyMs = Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, shortest / LOOKS / 1000));
    this.#quiet = new Map();
    while (!signal.aborted) {
      for (let input = 0; input < this.#specs.length && !signal.aborted; input++) {
        if (this.#specs[input].idleMicros !== undefined) await this.#watch(input, signal);
      }
      await this.#world.clock.sleep(everyMs, signal);
    }
  }

  /** Where an input is silent its partitions follow the furthest of them; silent in all, it is idle. */
  async #watch(input: number, signal: AbortSignal): Promise<void> {
    const standing = (partition: Partition) => partition.inputs()?.[input];
    const quiet = this.#partitions.filter((partition) =>
      this.#isQuiet(partition, input, standing(partition))
    );
    if (quiet.length === 0 || !(await this.#nothingLeft(input))) return;
    const marks = this.#partitions.map((partition) => standing(partition)?.mark ?? -Infinity);
    const furthest = Math.max(...marks.filter((mark) => mark < ENDED));
    for (const partition of quiet) {
      const now = standing(partition);
      if (signal.aborted || !now || now.mark >= furthest) continue;
      await this.#tell(partition, { input, time: BigInt(furthest), seen: now.seen }, signal);
      const key = keyOf(partition, input), known = this.#quiet.get(key);
      // It goes on being silent: the mark counts as seen, and is not its own.
      if (known?.seen === now.seen) this.#quiet.set(key, { ...known, seen: now.seen + 1n });
    }
    // Alone, it has nobody to hold back but who follows; the kernel tells those once nothing is open.
    if (this.#specs.length === 1 && !this.#isFollowed || quiet.length < this.#partitions.length) return;
    for (const partition of quiet) {
      const now = standing(partition);
      if (signal.aborted || !now || now.idle) continue;
      await this.#tell(partition, { input, idle: true, seen: now.seen }, signal);
    }
  }

  /** Whether no event of an input came to a partition for the declared time. */
  #isQuiet(partition: Partition, input: number, standing: Standing | undefined): boolean {
    if (!standing) return false;
    const key = keyOf(partition, input), known = this.#quiet.get(key), now = this.#world.clock.monotonic();
    if (known?.seen !== standing.seen) {
      this.#quiet.set(key, { seen: standing.seen, since: now });
      return false;
    }
    const since = Math.max(known.since, this.#refused.get(input) ?? -Infinity);
    return now - since >= this.#specs[input].idleMicros!;
  }

  /** Whether for the declared time nothing of an input was left where it is read from. */
  async #nothingLeft(input: number): Promise<boolean> {
    const since = await this.#nothingLeftSince(input);
    return since !== undefined && this.#world.clock.monotonic() - since >= this.#specs[input].idleMicros!;
  }

  /** Since when nothing waits of this input in any place that it is read from; undefined = something may. */
  async #nothingLeftSince(input: number): Promise<number | undefined> {
    const { name } = this.#specs[input];
    const carries = ({ inputs }: { readonly inputs?: readonly string[] }) => inputs?.includes(name) ?? true;
    const readers = [...this.#readers].filter(carries);
    // A stream that is declared and not read now: nobody knows what waits there.
    if (readers.length < this.#sources.filter(carries).length) return undefined;
    let latest = -Infinity;
    for (const reader of readers) {
      const since = await reader.upToDate();
      if (since === undefined) return undefined;
      latest = Math.max(latest, since);
    }
    return latest;
  }

  async #tell(
    partition: Partition,
    mark: Parameters<typeof encodeMark>[0],
    signal: AbortSignal,
  ): Promise<void> {
    const payload = encodeMark(mark);
    await new Promise<void>((resolve) => {
      const admitted = partition.offer(payload, { kind: EVENT_KIND.WATERMARK }, () => resolve());
      if (!admitted || signal.aborted) return resolve(); // it is looked at again
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Whether all of these inputs are too far ahead of the slowest of the others. */
  #isAhead(own: readonly number[]): boolean {
    const bound = Math.min(...own.map((input) => this.#specs[input].alignMicros ?? Infinity));
    if (bound === Infinity) return false;
    const fronts = this.#look();
    const active = (input: number) => fronts[input] && !fronts[input].idle;
    const least = (inputs: readonly number[]) =>
      Math.min(...inputs.filter(active).map((each) => fronts[each].mark));
    const others = this.#specs.map((_, input) => input).filter((input) => !own.includes(input));
    const mine = least(own), slowest = least(others);
    return mine < Infinity && slowest < Infinity && mine > slowest + bound;
  }

  /** Whether a bounded reader is too far ahead of the slowest of those beside it. */
  #isBeyond(reader: InputReader): boolean {
    const fronts = this.#look();
    const front = ({ inputs }: InputReader) =>
      Math.min(...this.#indexes(inputs).map((input) => fronts[input].mark));
    const others = [...this.#readers].filter((each) => each !== reader && each.withinMicros !== undefined);
    return front(reader) > Math.min(Infinity, ...others.map(front)) + reader.withinMicros!;
  }

  /** How far each input has come: in the partition where it is furthest. Idle: everywhere. */
  #look(): readonly Front[] {
    const now = this.#world.clock.monotonic();
    if (now - this.#frontsAt < FRONTS_MICROS && this.#asked++ < FRONTS_ASKED_MAX) return this.#fronts;
    this.#frontsAt = now;
    this.#asked = 0;
    const standings = this.#partitions.flatMap((partition) => [partition.inputs() ?? []]).filter((
      { length },
    ) => length);
    this.#fronts = this.#specs.map((_, input) => ({
      mark: Math.max(-Infinity, ...standings.map((each) => each[input].mark)),
      idle: standings.length > 0 && standings.every((each) => each[input].idle),
    }));
    return this.#fronts;
  }

  #indexes(names: readonly string[] | undefined): number[] {
    return this.#specs.flatMap(({ name }, input) => names?.includes(name) ?? true ? [input] : []);
  }
}

function keyOf(partition: Partition, input: number): string {
  return `${partition.index} ${input}`;
}

/** The number of the last field at the top of a message: which member of an envelope's oneof counts. */
function lastField(payload: Uint8Array): number {
  let field = 0;
  for (let at = 0; at < payload.length;) {
    const tag = readVarint(payload, at);
    field = Math.floor(tag.value / 8);
    at = skipField(payload, tag.next, tag.value);
    if (at < 0) break; // no message: the kernel will say so
  }
  return field;
}
