/**
 * Outputs as messages of a JetStream stream, on `millrace.{pipeline}.out.{key}`, in order per partition. The
 * stream is its own memory: each message says where it stands, and the last one of each batch says where all
 * partitions stand, so that the newest message is where to go on. No dedupe window is relied on.
 *
 * A batch is the server's atomic batch, fenced by the stream's last sequence: it is stored whole, right behind
 * what this sink has seen, or not at all. So a second writer, however stale, adds nothing. A server that dies
 * in the middle of storing one (R1) can leave its first messages: they name their positions, and what follows
 * goes on behind them.
 */
import { DiscardPolicy, JetStreamApiError, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { type MsgHdrs, nuid } from "@nats-io/nats-core";
import type { Output } from "../../runtime.ts";
import { keyToken, outputSubject } from "../../ingress/subject.ts";
import { MARKS, OUTPUT_HEADERS, outputId } from "../../output/identity.ts";
import {
  compareMarks,
  FIRST,
  formatMark,
  sameMark,
  type Sink,
  type SinkBatch,
  SinkFenced,
  type SinkMark,
  type Step,
} from "../../world/sink.ts";
import type { NatsLink } from "../jetstream/connection.ts";
import { readAnswer } from "../jetstream/publisher.ts";

export interface StreamSinkOptions {
  readonly link: NatsLink;
  readonly pipeline: string;
  /** The stream that captures `millrace.{pipeline}.out.>` and nothing else. Made when it does not exist. */
  readonly stream: string;
  readonly replicas?: number;
  readonly step?: Step;
}

/** What the server takes in one atomic batch. */
const BATCH_MESSAGES_MAX = 1_000;
const BOUNDS = { outputsMax: BATCH_MESSAGES_MAX, bytesMax: 4 << 20, lingerMs: 0 };
/** Other partitions of this stream, owned elsewhere, may be first this often in a row. */
const CONFLICTS_MAX = 100;
/** Messages read back for one that says where all partitions stand: a torn batch lies behind it. */
const TAIL = 2 * BATCH_MESSAGES_MAX;
const ANSWER_MS_MAX = 5_000;
const STREAM_NOT_FOUND = 10059;
/** The server's words for "the stream's last sequence is another one". */
const WRONG_LAST_SEQUENCE = [10071, 10164];

export async function streamSink(options: StreamSinkOptions): Promise<Sink> {
  const sink = new StreamSink(options);
  await sink.open();
  return sink;
}

class StreamSink implements Sink {
  readonly name: string;
  readonly bounds = BOUNDS;
  readonly keepsEmpty = false;
  /** As the stream has them, up to sequence #last. */
  #marks = new Map<number, SinkMark>();
  #last = 0;
  /** Batches go one after the other: each is fenced by the one before. */
  #turn: Promise<unknown> = Promise.resolve();
  #batches = 0;
  readonly #id = nuid.next();

  constructor(private readonly options: StreamSinkOptions) {
    this.name = `stream ${options.stream} at ${options.link.name}`;
  }

  async open(): Promise<void> {
    const { link, stream, pipeline, replicas = 1 } = this.options;
    await link.ready();
    const subjects = [outputSubject(pipeline, ">")];
    try {
      const { config } = await link.jsm.streams.info(stream);
      if (!config.allow_atomic) await link.jsm.streams.update(stream, { ...config, allow_atomic: true });
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NOT_FOUND) {
        throw this.#error("open", error);
      }
      await link.jsm.streams.add({
        name: stream,
        subjects,
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.New,
        num_replicas: replicas,
        allow_atomic: true,
      }).catch((cause) => Promise.reject(this.#error("create", cause)));
    }
    await this.#refresh();
  }

  position(partition: number): Promise<SinkMark | undefined> {
    return Promise.resolve(this.#marks.get(partition));
  }

  commit(batch: SinkBatch): Promise<void> {
    const done = this.#turn.then(() => this.#commit(batch));
    this.#turn = done.catch(() => {});
    return done;
  }

  async close(): Promise<void> {
    await this.#turn;
  }

  async #commit(batch: SinkBatch): Promise<void> {
    const { partition, after, next } = batch;
    for (let conflicts = 0;; conflicts++) {
      const found = this.#marks.get(partition);
      if (!sameMark(found ?? FIRST, after)) throw new SinkFenced(this.name, batch, found);
      const sequence = await this.#publish(batch);
      if (sequence !== undefined) {
        this.#last = sequence;
        this.#marks.set(partition, next);
        await this.options.step?.("published");
        return;
      }
      if (conflicts === CONFLICTS_MAX) throw this.#error("commit to", new Error("others are always first"));
      await this.#refresh();
    }
  }

  /** Sequence of its last message; undefined when the stream's last one is not the one we know. */
  async #publish({ partition, next, outputs }: SinkBatch): Promise<number | undefined> {
    const { link, pipeline, step } = this.options;
    await step?.("begin");
    if (!link.connected) await link.ready();
    const id = `${this.#id}-${++this.#batches}`;
    const last = outputs.length - 1;
    for (let at = 0; at < last; at++) {
      if (at === 1) await step?.("half");
      const fence = at === 0 ? `Nats-Expected-Last-Sequence: ${this.#last}\r\n` : "";
      link.nc.publish(subjectOf(pipeline, outputs[at]), outputs[at].payload, {
        headers: encoded(`${fence}${inBatch(id, at)}${described(pipeline, outputs[at])}`),
      });
    }
    await step?.("end");
    const fence = last === 0 ? `Nats-Expected-Last-Sequence: ${this.#last}\r\n` : "";
    const whole = last === 0 ? "" : `${inBatch(id, last)}Nats-Batch-Commit: 1\r\n`;
    const marks = `${MARKS}: ${this.#vector(partition, next)}\r\n`;
    const subject = subjectOf(pipeline, outputs[last]);
    const answer = await link.nc.request(subject, outputs[last].payload, {
      timeout: ANSWER_MS_MAX,
      headers: encoded(`${fence}${whole}${marks}${described(pipeline, outputs[last])}`),
    }).then(readAnswer, (cause) => ({ kind: "unknown" as const, cause }));
    if (answer.kind === "stored") return answer.sequence;
    if (answer.kind === "refused" && WRONG_LAST_SEQUENCE.includes(answer.code)) return undefined;
    throw this.#error(
      "commit to",
      answer.kind === "unknown" ? answer.cause : new Error(`${answer.detail} (${answer.code})`),
    );
  }

  #vector(partition: number, next: SinkMark): string {
    const marks = new Map(this.#marks).set(partition, next);
    return [...marks].map(([each, mark]) => `${each}=${formatMark(mark)}`).join(" ");
  }

  /** Reads from the stream itself where each partition stands. */
  async #refresh(): Promise<void> {
    const { link: { jsm }, stream } = this.options;
    try {
      const { state } = await jsm.streams.info(stream);
      if (state.messages === 0 && state.last_seq > 0) {
        throw new Error(
          `its ${state.last_seq} messages were removed, and with them where to go on. Delete the stream to ` +
            `publish everything from the beginning, or name another one`,
        );
      }
      const marks = new Map<number, SinkMark>();
      let told = state.last_seq === 0;
      const first = Math.max(1, state.first_seq, state.last_seq - TAIL + 1);
      // Newest first: what a message says stands, and the first that speaks for all partitions ends it.
      for (let sequence = state.last_seq; sequence >= first && !told; sequence--) {
        const message = await jsm.streams.getMessage(stream, { seq: sequence });
        if (message) told = note(marks, message.header);
      }
      // Back at the very beginning nothing is missing: the first batch was torn.
      if (!told && (first > 1 || marks.size === 0)) {
        throw new Error(
          `none of its newest ${TAIL} messages says where to go on: somebody else writes to it, or an ` +
            `earlier version did. Name another stream`,
        );
      }
      this.#last = state.last_seq;
      this.#marks = marks;
    } catch (error) {
      throw this.#error("resume", error);
    }
  }

  #error(action: string, cause: unknown): Error {
    return new Error(
      `Cannot ${action} the ${this.name}: ${
        (cause as Error).message
      }. Check that the server is 2.12 or newer, ` +
        `has JetStream and space, and that nothing else writes to that stream.`,
      { cause },
    );
  }
}

/** What one message says of its own partition, and whether it spoke for all. */
function note(marks: Map<number, SinkMark>, header: MsgHdrs): boolean {
  const set = (partition: number, mark: SinkMark) => {
    const known = marks.get(partition);
    if (!known || compareMarks(known, mark) < 0) marks.set(partition, mark);
  };
  const match = /^(\d+)\.(\d+)\./.exec(header.get(OUTPUT_HEADERS.position));
  if (!match) return false;
  set(Number(match[1]), { frame: Number(match[2]), output: Number(header.get(OUTPUT_HEADERS.output)) + 1 });
  const all = header.get(MARKS);
  if (!all) return false;
  for (const each of all.split(" ")) {
    const [partition, frame, output] = each.split(/[=.]/).map(Number);
    set(partition, { frame, output });
  }
  return true;
}

function subjectOf(pipeline: string, { key }: Output): string {
  return outputSubject(pipeline, keyToken(key));
}

function inBatch(id: string, at: number): string {
  return `Nats-Batch-Id: ${id}\r\nNats-Batch-Sequence: ${at + 1}\r\n`;
}

function described(pipeline: string, output: Output): string {
  const { partition, frame, event } = output.position;
  return `${OUTPUT_HEADERS.id}: ${outputId(pipeline, output)}\r\n` +
    `${OUTPUT_HEADERS.position}: ${partition}.${frame}.${event}\r\n` +
    `${OUTPUT_HEADERS.output}: ${output.output}\r\n` +
    (output.channel === 0 ? "" : `${OUTPUT_HEADERS.channel}: ${output.channel}\r\n`);
}

const TEXT = new TextEncoder();

/** The library asks headers for nothing but their bytes; made by hand they cost a tenth. */
function encoded(lines: string): MsgHdrs {
  const bytes = TEXT.encode(`NATS/1.0\r\n${lines}\r\n`);
  return { encode: () => bytes } as unknown as MsgHdrs;
}
