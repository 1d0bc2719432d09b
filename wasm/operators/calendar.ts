/**
 * Panes: the grid that aligned windows are made of. Panes are numbered in order; a pane is a fixed number of
 * microseconds, or a unit of the calendar in a time zone: hours or days of local time, or months. The zone's
 * changes come from outside as (instant, offset) pairs, since a kernel knows no time zones.
 *
 * A local pane begins at the first instant whose local time has reached its start. So where the clocks go
 * forward over it, it begins at the change; where they go back over it, the repeated time belongs to it.
 */
import { alloc, touchRange } from "../lib/memory";

/** Event times from this on (73,000 years), or as far before 1970, have no pane. */
// @ts-ignore: decorator
@inline
export const TIME_MAX: i64 = 1 << 61;

// @ts-ignore: decorator
@inline
export const PANES_BYTES: usize = 64;

// @ts-ignore: decorator
@inline
const DAY: i64 = 86_400_000_000;

// @ts-ignore: decorator
@inline
const TRANSITIONS_MAX: u32 = 4096;

@unmanaged
export class Panes {
  /** Microseconds of a pane, of local time where there is a zone; or months where `months` is set. */
  width: i64;
  offset: i64;
  months: bool;
  local: bool;
  transitions: u32;
  /** (instant, offset) pairs, sorted; the first offset holds before its instant too. */
  zone: usize;
  /** Panes further from 1970 than this begin at no time that can be told. */
  most: i64;

  fixed(width: i64, offset: i64): bool {
    this.width = width;
    this.offset = offset;
    if (width > 0) this.most = (i64.MAX_VALUE >> 1) / width;
    return width > 0 && offset > -(TIME_MAX >> 1) && offset < TIME_MAX >> 1;
  }

  /** A single pane. */
  everything(): void {
    this.width = TIME_MAX << 1;
    this.offset = -TIME_MAX;
    this.most = 0;
  }

  /** `zone` points to `transitions` pairs of i64, which are copied; none of them = UTC. */
  calendar(width: i64, months: bool, offset: i64, zone: usize, transitions: u32): bool {
    if (transitions > TRANSITIONS_MAX || !this.fixed(width, offset)) return false;
    this.months = months;
    this.local = true;
    this.most = months ? 1_000_000 : ((i64.MAX_VALUE >> 1) - DAY) / width;
    this.transitions = transitions;
    const bytes = <usize> transitions << 4;
    if (!bytes) return true;
    this.zone = alloc(bytes);
    if (!this.zone) return false;
    touchRange(this.zone, bytes);
    memory.copy(this.zone, zone, bytes);
    for (let i: u32 = 0; i < transitions; i++) {
      const shift = this.shift(i);
      if (shift > DAY || shift < -DAY || this.from(i) > TIME_MAX || this.from(i) < -TIME_MAX) return false;
      if (i && this.from(i) <= this.from(i - 1)) return false;
      if (i > 1 && this.from(i) + this.shift(i - 1) <= this.from(i - 1) + this.shift(i - 2)) return false;
    }
    return true;
  }

  /** The pane that holds an instant. */
  index(time: i64): i64 {
    if (!this.local) {
      const width = this.width, whole = floorDiv(time, width), base = floorDiv(this.offset, width);
      return whole - base - i64(time - whole * width < this.offset - base * width);
    }
    let pane = this.localIndex(time + this.shift(this.segment(time)));
    while (this.start(pane) > time) pane--;
    while (this.start(pane + 1) <= time) pane++;
    return pane;
  }

  /** The instant at which a pane begins; at the ends of time the last that can be told. */
  start(pane: i64): i64 {
    const width = this.width;
    if (pane > this.most) return i64.MAX_VALUE;
    if (pane < -this.most) return i64.MIN_VALUE;
    if (!this.local) return pane * width + this.offset;
    return this.reached((this.months ? monthStart(pane * width) : pane * width) + this.offset);
  }

  private localIndex(local: i64): i64 {
    local -= this.offset;
    return floorDiv(this.months ? monthOf(local) : local, this.width);
  }

  /** The first instant whose local time is `local` or later. */
  private reached(local: i64): i64 {
    if (!this.transitions) return local;
    let low: u32 = 0, high = this.transitions - 1;
    while (low < high) { // the first stretch whose local times go beyond `local`
      const middle = (low + high) >> 1;
      if (this.from(middle + 1) + this.shift(middle) > local) high = middle;
      else low = middle + 1;
    }
    const at = local - this.shift(low);
    return low && at < this.from(low) ? this.from(low) : at;
  }

  /** The stretch of one offset that an instant lies in. */
  private segment(time: i64): u32 {
    let low: u32 = 0, high = this.transitions;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.from(middle) <= time) low = middle + 1;
      else high = middle;
    }
    return low ? low - 1 : 0;
  }

  // @ts-ignore: decorator
  @inline
 private from(i: u32): i64 {
    return load<i64>(this.zone + (<usize> i << 4));
  }
  // @ts-ignore: decorator
  @inline
 private shift(i: u32): i64 {
    return this.transitions ? load<i64>(this.zone + (<usize> i << 4), 8) : 0;
  }
}

// @ts-ignore: decorator
@inline
export function floorDiv(a: i64, b: i64): i64 {
  const quotient = a / b;
  return quotient - i64(quotient * b > a);
}

// @ts-ignore: decorator
@inline
export function floorMod(a: i64, b: i64): i64 {
  const rest = a % b;
  return rest < 0 ? rest + b : rest;
}

/** Months since 1970 of a local time. Years count from March, so that the leap day is the last. */
function monthOf(local: i64): i64 {
  const days = floorDiv(local, DAY) + 719468;
  const era = floorDiv(days, 146097), ofEra = days - era * 146097;
  const year = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146096) / 365;
  const ofYear = ofEra - (365 * year + year / 4 - year / 100);
  return (era * 400 + year - 1970) * 12 + 2 + (5 * ofYear + 2) / 153;
}

/** Local time at which a month since 1970 begins. */
function monthStart(month: i64): i64 {
  const shifted = month - 2, year = 1970 + floorDiv(shifted, 12), ofYear = floorMod(shifted, 12);
  const era = floorDiv(year, 400), ofEra = year - era * 400;
  const days = era * 146097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + (153 * ofYear + 2) / 5;
  return (days - 719468) * DAY;
}
