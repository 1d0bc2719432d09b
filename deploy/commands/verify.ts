/** `verify`: replays a ledger and proves that every recorded effect is what the kernel answers. */
import process from "node:process";
import {
  type KernelModule,
  kernelParams,
  loadKernel,
  type Verified,
  verifyChain,
} from "../../runtime/mod.ts";
import { oldestCheckpoint } from "../../runtime/checkpoint/as_of.ts";
import { command, Problem } from "../command.ts";
import { ENGINE_OPTIONS, LEDGER_OPTIONS } from "../config.ts";
import { count } from "../demo/figures.ts";
import { readKernel } from "../kernels.ts";
import { toggle } from "../options.ts";
import { Progress } from "../progress.ts";
import { configuredTopology, pipelineOfChain } from "../topology.ts";
import { type OpenedWorld, openExisting } from "../world.ts";

/** Where there is no terminal to draw on, progress is said so often. */
const SAY_MS = 5_000;

export const verify = command({
  name: "verify",
  summary: "replay a ledger and prove every effect equal",
  operands: "[chain…]",
  about:
    "Reads every frame of the chains (all of them when none is named), checks its hash and its link to the\n" +
    "frame before, and applies its events to a fresh kernel, whose effects must equal the recorded ones byte\n" +
    "for byte. It goes on past what it cannot prove, and past what is wrong, and tells all of it.\n\n" +
    "Ends with code 0 when everything was proven; with 1 when something is wrong; with 3 when nothing is wrong\n" +
    "but some effects could not be proven here, because another kernel decided them or their history was purged.\n" +
    "The options of the pipelines must be those the ledger was written with: they are part of the kernel hash.",
  options: { ...LEDGER_OPTIONS, ...ENGINE_OPTIONS, json: toggle("print JSON, one object a chain") },
  examples: [
    ["deno task millrace verify", "prove the ledger in ./data"],
    ["deno task millrace verify fraud-0 --data data/demo", "prove one partition of what the demo wrote"],
  ],
  async run({ values, operands, signal, out, err }) {
    const world = await openExisting(values);
    try {
      const existing = await world.ledger.chains();
      const chains = operands.length > 0 ? operands : existing;
      if (chains.length === 0) {
        throw new Problem(`Cannot verify ${world.ledger.name}: it holds no chain yet.`);
      }
      const missing = chains.find((name) => !existing.includes(name));
      if (missing !== undefined) {
        const held = existing.join(", ") || "no chain";
        throw new Problem(`Cannot verify ${missing}: ${world.ledger.name} holds ${held}.`);
      }
      let code = 0;
      for (const name of chains) {
        const pipeline = pipelineOfChain(await configuredTopology(values), name);
        const module = pipeline &&
          await loadKernel(pipeline.kernel, await readKernel(pipeline.kernel), kernelParams(pipeline));
        const verified = await verifyOne(world, name, module, signal, err);
        if (signal.aborted) {
          err("Stopped before the end: nothing is proven.");
          return 130;
        }
        if (values.json) out(JSON.stringify(verified));
        else report(verified, out);
        if (verified.findings.length > 0) code = 1;
        else if (verified.unproven.length > 0 && code === 0) code = 3;
      }
      return code;
    } finally {
      await world.close();
    }
  },
});

async function verifyOne(
  world: OpenedWorld,
  name: string,
  module: KernelModule | undefined,
  signal: AbortSignal,
  err: (line: string) => void,
): Promise<Verified> {
  const chain = await world.ledger.open(name);
  const bar = new Progress(
    `${name} {bar} {percentage}% · frame {value} of {total} · {events} events, {rate}/s · {eta_formatted} left`,
    process.stderr,
  );
  const { first } = await chain.extent();
  const began = world.clock.monotonic();
  let said = began;
  try {
    return await verifyChain(chain, module, {
      signal,
      base: first > 1 && module ? await oldestCheckpoint(world, chain, module) : undefined,
      onProgress: (frame, last, events) => {
        const now = world.clock.monotonic();
        const seconds = Math.max(1, now - began) / 1e6;
        const rate = count(Math.round(events / seconds));
        bar.at(frame, last, { events: count(events), rate });
        if (process.stderr.isTTY || now - said < SAY_MS * 1000) return;
        said = now;
        const left = Math.ceil(seconds / (frame - first + 1) * (last - frame));
        err(`${name}: frame ${frame} of ${last}, ${count(events)} events, ${rate}/s, ${left} s left`);
      },
    });
  } finally {
    bar.end();
    await chain.close();
  }
}

const WHY = {
  "other-kernel": (kernel: string) => `were decided by kernel ${kernel.slice(0, 12)}, which is not at hand`,
  "before-checkpoint": () => "lie before the oldest checkpoint, and what led to them was purged",
  "after-finding": () => "come after what is wrong, so the state they rest on is not known",
};

function report(verified: Verified, out: (line: string) => void): void {
  const { chain, from, to, frames, voids, events, effects, epochs, findings, unproven } = verified;
  for (const { detail } of findings) out(`WRONG       ${chain}: ${detail}`);
  for (const { why, kernel, from, to, events } of unproven) {
    out(`NOT PROVEN  ${chain}: frames ${from} to ${to} (${count(events)} events) ${WHY[why](kernel)}`);
  }
  if (findings.length > 0) {
    out(
      `            ${chain}: state before frame ${
        findings[0].frame
      } is sound. To go on: restore the ledger from a`,
    );
    out(
      `            backup or a replica, or \`millrace inspect ${chain} --at ${
        findings[0].frame - 1
      }\` for what stands.`,
    );
  }
  const left = voids > 0 ? `, ${voids} void` : "";
  const what = findings.length > 0 ? "read  " : unproven.length > 0 ? "whole " : "proven";
  out(
    `${what}  ${chain}: frames ${from} to ${to}: ${frames} count (${epochs} of them epochs${left}), ` +
      `${count(events)} events, ${count(effects)} effects`,
  );
  out(`        effects ${verified.effectsHash}`);
  out(`        chain   ${verified.chainHash}`);
}
