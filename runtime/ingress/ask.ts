/**
 * Asks a route about one event: one pipeline, or all of a decision group, whose strictest answer stands.
 * Nobody of a group is asked before all of them would take the event, so a refusal leaves nothing behind in
 * the ordinary case; where one refuses in between, the caller asks again with the same id and those that
 * already know the event answer as they did.
 */
import type { OfferOptions, Outcome, Runtime } from "../runtime.ts";
import { type Answer, type Route, standing } from "./answer.ts";
import { NO_KEY } from "./key.ts";
import { type Problem, refusal } from "./problem.ts";

/** Longest event id, bytes of UTF-8. */
export const ID_BYTES_MAX = 256;

/** Calls `done` once, with what the event came to. */
export function ask(
  runtime: Runtime,
  route: Route,
  payload: Uint8Array,
  options: OfferOptions,
  done: (answer: Answer) => void,
): void {
  const { members } = route;
  if (!route.isGroup) {
    const { name } = members[0].pipeline;
    const admission = runtime.offer(
      name,
      payload,
      options,
      (outcome) => done({ index: 0, outcomes: [outcome] }),
    );
    if (admission === "admitted") return;
    return done({ index: 0, outcomes: [refused(admission, runtime, name)] });
  }
  for (let i = 0; i < members.length; i++) {
    const { name } = members[i].pipeline;
    const early = members[i].keys.partition(payload, 1) === NO_KEY
      ? "no-key" as const
      : runtime.admits(name).open
      ? undefined
      : "full" as const;
    if (early) return done({ index: i, outcomes: members.map(() => refused(early, runtime, name)) });
  }
  const outcomes: Outcome[] = new Array(members.length);
  let waiting = members.length;
  const settle = (i: number, outcome: Outcome) => {
    outcomes[i] = outcome;
    if (--waiting === 0) done(standing(outcomes));
  };
  for (let i = 0; i < members.length; i++) {
    const { name } = members[i].pipeline;
    const admission = runtime.offer(name, payload, options, (outcome) => settle(i, outcome));
    if (admission !== "admitted") settle(i, refused(admission, runtime, name));
  }
}

/** Why a route would not take an event now, or undefined when it would: asked before a body is read. */
export function closed(runtime: Runtime, route: Route): Problem | undefined {
  for (const { pipeline } of route.members) {
    const gate = runtime.admits(pipeline.name);
    if (gate.open) continue;
    const states = runtime.status().partitions.filter((each) => each.pipeline === pipeline.name);
    const serving = states.every(({ state }) => state === "serving" || state === "restarting");
    const stopping = runtime.status().state === "stopping" || runtime.status().state === "ended";
    return refusal(pipeline.name, serving && !stopping ? "full" : "unavailable", gate.retryAfterMs);
  }
  return undefined;
}

function refused(
  admission: Exclude<ReturnType<Runtime["offer"]>, "admitted">,
  runtime: Runtime,
  name: string,
): Outcome {
  if (admission === "ahead") return { kind: "refused", admission, retryAfterMs: AHEAD_RETRY_MS };
  const gate = admission === "full" || admission === "unavailable" ? runtime.admits(name) : undefined;
  // Open again in the meantime: the caller may come back at once, but should not spin.
  const retryAfterMs = gate === undefined ? 0 : gate.open ? RETRY_MS : gate.retryAfterMs;
  return { kind: "refused", admission, retryAfterMs };
}

const RETRY_MS = 50;
/** The others take their time. */
const AHEAD_RETRY_MS = 1000;
