/**
 * What the results would be had no event come late: a partition's events are applied again, by a kernel of the
 * same declaration that takes all of them, up to the watermark that the partition has reached; and what differs
 * from what was put out is told. What was corrected before counts as put out: written, corrections are none any
 * more, and where the writing ended half way, those that are left are found.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Kernel, KernelModule } from "../kernel/host.ts";
import { encodeEvent } from "../partition/mailbox.ts";
import { EFFECT_KIND, EffectCursor, EVENT_KIND, EventCursor } from "../partition/records.ts";
import { Channels, placeOf } from "../output/channels.ts";
import { walk } from "../partition/walk.ts";
import { CorrectionSchema } from "../proto/gen/frame_pb.ts";
import type { Chain } from "../world/mod.ts";
import { encodeMarks } from "./marks.ts";
import { type End, inputsOf, type Step } from "./plan.ts";

export interface Correction {
  readonly channel: number;
  /** True for a row that was put out and should not stand; false for one that should. */
  readonly retracted: boolean;
  readonly payload: Uint8Array;
  /** By which a stage behind partitions it. */
  readonly key: Uint8Array;
}

const OUTPUT_BYTES = 1024 * 1024;
/** The field `retracted`, true, as it ends the message of a row that is taken back: see compile/output.ts. */
const RETRACTED = [0xc0, 0x3e, 0x01];

/**
 * `patient` is the kernel of the declaration compiled so; `watermark` what the partition has told, microseconds.
 * `stands`: whether a row that was missing is wanted, asked of the patient kernel at its end; see `stands` of serve.ts.
 * `outputs`: their names, by channel; what went to outputs that are declared no more is let be.
 */
export async function corrections(
  chain: Chain,
  patient: KernelModule,
  watermark: number,
  signal: AbortSignal,
  stands: (patient: Kernel, row: Correction) => boolean,
  outputs: readonly string[] = [],
): Promise<Correction[]> {
  const kernel = patient.instantiate(), channels = new Channels(outputs);
  const rows = new Rows();
  let clock = 0, number = 0, timer = Infinity;
  const apply = (region: Uint8Array) => {
    for (let at = 0; at < region.length;) {
      const applied = kernel.apply(clock, ++number, region.subarray(at), OUTPUT_BYTES);
      at += applied.consumedBytes;
      timer = applied.nextTimer;
      rows.add(applied.effects, 1);
    }
    while (timer <= clock) {
      const due = kernel.apply(
        clock,
        ++number,
        encodeEvent(NOTHING, { kind: EVENT_KIND.TIMER }),
        OUTPUT_BYTES,
      );
      timer = due.nextTimer;
      rows.add(due.effects, 1);
    }
  };
  for await (const { frame, isVoid } of walk(chain, { from: 1 }, (await chain.extent()).last)) {
    if (signal.aborted) break;
    if (isVoid) continue;
    if (frame.outputs) channels.begins(frame.number, frame.outputs);
    const places = channels.at(frame.number);
    clock = Math.max(clock, frame.clock);
    const cursor = new EventCursor(frame.events), corrected = new Set<number>();
    for (let index = 0; cursor.next(); index++) {
      if (cursor.kind === EVENT_KIND.EVENT) apply(cursor.record);
      if (cursor.kind !== EVENT_KIND.CORRECTION) continue;
      corrected.add(index);
      const row = decodeCorrection(cursor.payload);
      rows.put({ ...row, channel: placeOf(row.channel, places) }, row.retracted ? 1 : -1);
    }
    rows.add(frame.effects, -1, corrected, places);
  }
  for (const mark of encodeMarks({ time: watermark >= Number(MAX) ? MAX : BigInt(watermark) })) {
    apply(encodeEvent(mark, { kind: EVENT_KIND.WATERMARK }));
  }
  const wanted = rows.left().filter(({ channel }) => outputs.length === 0 || channel < outputs.length);
  return wanted.filter((row) => row.retracted || stands(kernel, row));
}

/** Steps that take back what they told before: they would take back again what was corrected. */
const REMEMBERS: Readonly<Partial<Record<Step["kind"], string>>> = {
  running: "an aggregate that is updated",
  top: "a ranking",
  keep: "the first or newest row of a key",
  tableJoin: "a join of tables",
  over: "numbers that go on from row to row",
  decide: "a decision",
};

/** Why corrections of an end must not be written; undefined where they may. */
export function unwritable(end: End): string | undefined {
  if (end.kind === "to" && !end.changelog) {
    return `its messages cannot say that a row is taken back. Declare .to("${end.name}", { corrected: true })`;
  }
  for (const steps: (Step | End)[] = [end]; steps.length > 0;) {
    const step = steps.pop()!, remembered = REMEMBERS[step.kind as Step["kind"]];
    if (remembered) {
      return `it comes of ${remembered} (${step.place}), which goes on from what it had told. ` +
        "Replay the pipeline under another name, with more lateness, instead";
    }
    steps.push(...inputsOf(step));
  }
  return undefined;
}

const NOTHING = new Uint8Array(0);
const MAX = 2n ** 63n - 1n;

/** The payload of a CORRECTION event. `says`: the messages of the output can say that a row is taken back. */
export function encodeCorrection(
  { channel, key, payload, retracted }: Correction,
  { says, viewKey }: { readonly says: boolean; readonly viewKey?: Uint8Array },
): Uint8Array {
  const row = retracted && says ? Uint8Array.from([...payload, ...RETRACTED]) : payload;
  return toBinary(
    CorrectionSchema,
    create(CorrectionSchema, { channel, key, payload: row, retracted, viewKey }),
  );
}

function decodeCorrection(bytes: Uint8Array): Correction {
  const { channel, key, payload, retracted } = fromBinary(CorrectionSchema, bytes);
  return { channel, key, retracted, payload: withoutRetracted(payload) ?? payload };
}

/** The row of a message that says that it is taken back; undefined where it does not. */
function withoutRetracted(payload: Uint8Array): Uint8Array | undefined {
  const says = RETRACTED.every((byte, i) => payload.at(i - RETRACTED.length) === byte);
  return says ? payload.slice(0, -RETRACTED.length) : undefined;
}

/** Rows by what they say, counted: those of the second reading less those that were put out. */
class Rows {
  readonly #counts = new Map<string, Correction & { count: number }>();

  /** What effects put out, but for those of events that are passed over. */
  add(effects: Uint8Array, times: number, over?: ReadonlySet<number>, places?: readonly number[]): void {
    const cursor = new EffectCursor(effects);
    while (cursor.next()) {
      if (cursor.kind !== EFFECT_KIND.OUTPUT || over?.has(cursor.event)) continue;
      const { key, payload } = cursor,
        channel = placeOf(cursor.channel, places),
        taken = withoutRetracted(payload);
      this.put({ channel, key, payload: taken ?? payload, retracted: false }, taken ? -times : times);
    }
  }

  put({ channel, key, payload }: Correction, times: number): void {
    const id = `${channel} ${payload.join(",")}`;
    const known = this.#counts.get(id) ??
      { channel, key: key.slice(), payload: payload.slice(), retracted: false, count: 0 };
    known.count += times;
    if (known.count === 0) this.#counts.delete(id);
    else this.#counts.set(id, known);
  }

  left(): Correction[] {
    return [...this.#counts.values()].sort((a, b) => a.count - b.count).flatMap(({ count, ...row }) =>
      Array.from({ length: Math.abs(count) }, () => ({ ...row, retracted: count < 0 }))
    );
  }
}
