/** Naive answers to ordinary declarations: all rows are there, and everything is looked over anew. */
import { offsetAt } from "./calendar.ts";

export interface Item {
  readonly key: string;
  readonly amount: bigint;
  readonly note: string;
  readonly at: bigint;
}

export interface Window {
  readonly key: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly rows: readonly Item[];
}

export const byTime = (a: { readonly at: bigint }, b: { readonly at: bigint }): number =>
  a.at < b.at ? -1 : a.at > b.at ? 1 : 0;

/** Rows of each key, in the order of their time. */
export function byKey(items: readonly Item[]): Map<string, Item[]> {
  const keys = new Map<string, Item[]>();
  for (const item of items.toSorted(byTime)) keys.set(item.key, [...keys.get(item.key) ?? [], item]);
  return keys;
}

const floor = (n: bigint, step: bigint) => n - ((n % step) + step) % step;

/** Every window [start, start + size) that begins at a multiple of the slide, behind an offset. */
export function hopping(items: readonly Item[], size: bigint, slide: bigint, offset = 0n): Window[] {
  return gathered(items, ({ at }) => {
    const starts: [bigint, bigint][] = [];
    for (let start = floor(at - offset, slide) + offset; start + size > at; start -= slide) {
      starts.push([start, start + size]);
    }
    return starts;
  });
}

export function cumulative(items: readonly Item[], size: bigint, step: bigint, offset = 0n): Window[] {
  const windows = gathered(items, ({ at }) => {
    const start = floor(at - offset, size) + offset, ends: [bigint, bigint][] = [];
    for (let end = start + step; end <= start + size; end += step) if (end > at) ends.push([start, end]);
    return ends;
  });
  return windows;
}

/** The day of the calendar: from the first instant of its date to that of the next one. */
export function days(items: readonly Item[], zone: string): Window[] {
  const date = (at: bigint) => floor(at + offsetAt(zone, at), 86_400_000_000n);
  const hour = 3_600_000_000n, known = new Map<bigint, [bigint, bigint]>();
  const bounds = (at: bigint): [bigint, bigint] => {
    let start = floor(at, hour / 60n), end = start;
    for (const step of [hour, hour / 60n]) {
      while (date(start - step) === date(at)) start -= step;
      while (date(end + step) === date(at)) end += step;
    }
    return [start, end + hour / 60n];
  };
  return gathered(items, ({ at }) => {
    const mine = known.get(date(at)) ?? bounds(at);
    known.set(date(at), mine);
    return [mine];
  });
}

/** In the order of time: a row begins another session where the last is `gap` ago, or the first `max`. */
export function sessions(items: readonly Item[], gap: bigint, max = 2n ** 62n): Window[] {
  const all: Window[] = [];
  for (const [key, rows] of byKey(items)) {
    let open: Item[] = [];
    const close = () => {
      if (open.length > 0) all.push({ key, start: open[0].at, end: open.at(-1)!.at + gap, rows: open });
      open = [];
    };
    for (const row of rows) {
      if (open.length > 0 && (row.at - open.at(-1)!.at >= gap || row.at - open[0].at >= max)) close();
      open.push(row);
    }
    close();
  }
  return all;
}

/** In the order of time: each time `slide` more rows have come, the last `size` of them; bounds are row numbers. */
export function counting(items: readonly Item[], size: number, slide = size): Window[] {
  return [...byKey(items)].flatMap(([key, rows]) =>
    rows.flatMap((_, i) => {
      if ((i + 1) % slide !== 0) return [];
      const from = Math.max(0, i + 1 - size);
      return [{ key, start: BigInt(from), end: BigInt(i + 1), rows: rows.slice(from, i + 1) }];
    })
  );
}

/** For each row, those of its key within `size` before it. */
export function sliding(items: readonly Item[], size: bigint): Window[] {
  return [...byKey(items)].flatMap(([key, rows]) =>
    rows.map(({ at }) => ({
      key,
      start: at - size,
      end: at + 1n,
      rows: rows.filter((row) => row.at <= at && row.at >= at - size),
    }))
  );
}

function gathered(items: readonly Item[], windowsOf: (item: Item) => [bigint, bigint][]): Window[] {
  const windows = new Map<string, { key: string; start: bigint; end: bigint; rows: Item[] }>();
  for (const item of items.toSorted(byTime)) {
    for (const [start, end] of windowsOf(item)) {
      const name = `${start} ${end} ${item.key}`;
      const window = windows.get(name) ?? { key: item.key, start, end, rows: [] };
      window.rows.push(item);
      windows.set(name, window);
    }
  }
  return [...windows.values()];
}

export type Pair = readonly [Item | undefined, Item | undefined];

/** Pairs that match, and the rows of either side that have none, where the kind of join asks for them. */
export function joined(
  left: readonly Item[],
  right: readonly Item[],
  kind: string,
  matches: (l: Item, r: Item) => boolean,
): Pair[] {
  const pairs: Pair[] = left.flatMap((l) => right.filter((r) => matches(l, r)).map((r): Pair => [l, r]));
  const lonely = (side: readonly Item[], index: 0 | 1) =>
    side.filter((row) => !pairs.some((pair) => pair[index] === row));
  if (kind === "left" || kind === "full") pairs.push(...lonely(left, 0).map((l): Pair => [l, undefined]));
  if (kind === "right" || kind === "full") pairs.push(...lonely(right, 1).map((r): Pair => [undefined, r]));
  return pairs;
}

/** The row of a key that held at a time: the newest that is no later. */
export function asOf(rows: readonly Item[], key: string, at: bigint): Item | undefined {
  return rows.filter((row) => row.key === key && row.at <= at).toSorted(byTime).at(-1);
}
