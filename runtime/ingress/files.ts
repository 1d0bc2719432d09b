/**
 * Events from a file or standard input, once: NDJSON or CSV in, one NDJSON record per event out, in order.
 * The bytes and the place for the answers are passed in. A bad line has its own record, is kept as a dead letter
 * with its number, and the next one goes on; the input is read no faster than the pipeline takes events.
 *
 * Each event carries the source's name and its line number. The kernel's state remembers the highest line of
 * each source, so running the same file into the same ledger again changes nothing ("applied", without a
 * decision), and a run that was cut short goes on where it stopped.
 *
 * Files of different sources of one pipeline are read side by side in event time, so that a join of them keeps no
 * more of one than of the other: who is ahead waits (`runFiles`).
 */
import type { DescMessage } from "@bufbuild/protobuf";
import type { Pipeline } from "../declare.ts";
import type { OfferOptions, Outcome, PartitionStatus, Runtime } from "../runtime.ts";
import type { Clock } from "../world/mod.ts";
import { answerJson, positionJson, type Route, routesOf, standing } from "./answer.ts";
import { csvRecordsOf, ndjsonRecords, type Unfit } from "./file_records.ts";
import { NO_KEY } from "./key.ts";
import { InOrder } from "./in_order.ts";
import { noKey, problemJson } from "./problem.ts";
import { fieldOf } from "../partition/wire.ts";
import { UNFIT } from "./streams.ts";

export interface FileOptions {
  /** A pipeline or a decision group. */
  readonly pipeline: string;
  /** Name of the source, the same for the same file: its path, say. */
  readonly source: string;
  readonly format: "ndjson" | "csv";
  readonly input: AsyncIterable<Uint8Array>;
  /** Takes finished records, each ended by a newline; the next ones wait for it. */
  write(records: string): void | Promise<void>;
  /** Called after each few hundred records, and at the end. */
  progress?(summary: FileSummary): void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Longest line. Default 1 MiB. */
  readonly lineBytesMax?: number;
  /** The source whose events it has, of a pipeline of several; absent: its records are the pipeline's own message. */
  readonly of?: string;
  /** Whether to wait before the next record. */
  held?(): boolean;
}

export interface FileSummary {
  /** Bytes of the input read so far. */
  bytes: number;
  /** Records that held, or should have held, an event. */
  events: number;
  decided: number;
  /** Applied without a decision: reference data, and lines that an earlier run had already applied. */
  applied: number;
  /** Kept as dead letters. */
  rejected: number;
  /** Lines that are no event of the schema, or have no key: dead letters too. */
  invalid: number;
}

/** Events between their line and their answer. */
const IN_FLIGHT_MAX = 8192;
/** The same of a file that may have to wait for others: what is under way is more than is known of it. */
const HELD_IN_FLIGHT_MAX = 512;
const HOLD_MS = 1;
const LINE_BYTES_MAX = 1024 * 1024;
const WAIT_MS = 2;
const PROGRESS_EVERY = 500;

/**
 * Reads files of one pipeline: those of one source one after another, different sources side by side, none further
 * ahead in event time than `withinMicros` of the slowest.
 */
export async function runFiles(
  runtime: Runtime,
  files: readonly FileOptions[],
  withinMicros: number,
): Promise<FileSummary> {
  const sources = new Map<string | undefined, FileOptions[]>();
  for (const file of files) sources.set(file.of, [...sources.get(file.of) ?? [], file]);
  if (sources.size === 1) return await inTurn(runtime, files);
  const reading = [...sources].map(([of, own]) => {
    const gate = runtime.reads(own[0].pipeline, {
      inputs: of === undefined ? undefined : [of],
      withinMicros,
      upToDate: () => Promise.resolve(undefined),
    });
    return { own, gate };
  });
  const over = new AbortController();
  const done = await Promise.allSettled(reading.map(async ({ own, gate }) => {
    const held = () => !over.signal.aborted && gate.held();
    try {
      return await inTurn(runtime, own.map((file) => ({ ...file, held })));
    } catch (error) {
      over.abort(); // nobody waits for what has failed
      throw error;
    } finally {
      gate.end();
    }
  }));
  const failed = done.find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
  return done.map((each) => (each as PromiseFulfilledResult<FileSummary>).value).reduce(added);
}

async function inTurn(runtime: Runtime, files: readonly FileOptions[]): Promise<FileSummary> {
  const summaries: FileSummary[] = [];
  for (const file of files) {
    const before = summaries.reduce(added, NOTHING);
    const progress = file.progress && ((so: FileSummary) => file.progress!(added(before, so)));
    summaries.push(await runFile(runtime, { ...file, progress }));
  }
  return summaries.reduce(added, NOTHING);
}

const NOTHING: FileSummary = { bytes: 0, events: 0, decided: 0, applied: 0, rejected: 0, invalid: 0 };

function added(a: FileSummary, b: FileSummary): FileSummary {
  return {
    bytes: a.bytes + b.bytes,
    events: a.events + b.events,
    decided: a.decided + b.decided,
    applied: a.applied + b.applied,
    rejected: a.rejected + b.rejected,
    invalid: a.invalid + b.invalid,
  };
}

/** Ends with the input, or the signal. Throws when the pipeline fails for good; a later run then goes on. */
export async function runFile(runtime: Runtime, given: FileOptions): Promise<FileSummary> {
  const route = routesOf(runtime, runtime.topology).get(given.pipeline);
  if (route === undefined) {
    const known = runtime.topology.pipelines.map(({ name }) => name).join(", ");
    throw new Error(
      `Cannot run ${given.source}: there is no pipeline "${given.pipeline}". Choose one of ${known}.`,
    );
  }
  const summary: FileSummary = { bytes: 0, events: 0, decided: 0, applied: 0, rejected: 0, invalid: 0 };
  const inFlightMax = given.held ? HELD_IN_FLIGHT_MAX : IN_FLIGHT_MAX;
  const records = new InOrder<string>(inFlightMax, (batch) => given.write(batch.join("")));
  let failure: Error | undefined;
  let index = 0;

  const settle = (at: number, line: number, outcomes: readonly Outcome[]) => {
    const answer = standing(outcomes);
    const outcome = outcomes[answer.index];
    if (outcome.kind === "unknown") failure ??= outcome.cause;
    if (outcome.kind === "decided") summary.decided++;
    else if (outcome.kind === "applied") summary.applied++;
    else if (outcome.kind === "rejected") summary.rejected++;
    else if (outcome.kind === "refused") summary.invalid++;
    records.settle(at, `{"line":${line},${answerJson(route, answer).slice(1)}\n`);
  };
  const unfit = (at: number, line: number, pipeline: string, found: Unfit) => {
    const { problem, kept, ...why } = found;
    const options = { source: given.source, sequence: line, unfit: why };
    return offerPatiently(runtime, pipeline, kept, options, given, (outcome) => {
      if (outcome.kind === "unknown") failure ??= outcome.cause;
      summary.invalid++;
      const position = outcome.kind === "rejected" ? `"position":${positionJson(outcome.position)},` : "";
      records.settle(
        at,
        `{"line":${line},"status":"invalid",${position}"problem":${problemJson(problem)}}\n`,
      );
    });
  };

  const read = given.format === "ndjson" ? ndjsonRecords : csvRecordsOf;
  const input = counted(given.input, summary);
  const bytesMax = given.lineBytesMax ?? LINE_BYTES_MAX;
  const { message, wrap } = recordsOf(route.members[0].pipeline, given);
  for await (const { line, event: record } of read(message, input, bytesMax)) {
    while (given.held?.() && !given.signal.aborted && !failure) {
      await given.clock.sleep(HOLD_MS, given.signal);
    }
    if (given.signal.aborted || failure) break;
    const event = record instanceof Uint8Array ? wrap(record) : record;
    const at = index++;
    summary.events++;
    if (!(event instanceof Uint8Array)) await unfit(at, line, route.members[0].pipeline.name, event);
    else {
      const keyless = route.members.find(({ keys }) => keys.partition(event, 1) === NO_KEY)?.pipeline;
      if (keyless === undefined) {
        await offerToAll(runtime, route, event, line, given, (outcomes) => settle(at, line, outcomes));
      } else await unfit(at, line, keyless.name, unkeyed(keyless, event));
    }
    await records.room();
    if (index % PROGRESS_EVERY === 0) given.progress?.(summary);
  }
  await records.end(index);
  given.progress?.(summary);
  if (failure) {
    throw new Error(
      `Cannot go on with ${given.source}: pipeline "${route.name}" failed. Run it again: lines already applied are skipped.`,
      { cause: failure },
    );
  }
  return summary;
}

/** What a record is, and the event that it makes: where a source is named, one that holds the record in its field. */
function recordsOf(
  { name, input, inputs = [] }: Pipeline,
  { of, source }: FileOptions,
): { message: DescMessage; wrap(record: Uint8Array): Uint8Array } {
  const spec = inputs.find((each) => each.name === of);
  if (of !== undefined && !spec) {
    throw new Error(
      `Cannot run ${source}: pipeline "${name}" has no source "${of}". Choose one of ${
        inputs.map((each) => each.name).join(", ")
      }.`,
    );
  }
  const field = input.fields.find(({ number }) => number === spec?.field);
  if (!field?.message) return { message: input, wrap: (record) => record };
  return { message: field.message, wrap: (record) => fieldOf(field.number, record) };
}

/** Offers an event to each member in turn, waiting for room, so that lines stay in order in all of them. */
async function offerToAll(
  runtime: Runtime,
  { members }: Route,
  payload: Uint8Array,
  sequence: number,
  options: FileOptions,
  done: (outcomes: readonly Outcome[]) => void,
): Promise<void> {
  const outcomes: Outcome[] = new Array(members.length);
  let waiting = members.length;
  for (let i = 0; i < members.length; i++) {
    const { name } = members[i].pipeline;
    const place = { source: options.source, sequence };
    await offerPatiently(runtime, name, payload, place, options, (outcome) => {
      outcomes[i] = outcome;
      if (--waiting === 0) done(outcomes);
    });
  }
}

/** Waits for room. What the pipeline does not take is recorded at its line as a dead letter. */
async function offerPatiently(
  runtime: Runtime,
  name: string,
  payload: Uint8Array,
  given: OfferOptions,
  { clock, signal }: FileOptions,
  settle: (outcome: Outcome) => void,
): Promise<void> {
  let options = given;
  for (;;) {
    const admission = runtime.offer(name, payload, options, settle);
    if (admission === "admitted") return;
    const { state, partitions } = runtime.status();
    const down = partitions.find((each) => isDown(each, name));
    const isOver = signal.aborted || state === "ended" || state === "stopping";
    if (admission === "no-key" || admission === "too-large") {
      options = { ...given, unfit: { reason: UNFIT[admission] } };
    } else if (isOver || admission === "unknown") {
      return settle({ kind: "unknown", cause: new Error("the runtime has stopped") });
    } else if (admission === "unavailable" && down) {
      return settle({ kind: "unknown", cause: new Error(down.lastError) });
    } else await clock.sleep(WAIT_MS, signal);
  }
}

/** For good: what waits for it waits for ever. */
function isDown({ pipeline, state }: PartitionStatus, name: string): boolean {
  return pipeline === name && state === "failed";
}

function unkeyed(pipeline: Pipeline, event: Uint8Array): Unfit {
  return { problem: noKey(pipeline), reason: UNFIT["no-key"], kept: event };
}

async function* counted(input: AsyncIterable<Uint8Array>, summary: FileSummary): AsyncGenerator<Uint8Array> {
  for await (const part of input) {
    summary.bytes += part.length;
    yield part;
  }
}
