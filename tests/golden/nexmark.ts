/** The oracle's Nexmark data as events, and rows as its expected files write them. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NexmarkEvent } from "../../actors/nexmark/generator.ts";
import type { Decimal, Row, Value } from "../models/nexmark.ts";
import { timestamp } from "../models/nexmark_sql.ts";

const folder = join(dirname(fileURLToPath(import.meta.url)), "nexmark");

/** People, then auctions, then bids: each in the order of their time. */
export function oracleEvents(): NexmarkEvent[] {
  return [
    ...rowsOf("person").map((person) => ({ person })),
    ...rowsOf("auction").map((auction) => ({ auction })),
    ...rowsOf("bid").map((bid) => ({ bid })),
  ] as unknown as NexmarkEvent[];
}

/** Query names that have an expected file. */
export function oracleQueries(): string[] {
  return readdirSync(join(folder, "expected")).map((file) => file.replace(".txt", "")).sort();
}

/** Expected rows, sorted, with white space and the zeros at the end of a fraction normalised. */
export function expectedRows(query: string): string[] {
  return readFileSync(join(folder, "expected", `${query}.txt`), "utf8").split("\n").filter((line) =>
    line !== ""
  )
    .map(normalised).sort();
}

/** Rows of a query as they can be compared with `expectedRows`. */
export function writtenRows(rows: readonly Row[]): string[] {
  return rows.map((row) => normalised(row.map(written).join(" "))).sort();
}

/** Fields in camel case, times in microseconds. */
function rowsOf(table: string): Record<string, unknown>[] {
  return readFileSync(join(folder, `${table}.ndjson`), "utf8").split("\n").filter((line) => line !== "")
    .map((line) =>
      Object.fromEntries(
        Object.entries(JSON.parse(line)).map(([name, value]) => [
          name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
          name === "date_time" || name === "expires" ? microseconds(String(value)) : value,
        ]),
      )
    );
}

function microseconds(timestamp: string): number {
  return Date.parse(`${timestamp.replace(" ", "T")}Z`) * 1000;
}

/** From 2001 on a number is a time: no id, price or count of the data set is as large. */
const TIMES_FROM = 1_000_000_000_000_000;

function written(value: Value): string {
  if (value === null) return "NULL";
  if (typeof value === "object") return decimal(value);
  return typeof value === "number" && value >= TIMES_FROM ? timestamp(value) : String(value);
}

/** Twenty digits after the point. */
function decimal({ over, under }: Decimal): string {
  const scale = 10n ** 20n;
  const digits = String(over * scale / under).padStart(21, "0");
  return `${digits.slice(0, -20)}.${digits.slice(-20)}`;
}

function normalised(line: string): string {
  return line.trim().replace(/\s+/g, " ").replace(/(\d)\.(\d*?)0+(?!\d)/g, "$1.$2").replace(
    /(\d)\.(?!\d)/g,
    "$1",
  );
}
