/**
 * More than the ledger takes: a slow ledger behind small mailboxes, clients that send as fast as they are let,
 * and some that do not read their answers. What waits stays bounded, the rest is told 429 with Retry-After
 * before its body is read, memory does not grow, and all that was acknowledged is there.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { tally } from "../../actors/tally/tally.ts";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { memoryLedger } from "../../runtime/adapters/memory/ledger.ts";
import { serveHttp } from "../../runtime/adapters/http_server.ts";
import { httpApp } from "../../runtime/ingress/http.ts";
import type { Runtime } from "../../runtime/mod.ts";
import { fakeRuntime } from "../support/fake_runtime.ts";
import { collectGarbage } from "../support/memory.ts";
import { kept, keyBytes, memoryWorld, running, tallyState } from "../support/world.ts";

const topology = { pipelines: [tally] };
const MAILBOX = { mailboxEventsMax: 10, mailboxBytesMax: 64 * 1024 };
const LEDGER_MS = 10;
const CLIENTS = 100;
const REQUESTS = 4_000;
const GROWTH_BYTES_MAX = 32 * 1024 * 1024;

/** A runtime whose ledger takes 10 ms for each frame, and its door. */
async function overloaded(use: (runtime: Runtime, port: number) => Promise<void>): Promise<void> {
  const store = kept();
  const world = memoryWorld(store);
  const slow = {
    ...world,
    ledger: memoryLedger({ clock: world.clock, store: store.store, latencyMs: LEDGER_MS }),
  };
  await running(topology, slow, async (runtime) => {
    const app = httpApp(runtime, slow);
    await serving((request) => app.fetch(request), (port) => use(runtime, port));
  }, MAILBOX);
}

async function serving(
  fetch: (request: Request) => Response | Promise<Response>,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const shut = new AbortController();
  const options = { host: "127.0.0.1", port: 0, signal: shut.signal, limits: { drainMs: 100 } };
  const server = await serveHttp(fetch, options);
  try {
    await use(server.port);
  } finally {
    shut.abort();
    await server.closed;
  }
}

describe("more than the ledger takes", () => {
  it("is told 429 with Retry-After; what waits is bounded and what was acknowledged is there", async () => {
    await overloaded(async (runtime, port) => {
      const body = JSON.stringify({ key: "a", amount: 1, note: "n".repeat(500) });
      const statuses = new Map<number, number>();
      let most = 0;
      let left = REQUESTS;
      const client = async () => {
        while (left-- > 0) {
          const response = await fetch(`http://127.0.0.1:${port}/v1/tally/decide`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body,
          });
          const text = await response.text();
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
          if (response.status === 429) assert.ok(Number(response.headers.get("retry-after")) >= 1, text);
          most = Math.max(most, runtime.status().partitions[0].mailbox.events);
        }
      };
      collectGarbage();
      const before = process.memoryUsage().heapUsed;
      await Promise.all(Array.from({ length: CLIENTS }, client));
      collectGarbage();
      const grown = process.memoryUsage().heapUsed - before;
      const { frameBytes } = runtime.status().partitions[0].counts;
      assert.deepEqual([...statuses.keys()].sort(), [200, 429]);
      assert.ok(statuses.get(429)! > 100, "the mailbox was never full");
      assert.ok(most <= MAILBOX.mailboxEventsMax, `${most} events waited`);
      assert.ok(grown < GROWTH_BYTES_MAX + 2 * frameBytes, `memory grew by ${grown} bytes`);
      const acknowledged = BigInt(statuses.get(200)!);
      assert.deepEqual(tallyState(await runtime.query("tally", keyBytes("a"))), {
        count: acknowledged,
        sum: acknowledged,
      });
    });
  });

  it("is not read: what a full mailbox refuses is answered though its body never comes", async () => {
    const full = fakeRuntime(topology, { admits: () => ({ open: false, retryAfterMs: 1000 }) });
    const app = httpApp(full, memoryWorld());
    await serving((request) => app.fetch(request), async (port) => {
      const said = await new Promise<string>((resolve) => {
        const socket = connect(port, "127.0.0.1");
        let text = "";
        socket.on("data", (part: Buffer) => {
          text += part;
          if (text.includes("\r\n\r\n")) socket.destroy();
        });
        socket.on("close", () => resolve(text));
        socket.write(
          "POST /v1/tally/decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n",
        );
      });
      assert.match(said, /^HTTP\/1\.1 429 /);
      assert.equal(full.offered.length, 0);
    });
  });

  it("of a client that does not read its answers, no more is held than its batch", async () => {
    await overloaded(async (runtime, port) => {
      const line = `${JSON.stringify({ key: "b", amount: 1 })}\n`;
      const events = 1_000;
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.pause();
      socket.write(
        "POST /v1/tally/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n" +
          `Content-Length: ${line.length * events}\r\n\r\n${line.repeat(events)}`,
      );
      let applied = 0n;
      for (let tries = 0; applied < BigInt(events); tries++) {
        const { mailbox } = runtime.status().partitions[0];
        assert.ok(mailbox.events <= MAILBOX.mailboxEventsMax);
        assert.ok(tries < 5_000, `${applied} of ${events} events were taken`);
        applied = tallyState(await runtime.query("tally", keyBytes("b")))?.count ?? 0n;
        await systemClock().sleep(2);
      }
      socket.destroy();
    });
  });
});
