/**
 * Events from a file or standard input, once: NDJSON or CSV in, one NDJSON record per event out, in order.
 * The bytes and the place for the answers are passed in. A bad line has its own record and the next one goes
 * on; the input is read no faster than the pipeline takes events.
 *
 * Each event carries the source's name and its line number. The kernel's state remembers the highest line of
 * each source, so running the same file into the same ledger again changes nothing ("applied", without a
 * decision), and a run that was cut short goes on where it stopped.
 */
import { Readable } from "node:stream";
import { parse } from "csv-parse";
import type { Outcome, Runtime } from "../runtime.ts";
import type { Clock } from "../world/mod.ts";
import { answerJson, type Route, routesOf, standing } from "./answer.ts";
import { lines } from "./body.ts";
import { type CsvColumns, csvColumns } from "./csv.ts";
import { eventFromJson, eventFromJsonBytes } from "./json.ts";
import { NO_KEY } from "./key.ts";
import { InOrder } from "./in_order.ts";
import { type Problem, ProblemError, problemJson, refusal } from "./problem.ts";

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
  /** Lines that are no event of the schema, or have no key; nothing of them was kept. */
  invalid: number;
}

/** Events between their line and their answer. */
const IN_FLIGHT_MAX = 8192;
const WAIT_MS = 2;
const PROGRESS_EVERY = 500;

/** Ends with the input, or the signal. Throws when the pipeline fails for good; a later run then goes on. */
export async function runFile(runtime: Runtime, options: FileOptions): Promise<FileSummary> {
  const route = routesOf(runtime, runtime.topology).get(options.pipeline);
  if (route === undefined) {
    const known = runtime.topology.pipelines.map(({ name }) => name).join(", ");
    throw new Error(
      `Cannot run ${options.source}: there is no pipeline "${options.pipeline}". Choose one of ${known}.`,
    );
  }
  const summary: FileSummary = { bytes: 0, events: 0, decided: 0, applied: 0, rejected: 0, invalid: 0 };
  const records = new InOrder<string>(IN_FLIGHT_MAX, (batch) => options.write(batch.join("")));
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
  const invalid = (at: number, line: number, problem: Problem) => {
    summary.invalid++;
    records.settle(at, `{"line":${line},"status":"invalid","problem":${problemJson(problem)}}\n`);
  };

  for await (const { line, event } of eventsOf(route, options, summary)) {
    if (options.signal.aborted || failure) break;
    const at = index++;
    summary.events++;
    if (event instanceof Uint8Array) {
      const problem = await offerToAll(
        runtime,
        route,
        event,
        line,
        options,
        (outcomes) => settle(at, line, outcomes),
      );
      if (problem) invalid(at, line, problem);
    } else invalid(at, line, event);
    await records.room();
    if (index % PROGRESS_EVERY === 0) options.progress?.(summary);
  }
  await records.end(index);
  options.progress?.(summary);
  if (failure) {
    throw new Error(
      `Cannot go on with ${options.source}: pipeline "${route.name}" failed. Run it again: lines already applied are skipped.`,
      { cause: failure },
    );
  }
  return summary;
}

/** Offers an event to each member in turn, waiting for room, so that lines stay in order in all of them. */
async function offerToAll(
  runtime: Runtime,
  { members }: Route,
  payload: Uint8Array,
  sequence: number,
  { source, clock, signal }: FileOptions,
  done: (outcomes: readonly Outcome[]) => void,
): Promise<Problem | undefined> {
  const keyless = members.find(({ keys }) => keys.partition(payload, 1) === NO_KEY);
  if (keyless) return refusal(keyless.pipeline.name, "no-key", 0);
  const outcomes: Outcome[] = new Array(members.length);
  let waiting = members.length;
  const settle = (i: number, outcome: Outcome) => {
    outcomes[i] = outcome;
    if (--waiting === 0) done(outcomes);
  };
  for (let i = 0; i < members.length; i++) {
    const { name } = members[i].pipeline;
    for (;;) {
      const admission = runtime.offer(name, payload, { source, sequence }, (outcome) => settle(i, outcome));
      if (admission === "admitted") break;
      const { state } = runtime.status();
      const isOver = signal.aborted || state === "ended" || state === "stopping";
      if (admission === "full" || (admission === "unavailable" && !isOver)) {
        await clock.sleep(WAIT_MS, signal);
      } else if (isOver) {
        settle(i, { kind: "unknown", cause: new Error("the runtime has stopped") });
        break;
      } else {
        settle(i, { kind: "refused", admission, retryAfterMs: 0 });
        break;
      }
    }
  }
  return undefined;
}

interface FileEvent {
  readonly line: number;
  readonly event: Uint8Array | Problem;
}

async function* eventsOf(
  route: Route,
  options: FileOptions,
  summary: FileSummary,
): AsyncGenerator<FileEvent> {
  const { input: desc } = route.members[0].pipeline;
  const bytesMax = options.lineBytesMax ?? 1024 * 1024;
  const input = counted(options.input, summary);
  if (options.format === "ndjson") {
    let line = 0;
    for await (const bytes of lines(input, bytesMax)) {
      line++;
      if (bytes.length > 0) yield { line, event: orProblem(() => eventFromJsonBytes(desc, bytes)) };
    }
    return;
  }
  let columns: CsvColumns | undefined;
  for await (const { line, cells } of csvRecords(input, bytesMax)) {
    if (columns === undefined) {
      if (cells instanceof Error) throw new Error(`Cannot read the CSV header: ${cells.message}.`);
      columns = csvColumns(desc, cells);
      continue;
    }
    const known = columns;
    yield {
      line,
      event: orProblem(() => {
        if (cells instanceof Error) throw cells;
        return eventFromJson(desc, known.event(cells));
      }),
    };
  }
}

/** Records with the number of the line they end on; one that is not CSV comes as its error. */
async function* csvRecords(
  input: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<{ line: number; cells: string[] | Error }> {
  const parser = parse({
    bom: true,
    info: true,
    max_record_size: bytesMax,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
  });
  const skipped: { line: number; cells: Error }[] = [];
  parser.on(
    "skip",
    (error: Error & { lines?: number }) => void skipped.push({ line: error.lines ?? 0, cells: error }),
  );
  const source = Readable.from(input);
  source.on("error", (error) => parser.destroy(error));
  for await (const { info, record } of source.pipe(parser)) {
    while (skipped.length > 0 && skipped[0].line < info.lines) yield skipped.shift()!;
    yield { line: info.lines, cells: record };
  }
  yield* skipped;
}

async function* counted(input: AsyncIterable<Uint8Array>, summary: FileSummary): AsyncGenerator<Uint8Array> {
  for await (const part of input) {
    summary.bytes += part.length;
    yield part;
  }
}

function orProblem(encode: () => Uint8Array): Uint8Array | Problem {
  try {
    return encode();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    const detail = `${error instanceof Error ? error.message : error}.`;
    return { status: 400, code: "bad-record", title: "The record cannot be read", detail };
  }
}
