/** The NATS edges on a real server: requests, a stream as a source, outputs as a stream; the ledger beside them. */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { tally } from "../../actors/tally/tally.ts";
import { TallyStateSchema } from "../../actors/tally/gen/tally_pb.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { type OpenedJetStream, openJetStream } from "../../runtime/adapters/jetstream/mod.ts";
import { systemRandom } from "../../runtime/adapters/random.ts";
import { serveNats } from "../../runtime/ingress/nats.ts";
import { runSource, SourceGone } from "../../runtime/ingress/streams.ts";
import { type Runtime, start, type World } from "../../runtime/mod.ts";
import { OUTPUT_HEADERS } from "../../runtime/output/identity.ts";
import { DecideReplySchema } from "../../runtime/proto/gen/reply_pb.ts";
import { type NatsServer, startNats } from "../support/nats.ts";
import { keyBytes, tallyEvent, tallyState } from "../support/world.ts";

const clock = systemClock();
const log = { info() {}, warn() {}, error() {} };
const topology = { pipelines: [{ ...tally, partitions: 2 }] };

describe("the NATS edges on a real server", () => {
  let server: NatsServer;
  let client: NatsConnection;
  let opened: OpenedJetStream;
  let world: World;
  let runtime: Runtime;
  const abort = new AbortController();

  before(async () => {
    server = await startNats();
    client = await connect({ servers: server.url });
    opened = await openJetStream({ natsUrl: server.url, prefix: "edges", durability: "process" }, clock);
    world = { clock, random: systemRandom(), log, ...opened };
    runtime = await start(topology, world, abort.signal, { kernels: readKernel });
    await runtime.ready;
  });
  after(async () => {
    await runtime.stop();
    await client.close();
    await opened.close();
    await server.close();
  });

  it("decide answers over request and reply, durable on the ledger of the same server", async () => {
    const served = await serveNats(runtime, opened.network, { log });
    const message = await client.request("millrace.tally.decide.a", tallyEvent("a", 5), { timeout: 5000 });
    const reply = fromBinary(DecideReplySchema, message.data);
    assert.equal(reply.decision!.figures[1].value, 5n);
    assert.equal(reply.durable, true);

    const json = headers();
    // As many spell it: names of NATS headers differ by case.
    json.set("content-type", "application/json");
    const asked = new TextEncoder().encode('{"key":"a","amount":"7"}');
    const answer = (await client.request("millrace.tally.decide.a", asked, { timeout: 5000, headers: json }))
      .json();
    assert.deepEqual((answer as { figures: unknown }).figures, { COUNT: 2, SUM: 12 });

    const bad = await client.request("millrace.tally.decide.a", Uint8Array.of(0xff), { timeout: 5000 });
    assert.equal(bad.headers!.get("Nats-Service-Error-Code"), "422");
    await served.close();
    await assert.rejects(client.request("millrace.tally.decide.a", new Uint8Array(0), { timeout: 1000 }));
  });

  it("a stream is read, and read again without effect", async () => {
    await (await jetstreamManager(client)).streams.add({ name: "SOURCE", subjects: ["source.>"] });
    for (let i = 0; i < 500; i++) {
      await opened.network.publish("source.x", tallyEvent("s", 1), {}, `source-${i}`);
    }
    for (let round = 0; round < 2; round++) {
      const reading = new AbortController();
      const done = runSource({
        runtime,
        source: { stream: "SOURCE", pipeline: "tally" },
        network: opened.network,
        clock,
        log,
      }, reading.signal);
      while ((tallyState(await runtime.query("tally", keyBytes("s")))?.count ?? 0n) < 500n) {
        await clock.sleep(5);
      }
      reading.abort();
      await done;
      assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("s"))), { count: 500n, sum: 500n });
    }
  });

  it("outputs stand once each in their stream, with key, position and id, over two runtimes in turn", async () => {
    const sink = { name: "stream", pipeline: "tally", open: () => opened.sink("tally", "OUTPUTS") };
    const info = async () => (await (await jetstreamManager(client)).streams.info("OUTPUTS")).state;
    const drained = async (count: number, amount: number) => {
      const options = { kernels: readKernel, sinks: [sink] };
      await runtime.stop();
      runtime = await start(topology, world, abort.signal, options);
      await runtime.ready;
      for (let i = 0; i < amount; i++) await runtime.submit("tally", tallyEvent("o", 1));
      while (!runtime.status().sinks![0].partitions.every(({ lagFrames }) => lagFrames === 0)) {
        await clock.sleep(5);
      }
      assert.equal((await info()).messages, count);
    };
    await drained(502, 0);
    await drained(522, 20);
    const reading = new AbortController();
    const ids = new Set<string>();
    let last = 0n;
    const from = { stream: "OUTPUTS", from: "start", signal: reading.signal } as const;
    for await (const message of await opened.network.stream(from)) {
      ids.add(message.header(OUTPUT_HEADERS.id)!);
      if (message.subject === "millrace.tally.out.o") {
        last = fromBinary(TallyStateSchema, message.payload).count;
      }
      if (message.sequence === 522) break;
    }
    reading.abort();
    assert.equal(ids.size, 522);
    assert.equal(last, 20n);
  });

  it("messages that a stream let go before they were read are told, and skipped where that is declared", async () => {
    for (let i = 0; i < 20; i++) {
      await opened.network.publish("source.x", tallyEvent("gone", 1), {}, `late-${i}`);
    }
    await opened.network.publish("source.x", Uint8Array.of(0xff), {}, "malformed");
    const manager = await jetstreamManager(client);
    await manager.streams.purge("SOURCE", { seq: 511 });
    const source = { stream: "SOURCE", pipeline: "tally" };
    const options = { runtime, network: opened.network, clock, log };
    const over = new AbortController();
    await assert.rejects(
      runSource({ ...options, source }, over.signal),
      (error) =>
        error instanceof SourceGone && /from 501: it keeps messages from 511 on, and 10 /.test(error.message),
    );
    let applied = 0;
    const done = runSource({
      ...options,
      source: { ...source, gone: "skip" },
      applied: (sequence) => applied = sequence,
    }, over.signal);
    while (applied < 521) await clock.sleep(5);
    over.abort();
    await done;
    assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("gone"))), { count: 10n, sum: 10n });
    const [letter] = await runtime.deadLetters("tally", { limit: 1 });
    assert.deepEqual([letter.source, letter.sequence], ["stream SOURCE", 521]);
  });
});
