/** The NATS edges on a real server: requests, a stream as a source, outputs as a stream; the ledger beside them. */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { tally } from "../../actors/tally/tally.ts";
import { TallyStateSchema } from "../../actors/tally/gen/tally_pb.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { type OpenedJetStream, openJetStream } from "../../runtime/adapters/jetstream/mod.ts";
import { systemRandom } from "../../runtime/adapters/random.ts";
import { serveNats } from "../../runtime/ingress/nats.ts";
import { runSource } from "../../runtime/ingress/streams.ts";
import { type Runtime, start, type World } from "../../runtime/mod.ts";
import { OUTPUT_HEADERS, publishOutputs } from "../../runtime/output/publish.ts";
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
  let runtime: Runtime;
  const abort = new AbortController();

  before(async () => {
    server = await startNats();
    client = await connect({ servers: server.url });
    opened = await openJetStream({ natsUrl: server.url, prefix: "edges", durability: "process" }, clock);
    const world: World = { clock, random: systemRandom(), log, ...opened };
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
    json.set("Content-Type", "application/json");
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
    await opened.keep("SOURCE", ["source.>"]);
    for (let i = 0; i < 500; i++) {
      await opened.network.publish("source.x", tallyEvent("s", 1), {}, `source-${i}`);
    }
    for (let round = 0; round < 2; round++) {
      const reading = new AbortController();
      let applied = 0;
      const done = runSource({
        runtime,
        source: { stream: "SOURCE", pipeline: "tally" },
        network: opened.network,
        clock,
        log,
        applied: (sequence) => applied = sequence,
      }, reading.signal);
      while (applied < 500) await clock.sleep(5);
      reading.abort();
      await done;
      assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("s"))), { count: 500n, sum: 500n });
    }
  });

  it("outputs stand once each in their stream, with key, position and id, over two publishers in turn", async () => {
    await opened.keep("OUTPUTS", ["millrace.tally.out.>"]);
    const publish = async (count: number) => {
      const publishing = new AbortController();
      const options = {
        runtime,
        pipeline: "tally",
        network: opened.network,
        stream: "OUTPUTS",
        lastSequence: () => opened.lastSequence("OUTPUTS"),
      };
      const done = publishOutputs(options, publishing.signal);
      while (await opened.lastSequence("OUTPUTS") < count) await clock.sleep(5);
      publishing.abort();
      await done;
    };
    await publish(502);
    for (let i = 0; i < 20; i++) await runtime.submit("tally", tallyEvent("o", 1));
    await publish(522);
    const reading = new AbortController();
    const ids = new Set<string>();
    let last = 0n;
    for await (
      const message of await opened.network.stream({
        stream: "OUTPUTS",
        from: "start",
        signal: reading.signal,
      })
    ) {
      ids.add(message.header(OUTPUT_HEADERS.id)!);
      if (message.subject === "millrace.tally.out.o") {
        last = fromBinary(TallyStateSchema, message.payload).count;
      }
      if (message.sequence === 522) break;
    }
    reading.abort();
    assert.equal(ids.size, 522);
    assert.equal(last, 20n);
    assert.equal(await opened.lastSequence("OUTPUTS"), 522);
  });
});
