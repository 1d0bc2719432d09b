/**
 * What a writer had under way when its connection broke, and what stayed behind on the road: it comes in the
 * moment that is worst, right behind the frame that begins the next epoch. Its number fits there, the fence lets
 * it in, and nobody may count it.
 */
import type { Seeded } from "../../actors/random.ts";
import type { Scheduler } from "./scheduler.ts";

interface Straggler {
  readonly after: number;
  readonly arrive: () => void;
}

/** Of one chain. */
export class Stragglers {
  #left: Straggler[] = [];

  /** Sent to be stored behind frame `after`. */
  stayBehind(after: number, arrive: () => void): void {
    this.#left.push({ after, arrive });
  }

  /** A frame was stored that begins an epoch, or one that had stayed behind. */
  follow(last: number, scheduler: Scheduler, random: Seeded): void {
    const next = this.#left.filter(({ after }) => after === last);
    this.#left = this.#left.filter(({ after }) => after > last);
    for (const { arrive } of next) if (random.chance(0.5)) scheduler.after(random.int(0, SOON), arrive);
  }
}

/** Microseconds: often before the successor has written anything else. */
const SOON = 400;
