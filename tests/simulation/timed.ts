/**
 * The event-time part of what is simulated: declared pipelines, compiled as those of any program are.
 *
 * - `spans` has two inputs, in two partitions. Of `left` it tells windows that overlap, with results that late
 *   events take back; of `right` windows that tell once; and pairs of the two that are close in time.
 * - `totals` is fed with the first of these, keyed anew; its event time is what `spans` tells of its own.
 * - `pulse` tells windows of the time (in some seeds of amounts with a rate that is looked up for each) at which events are applied, so it lives by timers.
 *
 * checkers/folded.ts folds the ledger by the naive twins of the same.
 */
import { create, createFileRegistry } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { readFile } from "node:fs/promises";
import { file_actors_tally_gen_tally, TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { encodeTally, type TallyFields } from "../../actors/tally/gen/tally_wire.ts";
import {
  assembly,
  bounded,
  compile,
  count,
  type Declaration,
  fedBy,
  hopping,
  lookupAt,
  max,
  type Num,
  type Pipeline,
  pipeline,
  source,
  sum,
  type Text,
  type Topology,
  tumbling,
  variant,
} from "../../runtime/mod.ts";
import type { LookupSpec } from "../../runtime/declare.ts";
import { buildDeclared } from "../../wasm/build.ts";

const MS = 1_000;

/** As the pipelines declare them, microseconds: the checkers share these, and nothing else. */
export const SPANS = {
  /** How far events of `left` and of `right` may be out of order, and how far ahead of the clock. */
  disorder: [60 * MS, 30 * MS],
  ahead: 86_400_000 * MS,
  counts: { size: 400 * MS, slide: 200 * MS, lateness: 300 * MS },
  exact: { size: 250 * MS },
  pairs: { before: 4 * MS, after: 6 * MS },
} as const;
export const TOTALS = { size: 600 * MS } as const;
export const PULSE = { size: 1_000 * MS } as const;
/** Where `pulse` adds a rate that it looks up: how long one is taken for true, waited for; how many events wait. */
export const RATES = { ttl: 50 * MS, timeoutMs: 80, waiting: 300 } as const;

export const TIMED = ["spans", "totals", "pulse"] as const;
/** Outputs of `spans`, by channel; the first feeds `totals`. */
export const CHANNELS = ["counts", "exact", "pairs"] as const;

/** The first version's kernels trap on it. */
export const POISON_AMOUNT = 7_777_777n;

/** A Tally on one of two sides. */
const Sides = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "sides.proto",
    package: "simulation",
    syntax: "proto3",
    dependency: [file_actors_tally_gen_tally.proto.name],
    messageType: [{
      name: "Sides",
      oneofDecl: [{ name: "side" }],
      field: ["left", "right"].map((name, index) => ({
        name,
        jsonName: name,
        number: index + 1,
        label: FieldDescriptorProto_Label.OPTIONAL,
        type: FieldDescriptorProto_Type.MESSAGE,
        typeName: `.${TallySchema.typeName}`,
        oneofIndex: 0,
      })),
    }],
  }),
  () => file_actors_tally_gen_tally,
).getMessage("simulation.Sides")!;

/** Writes an event of `spans` at the beginning of `out`; returns where it ends. */
export function encodeSide(side: number, event: TallyFields, out: Uint8Array): number {
  const end = encodeTally(event, out, 2);
  if (end - 2 > 127) throw new RangeError(`Cannot encode an event of ${end - 2} bytes: keys are too long`);
  out[0] = (side + 1) << 3 | 2;
  out[1] = end - 2;
  return end;
}

const CHECKED = `
export function checked(v: i64): i64 {
  assert(v != ${POISON_AMOUNT});
  return v;
}
`;

/** What `totals` reads of a row of `counts`. */
interface CountsRow {
  readonly note: Text<"note">;
  readonly windowEnd: Num<"windowEnd">;
  readonly n: Num<"n">;
  readonly total: Num<"total">;
}

/** Each version is another kernel: the later one does not trap, and its windows hold more. */
function declarations(version: number): readonly Declaration[] {
  const amountOf = (event: { readonly amount: Num }): Num =>
    version === 0 ? assembly(CHECKED, "checked").i64(event.amount) : event.amount;
  const most = { most: max(amountOf) };
  const figures = { n: count(), total: sum(amountOf), ...(version === 0 ? {} : most) as typeof most };
  const spans = pipeline("spans", { left: side(0), right: side(1) }, ({ left, right }) => {
    const { counts, exact, pairs } = SPANS;
    return [
      left.key((e) => ({ key: e.key, note: e.note })).window(hopping(counts.size, counts.slide))
        .late({ allowed: counts.lateness, policy: "retracting" }).aggregate(figures).to("counts"),
      right.key((e) => e.key).window(tumbling(exact.size)).aggregate(figures).to("exact"),
      left.key((e) => e.key).join(right.key((e) => e.key), pairs, (l, r) => ({
        key: l.key,
        left: l.at,
        right: r.at,
      })).to("pairs"),
    ];
  }, { partitions: 2 });
  const rows = { rows: count() };
  const totals = pipeline("totals", {
    counts: fedBy(spans as Declaration<CountsRow>, "counts", { eventTime: (row) => row.windowEnd.sub(1) }),
  }, ({ counts }) => {
    const sums = counts.key((row) => row.note).window(tumbling(TOTALS.size)).aggregate({
      n: sum((row) => row.n),
      total: sum((row) => row.total),
      ...(version === 0 ? {} : rows) as typeof rows,
    });
    return [sums.to("notes"), sums.view("shown")];
  }, { partitions: 3 });
  const pulse = pipeline("pulse", { events: source(TallySchema, { processingTime: true }) })
    .key((e) => e.key).window(tumbling(PULSE.size)).aggregate(figures).to("pulses");
  const rated = (e: { readonly amount: Num; readonly rate: { readonly amount: Num } }): Num =>
    amountOf(e).add(e.rate.amount);
  const rates = lookupAt(TallySchema, "sim:rates", { name: "rates", key: (row) => row.key });
  const lookedUp = pipeline("pulse", { events: source(TallySchema, { processingTime: true }) })
    .lookup("rate", rates, {
      key: (e) => e.key,
      ttl: `${RATES.ttl / MS}ms`,
      timeout: `${RATES.timeoutMs}ms`,
      waiting: RATES.waiting,
      batch: 8,
      cache: 16,
    })
    .key((e) => e.key).window(tumbling(PULSE.size)).aggregate({
      n: count(),
      total: sum(rated),
      ...(version === 0 ? {} : { most: max(rated) }) as typeof most,
    }).to("pulses");
  return [spans, totals, pulse, lookedUp];
}

function side(index: 0 | 1) {
  return source(variant(Sides, index === 0 ? "left" : "right", TallySchema), {
    eventTime: (e) => e.at,
    watermark: bounded(SPANS.disorder[index]),
    ahead: SPANS.ahead,
  });
}

const VERSIONS = 2;
const built = new Map<number, Promise<readonly Pipeline[]>>();

/** The first versions, each compiled once in the life of a program; kernels that were built before are read. */
export function timedPipelines(versions = VERSIONS): Promise<readonly (readonly Pipeline[])[]> {
  for (let version = 0; version < versions; version++) {
    if (built.has(version)) continue;
    built.set(version, Promise.all(declarations(version).map((declaration) => build(declaration))));
  }
  return Promise.all([...built.values()].slice(0, versions));
}

async function build(declaration: Declaration): Promise<Pipeline> {
  const { pipeline, files } = compile(declaration);
  const { name, file } = await buildDeclared(pipeline.name, files);
  bytes.set(name, new Uint8Array(await readFile(file)));
  return { ...pipeline, kernel: name };
}

const bytes = new Map<string, Uint8Array>();

/** The bytes of a kernel of theirs, once they are compiled. */
export function timedKernel(name: string): Uint8Array | undefined {
  return bytes.get(name);
}

/** The topology of each version that a seed may start. */
export async function timedTopologies(
  versions: number,
  options: Pick<Pipeline, "dedupe" | "retention">,
  fallback?: LookupSpec["fallback"],
): Promise<Topology[]> {
  return (await timedPipelines(versions)).map(([spans, totals, pulse, lookedUp]) => ({
    pipelines: [spans, totals, fallback ? falling(lookedUp, fallback) : pulse].map((pipeline) => ({
      ...pipeline,
      ...options,
    })),
    feeds: [{ from: "spans", to: "totals", output: "counts" }],
  }));
}

/** What becomes of events without an answer is no part of a kernel. */
function falling(pipeline: Pipeline, fallback: LookupSpec["fallback"]): Pipeline {
  const { lookups } = pipeline;
  return { ...pipeline, lookups: { ...lookups, of: lookups!.of.map((each) => ({ ...each, fallback })) } };
}
