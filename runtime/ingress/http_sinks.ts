/** The runtime's status over HTTP, and the outputs that a sink's receiver would not take. */
import type { Context } from "hono";
import type { Edge } from "./http.ts";
import { textResponse } from "./http_headers.ts";
import { badRequest, ProblemError } from "./problem.ts";

const PAGE_MAX = 1000;
const PAGE = 100;

/** Everything the runtime knows of itself: partitions, and how far each sink has come. */
export function status(edge: Edge, { req }: Context): Response {
  return textResponse(JSON.stringify(edge.runtime.status()), 200, edge.headers(req.raw, "application/json"));
}

export async function sinkDeadLetters(edge: Edge, { req }: Context): Promise<Response> {
  const sink = sinkOf(edge, req.param("sink")!);
  const limit = Number(req.query("limit") ?? PAGE);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
    throw badRequest("bad-limit", "The limit cannot be used", `limit must be 1 to ${PAGE_MAX}.`);
  }
  const deadLetters = await edge.runtime.sinkDeadLetters(sink, limit);
  return textResponse(JSON.stringify({ deadLetters }), 200, edge.headers(req.raw, "application/json"));
}

export async function redriveSink(edge: Edge, { req }: Context): Promise<Response> {
  const sink = sinkOf(edge, req.param("sink")!);
  const id = req.param("id")!;
  const answer = await edge.runtime.redriveSink(sink, id);
  if (answer === "unknown") {
    throw notFound("no-dead-letter", "No such dead letter", `No dead letter of ${sink} has the id ${id}.`);
  }
  if (answer === "refused") {
    throw new ProblemError({
      status: 502,
      code: "not-taken",
      title: "It was not taken",
      detail: `${sink} was asked again to take ${id}, and did not: its dead letter says why.`,
    });
  }
  return textResponse(JSON.stringify({ redriven: id }), 200, edge.headers(req.raw, "application/json"));
}

function sinkOf({ runtime }: Edge, name: string): string {
  const names = (runtime.status().sinks ?? []).map((sink) => sink.name);
  if (names.includes(name)) return name;
  throw notFound("unknown-sink", "There is no such sink", `The sinks are ${names.join(", ") || "none"}.`);
}

function notFound(code: string, title: string, detail: string): ProblemError {
  return new ProblemError({ status: 404, code, title, detail: detail.slice(0, 400) });
}
