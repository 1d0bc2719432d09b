import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { tally } from "../../actors/tally/tally.ts";
import { fakeRuntime } from "../../tests/support/fake_runtime.ts";
import { memoryWorld, running } from "../../tests/support/world.ts";
import { httpApp } from "../ingress/http.ts";
import { systemClock } from "./clock.ts";
import { type HttpLimits, serveHttp } from "./http_server.ts";
import { systemRandom } from "./random.ts";

const clock = systemClock();
const options = { clock, random: systemRandom(), log: { info() {}, warn() {}, error() {} } };
const topology = { pipelines: [tally] };
const appOf = () => httpApp(fakeRuntime(topology), { ...options, eventBytesMax: 4096 });

/** Limits a test can wait for; production's are ten times as long. */
const QUICK: Partial<HttpLimits> = {
  headersMs: 500,
  requestMs: 1000,
  keepAliveMs: 700,
  idleMs: 2000,
  drainMs: 500,
};

type Fetch = (request: Request) => Response | Promise<Response>;

async function serving(fetch: Fetch, use: (port: number, stop: () => void) => Promise<void>, limits = QUICK) {
  const abort = new AbortController();
  const server = await serveHttp(fetch, { host: "127.0.0.1", port: 0, limits, signal: abort.signal });
  try {
    await use(server.port, () => abort.abort());
  } finally {
    abort.abort();
    await server.closed;
  }
}

/** Speaks raw bytes and resolves, when the server ends the connection, with all it said. */
function speak(port: number, first: string, drip?: () => string): { ended: Promise<string>; socket: Socket } {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  const stop = new AbortController();
  const ended = new Promise<string>((resolve) => {
    let said = "";
    socket.on("data", (part: Buffer) => said += part.toString("latin1"));
    socket.on("error", () => {});
    socket.on("close", () => {
      stop.abort();
      resolve(said);
    });
  });
  socket.on("connect", async () => {
    if (first) socket.write(first);
    while (drip && !stop.signal.aborted) {
      await clock.sleep(50, stop.signal);
      if (!stop.signal.aborted) socket.write(drip());
    }
  });
  return { ended, socket };
}

const head = (lines: string[]) =>
  ["POST /v1/tally/decide HTTP/1.1", "Host: x", ...lines, "", ""].join("\r\n");
const JSON_TYPE = "Content-Type: application/json";
const EVENT = '{"key":"a","amount":1}';
const whole = head([JSON_TYPE, `Content-Length: ${EVENT.length}`]) + EVENT;
const last = head([JSON_TYPE, `Content-Length: ${EVENT.length}`, "Connection: close"]) + EVENT;

async function ask(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/tally/decide`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: EVENT,
  });
  await response.text();
  return response.status;
}

describe("slow clients", () => {
  const kinds: [string, string, (() => string) | undefined][] = [
    ["says nothing", "", undefined],
    ["stops in the first line", "POST /v1/tal", undefined],
    ["drips headers", "POST /v1/tally/decide HTTP/1.1\r\nHost: x\r\n", () => "X-A: b\r\n"],
    ["stops in the body", head([JSON_TYPE, "Content-Length: 1000"]) + "{", undefined],
    ["drips the body", head([JSON_TYPE, "Content-Length: 1000"]) + "{", () => " "],
    ["drips chunks", head([JSON_TYPE, "Transfer-Encoding: chunked"]), () => "1\r\n \r\n"],
    ["keeps an idle connection after an answer", whole, undefined],
  ];
  for (const [what, first, drip] of kinds) {
    it(`one that ${what} is cut`, async () => {
      await serving(appOf().fetch, async (port) => {
        const said = await speak(port, first, drip).ended;
        if (first === whole) assert.match(said, /^HTTP\/1\.1 200 /);
        else assert.doesNotMatch(said, /^HTTP\/1\.1 200 /);
      });
    });
  }

  it("1,000 at once are all cut, while others are answered and no event of theirs is lost", async () => {
    await running(topology, memoryWorld(), async (runtime) => {
      await serving(httpApp(runtime, options).fetch, async (port) => {
        let cut = 0;
        const slow = Array.from({ length: 1000 }, (_, i) => {
          const [, first, drip] = kinds[i % 6];
          return speak(port, first, i % 10 === 0 ? drip : undefined).ended.then(() => cut++);
        });
        let answered = 0;
        while (cut < 1000) {
          assert.equal(await ask(port), 200);
          answered++;
          await clock.sleep(10);
        }
        await Promise.all(slow);
        const state = await fetch(`http://127.0.0.1:${port}/v1/tally/state/a`);
        assert.deepEqual(await state.json(), { key: "a", count: answered, sum: answered });
      });
    });
  });
});

describe("requests that are not what they say", () => {
  const cases: [string, string, RegExp][] = [
    ["headers beyond the limit", head([`X-A: ${"a".repeat(20_000)}`]), /^HTTP\/1\.1 431 /],
    ["10,000 headers", head(Array.from({ length: 10_000 }, (_, i) => `X-${i}: b`)), /^HTTP\/1\.1 431 /],
    ["no HTTP at all", "\u0000\u0001\u0002\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["two lengths", head([JSON_TYPE, "Content-Length: 3", "Content-Length: 4"]) + "abcd", /^HTTP\/1\.1 400 /],
    [
      "a length and chunks",
      head([JSON_TYPE, "Content-Length: 3", "Transfer-Encoding: chunked"]) + "0\r\n\r\n",
      /^HTTP\/1\.1 400 /,
    ],
    [
      "a length beyond the limit",
      head([JSON_TYPE, "Content-Length: 999999999", "Connection: close"]),
      /^HTTP\/1\.1 413 /,
    ],
    [
      "chunks beyond the limit",
      head([JSON_TYPE, "Transfer-Encoding: chunked", "Connection: close"]) +
      `${(5000).toString(16)}\r\n${" ".repeat(5000)}\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 413 /,
    ],
    [
      "a compressed body",
      head([JSON_TYPE, "Content-Encoding: gzip", "Content-Length: 2", "Connection: close"]) + "{}",
      /^HTTP\/1\.1 415 /,
    ],
  ];
  for (const [what, bytes, answer] of cases) {
    it(`${what}: refused, and the next one is answered`, async () => {
      await serving(appOf().fetch, async (port) => {
        const { ended, socket } = speak(port, bytes);
        assert.match(await ended, answer);
        socket.destroy();
        assert.equal(await ask(port), 200);
      });
    });
  }
});

describe("stopping", () => {
  it("lets a request under way finish, closes idle connections and takes no new ones", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => release = resolve);
    let arrived = () => {};
    const busy = new Promise<void>((resolve) => arrived = resolve);
    const slow: Fetch = async () => {
      arrived();
      await held;
      return new Response("done");
    };
    await serving(slow, async (port, stop) => {
      const { ended } = speak(port, last);
      await busy;
      stop();
      release();
      assert.match(await ended, /^HTTP\/1\.1 200 [\s\S]*done/);
      await assert.rejects(ask(port));
    }, { drainMs: 5000 });
  });

  it("cuts what does not finish in time", async () => {
    let arrived = () => {};
    const busy = new Promise<void>((resolve) => arrived = resolve);
    const never: Fetch = () => {
      arrived();
      return new Promise(() => {});
    };
    await serving(never, async (port, stop) => {
      const { ended } = speak(port, last);
      await busy;
      stop();
      assert.equal(await ended, "");
    });
  });

  it("says which port is taken, and what to do", async () => {
    await serving(appOf().fetch, async (port) => {
      await assert.rejects(
        serveHttp(appOf().fetch, { host: "127.0.0.1", port, signal: new AbortController().signal }),
        /Cannot serve HTTP on 127\.0\.0\.1:\d+: .*choose another port/,
      );
    });
  });
});
