/** `export`: a partition as one file, to be kept, looked at elsewhere, or taken into another ledger. */
import process from "node:process";
import { exportChain } from "../../runtime/checkpoint/archive.ts";
import { kernelParams, loadKernel } from "../../runtime/mod.ts";
import { hex } from "../../runtime/hash.ts";
import { readFrame } from "../../runtime/partition/recover.ts";
import { writeArchive } from "../archives.ts";
import { command, Problem } from "../command.ts";
import { ENGINE_OPTIONS, LEDGER_OPTIONS } from "../config.ts";
import { readKernel } from "../kernels.ts";
import { integer } from "../options.ts";
import { Progress } from "../progress.ts";
import { configuredTopology, pipelineOfChain } from "../topology.ts";
import { openExisting } from "../world.ts";

export const exportCommand = command({
  name: "export",
  summary: "a partition as one file",
  operands: "<chain> <file>",
  about:
    "Writes the retained frames of a chain, its newest checkpoint, and the kernel that decided them where it is\n" +
    "the one at hand, into one file (zstd). `millrace step` walks through it event by event on any machine;\n" +
    "`millrace import` takes it into another ledger. Reads only, so the ledger may be in use.",
  options: {
    ...LEDGER_OPTIONS,
    ...ENGINE_OPTIONS,
    from: integer(0, { min: 0, max: Number.MAX_SAFE_INTEGER }, "n", "first frame; 0 = the oldest there is"),
  },
  examples: [
    ["deno task millrace export fraud-0 fraud-0.millrace", "all of a partition"],
    ["deno task millrace export fraud-0 tail.millrace --from 90000", "its end, with the checkpoint before"],
  ],
  async run({ values, operands, out }) {
    const [name, path] = operands;
    if (!name || !path || operands.length > 2) {
      throw new Problem(
        "Cannot export: name a chain and a file. For example: export fraud-0 fraud-0.millrace",
      );
    }
    const world = await openExisting(values);
    try {
      const chains = await world.ledger.chains();
      const pipeline = pipelineOfChain(await configuredTopology(values), name);
      if (!chains.includes(name) || !pipeline) {
        throw new Problem(
          `Cannot export ${name}: ${world.ledger.name} holds ${chains.join(", ") || "no chain yet"}.`,
        );
      }
      const chain = await world.ledger.open(name);
      const { last } = await chain.extent();
      if (last === 0) throw new Problem(`Cannot export ${name}: it holds no frame.`);
      const kernel = hex((await readFrame(chain, last)).kernel);
      const wasm = await readKernel(pipeline.kernel), params = kernelParams(pipeline);
      const atHand = (await loadKernel(pipeline.kernel, wasm, params)).hashHex === kernel;
      const bar = new Progress(
        `${name} {bar} frame {value} of {total} · {eta_formatted} left`,
        process.stderr,
      );
      const header = {
        pipeline: pipeline.name,
        kernel,
        kernelName: pipeline.kernel,
        exported: new Date().toISOString(),
        ledger: world.ledger.name,
      };
      await writeArchive(
        path,
        exportChain(world, chain, {
          header,
          kernel: atHand ? { wasm, params } : undefined,
          ...(values.from > 0 ? { from: values.from } : {}),
          onProgress: (frame, last) => bar.at(frame, last),
        }),
      );
      bar.end();
      await chain.close();
      out(
        `${path}: frames up to ${last} of ${name}, kernel ${kernel.slice(0, 12)}${
          atHand ? "" : " (not at hand: left out)"
        }`,
      );
      return 0;
    } finally {
      await world.close();
    }
  },
});
