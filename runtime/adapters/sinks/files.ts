/**
 * Outputs as files: one folder a partition, one segment a batch, as NDJSON or as length-delimited protobuf
 * (runtime/proto/output.proto). A segment is written under another name, synced, and gets its name last: so
 * whoever reads the folder sees whole segments only, and never the same output twice.
 *
 * A segment is named by where the sink stood before it, and its last record says where it stands after: so the
 * folder is its own memory, and two writers that stand at the same place want the same name. It is given by a
 * hard link, which does not replace: the second one is refused.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Output } from "../../runtime.ts";
import { keyText } from "../../output/identity.ts";
import { recordBytesMax, writeRecord } from "../../output/record.ts";
import { OutputRecordSchema } from "../../proto/gen/output_pb.ts";
import {
  compareMarks,
  FIRST,
  sameMark,
  type Sink,
  type SinkBatch,
  SinkFenced,
  type SinkMark,
  type Step,
} from "../../world/sink.ts";
import { absent, removeAbandoned, syncFolder, UNFINISHED } from "../files/unfinished.ts";

export interface FileSinkOptions {
  readonly folder: string;
  readonly format: "ndjson" | "protobuf";
  /** An output's message as JSON text; needed for `ndjson`. */
  readonly json?: (output: Output) => string;
  /** How long a segment that is not full may wait for more outputs. Default 1 s. */
  readonly segmentMs?: number;
  readonly step?: Step;
}

const SEGMENT_OUTPUTS_MAX = 50_000;
const SEGMENT_BYTES_MAX = 8 << 20;
const SEGMENT_MS = 1_000;
const ENDING = { ndjson: ".ndjson", protobuf: ".pb" };

export function fileSink(options: FileSinkOptions): Promise<Sink> {
  if (options.format === "ndjson" && !options.json) {
    throw new Error(`Cannot write JSON to ${options.folder}: nothing encodes it.`);
  }
  return Promise.resolve(new FileSink(options));
}

class FileSink implements Sink {
  readonly name: string;
  readonly bounds: Sink["bounds"];
  readonly keepsEmpty = false;
  /** By partition: where its newest segment ends, as this sink has seen or written it. */
  readonly #marks = new Map<number, SinkMark>();
  /** Partitions whose folder is there for good: made, and its name synced. */
  readonly #made = new Set<number>();

  constructor(private readonly options: FileSinkOptions) {
    this.name = `files ${options.folder}`;
    this.bounds = {
      outputsMax: SEGMENT_OUTPUTS_MAX,
      bytesMax: SEGMENT_BYTES_MAX,
      lingerMs: options.segmentMs ?? SEGMENT_MS,
    };
  }

  position(partition: number): Promise<SinkMark | undefined> {
    return this.#attempt("resume", async () => {
      const mark = await this.#newest(partition);
      if (mark) this.#marks.set(partition, mark);
      return mark;
    });
  }

  commit(batch: SinkBatch): Promise<void> {
    return this.#attempt("commit to", async () => {
      const { partition, after, next } = batch;
      const mark = this.#marks.get(partition) ?? await this.position(partition);
      if (!sameMark(mark ?? FIRST, after)) throw new SinkFenced(this.name, batch, mark);
      await this.#write(batch);
      this.#marks.set(partition, next);
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #write(batch: SinkBatch): Promise<void> {
    const { step, format } = this.options;
    const folder = this.#folder(batch.partition), isMade = this.#made.has(batch.partition);
    const file = join(folder, segmentName(batch.after) + ENDING[format]);
    const unfinished = `${file}.${randomUUID()}${UNFINISHED}`;
    await step?.("write");
    if (!isMade) await mkdir(folder, { recursive: true });
    try {
      const handle = await open(unfinished, "wx");
      try {
        await handle.writeFile(this.#encoded(batch.outputs));
        await step?.("sync");
        await handle.sync();
      } finally {
        await handle.close();
      }
      await step?.("name");
      try {
        await link(unfinished, file);
      } catch (cause) {
        if ((cause as { code?: string }).code !== "EEXIST") throw cause;
        throw new SinkFenced(this.name, batch, await this.#newest(batch.partition));
      }
      await step?.("folder");
      // The names are in their folder, and that one's in the one above.
      await syncFolder(folder);
      if (!isMade) await syncFolder(this.options.folder);
      this.#made.add(batch.partition);
      await step?.("done");
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  #encoded(outputs: readonly Output[]): Uint8Array {
    return this.options.format === "ndjson" ? lines(outputs, this.options.json!) : records(outputs);
  }

  /** Where the newest segment ends. */
  async #newest(partition: number): Promise<SinkMark | undefined> {
    const folder = this.#folder(partition);
    const names = await readdir(folder).catch(absent) ?? [];
    await removeAbandoned(names.map((name) => join(folder, name)));
    const newest = names.filter((name) => name.endsWith(ENDING[this.options.format])).sort().at(-1);
    if (newest === undefined) return undefined;
    const bytes = await readFile(join(folder, newest));
    const last = this.options.format === "ndjson" ? lastLine(bytes) : lastRecord(bytes);
    const begin = markOfName(newest);
    if (!last || !begin || compareMarks(last, begin) <= 0) {
      throw new Error(
        `the segment ${join(folder, newest)} does not end with a record. Restore it, or move it away`,
      );
    }
    return last;
  }

  #folder(partition: number): string {
    return join(this.options.folder, String(partition));
  }

  async #attempt<T>(action: string, body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (cause) {
      if (cause instanceof SinkFenced) throw cause;
      throw new Error(
        `Cannot ${action} ${this.name}: ${(cause as Error).message}. Check its disk's space and permissions.`,
        { cause },
      );
    }
  }
}

/** Sorts as the marks do. */
function segmentName({ frame, output }: SinkMark): string {
  return `${String(frame).padStart(15, "0")}.${String(output).padStart(7, "0")}`;
}

function markOfName(name: string): SinkMark | undefined {
  const match = /^(\d{15})\.(\d{7})\./.exec(name);
  return match ? { frame: Number(match[1]), output: Number(match[2]) } : undefined;
}

const TEXT = new TextEncoder();

function lines(outputs: readonly Output[], json: (output: Output) => string): Uint8Array {
  let text = "";
  for (const output of outputs) {
    const { position: { partition, frame, event }, channel } = output;
    text += `{"partition":${partition},"frame":${frame},"output":${output.output},"event":${event},` +
      `"channel":${channel},"key":${JSON.stringify(keyText(output.key))},"value":${json(output)}}\n`;
  }
  return TEXT.encode(text);
}

function lastLine(bytes: Uint8Array): SinkMark | undefined {
  if (bytes.at(-1) !== 10) return undefined;
  const begin = bytes.lastIndexOf(10, -2) + 1;
  try {
    const { frame, output } = JSON.parse(new TextDecoder().decode(bytes.subarray(begin)));
    return Number.isSafeInteger(frame) && Number.isSafeInteger(output)
      ? { frame, output: output + 1 }
      : undefined;
  } catch {
    return undefined;
  }
}

function records(outputs: readonly Output[]): Uint8Array {
  const bytes = new Uint8Array(outputs.reduce((sum, output) => sum + recordBytesMax(output), 0));
  let at = 0;
  for (const output of outputs) at = writeRecord(output, bytes, at);
  return bytes.subarray(0, at);
}

function lastRecord(bytes: Uint8Array): SinkMark | undefined {
  let last: Uint8Array | undefined;
  for (let at = 0; at < bytes.length;) {
    let length = 0, shift = 0;
    do {
      length |= (bytes[at] & 127) << shift;
      shift += 7;
    } while (bytes[at++] > 127 && shift < 35);
    last = bytes.subarray(at, at += length);
    if (at > bytes.length) return undefined;
  }
  if (!last) return undefined;
  try {
    const { frame, output } = fromBinary(OutputRecordSchema, last);
    return { frame: Number(frame), output: output + 1 };
  } catch {
    return undefined;
  }
}
