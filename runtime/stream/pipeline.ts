/** `pipeline(name, sources)`: where a declaration begins. */
import type { DescMessage } from "@bufbuild/protobuf";
import type { StreamSource } from "../declare.ts";
import type { RowVariable } from "./expr.ts";
import { num, type NumLike } from "./expr.ts";
import { type FieldsOf, fieldsOf, type Variant } from "./fields.ts";
import type { PlanOptions, Source } from "./plan.ts";
import { Declaration, type Draft } from "./base.ts";
import { compile } from "./compile/mod.ts";
import { Stream } from "./stream.ts";
import { type Duration, micros, type Watermark } from "./windows.ts";

/** Event time further ahead of the clock than this is not believed, unless declared otherwise. */
const AHEAD: Duration = "1d";

export interface SourceOptions<D extends DescMessage> {
  /** When the event happened, microseconds since the epoch: a field, or an expression such as millis(e.at). */
  readonly eventTime?: (event: FieldsOf<D>) => NumLike;
  /** How far events may be out of order. Required with `eventTime`. */
  readonly watermark?: Watermark;
  /** The time at which an event is applied stands for its event time. */
  readonly processingTime?: boolean;
  /** An event whose time is further ahead of the clock is set aside as late and moves no watermark. */
  readonly ahead?: Duration;
  /**
   * Without an event for so long by the clock, and with nothing waiting where it is read from, it is idle and
   * holds nothing back until its next event. Default: it is waited for.
   */
  readonly idle?: Duration;
  /**
   * It is read no further while it is so far, in event time, ahead of the slowest of the other sources that are
   * not idle: so joins hold no more than that of it. All sources must then say when they are `idle`.
   */
  readonly align?: Duration;
  /** The stream of a NATS server that it is read from; events of several sources may come from one. */
  readonly stream?: string | Omit<StreamSource, "pipeline" | "inputs">;
}

export interface DeclaredSource<D extends DescMessage> {
  readonly message: D;
  readonly variant?: { readonly within: DescMessage; readonly field: string };
  readonly options: SourceOptions<D>;
}

/** Events of one message, or of one variant of an envelope. */
export function source<D extends DescMessage>(
  message: D | Variant<D>,
  options: SourceOptions<D> = {},
): DeclaredSource<D> {
  return "within" in message
    ? { message: message.message, variant: { within: message.within, field: message.field }, options }
    : { message, options };
}

/** Rows of another pipeline's output, keyed anew here; its watermarks come with them. */
export interface FedSource<R> {
  readonly message: DescMessage;
  readonly variant?: undefined;
  readonly options: SourceOptions<DescMessage>;
  readonly fed: { readonly pipeline: string; readonly output: string; readonly partitions: number };
  readonly changelog: boolean;
  readonly rows?: R;
}

/**
 * The output of a declared pipeline as a source: the way to key rows anew where they run in several partitions.
 * `eventTime` says the time of a row by its fields; the watermark is what the pipeline before tells.
 */
export function fedBy<R>(
  declaration: Declaration<R>,
  output: string,
  { eventTime }: { readonly eventTime: (row: R) => NumLike },
): FedSource<R> {
  const { pipeline } = compile(declaration);
  const found = pipeline.outputs?.find(({ name }) => name === output);
  if (!found) {
    throw new TypeError(
      `Cannot be fed by output "${output}" of "${pipeline.name}": it has ${
        pipeline.outputs?.map(({ name }) => name).join(", ")
      }`,
    );
  }
  return {
    message: found.message,
    options: { eventTime: eventTime as unknown as (event: FieldsOf<DescMessage>) => NumLike },
    fed: { pipeline: pipeline.name, output, partitions: pipeline.partitions ?? 1 },
    changelog: found.changelog,
  };
}

/** The events that the field `field` of an envelope holds. */
export function variant<D extends DescMessage>(within: DescMessage, field: string, message: D): Variant<D> {
  const found = within.fields.find(({ localName }) => localName === field);
  if (found?.fieldKind !== "message" || found.message.typeName !== message.typeName) {
    const names = within.fields.filter((each) => each.fieldKind === "message").map((each) => each.localName);
    throw new TypeError(
      `Cannot find variant "${field}" of type ${message.typeName} in ${within.typeName}: it has ${
        names.join(", ")
      }`,
    );
  }
  return { message, field, within };
}

// deno-lint-ignore no-explicit-any
type AnySources = Readonly<Record<string, DeclaredSource<any> | FedSource<any>>>;
type StreamOf<S> = S extends FedSource<infer R> ? Stream<R>
  : S extends DeclaredSource<infer D> ? Stream<FieldsOf<D>>
  : never;
type Streams<S> = { readonly [K in keyof S]: StreamOf<S[K]> };
type OnlySource<S> = { [K in keyof S]: StreamOf<S[K]> }[keyof S];

/** One source: the stream to go on from. Several: a function of the streams by their names. */
export function pipeline<S extends AnySources>(
  name: string,
  sources: S,
  options?: PlanOptions,
): OnlySource<S>;
export function pipeline<S extends AnySources, B extends Declaration | readonly Declaration[]>(
  name: string,
  sources: S,
  build: (streams: Streams<S>) => B,
  options?: PlanOptions,
): B extends Declaration<infer R> ? Declaration<R> : Declaration;
export function pipeline(
  name: string,
  sources: AnySources,
  second: PlanOptions | ((streams: Streams<AnySources>) => Declaration | readonly Declaration[]) = {},
  third: PlanOptions = {},
): unknown {
  const build = typeof second === "function" ? second : undefined;
  const draft: Draft = {
    name,
    sources: [],
    ends: [],
    options: typeof second === "function" ? third : second,
    steps: 0,
  };
  const streams = Object.entries(sources).map(([sourceName, declared], input) => {
    const made = sourceStep(draft, sourceName, declared, input);
    draft.sources.push(made.step);
    return [sourceName, new Stream(draft, made.step, made.view)] as const;
  });
  if (build) {
    build(Object.fromEntries(streams));
    return new Declaration(draft);
  }
  if (streams.length !== 1) {
    throw new TypeError(
      `Cannot compile pipeline "${name}": it has ${streams.length} sources. ` +
        `Give a function of them: pipeline("${name}", { a, b }, ({ a, b }) => a.join(b, …).to("out")).`,
    );
  }
  return streams[0][1];
}

function sourceStep(
  draft: Draft,
  name: string,
  declared: DeclaredSource<DescMessage> | FedSource<unknown>,
  input: number,
) {
  const { message, variant, options } = declared;
  const fed = "fed" in declared ? declared.fed : undefined;
  const wrong = (state: string, fix: string) =>
    new TypeError(`Cannot compile pipeline "${draft.name}" (source "${name}"): ${state}. ${fix}`);
  if (options.eventTime && !options.watermark && !fed) {
    throw wrong(
      "it has event time and no watermark",
      'Say how far events may be out of order: watermark: bounded("10s").',
    );
  }
  if (options.eventTime && options.processingTime) {
    throw wrong("it has event time and processing time", "Choose one.");
  }
  if (!options.eventTime && (options.idle !== undefined || options.align !== undefined)) {
    throw wrong(
      "it is to be idle or aligned, and has no event time",
      "Give eventTime and a watermark, or leave them away.",
    );
  }
  const row: RowVariable = { of: `source "${name}"` };
  const view = fieldsOf(message, row);
  let time;
  try {
    time = options.eventTime && num(options.eventTime(view)).node;
  } catch (cause) {
    throw new TypeError(
      `Cannot compile pipeline "${draft.name}" (source "${name}"): ${(cause as Error).message}`,
      { cause },
    );
  }
  if (time && time.type !== "i64") {
    throw wrong(
      "its event time is no integer",
      "Give microseconds: a field, seconds(e.at), millis(e.at), rfc3339(e.at).",
    );
  }
  const step: Source = {
    kind: "source",
    name,
    input,
    message,
    variant,
    fed,
    time,
    timed: time !== undefined || options.processingTime === true,
    disorder: options.watermark?.disorder ?? 0,
    ahead: micros(options.ahead ?? AHEAD, "bound"),
    idle: options.idle === undefined ? undefined : micros(options.idle, "time without events"),
    align: options.align === undefined ? undefined : micros(options.align, "bound"),
    stream: typeof options.stream === "string" ? { stream: options.stream } : options.stream,
    place: `source "${name}"`,
    row,
    fields: [],
    changelog: "changelog" in declared && declared.changelog,
  };
  return { step, view };
}
