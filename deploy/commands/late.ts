/** `late`: the events that came after their time. */
import { start as startRuntime } from "../../runtime/mod.ts";
import { formatPosition } from "../../runtime/mod.ts";
import { messageToJson } from "../../runtime/ingress/json.ts";
import { command, Problem } from "../command.ts";
import { ENGINE_OPTIONS, LEDGER_OPTIONS } from "../config.ts";
import { readKernel } from "../kernels.ts";
import { integer } from "../options.ts";
import { configuredTopology } from "../topology.ts";
import { openExisting } from "../world.ts";

export const late = command({
  name: "late",
  summary: "events that came after their time: which window, by how much, why",
  operands: "<pipeline>",
  about:
    "Each late event is a record in the ledger: the newest window it missed, the watermark it came after, and\n" +
    "the reason. One line of JSON each. The process that serves the pipeline must not be running; of one that\n" +
    "is, GET /v1/<pipeline>/late tells the same.",
  options: {
    ...LEDGER_OPTIONS,
    ...ENGINE_OPTIONS,
    limit: integer(1000, { min: 1, max: 1_000_000 }, "n", "most events"),
  },
  examples: [[
    "deno task millrace late errors-by-page --pipelines ./errors_by_page.ts",
    "what was left out, and why",
  ]],
  async run({ values, operands, out, err }) {
    const [name] = operands;
    if (!name || operands.length > 1) throw new Problem("Cannot list late events: name one pipeline.");
    const topology = await configuredTopology(values);
    const pipeline = topology.pipelines.find((each) => each.name === name);
    if (!pipeline) throw new Problem(`Cannot list late events of ${name}: there is no such pipeline here.`);
    const world = await openExisting(values);
    try {
      const runtime = await startRuntime({ pipelines: [pipeline] }, world, new AbortController().signal, {
        kernels: readKernel,
      });
      await Promise.race([runtime.ready, runtime.ended]);
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
