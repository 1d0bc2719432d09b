/**
 * Which windows hold which panes: windows of a number of panes, some panes apart, or growing ones. A window is
 * named by its last pane.
 */
import { floorDiv, floorMod, Panes, TIME_MAX } from "./calendar";

/** Where the panes stand in an operator that extends Grid. */
// @ts-ignore: decorator
@inline
export const GRID_FIELDS: usize = 320;

/** Most panes in a window. */
// @ts-ignore: decorator
@inline
export const PANES_MAX: i64 = 1 << 24;

/** Below every pane. */
// @ts-ignore: decorator
@inline
export const LOWEST: i64 = i64.MIN_VALUE >> 1;

// @ts-ignore: decorator
@inline
export const NEVER: i64 = i64.MAX_VALUE;

@unmanaged
export class Grid {
  /** In panes: how much a window spans, and how far apart windows begin. */
  size: i64;
  slide: i64;
  cumulative: bool;

  // @ts-ignore: decorator
  @inline
 get panes(): Panes {
    return changetype<Panes>(changetype<usize>(this) + GRID_FIELDS);
  }

  /** Windows of `size` every `slide` from `offset` on; tumbling where both are the same. */
  hopping(size: i64, slide: i64, offset: i64): bool {
    if (size <= 0 || slide <= 0) return false;
    const width = gcd(size, slide);
    this.size = size / width;
    this.slide = slide / width;
    return this.panes.fixed(width, floorMod(offset, slide));
  }

  /** Windows that grow by `step` up to `size`, a multiple of it, then start anew. */
  growing(size: i64, step: i64, offset: i64): bool {
    if (step <= 0 || size < step || size % step) return false;
    this.cumulative = true;
    this.size = size / step;
    this.slide = 1;
    return this.panes.fixed(step, floorMod(offset, size));
  }

  /** In local time: `size` and `slide` in µs, or in months; `zone` = pairs of i64 (instant, offset), sorted. */
  calendar(size: i64, slide: i64, months: bool, offset: i64, zone: usize, transitions: u32): bool {
    if (size <= 0 || slide <= 0) return false;
    const width = gcd(size, slide);
    this.size = size / width;
    this.slide = slide / width;
    if (!months) offset = floorMod(offset, slide);
    return this.panes.calendar(width, months, offset, zone, transitions);
  }

  /** One window of all time: for results that are told early alone. */
  global(): bool {
    this.size = 1;
    this.slide = 1;
    this.panes.everything();
    return true;
  }

  /** The first window that holds a pane; below the pane where none does. */
  protected firstEnd(pane: i64): i64 {
    if (this.cumulative || this.size == 1 && this.slide == 1) return pane;
    const end = this.endFrom(pane);
    return end < pane + this.size ? end : pane - 1;
  }

  protected lastEnd(pane: i64): i64 {
    if (this.cumulative) return floorDiv(pane, this.size) * this.size + this.size - 1;
    return this.size == 1 ? pane : this.endFrom(pane + this.size - this.slide);
  }

  /** The first window that ends with pane `pane` or later. */
  // @ts-ignore: decorator
  @inline
 protected endFrom(pane: i64): i64 {
    return this.slide == 1 ? pane : pane + floorMod(this.size - 1 - pane, this.slide);
  }

  protected firstPane(end: i64): i64 {
    return this.cumulative ? floorDiv(end, this.size) * this.size : end - this.size + 1;
  }

  /** The last window that has ended. */
  protected endedBy(now: i64): i64 {
    if (now <= -TIME_MAX) return LOWEST;
    if (now >= TIME_MAX) return this.endFrom(this.panes.index(TIME_MAX) + this.size);
    return this.endFrom(this.panes.index(now) - this.slide);
  }
}

function gcd(a: i64, b: i64): i64 {
  while (b) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
