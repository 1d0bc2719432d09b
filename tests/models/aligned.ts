/** The naive aligned windows: each window of each key keeps the values it holds, and says them when told to. */

export interface Window {
  readonly start: bigint;
  readonly end: bigint;
}

export interface WindowRules {
  /** The windows that hold a time, the first to end first. */
  readonly windowsOf: (time: bigint) => readonly Window[];
  readonly lateness?: bigint;
  readonly update?: "accumulating" | "discarding" | "retracting";
  readonly earlyEvents?: number;
  readonly earlyEvery?: bigint;
}

export interface Told extends Window {
  readonly key: string;
  readonly values: readonly bigint[];
  readonly op: 0 | 1;
  readonly timing: 0 | 1 | 2;
}

interface Held extends Window {
  readonly key: string;
  values: bigint[];
  /** What was said last. */
  told?: bigint[];
  since: number;
}

const EARLY = 0, ON_TIME = 1, LATE = 2;

export class Aligned {
  readonly #rules: WindowRules;
  readonly #held = new Map<string, Held>();
  #watermark = -(2n ** 63n);

  constructor(rules: WindowRules) {
    this.#rules = rules;
  }

  get windows(): number {
    return this.#held.size;
  }

  /** Of the windows of a time those that are gone while others are not. */
  missed(time: bigint): Window[] {
    const windows = this.#rules.windowsOf(time), gone = windows.filter((window) => this.#gone(window));
    return gone.length < windows.length ? gone : [];
  }

  /** What is told because of an event; or the window it is late for. */
  add(key: string, time: bigint, value: bigint): Told[] | Window {
    const windows = this.#rules.windowsOf(time), last = windows.at(-1);
    if (last && this.#gone(last)) return last;
    return windows.filter((window) => !this.#gone(window)).flatMap((window) =>
      this.#addTo(this.#heldFor(key, window), value)
    );
  }

  /** What is told because the watermark has come to `time`. */
  advance(time: bigint): Told[] {
    const before = this.#watermark, every = this.#rules.earlyEvery;
    if (time <= before) return [];
    this.#watermark = time;
    const told: Told[] = [];
    const held = [...this.#held.values()].sort((a, b) => a.end < b.end ? -1 : a.end > b.end ? 1 : 0);
    for (const one of held) {
      if (one.end <= time && one.end > before) told.push(...this.#tell(one, ON_TIME));
      if (this.#gone(one)) this.#held.delete(nameOf(one.key, one));
    }
    if (every && floor(time, every) > floor(before, every)) {
      for (const one of held) if (one.end > time && one.since) told.push(...this.#tell(one, EARLY));
    }
    return told;
  }

  /** Whether it holds a window that has not ended. */
  get open(): boolean {
    for (const { end } of this.#held.values()) if (end > this.#watermark) return true;
    return false;
  }

  #gone(window: Window): boolean {
    return this.#watermark >= window.end + (this.#rules.lateness ?? 0n);
  }

  #heldFor(key: string, window: Window): Held {
    const name = nameOf(key, window);
    const held = this.#held.get(name) ?? { ...window, key, values: [], since: 0 };
    this.#held.set(name, held);
    return held;
  }

  #addTo(held: Held, value: bigint): Told[] {
    const late = held.end <= this.#watermark;
    const old = [...held.values];
    held.values.push(value);
    held.since++;
    if (!late) return held.since === this.#rules.earlyEvents ? this.#tell(held, EARLY) : [];
    held.since = 0;
    switch (this.#rules.update) {
      case "discarding":
        return [result(held, [value], 0, LATE)];
      case "retracting":
        return [...(old.length ? [result(held, old, 1, LATE)] : []), result(held, held.values, 0, LATE)];
      default:
        return [result(held, held.values, 0, LATE)];
    }
  }

  #tell(held: Held, timing: 0 | 1): Told[] {
    const told: Told[] = [];
    if (this.#rules.update === "discarding" && held.told && !held.since) return [];
    if (this.#rules.update === "retracting" && held.told) told.push(result(held, held.told, 1, timing));
    told.push(result(held, held.values, 0, timing));
    held.told = [...held.values];
    held.since = 0;
    if (this.#rules.update === "discarding") held.values = [];
    return told;
  }
}

function result(held: Held, values: readonly bigint[], op: 0 | 1, timing: 0 | 1 | 2): Told {
  return { key: held.key, start: held.start, end: held.end, values: [...values], op, timing };
}

function nameOf(key: string, window: Window): string {
  return `${key} ${window.start} ${window.end}`;
}

export function floor(a: bigint, step: bigint): bigint {
  const rest = a % step;
  return (rest < 0n ? a - rest - step : a - rest) / step;
}

/** Windows of `size` every `slide` from `offset` on. */
export function hopping(size: bigint, slide: bigint, offset = 0n): WindowRules["windowsOf"] {
  return (time) => {
    const windows: Window[] = [];
    for (let k = floor(time - offset, slide) - size / slide - 1n;; k++) {
      const start = offset + k * slide;
      if (start > time) return windows;
      if (time < start + size) windows.push({ start, end: start + size });
    }
  };
}

/** Windows that grow by `step` up to `size`. */
export function growing(size: bigint, step: bigint, offset = 0n): WindowRules["windowsOf"] {
  return (time) => {
    const start = offset + floor(time - offset, size) * size;
    const windows: Window[] = [];
    for (let end = start + step; end <= start + size; end += step) {
      if (time < end) windows.push({ start, end });
    }
    return windows;
  };
}
