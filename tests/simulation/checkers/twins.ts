/**
 * The naive twins of the declared pipelines (../timed.ts): what each event of the ledger must cause, told by
 * the models of tests/models. An operator hears of a watermark once those before it have put out all they had.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { EVENT_KIND } from "../../../runtime/mod.ts";
import { WatermarkSchema } from "../../../runtime/proto/gen/frame_pb.ts";
import { Aligned, floor, hopping, type Told, type WindowRules } from "../../models/aligned.ts";
import { IntervalJoin, type IntervalRow, type Pair } from "../../models/interval_join.ts";
import { Time } from "../../models/time.ts";
import { PULSE, SPANS, TOTALS } from "../timed.ts";
import { rateIn } from "./looked_up.ts";
import { readTimed } from "./tally.ts";
import { type Entry, readFields } from "./timed_history.ts";

/** A row as it must come out: its fields in their order; what only later versions tell besides. */
export interface Expected {
  readonly channel: number;
  readonly retracted: boolean;
  readonly fields: readonly (bigint | string)[];
  readonly more: bigint | undefined;
}

export const REASON = { closed: 1, expired: 2, farAhead: 3, partly: 4 } as const;

/** A late record as it must be written. */
export interface ExpectedLate {
  readonly operator: number;
  readonly reason: number;
  readonly time: bigint;
  readonly watermark: bigint;
  readonly start: bigint;
  readonly end: bigint;
  /** Of an event that counts all the same: in how many windows it does not. */
  readonly missed?: number;
}

const MIN = -(2n ** 63n);
/** All windows and lateness are multiples of this: between two of them nothing can fall due. */
const GRAIN = 50_000n;

/** A step with state: rows that it owes, and how far it has been told event time. */
export abstract class Operator {
  readonly owed: Expected[] = [];
  watermark = MIN;
  /** The most rows it held when it was told event time, since somebody last set this to 0. */
  held = 0;
  /** Whether time will bring something out. */
  get open(): boolean {
    return false;
  }
  #grain = MIN;

  tell(watermark: bigint): void {
    this.watermark = watermark;
    const grain = floor(watermark, GRAIN) * GRAIN;
    if (grain <= this.#grain) return;
    this.#grain = grain;
    this.advance(grain);
  }

  protected abstract advance(watermark: bigint): void;
}

/** Windows of a key; what a value is, only whoever describes a row knows. */
class Windows extends Operator {
  readonly #aligned: Aligned;
  readonly #describe: (told: Told) => Expected[];

  constructor(rules: WindowRules, describe: (told: Told) => Expected[]) {
    super();
    this.#aligned = new Aligned(rules);
    this.#describe = describe;
  }

  /** What it came too late for: all of its windows, or some; undefined: none. */
  add(key: string, time: bigint, value: bigint): Pick<ExpectedLate, "start" | "end" | "missed"> | undefined {
    const gone = this.#aligned.missed(time), newest = gone.at(-1);
    const told = this.#aligned.add(key, time, value);
    if (!Array.isArray(told)) return told as { start: bigint; end: bigint };
    this.#owe(told);
    return newest && { start: newest.start, end: newest.end, missed: gone.length };
  }

  protected advance(watermark: bigint): void {
    this.#owe(this.#aligned.advance(watermark));
  }

  override get open(): boolean {
    return this.#aligned.open;
  }

  #owe(told: readonly Told[]): void {
    for (const each of told) this.owed.push(...this.#describe(each));
  }
}

/** Windows that follow each other and tell once. */
function once(micros: number): WindowRules {
  const size = BigInt(micros);
  return { windowsOf: hopping(size, size) };
}

class Pairs extends Operator {
  readonly #join = new IntervalJoin<IntervalRow>(
    0,
    BigInt(SPANS.pairs.before),
    BigInt(SPANS.pairs.after),
    0n,
  );

  /** False: it came too late. */
  add(side: number, key: string, time: bigint): boolean {
    if (time < this.watermark) return false;
    const { before, after } = SPANS.pairs;
    const met = side === 0
      ? this.#join.left({ key, time, low: time - BigInt(before), high: time + BigInt(after) })
      : this.#join.right({ key, time });
    for (const [left, right] of met as Pair<IntervalRow>[]) {
      this.owed.push({
        channel: 2,
        retracted: false,
        fields: [key, left!.time, right!.time],
        more: undefined,
      });
    }
    return true;
  }

  protected advance(watermark: bigint): void {
    this.held = Math.max(this.held, this.#join.rows);
    this.#join.advance(watermark);
  }
}

/** A pipeline's twin. */
export abstract class Twin {
  abstract readonly operators: readonly Operator[];
  readonly time: Time;
  /** What it holds back of its watermark when it tells it. */
  readonly delay: bigint;
  late: ExpectedLate[] = [];

  constructor(inputs: readonly number[], delay = 0) {
    this.time = new Time(inputs);
    this.delay = BigInt(delay);
  }

  /** What an event of the ledger does but for the firing it leads to; false where it does nothing at all. */
  take({ kind, payload, clock, applied }: Entry): boolean {
    this.late = [];
    if (!applied) return false;
    if (kind === EVENT_KIND.WATERMARK) this.time.tell(fromBinary(WatermarkSchema, payload));
    else if (kind === EVENT_KIND.EVENT) this.event(payload, BigInt(clock));
    return true;
  }

  protected abstract event(payload: Uint8Array, clock: bigint): void;
}

const sum = (values: readonly bigint[]) => values.reduce((sum, value) => sum + value, 0n);
const most = (values: readonly bigint[]) => values.reduce((most, value) => value > most ? value : most, MIN);

/** A window's row: its key, its bounds, how many values and their sum; then the greatest. */
function row(channel: number, key: readonly string[]) {
  return ({ start, end, values, op }: Told): Expected => ({
    channel,
    retracted: op === 1,
    fields: [...key, start, end, BigInt(values.length), sum(values)],
    more: most(values),
  });
}

export class SpansTwin extends Twin {
  readonly #counts = new Windows(
    {
      windowsOf: hopping(BigInt(SPANS.counts.size), BigInt(SPANS.counts.slide)),
      lateness: BigInt(SPANS.counts.lateness),
      update: "retracting",
    },
    (told) => [row(0, told.key.split("|"))(told)],
  );
  readonly #exact = new Windows(
    once(SPANS.exact.size),
    (told) => [row(1, [told.key])(told)],
  );
  readonly #pairs = new Pairs();
  readonly operators = [this.#counts, this.#exact, this.#pairs];

  constructor() {
    super([0, 0], SPANS.counts.lateness);
  }

  protected event(payload: Uint8Array, clock: bigint): void {
    const side = (payload[0] >> 3) - 1;
    const { key, amount, at, note } = readTimed(payload.subarray(2));
    if (at > clock + BigInt(SPANS.ahead)) {
      const watermark = this.operators[0].watermark;
      this.late.push({ operator: 0, reason: REASON.farAhead, time: at, watermark, start: at, end: at });
      return;
    }
    const windows = this.operators[side] as Windows;
    const missed = windows.add(side === 0 ? `${key}|${note}` : key, at, amount);
    if (missed) {
      const { watermark } = windows;
      const reason = missed.missed ? REASON.partly : REASON.closed;
      this.late.push({ operator: side, reason, time: at, watermark, ...missed });
    }
    if (!this.#pairs.add(side, key, at)) {
      const { watermark } = this.#pairs;
      this.late.push({ operator: 2, reason: REASON.expired, time: at, watermark, start: at, end: at });
    }
    this.time.observe(side, at - BigInt(SPANS.disorder[side]));
  }
}

export class TotalsTwin extends Twin {
  /** What was taken, by the number that stands for it in a window. */
  readonly #rows: { sign: bigint; n: bigint; total: bigint }[] = [];
  readonly #notes = new Windows(
    once(TOTALS.size),
    ({ key, start, end, values }) => {
      const rows = values.map((index) => this.#rows[Number(index)]);
      const fields = [
        key,
        start,
        end,
        sum(rows.map(({ sign, n }) => sign * n)),
        sum(rows.map(({ sign, total }) => sign * total)),
      ];
      const more = sum(rows.map(({ sign }) => sign));
      return [0, 1].map((channel) => ({ channel, retracted: false, fields, more }));
    },
  );
  readonly operators = [this.#notes];

  /** Of the stage before. */
  constructor(partitions: number) {
    super([partitions]);
  }

  protected event(payload: Uint8Array): void {
    const fields = readFields(payload);
    const number = (at: number) => fields.get(at) as bigint | undefined ?? 0n;
    const time = number(4) - 1n;
    this.#rows.push({ sign: number(1000) === 1n ? -1n : 1n, n: number(5), total: number(6) });
    const missed = this.#notes.add(String(fields.get(2) ?? ""), time, BigInt(this.#rows.length - 1));
    if (!missed) return;
    this.late.push({ operator: 0, reason: REASON.closed, time, watermark: this.#notes.watermark, ...missed });
  }
}

export class PulseTwin extends Twin {
  readonly #windows = new Windows(
    once(PULSE.size),
    (told) => [row(0, [told.key])(told)],
  );
  readonly operators = [this.#windows];
  readonly #rateField: number | undefined;

  /** `rateField`: where an event has what was looked up for it. */
  constructor(rateField: number | undefined) {
    super([0]);
    this.#rateField = rateField;
  }

  override take(entry: Entry): boolean {
    const took = super.take(entry);
    if (took) this.time.observe(0, BigInt(entry.clock));
    return took;
  }

  protected event(payload: Uint8Array, clock: bigint): void {
    const { key, amount } = readTimed(payload);
    const rate = this.#rateField === undefined ? 0n : rateIn(payload, this.#rateField).amount;
    this.#windows.add(key, clock, amount + rate);
  }
}
