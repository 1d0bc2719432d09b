/** What would become of a pipeline's state if it were started as it is declared now: `explain --against`. */
import { manifests } from "../runtime/checkpoint/checkpoint.ts";
import {
  kernelParams,
  loadKernel,
  misplaced,
  partitionedOf,
  type Pipeline,
  verdictOf,
} from "../runtime/mod.ts";
import { carries, estimate, meaningOf } from "../runtime/partition/evolve.ts";
import { purged } from "../runtime/stream/evolution.ts";
import { Problem } from "./command.ts";
import { type LedgerConfig } from "./config.ts";
import { declaredPipelines } from "./declared.ts";
import { readKernel } from "./kernels.ts";
import { configuredTopology, DEFAULTS } from "./topology.ts";
import { openExisting } from "./world.ts";

type Out = (line: string) => void;

/** Exit code: 0 = the state carries over or nothing changed, 3 = it is rebuilt, 4 = start would refuse. */
export async function against(path: string, other: string, out: Out): Promise<number> {
  const { pipelines } = await configuredTopology({ ...DEFAULTS, pipelines: path });
  const codes: number[] = [];
  if (other.endsWith(".ts")) {
    const before = (await declaredPipelines(other)).map(({ pipeline }) => pipeline);
    for (const now of pipelines) codes.push(await declarations(now, before, out));
  } else for (const now of pipelines) codes.push(await data(now, other, out));
  return Math.max(...codes);
}

async function declarations(now: Pipeline, all: readonly Pipeline[], out: Out): Promise<number> {
  const before = all.find(({ name }) => name === now.name);
  if (!before) {
    out(
      `${now.name} is new: none of that name was declared there (${all.map(({ name }) => name).join(", ")})`,
    );
    return 0;
  }
  const elsewhere = misplaced(now.name, partitionedOf(before), partitionedOf(now));
  if (elsewhere) {
    out(elsewhere);
    return 4;
  }
  const verdict = verdictOf(await meaning({ ...before, dedupe: now.dedupe }), await meaning(now));
  return tell(now.name, verdict, out);
}

async function data(now: Pipeline, folder: string, out: Out): Promise<number> {
  const config = {
    ...DEFAULTS,
    ledger: "sqlite",
    data: folder,
    logLevel: "silent",
  } as unknown as LedgerConfig;
  const world = await openExisting(config);
  try {
    const chain = await world.ledger.open(`${now.name}-0`);
    const { first, last } = await chain.extent();
    await chain.close();
    if (last === 0) {
      out(`${now.name} is new: ${world.ledger.name} holds nothing of it`);
      return 0;
    }
    const [newest] = await manifests(world, `${now.name}-0`);
    const elsewhere = misplaced(now.name, newest?.partitioned, partitionedOf(now));
    if (elsewhere || !newest) {
      out(elsewhere ?? `${now.name}: there is no checkpoint yet; its ${last} frames are replayed`);
      return elsewhere ? 4 : 3;
    }
    const is = await meaning(now);
    const module = await load(now);
    if (newest.kernel === module.hashHex) {
      out(`${now.name}: nothing changed`);
      return 0;
    }
    const verdict = carries(newest, is);
    if (verdict.kind === "rebuilt" && first > 1) {
      out(purged(now.name, first, verdict.changes));
      return 4;
    }
    const { frames, bytes, seconds } = estimate(newest);
    const size = bytes === undefined ? "" : `, ${Math.ceil(bytes / 1e6)} MB`;
    const time = seconds === undefined
      ? "; how long that takes is told as it goes"
      : `; about ${seconds} s at the rate of the last replay`;
    return tell(now.name, verdict, out, `: ${frames} frames${size} in partition 0${time}`);
  } finally {
    await world.close();
  }
}

function tell(name: string, { kind, changes }: ReturnType<typeof verdictOf>, out: Out, cost = ""): number {
  out(
    kind === "carried" ? `${name}: its state carries over` : `${name}: its state is rebuilt by replay${cost}`,
  );
  for (const change of changes) out(`  ${change}`);
  return kind === "carried" ? 0 : 3;
}

const load = async (pipeline: Pipeline) =>
  await loadKernel(pipeline.kernel, await readKernel(pipeline.kernel), kernelParams(pipeline));

async function meaning(pipeline: Pipeline) {
  const found = meaningOf(pipeline, await load(pipeline));
  if (!found) throw new Problem(`Cannot compare ${pipeline.name}: it has no declaration.`);
  return found;
}
