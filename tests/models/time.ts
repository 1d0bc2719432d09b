/**
 * The naive event time of a partition: the mark of each input, and the watermark, which is the least of them. Of
 * an input that a stage feeds, a mark for each partition of that stage. What is idle holds nothing back, nor does
 * what has ended; where all others are idle, the furthest of these counts.
 */

const MIN = -(2n ** 63n), MAX = 2n ** 63n - 1n;

export interface Told {
  readonly time: bigint;
  readonly input: number;
  /** Of the stage before. */
  readonly partition: number;
  readonly idle: boolean;
  /** How many events and marks the input had had when this was said. */
  readonly seen?: bigint;
}

interface Source {
  mark: bigint;
  idle: boolean;
}

interface Input extends Source {
  seen: bigint;
  /** By partition of the stage before; undefined for a source. */
  readonly parts: readonly Source[] | undefined;
}

export class Time {
  watermark = MIN;
  /** All inputs are idle. */
  idle = false;
  readonly #inputs: readonly Input[];

  /** For each input the partitions of the stage that feeds it; 0 = it is a source. */
  constructor(inputs: readonly number[]) {
    this.#inputs = inputs.map((parts) => ({
      mark: MIN,
      idle: false,
      seen: 0n,
      parts: parts > 0 ? Array.from({ length: parts }, () => ({ mark: MIN, idle: false })) : undefined,
    }));
  }

  /** An event of a source came. */
  observe(input: number, mark: bigint): void {
    const found = this.#inputs[input];
    found.seen++;
    rise(found, mark, false);
    this.#settle();
  }

  /** A WATERMARK event came. */
  tell({ time, input, partition, idle, seen }: Told): void {
    const found = this.#inputs[input];
    if (!found || (seen !== undefined && seen !== found.seen)) return;
    const part = found.parts?.[partition];
    if (found.parts && part) {
      if (time <= part.mark && idle === part.idle) return;
      rise(part, time, idle);
      const least = leastOf(found.parts);
      rise(found, least.mark, least.idle);
      found.seen++;
    } else if (found.parts) return;
    else if (idle) found.idle = true;
    else {
      rise(found, time, false);
      found.seen++;
    }
    this.#settle();
  }

  #settle(): void {
    const least = leastOf(this.#inputs);
    this.idle = least.idle;
    if (least.mark > this.watermark) this.watermark = least.mark;
  }
}

function rise(source: Source, mark: bigint, idle: boolean): void {
  if (mark > source.mark) source.mark = mark;
  source.idle = idle;
}

function leastOf(sources: readonly Source[]): Source {
  const left = sources.filter(({ mark }) => mark < MAX);
  const active = left.filter(({ idle }) => !idle).map(({ mark }) => mark);
  if (active.length > 0) return { mark: active.reduce((a, b) => a < b ? a : b), idle: false };
  if (left.length === 0) return { mark: MAX, idle: false };
  return { mark: left.map(({ mark }) => mark).reduce((a, b) => a > b ? a : b), idle: true };
}
