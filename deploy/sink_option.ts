/** The option `sinks`: how sinks stand in the config file, the environment and on the command line. */
import type { Option } from "./options.ts";

export interface SinkConfig {
  readonly pipeline: string;
  /** postgres://… · sqlite:file · https://… or http://… · file:folder */
  readonly sink: string;
  /** Default `<pipeline>-<kind>`. A webhook's position is kept under it. */
  readonly name?: string;
  /** Which of the pipeline's outputs, where it declares several; default all. */
  readonly output?: string;
  /** Tables: default the pipeline's name, `-` as `_`. */
  readonly table?: string;
  /** Tables: one row a key (default), or one an output. */
  readonly rows?: "key" | "output";
  /** Tables: the column `value` as JSON (default) or protobuf. */
  readonly value?: "json" | "protobuf";
  /** Files: default NDJSON. */
  readonly format?: "ndjson" | "protobuf";
  /** Webhooks: `whsec_…`, several separated by spaces. */
  readonly secret?: string;
}

const FIELDS: readonly (keyof SinkConfig)[] = [
  "pipeline",
  "sink",
  "name",
  "output",
  "table",
  "rows",
  "value",
  "format",
  "secret",
];

/** As an option: the JSON above, in the file or as text; or `pipeline=sink`, several separated by spaces. */
export const sinksOption: Option<readonly SinkConfig[]> = {
  fallback: [],
  what: "where outputs go, exactly once: `pipeline=sink`, several separated by spaces (README, Outputs)",
  placeholder: "sinks",
  expected: `a list of objects with "pipeline", "sink" and some of ${FIELDS.slice(2).join(", ")}`,
  example: "'bin-attack=sqlite:alerts.db'",
  fromText(text) {
    if (!text.trimStart().startsWith("[")) return listOf(text.split(/\s+/).filter(Boolean).map(pair));
    try {
      return listOf(JSON.parse(text));
    } catch {
      return undefined;
    }
  },
  fromJson: listOf,
  switch: false,
};

function pair(text: string): unknown {
  const at = text.indexOf("=");
  return at < 1 ? undefined : { pipeline: text.slice(0, at), sink: text.slice(at + 1) };
}

function listOf(value: unknown): readonly SinkConfig[] | undefined {
  return Array.isArray(value) && value.every(isSink) ? value : undefined;
}

function isSink(value: unknown): value is SinkConfig {
  if (typeof value !== "object" || value === null) return false;
  const entries = Object.entries(value);
  return entries.every(([name, each]) => (FIELDS as string[]).includes(name) && typeof each === "string") &&
    "pipeline" in value && "sink" in value;
}
