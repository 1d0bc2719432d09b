/** The sink contract on a JetStream stream of a real nats-server, and what only streams have to show. */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { jetstreamNetwork } from "../../runtime/adapters/jetstream/network.ts";
import { type NatsLink, natsLink, patiently } from "../../runtime/adapters/jetstream/connection.ts";
import { keyOfToken } from "../../runtime/ingress/subject.ts";
import { keyText, OUTPUT_HEADERS } from "../../runtime/output/identity.ts";
import { type NatsServer, startNats } from "../support/nats.ts";
import { openSink } from "./sink_places.ts";
import { batches, goOn, payloadText, type Seen, sinkContract, type SinkPlace } from "./sinks.ts";

let servers = 0;

sinkContract("a JetStream stream", {
  rows: "output",
  steps: ["begin", "half", "end", "published"],
  atomic: true,
  make: async () => place(await startNats()),
});

function place(server: NatsServer): SinkPlace & { stream: string } {
  const stream = `OUT${++servers}`;
  const config = { kind: "stream", url: server.url, pipeline: "tally", stream } as const;
  return {
    config,
    stream,
    open: (step) => openSink(config, step),
    async seen() {
      const link = await natsLink({ servers: server.url });
      try {
        return await read(link, stream);
      } finally {
        await link.close();
      }
    },
    remove: () => server.close(),
  };
}

async function read(link: NatsLink, stream: string): Promise<Seen[]> {
  const seen: Seen[] = [];
  const { state } = await link.jsm.streams.info(stream);
  const stop = new AbortController();
  if (state.messages === 0) return seen;
  for await (
    const message of await jetstreamNetwork(link).stream({ stream, from: "start", signal: stop.signal })
  ) {
    const [partition, frame] = message.header(OUTPUT_HEADERS.position)!.split(".").map(Number);
    seen.push({
      partition,
      frame,
      output: Number(message.header(OUTPUT_HEADERS.output)),
      key: keyText(keyOfToken(message.subject.slice("millrace.tally.out.".length))),
      payload: payloadText(message.payload),
    });
    if (message.sequence >= state.last_seq) break;
  }
  stop.abort();
  return seen;
}

describe("a stream as a sink", () => {
  let server: NatsServer;
  let link: NatsLink;
  before(async () => {
    server = await startNats();
    link = await natsLink({ servers: server.url });
  });
  after(async () => {
    await link.close();
    await server.close();
  });

  it("knows where every partition stands, however long ago its newest message came", async () => {
    const { stream, open } = place(server);
    const sink = await open();
    const [early] = batches(0, [1]);
    await sink.commit(early);
    await goOn(sink, batches(1, Array.from({ length: 500 }, (_, frame) => frame + 1)));
    await sink.close();
    const again = await open();
    assert.deepEqual(await again.position(0), early.next);
    assert.deepEqual(await again.position(1), { frame: 500, output: 5 });
    await again.close();
    await link.jsm.streams.delete(stream);
  });

  it("goes on behind a batch of which a dying server kept only the beginning", async () => {
    const { stream, open } = place(server);
    const all = batches(0, [1, 2, 3]);
    const sink = await open();
    await sink.commit(all[0]);
    await sink.commit(all[1]);
    await sink.close();
    // What such a server would have: the last two messages of the second batch are gone.
    const { state } = await link.jsm.streams.info(stream);
    for (const sequence of [state.last_seq, state.last_seq - 1]) {
      await link.jsm.streams.deleteMessage(stream, sequence);
    }
    const again = await open();
    assert.deepEqual(await again.position(0), { frame: 2, output: 3 });
    const rest = { ...all[1], after: { frame: 2, output: 3 }, outputs: all[1].outputs.slice(3) };
    await again.commit(rest);
    await goOn(again, all);
    await again.close();
    const ids = (await read(link, stream)).map(({ frame, output }) => `${frame}.${output}`);
    assert.deepEqual(
      ids,
      [1, 2, 3].flatMap((frame) => [0, 1, 2, 3, 4].map((output) => `${frame}.${output}`)),
    );
    await link.jsm.streams.delete(stream);
  });

  it("goes on after the server was killed under it, again and again", async () => {
    const { stream, open } = place(server);
    const all = batches(0, Array.from({ length: 60 }, (_, frame) => frame + 1));
    let done = false;
    let kills = 0;
    const killer = (async () => {
      while (!done && kills < 4) {
        await new Promise((resolve) => setTimeout(resolve, 40));
        await server.restart();
        kills++;
      }
    })();
    for (;;) {
      try {
        const sink = await open();
        try {
          await goOn(sink, all);
          if (kills >= 2) break;
        } finally {
          await sink.close();
        }
      } catch {
        // Away: opened again, it goes on.
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    done = true;
    await killer;
    await link.ready();
    await patiently(() => link.jsm.streams.info(stream));
    const ids = (await read(link, stream)).map(({ frame, output }) => `${frame}.${output}`);
    assert.deepEqual(
      ids,
      all.flatMap(({ outputs }) => outputs.map((o) => `${o.position.frame}.${o.output}`)),
    );
    await link.jsm.streams.delete(stream);
  });

  it("refuses to guess where a stream stands whose messages were removed, or are somebody else's", async () => {
    const { stream, open } = place(server);
    const sink = await open();
    await sink.commit(batches(0, [1])[0]);
    await sink.close();
    await link.jsm.streams.purge(stream);
    await assert.rejects(open(), /messages were removed, and with them where to go on\. Delete the stream/);
    for (let i = 0; i < 3; i++) await link.js.publish("millrace.tally.out.x", new Uint8Array(0));
    await assert.rejects(open(), /says where to go on: somebody else writes to it/);
    await link.jsm.streams.delete(stream);
  });
});
