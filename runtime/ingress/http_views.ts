/**
 * Declared pipelines over HTTP: views that are read and followed, outputs that are followed, late events, and
 * watermarks told from outside.
 *
 *   GET  /v1/{pipeline}/views/{view}           ?key=a&key=7 (a whole key or its first parts), ?from=&to=, ?limit=
 *   GET  /v1/{pipeline}/outputs/{name}         what leaves, and changes of a view, as server-sent events
 *   GET  /v1/{pipeline}/late                   ?after=partition.frame.event&limit=
 *   POST /v1/{pipeline}/watermark              {"time": µs} or {"ended": true}, {"idle": true}, {"input": n}
 *
 * Every answer says for what event time it holds (`watermark`) and how old it is (`freshnessMs`: the clock now,
 * less that time). An event stream goes on where `Last-Event-ID` says, without a gap and without a repeat.
 */
import type { Context } from "hono";
import type { Edge } from "./http.ts";
import { memberOf, parsePosition, positionText } from "./http_admin.ts";
import { textResponse } from "./http_headers.ts";
import { readBody } from "./body.ts";
import { messageToJson } from "./json.ts";
import { badRequest, ProblemError } from "./problem.ts";
import type { KeyValue, Position } from "../runtime.ts";
import type { Clock } from "../world/clock.ts";

const LIMIT_MAX = 10_000;
const LATE_MAX = 1_000;
const BODY_BYTES_MAX = 1_024;
/** A watermark beyond this says that the input has ended. */
const ENDED = Number.MAX_SAFE_INTEGER;
const TEXT = new TextEncoder();
/** A line that browsers pass over: a connection on which nothing moves for long would be cut. */
const SILENCE = ":\n\n";
const ALIVE_MS = 10_000;
/** Events of a stream that wait for a slow reader; it is read no faster than that. */
const WAITING_MAX = 256;

export async function viewRows(edge: Edge, { req }: Context): Promise<Response> {
  const { pipeline } = memberOf(edge, req.param("pipeline")!);
  const name = req.param("view")!;
  const view = pipeline.views?.find((each) => each.name === name);
  if (!view) throw unknown("view", name, pipeline.views?.map((each) => each.name));
  const limit = limitOf(req.query("limit"), LIMIT_MAX, 1_000);
  const query = { key: req.queries("key"), from: req.queries("from"), to: req.queries("to"), limit };
  let page;
  try {
    page = await edge.runtime.view(pipeline.name, name, query);
  } catch (error) {
    if (error instanceof RangeError) throw badRequest("bad-key", "The key cannot be used", error.message);
    throw error;
  }
  const body = {
    rows: page.rows.map(({ key, payload }) => ({
      key: key.map(jsonOf),
      row: messageToJson(view.message, payload),
    })),
    more: page.more,
    ...truth(edge, page.watermark),
  };
  return textResponse(JSON.stringify(body), 200, edge.headers(req.raw, "application/json"));
}

export async function lateEvents(edge: Edge, { req }: Context): Promise<Response> {
  const { pipeline } = memberOf(edge, req.param("pipeline")!);
  const after = req.query("after");
  const limit = limitOf(req.query("limit"), LATE_MAX, 100);
  const found = await edge.runtime.lateEvents(pipeline.name, {
    limit,
    ...(after === undefined ? {} : { after: parsePosition(after) }),
  });
  const late = found.map(({ payload, position, watermark, ...rest }) => ({
    position: positionText(position),
    ...rest,
    // Null: the input had ended.
    watermark: watermark >= ENDED ? null : watermark,
    payload: messageToJson(pipeline.input, payload),
  }));
  const next = found.length === limit
    ? `/v1/${pipeline.name}/late?limit=${limit}&after=${positionText(found.at(-1)!.position)}`
    : undefined;
  return textResponse(JSON.stringify({ late, next }), 200, edge.headers(req.raw, "application/json"));
}

export async function watermark(edge: Edge, { req }: Context): Promise<Response> {
  const { pipeline } = memberOf(edge, req.param("pipeline")!);
  let told: { time?: unknown; ended?: unknown; idle?: unknown; input?: unknown };
  try {
    told = JSON.parse(new TextDecoder().decode(await readBody(req.raw, BODY_BYTES_MAX)));
  } catch {
    throw badWatermark("The body is no JSON object.");
  }
  const { time, ended = false, idle = false, input } = told ?? {};
  const says = [time !== undefined, ended === true, idle === true].filter(Boolean).length;
  if (says !== 1) {
    throw badWatermark('Say one of {"time": microseconds}, {"ended": true} and {"idle": true}.');
  }
  if (time !== undefined && !Number.isSafeInteger(time)) {
    throw badWatermark("time is no integer of microseconds.");
  }
  if (input !== undefined && !(Number.isInteger(input) && (input as number) >= 0)) {
    throw badWatermark("input is no index of an input.");
  }
  await edge.runtime.mark(pipeline.name, {
    time: ended ? Infinity : time as number | undefined,
    idle: idle === true,
    input: input as number | undefined,
  });
  return textResponse("{}", 200, edge.headers(req.raw, "application/json"));
}

/** An output, or the changes of a view, as server-sent events. */
export function follow(edge: Edge, { req }: Context): Response {
  const { pipeline } = memberOf(edge, req.param("pipeline")!);
  const name = req.param("name")!;
  const channel = pipeline.outputs?.findIndex((each) => each.name === name) ?? -1;
  if (channel < 0) throw unknown("output", name, pipeline.outputs?.map((each) => each.name));
  const { message } = pipeline.outputs![channel];
  const last = req.header("last-event-id") ?? req.query("after");
  const reached = last === undefined ? new Map<number, Reached>() : reachedOf(last);
  const from = last === undefined
    ? req.query("from") === "now" ? "now" as const : "start" as const
    : positions(reached);
  const headers = { ...edge.headers(req.raw, "text/event-stream"), "cache-control": "no-store" };
  if (req.method === "HEAD") return new Response(null, { headers });
  const over = new AbortController();
  const rows = edge.runtime.outputs(pipeline.name, from, over.signal)[Symbol.asyncIterator]();
  // What is read of a ledger is kept in it: so the reading ends with its reader, wherever it stands.
  const leave = () => {
    over.abort();
    rows.return?.().catch(() => {});
  };
  req.raw.signal.addEventListener("abort", leave, { once: true });
  const next = async () => {
    while (true) {
      const { value, done } = await rows.next();
      if (done) return undefined;
      const { position, output, payload } = value;
      const before = reached.get(position.partition);
      // Outputs are told from a frame's beginning: those of it that were had are passed over.
      const had = before && (position.frame - before.frame || output - before.output) <= 0;
      if (had) continue;
      reached.set(position.partition, { frame: position.frame, output });
      if (value.channel !== channel) continue;
      const id = [...reached].map(([partition, at]) => `${partition}.${at.frame}.${at.output}`).join(",");
      return `id: ${id}\ndata: ${JSON.stringify(messageToJson(message, payload))}\n\n`;
    }
  };
  let coming: Promise<string | undefined> | undefined;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const event = await within(edge.clock, coming ??= next(), ALIVE_MS);
        if (event !== SILENCE) coming = undefined;
        if (event === undefined) controller.close();
        else controller.enqueue(TEXT.encode(event));
      } catch (error) {
        leave();
        throw error;
      }
    },
    cancel: leave,
  }, { highWaterMark: WAITING_MAX });
  return new Response(body, { headers });
}

/** What comes, or a comment where nothing does for a while. */
async function within(
  clock: Clock,
  coming: Promise<string | undefined>,
  ms: number,
): Promise<string | undefined> {
  coming.catch(() => {}); // met when it is asked for, which may be later
  const over = new AbortController();
  const silence = clock.sleep(ms, over.signal).then(() => SILENCE);
  return await Promise.race([coming, silence]).finally(() => over.abort());
}

interface Reached {
  readonly frame: number;
  readonly output: number;
}

function reachedOf(id: string): Map<number, Reached> {
  return new Map(
    id.split(",").map((part) => {
      const { partition, frame, event } = parsePosition(part.trim());
      return [partition, { frame, output: event }];
    }),
  );
}

/** From the beginning of the frame that was had last of each partition; of others from the start. */
function positions(reached: ReadonlyMap<number, Reached>): Position[] {
  return [...reached].map(([partition, { frame }]) => ({ partition, frame, event: -1 }));
}

function truth(edge: Edge, watermark: number): Record<string, unknown> {
  if (watermark >= ENDED) return { watermark: null, ended: true, freshnessMs: 0 };
  if (watermark <= -ENDED) return { watermark: null, ended: false, freshnessMs: null };
  return {
    watermark,
    ended: false,
    freshnessMs: Math.max(0, Math.round((edge.clock.now() - watermark) / 1000)),
  };
}

function limitOf(text: string | undefined, most: number, fallback: number): number {
  const limit = Number(text ?? fallback);
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit;
  throw badRequest("bad-limit", "The limit cannot be used", `limit must be 1 to ${most}.`);
}

function jsonOf(value: KeyValue): string | number | boolean {
  return typeof value === "bigint" ? String(value) : value;
}

function unknown(what: string, name: string, known: readonly string[] = []): ProblemError {
  return new ProblemError({
    status: 404,
    code: `unknown-${what}`,
    title: `There is no such ${what}`,
    detail: `The pipeline has no ${what} "${name.slice(0, 64)}". It has ${known.join(", ") || "none"}.`,
  });
}

function badWatermark(detail: string): ProblemError {
  return badRequest("bad-watermark", "The watermark cannot be read", detail);
}
