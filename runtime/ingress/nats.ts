/**
 * The NATS edge: request/reply on `millrace.{pipeline}.decide.{key}`, for pipelines and decision groups.
 *
 * Payload: the encoded event, answered by an encoded DecideReply (runtime/proto/reply.proto); with the header
 * `Content-Type: application/json` both are JSON, the same as over HTTP. `Idempotency-Key` or `Nats-Msg-Id`
 * is the event's id. An error also stands in the headers `Nats-Service-Error` and `Nats-Service-Error-Code`,
 * as NATS services have them. The key in the subject serves the subject mappings of servers; what counts is
 * the key in the event.
 *
 * Nothing is awaited and nothing is allocated on the way that the answer does not need: a request is offered
 * in the same turn it arrives, and answered in the turn its frame is acknowledged.
 */
import type { Runtime } from "../runtime.ts";
import type { Log, Network } from "../world/mod.ts";
import type { Closable, NetworkRequest } from "../world/network.ts";
import {
  type Answer,
  answerBinary,
  answerJson,
  problemBinary,
  problemOfAnswer,
  type Route,
  routesOf,
} from "./answer.ts";
import { closed, ID_BYTES_MAX } from "./ask.ts";
import { eventFromJsonBytes } from "./json.ts";
import { askOnce } from "./once.ts";
import { badRequest, type Problem, ProblemError, problemJson } from "./problem.ts";
import { decideSubject } from "./subject.ts";

/** Serves until the returned object is closed. Members of one queue group share the requests. */
export async function serveNats(
  runtime: Runtime,
  network: Network,
  { log, queue = "millrace" }: { readonly log: Log; readonly queue?: string },
): Promise<Closable> {
  const served: Closable[] = [];
  try {
    for (const route of routesOf(runtime, runtime.topology).values()) {
      const handle = (request: NetworkRequest) => {
        try {
          decide(runtime, route, request);
        } catch (error) {
          respondProblem(
            request,
            error instanceof ProblemError ? error.problem : internal(error, log, request),
          );
        }
      };
      served.push(await network.serve(decideSubject(route.name, ">"), queue, handle));
    }
  } catch (error) {
    await Promise.all(served.map((each) => each.close()));
    throw error;
  }
  return { close: async () => void await Promise.all(served.map((each) => each.close())) };
}

function decide(runtime: Runtime, route: Route, request: NetworkRequest): void {
  const problem = closed(runtime, route);
  if (problem) throw new ProblemError(problem);
  const json = isJson(request);
  const payload = json
    ? eventFromJsonBytes(route.members[0].pipeline.input, request.payload)
    : request.payload;
  const id = (request.header("Idempotency-Key") ?? request.header("Nats-Msg-Id")) || undefined;
  if (id !== undefined && id.length > ID_BYTES_MAX) {
    throw badRequest(
      "bad-idempotency-key",
      "The id cannot be used",
      `An id has at most ${ID_BYTES_MAX} bytes.`,
    );
  }
  askOnce(runtime, route, payload, id, (answer) => respond(request, route, answer, json));
}

const TEXT = new TextEncoder();
const JSON_HEADERS = { "Content-Type": "application/json" };

function isJson(request: NetworkRequest): boolean {
  return request.header("Content-Type")?.startsWith("application/json") ?? false;
}

function respond(request: NetworkRequest, route: Route, answer: Answer, json: boolean): void {
  const problem = problemOfAnswer(route, answer);
  if (problem && json) return respondProblem(request, problem);
  if (json) return request.respond(TEXT.encode(answerJson(route, answer)), JSON_HEADERS);
  request.respond(answerBinary(route, answer), problem && problemHeaders(problem));
}

function respondProblem(request: NetworkRequest, problem: Problem): void {
  if (!isJson(request)) return request.respond(problemBinary(problem), problemHeaders(problem));
  request.respond(TEXT.encode(problemJson(problem)), {
    ...problemHeaders(problem),
    "Content-Type": "application/problem+json",
  });
}

function problemHeaders(problem: Problem): Record<string, string> {
  return {
    // Details may quote what was sent: a header value takes neither line ends nor what is not ASCII.
    "Nats-Service-Error": problem.detail.replace(/[^\x20-\x7e]/g, "?"),
    "Nats-Service-Error-Code": String(problem.status),
  };
}

function internal(error: unknown, log: Log, request: NetworkRequest): Problem {
  log.error("a NATS request failed", {
    subject: request.subject,
    error: String((error as Error)?.stack ?? error),
  });
  return {
    status: 500,
    code: "internal",
    title: "The request failed",
    detail: "The server met an error of its own; its log says more.",
  };
}
