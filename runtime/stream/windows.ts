/** Windows, durations and what becomes of late data, as they are declared. */

/** Microseconds, or text such as "250ms", "10s", "5m", "1h", "7d". */
export type Duration = string | number;

const UNITS: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/** A duration as microseconds. */
export function micros(duration: Duration, what = "duration"): number {
  const [, digits, unit] = typeof duration === "string"
    ? /^(\d+)\s*(us|ms|s|m|h|d)$/.exec(duration) ?? []
    : [];
  const value = typeof duration === "number" ? duration : Number(digits) * UNITS[unit];
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError(
    `Cannot take ${
      JSON.stringify(duration)
    } as a ${what}: write a number of microseconds, or a number with ` +
      `us, ms, s, m, h or d, such as "5m"`,
  );
}

export type WindowSpec =
  /** [start, end) of one length each, beginning every `slide`; tumbling where slide = size. */
  | { readonly kind: "aligned"; readonly size: number; readonly slide: number; readonly offset: number }
  /** Windows that begin together and grow by `step` up to `size`. */
  | { readonly kind: "cumulative"; readonly size: number; readonly step: number; readonly offset: number }
  /** A day of the calendar in a time zone. */
  | { readonly kind: "calendar"; readonly zone: string }
  /** Events of a key with less than `gap` between neighbours, cut where they come to `max`; 0 = nowhere. */
  | { readonly kind: "session"; readonly gap: number; readonly max: number }
  /** For each event, all events of its key no older than `size`, itself included. */
  | { readonly kind: "sliding"; readonly size: number }
  /** Every `slide` events of a key, the last `size` of them. */
  | { readonly kind: "count"; readonly size: number; readonly slide: number };

export interface AlignedOptions {
  /** Shifts where windows begin; they are aligned to the epoch otherwise. */
  readonly offset?: Duration;
}

export function tumbling(size: Duration, options: AlignedOptions = {}): WindowSpec {
  return hopping(size, size, options);
}

/** Windows of `size` that begin every `slide`. */
export function hopping(size: Duration, slide: Duration, { offset = 0 }: AlignedOptions = {}): WindowSpec {
  const spec = { size: positive(size, "window size"), slide: positive(slide, "slide") };
  if (spec.slide > spec.size) {
    throw new TypeError(
      `Cannot make windows of ${size} every ${slide}: events between them would be lost. Give a slide of at most the size.`,
    );
  }
  return { kind: "aligned", ...spec, offset: micros(offset, "offset") % spec.slide };
}

export function cumulative(size: Duration, step: Duration, { offset = 0 }: AlignedOptions = {}): WindowSpec {
  const spec = { size: positive(size, "window size"), step: positive(step, "step") };
  if (spec.size % spec.step !== 0) {
    throw new TypeError(
      `Cannot grow a window of ${size} by ${step}: the size must be a multiple of the step`,
    );
  }
  return { kind: "cumulative", ...spec, offset: micros(offset, "offset") % spec.size };
}

/** A day as the calendar of a time zone has it: 23 or 25 hours where clocks change. */
export function calendarDay(zone: string): WindowSpec {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
  } catch (cause) {
    throw new TypeError(`Cannot find time zone "${zone}". Give an IANA name, such as "Asia/Kolkata".`, {
      cause,
    });
  }
  return { kind: "calendar", zone };
}

/**
 * Events of a key that follow one another by less than a gap. With `max`, an event that is so long after the first
 * begins another session: rows are then put in the order of their time before.
 */
export function session(gap: Duration, { max }: { readonly max?: Duration } = {}): WindowSpec {
  const spec = {
    gap: positive(gap, "gap"),
    max: max === undefined ? 0 : positive(max, "maximum length"),
  };
  if (spec.max > 0 && spec.max < spec.gap) {
    throw new TypeError(`Cannot end sessions at ${max}: that is less than their gap, ${gap}`);
  }
  return { kind: "session", ...spec };
}

export function sliding(size: Duration): WindowSpec {
  return { kind: "sliding", size: positive(size, "window size") };
}

/** The last `size` events of a key, in the order of their time, every `slide` events. */
export function counting(size: number, slide: number = size): WindowSpec {
  for (const n of [size, slide]) {
    if (!Number.isInteger(n) || n < 1) {
      throw new TypeError(`Cannot count windows by ${n}: give a positive integer`);
    }
  }
  return { kind: "count", size, slide };
}

/** What becomes of an event whose window has closed but is within its allowed lateness. */
export type LatePolicy =
  /** Another result of the late events alone. */
  | "discarding"
  /** Another result of all events. */
  | "accumulating"
  /** The result before taken back, then one of all events. */
  | "retracting";

export interface Lateness {
  /** A window is kept this long after the watermark has passed its end. */
  readonly allowed: Duration;
  readonly policy?: LatePolicy;
}

/** Results before a window is complete. */
export interface EarlyFiring {
  /** Each time so many events have come. */
  readonly events?: number;
  /** Each time event time has moved so far. */
  readonly every?: Duration;
}

/** When events are taken. The answers are the same. */
export interface Trigger {
  readonly everyMs: number;
}

/** As they come: the default. */
export const continuous: Trigger = { everyMs: 0 };

/** All that came, every so often. */
export function every(duration: Duration): Trigger {
  return { everyMs: Math.ceil(positive(duration, "trigger") / 1000) };
}

/** A watermark that trails the newest event time by `disorder`: events that are that late still count. */
export function bounded(disorder: Duration): Watermark {
  return { disorder: micros(disorder, "bound of disorder") };
}

/** Events come in order of their time. */
export function inOrder(): Watermark {
  return { disorder: 0 };
}

export interface Watermark {
  readonly disorder: number;
}

function positive(duration: Duration, what: string): number {
  const value = micros(duration, what);
  if (value > 0) return value;
  throw new TypeError(`Cannot take ${JSON.stringify(duration)} as a ${what}: it must be longer than nothing`);
}
