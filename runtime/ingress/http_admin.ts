/** Looking into a pipeline over HTTP: the state of a key, dead letters, and sending one of them again. */
import { base64Encode } from "@bufbuild/protobuf/wire";
import type { Context } from "hono";
import type { DeadLetter, Position } from "../runtime.ts";
import { answerJson, type Member, positionJson, problemOf } from "./answer.ts";
import type { Edge } from "./http.ts";
import { problemResponse, textResponse } from "./http_headers.ts";
import { messageToJson } from "./json.ts";
import { KEY_BYTES_MAX } from "./key.ts";
import { badRequest, noPipeline, ProblemError } from "./problem.ts";

const PAGE_MAX = 1000;
const PAGE = 100;
const TEXT = new TextEncoder();

export async function stateOf(edge: Edge, { req }: Context): Promise<Response> {
  const { pipeline } = memberOf(edge, req.param("pipeline")!);
  const key = TEXT.encode(keyParam(req.path));
  if (pipeline.state === undefined) {
    throw notFound(
      "no-state",
      "The pipeline tells no state",
      `Pipeline "${pipeline.name}" declares no state message. Read its outputs or its views.`,
    );
  }
  if (key.length === 0 || key.length > KEY_BYTES_MAX) {
    throw badRequest("bad-key", "The key cannot be used", `A key is 1 to ${KEY_BYTES_MAX} bytes.`);
  }
  const state = await edge.runtime.query(pipeline.name, key);
  if (state === undefined) {
    throw notFound("unknown-key", "The key is not known", "Nothing is kept for this key.");
  }
  return textResponse(
    JSON.stringify(messageToJson(pipeline.state, state)),
    200,
    edge.headers(req.raw, "application/json"),
  );
}

/** The last part of the path, decoded here: a bad escape is the sender's error, not a literal key. */
function keyParam(path: string): string {
  try {
    const raw = path.slice(path.lastIndexOf("/") + 1);
    return decodeURIComponent(raw);
  } catch {
    throw badRequest("bad-key", "The key cannot be used", "Its percent-encoding is not valid UTF-8.");
  }
}

export async function deadLetters(edge: Edge, { req }: Context): Promise<Response> {
  const member = memberOf(edge, req.param("pipeline")!);
  const { name } = member.pipeline;
  const after = req.query("after");
  const limit = Number(req.query("limit") ?? PAGE);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
    throw badRequest("bad-limit", "The limit cannot be used", `limit must be 1 to ${PAGE_MAX}.`);
  }
  const letters = await edge.runtime.deadLetters(name, {
    limit,
    ...(after === undefined ? {} : { after: parsePosition(after) }),
  });
  const next = letters.length === limit
    ? `/v1/${name}/dead-letters?limit=${limit}&after=${positionText(letters.at(-1)!.position)}`
    : undefined;
  const body = { deadLetters: letters.map((letter) => letterJson(member, letter)), next };
  return textResponse(JSON.stringify(body), 200, edge.headers(req.raw, "application/json"));
}

function letterJson(member: Member, letter: DeadLetter): Record<string, unknown> {
  let payload: unknown;
  try {
    payload = messageToJson(member.pipeline.input, letter.payload);
  } catch {
    // Not decodable: that is what it is a dead letter for. The bytes tell the rest.
  }
  const { reason, meaning } = member.reject(letter.reason);
  return {
    position: { ...letter.position, text: positionText(letter.position) },
    reason,
    meaning: meaning || undefined,
    clock: letter.clock,
    id: letter.id.length > 0 ? new TextDecoder().decode(letter.id) : undefined,
    source: letter.source,
    sequence: letter.sequence,
    payload,
    type: letter.type,
    text: letter.type === undefined ? undefined : new TextDecoder().decode(letter.payload),
    payloadBase64: base64Encode(letter.payload),
  };
}

export async function redrive(edge: Edge, { req }: Context): Promise<Response> {
  const member = memberOf(edge, req.param("pipeline")!);
  const { name } = member.pipeline;
  const position = parsePosition(req.param("position")!);
  const [found] = await edge.runtime.deadLetters(name, {
    after: { ...position, event: position.event - 1 },
    limit: 1,
  });
  if (found === undefined || positionText(found.position) !== positionText(position)) {
    throw notFound(
      "no-dead-letter",
      "No such dead letter",
      `No dead letter stands at ${positionText(position)}.`,
    );
  }
  const outcome = await edge.runtime.redrive(name, position);
  const problem = problemOf(member, outcome);
  if (problem) return problemResponse(edge, req.raw, problem);
  const answer = answerJson({ name, members: [member], isGroup: false }, { index: 0, outcomes: [outcome] });
  const text = `${answer.slice(0, -1)},"redriven":${positionJson(position)}}`;
  return textResponse(text, 200, edge.headers(req.raw, "application/json"));
}

export function memberOf(edge: Edge, name: string): Member {
  const route = edge.routes.get(name);
  if (route === undefined) throw noPipeline(name, edge.routes.keys());
  if (!route.isGroup) return route.members[0];
  const names = route.members.map(({ pipeline }) => pipeline.name).join(", ");
  throw notFound(
    "is-a-group",
    "That is a decision group",
    `"${name}" is a decision group; ask one of ${names}.`,
  );
}

function notFound(code: string, title: string, detail: string): ProblemError {
  return new ProblemError({ status: 404, code, title, detail });
}

export const positionText = ({ partition, frame, event }: Position) => `${partition}.${frame}.${event}`;

export function parsePosition(text: string): Position {
  const match = /^(\d{1,9})\.(\d{1,15})\.(\d{1,9})$/.exec(text);
  if (!match) {
    throw badRequest(
      "bad-position",
      "The position cannot be read",
      "A position is partition.frame.event, as in 0.17.3.",
    );
  }
  return { partition: Number(match[1]), frame: Number(match[2]), event: Number(match[3]) };
}
