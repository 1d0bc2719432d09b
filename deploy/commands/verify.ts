/** `verify`: replays a ledger and proves that every recorded effect is what the kernel answers. */
import process from "node:process";
import { kernelParams, loadKernel, type Verified, verifyChain } from "../../runtime/mod.ts";
import { command, Problem } from "../command.ts";
import { ENGINE_OPTIONS, LEDGER_OPTIONS } from "../config.ts";
import { readKernel } from "../kernels.ts";
import { toggle } from "../options.ts";
import { Progress } from "../progress.ts";
import { pipelineOfChain, topology } from "../topology.ts";
import { openLedger } from "../world.ts";

export const verify = command({
  name: "verify",
  summary: "replay a ledger and prove every effect equal",
  operands: "[chain…]",
  about:
    "Reads every frame of the chains (all of them when none is named), checks its hash and its link to the\n" +
    "frame before, and applies its events to a fresh kernel, whose effects must equal the recorded ones byte\n" +
    "for byte. Ends with code 0 when everything was proven, else with code 1 and the first frame that was not.\n" +
    "The options of the pipelines must be those the ledger was written with: they are part of the kernel hash.",
  options: { ...LEDGER_OPTIONS, ...ENGINE_OPTIONS, json: toggle("print JSON, one object a chain") },
  examples: [
    ["deno task millrace verify", "prove the ledger in ./data"],
    ["deno task millrace verify fraud-0 --data data/demo", "prove one partition of what the demo wrote"],
  ],
  async run({ values, operands, signal, out, err }) {
    const ledger = await openLedger(values);
    try {
      const existing = await ledger.chains();
      const chains = operands.length > 0 ? operands : existing;
      if (chains.length === 0) throw new Problem(`Cannot verify ${ledger.name}: it holds no chain yet.`);
      let proven = true;
      for (const name of chains) {
        if (!existing.includes(name)) {
          throw new Problem(
            `Cannot verify ${name}: ${ledger.name} holds ${existing.join(", ") || "no chain"}.`,
          );
        }
        const pipeline = pipelineOfChain(topology(values), name);
        if (!pipeline) throw new Problem(`Cannot verify ${name}: no pipeline of the topology writes to it.`);
        const kernel = await loadKernel(
          pipeline.kernel,
          await readKernel(pipeline.kernel),
          kernelParams(pipeline),
        );
        const chain = await ledger.open(name);
        const progress = new Progress(
          `${name} {bar} {value}/{total} frames · {events} events`,
          process.stderr,
        );
        const verified = await verifyChain(chain, kernel, {
          signal,
          onProgress: (frame, last, events) => progress.at(frame, last, { events }),
        });
        progress.end();
        await chain.close();
        if (signal.aborted) {
          err("Stopped before the end: nothing is proven.");
          return 130;
        }
        if (values.json) out(JSON.stringify(verified));
        else report(verified, out);
        proven &&= verified.findings.length === 0;
      }
      return proven ? 0 : 1;
    } finally {
      await ledger.close();
    }
  },
});

function report(verified: Verified, out: (line: string) => void): void {
  const { chain, frames, events, effects, epochs, effectsHash, chainHash, findings } = verified;
  for (const { detail } of findings) out(`NOT PROVEN  ${chain}: ${detail}`);
  if (findings.length > 0) return;
  out(`proven  ${chain}: ${frames} frames (${epochs} of them epochs), ${events} events, ${effects} effects`);
  out(`        effects ${effectsHash}`);
  out(`        chain   ${chainHash}`);
}
