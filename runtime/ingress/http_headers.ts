/** What an HTTP request's headers say, checked; and the headers of its response. */
import { sha256 } from "../hash.ts";
import { ID_BYTES_MAX } from "./ask.ts";
import type { Edge } from "./http.ts";
import { badRequest, type Problem, ProblemError, problemJson } from "./problem.ts";

export type MediaType = "json" | "ndjson" | "protobuf";

/** A request, as far as its headers say. */
export interface Asked {
  readonly headers: { get(name: string): string | null };
}

/** A response whose body is there whole; a string is ASCII. Its length is among the headers. */
export interface Plain {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

const TYPES: Readonly<Record<string, MediaType>> = {
  "application/json": "json",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "application/jsonl": "ndjson",
  "application/x-protobuf": "protobuf",
  "application/protobuf": "protobuf",
};
const NAMES: Record<MediaType, string> = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  protobuf: "application/x-protobuf",
};

/** The body's type and the answer's, or 415 / 406. */
export function negotiate(
  request: Asked,
  types: readonly MediaType[],
): { type: MediaType; accept: MediaType } {
  const { headers } = request;
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.trim().toLowerCase() !== "identity") {
    throw unsupported(`Content-Encoding "${encoding.slice(0, 40)}" is not taken; send the body as it is.`);
  }
  const named = headers.get("content-type");
  const type = named === null ? undefined : TYPES[bare(named)];
  if (type === undefined || !types.includes(type)) {
    const known = types.map((each) => NAMES[each]).join(", ");
    throw unsupported(
      `Content-Type ${named === null ? "is missing" : `"${named.slice(0, 80)}"`}; send ${known}.`,
    );
  }
  return { type, accept: accepted(headers.get("accept"), type) };
}

/** The answer comes in the type of the question unless `Accept` asks for another. */
function accepted(accept: string | null, type: MediaType): MediaType {
  if (accept === null || accept === "*/*") return type;
  const ranges = accept.split(",", 16).filter((range) => !/;\s*q=0(\.0*)?\s*$/.test(range)).map(bare);
  for (const range of ranges) {
    if (range === "*/*" || range === "application/*") return type;
    if (TYPES[range] !== undefined) return TYPES[range];
  }
  throw new ProblemError({
    status: 406,
    code: "not-acceptable",
    title: "No answer of that type",
    detail: `Accept "${accept.slice(0, 80)}" fits none of ${Object.values(NAMES).join(", ")}.`,
  });
}

function bare(mediaType: string): string {
  const end = mediaType.indexOf(";");
  return (end < 0 ? mediaType : mediaType.slice(0, end)).trim().toLowerCase();
}

function unsupported(detail: string): ProblemError {
  return new ProblemError({
    status: 415,
    code: "unsupported-type",
    title: "The body's type is not taken",
    detail,
  });
}

/** The Idempotency-Key, with or without the quotes of a structured field. */
export function idempotencyKey(request: Asked): string | undefined {
  const header = request.headers.get("idempotency-key");
  if (header === null) return undefined;
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header.trim());
  const id = quoted ? quoted[1].replace(/\\(.)/g, "$1") : header.trim();
  // Header values are bytes below 256, so this many characters are at most twice as many bytes of UTF-8.
  if (id.length === 0 || id.length > ID_BYTES_MAX || !/^[\x20-\x7e]+$/.test(id)) {
    throw badRequest(
      "bad-idempotency-key",
      "The idempotency key cannot be used",
      `Idempotency-Key must be 1 to ${ID_BYTES_MAX} printable ASCII characters.`,
    );
  }
  return id;
}

/** Throws 401 where a token is asked for and not given. Digests are compared, in constant time. */
export function checkToken(token: string | undefined): (request: Asked) => void {
  if (token === undefined) return () => {};
  const expected = digest(token);
  return (request) => {
    const given = /^Bearer ([\x21-\x7e]+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    const actual = digest(given ?? "");
    let difference = given === undefined ? 1 : 0;
    for (let i = 0; i < expected.length; i++) difference |= expected[i] ^ actual[i];
    if (difference === 0) return;
    throw new ProblemError({
      status: 401,
      code: "unauthorized",
      title: "A token is needed",
      detail: "Send `Authorization: Bearer <token>` with the token this server was started with.",
    });
  };
}

const digest = (text: string) => sha256(new TextEncoder().encode(text));

/**
 * Headers of every response: no sniffing, no caching, no framing; the request's id (the sender's own where it
 * is sound) and its trace context, so that both ends can tell which answer belongs to which question.
 */
export function requestHeaders(process: string): Edge["headers"] {
  let count = 0;
  return (request, contentType) => {
    const given = request.headers.get("x-request-id");
    const id = given !== null && /^[\w.:-]{1,128}$/.test(given) ? given : `${process}-${++count}`;
    const headers: Record<string, string> = {
      "content-type": contentType,
      "x-request-id": id,
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    };
    const trace = request.headers.get("traceparent");
    if (trace !== null && TRACEPARENT.test(trace)) headers.traceparent = trace;
    return headers;
  };
}

/** W3C Trace Context, version 00; all-zero ids are invalid. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

export function problemResponse(edge: Edge, request: Asked, problem: Problem): Response {
  return responseOf(plainProblem(edge, request, problem));
}

export function plainProblem(edge: Edge, request: Asked, problem: Problem): Plain {
  const headers = edge.headers(request, "application/problem+json");
  if (problem.retryAfterMs) headers["retry-after"] = String(Math.ceil(problem.retryAfterMs / 1000));
  if (problem.status === 401) headers["www-authenticate"] = 'Bearer realm="millrace"';
  return plainText(problemJson(problem, headers["x-request-id"]), problem.status, headers);
}

/**
 * A response whose length is said beforehand: servers otherwise send small answers in chunks (Bun does). As
 * a string where it can be, since a server writes head and body of that in one piece.
 */
export function textResponse(text: string, status: number, headers: Record<string, string>): Response {
  return responseOf(plainText(text, status, headers));
}

export function responseOf({ status, headers, body }: Plain): Response {
  return new Response(body, { status, headers });
}

export function plainText(text: string, status: number, headers: Record<string, string>): Plain {
  // deno-lint-ignore no-control-regex
  const isAscii = !/[^\x00-\x7f]/.test(text);
  const body = isAscii ? text : new TextEncoder().encode(text);
  headers["content-length"] = String(body.length);
  return { status, headers, body };
}
