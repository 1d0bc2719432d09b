/** What a result of a window is, and how big its accumulator. */

/** What a result is: early = its window is still open; late = it was told before and has changed. */
export namespace Timing {
  export const EARLY: i32 = 0;
  export const ON_TIME: i32 = 1;
  export const LATE: i32 = 2;
}

/** What a result says that follows another of the same window. */
export namespace Update {
  /** All there is. */
  export const ACCUMULATING: u32 = 0;
  /** What came since. */
  export const DISCARDING: u32 = 1;
  /** All there is, after the former result was taken back. */
  export const RETRACTING: u32 = 2;
}

// @ts-ignore: decorator
@inline
export function accumulatorBytes<A>(): u32 {
  return <u32> ((offsetof<A>() + 7) & ~7);
}
