/**
 * The sinks of a process, from its configuration: which pipeline's outputs go where, exactly once.
 *
 *   "sinks": [
 *     { "pipeline": "bin-attack", "sink": "postgres://millrace:secret@db/shop", "table": "alerts" },
 *     { "pipeline": "bin-attack", "sink": "sqlite:alerts.db", "rows": "output" },
 *     { "pipeline": "bin-attack", "sink": "https://example.com/hook", "secret": "$ALERT_HOOK_SECRET" },
 *     { "pipeline": "pretrade", "sink": "file:out/cancels", "format": "protobuf" }
 *   ]
 *
 * A text that begins with `$` is the name of an environment variable: secrets need not stand in the file. On a
 * JetStream ledger every pipeline's outputs are also the stream `millrace-out-{pipeline}`, with nothing said.
 */
import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { dirname } from "node:path";
import { mkdirSync } from "node:fs";
import process from "node:process";
import type { Output, Pipeline, SinkSpec, Topology, World } from "../runtime/mod.ts";
import { messageToJson } from "../runtime/ingress/json.ts";
import { Problem } from "./command.ts";
import { nearest } from "./options.ts";
import type { SinkConfig } from "./sink_option.ts";
import type { OpenedWorld } from "./world.ts";

/** The sinks to start a topology with: those configured, and the streams of a JetStream ledger. */
export function sinkSpecs(
  configs: readonly SinkConfig[],
  topology: Topology,
  world: World & Pick<OpenedWorld, "outputs">,
): SinkSpec[] {
  return [
    ...streamSpecs(topology, world),
    ...configs.map((config) => specOf(resolved(config), topology, world)),
  ];
}

/** The outputs of each pipeline as the stream `millrace-out-{pipeline}` of `millrace.{pipeline}.out.>`. */
export function streamSpecs(topology: Topology, { outputs }: Pick<OpenedWorld, "outputs">): SinkSpec[] {
  if (!outputs) return [];
  return topology.pipelines.filter(hasOutputs).map(({ name }) => ({
    name: `${name}-stream`,
    pipeline: name,
    open: () => outputs.sink(name, `millrace-out-${name}`),
  }));
}

function specOf(config: SinkConfig, topology: Topology, world: World): SinkSpec {
  const pipeline = topology.pipelines.find(({ name }) => name === config.pipeline);
  if (!pipeline) {
    const near = nearest(config.pipeline, topology.pipelines.map(({ name }) => name));
    throw problem(config, `there is no such pipeline. ${near ? `Did you mean ${near}?` : ""}`);
  }
  if (!hasOutputs(pipeline)) {
    const names = topology.pipelines.filter(hasOutputs).map(({ name }) => name).join(", ") || "none";
    throw problem(config, `that pipeline has no outputs; of those here, ${names} has.`);
  }
  const channel = channelOf(config, pipeline);
  const [kind, open] = opener(config, pipeline, world);
  const name = config.name ?? `${pipeline.name}-${kind}`;
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) {
    throw problem(config, `its name "${name}" must be letters, digits and -.`);
  }
  return {
    name,
    pipeline: pipeline.name,
    ...(channel === undefined ? {} : { channel }),
    open: () => open(name),
  };
}

function hasOutputs({ output, outputs }: Pipeline): boolean {
  return output !== undefined || (outputs ?? []).length > 0;
}

function channelOf(config: SinkConfig, { outputs = [] }: Pipeline): number | undefined {
  if (config.output === undefined) return undefined;
  const channel = outputs.findIndex(({ name }) => name === config.output);
  if (channel >= 0) return channel;
  const names = outputs.map(({ name }) => name).join(", ") || "only one, without a name";
  throw problem(config, `the pipeline has no output "${config.output}"; it has ${names}.`);
}

type Opener = (name: string) => ReturnType<SinkSpec["open"]>;

function opener(config: SinkConfig, pipeline: Pipeline, world: World): readonly [kind: string, open: Opener] {
  const { sink } = config;
  const json = jsonOf(pipeline);
  const table = {
    pipeline: pipeline.name,
    table: config.table ?? pipeline.name.replaceAll("-", "_"),
    rows: one(config, "rows", ["key", "output"]),
    value: one(config, "value", ["json", "protobuf"]),
    json,
    retracted: retractedOf(pipeline),
  };
  const format = one(config, "format", ["ndjson", "protobuf"]);
  const path = sink.slice(sink.indexOf(":") + 1);
  switch (sink.slice(0, sink.indexOf(":"))) {
    case "postgres":
    case "postgresql":
      return ["postgres", async () => {
        const { postgresSink } = await import("../runtime/adapters/sinks/postgres.ts");
        return postgresSink({ ...table, url: sink });
      }];
    case "sqlite": {
      const sync = world.ledger.durability !== "process";
      return ["sqlite", async () => {
        const { sqliteSink } = await import("../runtime/adapters/sinks/sqlite.ts");
        mkdirSync(dirname(path), { recursive: true });
        return sqliteSink({ ...table, file: path, sync });
      }];
    }
    case "file":
      return ["file", async () => {
        const { fileSink } = await import("../runtime/adapters/sinks/files.ts");
        return fileSink({ folder: path, format, json });
      }];
    case "http":
    case "https": {
      const { secret } = config;
      if (secret === undefined) throw problem(config, `it has no "secret" to sign with.`);
      const { checkpoints: store, clock, random } = world;
      return ["webhook", async (name) => {
        const { webhookSink } = await import("../runtime/adapters/sinks/webhook.ts");
        return webhookSink({ name, pipeline: pipeline.name, url: sink, secret, json, store, clock, random });
      }];
    }
    default:
      throw problem(config, `it must begin with postgres:, sqlite:, file:, https: or http:`);
  }
}

/** Decodes with the message of the output's channel. */
function jsonOf(pipeline: Pipeline): (output: Output) => string {
  return ({ channel, payload }) => {
    const message = messageOf(pipeline, channel);
    if (!message) throw undeclared(pipeline);
    return JSON.stringify(messageToJson(message, payload));
  };
}

function messageOf({ output, outputs }: Pipeline, channel: number): DescMessage | undefined {
  return outputs ? outputs[channel]?.message : output;
}

/** What the sink has not taken of an output that the declaration has no more stays in the ledger. */
function undeclared({ name }: Pipeline): Error {
  return new Error(
    `Cannot write an output of ${name} that it does not declare any more: its message is not known. Start the ` +
      "version that declares it until the sink has all of it, or declare it again.",
  );
}

/** Changelogs say of each row whether it is taken back. */
function retractedOf(pipeline: Pipeline): ((output: Output) => boolean) | undefined {
  if (!pipeline.outputs?.some(({ changelog }) => changelog)) return undefined;
  return ({ channel, payload }) => {
    const spec = pipeline.outputs![channel];
    if (!spec) throw undeclared(pipeline);
    if (!spec.changelog) return false;
    return (fromBinary(spec.message, payload) as { retracted?: boolean }).retracted === true;
  };
}

function one<const C extends readonly string[]>(
  config: SinkConfig,
  field: keyof SinkConfig,
  choices: C,
): C[number] {
  const value = config[field] ?? choices[0];
  if (choices.includes(value)) return value;
  throw problem(config, `"${field}" must be one of ${choices.join(", ")}.`);
}

function resolved(config: SinkConfig): SinkConfig {
  const entries = Object.entries(config).map(([name, value]) => {
    if (!value.startsWith("$")) return [name, value];
    const found = process.env[value.slice(1)];
    if (!found) throw problem(config, `the environment has no ${value.slice(1)}, which "${name}" names.`);
    return [name, found];
  });
  return Object.fromEntries(entries);
}

/** Addresses may hold passwords: what stands before an `@`, or behind a `?`, is not shown. */
function problem({ pipeline, sink }: SinkConfig, what: string): Problem {
  const shown = sink.replace(/\/\/[^@/]*@/, "//").replace(/\?.*$/, "");
  return new Problem(`Cannot send the outputs of ${pipeline} to ${shown}: ${what}`.trimEnd());
}
