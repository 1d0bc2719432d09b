/** How far a recovery is, at what rate, and how long it still takes: for the status, /readyz and the log. */
import type { World } from "../world/mod.ts";

/** How far a recovery is. While a checkpoint is restored, frames are those it stands for. */
export interface RecoveryProgress {
  readonly step: "opening" | "taking over" | "restoring" | "replaying";
  readonly fromFrame: number;
  readonly toFrame: number;
  readonly frame: number;
  readonly events: number;
  /** Replayed in a second, and seconds left at that rate; absent while not known. */
  readonly eventsPerSecond?: number;
  readonly secondsLeft?: number;
}

/** No rate is told from less time than this. */
const RATE_MICROS = 50_000;
const REPORT_MICROS = 20_000;

/** Kept by the recovery itself; `report` tells it. */
export class Progress implements RecoveryProgress {
  step: RecoveryProgress["step"] = "taking over";
  fromFrame = 0;
  toFrame = 0;
  frame = 0;
  events = 0;
  #began: number;
  #reported = 0;

  constructor(
    private readonly world: World,
    private readonly tell: (progress: RecoveryProgress) => void,
  ) {
    this.#began = world.clock.monotonic();
    this.report();
  }

  begin(step: RecoveryProgress["step"], from: number, to: number): void {
    this.step = step;
    this.fromFrame = from;
    this.frame = from - 1;
    this.toFrame = to;
    this.#began = this.world.clock.monotonic();
    this.report();
  }

  /** Tells it now and then: for those who do a little at a time. */
  reportSometimes(): void {
    if (this.world.clock.monotonic() - this.#reported >= REPORT_MICROS) this.report();
  }

  report(): void {
    const now = this.world.clock.monotonic();
    this.#reported = now;
    const { step, fromFrame, toFrame, frame, events } = this;
    const micros = now - this.#began, done = frame - fromFrame + 1;
    const rate = micros < RATE_MICROS || done <= 0 ? {} : {
      eventsPerSecond: Math.round(events * 1e6 / micros),
      secondsLeft: Math.ceil((toFrame - frame) * micros / done / 1e5) / 10,
    };
    this.tell({ step, fromFrame, toFrame, frame, events, ...rate });
  }
}
