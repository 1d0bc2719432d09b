/** `run`: bounded input from a file or standard input, decided, answered as NDJSON. */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import process from "node:process";
import { resolve } from "node:path";
import { type Runtime, start as startRuntime } from "../../runtime/mod.ts";
import { runFile } from "../../runtime/ingress/files.ts";
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
  operands: "<pipeline> <file|->",
  about:
    "Reads NDJSON or CSV from a file, or from standard input where the file is `-`, and writes one line of\n" +
    "NDJSON for each event, in order, to standard output. Every event goes through the ledger; a file that was\n" +
    "interrupted may be given again, and goes on where it stopped. Ends with code 1 when a line was no event.\n" +
    "A declared pipeline (--pipelines) writes the rows of its outputs instead, and at the end of the input tells\n" +
    "every window that is still open.",
  options: {
    ...LEDGER_OPTIONS,
    ...ENGINE_OPTIONS,
    format: choice("auto", ["auto", "ndjson", "csv"], "of the input; auto goes by the file's name"),
    open: toggle("more is to come: windows of a declared pipeline that are not complete stay open"),
    source: text("", "name", "name of the input in the ledger; by default the file's path", "march.ndjson"),
  },
  examples: [
    ["deno task millrace run payments march.ndjson > decisions.ndjson", "decide a month of payments"],
    [
      "deno task millrace run errors-by-page views.ndjson --pipelines ./errors_by_page.ts",
      "a declared pipeline, as a batch",
    ],
    ["gunzip -c orders.csv.gz | deno task millrace run pretrade - --format csv", "from another program"],
  ],
  async run({ values, operands, signal, err }) {
    const [pipeline, path] = operands;
    if (!pipeline || !path || operands.length > 2) {
      throw new Problem("Cannot run: name a pipeline and a file. For example: run payments march.ndjson");
    }
    const input = await open(path);
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
      const progress = new Progress(
        `${path} {bar} {percentage}% · {events} events · {eta_formatted} left`,
        process.stderr,
      );
      const summary = await runFile(runtime, {
        pipeline,
        source: values.source || (path === "-" ? `stdin/${world.random.id()}` : `file/${resolve(path)}`),
        format: values.format === "auto" ? (path.endsWith(".csv") ? "csv" : "ndjson") : values.format,
        input: input.stream,
        write: results ? () => {} : write,
        progress: ({ bytes, events }) => progress.at(bytes, Math.max(bytes, input.bytes), { events }),
        clock: world.clock,
        signal,
      });
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
