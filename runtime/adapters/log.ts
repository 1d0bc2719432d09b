/** The operator's log: lines on standard error, for people on a terminal and as JSON everywhere else. */
import process from "node:process";
import type { Log } from "../world/log.ts";

export type LogLevel = "info" | "warn" | "error" | "silent";

export interface LogOptions {
  /** The least severe level written. Default: info. */
  readonly level?: LogLevel;
  /** Default: "text" when standard error is a terminal, "json" otherwise. */
  readonly format?: "text" | "json";
  /** Takes one line with its newline. Default: standard error. */
  readonly write?: (line: string) => void;
  /** Milliseconds since the epoch, for the time of a line. */
  readonly now?: () => number;
}

const RANK: Record<LogLevel, number> = { info: 0, warn: 1, error: 2, silent: 3 };

export function stderrLog(options: LogOptions = {}): Log {
  const format = options.format ?? (process.stderr.isTTY ? "text" : "json");
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const now = options.now ?? Date.now;
  const at =
    (level: Exclude<LogLevel, "silent">) => (message: string, fields: Record<string, unknown> = {}) => {
      if (RANK[level] < RANK[options.level ?? "info"]) return;
      const time = new Date(now()).toISOString();
      write(
        format === "json" ? jsonLine(time, level, message, fields) : textLine(time, level, message, fields),
      );
    };
  return { info: at("info"), warn: at("warn"), error: at("error") };
}

function jsonLine(time: string, level: string, message: string, fields: Record<string, unknown>): string {
  // The three own names come last: a field of the same name must not disguise a line.
  return JSON.stringify({ ...fields, time, level, message }, (_, value) => plain(value)) + "\n";
}

function textLine(time: string, level: string, message: string, fields: Record<string, unknown>): string {
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${text(value)}`).join("");
  return `${time.slice(11, 23)} ${level.padEnd(5)} ${message}${rest}\n`;
}

function text(value: unknown): string {
  const simple = plain(value);
  if (typeof simple !== "string") return JSON.stringify(simple, (_, inner) => plain(inner)) ?? "undefined";
  return /[\s="\\]|^$/.test(simple) ? JSON.stringify(simple) : simple;
}

/** What JSON cannot say by itself: bigints, and errors with their causes. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!(value instanceof Error)) return value;
  const cause = value.cause instanceof Error ? `; cause: ${plain(value.cause)}` : "";
  return `${value.name}: ${value.message}${cause}`;
}
