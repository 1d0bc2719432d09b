/** The naive calendar: windows of local time, found by asking Intl what the local time of an instant is. */
import type { Window, WindowRules } from "./aligned.ts";

const MINUTE = 60_000_000n;

/** The offset of a zone at an instant, in microseconds, as Intl tells it. */
export function offsetAt(zone: string, time: bigint): bigint {
  const ms = Number(floorTo(time, 1000n) / 1000n);
  const parts = formatOf(zone).formatToParts(ms);
  const part = (type: string) => Number(parts.find((one) => one.type === type)!.value);
  const local = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return BigInt(local - Math.floor(ms / 1000) * 1000) * 1000n;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const numeric = "numeric" as const;
  const fields = {
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  };
  const format = formats.get(timeZone) ??
    new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", ...fields });
  formats.set(timeZone, format);
  return format;
}

/** The changes of a zone between two instants, found by bisection between hours. */
export function transitions(zone: string, from: bigint, to: bigint): [instant: bigint, offset: bigint][] {
  const found: [bigint, bigint][] = [[from, offsetAt(zone, from)]];
  const step = 12n * 60n * MINUTE;
  for (let at = from; at < to; at += step) {
    if (offsetAt(zone, at + step) === offsetAt(zone, at)) continue;
    let low = at, high = at + step;
    while (high - low > 1_000_000n) {
      const middle = floorTo((low + high) / 2n, 1_000_000n);
      if (offsetAt(zone, middle) === offsetAt(zone, low)) low = middle;
      else high = middle;
    }
    found.push([high, offsetAt(zone, high)]);
  }
  return found;
}

/** The first instant, to the minute, at which the local time is `local` or later. */
function reached(zone: string, local: bigint): bigint {
  let at = local - 30n * 60n * MINUTE;
  while (at + 60n * MINUTE + offsetAt(zone, at + 60n * MINUTE) < local) at += 60n * MINUTE;
  while (at + offsetAt(zone, at) < local) at += MINUTE;
  return at;
}

/** Days (or other whole units) of local time; `months` counts them in months. */
export function calendarWindows(zone: string, size: bigint, months = false): WindowRules["windowsOf"] {
  const start = (n: bigint) => reached(zone, months ? monthStart(n * size) : n * size);
  const known = new Map<bigint, Window>();
  const windowOf = (n: bigint): Window => {
    const window = known.get(n) ?? { start: start(n), end: start(n + 1n) };
    known.set(n, window);
    return window;
  };
  return (time) => {
    const local = time + offsetAt(zone, time);
    let n = (months ? monthOf(local) : floorTo(local, size)) / size;
    if (months) n = floorTo(monthOf(local), size) / size;
    while (windowOf(n).start > time) n--;
    while (windowOf(n).end <= time) n++;
    return [windowOf(n)];
  };
}

function monthOf(local: bigint): bigint {
  const date = new Date(Number(floorTo(local, 1000n) / 1000n));
  return BigInt((date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth());
}

function monthStart(month: bigint): bigint {
  return BigInt(Date.UTC(1970, Number(month), 1)) * 1000n;
}

function floorTo(a: bigint, step: bigint): bigint {
  const rest = a % step;
  return rest < 0n ? a - rest - step : a - rest;
}
