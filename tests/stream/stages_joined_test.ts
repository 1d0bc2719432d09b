import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import {
  bounded,
  compile,
  count,
  type Declaration,
  fedBy,
  type Num,
  pipeline,
  type Runtime,
  source,
  start,
  type Stream,
  sum,
  type Text,
  tumbling,
} from "../../runtime/mod.ts";
import { encodeOf, plain } from "../support/declared.ts";
import { type Kept, kept, memoryWorld } from "../support/world.ts";

const SECOND = 1_000_000;
const seed = seedOf(process.env, 20261124);

type Row<N extends string> = { readonly [P in N]: Num } & { readonly key: Text };
const timed = () => source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("5s") });

function beside(sums: Stream<Row<"total" | "windowStart">>, limits: Stream<Row<"amount">>) {
  return sums.map(({ key, total, windowStart }) => ({ key, total, windowStart })).key(({ key }) => key).join(
    limits.map(({ key, amount }) => ({ key, amount })).key(({ key }) => key),
    { before: "20s", after: "0s", type: "left" },
    (sums, limit, there) => ({ ...sums, limit: limit.amount, limited: there.right }),
  );
}

/** What each key spent in 10 s, and beside it the limits that were set for the key within the 20 s before. */
function stages(first: number, second: number) {
  const spent = pipeline("spent", { events: timed() }, { partitions: first })
    .key((e) => ({ key: e.key })).window(tumbling("10s")).aggregate({
      n: count(),
      total: sum((e) => e.amount),
    })
    .to("sums");
  const watched = pipeline(
    "watched",
    { sums: fedBy(spent, "sums", { eventTime: (row) => row.windowEnd.sub(1) }), limits: timed() },
    ({ sums, limits }) => beside(sums, limits).to("watched"),
    { partitions: second },
  );
  return [spent, watched];
}

/** The same, where sums and limits both come of one pipeline. */
function split(first: number, second: number) {
  const spent = pipeline(
    "split",
    { events: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("8s") }) },
    ({ events }) => [
      events.filter((e) => e.note.ne("limit")).key((e) => ({ key: e.key })).window(tumbling("10s"))
        .aggregate({ total: sum((e) => e.amount) }).to("sums"),
      events.filter((e) => e.note.eq("limit")).map((e) => ({ key: e.key, amount: e.amount, at: e.at }))
        .to("limits"),
    ],
    { partitions: first },
  ) as Declaration<Row<"total" | "windowStart" | "windowEnd"> & Row<"amount" | "at">>;
  const watched = pipeline(
    "joined",
    {
      sums: fedBy(spent, "sums", { eventTime: (row) => row.windowEnd.sub(1) }),
      limits: fedBy(spent, "limits", { eventTime: (row) => row.at }),
    },
    ({ sums, limits }) => beside(sums, limits).to("watched"),
    { partitions: second },
  );
  return [spent, watched];
}

const dice = seeded(seed);
const drawn = (count: number, span: number) =>
  Array.from({ length: count }, (_, i) => ({
    key: `key-${dice.int(0, 12)}`,
    note: "",
    amount: BigInt(dice.int(1, 100)),
    at: BigInt(Math.max(0, Math.floor(i * span / count) * SECOND - dice.int(0, 5 * SECOND))),
  }));
const EVENTS = drawn(1_200, 300), LIMITS = drawn(150, 300);

function expected(): string[] {
  const sums = new Map<string, { key: string; start: number; total: bigint }>();
  for (const { key, amount, at } of EVENTS) {
    const start = Number(at) - Number(at) % (10 * SECOND), id = `${key} ${start}`;
    sums.set(id, { key, start, total: (sums.get(id)?.total ?? 0n) + amount });
  }
  return [...sums.values()].flatMap(({ key, start, total }) => {
    const time = start + 10 * SECOND - 1;
    const near = LIMITS.filter((each) =>
      each.key === key && Number(each.at) >= time - 20 * SECOND && Number(each.at) <= time
    );
    return near.length === 0
      ? [`${key} ${start} ${total} 0 false`]
      : near.map(({ amount }) => `${key} ${start} ${total} ${amount} true`);
  }).sort();
}

async function open(declarations: Declaration[], memory: Kept): Promise<Runtime> {
  const built = await Promise.all(declarations.map((each) => declared(each)));
  const pipelines = built.map(({ pipeline }) => pipeline);
  const feeds = pipelines.flatMap(({ name: to, fed = [] }) =>
    fed.map(({ pipeline: from, output }) => ({ from, to, output }))
  );
  const runtime = await start(
    { pipelines, feeds },
    memoryWorld(memory),
    new AbortController().signal,
    { kernels: (name) => Promise.resolve(built.find(({ pipeline }) => pipeline.kernel === name)!.wasm) },
  );
  await runtime.ready;
  return runtime;
}

async function rowsOf(runtime: Runtime, wanted: number): Promise<string[]> {
  const { name, outputs } = runtime.topology.pipelines[1], { message } = outputs![0];
  const over = new AbortController(), rows: string[] = [];
  for await (const { payload } of runtime.outputs(name, "start", over.signal)) {
    const { key, windowStart, total, limit, limited } = plain(message, payload);
    rows.push(`${key} ${windowStart} ${total} ${limit} ${limited}`);
    if (rows.length === wanted) break;
  }
  over.abort();
  return rows.sort();
}

describe(`what another pipeline puts out, joined with a source (MILLRACE_SEED=${seed})`, () => {
  for (const [first, second] of [[1, 1], [3, 2]]) {
    it(`is the same in ${first} and ${second} partitions, whoever stops in between`, async () => {
      const memory = kept();
      let runtime = await open(stages(first, second), memory);
      const { input } = runtime.topology.pipelines[1];
      const give = async (from: number, to: number) => {
        const part = <T>(all: readonly T[]) => all.slice(all.length * from, all.length * to);
        const outcomes = await Promise.all([
          ...part(EVENTS).map((event) =>
            runtime.submit("spent", toBinary(TallySchema, create(TallySchema, event)))
          ),
          ...part(LIMITS).map((limit) => runtime.submit("watched", encodeOf(input, "limits", limit))),
        ]);
        assert.ok(outcomes.every(({ kind }) => kind === "applied"));
      };
      await give(0, 0.4);
      await runtime.stop();
      runtime = await open(stages(first, second), memory);
      await give(0.4, 1);
      await runtime.mark("spent", {});
      await runtime.mark("watched", { input: 1 });
      assert.deepEqual(await rowsOf(runtime, expected().length), expected());
      await runtime.settled("watched");
      const { partitions } = runtime.status();
      assert.deepEqual(
        partitions.map(({ counts, keys }) => [counts.late, keys]),
        partitions.map(() => [0, 0]),
      );
      await runtime.stop();
    });
  }

  it("holds back the other source's windows until it has come as far", async () => {
    const runtime = await open(stages(1, 1), kept());
    const { input } = runtime.topology.pipelines[1];
    await runtime.submit("watched", encodeOf(input, "limits", { key: "a", amount: 1, at: 500 * SECOND }));
    const watermark = () =>
      runtime.status().partitions.find((each) => each.pipeline === "watched")!.watermark;
    assert.equal(watermark(), undefined);
    await runtime.submit(
      "spent",
      toBinary(TallySchema, create(TallySchema, { key: "a", amount: 2n, at: BigInt(100 * SECOND) })),
    );
    await runtime.settled("watched");
    while (watermark() === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(watermark()! <= 95 * SECOND, `${watermark()}`);
    await runtime.stop();
  });

  for (const [first, second] of [[1, 1], [3, 2]]) {
    it(`may both be outputs of one, in ${first} and ${second} partitions, whoever stops in between`, async () => {
      const memory = kept();
      let runtime = await open(split(first, second), memory);
      const limits = LIMITS.map((limit) => ({ ...limit, note: "limit" })),
        each = EVENTS.length / limits.length;
      const all = limits.flatMap((limit, i) => [...EVENTS.slice(i * each, (i + 1) * each), limit]);
      const give = async (from: number, to: number) => {
        const outcomes = await Promise.all(
          all.slice(all.length * from, all.length * to).map((event) =>
            runtime.submit("split", toBinary(TallySchema, create(TallySchema, event)))
          ),
        );
        assert.ok(outcomes.every(({ kind }) => kind === "applied"));
      };
      for (const [from, to] of [[0, 0.3], [0.3, 0.7], [0.7, 1]]) {
        await give(from, to);
        if (to === 1) break;
        await runtime.stop();
        runtime = await open(split(first, second), memory);
      }
      await runtime.mark("split", {});
      assert.deepEqual(await rowsOf(runtime, expected().length), expected());
      await runtime.settled("joined");
      const { partitions } = runtime.status();
      assert.deepEqual(
        partitions.map(({ counts, keys }) => [counts.late, keys]),
        partitions.map(() => [0, 0]),
      );
      await runtime.stop();
    });
  }

  it("is refused where one output feeds two sources of another", () => {
    const [spent] = stages(1, 1);
    const fed = () =>
      fedBy(spent as never, "sums", { eventTime: (row: never) => (row as { windowEnd: never }).windowEnd });
    assert.throws(
      () => compile(pipeline("both", { a: fed(), b: fed() }, ({ a, b }) => [a.to("a"), b.to("b")])),
      /"both" \(source "b"\): it is fed by output "sums" of "spent" twice\. Take it once/,
    );
  });
});
