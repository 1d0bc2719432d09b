/** What the kernel may know about where an event stands. Set by the harness before each event. */

/** The frame's clock, microseconds since the epoch: the only time there is. */
export let clock: i64 = 0;
export let frameNumber: u64 = 0;
/** Index of the event in its frame. */
export let eventIndex: u32 = 0;

export function enterFrame(at: i64, number: u64): void {
  clock = at;
  frameNumber = number;
}

// @ts-ignore: decorator
@inline
export function enterEvent(index: u32): void {
  eventIndex = index;
}
