import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { type Seeded, seeded, seedOf } from "../../actors/random.ts";
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
const seed = seedOf(process.env, 1);
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

  it("are not those that ask again and again on one connection, or wait for a slow answer", async () => {
    const fetch = async (request: Request) => {
      await request.text();
      if (request.url.endsWith("/slow")) await clock.sleep(1_000);
      return new Response("ok");
    };
    await serving(fetch, async (port) => {
      const socket = connect(port, "127.0.0.1");
      let said = "";
      socket.on("data", (part: Buffer) => said += part);
      const answers = () => said.split("HTTP/1.1 200 ").length - 1;
      for (let asked = 1; asked <= 12; asked++) {
        socket.write(`GET /${asked === 6 ? "slow" : ""} HTTP/1.1\r\nHost: x\r\n\r\n`);
        for (let waits = 0; answers() < asked; waits++) {
          assert.ok(waits < 500 && !socket.closed, `answer ${asked} never came`);
          await clock.sleep(10);
        }
        await clock.sleep(150);
      }
      socket.destroy();
    });
  });

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

describe(`requests of every bad shape (seed ${seed})`, () => {
  it("500 of them end in 4xx or a closed connection, reach no pipeline, and others are answered", async () => {
    const random = seeded(`bad shapes ${seed}`);
    const runtime = fakeRuntime(topology);
    const app = httpApp(runtime, { ...options, eventBytesMax: 4096 });
    await serving((request) => app.fetch(request), async (port) => {
      let sound = 0;
      for (let round = 0; round < 10; round++) {
        await Promise.all(Array.from({ length: 50 }, async () => {
          const bytes = badShape(random);
          const { ended, socket } = speak(port, bytes);
          const said = await ended;
          socket.destroy();
          assert.match(said, /^(HTTP\/1\.1 4\d\d |$)/, `${bytes.slice(0, 300)}\n${said.slice(0, 300)}`);
        }));
        assert.equal(await ask(port), 200);
        sound++;
      }
      assert.equal(runtime.offered.length, sound);
    });
  });
});

/** Lies about lengths, chunks that are none, too many or too large headers, compression, paths in disguise. */
function badShape(random: Seeded): string {
  const path = "/v1/tally/decide";
  const first = `POST ${path} HTTP/1.1`;
  const close = "Connection: close";
  const request = (lines: string[], body = "") => [first, "Host: x", close, ...lines, "", body].join("\r\n");
  const some = random.int(1, 4000);
  const shapes: (() => string)[] = [
    () => request([JSON_TYPE, `Content-Length: ${random.int(4097, 2 ** 40) + 2 ** 27}`]),
    () => request([JSON_TYPE, `Content-Length: ${some + 1}`, `Content-Length: ${some}`], " ".repeat(some)),
    () =>
      request(
        [JSON_TYPE, `Content-Length: ${random.pick(["-1", "1e3", "0x10", "1,1", "", "1 1", "９"])}`],
        "{}",
      ),
    () => request([JSON_TYPE, `Content-Length: ${some}`, "Transfer-Encoding: chunked"], "0\r\n\r\n"),
    () =>
      request(
        [JSON_TYPE, `Transfer-Encoding: ${random.pick(["chunked, chunked", "gzip", "xchunked"])}`],
        "0\r\n\r\n",
      ),
    () =>
      request(
        [JSON_TYPE, "Transfer-Encoding: chunked"],
        `${random.pick(["zz", "-1", "fffffffffffffffff"])}\r\n\r\n`,
      ),
    () =>
      request([
        JSON_TYPE,
        `Content-Encoding: ${random.pick(["gzip", "br", "deflate", "zstd"])}`,
        "Content-Length: 2",
      ], "{}"),
    () => request([`X-A: ${"a".repeat(random.int(17_000, 60_000))}`]),
    () => request(Array.from({ length: random.int(2_500, 10_000) }, (_, i) => `X-${i}: b`)),
    () => request([JSON_TYPE, `X-A: ${random.pick(["\u0000", "\u0001"])}b`, "Content-Length: 2"], "{}"),
    () => request([`${random.pick(["X A", "X\tA", "", "X(A)"])}: b`, JSON_TYPE, "Content-Length: 2"], "{}"),
    () => `POST ${"/a".repeat(random.int(10_000, 20_000))} HTTP/1.1\r\nHost: x\r\n${close}\r\n\r\n`,
    () =>
      `POST ${
        random.pick(["/v1/%74ally%2fdecide", "/v1/tally/decide%00", "//v1/tally/decide", "/v1/../v1"])
      } HTTP/1.1\r\nHost: x\r\n${close}\r\nContent-Length: 2\r\n\r\n{}`,
    () => `${random.pick(["GARBAGE", "post", "POST\t/ HTTP/1.1", "\u0016\u0003\u0001"])}\r\n\r\n`,
    () => `POST ${path} HTTP/${random.pick(["9.9", "1", "x"])}\r\nHost: x\r\n${close}\r\n\r\n`,
  ];
  return random.pick(shapes)();
}

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
