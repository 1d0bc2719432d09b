/** Outputs as records of runtime/proto/output.proto, each behind its length as a varint: in files and over HTTP. */
import type { Output } from "../runtime.ts";
import { encodeOutputRecord } from "../proto/gen/output_wire.ts";

/** What a record takes at most beside its key and payload. */
const RECORD_BYTES = 64;

export function recordBytesMax({ key, payload }: Output): number {
  return key.length + payload.length + RECORD_BYTES;
}

/** Writes a record at `at`, where there must be room for `recordBytesMax`, and returns where it ends. */
export function writeRecord(
  { position, output, channel, key, payload }: Output,
  bytes: Uint8Array,
  at: number,
): number {
  // The length comes first and its own length depends on it: written behind room for it, then moved up.
  const begin = at + 5;
  const end = encodeOutputRecord({ ...position, output, channel, key, payload }, bytes, begin);
  let length = end - begin;
  for (; length > 127; length >>>= 7) bytes[at++] = (length & 127) | 128;
  bytes[at++] = length;
  bytes.copyWithin(at, begin, end);
  return at + end - begin;
}
