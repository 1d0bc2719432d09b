/** Outputs over HTTP (`GET /v1/{pipeline}/outputs`), for `consume`: records of protobuf, each behind its length. */
import { fromBinary } from "@bufbuild/protobuf";
import type { Output } from "../runtime.ts";
import { OutputRecordSchema } from "../proto/gen/output_pb.ts";
import { CannotConsume, formatMarks, type OutputSource, type Sourced } from "./consume.ts";

export interface HttpOutputsOptions {
  /** "http://127.0.0.1:8080" */
  readonly url: string;
  readonly pipeline: string;
  /** The platform's own. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Where the server asks for one. */
  readonly token?: string;
}

/** A server says so often enough that it lives (runtime/ingress/http_outputs.ts): one that does not is gone. */
const SILENT_MS_MAX = 30_000;
/** A record longer than this is none. */
const RECORD_BYTES_MAX = 64 << 20;

export function httpOutputs(options: HttpOutputsOptions): OutputSource {
  const { url, pipeline, token } = options;
  const address = `${url.replace(/\/$/, "")}/v1/${encodeURIComponent(pipeline)}/outputs`;
  return {
    name: address,
    async *read(marks, _hint, given, clock) {
      const query = marks.size === 0 ? "" : `?from=${encodeURIComponent(formatMarks(marks))}`;
      const over = new AbortController();
      const end = () => over.abort();
      given.addEventListener("abort", end, { once: true });
      const heard = async <T>(sign: Promise<T>): Promise<T> => {
        const silent = Promise.withResolvers<never>();
        const cancel = clock.after(SILENT_MS_MAX, () => {
          silent.reject(new Error(`${address} gave no sign of life for ${SILENT_MS_MAX / 1000} s`));
        });
        return await Promise.race([sign, silent.promise]).finally(cancel);
      };
      try {
        const response = await heard(options.fetch(address + query, {
          signal: over.signal,
          headers: {
            accept: "application/x-protobuf",
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
        }));
        if (!response.ok || !response.body) throw await heard(refused(address, response));
        yield* records(response.body, heard);
      } finally {
        end();
        given.removeEventListener("abort", end);
      }
    },
  };
}

async function refused(address: string, response: Response): Promise<Error> {
  const text = (await response.text()).slice(0, 2000);
  const message = `Cannot read ${address}: it answered ${response.status} ${detailOf(text)}`;
  // What the caller must change; everything else may be different the next time.
  return [400, 401, 403, 404, 405, 406, 410].includes(response.status)
    ? new CannotConsume(message)
    : new Error(message);
}

function detailOf(text: string): string {
  try {
    return String(JSON.parse(text).detail ?? text);
  } catch {
    return text;
  }
}

/** An empty record only says that the connection lives. */
async function* records(
  body: ReadableStream<Uint8Array>,
  heard: <T>(sign: Promise<T>) => Promise<T>,
): AsyncGenerator<Sourced> {
  const reader = body.getReader();
  let rest: Uint8Array = new Uint8Array(0);
  for (;;) {
    const { done, value: chunk } = await heard(reader.read());
    if (done) return;
    let bytes: Uint8Array = chunk;
    if (rest.length > 0) {
      bytes = new Uint8Array(rest.length + chunk.length);
      bytes.set(rest);
      bytes.set(chunk, rest.length);
    }
    let at = 0;
    for (;;) {
      const found = lengthAt(bytes, at);
      if (!found || found.next + found.length > bytes.length) break;
      at = found.next + found.length;
      if (found.length > 0) yield { output: outputOf(bytes.subarray(found.next, at)), hint: "" };
    }
    rest = bytes.slice(at);
  }
}

function lengthAt(bytes: Uint8Array, at: number): { length: number; next: number } | undefined {
  for (let length = 0, scale = 1; at < bytes.length; scale *= 128) {
    const byte = bytes[at++];
    length += (byte & 127) * scale;
    if (length > RECORD_BYTES_MAX) throw new Error("Cannot read a record of outputs: its length is none");
    if (byte < 128) return { length, next: at };
  }
  return undefined;
}

function outputOf(record: Uint8Array): Output {
  const { partition, frame, output, event, channel, key, payload } = fromBinary(OutputRecordSchema, record);
  return { position: { partition, frame: Number(frame), event }, output, channel, key, payload };
}
