/**
 * Joins and keyed operators at many keys: nanoseconds an event, in frames of 500, and how many times as fast as
 * their twins, which get the same rows as objects and need decode nothing.
 */
import type { Kernel } from "../../runtime/kernel/host.ts";
import { IntervalJoin, type IntervalRow } from "../models/interval_join.ts";
import { Keep } from "../models/keep.ts";
import { TableJoin } from "../models/table_join.ts";
import { TopN } from "../models/top_n.ts";
import { CLOCK, Random, region } from "../properties/kernel_under_test.ts";
import { command, loadOperator, type Row } from "../properties/operator_under_test.ts";
import { cpuTime, median } from "./measure.ts";

export interface OperatorFigures {
  /** Median of the chunks. */
  readonly nsPerEvent: number;
  readonly nsPerEventMin: number;
  readonly timesTwin: number;
  readonly keys: number;
  readonly bytesPerKey: number;
  readonly conditions: string;
}

interface Event {
  readonly op: number;
  readonly key: string;
  readonly row: Row;
}

const FRAME = 500, FRAMES = 50, CHUNK = FRAME * FRAMES;
const utf8 = new TextEncoder();
const START = 1_700_000_000_000_000n;
/** Event time between two events, µs: 100,000 events a second. */
const STEP = 10;
/** The twins' watermark moves this often; each time they look at all they hold. */
const TWIN_STEP = 25_000;
/** Of what stays as it is however long it runs, so many times the events are measured: a shared machine is slower for a second at a time. */
const SPELLS = 4;

export interface JoinsOptions {
  /** Default 300,000. */
  readonly keys?: number;
  /** Events of the measured part, after as many to fill the state. Default 1,000,000. */
  readonly events?: number;
  /** Events given to the twins, likewise. Default 200,000. */
  readonly twinEvents?: number;
}

export async function benchJoins(options: JoinsOptions = {}): Promise<Record<string, OperatorFigures>> {
  const keys = options.keys ?? 300_000;
  const sizes = { events: options.events ?? 1_000_000, twinEvents: options.twinEvents ?? 200_000 };
  return {
    intervalJoin: await intervalJoin(keys, sizes),
    topN: await topN(keys, sizes),
    keep: await keep(keys, sizes),
    tableJoin: await tableJoin(keys, sizes),
  };
}

type Sizes = Required<Pick<JoinsOptions, "events" | "twinEvents">>;

/** Right rows match the left ones of the 10 s before: each finds about two; the watermark follows each row. */
function intervalJoin(keys: number, sizes: Sizes): Promise<OperatorFigures> {
  const after = BigInt(keys * 33), disorder = keys;
  const next = (random: Random, i: number): Event => {
    const row = { time: START + BigInt(i * STEP - random.below(disorder)), a: BigInt(i), b: 0n, c: after };
    return { op: 1 + random.below(2), key: keyOf("key", random.below(keys), keys), row };
  };
  const twin = new IntervalJoin<Row & IntervalRow>(0, 0n, after, 0n);
  const toTwin = ({ op, key, row }: Event, i: number) => {
    const kept = { ...row, key, low: row.time, high: row.time + after };
    if (op === 1) twin.left(kept);
    else twin.right(kept);
    if (i % TWIN_STEP === 0) twin.advance(row.time - BigInt(3 * disorder));
  };
  return figures(
    "join_interval",
    [0n, 0n, after, 0n, BigInt(disorder) * 3n],
    next,
    toTwin,
    sizes,
    `inner, about 1.7 rows a key, 0.8 pairs an event, ${disorder} µs of disorder`,
    SPELLS,
  );
}

function topN(keys: number, sizes: Sizes): Promise<OperatorFigures> {
  const next = (random: Random, i: number): Event => ({
    op: 1,
    key: keyOf("key", random.below(keys), keys),
    row: { time: START + BigInt(i * STEP), a: BigInt(random.below(1_000_000)), b: BigInt(i) },
  });
  const twin = new TopN<Row>(10, false, false, 0n, (x, y) => Number(y.a - x.a) || Number(x.b! - y.b!));
  return figures(
    "top_n",
    [10n, 0n, 0n, 0n, 0n],
    next,
    ({ key, row }) => twin.insert(key, row),
    sizes,
    "the first 10 of each key by a number, changes out",
  );
}

function keep(keys: number, sizes: Sizes): Promise<OperatorFigures> {
  const ttl = BigInt(keys * 20);
  const next = (random: Random, i: number): Event => ({
    op: 1,
    key: keyOf("key", random.below(keys), keys),
    row: { time: START + BigInt(i * STEP - random.below(keys)), a: BigInt(i), b: 0n },
  });
  const twin = new Keep<Row>(0, 0n, ttl, 0n, () => false);
  const toTwin = ({ key, row }: Event, i: number) => {
    twin.row(key, row);
    if (i % TWIN_STEP === 0) twin.advance(row.time - BigInt(keys));
  };
  return figures(
    "keep",
    [0n, 0n, ttl, 0n, 0n, BigInt(keys)],
    next,
    toTwin,
    sizes,
    `the first to arrive, dropped again within ${ttl} µs`,
  );
}

/** Orders that name one of a tenth as many products; one event in 100 changes a price. */
function tableJoin(keys: number, sizes: Sizes): Promise<OperatorFigures> {
  const products = Math.ceil(keys / 10);
  const next = (random: Random, i: number): Event => {
    const price = i < products || random.below(100) === 0;
    return {
      op: price ? 2 : 1,
      key: keyOf("product", i < products ? i : random.below(products), products),
      row: { time: START + BigInt(i), a: BigInt(random.below(keys)), b: BigInt(i) },
    };
  };
  const twin = new TableJoin<Row>(0);
  const toTwin = ({ op, key, row }: Event) => {
    const primary = `${row.a}`;
    const touched = op === 1 ? new Set([twin.keyOf(primary) ?? key, key]) : [key];
    const before = [...touched].flatMap((one) => twin.answerOf(one));
    if (op === 1) twin.left(primary, key, row);
    else twin.right(key, row);
    return [...touched].flatMap((one) => twin.answerOf(one)).length - before.length;
  };
  return figures(
    "join_table",
    [0n, 0n],
    next,
    toTwin,
    sizes,
    `orders of ${products} products by foreign key, one event in 100 a new price, changes out`,
  );
}

async function figures(
  name: string,
  params: bigint[],
  next: (random: Random, i: number) => Event,
  toTwin: (event: Event, i: number) => unknown,
  sizes: Sizes,
  what: string,
  times = 1,
): Promise<OperatorFigures> {
  const kernel = (await loadOperator(name, params)).instantiate();
  const empty = kernel.stateBytes;
  const { ns, nsMin } = measure(kernel, sizes.events, times, next);
  const twinNs = measureTwin(sizes.twinEvents, next, toTwin);
  return {
    nsPerEvent: Math.round(ns),
    nsPerEventMin: Math.round(nsMin),
    timesTwin: Math.round(twinNs / ns * 10) / 10,
    keys: kernel.keys,
    bytesPerKey: Math.round((kernel.stateBytes - empty) / kernel.keys),
    conditions: `${what}; rows of 48 bytes; keys drawn uniformly; frames of ${FRAME}, one core, no ledger; ` +
      `processor time of the process, median and minimum of ${
        times * sizes.events / CHUNK
      } chunks of ${CHUNK} events; the twin after ${sizes.twinEvents} events to fill it, its watermark every ${TWIN_STEP}`,
  };
}

/** Of chunks. Frames are made outside the measured time. */
function measure(
  kernel: Kernel,
  events: number,
  times: number,
  next: (random: Random, i: number) => Event,
): { ns: number; nsMin: number } {
  const random = new Random(1), chunks: number[] = [], chunk = new Chunk(next(new Random(1), 0));
  for (let made = 0; made < (1 + times) * events;) {
    for (let i = 0; i < CHUNK; i++) chunk.set(i, next(random, made++));
    const frames = chunk.frames();
    const spent = cpuTime(() => {
      for (const frame of frames) {
        for (let at = 0; at < frame.length;) {
          at += kernel.apply(CLOCK, 1, at ? frame.subarray(at) : frame, 4 << 20).consumedBytes;
        }
      }
    });
    if (made > events) chunks.push(spent * 1000 / CHUNK);
  }
  return { ns: median(chunks), nsMin: Math.min(...chunks) };
}

/** Events as frames, all of one length, filled anew in place: what was garbage would be measured with the kernel. */
class Chunk {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #payloadBytes: number;

  constructor({ op, key, row }: Event) {
    const payload = command(op, key, row);
    this.#payloadBytes = payload.length;
    this.#bytes = region(Array.from({ length: CHUNK }, () => ({ payload })));
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
  }

  /** As `command` writes it. */
  set(i: number, { op, key, row }: Event): void {
    const at = (i + 1) * (this.#bytes.length / CHUNK) - this.#payloadBytes;
    this.#bytes[at] = op;
    this.#view.setBigInt64(at + 8, row.time, true);
    this.#view.setBigInt64(at + 16, row.a, true);
    this.#view.setBigInt64(at + 24, row.b ?? 0n, true);
    this.#view.setBigInt64(at + 32, row.c ?? 0n, true);
    utf8.encodeInto(key, this.#bytes.subarray(at + 40));
  }

  frames(): Uint8Array[] {
    const bytes = this.#bytes.length / FRAMES;
    return Array.from({ length: FRAMES }, (_, i) => this.#bytes.subarray(i * bytes, (i + 1) * bytes));
  }
}

/** One of `count`, all of one length. */
function keyOf(name: string, n: number, count: number): string {
  return `${name} ${String(n).padStart(String(count - 1).length, "0")}`;
}

function measureTwin(
  events: number,
  next: (random: Random, i: number) => Event,
  toTwin: (event: Event, i: number) => unknown,
): number {
  const random = new Random(1), chunks: number[] = [];
  for (let made = 0; made < 2 * events;) {
    const chunk = Array.from({ length: TWIN_STEP }, () => next(random, made++));
    const spent = cpuTime(() => chunk.forEach((event, i) => toTwin(event, made - TWIN_STEP + i)));
    if (made > events) chunks.push(spent * 1000 / TWIN_STEP);
  }
  return median(chunks);
}
