/**
 * Who tells `spans` how far its sources have come: watermarks, that a source is idle, and at last that all have
 * ended. As a program does it calls `mark`, waits for the answer, and writes down what was acknowledged.
 */
import type { Seeded } from "../../actors/random.ts";
import type { Mark } from "../../runtime/mod.ts";
import { SPANS } from "./timed.ts";
import type { EventTime } from "./timed_events.ts";
import type { Process, Processes } from "./processes.ts";
import type { Ground } from "./world.ts";

/** A mark that was acknowledged: every partition has it. */
export interface Announced {
  readonly input: number;
  /** Undefined: the input is idle. */
  readonly time: number | undefined;
}

/** Mean time between two of them, and how long an answer is waited for; microseconds. */
const PAUSE = 120_000;
const PATIENCE = 2_000_000;
/** Marks that wait in one process, and how long a process is spared after it was cut off. */
const WAITING_MAX = 3;
const SPARED = 3_000_000;
const INPUTS = [0, 1];

export class Announcer {
  readonly announced: Announced[] = [];
  /** All inputs have ended, and every partition knows it. */
  ended = false;
  readonly #ground: Ground;
  readonly #processes: Processes;
  readonly #random: Seeded;
  readonly #time: EventTime;
  readonly #inputs: readonly number[];
  readonly #waiting = new WeakMap<Process, number>();
  /** Some programs never do. */
  readonly #saysIdle: boolean;
  #latest = 0;
  #spared = 0;
  #ending = false;

  /** `inputs`: those that events come to; of others nothing is told before the end. */
  constructor(
    ground: Ground,
    processes: Processes,
    random: Seeded,
    time: EventTime,
    inputs: readonly number[],
  ) {
    this.#inputs = inputs;
    this.#ground = ground;
    this.#processes = processes;
    this.#random = random;
    this.#time = time;
    this.#saysIdle = random.chance(0.6);
  }

  begin(): void {
    this.#ground.scheduler.after(this.#random.int(PAUSE / 2, PAUSE * 2), () => {
      if (this.#ending) return;
      this.#tellSomething();
      this.begin();
    });
  }

  /** Nothing more comes: says so until it is heard. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    const left = new Set(INPUTS);
    const again = () => {
      for (const input of left) {
        this.#tell({ input, time: Infinity }).then((heard) => {
          if (heard) left.delete(input);
          this.ended = left.size === 0;
        });
      }
      if (left.size > 0) this.#ground.scheduler.after(PATIENCE, again);
    };
    again();
  }

  #tellSomething(): void {
    const { faults, counters, scheduler } = this.#ground;
    const input = this.#random.pick(this.#inputs);
    if (this.#saysIdle && this.#random.chance(0.4)) {
      const process = this.#someone();
      const cutsOff = process && !process.world.cutOff.out && scheduler.now > this.#spared &&
        faults.idleWhileCutOff > 0 && this.#random.chance(faults.idleWhileCutOff);
      if (cutsOff) {
        this.#spared = scheduler.now + SPARED;
        counters.fault("idleWhileCutOff");
        process.world.cutOff = { out: true, back: true };
        scheduler.after(this.#random.int(10_000, PATIENCE / 2), () => {
          process.world.cutOff = { out: false, back: false };
        });
      }
      return void this.#tell({ input, idle: true }, process);
    }
    let time = this.#time.now - this.#random.int(0, 2 * SPANS.disorder[input]);
    if (faults.markBehind > 0 && this.#latest > 0 && this.#random.chance(faults.markBehind)) {
      counters.fault("markBehind");
      time = this.#latest - this.#random.int(1, 200_000);
    }
    this.#latest = Math.max(this.#latest, time);
    this.#tell({ input, time });
    if (faults.markRepeated > 0 && this.#random.chance(faults.markRepeated)) {
      counters.fault("markRepeated");
      this.#tell({ input, time });
    }
  }

  #someone(): Process | undefined {
    const { all } = this.#processes;
    return all.length > 0 ? this.#random.pick(all) : undefined;
  }

  /** Whether it was heard. Of a process that died there is no answer. */
  #tell(mark: Mark & { input: number }, process = this.#someone()): Promise<boolean> {
    const waiting = process ? this.#waiting.get(process) ?? 0 : 0;
    if (!process || waiting >= WAITING_MAX) return Promise.resolve(false);
    this.#waiting.set(process, waiting + 1);
    return process.runtime.mark("spans", mark).then(() => {
      this.#waiting.set(process, this.#waiting.get(process)! - 1);
      if (!process.world.alive) return false;
      this.announced.push({ input: mark.input, time: mark.idle ? undefined : mark.time });
      return true;
    }, () => {
      this.#waiting.set(process, this.#waiting.get(process)! - 1);
      return false;
    });
  }
}
