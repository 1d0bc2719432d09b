/**
 * Declared pipelines run in tests at the level of their kernel: compiled, given events in frames of any cut,
 * stopped and restored anywhere, and asked for the rows that remain when the input has ended.
 */
import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { kernelParams } from "../../runtime/params.ts";
import { type Declaration, loadKernel, type Pipeline } from "../../runtime/mod.ts";
import { PAGE_BYTES } from "../../runtime/kernel/abi.ts";
import type { Kernel, KernelModule } from "../../runtime/kernel/host.ts";
import { EFFECT_KIND, EffectCursor, EVENT_KIND } from "../../runtime/partition/records.ts";
import { encodeWatermark, type EventFields } from "../../runtime/proto/gen/frame_wire.ts";
import { compile } from "../../runtime/stream/compile/mod.ts";
import { buildDeclared } from "../../wasm/build.ts";
import { region } from "../properties/kernel_under_test.ts";

const INPUT_HAS_ENDED = 2n ** 63n - 1n;
/** Timers that fire at one instant before a run is taken to go on for ever. */
const TIMERS_MAX = 100_000;
const FRAME_BYTES = 1 << 20;

/** A row that left: fields of its message by name, whole numbers as bigint. */
export type Out = Readonly<Record<string, bigint | number | string | boolean>>;

export interface Built {
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly wasm: Uint8Array;
  readonly module: KernelModule;
  readonly inputs: number;
  readonly outputs: readonly { readonly message: DescMessage; readonly changelog: boolean }[];
}

const built = new Map<Declaration, Promise<Built>>();

/** Compiles a declaration, once. */
export function buildOf(declaration: Declaration): Promise<Built> {
  const known = built.get(declaration) ?? make(declaration);
  built.set(declaration, known);
  return known;
}

async function make(declaration: Declaration): Promise<Built> {
  const { plan, files, pipeline } = compile(declaration);
  const { name, file } = await buildDeclared(pipeline.name, files);
  const whole: Pipeline = { ...pipeline, kernel: name };
  const wasm = readFileSync(file);
  return {
    name: plan.name,
    pipeline: whole,
    wasm,
    module: await loadKernel(name, wasm, kernelParams(whole)),
    inputs: plan.sources.length,
    outputs: plan.ends.filter(({ kind }) => kind === "to").map(({ changelog }, channel) => ({
      message: pipeline.outputs![channel].message,
      changelog,
    })),
  };
}

/** One life of a kernel: events go in by frames, rows and late events are gathered. */
export class Life {
  readonly #built: Built;
  #kernel: Kernel;
  #frame = 0;
  /** Rows that stand, by their text, with how often. */
  readonly #rows = new Map<string, { row: Out; times: number }>();
  late = 0;
  rejected = 0;
  outputs = 0;

  constructor(of: Built) {
    this.#built = of;
    this.#kernel = of.module.instantiate();
  }

  get keys(): number {
    return this.#kernel.keys;
  }

  /** One frame of events, then frames of timers as long as any is due. */
  frame(payloads: readonly Uint8Array[], clock: number): void {
    if (payloads.length > 0) this.#apply(payloads.map((payload) => ({ payload })), clock);
  }

  /** No more events: every window closes, whatever the number of frames that takes. */
  end(clock: number): void {
    const out = new Uint8Array(64);
    const marks = Array.from({ length: this.#built.inputs }, (_, input) => ({
      kind: EVENT_KIND.WATERMARK,
      payload: out.slice(0, encodeWatermark({ time: INPUT_HAS_ENDED, input }, out, 0)),
    }));
    this.#apply(marks, clock);
  }

  /** The state goes to another instance, through a snapshot. */
  restart(): void {
    const pages: Uint8Array[] = [];
    this.#kernel.snapshotBegin(true);
    for (let next = this.#kernel.snapshotNext(64); next.length > 0; next = this.#kernel.snapshotNext(64)) {
      pages.push(next.slice());
    }
    const kernel = this.#built.module.instantiate();
    kernel.restoreBegin(this.#kernel.memoryBytes);
    for (const records of pages) {
      assert.equal(records.length % (4 + PAGE_BYTES), 0);
      kernel.restorePages(records);
    }
    kernel.restoreEnd();
    this.#kernel = kernel;
  }

  /** Another life that goes on from here. */
  fork(): Life {
    const other = new Life(this.#built);
    other.#kernel = this.#kernel;
    other.#frame = this.#frame;
    for (const [text, { row, times }] of this.#rows) other.#rows.set(text, { row, times });
    other.late = this.late;
    other.rejected = this.rejected;
    other.restart();
    return other;
  }

  /** The rows that stand. */
  rows(): Out[] {
    return [...this.#rows.values()].flatMap(({ row, times }) => Array.from({ length: times }, () => row));
  }

  #apply(events: readonly EventFields[], clock: number): void {
    let timer = this.#frameOf(events, clock);
    for (let fired = 0; timer <= clock; fired++) {
      assert.ok(fired < TIMERS_MAX, `${this.#built.name} asks for a timer again and again`);
      timer = this.#frameOf([{ kind: EVENT_KIND.TIMER }], clock);
    }
  }

  #frameOf(events: readonly EventFields[], clock: number): number {
    const bytes = region(events);
    let timer = Infinity;
    for (let at = 0; at < bytes.length;) {
      const applied = this.#kernel.apply(clock, ++this.#frame, bytes.subarray(at), FRAME_BYTES);
      at += applied.consumedBytes;
      timer = applied.nextTimer;
      this.#gather(applied.effects);
    }
    return timer;
  }

  #gather(effects: Uint8Array): void {
    const cursor = new EffectCursor(effects);
    while (cursor.next()) {
      if (cursor.kind === EFFECT_KIND.LATE) this.late++;
      if (cursor.kind === EFFECT_KIND.REJECT) this.rejected++;
      if (cursor.kind !== EFFECT_KIND.OUTPUT) continue;
      this.outputs++;
      const { message, changelog } = this.#built.outputs[cursor.channel];
      const { retracted, ...row } = rowOf(message, cursor.payload);
      this.#stand(row, changelog && retracted ? -1 : 1);
    }
  }

  #stand(row: Out, change: 1 | -1): void {
    const text = JSON.stringify(row, (_, value) => typeof value === "bigint" ? `${value}` : value);
    const times = (this.#rows.get(text)?.times ?? 0) + change;
    assert.ok(times >= 0, `${this.#built.name} takes back a row that does not stand: ${text}`);
    if (times === 0) this.#rows.delete(text);
    else this.#rows.set(text, { row, times });
  }
}

/** Every declared field, in the order of the declaration, absent ones as zero. */
function rowOf(message: DescMessage, payload: Uint8Array): Out {
  const decoded = fromBinary(message, payload) as unknown as Record<string, Out[string]>;
  return Object.fromEntries(message.fields.map(({ jsonName, localName }) => [jsonName, decoded[localName]]));
}
