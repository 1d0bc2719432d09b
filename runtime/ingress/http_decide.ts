/**
 * POST /v1/{pipeline}/decide: one event, one decision. There are two ways to the same answer: through the app,
 * and the direct one, which a server takes where nothing about the request is unusual. It goes without the
 * objects of the web's interface, about a sixth of what a small request costs.
 */
import type { Context } from "hono";
import { type Answer, answerBinary, answerJson, problemOfAnswer, type Route } from "./answer.ts";
import { readBody, tooLarge } from "./body.ts";
import { admitted, type Edge } from "./http.ts";
import {
  type Asked,
  type MediaType,
  type Plain,
  plainProblem,
  plainText,
  responseOf,
} from "./http_headers.ts";
import { eventFromJsonBytes } from "./json.ts";
import { askOnce } from "./once.ts";
import { ProblemError } from "./problem.ts";

/**
 * Asked of a POST before its body is read, when no header came twice: what answers it once the body is there
 * whole, or undefined, and the request is the app's. What it gives never rejects.
 */
export type Direct = (target: string, request: Asked) => ((body: Uint8Array) => Promise<Plain>) | undefined;

type Admission = ReturnType<typeof admitted>;

const TYPES: readonly MediaType[] = ["json", "protobuf"];
const BEFORE = "/v1/", AFTER = "/decide";
/** A larger body is worth the long way, which reads it as it comes. */
const DIRECT_BYTES_MAX = 64 * 1024;

export async function decide(edge: Edge, context: Context): Promise<Response> {
  const began = edge.clock.monotonic();
  const request = context.req.raw;
  const admission = admitted(edge, request, context.req.param("pipeline")!, TYPES);
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > edge.eventBytesMax) throw tooLarge(edge.eventBytesMax);
  const body = await readBody(request, edge.eventBytesMax);
  return responseOf(await decided(edge, request, admission, body, began));
}

/** Whatever is not plainly a decision that will be asked is left to the app, which says why. */
export function directDecide(
  edge: Edge,
  allowed: (request: Asked) => void,
  failed: (error: unknown, path: string) => ProblemError,
): Direct {
  return (target, request) => {
    if (!target.startsWith(BEFORE) || !target.endsWith(AFTER) || edge.runtime.standsBy) return undefined;
    const name = target.slice(BEFORE.length, -AFTER.length);
    const length = Number(request.headers.get("content-length") ?? NaN);
    if (!(length <= Math.min(edge.eventBytesMax, DIRECT_BYTES_MAX))) return undefined;
    if (!edge.routes.has(name) || !HOST.test(request.headers.get("host") ?? "")) return undefined;
    const began = edge.clock.monotonic();
    let admission: Admission;
    try {
      allowed(request);
      admission = admitted(edge, request, name, TYPES);
    } catch {
      return undefined;
    }
    return async (body) => {
      try {
        return await decided(edge, request, admission, body, began);
      } catch (error) {
        return plainProblem(edge, request, failed(error, target).problem);
      }
    };
  };
}

/** What a URL may have as its host; anything else the app refuses. */
const HOST = /^[\w.-]+(:\d{1,5})?$/;

async function decided(
  edge: Edge,
  request: Asked,
  { route, type, accept, id }: Admission,
  body: Uint8Array,
  began: number,
): Promise<Plain> {
  const payload = type === "json" ? eventFromJsonBytes(route.members[0].pipeline.input, body) : body;
  const answer = await new Promise<Answer>((done) => askOnce(edge.runtime, route, payload, id, done));
  edge.metrics.answered(route, answer, edge.clock.monotonic() - began);
  return answered(edge, request, route, answer, accept);
}

function answered(edge: Edge, request: Asked, route: Route, answer: Answer, accept: MediaType): Plain {
  const problem = problemOfAnswer(route, answer);
  if (problem && accept !== "protobuf") return plainProblem(edge, request, problem);
  if (accept === "protobuf") {
    const headers = edge.headers(request, "application/x-protobuf");
    if (problem?.retryAfterMs) headers["retry-after"] = String(Math.ceil(problem.retryAfterMs / 1000));
    const body = answerBinary(route, answer) as Uint8Array<ArrayBuffer>;
    headers["content-length"] = String(body.length);
    return { status: problem?.status ?? 200, headers, body };
  }
  return plainText(answerJson(route, answer), 200, edge.headers(request, "application/json"));
}
