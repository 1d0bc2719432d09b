/**
 * Supervision, in OTP's vocabulary: a supervisor runs children, restarts those that fail, and gives up (it
 * escalates, by rejecting) when they fail too often. A supervisor's `run` can be a child of another: a tree.
 */
import type { World } from "../world/mod.ts";

export interface ChildSpec {
  readonly id: string;
  /**
   * Runs until the signal (then it resolves) or until it fails (then it rejects). Resolving without the
   * signal is a normal end: the child is not restarted.
   */
  run(signal: AbortSignal): Promise<void>;
  /** A failure that no restart can mend: the child stays down, its siblings go on. */
  isFinal?(error: Error): boolean;
  onFinal?(error: Error): void;
  onRestart?(error: Error, backoffMs: number): void;
}

export interface SupervisorSpec {
  readonly id: string;
  /**
   * `one-for-one`: the failed child alone is restarted. `rest-for-one`: also those started after it, which
   * depend on it; they are stopped first, last one first.
   */
  readonly strategy: "one-for-one" | "rest-for-one";
  /** More than `restartsMax` restarts within `withinMs` escalate. */
  readonly intensity: { readonly restartsMax: number; readonly withinMs: number };
  /** Wait before a restart: doubles from `firstMs` to `lastMs`, with jitter, while failures follow closely. */
  readonly backoff: { readonly firstMs: number; readonly lastMs: number };
  readonly children: readonly ChildSpec[];
}

/** A supervisor gave up; `cause` is the failure that was one too many. */
export class Escalation extends Error {
  override name = "Escalation";
}

interface Running {
  readonly spec: ChildSpec;
  stop: AbortController;
  ended: Promise<void>;
}

interface Failure {
  readonly index: number;
  readonly run: Running;
  readonly error: Error;
}

/** Runs the children until `signal`; then stops them in reverse order and resolves. Rejects with Escalation. */
export async function supervise(spec: SupervisorSpec, world: World, signal: AbortSignal): Promise<void> {
  const failures = new Failures();
  const running = spec.children.map((child, index) => startChild(child, index, failures));
  const onAbort = () => failures.wake();
  signal.addEventListener("abort", onAbort);
  const history: number[] = [];
  let failing = 0;
  try {
    while (!signal.aborted) {
      const failure = await failures.next();
      if (!failure) {
        if (running.every((child) => child.stop.signal.aborted)) return;
        continue;
      }
      const { index, run, error } = failure;
      if (running[index] !== run) continue;
      if (run.spec.isFinal?.(error)) {
        run.spec.onFinal?.(error);
        world.log.error(`${run.spec.id} is down for good`, { error: error.message });
        continue;
      }
      const now = world.clock.monotonic() / 1000;
      while (history.length > 0 && now - history[0] > spec.intensity.withinMs) history.shift();
      failing = history.length === 0 ? 0 : failing + 1;
      history.push(now);
      if (history.length > spec.intensity.restartsMax) {
        throw new Escalation(
          `${spec.id} gave up: ${run.spec.id} failed ${history.length} times within ${spec.intensity.withinMs} ms; last: ${error.message}`,
          { cause: error },
        );
      }
      const dependants = spec.strategy === "rest-for-one" ? running.slice(index + 1) : [];
      await stopAll(dependants);
      const backoffMs = backoff(spec, failing, world.random.next());
      run.spec.onRestart?.(error, backoffMs);
      world.log.warn(`restarting ${run.spec.id}`, {
        error: error.message,
        backoffMs,
        dependants: dependants.length,
      });
      await world.clock.sleep(backoffMs, signal);
      if (signal.aborted) break;
      for (let i = index; i <= index + dependants.length; i++) {
        running[i] = startChild(spec.children[i], i, failures);
      }
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    await stopAll(running);
  }
}

function startChild(spec: ChildSpec, index: number, failures: Failures): Running {
  const stop = new AbortController();
  const run: Running = { spec, stop, ended: Promise.resolve() };
  run.ended = Promise.resolve().then(() => spec.run(stop.signal)).then(
    () => undefined,
    (error) => {
      if (!stop.signal.aborted) failures.add({ index, run, error: asError(error) });
    },
  );
  return run;
}

async function stopAll(children: readonly Running[]): Promise<void> {
  for (const child of [...children].reverse()) {
    child.stop.abort();
    await child.ended;
  }
}

function backoff(spec: SupervisorSpec, failing: number, random: number): number {
  const { firstMs, lastMs } = spec.backoff;
  return Math.round(Math.min(lastMs, firstMs * 2 ** Math.min(failing, 30)) * (0.5 + random / 2));
}

/** Failures in the order they happened, and a wait for the next. */
class Failures {
  readonly #waiting: Failure[] = [];
  #wake?: () => void;

  add(failure: Failure): void {
    this.#waiting.push(failure);
    this.wake();
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async next(): Promise<Failure | undefined> {
    if (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#waiting.shift();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
