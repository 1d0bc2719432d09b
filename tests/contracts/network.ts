/** What every connected network must do. Each adapter's test calls this with a way to make one. */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import type { Network, NetworkRequest, StreamMessage, StreamOptions } from "../../runtime/world/network.ts";

export interface NetworkPlace {
  readonly network: Network;
  /** Asks as a client would, and gives back the reply's payload and one header of it. */
  request(subject: string, payload: Uint8Array, headers?: Record<string, string>): Promise<Reply>;
  /** Makes sure that a stream keeps what is published on these subjects. */
  keep(stream: string, subjects: string[]): Promise<void>;
  remove(): Promise<void>;
}

export interface Reply {
  readonly payload: Uint8Array;
  header(name: string): string | undefined;
}

export function networkContract(what: string, make: () => Promise<NetworkPlace>): void {
  describe(`the network contract on ${what}`, () => {
    let place: NetworkPlace;
    before(async () => {
      place = await make();
    });
    after(() => place?.remove());

    it("serves requests: subject, payload and headers there and back", async () => {
      const served = await place.network.serve("ask.*.decide.>", "workers", (request: NetworkRequest) => {
        const said = `${request.subject} ${words(request.payload)} ${request.header("Kind")} ${
          request.header("None")
        }`;
        request.respond(bytes(said), { Position: "7" });
      });
      const reply = await place.request("ask.tally.decide.key.1", bytes("hello"), { Kind: "json" });
      assert.equal(words(reply.payload), "ask.tally.decide.key.1 hello json undefined");
      assert.equal(reply.header("Position"), "7");
      await served.close();
      await assert.rejects(place.request("ask.tally.decide.key.1", bytes("hello")));
    });

    it("gives each request to one member of a group only", async () => {
      const counts = [0, 0, 0];
      const members = await Promise.all(
        counts.map((_, i) =>
          place.network.serve("group.ask", "workers", (request) => {
            counts[i]++;
            request.respond(request.payload);
          })
        ),
      );
      for (let i = 0; i < 60; i++) {
        assert.equal(words((await place.request("group.ask", bytes(`${i}`))).payload), `${i}`);
      }
      assert.equal(counts[0] + counts[1] + counts[2], 60);
      for (const member of members) await member.close();
    });

    it("publishes durably, and once per id", async () => {
      await place.keep("ONCE", ["once.>"]);
      for (const id of ["a", "b", "a", "b", "c"]) {
        await place.network.publish(`once.${id}`, bytes(id), { Position: `at ${id}` }, id);
      }
      const got = await take(place.network, { stream: "ONCE", from: "start" }, 3);
      assert.deepEqual(got.map((message) => words(message.payload)), ["a", "b", "c"]);
      assert.deepEqual(got.map((message) => message.subject), ["once.a", "once.b", "once.c"]);
      assert.deepEqual(got.map((message) => message.sequence), [1, 2, 3]);
      assert.equal(got[1].header("Position"), "at b");
      assert.equal(got[1].header("None"), undefined);
    });

    it("refuses to publish what no stream keeps", async () => {
      await assert.rejects(
        place.network.publish("nobody.keeps", bytes("x"), {}, "1"),
        /Cannot publish on nobody.keeps/,
      );
    });

    it("refuses to read a stream that there is not", async () => {
      const signal = new AbortController().signal;
      await assert.rejects(
        place.network.stream({ stream: "MISSING", from: "start", signal }),
        /Cannot read stream MISSING/,
      );
    });

    it("reads from a sequence, from a time and by subject, in order", async () => {
      await place.keep("FROM", ["from.*"]);
      for (let i = 1; i <= 20; i++) {
        await place.network.publish(`from.${i % 2}`, bytes(`${i}`), {}, `from ${i}`);
      }
      const all = await take(place.network, { stream: "FROM", from: "start" }, 20);
      assert.deepEqual(all.map((message) => Number(words(message.payload))), range(1, 20));
      for (let i = 1; i < all.length; i++) assert.ok(all[i].time >= all[i - 1].time, "times rise");

      const later = await take(place.network, { stream: "FROM", from: { sequence: 15 } }, 6);
      assert.deepEqual(later.map((message) => message.sequence), range(15, 20));

      const time = all[0].time - 1000;
      const timed = await take(place.network, { stream: "FROM", from: { time } }, 20);
      assert.equal(timed[0].sequence, 1);

      const odd = await take(place.network, { stream: "FROM", subject: "from.1", from: "start" }, 10);
      assert.deepEqual(odd.map((message) => message.sequence), range(1, 20).filter((i) => i % 2 === 1));
    });

    it("counts what is pending, and goes on with what comes later", async () => {
      await place.keep("PENDING", ["pending"]);
      for (let i = 1; i <= 5; i++) await place.network.publish("pending", bytes(`${i}`), {}, `pending ${i}`);
      const abort = new AbortController();
      const reader = await place.network.stream({ stream: "PENDING", from: "start", signal: abort.signal });
      assert.equal(reader.pending, 5);
      const pending: number[] = [];
      for await (const message of reader) {
        pending.push(reader.pending);
        if (message.sequence === 5) await place.network.publish("pending", bytes("6"), {}, "pending 6");
        if (message.sequence === 6) break;
      }
      assert.deepEqual(pending.slice(0, 5), [4, 3, 2, 1, 0]);
      assert.equal(pending.length, 6);
      abort.abort();
    });

    it("ends a reader that waits when its signal is aborted", async () => {
      await place.keep("QUIET", ["quiet"]);
      const abort = new AbortController();
      const reader = await place.network.stream({ stream: "QUIET", from: "start", signal: abort.signal });
      const read = (async () => {
        for await (const message of reader) assert.fail(`nobody sent ${message.subject}`);
      })();
      abort.abort();
      await read;
    });
  });
}

async function take(
  network: Network,
  options: Omit<StreamOptions, "signal">,
  count: number,
): Promise<StreamMessage[]> {
  const abort = new AbortController();
  const taken: StreamMessage[] = [];
  for await (const message of await network.stream({ ...options, signal: abort.signal })) {
    taken.push(message);
    if (taken.length === count) break;
  }
  abort.abort();
  return taken;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function words(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}
