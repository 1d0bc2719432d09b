/** `run`: bounded input from a file or standard input, decided, answered as NDJSON. */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import process from "node:process";
import { resolve } from "node:path";
import { type Runtime, start as startRuntime } from "../../runtime/mod.ts";
import { micros } from "../../runtime/stream/windows.ts";
import { routesOf } from "../../runtime/ingress/answer.ts";
import { runFiles } from "../../runtime/ingress/files.ts";
import { messageToJson } from "../../runtime/ingress/json.ts";
import { command, Problem } from "../command.ts";
import { ENGINE_OPTIONS, LEDGER_OPTIONS } from "../config.ts";
import { readKernel } from "../kernels.ts";
import { openLookup } from "../lookups.ts";
import { choice, text, toggle } from "../options.ts";
import { Progress } from "../progress.ts";
import { configuredTopology } from "../topology.ts";
import { openWorld } from "../world.ts";

export const run = command({
  name: "run",
  summary: "decide the events of a file, then end",
  operands: "<pipeline> [source=]<file|->…",
  about:
    "Reads NDJSON or CSV from a file, or from standard input where the file is `-`, and writes one line of\n" +
    "NDJSON for each event, in order, to standard output. Every event goes through the ledger; a file that was\n" +
    "interrupted may be given again, and goes on where it stopped. Ends with code 1 when a line was no event.\n" +
    "A declared pipeline (--pipelines) writes the rows of its outputs instead, and at the end of the input tells\n" +
    "every window that is still open. Its sources may each have files of their own, `source=file`: they are read\n" +
    "side by side in event time (--within), those of one source in turn.",
  options: {
    ...LEDGER_OPTIONS,
    ...ENGINE_OPTIONS,
    format: choice("auto", ["auto", "ndjson", "csv"], "of the input; auto goes by the file's name"),
    open: toggle("more is to come: windows of a declared pipeline that are not complete stay open"),
    within: text(
      "10m",
      "duration",
      "event time that the files of one source may be ahead of the slowest",
      "1h",
    ),
    source: text("", "name", "name of the input in the ledger; by default the file's path", "march.ndjson"),
  },
  examples: [
    ["deno task millrace run payments march.ndjson > decisions.ndjson", "decide a month of payments"],
    [
      "deno task millrace run errors-by-page views.ndjson --pipelines ./errors_by_page.ts",
      "a declared pipeline, as a batch",
    ],
    [
      "deno task millrace run q8 people=people.csv auctions=auctions.csv --pipelines ./q8.ts",
      "a join of two files",
    ],
    ["gunzip -c orders.csv.gz | deno task millrace run pretrade - --format csv", "from another program"],
  ],
  async run({ values, operands, signal, err }) {
    const [pipeline, ...given] = operands;
    if (!pipeline || given.length === 0) {
      throw new Problem("Cannot run: name a pipeline and a file. For example: run payments march.ndjson");
    }
    if (given.length > 1 && values.source) {
      throw new Problem("Cannot run: --source names one input, and there are several. Leave it away.");
    }
    const within = duration(values.within);
    const inputs = await Promise.all(given.map(async (operand) => {
      const { of, path } = named(operand);
      return { of, path, ...await open(path) };
    }));
    const bytes = inputs.reduce((sum, each) => sum + each.bytes, 0);
    const world = await openWorld({
      ...values,
      logLevel: values.logLevel === "info" ? "warn" : values.logLevel,
    });
    const over = new AbortController();
    try {
      const runtime = await startRuntime(await configuredTopology(values), world, over.signal, {
        kernels: readKernel,
        lookups: openLookup,
        checkpointEvents: values.checkpointEvents,
        checkpointsKept: values.checkpointsKept,
        checkpointHistory: values.checkpointHistory,
        acceptLoss: values.acceptLoss,
      });
      await Promise.race([runtime.ready, runtime.ended]);
      const results = resultsOf(runtime, pipeline);
      if (inputs.length > 1 && !results) {
        throw new Problem(
          `Cannot run ${pipeline} on several files: it answers each event in order. Give it one file.`,
        );
      }
      const files = inputs.map((input) => ({
        ...input,
        source: values.source ||
          (input.path === "-" ? `stdin/${world.random.id()}` : `file/${resolve(input.path)}`),
      }));
      for (const { path, source } of files) {
        const line = await lineBefore(runtime, pipeline, source);
        if (line > 0) {
          err(`${path} was run on this ledger before: what it took up to line ${line} changes nothing`);
        }
      }
      const progress = new Progress(
        `${given.join(" ")} {bar} {percentage}% · {events} events · {eta_formatted} left`,
        process.stderr,
      );
      const read = new Map<string, { bytes: number; events: number }>();
      const summary = await runFiles(
        runtime,
        files.map(({ of, path, stream, source }) => ({
          pipeline,
          of,
          source,
          format: values.format === "auto" ? (path.endsWith(".csv") ? "csv" : "ndjson") : values.format,
          input: stream,
          write: results ? () => {} : write,
          progress: (so) => {
            const all = [...read.set(of ?? "", { bytes: so.bytes, events: so.events }).values()];
            const sum = (what: "bytes" | "events") => all.reduce((total, each) => total + each[what], 0);
            progress.at(sum("bytes"), Math.max(sum("bytes"), bytes), { events: sum("events") });
          },
          clock: world.clock,
          signal,
        })),
        within,
      );
      progress.end();
      if (results && !signal.aborted) await results.finish(values.open);
      await runtime.stop();
      const { events, decided, applied, rejected, invalid } = summary;
      err(
        `${
          signal.aborted ? "Stopped early: " : ""
        }${events} events: ${decided} decided, ${applied} applied, ` +
          `${rejected} rejected, ${invalid} no events`,
      );
      return signal.aborted ? 130 : invalid > 0 ? 1 : 0;
    } finally {
      over.abort();
      await world.close();
    }
  },
});

/** The last line of a source that an earlier run brought into the ledger; 0 = none. */
async function lineBefore(runtime: Runtime, name: string, source: string): Promise<number> {
  const members = routesOf(runtime, runtime.topology).get(name)?.members ?? [];
  const marks = await Promise.all(members.map(({ pipeline }) => runtime.applied(pipeline.name, source)));
  return Math.max(0, ...marks.map(({ most }) => most));
}

async function write(records: string): Promise<void> {
  if (!process.stdout.write(records)) await once(process.stdout, "drain");
}

interface Results {
  /** The input has ended: tells the windows that were open, unless they are to stay so, and writes what is left. */
  finish(open: boolean): Promise<void>;
}

/** Of a pipeline with outputs these are what is written, a line each, as they come. */
function resultsOf(runtime: Runtime, name: string): Results | undefined {
  const outputs = runtime.topology.pipelines.find((pipeline) => pipeline.name === name)?.outputs;
  if (!outputs) return undefined;
  const over = new AbortController();
  let written = 0;
  const writing = (async () => {
    for await (const { channel, payload } of runtime.outputs(name, "now", over.signal)) {
      const { name: output, message } = outputs[channel];
      await write(`${JSON.stringify({ output, row: messageToJson(message, payload) })}\n`);
      written++;
    }
  })();
  const released = () =>
    runtime.status().partitions.reduce(
      (sum, each) => each.pipeline === name ? sum + each.counts.outputs : sum,
      0,
    );
  return {
    async finish(open) {
      if (!open) await runtime.mark(name, {});
      await runtime.settled(name);
      while (written < released()) await new Promise((resolve) => setTimeout(resolve, 5));
      over.abort();
      await writing;
    },
  };
}

function duration(value: string): number {
  try {
    return micros(value);
  } catch (cause) {
    throw new Problem(`Cannot run: --within: ${(cause as Error).message}`);
  }
}

/** `source=file`: the file has the events of that source of the pipeline. */
function named(operand: string): { of?: string; path: string } {
  const [, of, path] = /^([A-Za-z_]\w*)=(.+)$/s.exec(operand) ?? [];
  return of ? { of, path } : { path: operand };
}

/** The input, and how long it is: 0 where that cannot be known. */
async function open(path: string): Promise<{ stream: AsyncIterable<Uint8Array>; bytes: number }> {
  if (path === "-") return { stream: process.stdin, bytes: 0 };
  try {
    const { size } = await stat(path);
    return { stream: createReadStream(path), bytes: size };
  } catch (cause) {
    throw new Problem(`Cannot read ${path}: ${(cause as Error).message}`);
  }
}
