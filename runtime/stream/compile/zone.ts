/** When clocks change in a time zone, as kernels take it: they have no calendar of their own. */

/** Years for which a kernel knows the zone; it keeps the last offset afterwards. */
const FROM = Date.UTC(1970, 0, 1), TO = Date.UTC(2100, 0, 1);
const DAY_MS = 86_400_000;

/** Pairs of (instant, offset from UTC from then on), microseconds, in order. */
export function transitionsOf(zone: string): [number, number][] {
  const offset = offsetsOf(zone);
  const found: [number, number][] = [[FROM * 1000, offset(FROM) * 1000]];
  for (let day = FROM; day < TO; day += 7 * DAY_MS) {
    const before = offset(day);
    if (offset(day + 7 * DAY_MS) === before) continue;
    let low = day, high = day + 7 * DAY_MS;
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000;
      if (offset(middle) === before) low = middle;
      else high = middle;
    }
    found.push([high * 1000, offset(high) * 1000]);
  }
  return found;
}

/** The offset of a zone from UTC at an instant, both in milliseconds. */
function offsetsOf(zone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (instant) => {
    const parts = Object.fromEntries(
      format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
    );
    const local = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
    return local - instant;
  };
}
