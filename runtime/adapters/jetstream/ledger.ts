/**
 * The ledger on NATS JetStream: one stream of one subject per chain. The stream's own sequence is the chain's,
 * and `Nats-Expected-Last-Sequence` is the fence; such appends pipeline, on one replica and on three. The
 * dedupe window plays no part.
 */
import {
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { Clock } from "../../world/clock.ts";
import type { Appended, Chain, Durability, Extent, Ledger, Stored } from "../../world/ledger.ts";
import { checkChainName, compareText } from "../names.ts";
import { type NatsLink, patiently, SILENCE } from "./connection.ts";
import { checkDurability, type ServerSync } from "./durability.ts";
import { Notes } from "./notes.ts";
import { NO_RESPONDERS, type PublishAnswer, Publisher } from "./publisher.ts";

export interface JetStreamLedgerOptions {
  readonly link: NatsLink;
  readonly clock: Clock;
  /** Keeps ledgers of one account apart: `[A-Za-z0-9]+`. Default: main. */
  readonly prefix?: string;
  /** Default: process. */
  readonly durability?: Durability;
  /** 1, 3 or 5. Default: 3 for quorum-fsync, 1 otherwise. */
  readonly replicas?: number;
  /** What the servers' `jetstream { sync_interval }` is set to; see durability.ts. Default: default. */
  readonly serverSync?: ServerSync;
  /** How long an append waits for its answer before it is unknown. */
  readonly timeoutMs?: number;
  /** Appends per chain that may usefully be in flight. */
  readonly inFlightMax?: number;
  /** Bytes a chain may hold on the server; appends beyond fail. Default: unlimited. */
  readonly chainBytesMax?: number;
}

const TIMEOUT_MS = 5000;
const IN_FLIGHT_MAX = 8;
/** Beyond this many in flight on a chain an append fails: the library would buffer without bound. */
const IN_FLIGHT_LIMIT = 1024;
/** Headers count towards the server's limit on a message; ours take about 60 bytes. */
const HEADER_BYTES_MAX = 128;
/** Messages a bulk read asks for ahead. */
const READ_AHEAD = 128;

const WRONG_LAST_SEQUENCE = 10071;
const STREAM_NOT_FOUND = 10059;

export function jetstreamLedger(options: JetStreamLedgerOptions): Promise<Ledger> {
  return Promise.resolve().then(() => new JetStreamLedger(options));
}

export class JetStreamLedger implements Ledger {
  readonly name: string;
  readonly durability: Durability;
  readonly link: NatsLink;
  readonly publisher: Publisher;
  readonly notes: Notes;
  readonly #prefix: string;
  readonly #replicas: number;
  #closed = false;

  constructor(readonly options: JetStreamLedgerOptions) {
    this.link = options.link;
    this.durability = options.durability ?? "process";
    this.#prefix = options.prefix ?? "main";
    if (!/^[A-Za-z0-9]{1,32}$/.test(this.#prefix)) {
      throw new Error(
        `Cannot use ledger prefix ${JSON.stringify(this.#prefix)}: it is 1 to 32 of [A-Za-z0-9].`,
      );
    }
    this.#replicas = options.replicas ?? (this.durability === "quorum-fsync" ? 3 : 1);
    checkDurability(this.durability, this.#replicas, options.serverSync ?? "default");
    this.name = `jetstream ${this.link.name}`;
    this.notes = new Notes(this, this.#prefix, this.#replicas);
    this.publisher = new Publisher(this.link, options.clock, options.timeoutMs ?? TIMEOUT_MS);
  }

  async open(name: string, first = 1): Promise<Chain> {
    checkChainName(name);
    if (this.#closed) throw new Error(`Cannot open chain ${name}: the ledger is closed.`);
    const stream = `MILLRACE_${this.#prefix}_${name}`;
    const subject = this.#subject(name);
    const action = `open chain ${name} in ${this.name}`;
    let isNew = false;
    const create = () => {
      isNew = true;
      return this.#create(stream, subject, first);
    };
    const info = await this.ask(action, async () => await this.#find(stream) ?? await create());
    this.#check(info, subject, name);
    if (isNew) await this.ask(action, () => this.#reach(subject));
    return new JetStreamChain(this, name, stream, subject);
  }

  async chains(): Promise<string[]> {
    const names: string[] = [];
    await this.link.ready();
    const start = `MILLRACE_${this.#prefix}_`;
    for await (const stream of this.link.jsm.streams.names(this.#subject("*"))) {
      if (stream.startsWith(start)) names.push(stream.slice(start.length));
    }
    return names.sort(compareText);
  }

  /** The connection is the caller's, and stays. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.notes.close();
    this.publisher.close();
  }

  #subject(name: string): string {
    return `millrace.ledger.${this.#prefix}.${name}`;
  }

  async #find(stream: string): Promise<StreamInfo | undefined> {
    try {
      return await this.link.jsm.streams.info(stream);
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return undefined;
      throw error;
    }
  }

  #create(stream: string, subject: string, first: number): Promise<StreamInfo> {
    return this.link.jsm.streams.add({
      name: stream,
      subjects: [subject],
      description: "Millrace ledger: written by one fenced writer only",
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      num_replicas: this.#replicas,
      max_msg_size: this.link.nc.info!.max_payload,
      max_bytes: this.options.chainBytesMax ?? -1,
      // Direct reads may be stale; without them no client can read a tail that is not there any more.
      allow_direct: false,
      ...(first > 1 ? { first_seq: first } : {}),
      deny_delete: true,
    });
  }

  /**
   * Fails as long as appends do not get to the stream: in a cluster its leader may be another server than ours,
   * which hears only a moment after the stream was made that somebody listens. Asked with an append behind a
   * sequence that no stream has.
   */
  async #reach(subject: string): Promise<void> {
    const answer = await new Promise<PublishAnswer>((resolve) =>
      this.publisher.publish(subject, Number.MAX_SAFE_INTEGER, new Uint8Array(), resolve)
    );
    if (answer.kind === "unknown") throw new Error(`unavailable: ${answer.cause.message}`);
    if (answer.kind === "refused" && answer.code === NO_RESPONDERS) {
      throw new Error(`unavailable: ${answer.detail}`);
    }
  }

  /** A stream somebody made by hand may break promises silently: each that matters is looked at. */
  #check({ config }: StreamInfo, subject: string, name: string): void {
    const wrong: string[] = [];
    const expect = (what: string, is: unknown, wanted: unknown) => {
      if (is !== wanted) wrong.push(`${what} is ${is}, not ${wanted}`);
    };
    expect("subjects", config.subjects?.join(" "), subject);
    expect("storage", config.storage, StorageType.File);
    expect("retention", config.retention, RetentionPolicy.Limits);
    expect("discard", config.discard, DiscardPolicy.New);
    expect("max_age", config.max_age ?? 0, 0);
    expect("max_msgs", config.max_msgs ?? -1, -1);
    expect("num_replicas", config.num_replicas, this.#replicas);
    if (config.sources?.length || config.mirror) wrong.push("it copies another stream");
    if (wrong.length === 0) return;
    throw new Error(
      `Cannot open chain ${name} in ${this.name}: stream ${config.name} does not fit: ${wrong.join("; ")}. ` +
        "Correct it, or use another prefix.",
    );
  }

  /** For questions, which are harmless to repeat. */
  async ask<T>(action: string, body: () => Promise<T>, given = () => this.#closed): Promise<T> {
    try {
      return await patiently(async () => {
        await this.link.ready();
        return await body();
      }, (message) => SILENCE.test(message) && !given());
    } catch (cause) {
      throw new Error(`Cannot ${action}: ${(cause as Error).message}`, { cause });
    }
  }
}

class JetStreamChain implements Chain {
  readonly messageBytesMax: number;
  readonly inFlightMax: number;
  #inFlight = 0;
  #closed = false;
  /** Why the newest append failed: those in flight behind it failed with it, and were not fenced off. */
  #failure: { after: number; cause: Error } | undefined;

  constructor(
    private readonly ledger: JetStreamLedger,
    readonly name: string,
    private readonly stream: string,
    private readonly subject: string,
  ) {
    this.messageBytesMax = ledger.link.nc.info!.max_payload - HEADER_BYTES_MAX;
    this.inFlightMax = ledger.options.inFlightMax ?? IN_FLIGHT_MAX;
  }

  async extent(): Promise<Extent> {
    // The note first: somebody else may append between the two.
    const acknowledged = await this.ledger.notes.read(this.name);
    const extent = await this.#bounds();
    return acknowledged > extent.last ? { ...extent, acknowledged } : extent;
  }

  async #bounds(): Promise<Extent> {
    const { state } = await this.#ask(
      "read the extent",
      () => this.ledger.link.jsm.streams.info(this.stream),
    );
    return { first: Math.max(1, state.first_seq), last: state.last_seq };
  }

  append(after: number, message: Uint8Array): Promise<Appended> {
    const refusal = this.#refusal(message);
    if (refusal) return Promise.resolve({ ...this.#failed(after, refusal), lasting: this.#closed });
    return new Promise((resolve) => {
      this.#inFlight++;
      this.ledger.publisher.publish(this.subject, after, message, (answer) => {
        this.#inFlight--;
        resolve(this.#outcome(after, answer));
      });
    });
  }

  async get(sequence: number): Promise<Uint8Array | undefined> {
    if (sequence < 1) return undefined;
    const { streams } = this.ledger.link.jsm;
    const found = await this.#ask(
      `read message ${sequence}`,
      () => streams.getMessage(this.stream, { seq: sequence }),
    );
    return found ? plain(found.data) : undefined;
  }

  async *read(from: number, to?: number): AsyncIterable<Stored> {
    const { first, last } = await this.#bounds();
    const end = Math.min(to ?? last, last);
    let next = Math.max(from, first);
    while (next <= end) {
      // A consumer costs the server more than a few questions do.
      if (end - next >= FEW) {
        for await (const stored of this.#consume(next, end)) {
          yield stored;
          next = stored.sequence + 1;
        }
      }
      // A consumer may stand on a replica that has not caught up, or went away with its server: the stream's
      // leader has what is wanted, one by one.
      for (let i = 0; i < FROM_LEADER && next <= end; i++, next++) {
        const message = await this.get(next);
        if (message) yield { sequence: next, message };
      }
    }
  }

  async *follow(from: number, signal: AbortSignal): AsyncIterable<Stored & { last: number }> {
    const { clock } = this.ledger.options;
    for (let next = from; !signal.aborted && !this.#closed;) {
      try {
        for await (const stored of this.#consumeNew(next, signal)) {
          yield stored;
          next = stored.sequence + 1;
        }
      } catch (error) {
        // One that is cut off follows again when it is not.
        if (this.#closed || !SILENCE.test((error as Error).message)) throw error;
      }
      await clock.sleep(FOLLOW_RETRY_MS, signal);
    }
  }

  /** Messages as they come; ends when the consumer does, and at the signal. */
  async *#consumeNew(start: number, signal: AbortSignal): AsyncIterable<Stored & { last: number }> {
    const consumer = await this.#ask("follow", () =>
      this.ledger.link.js.consumers.get(this.stream, {
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: start,
      }));
    const messages = await consumer.consume({
      max_messages: READ_AHEAD,
      idle_heartbeat: FOLLOW_HEARTBEAT_MS,
    });
    const stop = () => messages.stop();
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const message of messages) {
        if (signal.aborted) return;
        const { seq, data, info: { pending } } = message;
        yield { sequence: seq, message: plain(data), last: seq + pending };
      }
    } finally {
      signal.removeEventListener("abort", stop);
      messages.stop();
      // Not waited for: whoever follows has something to do when it is over.
      consumer.delete().catch(() => false);
    }
  }

  /** Messages as a consumer gives them; ends early where it gives none for a while. */
  async *#consume(start: number, end: number): AsyncIterable<Stored> {
    // An ordered consumer: no acknowledgements, and it starts anew by itself where a gap shows.
    const consumer = await this.#ask("read", () =>
      this.ledger.link.js.consumers.get(this.stream, {
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: start,
      }));
    const messages = await consumer.consume({ max_messages: Math.min(READ_AHEAD, end - start + 1) });
    const { clock } = this.ledger.options;
    const watch = () => clock.after(STALLED_MS, () => messages.stop());
    let cancel = watch();
    try {
      for await (const message of messages) {
        cancel();
        if (message.seq <= end) yield { sequence: message.seq, message: plain(message.data) };
        if (message.seq >= end || message.info.pending === 0) return;
        cancel = watch();
      }
    } finally {
      cancel();
      messages.stop();
      // Otherwise it would stay on the server for its five minutes of inactivity.
      await consumer.delete().catch(() => false);
    }
  }

  async purge(sequence: number): Promise<void> {
    if (sequence < 1) return;
    const { last } = await this.#bounds();
    const seq = Math.min(sequence, last) + 1;
    await this.#ask(
      `purge up to ${sequence}`,
      () => this.ledger.link.jsm.streams.purge(this.stream, { seq }),
    );
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #refusal(message: Uint8Array): string | undefined {
    if (this.#closed) return "the chain is closed.";
    if (message.length > this.messageBytesMax) {
      return `${message.length} bytes exceed the server's ${this.messageBytesMax} per message (max_payload).`;
    }
    if (this.#inFlight >= IN_FLIGHT_LIMIT) return `${this.#inFlight} appends are in flight already.`;
  }

  #outcome(after: number, answer: PublishAnswer): Appended {
    switch (answer.kind) {
      case "stored":
        this.#failure = undefined;
        if (answer.sequence === after + 1) {
          this.ledger.notes.acknowledged(this.name, answer.sequence);
          return answer;
        }
        return { kind: "unknown", cause: new Error(`stored as ${answer.sequence}, not ${after + 1}`) };
      case "unknown":
        return answer;
      case "refused": {
        if (answer.code !== WRONG_LAST_SEQUENCE) {
          const failed = this.#failed(after, `${answer.detail} (${answer.code}).${remedy(answer.code)}`);
          this.#failure ??= { after, cause: failed.cause };
          return failed;
        }
        if (this.#failure && after > this.#failure.after) {
          return { kind: "failed", cause: this.#failure.cause };
        }
        return { kind: "fenced", detail: answer.detail };
      }
    }
  }

  #failed(after: number, why: string): { kind: "failed"; cause: Error } {
    const where = `chain ${this.name} in ${this.ledger.name}`;
    return { kind: "failed", cause: new Error(`Cannot append ${after + 1} to ${where}: ${why}`) };
  }

  #ask<T>(action: string, body: () => Promise<T>): Promise<T> {
    const where = `chain ${this.name} in ${this.ledger.name}`;
    return this.ledger.ask(`${action} of ${where}`, body, () => this.#closed);
  }
}

/** Some runtimes hand out Buffers; ours are plain bytes. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A consumer that gives nothing for so long is left. */
const STALLED_MS = 2_000;
/** So many messages are asked for one by one. */
const FEW = 4;
/** A consumer that misses two of these begins anew: its server was another one, or forgot it. */
const FOLLOW_HEARTBEAT_MS = 1_000;
const FOLLOW_RETRY_MS = 100;
/** Messages read from the leader before a consumer is tried again. */
const FROM_LEADER = 64;

/** JetStream's codes for what an operator can mend. */
function remedy(code: number): string {
  if (code === NO_RESPONDERS) {
    return " Start a nats-server with JetStream there; appends go on when it answers.";
  }
  if ([10023, 10028, 10047, 10077].includes(code)) {
    return " Free space on the server, or raise its JetStream limits; appends then go on.";
  }
  return "";
}
