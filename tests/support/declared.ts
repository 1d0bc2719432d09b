/** Runs declared pipelines in tests: their kernel alone, frame by frame, with what it puts out decoded. */
import assert from "node:assert/strict";
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageShape,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { declared } from "../../deploy/declared.ts";
import type { Declaration, Pipeline } from "../../runtime/mod.ts";
import { type Applied, type Kernel, type KernelModule, loadKernel } from "../../runtime/kernel/host.ts";
import { EFFECT_KIND, EffectCursor, EVENT_KIND } from "../../runtime/partition/records.ts";
import { encodeEvent } from "../../runtime/partition/mailbox.ts";
import {
  ASK_INPUTS,
  decodeStandings,
  encodeMark,
  encodeMarks,
  type Standing,
} from "../../runtime/stream/marks.ts";
import { kernelParams } from "../../runtime/params.ts";
import { recordedBy } from "./recorded.ts";
import { type Late, LateSchema, WatermarkSchema } from "../../runtime/proto/gen/frame_pb.ts";

export type OutputRow = Readonly<Record<string, bigint | number | string | boolean>>;

export interface Put {
  readonly name: string;
  readonly row: OutputRow;
  readonly retracted: boolean;
}

const CLOCK = 1_900_000_000_000_000;
const MAX = 2n ** 63n - 1n;
const OUTPUT_MAX = 200_000;

export async function openDeclared(declaration: Declaration, clock = CLOCK): Promise<DeclaredRun> {
  const { pipeline, wasm } = await declared(declaration);
  const module = await loadKernel(pipeline.kernel, wasm, kernelParams(pipeline));
  return new DeclaredRun(pipeline, module, clock);
}

export class DeclaredRun {
  readonly pipeline: Pipeline;
  kernel: Kernel;
  clock: number;
  /** Everything that was put out, in order. */
  readonly puts: Put[] = [];
  readonly late: Late[] = [];
  readonly rejects: number[] = [];
  /** What is left when retractions have taken back what they name, by output. */
  readonly rows = new Map<string, Map<string, number>>();
  /** The watermark last told to whoever reads the outputs; undefined before the first. */
  watermark: bigint | undefined;
  /** Whether that said that all inputs are idle. */
  allIdle = false;
  readonly #module: KernelModule;
  readonly #recorded: (payload: Uint8Array) => Uint8Array;
  #frame = 0;
  #timer = Infinity;

  constructor(pipeline: Pipeline, module: KernelModule, clock: number) {
    this.pipeline = pipeline;
    this.#module = module;
    this.#recorded = recordedBy(pipeline);
    this.kernel = module.instantiate();
    this.clock = clock;
  }

  /** Applies events as frames of at most `perFrame`, and the timers that fall due at once. */
  apply(events: readonly Uint8Array[], perFrame = 200): void {
    for (let i = 0; i < events.length; i += perFrame) {
      this.#frames(events.slice(i, i + perFrame).map((payload) => encodeEvent(this.#recorded(payload), {})));
    }
  }

  /** Says of an input that nothing before `time` is expected; of all inputs where none is named. */
  mark(time: bigint, input?: number): void {
    const told = encodeMarks({ time, input });
    this.#frames(told.map((payload) => encodeEvent(payload, { kind: EVENT_KIND.WATERMARK })));
  }

  /** An input holds nothing back until its next event; `seen`: unless it has had more events than so many. */
  idle(input: number, seen?: bigint): void {
    this.#frames([encodeEvent(encodeMark({ idle: true, input, seen }), { kind: EVENT_KIND.WATERMARK })]);
  }

  /** How each input stands. */
  inputs(): Standing[] {
    return decodeStandings(this.kernel.query(ASK_INPUTS)!);
  }

  /** The input has ended: every window is told. */
  end(): void {
    this.mark(MAX);
  }

  /** Lets the clock go on, with the timers that fall due until then. */
  pass(to: number): void {
    while (this.#timer <= to) {
      this.clock = Math.max(this.clock, this.#timer);
      this.#apply(encodeEvent(new Uint8Array(0), { kind: EVENT_KIND.TIMER }));
    }
    this.clock = to;
  }

  /** Rows of an output that still stand, sorted; a row put out twice stands twice. */
  standing(name: string): OutputRow[] {
    return [...this.rows.get(name) ?? []].flatMap(([text, count]) => {
      if (count < 0) throw new Error(`a row of ${name} was retracted more often than put out: ${text}`);
      return Array(count).fill(JSON.parse(text, revive) as OutputRow);
    });
  }

  /** A kernel that never ran, with this one's memory: what a restart is. */
  restart(): void {
    const kernel = this.#module.instantiate();
    const memoryBytes = this.kernel.memoryBytes;
    this.kernel.snapshotBegin(true);
    const records: Uint8Array[] = [];
    for (let next = this.kernel.snapshotNext(64); next.length; next = this.kernel.snapshotNext(64)) {
      records.push(next.slice());
    }
    kernel.restoreBegin(memoryBytes);
    for (const record of records) kernel.restorePages(record);
    this.#timer = kernel.restoreEnd().nextTimer;
    this.kernel = kernel;
  }

  get keys(): number {
    return this.kernel.keys;
  }

  #frames(records: readonly Uint8Array[]): void {
    for (const record of [join(records)]) this.#apply(record);
    while (this.#timer <= this.clock) this.#apply(encodeEvent(new Uint8Array(0), { kind: EVENT_KIND.TIMER }));
  }

  #apply(region: Uint8Array): void {
    for (let at = 0; at < region.length;) {
      const applied: Applied = this.kernel.apply(this.clock, ++this.#frame, region.subarray(at), OUTPUT_MAX);
      at += applied.consumedBytes;
      this.#timer = applied.nextTimer;
      this.#read(applied.effects.slice());
    }
  }

  #read(effects: Uint8Array): void {
    const cursor = new EffectCursor(effects);
    while (cursor.next()) {
      if (cursor.kind === EFFECT_KIND.LATE) this.late.push(fromBinary(LateSchema, cursor.payload));
      else if (cursor.kind === EFFECT_KIND.REJECT) this.rejects.push(cursor.reason);
      else if (cursor.kind === EFFECT_KIND.ADVANCE) {
        const { time, idle } = fromBinary(WatermarkSchema, cursor.payload);
        if (
          this.watermark !== undefined &&
          (time < this.watermark || time === this.watermark && idle === this.allIdle)
        ) {
          throw new Error("the watermark went back");
        }
        this.allIdle = idle;
        this.watermark = time;
      } else if (cursor.kind === EFFECT_KIND.OUTPUT) this.#put(cursor.channel, cursor.payload);
    }
  }

  #put(channel: number, payload: Uint8Array): void {
    const { name, message } = this.pipeline.outputs![channel];
    const { retracted, ...row } = plain(message, payload);
    this.puts.push({ name, row, retracted: retracted === true });
    const rows = this.rows.get(name) ?? new Map<string, number>();
    this.rows.set(name, rows);
    const text = JSON.stringify(row, (_, value) => typeof value === "bigint" ? `${value}n` : value);
    const count = (rows.get(text) ?? 0) + (retracted ? -1 : 1);
    if (count === 0) rows.delete(text);
    else rows.set(text, count);
  }
}

/** The fields of an encoded message, without what protobuf-es adds. */
export function plain<D extends DescMessage>(
  message: D,
  payload: Uint8Array,
): Record<string, bigint | number | string | boolean> {
  const { $typeName: _, $unknown: __, ...row } = fromBinary(message, payload) as MessageShape<D> & {
    $unknown?: unknown;
  };
  return row as Record<string, bigint | number | string | boolean>;
}

function revive(_: string, value: unknown): unknown {
  return typeof value === "string" && /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
}

function join(records: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(records.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const record of records) {
    bytes.set(record, at);
    at += record.length;
  }
  return bytes;
}

export interface Proof {
  readonly declaration: Declaration;
  /** Encoded events, in the order in which they come. */
  readonly events: readonly Uint8Array[];
  readonly output: string;
  readonly expected: readonly OutputRow[];
  /** A number in [0, 1), for how events are framed and where the kernel is stopped. */
  readonly random: () => number;
  /** Rows that stay when all has ended: keys of a table. Default 0: nothing leaks. */
  readonly keysLeft?: number;
}

/** Runs events whole, then in frames of any size with stops anywhere: each time the rows are those expected. */
export async function prove(
  { declaration, events, output, expected, random, keysLeft = 0 }: Proof,
): Promise<void> {
  const wanted = sorted(expected);
  const whole = await openDeclared(declaration);
  whole.apply(events, 1000);
  whole.end();
  compare(whole, wanted, output, keysLeft);
  const cut = await openDeclared(declaration);
  for (let at = 0; at < events.length;) {
    const frame = 1 + Math.floor(random() * 200);
    cut.apply(events.slice(at, at += frame), frame);
    if (random() < 0.2) cut.restart();
  }
  cut.end();
  compare(cut, wanted, output, keysLeft);
}

function compare(run: DeclaredRun, wanted: readonly string[], output: string, keysLeft: number): void {
  const rows = sorted(run.standing(output));
  const differs = wanted.findIndex((row, i) => row !== rows[i]);
  assert.equal(rows[differs], wanted[differs]);
  assert.equal(rows.length, wanted.length);
  assert.equal(run.keys, keysLeft);
  assert.deepEqual([run.late.length, run.rejects], [0, []]);
}

function sorted(rows: readonly OutputRow[]): string[] {
  return rows.map((row) =>
    JSON.stringify(
      Object.entries(row).sort(([a], [b]) => a < b ? -1 : 1),
      (_, value) => typeof value === "bigint" ? `${value}n` : value,
    )
  ).sort();
}

/** One event of a pipeline with several sources: the fields of one of them; int64 may be given as numbers. */
export function encodeOf(
  input: DescMessage,
  source: string,
  fields: Readonly<Record<string, unknown>>,
): Uint8Array {
  const { message } = input.fields.find(({ localName }) => localName === source)!;
  const isInt64 = (name: string) =>
    message!.fields.find(({ localName }) => localName === name)?.scalar === ScalarType.INT64;
  const value = Object.fromEntries(
    Object.entries(fields).map(([name, each]) => [name, isInt64(name) ? BigInt(each as number) : each]),
  );
  return toBinary(input, create(input, { event: { case: source, value } } as never));
}
