/** Sources that fall silent, and sources that run ahead: read from a real nats-server, sent over HTTP, and fed. */
import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { after, before, describe, it } from "@std/testing/bdd";
import { TallySchema } from "../../actors/tally/gen/tally_pb.ts";
import { type Declared, declared } from "../../deploy/declared.ts";
import { streamsOf } from "../../deploy/topology.ts";
import {
  bounded,
  compile,
  count,
  type Declaration,
  fedBy,
  pipeline,
  type Runtime,
  source,
  type SourceOptions,
  start,
  tumbling,
} from "../../runtime/mod.ts";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { type OpenedJetStream, openJetStream } from "../../runtime/adapters/jetstream/mod.ts";
import { httpApp } from "../../runtime/ingress/http.ts";
import { runSource } from "../../runtime/ingress/streams.ts";
import type { Network } from "../../runtime/world/network.ts";
import { encodeOf, plain } from "../support/declared.ts";
import { type NatsServer, startNats } from "../support/nats.ts";
import { type Kept, kept, memoryWorld } from "../support/world.ts";

const SECOND = 1_000_000;
const SILENT = ["b", "c", "d", "e", "f", "g"];
const clock = systemClock();
const log = { info() {}, warn() {}, error() {} };

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; !(await condition()); i++) {
    if (i > 12_000) throw new Error("it never became so");
    await clock.sleep(5);
  }
}

/**
 * Orders with the payment of the same key within 10 s; those without one come out alone, once that is proven: so
 * what is told of time is 10 s and a microsecond
 * behind the slowest source.
 */
function paid(name: string, options: Partial<SourceOptions<typeof TallySchema>>, streams?: [string, string]) {
  const of = (i: 0 | 1) =>
    source(TallySchema, {
      eventTime: (e) => e.at,
      watermark: bounded("1s"),
      ...options,
      stream: streams?.[i],
    });
  return pipeline(name, { orders: of(0), payments: of(1) }, ({ orders, payments }) =>
    orders.key((e) => e.key)
      .join(payments.key((e) => e.key), { before: "0s", after: "10s", type: "left" }, (o, p) => ({
        key: o.key,
        ordered: o.at,
        amount: p.amount,
      }))
      .to("paid"));
}

interface Run {
  readonly runtime: Runtime;
  /** What has come out since the very first start. */
  readonly rows: string[];
  watermark(): number | undefined;
  events(): number;
  stop(): Promise<void>;
}

/** Declared pipelines in a world, with their streams read. What is told is of the last one. */
async function run(declarations: Declaration[], memory: Kept, network?: Network): Promise<Run> {
  const built: Declared[] = await Promise.all(declarations.map((each) => declared(each)));
  const pipelines = built.map(({ pipeline }) => pipeline), { name, output } = pipelines.at(-1)!;
  const sources = streamsOf(pipelines);
  const feeds = pipelines.flatMap(({ name: to, fed = [] }) =>
    fed.map(({ pipeline: from, output }) => ({ from, to, output }))
  );
  const world = { ...memoryWorld(memory), ...(network ? { network } : {}) };
  const over = new AbortController(), rows: string[] = [];
  const runtime = await start({ pipelines, sources, feeds }, world, new AbortController().signal, {
    kernels: (kernel) => Promise.resolve(built.find(({ pipeline }) => pipeline.kernel === kernel)!.wasm),
  });
  await runtime.ready;
  const reading = sources.map((each) =>
    runSource({ runtime, source: each, network: world.network, clock, log }, over.signal)
  );
  const collecting = (async () => {
    for await (const { payload } of runtime.outputs(name, "start", over.signal)) {
      rows.push(Object.values(plain(output!, payload)).join(" "));
    }
  })();
  const status = () => runtime.status().partitions.find((each) => each.pipeline === name)!;
  return {
    runtime,
    rows,
    watermark: () => status().watermark,
    events: () => status().counts.events,
    async stop() {
      over.abort();
      await Promise.all([...reading, collecting]);
      await runtime.stop();
    },
  };
}

describe("a source that falls silent, or runs ahead", () => {
  let server: NatsServer, opened: OpenedJetStream;
  let sequence = 0;

  before(async () => {
    server = await startNats();
    opened = await openJetStream({ natsUrl: server.url, prefix: "silence", durability: "process" }, clock);
  });
  after(async () => {
    await opened.close();
    await server.close();
  });

  const streams = async (...names: string[]) => {
    const { jetstreamManager } = await import("@nats-io/jetstream");
    const { connect } = await import("@nats-io/transport-node");
    const client = await connect({ servers: server.url });
    const manager = await jetstreamManager(client);
    for (const name of names) await manager.streams.add({ name, subjects: [`${name}.>`] });
    await client.close();
  };
  const sender = (declaration: Declaration) => {
    const { input: message } = compile(declaration).pipeline;
    return (stream: string, input: string, key: string, at: number) => {
      const payload = encodeOf(message, input, { key, amount: 7, at: at * SECOND });
      return opened.network.publish(`${stream}.x`, payload, {}, `silence-${sequence++}`);
    };
  };

  it("is idle once nothing waits in its stream, speaks again with its next event, and is replayed as it was", async () => {
    const declaration = paid("paid", { idle: "200ms" }, ["orders", "payments"]);
    await streams("orders", "payments");
    const send = sender(declaration), memory = kept();
    await send("payments", "payments", "a", 2);
    for (const [key, at] of [["a", 1], ["b", 3], ["c", 60]] as const) await send("orders", "orders", key, at);
    let one = await run([declaration], memory, opened.network);
    // Nobody says so: payments are silent, so orders alone say what time it is. Then they fall silent, too.
    await until(() => one.watermark() === 49 * SECOND - 1 && one.rows.length === 2);
    assert.deepEqual(one.rows.sort(), ["a 1000000 7", "b 3000000 0"]);
    await one.stop();

    // The marks are in the ledger: without a checkpoint each replayed effect is compared with what was recorded.
    // From now on nobody is silent for long enough, so that it does not matter how fast the test is.
    const patient = paid("paid", { idle: "1h" }, ["orders", "payments"]);
    one = await run([patient], { ...memory, blobs: new Map() }, opened.network);
    assert.equal(one.watermark(), 49 * SECOND - 1);
    // Both speak again: time is the slower one's, and c meets its payment.
    await send("payments", "payments", "c", 65);
    await until(() => one.watermark() === 54 * SECOND - 1);
    await send("orders", "orders", "d", 90);
    await until(() => one.events() === 2);
    assert.equal(one.watermark(), 54 * SECOND - 1);
    await until(() => one.rows.includes("c 60000000 7"));
    // One that comes after what it would have met is gone, is not lost silently.
    await send("payments", "payments", "b", 4);
    await until(async () => (await one.runtime.lateEvents("paid")).length === 1);
    const [{ reason, time }] = await one.runtime.lateEvents("paid");
    assert.deepEqual([reason, time], ["row-expired", 4 * SECOND]);
    await one.stop();
  });

  it("is waited for while nobody can tell whether something waits in its stream", async () => {
    const declaration = paid("away", { idle: "200ms" }, ["away-orders", "away-payments"]);
    await streams("away-orders", "away-payments");
    const send = sender(declaration);
    let asked = 0, away = true;
    const network: Network = {
      ...opened.network,
      async stream(options) {
        const reader = await opened.network.stream(options);
        const newest = () =>
          away ? Promise.reject(new Error(`the server is away, time ${++asked}`)) : reader.newest();
        return Object.assign(Object.create(reader), { newest });
      },
    };
    await send("away-orders", "orders", "a", 100);
    await send("away-payments", "payments", "a", 50);
    const one = await run([declaration], kept(), network);
    await until(() => asked > 10);
    assert.deepEqual([one.events(), one.watermark()], [2, 39 * SECOND - 1]);
    away = false;
    await until(() => one.watermark() === 89 * SECOND - 1);
    await one.stop();
  });

  it("is followed, after that time without an event, by partitions whose keys fell silent, and that have none", async () => {
    const events = (name: string, partitions: number) =>
      pipeline(name, {
        input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1s"), idle: "100ms" }),
      }, { partitions }).key((e) => e.key).window(tumbling("10s")).aggregate({ n: count() }).to("counts");
    const first = events("first", 3);
    const second = pipeline("second", {
      counts: fedBy(first, "counts", { eventTime: (row) => row.windowEnd.sub(1) }),
    }).all().window(tumbling("30s")).aggregate({ rows: count() }).to("rows");
    const memory = kept();
    for (const restarts of [false, true]) {
      const one = await run([first, second], memory);
      if (!restarts) {
        // One key goes on; the windows of the others end with its time, and nothing of them is late behind.
        for (const key of SILENT) await one.runtime.submit("first", tally(key, 1));
        for (const at of [1, 12, 100]) await one.runtime.submit("first", tally("a", at));
      }
      await until(() => one.watermark() === 99 * SECOND);
      await until(() => one.rows.length === 1);
      assert.deepEqual(one.rows, [`0 30000000 ${SILENT.length + 2}`]);
      assert.deepEqual(await one.runtime.lateEvents("second"), []);
      await one.stop();
    }
  });

  it("is waited for no longer by the stage behind once its windows have ended, though their keys are still kept", async () => {
    const first = pipeline("before", {
      input: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1s"), idle: "100ms" }),
    }).filter((e) => e.amount.gt(0)).key((e) => e.key).window(tumbling("10s")).aggregate({ n: count() })
      .to("counts");
    const second = pipeline("behind", {
      counts: fedBy(first, "counts", { eventTime: (row) => row.windowEnd.sub(1) }),
      own: source(TallySchema, { eventTime: (e) => e.at, watermark: bounded("1s"), idle: "1h" }),
    }, ({ counts, own }) =>
      counts.map((row) => ({ n: row.n })).union(own.map((e) => ({ n: e.amount })))
        .all().window(tumbling("30s")).aggregate({ rows: count() }).to("rows"));
    const one = await run([first, second], kept());
    // What is filtered away says that time is past the window: its key holds nothing, and was not swept yet.
    await one.runtime.submit("before", tally("k", 3, 7n));
    await one.runtime.submit("before", tally("k", 15));
    const own = encodeOf(compile(second).pipeline.input, "own", { key: "k", at: 100 * SECOND, amount: 1 });
    await one.runtime.submit("behind", own);
    await until(() => one.watermark() === 99 * SECOND);
    await until(() => one.rows.length === 1);
    assert.deepEqual(one.rows, [`0 30000000 1`]);
    await one.stop();
  });

  it("is held back while it is too far ahead of the slowest, so that a join keeps no more than the bound of it", async () => {
    // One order a second, an hour of them; a payment now and then. More than the bound and what is under way is
    // never kept, and once payments are idle they are waited for no longer.
    const ORDERS = 3600, BOUND = 300, UNDER_WAY = 600;
    const declaration = paid("held", { idle: "5s", align: "5m" }, ["held-orders", "held-payments"]);
    await streams("held-orders", "held-payments");
    const send = sender(declaration);
    for (let at = 0; at < ORDERS; at += 100) {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => send("held-orders", "orders", `k${at + i}`, 1 + at + i)),
      );
    }
    await send("held-payments", "payments", "k0", 2);
    const one = await run([declaration], kept(), opened.network);
    let most = 0;
    const keys = () => {
      const { keys } = one.runtime.status().partitions[0];
      most = Math.max(most, keys);
      return keys;
    };
    for (let at = 200; at < ORDERS - 1000; at += 200) {
      await send("held-payments", "payments", `k${at}`, at + 1);
      await until(() => keys() > 0 && one.watermark()! >= (at - 11) * SECOND - 1);
      assert.ok(
        one.events() < at + BOUND + UNDER_WAY + 20,
        `${one.events()} events read when payments were at ${at}`,
      );
    }
    // Payments say nothing more: orders are read to their end.
    await until(() => keys() > 0 && one.rows.length >= ORDERS - 20);
    assert.ok(most < BOUND + UNDER_WAY, `${most} rows kept`);
    assert.equal(one.rows.filter((row) => row.endsWith(" 7")).length, 13);
    await one.stop();
  });

  it("gets 429 over HTTP, with the time to come again, where the slower one is still let in", async () => {
    const declaration = paid("asked", { idle: "1h", align: "1m" }), memory = kept();
    const one = await run([declaration], memory);
    const { random, log: world } = memoryWorld(memory);
    const app = httpApp(one.runtime, { clock, random, log: world });
    const post = async (input: string, at: number) => {
      const response = await app.request("/v1/asked/decide", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ [input]: { key: "k", at: String(at * SECOND), amount: "7" } }),
      });
      const { title } = await response.json() as { title?: string };
      return [response.status, response.headers.get("retry-after"), title];
    };
    assert.equal((await post("payments", 10))[0], 200);
    assert.equal((await post("orders", 100))[0], 200);
    assert.deepEqual(await post("orders", 101), [429, "1", "The source is ahead of the others"]);
    assert.equal((await post("payments", 50))[0], 200);
    assert.equal((await post("orders", 101))[0], 200);
    await one.stop();
  });
});

function tally(key: string, second: number, amount = 0n): Uint8Array {
  return toBinary(TallySchema, create(TallySchema, { key, amount, at: BigInt(second * SECOND) }));
}
