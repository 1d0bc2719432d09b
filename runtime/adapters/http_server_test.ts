import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { type Seeded, seeded } from "../../actors/random.ts";
import { seedOf } from "../../tests/support/seed.ts";
import { tally } from "../../actors/tally/tally.ts";
import { fakeRuntime } from "../../tests/support/fake_runtime.ts";
import { memoryWorld, running } from "../../tests/support/world.ts";
import { httpApp } from "../ingress/http.ts";
import type { Direct } from "../ingress/http_decide.ts";
import { systemClock } from "./clock.ts";
import { type HttpLimits, serveHttp } from "./http_server.ts";
import { systemRandom } from "./random.ts";

const clock = systemClock();
const options = { clock, random: systemRandom(), log: { info() {}, warn() {}, error() {} } };
const topology = { pipelines: [tally] };
const seed = seedOf(process.env, 1);
const appOf = () => httpApp(fakeRuntime(topology), { ...options, eventBytesMax: 4096 });

/** Production's, but for the wait at the end: on a machine that is busy with other things a sound client is late. */
const USUAL: Partial<HttpLimits> = { drainMs: 500 };
/** Limits that a test can wait for. */
const QUICK: Partial<HttpLimits> = {
  headersMs: 1_000,
  requestMs: 2_000,
  keepAliveMs: 1_500,
  idleMs: 3_000,
  drainMs: 500,
};

type Fetch = (request: Request) => Response | Promise<Response>;

async function serving(
  app: { readonly fetch: Fetch; readonly direct?: Direct },
  use: (port: number, stop: () => void) => Promise<void>,
  limits = USUAL,
) {
  const abort = new AbortController();
  const { fetch, direct } = app;
  const options = { host: "127.0.0.1", port: 0, limits, direct, signal: abort.signal };
  const server = await serveHttp((request) => fetch(request), options);
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
    ["drips headers after an answer", whole + "POST /v1/tally/decide HTTP/1.1\r\n", () => "X-A: b\r\n"],
    ["drips the body after an answer", whole + head([JSON_TYPE, "Content-Length: 1000"]) + "{", () => " "],
  ];
  for (const [what, first, drip] of kinds) {
    it(`one that ${what} is cut`, async () => {
      await serving(appOf(), async (port) => {
        const said = await speak(port, first, drip).ended;
        if (first.startsWith(whole)) assert.match(said, /^HTTP\/1\.1 200 /);
        else assert.doesNotMatch(said, /^HTTP\/1\.1 200 /);
      }, QUICK);
    });
  }

  it("are not those that ask again and again on one connection, or wait for a slow answer", async () => {
    const fetch = async (request: Request) => {
      await request.text();
      if (request.url.endsWith("/slow")) await clock.sleep(2_000);
      return new Response("ok");
    };
    await serving({ fetch }, async (port) => {
      const socket = connect(port, "127.0.0.1");
      let said = "";
      socket.on("data", (part: Buffer) => said += part);
      const answers = () => said.split("HTTP/1.1 200 ").length - 1;
      for (let asked = 1; asked <= 12; asked++) {
        socket.write(`GET /${asked === 6 ? "slow" : ""} HTTP/1.1\r\nHost: x\r\n\r\n`);
        for (let waits = 0; answers() < asked; waits++) {
          assert.ok(waits < 6_000 && !socket.closed, `answer ${asked} never came`);
          await clock.sleep(10);
        }
        await clock.sleep(150);
      }
      socket.destroy();
    }, { ...QUICK, idleMs: 30_000 });
  });

  it("1,000 at once are all cut, while others are answered and no event of theirs is lost", async () => {
    await running(topology, memoryWorld(), async (runtime) => {
      await serving(httpApp(runtime, options), async (port) => {
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
      }, { ...USUAL, idleMs: 10_000 });
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
      await serving(appOf(), async (port) => {
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
    await serving(app, async (port) => {
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

describe("the direct way", () => {
  const decide = (lines: string[], body: string, path = "/v1/tally/decide", host = "x") =>
    [`POST ${path} HTTP/1.1`, `Host: ${host}`, "Connection: close", "X-Request-Id: same", ...lines, body]
      .join("\r\n");
  const sized = (body: string) => `Content-Length: ${Buffer.byteLength(body)}`;
  const event = (lines: string[], body = EVENT) => decide([JSON_TYPE, ...lines, sized(body), ""], body);
  const cases: [what: string, bytes: string, isDirect: boolean][] = [
    ["a sound event", event([]), true],
    ["one that names itself", event(["Idempotency-Key: a", "X-Request-Id-Not: b"]), true],
    ["one that is asked about in protobuf", event(["Accept: application/x-protobuf"]), true],
    ["one with a trace", event([`traceparent: 00-${"a".repeat(32)}-${"b".repeat(16)}-01`]), true],
    ["no JSON", event([], "{"), true],
    ["a field that is not known", event([], '{"key":"a","amounts":1}'), true],
    ["text that is not ASCII", event([], '{"key":"ä","amount":1}'), true],
    ["an event without a key", event([], '{"amount":1}'), true],
    ["an empty body", event([], ""), true],
    [
      "protobuf that is none",
      decide(["Content-Type: application/x-protobuf", "Content-Length: 2", ""], "\n\x7f"),
      true,
    ],
    ["a key that cannot be", event(["Idempotency-Key: "]), false],
    [
      "a body in pieces",
      decide(
        [JSON_TYPE, "Transfer-Encoding: chunked", ""],
        `${EVENT.length.toString(16)}\r\n${EVENT}\r\n0\r\n\r\n`,
      ),
      false,
    ],
    ["two types", event(["Content-Type: application/x-protobuf"]), false],
    ["no type", decide([sized(EVENT), ""], EVENT), false],
    ["a type that is not taken", decide(["Content-Type: text/plain", sized(EVENT), ""], EVENT), false],
    ["no length", decide([JSON_TYPE, ""], ""), false],
    ["too long a body", event([], `{"key":"${"a".repeat(5000)}"}`), false],
    ["a pipeline that is not there", decide([JSON_TYPE, sized(EVENT), ""], EVENT, "/v1/none/decide"), false],
    ["a name in disguise", decide([JSON_TYPE, sized(EVENT), ""], EVENT, "/v1/%74ally/decide"), false],
    [
      "a question behind the path",
      decide([JSON_TYPE, sized(EVENT), ""], EVENT, "/v1/tally/decide?a=b"),
      false,
    ],
    ["a host that is none", decide([JSON_TYPE, sized(EVENT), ""], EVENT, undefined, "a b"), false],
  ];
  /** What was said, its headers in no order, without what differs from one time to the next. */
  const said = (answer: string) => {
    const [head, body] = answer.split(/\r\n\r\n([\s\S]*)/);
    return [
      head.split("\r\n").filter((line) => !/^date:/i.test(line)).map((line) => line.toLowerCase()).sort(),
      body,
    ];
  };
  for (const [what, bytes, isDirect] of cases) {
    it(`answers ${what} as the app does${isDirect ? "" : ", by leaving it to the app"}`, async () => {
      const answers: string[] = [];
      let taken = false;
      const app = appOf();
      const direct: Direct = (target, request) => {
        const answer = app.direct(target, request);
        taken ||= answer !== undefined;
        return answer;
      };
      for (const way of [{ fetch: app.fetch, direct }, { fetch: appOf().fetch }]) {
        await serving(way, async (port) => void answers.push(await speak(port, bytes).ended));
      }
      assert.match(answers[0], what.startsWith("a sound") ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 \d\d\d /);
      assert.deepEqual(said(answers[0]), said(answers[1]));
      assert.equal(taken, isDirect);
    });
  }

  it("is for those who have the token", async () => {
    const runtime = fakeRuntime(topology);
    const app = httpApp(runtime, { ...options, token: "secret" });
    await serving(app, async (port) => {
      for (
        const line of ["Authorization: Bearer wrong", "X-A: b", "Authorization: Bearer secret, Bearer secret"]
      ) {
        assert.match(await speak(port, event([line])).ended, /^HTTP\/1\.1 401 /);
      }
      const twice = event(["Authorization: Bearer secret", "Authorization: Bearer secret"]);
      assert.match(await speak(port, twice).ended, /^HTTP\/1\.1 401 /);
      assert.equal(runtime.offered.length, 0);
      assert.match(await speak(port, event(["Authorization: Bearer secret"])).ended, /^HTTP\/1\.1 200 /);
    });
  });

  it("does not take what breaks off before its end for an event", async () => {
    const runtime = fakeRuntime(topology);
    await serving(httpApp(runtime, options), async (port) => {
      const { socket, ended } = speak(port, head([JSON_TYPE, `Content-Length: ${EVENT.length + 1}`]) + EVENT);
      await clock.sleep(50);
      socket.destroy();
      await ended;
      assert.equal(await ask(port), 200);
      assert.equal(runtime.offered.length, 1);
    });
  });
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
    await serving({ fetch: slow }, async (port, stop) => {
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
    await serving({ fetch: never }, async (port, stop) => {
      const { ended } = speak(port, last);
      await busy;
      stop();
      assert.equal(await ended, "");
    });
  });

  it("says which port is taken, and what to do", async () => {
    await serving(appOf(), async (port) => {
      await assert.rejects(
        serveHttp(appOf().fetch, { host: "127.0.0.1", port, signal: new AbortController().signal }),
        /Cannot serve HTTP on 127\.0\.0\.1:\d+: .*choose another port/,
      );
    });
  });
});
