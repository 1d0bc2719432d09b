/** The network contract in memory and on a real nats-server; and the network that is none. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { headers as newHeaders } from "@nats-io/nats-core";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { natsLink } from "../../runtime/adapters/jetstream/connection.ts";
import { jetstreamNetwork } from "../../runtime/adapters/jetstream/network.ts";
import { memoryNetwork, noNetwork, subjectMatches } from "../../runtime/adapters/memory/network.ts";
import { startNats } from "../support/nats.ts";
import { networkContract } from "./network.ts";

networkContract("memory", () => {
  const network = memoryNetwork({ clock: systemClock() });
  return Promise.resolve({
    network,
    async request(subject, payload, headers) {
      const reply = await network.request(subject, payload, headers);
      return { payload: reply.payload, header: (name) => reply.headers[name] };
    },
    keep: (stream, subjects) => Promise.resolve(network.keep(stream, subjects)),
    remove: () => Promise.resolve(),
  });
});

networkContract("NATS", async () => {
  const server = await startNats();
  const link = await natsLink({ servers: server.url });
  const client = await natsLink({ servers: server.url });
  return {
    network: jetstreamNetwork(link),
    async request(subject, payload, fields = {}) {
      const headers = newHeaders();
      for (const [name, value] of Object.entries(fields)) headers.set(name, value);
      const reply = await client.nc.request(subject, payload, { timeout: 5000, headers });
      return { payload: reply.data, header: (name) => reply.headers?.get(name) || undefined };
    },
    keep: async (name, subjects) => void await link.jsm.streams.add({ name, subjects }),
    async remove() {
      await client.close();
      await link.close();
      await server.close();
    },
  };
});

describe("the network that is none", () => {
  it("refuses everything and names the way out", async () => {
    const network = noNetwork();
    const signal = new AbortController().signal;
    assert.equal(network.connected, false);
    await assert.rejects(
      network.serve("a", "b", () => {}),
      /Cannot serve a: this process has no network. Start/,
    );
    await assert.rejects(network.stream({ stream: "S", from: "start", signal }), /Cannot read stream S/);
    await assert.rejects(network.publish("a", new Uint8Array(), {}, "1"), /Cannot publish on a/);
  });
});

describe("subjects in memory", () => {
  it("match as the server matches them", () => {
    const yes = [["a", "a"], ["a.*", "a.b"], ["a.>", "a.b.c"], ["*.*", "a.b"], [">", "a"], [
      "a.*.c",
      "a.b.c",
    ]];
    const no = [["a", "b"], ["a.*", "a"], ["a.>", "a"], ["*", "a.b"], ["a.b", "a"], ["a", "a.b"], [
      "a.*",
      "a.b.c",
    ]];
    for (const [mask, subject] of yes) assert.ok(subjectMatches(mask, subject), `${mask} takes ${subject}`);
    for (const [mask, subject] of no) assert.ok(!subjectMatches(mask, subject), `${mask} leaves ${subject}`);
  });
});
