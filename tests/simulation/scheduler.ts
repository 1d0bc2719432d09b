/**
 * Virtual time. Everything that happens in a simulated world is an entry here; the entries run one at a time,
 * in order of time, and each one's consequences are settled before the next begins. Nothing else moves, so a
 * seed fixes the whole run.
 */
import process from "node:process";
import { setImmediate } from "node:timers";
import type { Micros } from "../../runtime/world/clock.ts";

interface Entry {
  readonly at: Micros;
  readonly order: number;
  run: (() => void | Promise<void>) | undefined;
}

/** Whatever takes more does not come to an end. */
const STEPS_MAX = 1_000_000;
/** An arbitrary instant in 2026. */
export const BEGINNING: Micros = 1_780_000_000_000_000;

export class Scheduler {
  now: Micros = BEGINNING;
  steps = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  get elapsedMs(): number {
    return (this.now - BEGINNING) / 1000;
  }

  /** Runs `run` after so many microseconds. Returns the call that cancels it. */
  after(micros: number, run: () => void | Promise<void>): () => void {
    const entry: Entry = { at: this.now + Math.max(0, Math.round(micros)), order: this.#order++, run };
    this.#push(entry);
    return () => (entry.run = undefined);
  }

  delay(micros: number): Promise<void> {
    return new Promise((resolve) => void this.after(micros, resolve));
  }

  /** Runs entries until `done` holds (true), or until virtual time or the work runs out (false). */
  async run(done: () => boolean, elapsedMsMax: number): Promise<boolean> {
    while (!done()) {
      const entry = this.#pop();
      if (!entry) return false;
      const { run } = entry;
      if (!run) continue;
      if (this.steps >= STEPS_MAX) return false;
      if (entry.at - BEGINNING > elapsedMsMax * 1000) {
        this.#push(entry);
        return false;
      }
      this.now = entry.at;
      this.steps++;
      const working = run();
      if (working) await working;
      await settled(this.steps);
    }
    return true;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Each so many steps the event loop has a turn: garbage is collected in these as well. */
const STEPS_PER_TURN = 16;

/**
 * Every promise that can settle has: asked for by a microtask, a tick comes when none of them is left. A turn of the
 * event loop does the same and costs several times as much.
 */
function settled(step: number): Promise<void> {
  return new Promise((resolve) => {
    if (step % STEPS_PER_TURN === 0) setImmediate(resolve);
    else process.nextTick(resolve);
  });
}
