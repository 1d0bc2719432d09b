/** `inspect`: the frames of a ledger, readable; and the state as it was. */
import { asOf, type At, stateHash } from "../../runtime/checkpoint/as_of.ts";
import { partitionOf } from "../../runtime/ingress/partition.ts";
import { type Chain, decodeFrame, kernelParams, type Ledger, loadKernel } from "../../runtime/mod.ts";
import { command, Problem } from "../command.ts";
import { ENGINE_OPTIONS, type EngineConfig, LEDGER_OPTIONS } from "../config.ts";
import { bytes, count } from "../demo/figures.ts";
import { decodeEvents, eventLines, frameLine, iso, readable, summarize } from "../frames.ts";
import { readKernel } from "../kernels.ts";
import { choice, integer, text, toggle } from "../options.ts";
import { Progress } from "../progress.ts";
import { configuredTopology, pipelineOfChain } from "../topology.ts";
import { type OpenedWorld, openExisting } from "../world.ts";
import process from "node:process";

const KINDS = ["all", "reply", "output", "reject", "duplicate", "stale"] as const;
const SEQUENCE = { min: 0, max: Number.MAX_SAFE_INTEGER };

export const inspect = command({
  name: "inspect",
  summary: "frames of a ledger, readable, and the state as it was",
  operands: "[chain|pipeline]",
  about:
    "Without a chain: lists the chains and what each holds. With one: its frames, newest last. With --at: the\n" +
    "state as it was at that time or frame, of a key or of the whole partition, rebuilt from the nearest\n" +
    "checkpoint before. Reads only, so it may look at a ledger that is in use.",
  options: {
    ...LEDGER_OPTIONS,
    ...ENGINE_OPTIONS,
    at: text(
      "",
      "when",
      "a time (2026-11-20T14:00Z) or a frame: the state as it was then",
      "2026-11-20T14:00Z",
    ),
    key: text("", "key", "with --at: the state of this key; the operand may then be a pipeline", "tok-1"),
    from: integer(0, SEQUENCE, "n", "first frame; 0 = the last ten"),
    to: integer(0, SEQUENCE, "n", "last frame; 0 = the newest"),
    effects: choice("all", KINDS, "only events that had this effect (implies --events)"),
    events: toggle("show the events and their effects, not the frames alone"),
    json: toggle("print JSON, one object a line"),
  },
  examples: [
    ["deno task millrace inspect", "the chains of the ledger in ./data"],
    ["deno task millrace inspect fraud-0 --events", "the last ten frames with their payments and decisions"],
    ["deno task millrace inspect fraud-0 --from 1 --effects reject", "every dead letter"],
    ["deno task millrace inspect fraud --key tok-1 --at 2026-11-20T14:00Z", "what a card's actor knew then"],
    ["deno task millrace inspect fraud-0 --at 1200", "figures of a partition after frame 1200, and its hash"],
    ["deno task millrace inspect pretrade-0 --from 1 --events --json | head", "for other programs"],
  ],
  async run({ values, operands, signal, out }) {
    const world = await openExisting(values);
    try {
      if (operands.length === 0) await list(world.ledger, values.json, out);
      else if (values.at || values.key) await state(world, operands[0], values, out);
      else await frames(world.ledger, operands[0], values, signal, out);
      return 0;
    } finally {
      await world.close();
    }
  },
});

type Out = (line: string) => void;

async function list(ledger: Ledger, json: boolean, out: Out): Promise<void> {
  const names = await ledger.chains();
  if (!json) out(`${ledger.name}: ${names.length === 0 ? "no chain yet" : `${names.length} chains`}`);
  for (const name of names) {
    const chain = await ledger.open(name);
    const extent = await chain.extent();
    const newest = await chain.get(extent.last);
    const frame = newest && decodeFrame(newest, `frame ${extent.last} of ${name}`);
    if (json) {
      out(JSON.stringify({ chain: name, ...extent, epoch: frame?.epoch, clock: frame && iso(frame.clock) }));
    } else {
      const state = frame ? `epoch ${frame.epoch}, newest at ${iso(frame.clock)}` : "empty";
      out(`  ${name.padEnd(20)} frames ${extent.first} to ${extent.last}, ${state}`);
    }
    await chain.close();
  }
}

interface Wanted extends EngineConfig {
  readonly from: number;
  readonly to: number;
  readonly effects: (typeof KINDS)[number];
  readonly events: boolean;
  readonly json: boolean;
}

const LAST_FRAMES = 10;

async function frames(
  ledger: Ledger,
  name: string,
  wanted: Wanted,
  signal: AbortSignal,
  out: Out,
): Promise<void> {
  const existing = await ledger.chains();
  if (!existing.includes(name)) {
    throw new Problem(
      `Cannot inspect ${name}: ${ledger.name} holds ${existing.join(", ") || "no chain yet"}.`,
    );
  }
  const pipeline = pipelineOfChain(await configuredTopology(wanted), name);
  const chain = await ledger.open(name);
  const { first, last } = await chain.extent();
  const from = Math.max(first, wanted.from || last - LAST_FRAMES + 1), to = wanted.to || last;
  for await (const { sequence, message } of read(chain, from, Math.min(to, last))) {
    if (signal.aborted) break;
    const frame = decodeFrame(message, `frame ${sequence} of ${name}`);
    const events = decodeEvents(frame, pipeline);
    const shown = wanted.effects === "all"
      ? events
      : events.filter(({ effects }) => effects.some(({ kind }) => kind === wanted.effects));
    if (wanted.effects !== "all" && shown.length === 0) continue;
    const detailed = wanted.events || wanted.effects !== "all";
    const summary = summarize(frame, events, message.length);
    if (wanted.json) out(JSON.stringify(detailed ? { ...summary, events: shown } : summary));
    else {
      out(frameLine(summary));
      if (detailed) { for (const event of shown) for (const line of eventLines(event)) out(line); }
    }
  }
  await chain.close();
}

async function* read(chain: Chain, from: number, to: number) {
  if (from <= to) yield* chain.read(from, to);
}

interface WantedState extends EngineConfig {
  readonly at: string;
  readonly key: string;
  readonly json: boolean;
}

async function state(world: OpenedWorld, name: string, wanted: WantedState, out: Out): Promise<void> {
  const chains = await world.ledger.chains();
  const key = new TextEncoder().encode(wanted.key);
  const topology = await configuredTopology(wanted);
  const own = chains.filter((chain) => pipelineOfChain(topology, chain)?.name === name);
  const found = chains.includes(name)
    ? name
    : wanted.key && own.length > 0
    ? `${name}-${partitionOf(key, own.length)}`
    : own.length === 1
    ? own[0]
    : undefined;
  const pipeline = found && pipelineOfChain(topology, found);
  if (!found || !pipeline) {
    const choices = own.length > 0
      ? `name --key, or one of ${own.join(", ")}`
      : chains.join(", ") || "no chain yet";
    throw new Problem(`Cannot tell the state of ${name}: ${world.ledger.name} holds ${choices}.`);
  }
  const kernel = await loadKernel(pipeline.kernel, await readKernel(pipeline.kernel), kernelParams(pipeline));
  const chain = await world.ledger.open(found);
  const bar = new Progress(`${found} {bar} frame {value} of {total} · {eta_formatted} left`, process.stderr);
  const then = await asOf(world, chain, kernel, momentOf(wanted.at), (frame, last) => bar.at(frame, last));
  bar.end();
  const known = wanted.key ? then.kernel.query(key) : undefined;
  const base = {
    chain: found,
    frame: then.frame,
    clock: iso(then.clock),
    epoch: then.epoch,
    checkpoint: then.manifest?.frame ?? 0,
    replayedEvents: then.replayedEvents,
  };
  const { keys, stateBytes } = then.kernel;
  const whole = { keys, stateBytes, stateHash: stateHash(then.kernel) };
  const shown = known ? readable(known, pipeline.state) : null;
  await chain.close();
  if (wanted.json) {
    return out(
      JSON.stringify(wanted.key ? { ...base, key: wanted.key, state: shown } : { ...base, ...whole }),
    );
  }
  out(
    `${found} after frame ${base.frame}, ${base.clock} (checkpoint ${base.checkpoint}, ` +
      `${count(base.replayedEvents)} events replayed)`,
  );
  if (wanted.key) {
    out(`  ${wanted.key}  ${shown === null ? "nothing is known of it" : JSON.stringify(shown)}`);
  } else out(`  ${count(keys)} keys, ${bytes(stateBytes)}, state ${whole.stateHash}`);
}

/** A frame's number, or a time; nothing = the newest. */
function momentOf(at: string): At {
  if (at === "") return { frame: Number.MAX_SAFE_INTEGER };
  if (/^\d+$/.test(at)) return { frame: Number(at) };
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) {
    throw new Problem(
      `Cannot tell the state at "${at}": give a time like 2026-11-20T14:00Z, or a frame's number.`,
    );
  }
  return { time: ms * 1_000 + 999 };
}
