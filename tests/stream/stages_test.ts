import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { describe, it } from "@std/testing/bdd";
import process from "node:process";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { declared } from "../../deploy/declared.ts";
import {
  bounded,
  count,
  fedBy,
  max,
  pipeline,
  type Runtime,
  source,
  start,
  sum,
  tumbling,
} from "../../runtime/mod.ts";
import { encodeOf, plain } from "../support/declared.ts";
import { type Kept, kept, memoryWorld } from "../support/world.ts";

const SECOND = 1_000_000;
const seed = String(seedOf(process.env, 20261126));
console.log(`stages: MILLRACE_SEED=${seed}`);

/** Sums by key in windows of 10 s, in `first` partitions; then by note in windows of 30 s, in `second`. */
function stages(first: number, second: number) {
  const byKey = pipeline("by_key", {
    events: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("5s") }),
  }, { partitions: first })
    .key((e) => ({ key: e.key, note: e.note }))
    .window(tumbling("10s"))
    .aggregate({ n: count(), total: sum((e) => e.amount) })
    .to("sums");
  const byNote = pipeline("by_note", {
    sums: fedBy(byKey, "sums", { eventTime: (row) => row.windowEnd.sub(1) }),
  }, { partitions: second })
    .key((row) => row.note)
    .window(tumbling("30s"))
    .aggregate({ events: sum((row) => row.n), total: sum((row) => row.total), most: max((row) => row.total) })
    .to("notes");
  return [byKey, byNote];
}

const dice = seeded(seed);
const EVENTS = Array.from({ length: 3_000 }, (_, i) => ({
  key: `key-${dice.int(0, 40)}`,
  note: `note-${dice.int(0, 6)}`,
  amount: BigInt(dice.int(1, 100)),
  at: BigInt(Math.max(0, i * 100_000 - dice.int(0, 5 * SECOND))),
}));

function expected(): string[] {
  const sums = new Map<string, { note: string; at: number; n: bigint; total: bigint }>();
  for (const { key, note, amount, at } of EVENTS) {
    const start = Math.floor(Number(at) / (10 * SECOND)) * 10 * SECOND, id = `${key} ${note} ${start}`;
    const sum = sums.get(id) ?? { note, at: start, n: 0n, total: 0n };
    sums.set(id, { ...sum, n: sum.n + 1n, total: sum.total + amount });
  }
  const notes = new Map<
    string,
    { note: string; start: number; events: bigint; total: bigint; most: bigint }
  >();
  for (const { note, at, n, total } of sums.values()) {
    const start = Math.floor(at / (30 * SECOND)) * 30 * SECOND, id = `${note} ${start}`;
    const known = notes.get(id) ?? { note, start, events: 0n, total: 0n, most: 0n };
    notes.set(id, {
      ...known,
      events: known.events + n,
      total: known.total + total,
      most: total > known.most ? total : known.most,
    });
  }
  return [...notes.values()].map(({ note, start, events, total, most }) =>
    `${note} ${start} ${events} ${total} ${most}`
  )
    .sort();
}

async function open(first: number, second: number, memory: Kept): Promise<Runtime> {
  const built = await Promise.all(stages(first, second).map((each) => declared(each)));
  const runtime = await start(
    {
      pipelines: built.map(({ pipeline }) => pipeline),
      feeds: [{ from: "by-key", to: "by-note", output: "sums" }],
    },
    memoryWorld(memory),
    new AbortController().signal,
    { kernels: (name) => Promise.resolve(built.find(({ pipeline }) => pipeline.kernel === name)!.wasm) },
  );
  await runtime.ready;
  return runtime;
}

async function notesOf(runtime: Runtime): Promise<string[]> {
  const { message } = runtime.topology.pipelines[1].outputs![0];
  const over = new AbortController(), rows: string[] = [];
  const wanted = expected().length;
  for await (const { payload } of runtime.outputs("by-note", "start", over.signal)) {
    const { note, windowStart, events, total, most } = plain(message, payload);
    rows.push(`${note} ${windowStart} ${events} ${total} ${most}`);
    if (rows.length === wanted) break;
  }
  over.abort();
  return rows.sort();
}

describe("pipelines fed by pipelines, keyed anew, in event time", () => {
  for (const [first, second] of [[1, 1], [3, 2]]) {
    it(`give the same answer in ${first} and ${second} partitions, whoever stops in between`, async () => {
      const memory = kept();
      let runtime = await open(first, second, memory);
      const give = async (from: number, to: number) => {
        await Promise.all(
          EVENTS.slice(from, to).map((event) =>
            runtime.submit("by-key", toBinary(TallySchema, create(TallySchema, event)))
          ),
        );
      };
      await give(0, 1_500);
      await runtime.stop();
      runtime = await open(first, second, memory);
      await give(1_500, EVENTS.length);
      assert.equal(runtime.status().partitions.reduce((sum, { counts }) => sum + counts.late, 0), 0);
      await runtime.mark("by-key", {});
      assert.deepEqual(await notesOf(runtime), expected());
      await runtime.settled("by-note");
      assert.equal(runtime.status().partitions.reduce((sum, { keys }) => sum + keys, 0), 0);
      await runtime.stop();
    });
  }

  it("lose nothing of windows that were open while all was silent, and one partition woke", async () => {
    const of = () => source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1s"), idle: "60ms" });
    const first = pipeline(
      "waking",
      { a: of(), b: of() },
      ({ a, b }) =>
        a.map((e) => ({ key: e.key })).union(b.map((e) => ({ key: e.key }))).key((e) => ({ key: e.key }))
          .window(tumbling("10s")).aggregate({ n: count() }).to("sums"),
      {
        partitions: 2,
      },
    );
    const second = pipeline("woken", {
      sums: fedBy(first, "sums", { eventTime: (row) => row.windowEnd.sub(1) }),
    }).all().window(tumbling("30s")).aggregate({ n: sum((row) => row.n) }).to("all");
    const built = await Promise.all([declared(first), declared(second)]);
    const runtime = await start(
      {
        pipelines: built.map(({ pipeline }) => pipeline),
        feeds: [{ from: "waking", to: "woken", output: "sums" }],
      },
      memoryWorld(),
      new AbortController().signal,
      { kernels: (name) => Promise.resolve(built.find(({ pipeline }) => pipeline.kernel === name)!.wasm) },
    );
    await runtime.ready;
    const partitions = () => runtime.status().partitions.filter((each) => each.pipeline === "waking");
    const give = async (source: string, key: string, at: number) => {
      const payload = encodeOf(built[0].pipeline.input, source, { key, amount: 1, at: at * SECOND });
      assert.equal((await runtime.submit("waking", payload)).kind, "applied");
    };
    const until = async (holds: () => boolean) => {
      for (let i = 0; !holds(); i++) {
        assert.ok(i < 12_000, "it never became so");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const keys = Array.from({ length: 12 }, (_, i) => `key-${i}`);
    for (const key of keys) await give("a", key, 105);
    await give("b", "key-0", 101);
    // Silent everywhere: each partition is as far as the input that is furthest, and has open windows.
    await until(() => partitions().every(({ watermark }) => watermark === 104 * SECOND));
    await give("a", "key-0", 600);
    await until(() => partitions().every(({ watermark }) => watermark! >= 599 * SECOND));
    await runtime.mark("waking", {});
    await runtime.settled("woken");
    const rows: string[] = [], over = new AbortController();
    for await (const { payload } of runtime.outputs("woken", "start", over.signal)) {
      const { windowStart, n } = plain(built[1].pipeline.outputs![0].message, payload);
      rows.push(`${windowStart} ${n}`);
      if (rows.length === 2) break;
    }
    over.abort();
    assert.deepEqual(rows, [`${90 * SECOND} 13`, `${600 * SECOND} 1`]);
    assert.equal(runtime.status().partitions.reduce((sum, { counts }) => sum + counts.late, 0), 0);
    await runtime.stop();
  });

  it("are refused where nothing feeds them", async () => {
    const [, byNote] = await Promise.all(stages(1, 1).map((each) => declared(each)));
    await assert.rejects(
      start({ pipelines: [byNote.pipeline] }, memoryWorld(), new AbortController().signal, {
        kernels: () => Promise.resolve(byNote.wasm),
      }),
      /"by-note": it is declared to be fed by by-key, and no feed does so\. Add \{ from: "by-key", to: "by-note"/,
    );
  });
});
