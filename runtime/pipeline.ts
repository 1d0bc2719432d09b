/**
 * The road one event travels:
 *
 * 1. admit     bounds and state are checked; a refusal keeps nothing         (here)
 * 2. key       found in the encoded bytes; reference data goes everywhere    (ingress/key.ts)
 * 3. partition FNV-1a of the key                                             (ingress/partition.ts)
 * 4. mailbox   bounded; the event is copied in as it will stand in the frame (partition/mailbox.ts)
 * 5. kernel    one crossing a frame; pure, synchronous                       (kernel/host.ts)
 * 6. frame     events, clock, effects, chain: one ledger message, fenced     (partition/frame.ts)
 * 7. release   once durable, in order: the reply, outputs, dead letters      (partition/release.ts)
 * 8. checkpoint every so many events, beside the ledger                      (checkpoint/checkpoint.ts)
 */
import type { Pipeline, Topology } from "./declare.ts";
import type {
  Admission,
  DeadLetter,
  LateEvent,
  Mark,
  OfferOptions,
  Outcome,
  Output,
  Position,
  Runtime,
  Status,
  ViewQuery,
  ViewRows,
} from "./runtime.ts";
import { eventFromJsonBytes, JSON_TYPE } from "./ingress/json.ts";
import { BROADCAST, type KeyExtractor, NO_KEY } from "./ingress/key.ts";
import type { Lookups } from "./ingress/lookup_gate.ts";
import { partitionOf } from "./ingress/partition.ts";
import { ifRetained } from "./checkpoint/retention.ts";
import { outputsOf, releasedFrames } from "./output/reader.ts";
import type { SinkRun } from "./output/sinks.ts";
import type { Ownership } from "./ownership.ts";
import { merge } from "./output/merge.ts";
import type { EventFields } from "./partition/mailbox.ts";
import type { Partition } from "./partition/partition.ts";
import { NotServing } from "./partition/readiness.ts";
import { EVENT_KIND, EventCursor } from "./partition/records.ts";
import { readFrame } from "./partition/recover.ts";
import { RejectReason } from "./proto/gen/frame_pb.ts";
import type { InputGate, InputReader, Inputs } from "./stream/inputs.ts";
import type { Correction } from "./stream/corrections.ts";
import { readLate, readView, tellCorrections, tellMark } from "./stream/serve.ts";
import type { World } from "./world/mod.ts";
import type { SinkDeadLetter } from "./world/sink.ts";

export interface Stage {
  readonly pipeline: Pipeline;
  readonly partitions: readonly Partition[];
  readonly keys: KeyExtractor;
  readonly lookups?: Lookups;
  readonly inputs: Inputs;
}

/** Longest event id, bytes. */
const ID_BYTES_MAX = 256;
/** At its end the runtime waits so long for what is looked up. */
const ANSWERS_MS_MAX = 5_000;
/** Wait before a full mailbox is offered the same event again. */
const RETRY_MS = 5;
/** The same while a partition is being restored, which takes longer. */
const RETRY_RESTORED_MS = 20;
const RETRY_AFTER_MS = {
  full: 1000,
  ahead: 1000,
  unavailable: 1000,
  "no-key": 0,
  "too-large": 0,
  unknown: 0,
};
const DEAD_LETTERS_PAGE = 100;

const TEXT = new TextEncoder();
const UTF8 = new TextDecoder();

export class Road implements Runtime {
  readonly topology: Topology;
  readonly ready: Promise<void>;
  ended!: Promise<Error | undefined>;
  readonly #world: World;
  readonly #stages: Map<string, Stage>;
  readonly #stop: AbortController;
  readonly #sinks: readonly SinkRun[];
  readonly #ownership: Ownership | undefined;
  #end: Status["state"] | undefined;
  /** It takes no more events, and waits for answers to those it took. */
  #closing = false;

  constructor(
    topology: Topology,
    world: World,
    stages: Map<string, Stage>,
    stop: AbortController,
    sinks: readonly SinkRun[] = [],
    ownership?: Ownership,
  ) {
    this.#ownership = ownership;
    this.topology = topology;
    this.#world = world;
    this.#stages = stages;
    this.#stop = stop;
    this.#sinks = sinks;
    this.ready = Promise.all(this.partitions().map((partition) => partition.readiness.serves())).then(() =>
      undefined
    );
    this.ready.catch(() => {});
  }

  get standsBy(): boolean {
    return this.#ownership?.standsBy ?? false;
  }

  run(tree: Promise<void>): void {
    this.ended = tree.then(() => undefined, (error: Error) => error).then((error) => {
      this.#end = "ended";
      const cause = error ?? new Error("the runtime has stopped");
      for (const partition of this.partitions()) {
        if (partition.state !== "stopped") partition.failed(cause);
        else partition.ended(cause);
      }
      const lookups = [...this.#stages.values()].flatMap((stage) => stage.lookups ?? []);
      if (lookups.length === 0) return error;
      return Promise.allSettled(lookups.map((each) => each.close())).then(() => error);
    });
  }

  partitions(): Partition[] {
    return [...this.#stages.values()].flatMap((stage) => stage.partitions);
  }

  offer(
    name: string,
    payload: Uint8Array,
    options: OfferOptions,
    done: (outcome: Outcome) => void,
  ): Admission {
    const stage = this.#stages.get(name);
    if (!stage) return "unknown";
    const { partitions } = stage;
    if (options.unfit) return this.#unfit(partitions[0], payload, options, done);
    if (payload.length > partitions[0].payloadBytesMax) return "too-large";
    const index = stage.keys.partition(payload, partitions.length);
    if (index === NO_KEY) return "no-key";
    const fields = eventFields(options);
    if (fields === null) return "too-large";
    if (index === BROADCAST) return this.#broadcast(stage, payload, fields, done);
    const partition = partitions[index];
    if (this.#stop.signal.aborted || !this.#takes(partition)) return "unavailable";
    // What reads from somewhere is held back where it reads: what waits behind this event may be the slowest.
    if (stage.inputs.aligned && options.source === undefined && stage.inputs.refuses(payload)) return "ahead";
    return partition.offer(payload, fields, done) ? "admitted" : "full";
  }

  /** What has no key has no partition of its own: the first one keeps it. */
  #unfit(
    partition: Partition,
    payload: Uint8Array,
    options: OfferOptions,
    done: (outcome: Outcome) => void,
  ): Admission {
    if (this.#stop.signal.aborted || !this.#takes(partition)) return "unavailable";
    const kept = payload.subarray(0, partition.recordBytesMax);
    return partition.offer(kept, eventFields(options)!, done) ? "admitted" : "full";
  }

  /** Reference data: to every partition or to none; answered when the last one has it. */
  #broadcast(
    { partitions }: Stage,
    payload: Uint8Array,
    fields: EventFields | undefined,
    done: (outcome: Outcome) => void,
  ): Admission {
    if (this.#stop.signal.aborted || !partitions.every((each) => this.#takes(each))) return "unavailable";
    if (partitions.some((each) => each.full)) return "full";
    const outcomes: Outcome[] = [];
    for (const partition of partitions) {
      partition.offer(payload, fields, (outcome) => {
        outcomes.push(outcome);
        if (outcomes.length === partitions.length) done(gravest(outcomes));
      });
    }
    return "admitted";
  }

  /** A restarting partition still takes events: its mailbox outlives it. A recovering one has no answer yet. */
  #takes({ state }: Partition): boolean {
    return !this.#closing && (state === "serving" || state === "restarting");
  }

  submit(name: string, payload: Uint8Array, options: OfferOptions = {}): Promise<Outcome> {
    return new Promise((resolve) => {
      const admission = this.offer(name, payload, options, resolve);
      if (admission !== "admitted") {
        resolve({ kind: "refused", admission, retryAfterMs: RETRY_AFTER_MS[admission] });
      }
    });
  }

  /**
   * Offers until admitted: for feeds, which must not lose an event and can wait. Undefined when it was admitted at
   * once, as most are: waiting for each costs more than offering it.
   */
  offerPatiently(name: string, signal: AbortSignal) {
    return (payload: Uint8Array, options: OfferOptions, done: (outcome: Outcome) => void) => {
      const refusal = (): "full" | "unavailable" | undefined => {
        const admission = signal.aborted ? "admitted" : this.offer(name, payload, options, done);
        if (admission === "admitted") return undefined;
        if (admission === "full" || admission === "unavailable") return admission;
        throw new Error(`Cannot give an event of ${options.source} to ${name}: ${admission}`);
      };
      const first = refusal();
      return first && this.#again(first, refusal, signal);
    };
  }

  async #again(
    first: "full" | "unavailable",
    refusal: () => "full" | "unavailable" | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    for (let refused: typeof first | undefined = first; refused; refused = refusal()) {
      await this.#world.clock.sleep(refused === "full" ? RETRY_MS : RETRY_RESTORED_MS, signal);
    }
  }

  /** Tells every partition a watermark, each when it has room; answered when the last one has it. */
  markPatiently(name: string, signal: AbortSignal) {
    return async (
      payload: Uint8Array,
      options: OfferOptions,
      done: (outcome: Outcome) => void,
    ): Promise<void> => {
      const { partitions } = this.#stage(name);
      const fields: EventFields = { ...eventFields(options), kind: EVENT_KIND.WATERMARK };
      const outcomes: Outcome[] = [];
      for (const partition of partitions) {
        const told = (outcome: Outcome) => {
          outcomes.push(outcome);
          if (outcomes.length === partitions.length) done(gravest(outcomes));
        };
        while (!signal.aborted) {
          const takes = this.#takes(partition);
          if (takes && partition.offer(payload, fields, told)) break;
          await this.#world.clock.sleep(takes ? RETRY_MS : RETRY_RESTORED_MS, signal);
        }
      }
    };
  }

  admits(name: string): { readonly open: true } | { readonly open: false; readonly retryAfterMs: number } {
    const stage = this.#stages.get(name);
    if (!stage || this.#stop.signal.aborted) return { open: false, retryAfterMs: RETRY_AFTER_MS.unavailable };
    for (const partition of stage.partitions) {
      if (!this.#takes(partition)) return { open: false, retryAfterMs: RETRY_AFTER_MS.unavailable };
      if (partition.full) return { open: false, retryAfterMs: RETRY_AFTER_MS.full };
    }
    return { open: true };
  }

  query(name: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    const { partitions } = this.#stage(name);
    return partitions[partitionOf(key, partitions.length)].query(key);
  }

  async applied(name: string, source: string): Promise<{ least: number; most: number }> {
    const bytes = TEXT.encode(source);
    const marks = await Promise.all(this.#stage(name).partitions.map((each) => each.sourceMark(bytes)));
    return { least: Math.min(...marks), most: Math.max(...marks) };
  }

  async recorded(name: string, position: Position): Promise<Uint8Array> {
    const partition = this.#stage(name).partitions[position.partition];
    const recent = partition.history.recent(position.frame);
    if (recent) return eventAt(recent.events, position).payload;
    return (await this.#readEvent(partition, position)).payload;
  }

  async deadLetters(
    name: string,
    { after, limit = DEAD_LETTERS_PAGE }: { after?: Position; limit?: number } = {},
  ): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    for (const partition of this.#stage(name).partitions) {
      for (const [frame, event, reason] of partition.history.deadLetters) {
        const position = { partition: partition.index, frame, event };
        if (after && comparePositions(position, after) <= 0) continue;
        if (letters.length >= limit) return letters;
        const letter = await ifRetained(partition.history, this.#readEvent(partition, position));
        if (letter) letters.push({ ...letter, position, reason });
      }
    }
    return letters;
  }

  async redrive(name: string, position: Position): Promise<Outcome> {
    const partition = this.#stage(name).partitions[position.partition];
    const known = partition?.history.deadLetters.some(([frame, event]) =>
      frame === position.frame && event === position.event
    );
    if (!known) {
      throw new Error(
        `Cannot redrive ${formatPosition(position)} of ${name}: there is no dead letter at that position`,
      );
    }
    const { payload, type, reason } = await this.#readEvent(partition, position);
    if (reason === RejectReason.TOO_LARGE) {
      return { kind: "refused", admission: "too-large", retryAfterMs: RETRY_AFTER_MS["too-large"] };
    }
    const { input } = this.#stage(name).pipeline;
    const event = type === JSON_TYPE ? eventFromJsonBytes(input, payload) : payload;
    return this.submit(name, event, { id: `redrive/${formatPosition(position)}` });
  }

  async *outputs(
    name: string,
    from: "start" | "now" | readonly Position[],
    given: AbortSignal,
  ): AsyncGenerator<Output> {
    const { partitions } = this.#stage(name);
    const world = this.#world;
    // Whoever leaves in the middle ends the waiting of all partitions for more.
    const left = new AbortController();
    const leave = () => left.abort();
    if (given.aborted) leave();
    given.addEventListener("abort", leave, { once: true });
    const { signal } = left;
    async function* of(partition: Partition): AsyncGenerator<Output> {
      await partition.readiness.ready(signal);
      if (signal.aborted) return;
      const position = typeof from === "string"
        ? undefined
        : from.find((each) => each.partition === partition.index);
      const first = from === "now" ? partition.history.durable + 1 : position?.frame ?? "start";
      for await (const frame of releasedFrames(partition, world, first, signal)) {
        for (const output of outputsOf(frame, partition)) {
          if (position && frame.number === position.frame && output.position.event <= position.event) {
            continue;
          }
          yield output;
        }
      }
    }
    try {
      yield* merge(partitions.map(of), signal);
    } finally {
      leave();
      given.removeEventListener("abort", leave);
    }
  }

  sinkDeadLetters(name: string, limit?: number): Promise<SinkDeadLetter[]> {
    return this.#sink(name).deadLetters(limit);
  }

  redriveSink(name: string, id: string): Promise<"taken" | "refused" | "unknown"> {
    return this.#sink(name).redrive(id);
  }

  reads(name: string, reader: InputReader): InputGate {
    return this.#stage(name).inputs.attach(reader);
  }

  async mark(name: string, mark: Mark): Promise<void> {
    await tellMark(
      this.#stage(name),
      mark,
      (partition) => this.#takes(partition),
      this.#world,
      this.#stop.signal,
    );
  }

  async correct(name: string, partition: number, rows: readonly Correction[]): Promise<void> {
    const takes = (each: Partition) => this.#takes(each);
    await tellCorrections(this.#stage(name), partition, rows, takes, this.#world, this.#stop.signal);
  }

  async settled(name: string): Promise<void> {
    const { partitions } = this.#stage(name);
    while (!partitions.every(({ settled }) => settled)) {
      if (this.#stop.signal.aborted) throw new Error(`Cannot wait for ${name}: the runtime is stopping`);
      const down = partitions.find(({ state }) => state === "failed");
      if (down) throw new NotServing(`Cannot wait for ${down.name}: it is down. ${down.status().lastError}`);
      await this.#world.clock.sleep(RETRY_MS, this.#stop.signal);
    }
  }

  view(name: string, view: string, query: ViewQuery = {}): Promise<ViewRows> {
    return readView(this.#stage(name), view, query);
  }

  lateEvents(
    name: string,
    options: { after?: Position; limit?: number } = {},
  ): Promise<LateEvent[]> {
    return readLate(this.#stage(name), this.#world, options);
  }

  status(): Status {
    const partitions = this.partitions().map((partition) => partition.status());
    const state = this.#end ??
      (this.#stop.signal.aborted
        ? "stopping"
        : partitions.some((each) => each.state === "failed")
        ? "degraded"
        : this.#ownership?.standsBy
        ? "standby"
        : partitions.some((each) => each.state === "recovering" || each.state === "standby")
        ? "starting"
        : partitions.some((each) => each.state === "restarting")
        ? "degraded"
        : "serving");
    const { name, durability } = this.#world.ledger;
    const lookups = [...this.#stages.values()].flatMap((stage) => stage.lookups?.status() ?? []);
    const sinks = this.#sinks.length > 0 ? { sinks: this.#sinks.map((sink) => sink.status()) } : {};
    const asked = lookups.length > 0 ? { lookups } : {};
    const owner = state === "standby" ? { owner: this.#ownership!.seen } : {};
    return { state, ledger: name, durability, partitions, ...owner, ...sinks, ...asked };
  }

  onAppend(tell: Parameters<Runtime["onAppend"]>[0]): () => void {
    const told = this.partitions().map((partition) => {
      const own = (micros: number) => tell(partition.pipeline.name, partition.index, micros);
      partition.onAppend.add(own);
      return () => partition.onAppend.delete(own);
    });
    return () => told.forEach((forget) => forget());
  }

  async stop(): Promise<void> {
    await this.#answersCome();
    this.#stop.abort();
    await this.ended;
  }

  /** What is admitted and still looked up is waited for, so long; then its outcome is not known. */
  async #answersCome(): Promise<void> {
    const waits = () => this.partitions().some(({ gate }) => gate !== undefined && gate.waiting > 0);
    for (let waitedMs = 0; waits() && waitedMs < ANSWERS_MS_MAX; waitedMs += RETRY_MS) {
      this.#closing = true;
      await this.#world.clock.sleep(RETRY_MS, this.#stop.signal);
    }
  }

  #stage(name: string): Stage {
    const stage = this.#stages.get(name);
    if (!stage) {
      throw new Error(`Cannot find pipeline "${name}": there is ${[...this.#stages.keys()].join(", ")}`);
    }
    return stage;
  }

  #sink(name: string): SinkRun {
    const sink = this.#sinks.find((each) => each.name === name);
    if (!sink) {
      const names = this.#sinks.map((each) => each.name).join(", ") || "none";
      throw new Error(`Cannot find sink "${name}": there is ${names}`);
    }
    return sink;
  }

  async #readEvent(partition: Partition, position: Position) {
    const chain = await this.#world.ledger.open(partition.name);
    try {
      const frame = await readFrame(chain, position.frame);
      const { payload, id, source, sequence, type, reason } = eventAt(frame.events, position);
      return {
        payload,
        id,
        clock: frame.clock,
        reason,
        ...(source.length > 0 ? { source: UTF8.decode(source), sequence } : {}),
        ...(type.length > 0 ? { type: UTF8.decode(type) } : {}),
      };
    } finally {
      await chain.close();
    }
  }
}

function eventAt(events: Uint8Array, position: Position): EventCursor {
  const cursor = new EventCursor(events);
  for (let i = 0; i <= position.event; i++) {
    if (!cursor.next()) {
      throw new Error(`Cannot read event ${formatPosition(position)}: its frame ends before it`);
    }
  }
  return cursor;
}

/** "partition.frame.event": how positions are written in URLs, logs and ids. */
export function formatPosition({ partition, frame, event }: Position): string {
  return `${partition}.${frame}.${event}`;
}

export function comparePositions(a: Position, b: Position): number {
  return a.partition - b.partition || a.frame - b.frame || a.event - b.event;
}

function eventFields({ id, source, sequence, unfit }: OfferOptions): EventFields | undefined | null {
  if (id === undefined && source === undefined) return undefined;
  const bytes = typeof id === "string" ? TEXT.encode(id) : id;
  if (bytes && bytes.length > ID_BYTES_MAX) return null;
  const fields = { id: bytes, source: source === undefined ? undefined : sourceBytes(source), sequence };
  if (!unfit) return fields;
  const { reason, type } = unfit;
  return {
    ...fields,
    kind: EVENT_KIND.UNFIT,
    reason,
    type: type === undefined ? undefined : TEXT.encode(type),
  };
}

/** Sources are few, and each of their events names its own. */
const sources = new Map<string, Uint8Array>();
const SOURCES_MAX = 1024;

function sourceBytes(name: string): Uint8Array {
  let bytes = sources.get(name);
  if (!bytes) {
    if (sources.size >= SOURCES_MAX) sources.clear();
    sources.set(name, bytes = TEXT.encode(name));
  }
  return bytes;
}

/** Of the outcomes of one broadcast event, the one its sender must know. */
function gravest(outcomes: readonly Outcome[]): Outcome {
  return outcomes.find(({ kind }) => kind === "unknown") ??
    outcomes.find(({ kind }) => kind === "rejected") ??
    outcomes[0];
}
