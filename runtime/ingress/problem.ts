/**
 * What goes wrong at an edge, as data: RFC 9457 for HTTP, the same fields in NATS headers and DecideReply.
 */
import type { Pipeline } from "../declare.ts";
import type { Admission } from "../runtime.ts";
import { keyAdvice } from "./rejections.ts";

export interface Problem {
  /** HTTP status; edges without HTTP carry it as their error code. */
  readonly status: number;
  /** Last part of the type: `urn:millrace:problem:<code>`. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly retryAfterMs?: number;
  /** Members of its own, JSON. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Carries a Problem through code that throws; every edge turns it into an answer. */
export class ProblemError extends Error {
  override name = "ProblemError";

  constructor(readonly problem: Problem, cause?: unknown) {
    super(problem.detail, { cause });
  }
}

export function problemType(problem: Problem): string {
  return `urn:millrace:problem:${problem.code}`;
}

export function problemJson(problem: Problem, instance?: string): string {
  const { status, title, detail, retryAfterMs, more } = problem;
  return JSON.stringify({
    type: problemType(problem),
    title,
    status,
    detail,
    instance,
    retryAfterMs,
    ...more,
  });
}

export const badRequest = (code: string, title: string, detail: string): ProblemError =>
  new ProblemError({ status: 400, code, title, detail });

/** A path named a pipeline that is not there; it is told which are. */
export function noPipeline(name: string, known: Iterable<string>): ProblemError {
  const problem = refusal(name.slice(0, 64), "unknown", 0);
  return new ProblemError({ ...problem, detail: `${problem.detail} There is ${[...known].join(", ")}.` });
}

/** Nobody can say which partition the event is for: it was not kept. */
export function noKey(pipeline: Pick<Pipeline, "name" | "key">): Problem {
  return {
    status: 422,
    code: "no-key",
    title: "The event has no key",
    detail: `Pipeline "${pipeline.name}" cannot tell whose event it is: ${
      keyAdvice(pipeline)
    }. Nothing was kept.`,
  };
}

/**
 * A full mailbox is 429: it belongs to one pipeline, the others go on, and a load balancer must not take the
 * node out for it. A partition that recovers or stops is 503.
 */
export function refusal(
  pipeline: string,
  admission: Exclude<Admission, "admitted" | "no-key">,
  retryAfterMs: number,
): Problem {
  switch (admission) {
    case "full":
      return {
        status: 429,
        code: "mailbox-full",
        title: "The mailbox is full",
        detail:
          `Pipeline "${pipeline}" has more events waiting than it may hold; nothing was kept. Try again later.`,
        retryAfterMs,
      };
    case "ahead":
      return {
        status: 429,
        code: "source-ahead",
        title: "The source is ahead of the others",
        detail:
          `In event time this source of pipeline "${pipeline}" is further ahead of the slowest one than declared ` +
          "(align); nothing was kept. Try again later.",
        retryAfterMs,
      };
    case "unavailable":
      return {
        status: 503,
        code: "unavailable",
        title: "The pipeline is not serving",
        detail:
          `Pipeline "${pipeline}" is recovering or stopping; nothing was kept. /readyz tells how far it is.`,
        retryAfterMs,
      };
    case "too-large":
      return {
        status: 413,
        code: "too-large",
        title: "The event is too large",
        detail: `The event, or its id, is larger than pipeline "${pipeline}" takes; nothing was kept.`,
      };
    case "unknown":
      return {
        status: 404,
        code: "unknown-pipeline",
        title: "No such pipeline",
        detail: `There is no pipeline "${pipeline}" here.`,
      };
  }
}
