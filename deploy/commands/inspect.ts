/** `inspect`: the frames of a ledger, readable. */
import { type DescMessage, fromBinary, toJson } from "@bufbuild/protobuf";
import {
  type Chain,
  DecisionSchema,
  decodeFrame,
  EFFECT_KIND,
  EffectCursor,
  EVENT_KIND,
  EventCursor,
  type Frame,
  type Ledger,
  type Pipeline,
  RejectReasonSchema,
} from "../../runtime/mod.ts";
import { command, Problem } from "../command.ts";
import { LEDGER_OPTIONS } from "../config.ts";
import { bytes, count } from "../demo/figures.ts";
import { choice, integer, toggle } from "../options.ts";

import { DEFAULTS, pipelineOfChain, topology } from "../topology.ts";
import { openLedger } from "../world.ts";

const KINDS = ["all", "reply", "output", "reject", "duplicate", "stale"] as const;
const SEQUENCE = { min: 0, max: Number.MAX_SAFE_INTEGER };

export const inspect = command({
  name: "inspect",
  summary: "frames of a ledger, readable",
  operands: "[chain]",
  about:
    "Without a chain: lists the chains and what each holds. With one: its frames, newest last. Reads only, so\n" +
    "it may look at a ledger that is in use.",
  options: {
    ...LEDGER_OPTIONS,
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
    ["deno task millrace inspect pretrade-0 --from 1 --events --json | head", "for other programs"],
  ],
  async run({ values, operands, signal, out }) {
    const ledger = await openLedger(values);
    try {
      if (operands.length === 0) await list(ledger, values.json, out);
      else await frames(ledger, operands[0], values, signal, out);
      return 0;
    } finally {
      await ledger.close();
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

interface Wanted {
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
  const pipeline = pipelineOfChain(topology(DEFAULTS), name);
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

interface ShownEvent {
  readonly event: number;
  readonly kind: string;
  readonly id?: string;
  readonly source?: string;
  readonly sequence?: number;
  readonly payload: unknown;
  readonly effects: ShownEffect[];
}

interface ShownEffect {
  readonly kind: string;
  readonly reason?: string;
  readonly payload?: unknown;
  readonly original?: string;
}

function decodeEvents(frame: Frame, pipeline: Pipeline | undefined): ShownEvent[] {
  const events: ShownEvent[] = [];
  const cursor = new EventCursor(frame.events);
  while (cursor.next()) {
    events.push({
      event: events.length,
      kind: nameOf(EVENT_KIND, cursor.kind),
      ...(cursor.id.length > 0 ? { id: text(cursor.id) } : {}),
      ...(cursor.source.length > 0 ? { source: text(cursor.source), sequence: cursor.sequence } : {}),
      payload: readable(cursor.payload, pipeline?.input),
      effects: [],
    });
  }
  const effect = new EffectCursor(frame.effects);
  while (effect.next()) {
    const output = effect.kind === EFFECT_KIND.OUTPUT;
    events[effect.event]?.effects.push({
      kind: nameOf(EFFECT_KIND, effect.kind),
      ...(effect.kind === EFFECT_KIND.REJECT ? { reason: rejectName(effect.reason, pipeline) } : {}),
      ...(effect.payload.length > 0
        ? { payload: readable(effect.payload, output ? pipeline?.output : DecisionSchema, pipeline) }
        : {}),
      ...(effect.originalFrame > 0 ? { original: `${effect.originalFrame}.${effect.originalEvent}` } : {}),
    });
  }
  return events;
}

function readable(payload: Uint8Array, schema: DescMessage | undefined, pipeline?: Pipeline): unknown {
  if (!schema) return hex(payload);
  try {
    const json = toJson(schema, fromBinary(schema, payload));
    return schema === DecisionSchema && pipeline ? named(json as DecisionJson, pipeline) : json;
  } catch {
    return { malformed: hex(payload) };
  }
}

interface DecisionJson {
  reasons?: { code?: number | string }[];
  figures?: { code?: number | string }[];
}

/** The codes of reasons and figures by the pipeline's own names. */
function named(decision: DecisionJson, pipeline: Pipeline): DecisionJson {
  for (const reason of decision.reasons ?? []) {
    reason.code = pipeline.reasons?.value[Number(reason.code)]?.name ?? reason.code;
  }
  for (const figure of decision.figures ?? []) {
    figure.code = pipeline.figures?.value[Number(figure.code)]?.name ?? figure.code;
  }
  return decision;
}

function rejectName(reason: number, pipeline: Pipeline | undefined): string {
  const own = pipeline?.rejects?.value[reason]?.name;
  return (reason >= 100 ? own : RejectReasonSchema.values.find(({ number }) => number === reason)?.name) ??
    String(reason);
}

interface Summary {
  readonly frame: number;
  readonly epoch: number;
  readonly clock: string;
  readonly events: number;
  readonly effects: Record<string, number>;
  readonly bytes: number;
  readonly positions: readonly unknown[];
  readonly kernel: string;
  readonly chain: string;
}

function summarize(frame: Frame, events: readonly ShownEvent[], size: number): Summary {
  const effects: Record<string, number> = {};
  for (const event of events) for (const { kind } of event.effects) effects[kind] = (effects[kind] ?? 0) + 1;
  return {
    frame: frame.number,
    epoch: frame.epoch,
    clock: iso(frame.clock),
    events: events.length,
    effects,
    bytes: size,
    positions: frame.positions,
    kernel: hex(frame.kernel),
    chain: hex(frame.chain),
  };
}

function frameLine(summary: Summary): string {
  const effects = Object.entries(summary.effects).map(([kind, number]) => `${count(number)} ${kind}`).join(
    ", ",
  );
  const what = summary.events === 0
    ? "begins the epoch"
    : `${count(summary.events)} events → ${effects || "no effect"}`;
  return `frame ${summary.frame}  epoch ${summary.epoch}  ${summary.clock}  ${what}, ${
    bytes(summary.bytes)
  }  ` +
    `kernel ${summary.kernel.slice(0, 8)} chain ${summary.chain.slice(0, 8)}`;
}

function eventLines(event: ShownEvent): string[] {
  const origin = event.source ? ` ${event.source}#${event.sequence}` : event.id ? ` id ${event.id}` : "";
  const kind = event.kind === "event" ? "" : ` ${event.kind}`;
  return [
    `  ${event.event}${kind}${origin}  ${JSON.stringify(event.payload)}`,
    ...event.effects.map(({ kind, reason, payload, original }) => {
      const rest = [reason, original && `first answer at ${original}`, payload && JSON.stringify(payload)];
      return `      → ${kind} ${rest.filter(Boolean).join(" ")}`;
    }),
  ];
}

function nameOf(kinds: Readonly<Record<string, number>>, kind: number): string {
  return Object.keys(kinds).find((name) => kinds[name] === kind)?.toLowerCase() ?? `kind ${kind}`;
}

function iso(micros: number): string {
  return new Date(micros / 1_000).toISOString();
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}

function hex(value: Uint8Array): string {
  return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
