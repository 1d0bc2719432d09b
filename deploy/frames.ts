/** Frames, events and effects as people and other programs read them: for `inspect` and `step`. */
import { type DescMessage, fromBinary, toJson } from "@bufbuild/protobuf";
import {
  DecisionSchema,
  EFFECT_KIND,
  EffectCursor,
  EVENT_KIND,
  EventCursor,
  type Frame,
  type Pipeline,
  RejectReasonSchema,
} from "../runtime/mod.ts";
import { bytes, count } from "./demo/figures.ts";

export interface ShownEvent {
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

export function decodeEvents(frame: Frame, pipeline: Pipeline | undefined): ShownEvent[] {
  const events: ShownEvent[] = [];
  const cursor = new EventCursor(frame.events);
  while (cursor.next()) {
    events.push({
      event: events.length,
      kind: nameOf(EVENT_KIND, cursor.kind),
      ...(cursor.id.length > 0 ? { id: text(cursor.id) } : {}),
      ...(cursor.source.length > 0 ? { source: text(cursor.source), sequence: cursor.sequence } : {}),
      payload: cursor.type.length > 0
        ? text(cursor.payload)
        : readable(cursor.payload, cursor.kind === EVENT_KIND.EVENT ? pipeline?.input : undefined),
      effects: [],
    });
  }
  const effect = new EffectCursor(frame.effects);
  while (effect.next()) {
    // Other effects carry what the engine alone reads.
    const schema = effect.kind === EFFECT_KIND.OUTPUT
      ? pipeline?.output
      : effect.kind === EFFECT_KIND.REPLY
      ? DecisionSchema
      : undefined;
    events[effect.event]?.effects.push({
      kind: nameOf(EFFECT_KIND, effect.kind),
      ...(effect.kind === EFFECT_KIND.REJECT ? { reason: rejectName(effect.reason, pipeline) } : {}),
      ...(effect.payload.length > 0 ? { payload: readable(effect.payload, schema, pipeline) } : {}),
      ...(effect.originalFrame > 0 ? { original: `${effect.originalFrame}.${effect.originalEvent}` } : {}),
    });
  }
  return events;
}

export function readable(payload: Uint8Array, schema: DescMessage | undefined, pipeline?: Pipeline): unknown {
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

export interface Summary {
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

export function summarize(frame: Frame, events: readonly ShownEvent[], size: number): Summary {
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

export function frameLine(summary: Summary): string {
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

export function eventLines(event: ShownEvent): string[] {
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

export function iso(micros: number): string {
  return new Date(micros / 1_000).toISOString();
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}

export function hex(value: Uint8Array): string {
  return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
