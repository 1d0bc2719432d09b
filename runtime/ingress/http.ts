/**
 * The HTTP edge: a Hono app over a running topology. It is web-standard (Request in, Response out); the
 * sockets, and the slow clients on them, are the server adapter's (runtime/adapters/http_server.ts).
 *
 *   POST /v1/{pipeline}/decide                     one event → its decision
 *   POST /v1/{pipeline}/events                     many → a status and position for each
 *   GET  /v1/{pipeline}/state/{key}                what the owning actor knows of a key
 *   GET  /v1/{pipeline}/dead-letters               ?after=partition.frame.event&limit=
 *   POST /v1/{pipeline}/dead-letters/{position}/redrive
 *   GET  /v1/{pipeline}/outputs                    all that leave, for programs (http_outputs.ts)
 *   GET  /v1/{pipeline}/views/{view} /v1/{pipeline}/outputs/{name} /v1/{pipeline}/late (http_views.ts)
 *   GET  /v1/status /v1/sinks/{sink}/dead-letters  POST …/{id}/redrive (http_sinks.ts)
 *   GET  /healthz /readyz /metrics
 *
 * {pipeline} may be a decision group for `decide` and `events`. Every error is problem+json. What can be
 * known from the headers is answered before the body is read: who may ask, whether the pipeline exists and
 * would take an event, types, encodings and length.
 */
import { type Context, Hono } from "hono";
import type { Runtime } from "../runtime.ts";
import { NotServing } from "../partition/readiness.ts";
import type { Clock, Log, Random } from "../world/mod.ts";
import { type Route, routesOf } from "./answer.ts";
import { closed } from "./ask.ts";
import { deadLetters, redrive, stateOf } from "./http_admin.ts";
import { batch } from "./http_batch.ts";
import { decide, type Direct, directDecide } from "./http_decide.ts";
import {
  type Asked,
  checkToken,
  idempotencyKey,
  type MediaType,
  negotiate,
  problemResponse,
  requestHeaders,
  textResponse,
} from "./http_headers.ts";
import { home, type HomePage, showsPage } from "./http_home.ts";
import { allOutputs } from "./http_outputs.ts";
import { redriveSink, sinkDeadLetters, status } from "./http_sinks.ts";
import { follow, lateEvents, viewRows, watermark } from "./http_views.ts";
import { type EdgeMetrics, edgeMetrics } from "./metrics.ts";
import { noPipeline, type Problem, ProblemError } from "./problem.ts";
import { type RateLimit, rateLimited, rateLimiter } from "./rate_limit.ts";
import type { SourceStatus } from "./streams.ts";

export interface HttpOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Largest body of one event. Default 1 MiB. */
  readonly eventBytesMax?: number;
  /** Largest body of a batch, and the most events in it. Default 64 MiB, 100,000. */
  readonly batchBytesMax?: number;
  readonly batchEventsMax?: number;
  /** When given, everything but /, /healthz and /readyz asks for `Authorization: Bearer <token>`. */
  readonly token?: string;
  /** Bounds what one client may ask; /healthz and /readyz are free. Default: no bound. */
  readonly rate?: RateLimit;
  /** The streams that are read, as they are when asked. */
  readonly sources?: readonly SourceStatus[];
  /** What a browser sees at `/`. */
  readonly page?: HomePage;
}

/** What the handlers share. */
export interface Edge {
  readonly runtime: Runtime;
  readonly routes: ReadonlyMap<string, Route>;
  readonly metrics: EdgeMetrics;
  readonly clock: Clock;
  readonly eventBytesMax: number;
  readonly batchBytesMax: number;
  readonly batchEventsMax: number;
  readonly sources: readonly SourceStatus[];
  /** Headers that every response carries, with those that answer the request's own. */
  headers(request: Asked, contentType: string): Record<string, string>;
}

/** `direct` gives the same answers, where it gives any, at less cost. */
export type HttpApp = Hono & { readonly direct: Direct };

export function httpApp(runtime: Runtime, options: HttpOptions): HttpApp {
  const edge: Edge = {
    runtime,
    routes: routesOf(runtime, runtime.topology),
    metrics: edgeMetrics(runtime),
    clock: options.clock,
    eventBytesMax: options.eventBytesMax ?? 1024 * 1024,
    batchBytesMax: options.batchBytesMax ?? 64 * 1024 * 1024,
    batchEventsMax: options.batchEventsMax ?? 100_000,
    sources: options.sources ?? [],
    headers: requestHeaders(options.random.id()),
  };
  const allowed = checkToken(options.token);
  const limited = options.rate === undefined ? undefined : limitRate(edge, options.rate);
  const guarded = (
    handle: (edge: Edge, context: Context) => Response | Promise<Response>,
    always = false,
  ) => {
    const run = (context: Context) => {
      allowed(context.req.raw);
      if (runtime.standsBy && !always) throw new ProblemError(standby());
      return handle(edge, context);
    };
    return limited === undefined ? run : limited(run);
  };
  const app = new Hono();
  const paths: [
    method: "GET" | "POST",
    path: string,
    handle: (context: Context) => Response | Promise<Response>,
  ][] = [
    ["POST", "/v1/:pipeline/decide", guarded(decide)],
    ["POST", "/v1/:pipeline/events", guarded(batch)],
    ["GET", "/v1/:pipeline/state/:key", guarded(stateOf)],
    ["GET", "/v1/:pipeline/dead-letters", guarded(deadLetters)],
    ["POST", "/v1/:pipeline/dead-letters/:position/redrive", guarded(redrive)],
    ["GET", "/v1/:pipeline/views/:view", guarded(viewRows)],
    ["GET", "/v1/:pipeline/outputs", guarded(allOutputs)],
    ["GET", "/v1/:pipeline/outputs/:name", guarded(follow)],
    ["GET", "/v1/:pipeline/late", guarded(lateEvents)],
    ["POST", "/v1/:pipeline/watermark", guarded(watermark)],
    ["GET", "/v1/status", guarded(status, true)],
    ["GET", "/v1/sinks/:sink/dead-letters", guarded(sinkDeadLetters)],
    ["POST", "/v1/sinks/:sink/dead-letters/:id/redrive", guarded(redriveSink)],
    ["GET", "/metrics", guarded(metrics, true)],
    ["GET", "/", (context) => showsPage(edge, options.page, context) ?? guarded(home, true)(context)],
    ["GET", "/healthz", (context) => health(edge, context)],
    ["GET", "/readyz", (context) => readiness(edge, context)],
  ];
  for (const [method, path, handle] of paths) app.on(method, path, handle);
  // Known here and not as routes of their own: a path with one handler takes Hono's short way.
  const methods = paths.map(([method, path]) =>
    [method, new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`)] as const
  );
  app.notFound((context) => {
    const known = methods.find(([, pattern]) => pattern.test(context.req.path));
    if (known) return wrongMethod(edge, context, known[0]);
    return problemResponse(edge, context.req.raw, {
      status: 404,
      code: "not-found",
      title: "Nothing is here",
      detail: `There is no ${context.req.path.slice(0, 200)}.`,
    });
  });
  app.onError((error, context) => {
    return problemResponse(edge, context.req.raw, failed(error, context.req.path).problem);
  });
  const failed = (error: unknown, path: string): ProblemError => {
    if (error instanceof ProblemError) return error;
    if (error instanceof NotServing) return new ProblemError(notServing(error));
    options.log.error("an HTTP request failed", { path, error: String((error as Error)?.stack ?? error) });
    return new ProblemError(internal());
  };
  const direct: Direct = options.rate === undefined ? directDecide(edge, allowed, failed) : () => undefined;
  return Object.assign(app, { direct });
}

const internal = (): Problem => ({
  status: 500,
  code: "internal",
  title: "The request failed",
  detail: "The server met an error of its own; its log says more.",
});

const notServing = ({ message }: NotServing): Problem => ({
  status: 503,
  code: "unavailable",
  title: "The partition does not serve",
  detail: message,
  retryAfterMs: NOT_SERVING_RETRY_MS,
});
const NOT_SERVING_RETRY_MS = 1_000;

const standby = (): Problem => ({
  status: 503,
  code: "standby",
  title: "This process stands by",
  detail: "Another process owns the ledger: ask that one. This one answers when it has taken over.",
  retryAfterMs: STANDBY_RETRY_MS,
});
/** A takeover takes about as long. */
const STANDBY_RETRY_MS = 1_000;

type Handle = (context: Context) => Response | Promise<Response>;

/** What the server adapter tells of a request besides the request. */
interface Peer {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
}

function limitRate(edge: Edge, rate: RateLimit): (run: Handle) => Handle {
  const take = rateLimiter(rate, edge.clock);
  const clientOf = ({ req, env }: Context) =>
    rate.header === undefined
      ? (env as Peer | undefined)?.incoming?.socket?.remoteAddress ?? ""
      : req.raw.headers.get(rate.header) ?? "";
  return (run) => async (context) => {
    const verdict = take(clientOf(context));
    const response = verdict.retryAfterMs > 0
      ? problemResponse(edge, context.req.raw, rateLimited(verdict))
      : await answerOf(edge, context, run);
    for (const [name, value] of Object.entries(verdict.headers)) response.headers.set(name, value);
    return response;
  };
}

async function answerOf(edge: Edge, context: Context, run: Handle): Promise<Response> {
  try {
    return await run(context);
  } catch (error) {
    if (error instanceof ProblemError) return problemResponse(edge, context.req.raw, error.problem);
    throw error;
  }
}

/** Everything that the headers decide, in the order a sender would want to hear of it. */
export function admitted(edge: Edge, request: Asked, name: string, types: readonly MediaType[]) {
  const route = edge.routes.get(name);
  if (route === undefined) throw noPipeline(name, edge.routes.keys());
  const { type, accept } = negotiate(request, types);
  const id = idempotencyKey(request);
  const problem = closed(edge.runtime, route);
  if (problem) throw new ProblemError(problem);
  return { route, type, accept, id };
}

async function metrics(edge: Edge, context: Context): Promise<Response> {
  return textResponse(
    await edge.metrics.text(),
    200,
    edge.headers(context.req.raw, edge.metrics.contentType),
  );
}

function health(edge: Edge, { req }: Context): Response {
  const { state } = edge.runtime.status();
  const headers = edge.headers(req.raw, "application/json");
  return textResponse(JSON.stringify({ state }), state === "ended" ? 503 : 200, headers);
}

/**
 * Ready when every partition serves or will in a moment; recovery tells how far it is. A standby is not ready (503):
 * nothing is to be sent there. It tells how far behind it is, and what it sees of the owner.
 */
function readiness(edge: Edge, { req }: Context): Response {
  const { state, ledger, durability, partitions, owner } = edge.runtime.status();
  const down = partitions.every(({ state }) => state === "failed");
  const ready = (state === "serving" || state === "degraded") && !down;
  const body = {
    ready,
    state,
    ledger,
    durability,
    ...(owner ? { owner } : {}),
    partitions: partitions.map(({ pipeline, partition, state, frame, standby, recovery, lastError }) => ({
      pipeline,
      partition,
      state,
      frame,
      standby,
      recovery: recovery && { ...recovery, share: shareOf(recovery) },
      lastError,
    })),
    ...(edge.sources.length > 0 ? { sources: edge.sources } : {}),
  };
  const headers = edge.headers(req.raw, "application/json");
  if (!ready) headers["retry-after"] = "1";
  return textResponse(JSON.stringify(body), ready ? 200 : 503, headers);
}

function shareOf(
  { fromFrame, toFrame, frame }: { fromFrame: number; toFrame: number; frame: number },
): number {
  return toFrame <= fromFrame ? 1 : Math.min(1, Math.max(0, (frame - fromFrame) / (toFrame - fromFrame)));
}

function wrongMethod(edge: Edge, { req }: Context, method: "GET" | "POST"): Response {
  const allow = method === "GET" ? "GET, HEAD" : method;
  const response = problemResponse(edge, req.raw, {
    status: 405,
    code: "method-not-allowed",
    title: "The method does not fit",
    detail: `${req.path.slice(0, 200)} takes ${allow}, not ${req.method.slice(0, 20)}.`,
  });
  response.headers.set("allow", allow);
  return response;
}
