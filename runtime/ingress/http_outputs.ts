/**
 * The outputs of a pipeline over HTTP, all of them, for programs that keep their own position
 * (runtime/output/consume.ts reads this):
 *
 *   GET /v1/{pipeline}/outputs    ?from=0=17.4 1=3.0 (by partition, the first wanted), ?from=now
 *
 * NDJSON; or with `Accept: application/x-protobuf` records of runtime/proto/output.proto, each behind its length.
 * It goes on until the reader leaves. When nothing comes, an empty line (or an empty record) says that it lives.
 */
import type { Context } from "hono";
import { NotRetained } from "../checkpoint/retention.ts";
import { parseMarks } from "../output/consume.ts";
import { keyText } from "../output/identity.ts";
import { recordBytesMax, writeRecord } from "../output/record.ts";
import type { Output, Position } from "../runtime.ts";
import type { Clock } from "../world/mod.ts";
import type { SinkMark } from "../world/sink.ts";
import type { Pipeline } from "../declare.ts";
import type { Edge } from "./http.ts";
import { memberOf } from "./http_admin.ts";
import { messageToJson } from "./json.ts";
import { badRequest, ProblemError } from "./problem.ts";

const ALIVE_MS = 10_000;
const FIRST_MS = 20;
/** Bytes read ahead for one reader. */
const WAITING_BYTES_MAX = 256 * 1024;

export async function allOutputs(edge: Edge, { req }: Context): Promise<Response> {
  const { pipeline } = memberOf(edge, req.param("pipeline")!);
  const binary = (req.header("accept") ?? "").includes("application/x-protobuf");
  const type = binary ? "application/x-protobuf" : "application/x-ndjson";
  const headers = { ...edge.headers(req.raw, type), "cache-control": "no-store" };
  if (req.method === "HEAD") return new Response(null, { headers });
  const over = new AbortController();
  const stop = () => {
    over.abort();
    pieces.stop();
  };
  req.raw.signal.addEventListener("abort", stop, { once: true });
  const pieces = new Pieces(binary ? record : (output) => line(pipeline, output));
  void pieces.fill(outputsFrom(edge, pipeline, req.query("from"), over.signal));
  // Whether there is anything to read at all is told by the status: waited for, but not beyond a moment.
  await pieces.there(edge.clock, FIRST_MS);
  if (pieces.failure) throw gone(pieces.failure);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await pieces.there(edge.clock, ALIVE_MS);
      const piece = pieces.take();
      if (piece) return controller.enqueue(piece);
      if (pieces.failure) return controller.error(pieces.failure);
      if (pieces.ended) return controller.close();
      controller.enqueue(Uint8Array.of(binary ? 0 : 10));
    },
    cancel: stop,
  }, { highWaterMark: 1 });
  return new Response(body, { headers });
}

/** What was read and not yet sent: bounded, so that a slow reader is waited for. */
class Pieces {
  failure: unknown;
  ended = false;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #stopped = false;
  #there: () => void = () => {};
  #taken: () => void = () => {};

  constructor(private readonly encode: (output: Output) => Uint8Array) {}

  async fill(outputs: AsyncIterable<Output>): Promise<void> {
    try {
      for await (const output of outputs) {
        const piece = this.encode(output);
        this.#pieces.push(piece);
        this.#bytes += piece.length;
        this.#there();
        if (this.#stopped) break;
        while (this.#bytes >= WAITING_BYTES_MAX && !this.#stopped) {
          await new Promise<void>((taken) => this.#taken = taken);
        }
      }
    } catch (error) {
      this.failure = error;
    }
    this.ended = true;
    this.#there();
  }

  /** Resolves when there is something to send, or to say, or after a while. */
  async there(clock: Clock, ms: number): Promise<void> {
    if (this.#pieces.length > 0 || this.ended) return;
    const waited = new AbortController();
    const there = new Promise<void>((resolve) => this.#there = resolve);
    await Promise.race([there, clock.sleep(ms, waited.signal)]);
    waited.abort();
  }

  /** The reader has left. */
  stop(): void {
    this.#stopped = true;
    this.#taken();
    this.#there();
  }

  take(): Uint8Array | undefined {
    if (this.#pieces.length === 0) return undefined;
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#bytes = 0;
    this.#taken();
    return whole;
  }
}

/** From the marks on; the runtime begins at frames, and what was had of one is passed over here. */
async function* outputsFrom(
  { runtime }: Edge,
  { name, partitions = 1 }: Pipeline,
  from: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Output> {
  if (from === undefined || from === "now") return yield* runtime.outputs(name, from ?? "start", signal);
  const marks = marksOf(from, partitions);
  const positions: Position[] = [...marks].map(([partition, { frame }]) => ({ partition, frame, event: -1 }));
  for await (const output of runtime.outputs(name, positions, signal)) {
    const mark = marks.get(output.position.partition);
    if (mark && output.position.frame === mark.frame && output.output < mark.output) continue;
    yield output;
  }
}

function marksOf(text: string, partitions: number): Map<number, SinkMark> {
  const marks = parseMarks(text);
  if (marks && [...marks.keys()].every((partition) => partition < partitions)) return marks;
  throw badRequest(
    "bad-position",
    "The position cannot be read",
    `from is "now", or for some of ${partitions} partitions its first output wanted, as in 0=17.4 1=3.0: ` +
      "partition=frame.output, separated by spaces.",
  );
}

function gone(error: unknown): unknown {
  if (!(error instanceof NotRetained)) return error;
  return new ProblemError({
    status: 410,
    code: "not-retained",
    title: "These outputs are gone",
    detail: error.message,
  });
}

const TEXT = new TextEncoder();

function line(pipeline: Pipeline, { position, output, channel, key, payload }: Output): Uint8Array {
  // Of an output that is declared no more the message is not known.
  const message = pipeline.outputs ? pipeline.outputs[channel]?.message : pipeline.output;
  const value = message ? messageToJson(message, payload) : null;
  return TEXT.encode(JSON.stringify({ ...position, output, channel, key: keyText(key), value }) + "\n");
}

function record(output: Output): Uint8Array {
  const bytes = new Uint8Array(recordBytesMax(output));
  return bytes.subarray(0, writeRecord(output, bytes, 0));
}
