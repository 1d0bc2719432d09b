/**
 * 200,000 real flights of January 2001 with airport, scheduled time and delay, from the package vega-datasets
 * (BSD-3-Clause; the U.S. Bureau of Transportation Statistics' on-time reports). Its flights-200k files have
 * no airports and no dates, so these are the first 200,000 of its three million, which have both.
 */
import { parquetReadObjects } from "hyparquet";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import type datasets from "vega-datasets";
import type { Flight } from "../../actors/flights/arrivals.ts";

const FILE: keyof typeof datasets = "flights-3m.parquet";
const MINUTE = 60_000_000;

/** In the order of the schedule. */
export async function flights(count = 200_000): Promise<Flight[]> {
  const { buffer, byteOffset, byteLength } = new Uint8Array(readFileSync(path()));
  const rows = await parquetReadObjects({
    file: buffer.slice(byteOffset, byteOffset + byteLength),
    rowEnd: count,
    compressors: { ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(Buffer.from(input))) },
  });
  return rows.map(({ date, delay, distance, origin, destination }) => ({
    origin,
    destination,
    scheduledAt: date.getTime() * 1000,
    delay: Number(delay) * MINUTE,
    distance: Number(distance),
  }));
}

function path(): string {
  const main = createRequire(import.meta.url).resolve("vega-datasets");
  return join(dirname(main), "..", "data", FILE);
}
