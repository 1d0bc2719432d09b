/** The naive session windows: each session keeps its events; one that joins two makes a new one of both. */
import { floor, type Told, type Window } from "./aligned.ts";

export interface SessionRules {
  readonly gap: bigint;
  /** 0 = as long as it goes on. */
  readonly lengthMax?: bigint;
  readonly lateness?: bigint;
  readonly update?: "accumulating" | "discarding" | "retracting";
  readonly earlyEvents?: number;
  /** Told, where anything came, when the watermark passes a multiple of it. */
  readonly earlyEvery?: bigint;
}

interface Open {
  readonly key: string;
  readonly start: bigint;
  readonly last: bigint;
  values: bigint[];
  /** What holds of what was said. */
  told?: Told;
  ended: boolean;
  since: number;
}

const EARLY = 0, ON_TIME = 1, LATE = 2;

export class Session {
  readonly #rules: SessionRules;
  #open: Open[] = [];
  #watermark = -(2n ** 63n);

  constructor(rules: SessionRules) {
    this.#rules = rules;
  }

  get sessions(): number {
    return this.#open.length;
  }

  add(key: string, time: bigint, value: bigint): Told[] | Window {
    const { gap } = this.#rules, lengthMax = this.#rules.lengthMax || 2n ** 70n;
    const mine = this.#open.filter((one) => one.key === key).sort((a, b) => a.start < b.start ? -1 : 1);
    let before: Open | undefined = mine.filter((one) => one.start <= time).at(-1);
    let after = mine.find((one) => one.start > time);
    if (before && (time >= before.last + gap || time - before.start >= lengthMax)) before = undefined;
    if (after && (after.start >= time + gap || after.last - time >= lengthMax)) after = undefined;
    if (before && after && after.last - before.start >= lengthMax) after = undefined;
    const joined = [before, after].filter((one) => one !== undefined);
    const last = joined.reduce((most, one) => one.last > most ? one.last : most, time);
    if (this.#watermark >= last + gap + (this.#rules.lateness ?? 0n)) return { start: time, end: time + gap };
    const told = joined.flatMap((one) => this.#takeBack(one));
    this.#open = this.#open.filter((one) => !joined.includes(one));
    const open: Open = {
      key,
      start: joined.reduce((least, one) => one.start < least ? one.start : least, time),
      last,
      values: [...joined.flatMap((one) => one.values), value],
      told: joined.length > 0 && joined.every((one) => one.told) ? joined[0].told : undefined,
      ended: joined.length > 0 && joined.every((one) => one.ended),
      since: joined.reduce((sum, one) => sum + one.since, 1),
    };
    this.#open.push(open);
    if (this.#watermark >= last + gap) return [...told, ...this.#tell(open, LATE)];
    if (open.ended) open.told = undefined;
    open.ended = false;
    const early = this.#rules.earlyEvents && open.since >= this.#rules.earlyEvents;
    return early ? [...told, ...this.#tell(open, EARLY)] : told;
  }

  advance(time: bigint): Told[] {
    const before = this.#watermark, every = this.#rules.earlyEvery;
    if (time <= before) return [];
    this.#watermark = time;
    const end = (one: Open) => one.last + this.#rules.gap;
    const due = this.#open.filter((one) => end(one) <= time && !one.ended)
      .sort((a, b) => end(a) < end(b) ? -1 : end(a) > end(b) ? 1 : 0);
    const told = due.flatMap((one) => this.#tell(one, ON_TIME));
    this.#open = this.#open.filter((one) => end(one) + (this.#rules.lateness ?? 0n) > time);
    if (every && floor(time, every) > floor(before, every)) {
      for (const one of this.#open) if (end(one) > time && one.since) told.push(...this.#tell(one, EARLY));
    }
    return told;
  }

  #takeBack(open: Open): Told[] {
    if (this.#rules.update !== "retracting" || !open.told) return [];
    const told: Told = { ...open.told, op: 1, timing: open.ended ? LATE : EARLY };
    open.told = undefined;
    return [told];
  }

  #tell(open: Open, timing: 0 | 1 | 2): Told[] {
    const { key, start, last, values } = open, { update, gap, earlyEvery: every } = this.#rules;
    const told: Told = { key, start, end: last + gap, values: [...values], op: 0, timing };
    const results: Told[] = [];
    if (timing === ON_TIME && update === "retracting" && open.told) {
      results.push({ ...open.told, op: 1, timing });
    }
    const nothingNew = update === "discarding" && open.told && !open.since &&
      (this.#rules.earlyEvents || every);
    if (!nothingNew) results.push(told);
    open.told = told;
    open.since = 0;
    open.ended ||= timing !== EARLY;
    if (update === "discarding") open.values = [];
    return results;
  }
}
