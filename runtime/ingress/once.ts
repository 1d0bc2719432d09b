/**
 * Asks about an event that has an id, so that retries are safe: one at a time (409 while the first is under
 * way), and never two different events under one id (422).
 *
 * The first answer stands whatever is sent with the id: that is the kernel's doing, and the dedupe window is
 * its state. Here the payload of a repeat is compared with that of the original, which the ledger has: so
 * reuse is noticed within the whole window, after a restart too. An event with another key belongs to another
 * partition, which knows nothing of the id: that reuse is noticed among the newest ids of this process only.
 */
import type { Runtime } from "../runtime.ts";
import type { Answer, Route } from "./answer.ts";
import { ask } from "./ask.ts";
import { sameEvent } from "./lookup_event.ts";
import { fnv1a32 } from "./partition.ts";
import { type Problem, ProblemError } from "./problem.ts";

/** Newest ids of a process whose payloads' prints are kept. */
const PRINTS_MAX = 65_536;
const RETRY_AFTER_MS = 1000;
const NO_OPTIONS = {};

/** Calls `done` once, or throws a ProblemError at once. Without an id it is `ask`. */
export function askOnce(
  runtime: Runtime,
  route: Route,
  payload: Uint8Array,
  id: string | undefined,
  done: (answer: Answer) => void,
): void {
  if (id === undefined) return ask(runtime, route, payload, NO_OPTIONS, done);
  const ids = idsOf(runtime);
  const name = `${route.name}/${id}`;
  ids.begin(name, id, payload);
  ask(runtime, route, payload, { id }, (answer) => {
    const end = (problem?: Problem) => {
      ids.end(name, problem ? undefined : answer, payload);
      done(problem ? { ...answer, problem } : answer);
    };
    if (!answer.outcomes.some(isDuplicate)) return end();
    reused(runtime, route, answer, payload).then((isReused) => end(isReused ? idReused(id) : undefined));
  });
}

const isDuplicate = (outcome: Answer["outcomes"][number]) => "duplicate" in outcome && outcome.duplicate;

/** Whether the id stands for an event with another payload in the ledger. */
async function reused(
  runtime: Runtime,
  { members }: Route,
  { outcomes }: Answer,
  payload: Uint8Array,
): Promise<boolean> {
  for (let i = 0; i < outcomes.length; i++) {
    const outcome = outcomes[i];
    if (!("duplicate" in outcome) || !outcome.duplicate) continue;
    // What the ledger cannot tell now, or keeps no longer, is no reason to withhold the first answer.
    const original = await runtime.recorded(members[i].pipeline.name, outcome.position).catch(() =>
      undefined
    );
    if (original !== undefined && !sameEvent(members[i].pipeline, original, payload)) return true;
  }
  return false;
}

/** Of all edges of a runtime: a retry may come through another door. */
class Ids {
  readonly #underWay = new Set<string>();
  readonly #prints = new Map<string, number>();

  begin(name: string, id: string, payload: Uint8Array): void {
    if (this.#underWay.has(name)) throw new ProblemError(underWay(id));
    const known = this.#prints.get(name);
    if (known !== undefined && known !== printOf(payload)) throw new ProblemError(idReused(id));
    this.#underWay.add(name);
  }

  end(name: string, answer: Answer | undefined, payload: Uint8Array): void {
    this.#underWay.delete(name);
    if (answer === undefined || answer.outcomes.every(({ kind }) => kind === "refused")) return;
    if (this.#prints.size >= PRINTS_MAX) this.#prints.delete(this.#prints.keys().next().value!);
    this.#prints.set(name, printOf(payload));
  }
}

const idsByRuntime = new WeakMap<Runtime, Ids>();

function idsOf(runtime: Runtime): Ids {
  let ids = idsByRuntime.get(runtime);
  if (ids === undefined) idsByRuntime.set(runtime, ids = new Ids());
  return ids;
}

const printOf = (payload: Uint8Array) =>
  fnv1a32(payload, payload.length) * 0x200000 + (payload.length % 0x200000);

const underWay = (id: string): Problem => ({
  status: 409,
  code: "id-under-way",
  title: "The event is being decided",
  detail: `A request with the idempotency key "${id.slice(0, 64)}" is under way. Ask again for its answer.`,
  retryAfterMs: RETRY_AFTER_MS,
});

const idReused = (id: string): Problem => ({
  status: 422,
  code: "id-reused",
  title: "The idempotency key was used for another event",
  detail: `"${id.slice(0, 64)}" came with a different payload before. Give each event an id of its own.`,
});
