/**
 * The records of a file: NDJSON or CSV, each with the line it ends on, as an encoded event or as what is wrong
 * with it. A line that is too long is one such record, and reading goes on behind it.
 */
import { Readable } from "node:stream";
import { type DescMessage, type JsonValue } from "@bufbuild/protobuf";
import { parse } from "csv-parse";
import { RejectReason } from "../proto/gen/frame_pb.ts";
import { type CutLine, linesOrCut, tooLarge } from "./body.ts";
import { type CsvColumns, csvColumns } from "./csv.ts";
import { eventFromJson, eventFromJsonBytes, JSON_TYPE } from "./json.ts";
import { type Problem, ProblemError } from "./problem.ts";

export interface FileRecord {
  readonly line: number;
  readonly event: Uint8Array | Unfit;
}

/** A record that is no event: what is wrong with it, and what is kept of it. */
export interface Unfit {
  readonly problem: Problem;
  readonly reason: RejectReason;
  /** The record, or its beginning where it is too large. */
  readonly kept: Uint8Array;
  /** Media type of what is kept; absent = the pipeline's message. */
  readonly type?: string;
}

/** Of a line that is too long so much is kept. */
const KEPT_BYTES_MAX = 16 * 1024;
const CSV_TYPE = "text/csv";
const NOTHING = new Uint8Array(0);
const TEXT = new TextEncoder();

export async function* ndjsonRecords(
  desc: DescMessage,
  input: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<FileRecord> {
  let line = 0;
  for await (const bytes of linesOrCut(input, lineBytesMax, KEPT_BYTES_MAX)) {
    line++;
    if (!(bytes instanceof Uint8Array)) yield { line, event: tooLong(bytes, lineBytesMax, JSON_TYPE) };
    else if (bytes.length > 0) {
      yield { line, event: orUnfit(() => eventFromJsonBytes(desc, bytes), bytes, JSON_TYPE) };
    }
  }
}

export async function* csvRecordsOf(
  desc: DescMessage,
  input: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<FileRecord> {
  let columns: CsvColumns | undefined;
  for await (const { line, cells } of csvRecords(input, lineBytesMax)) {
    if (columns === undefined) {
      if (!Array.isArray(cells)) {
        throw new Error(
          `Cannot read the CSV header: ${cells instanceof Error ? cells.message : "it is too long"}.`,
        );
      }
      columns = csvColumns(desc, cells);
    } else if (cells instanceof Error) yield { line, event: unfit(cells, NOTHING, CSV_TYPE) };
    else if (!Array.isArray(cells)) yield { line, event: tooLong(cells, lineBytesMax, CSV_TYPE) };
    else yield { line, event: csvEvent(desc, columns, cells) };
  }
}

/** A record whose cells fit the columns can be driven again: it is kept as the JSON that they say. */
function csvEvent(desc: DescMessage, columns: CsvColumns, cells: string[]): Uint8Array | Unfit {
  let json: JsonValue;
  try {
    json = columns.event(cells);
  } catch (error) {
    return unfit(error, TEXT.encode(JSON.stringify(cells)), CSV_TYPE);
  }
  return orUnfit(() => eventFromJson(desc, json), TEXT.encode(JSON.stringify(json)), JSON_TYPE);
}

/** Records with the number of the line they end on; one that is not CSV comes as its error. */
async function* csvRecords(
  input: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<{ line: number; cells: string[] | Error | CutLine }> {
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
  });
  const apart: { line: number; cells: Error | CutLine }[] = [];
  const keep = (line: number, cells: Error | CutLine) => {
    let at = apart.length; // the lines run ahead of the parser: what it finds belongs before them
    while (at > 0 && apart[at - 1].line > line) at--;
    apart.splice(at, 0, { line, cells });
  };
  parser.on("skip", (error: Error & { lines?: number }) => keep(error.lines ?? 0, error));
  async function* whole(): AsyncGenerator<Uint8Array> {
    let line = 0;
    for await (const bytes of linesOrCut(input, bytesMax, KEPT_BYTES_MAX, true)) {
      line++;
      if (bytes instanceof Uint8Array) yield bytes;
      else {
        keep(line, bytes);
        yield NEWLINE; // an empty line in its place, so that the ones behind keep their numbers
      }
    }
  }
  const source = Readable.from(whole());
  source.on("error", (error) => parser.destroy(error));
  for await (const { info, record } of source.pipe(parser)) {
    while (apart.length > 0 && apart[0].line < info.lines) yield apart.shift()!;
    yield { line: info.lines, cells: record };
  }
  yield* apart;
}

const NEWLINE = Uint8Array.of(10);

function tooLong({ beginning }: CutLine, lineBytesMax: number, type: string): Unfit {
  return {
    problem: tooLarge(lineBytesMax, "A line").problem,
    reason: RejectReason.TOO_LARGE,
    kept: beginning,
    type,
  };
}

function orUnfit(encode: () => Uint8Array, kept: Uint8Array, type: string): Uint8Array | Unfit {
  try {
    return encode();
  } catch (error) {
    return unfit(error, kept, type);
  }
}

function unfit(error: unknown, kept: Uint8Array, type: string): Unfit {
  const detail = `${error instanceof Error ? error.message : error}.`;
  const problem = error instanceof ProblemError
    ? error.problem
    : { status: 400, code: "bad-record", title: "The record cannot be read", detail };
  const reason = problem.code === "invalid-utf8" ? RejectReason.INVALID_UTF8 : RejectReason.MALFORMED;
  return { problem, reason, kept, type };
}
