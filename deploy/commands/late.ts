/** `late`: the events that came after their time, and applying them again. */
import {
  compile,
  corrections,
  formatPosition,
  kernelParams,
  loadKernel,
  type Pipeline,
  type Runtime,
  stands,
  start as startRuntime,
  unwritable,
  type World,
} from "../../runtime/mod.ts";
import { messageToJson } from "../../runtime/ingress/json.ts";
import { command, Problem } from "../command.ts";
import { ENGINE_OPTIONS, LEDGER_OPTIONS } from "../config.ts";
import { declared, readDeclarations } from "../declared.ts";
import { readKernel } from "../kernels.ts";
import { integer, toggle } from "../options.ts";
import { configuredTopology } from "../topology.ts";
import { openExisting } from "../world.ts";

export const late = command({
  name: "late",
  summary: "events that came after their time: which window, by how much, why",
  operands: "<pipeline>",
  about:
    "Each late event is a record in the ledger: the newest window it missed, the watermark it came after, and\n" +
    "the reason: `partial` is one that missed so many windows (`missed`) and counts in the others. One line of\n" +
    "JSON each. The process that serves the pipeline must not be running; of one that\n" +
    "is, GET /v1/<pipeline>/late tells the same.\n\n" +
    "With --reapply all events are applied again as if none had been late, up to the watermark that was\n" +
    "reached, and the rows that differ are told: those that should not stand, then those that should.\n\n" +
    "With --reapply --write these rows are also put out, each as an event of its own in the ledger: what should\n" +
    "not stand with `retracted`, what should as any row, so that feeds, sinks and whoever reads the outputs have\n" +
    "the answer that all events give, up to that watermark; views show it. What was written counts as put out:\n" +
    "written again it changes nothing, and an interrupted run is finished by the next. An output must be able to\n" +
    "take rows back: .to(name, { corrected: true }). What comes of an updated aggregate, a ranking or a join of\n" +
    "tables goes on from what it had told, and is refused. A pipeline that is fed by this one has the rows as\n" +
    "events, and corrections of its own after them.",
  options: {
    ...LEDGER_OPTIONS,
    ...ENGINE_OPTIONS,
    reapply: toggle("tell how results change when late events are counted"),
    write: toggle("with --reapply: put the rows that differ out"),
    limit: integer(1000, { min: 1, max: 1_000_000 }, "n", "most events"),
  },
  examples: [[
    "deno task millrace late errors-by-page --pipelines ./errors_by_page.ts",
    "what was left out, and why",
  ]],
  async run({ values, operands, signal, out, err }) {
    const [name] = operands;
    if (!name || operands.length > 1) throw new Problem("Cannot list late events: name one pipeline.");
    const topology = await configuredTopology(values);
    const pipeline = topology.pipelines.find((each) => each.name === name);
    if (!pipeline) throw new Problem(`Cannot list late events of ${name}: there is no such pipeline here.`);
    if (values.write && !values.reapply) {
      throw new Problem(
        "Cannot write corrections: say that late events are applied again: --reapply --write.",
      );
    }
    const world = await openExisting(values);
    try {
      const runtime = await startRuntime({ pipelines: [pipeline] }, world, new AbortController().signal, {
        kernels: readKernel,
      });
      await Promise.race([runtime.ready, runtime.ended]);
      if (values.reapply) {
        const found = await reapply(world, runtime, pipeline, values, { out, signal });
        err(`${found} row${found === 1 ? "" : "s"} ${values.write ? "corrected" : "would differ"}`);
        await runtime.stop();
        return 0;
      }
      const found = await runtime.lateEvents(name, { limit: values.limit });
      for (const { position, payload, ...rest } of found) {
        out(
          JSON.stringify({
            position: formatPosition(position),
            ...rest,
            event: messageToJson(pipeline.input, payload),
          }),
        );
      }
      err(`${found.length} late event${found.length === 1 ? "" : "s"}`);
      await runtime.stop();
      return 0;
    } finally {
      await world.close();
    }
  },
});

/** Tells the rows that differ, a line each, and puts them out where that is wanted; answers how many. */
async function reapply(
  world: World,
  runtime: Runtime,
  { name, outputs = [] }: Pipeline,
  { pipelines: modules, write }: { readonly pipelines: string; readonly write: boolean },
  { out, signal }: { out(line: string): void; signal: AbortSignal },
): Promise<number> {
  const declarations = modules ? await readDeclarations(modules) : [];
  const declaration = declarations.find((each) => compile(each).pipeline.name === name);
  if (!declaration) {
    throw new Problem(`Cannot apply late events of ${name} again: it is not a declared pipeline.`);
  }
  for (const end of write ? declaration.plan.ends : []) {
    const why = unwritable(end);
    if (why) throw new Problem(`Cannot correct output "${end.name}" of ${name}: ${why}.`);
  }
  let count = 0;
  const { pipeline, wasm } = await declared(declaration, { patient: true });
  const module = await loadKernel(pipeline.kernel, wasm, kernelParams(pipeline));
  for (const { pipeline: of, partition, watermark } of runtime.status().partitions) {
    if (of !== name || watermark === undefined) continue;
    const chain = await world.ledger.open(`${name}-${partition}`);
    const rows = await corrections(
      chain,
      module,
      watermark,
      signal,
      stands(pipeline),
      outputs.map((each) => each.name),
    );
    if (signal.aborted) break;
    count += rows.length;
    for (const { channel, retracted, payload } of rows) {
      const { name: output, message } = outputs[channel];
      out(
        JSON.stringify({ output, ...(retracted ? { retracted } : {}), row: messageToJson(message, payload) }),
      );
    }
    await chain.close();
    if (write) await runtime.correct(name, partition, rows);
  }
  return count;
}
