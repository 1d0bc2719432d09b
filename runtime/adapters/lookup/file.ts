/** A file of rows, read wholly at start: CSV with a line of field names, or NDJSON. */
import { fromBinary, type Message } from "@bufbuild/protobuf";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { csvRecordsOf, ndjsonRecords } from "../../ingress/file_records.ts";
import type { LookupPlace, LookupSource, OpenedLookup } from "../../world/lookup.ts";

/** Its rows are held in memory. */
const FILE_BYTES_MAX = 512 << 20;
const LINE_BYTES_MAX = 1 << 20;

export async function fileLookup({ message }: LookupSource, place: LookupPlace): Promise<OpenedLookup> {
  const file = place.address.slice("file:".length);
  const { size } = await stat(file).catch((cause) => {
    throw new Error(`${file} cannot be read: ${cause.message}`, { cause });
  });
  if (size > FILE_BYTES_MAX) {
    throw new Error(`${file} has ${size} bytes, and ${FILE_BYTES_MAX} are held in memory. Use a database`);
  }
  const read = file.endsWith(".csv") || file.endsWith(".txt") ? csvRecordsOf : ndjsonRecords;
  const rows: Message[] = [];
  for await (const { line, event } of read(message, createReadStream(file), LINE_BYTES_MAX)) {
    if (!(event instanceof Uint8Array)) throw new Error(`${file}, line ${line}: ${event.problem.detail}`);
    rows.push(fromBinary(message, event));
  }
  return { name: file, rows };
}
