/**
 * POST /v1/{pipeline}/events: many events in one request. The body is read as it arrives and no faster than
 * the pipeline takes events; the answer streams back in the order of the events, one record for each, with
 * its index. Nothing is all-or-nothing: a bad event has its own problem and the next one goes on. What is
 * held in memory is bounded by IN_FLIGHT_MAX events and, for a sender that does not read the answer, by
 * `batchEventsMax` answers.
 *
 * With `Idempotency-Key: k`, event i has the id `k/i`: the whole request can be sent again.
 */
import type { JsonValue } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Context } from "hono";
import { type Answer, answerBinary, answerJson, problemBinary, type Route } from "./answer.ts";
import { bodyParts, delimited, lines, readBody, tooLarge } from "./body.ts";
import { admitted, type Edge } from "./http.ts";
import type { MediaType } from "./http_headers.ts";
import { decodeUtf8, eventFromJson, eventFromJsonBytes, parseJson } from "./json.ts";
import { askOnce } from "./once.ts";
import { badRequest, type Problem, ProblemError, problemJson } from "./problem.ts";

/** Events of one request between their arrival and their answer. */
const IN_FLIGHT_MAX = 4096;
/** How long an event of a batch waits for room in a mailbox, and between tries. */
const WAIT_MS_MAX = 10_000;
const WAIT_MS = 5;

export function batch(edge: Edge, context: Context): Response {
  const request = context.req.raw;
  const asked = admitted(edge, request, context.req.param("pipeline")!, ["json", "ndjson", "protobuf"]);
  if (Number(request.headers.get("content-length") ?? 0) > edge.batchBytesMax) {
    throw tooLarge(edge.batchBytesMax);
  }
  const binary = asked.accept === "protobuf";
  const stopped = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const run = new BatchRun(edge, asked.route, asked.id, binary, controller, stopped.signal);
      run.all(eventsOf(edge, request, asked.route, asked.type)).then(
        () => stopped.signal.aborted || controller.close(),
        (error) => {
          if (stopped.signal.aborted) return;
          stopped.abort(); // answers that come yet go nowhere
          controller.error(error);
        },
      );
    },
    cancel: () => stopped.abort(),
  });
  const type = binary ? "application/x-protobuf" : "application/x-ndjson";
  return new Response(body, { headers: edge.headers(request, type) });
}

/** The events as encoded messages; a bad one comes as its problem. What breaks the whole body throws. */
async function* eventsOf(
  edge: Edge,
  request: Request,
  { members }: Route,
  type: MediaType,
): AsyncGenerator<Uint8Array | Problem> {
  const { input } = members[0].pipeline;
  if (type === "json") {
    const items = parseJson(decodeUtf8(await readBody(request, edge.batchBytesMax)));
    if (!Array.isArray(items)) {
      throw badRequest("not-an-array", "The body is not a list", "Send a JSON array of events.");
    }
    for (const item of items) yield orProblem(() => eventFromJson(input, item as JsonValue));
    return;
  }
  const parts = bodyParts(request, edge.batchBytesMax);
  if (type === "protobuf") return yield* delimited(parts, edge.eventBytesMax);
  for await (const line of lines(parts, edge.eventBytesMax)) {
    if (line.length > 0) yield orProblem(() => eventFromJsonBytes(input, line));
  }
}

function orProblem(encode: () => Uint8Array): Uint8Array | Problem {
  try {
    return encode();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
}

/** One request under way: events go in as they come, records go out in order. */
class BatchRun {
  readonly #edge: Edge;
  /** Answers that wait for an earlier one; index `#written` is the next to go out. */
  readonly #done = new Map<number, Uint8Array>();
  #written = 0;
  #room: (() => void) | undefined;

  constructor(
    edge: Edge,
    private readonly route: Route,
    private readonly id: string | undefined,
    private readonly binary: boolean,
    private readonly controller: ReadableStreamDefaultController<Uint8Array>,
    private readonly signal: AbortSignal,
  ) {
    this.#edge = edge;
  }

  async all(events: AsyncGenerator<Uint8Array | Problem>): Promise<void> {
    let index = 0;
    let broken: Problem | undefined;
    try {
      for await (const event of events) {
        if (this.signal.aborted) return;
        if (index >= this.#edge.batchEventsMax) throw tooMany(this.#edge.batchEventsMax);
        if (event instanceof Uint8Array) await this.#ask(index, event);
        else this.#settle(index, this.#problem(index, event));
        index++;
        while (index - this.#written >= IN_FLIGHT_MAX) await new Promise<void>((room) => this.#room = room);
      }
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      broken = error.problem; // the events before it stand; it is the last record
    }
    while (this.#written < index) await new Promise<void>((room) => this.#room = room);
    if (broken) this.#settle(index, this.#problem(index, broken));
  }

  /** Offers an event, again while the mailbox is full: the body is read no faster than events are taken. */
  async #ask(index: number, payload: Uint8Array): Promise<void> {
    const { clock, metrics } = this.#edge;
    const id = this.id === undefined ? undefined : `${this.id}/${index}`;
    const began = clock.monotonic();
    for (let waitedMs = 0; !this.signal.aborted; waitedMs += WAIT_MS) {
      let isFull = false;
      let asking = true;
      this.#once(index, payload, id, (answer) => {
        if (asking && waitedMs < WAIT_MS_MAX && mayTryAgain(answer)) isFull = true;
        else {
          metrics.answered(this.route, answer, clock.monotonic() - began);
          this.#settle(index, this.#record(index, answer));
        }
      });
      asking = false;
      if (!isFull) return;
      await clock.sleep(WAIT_MS, this.signal);
    }
  }

  /** An event whose id is under way, or was used for another one, has that for its answer. */
  #once(index: number, payload: Uint8Array, id: string | undefined, done: (answer: Answer) => void): void {
    try {
      askOnce(this.#edge.runtime, this.route, payload, id, done);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      this.#settle(index, this.#problem(index, error.problem));
    }
  }

  #settle(index: number, record: Uint8Array): void {
    this.#done.set(index, record);
    for (let next = this.#done.get(this.#written); next; next = this.#done.get(this.#written)) {
      this.#done.delete(this.#written++);
      if (!this.signal.aborted) this.controller.enqueue(next);
    }
    this.#room?.();
  }

  #record(index: number, answer: Answer): Uint8Array {
    if (answer.problem) return this.#problem(index, answer.problem);
    return this.binary
      ? prefixed(answerBinary(this.route, answer))
      : line(`{"index":${index},${answerJson(this.route, answer).slice(1)}`);
  }

  #problem(index: number, problem: Problem): Uint8Array {
    return this.binary
      ? prefixed(problemBinary(problem))
      : line(`{"index":${index},"status":"invalid","problem":${problemJson(problem)}}`);
  }
}

function mayTryAgain({ outcomes }: Answer): boolean {
  return outcomes.every((outcome) =>
    outcome.kind === "refused" && (outcome.admission === "full" || outcome.admission === "unavailable")
  );
}

const tooMany = (eventsMax: number) =>
  new ProblemError({
    status: 413,
    code: "too-many-events",
    title: "The batch has too many events",
    detail: `A batch may hold ${eventsMax} events; those before this one were taken.`,
  });

const TEXT = new TextEncoder();
const line = (text: string) => TEXT.encode(`${text}\n`);
const prefixed = (message: Uint8Array) => new BinaryWriter().bytes(message).finish();
