/** Numbers and times as a person reads them, in the demo's screen and summary. */

/** 1234567 → "1,234,567" */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Minor units → "₹19,999", grouped as Indians do (lakh, crore). */
export function rupees(minor: number): string {
  return `₹${Math.round(minor / 100).toLocaleString("en-IN")}`;
}

/** Microseconds → "740 µs", "1.24 ms", "3.1 s". */
export function micros(value: number): string {
  if (value < 1_000) return `${Math.round(value)} µs`;
  if (value < 1_000_000) return `${(value / 1_000).toFixed(value < 10_000 ? 2 : 1)} ms`;
  return `${(value / 1_000_000).toFixed(1)} s`;
}

/** Milliseconds → "12.2 s", "4 min 55 s", "16 h 59 min". */
export function span(ms: number): string {
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000), minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Milliseconds → "00:17" */
export function stopwatch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Bytes → "12.3 MB" */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0, rest = value;
  while (rest >= 1_000 && at < units.length - 1) {
    rest /= 1_000;
    at++;
  }
  return `${at === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${units[at]}`;
}

/** A share between 0 and 1 → "75 %", "0.1 %", "0 %". */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.05) return "under 0.1 %";
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)} %`;
}

/** How much of an answer's worth is left after a delay, when it halves every 30 s. */
export const HALF_LIFE_MS = 30_000;

export function valueLeft(delayMs: number): number {
  return 0.5 ** (delayMs / HALF_LIFE_MS);
}
