import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import process from "node:process";
import { create, fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Hono } from "hono";
import { tally } from "../../actors/tally/tally.ts";
import { systemClock } from "../adapters/clock.ts";
import { systemRandom } from "../adapters/random.ts";
import { readKernel } from "../../deploy/kernels.ts";
import { decided, fakeRuntime, type Script } from "../../tests/support/fake_runtime.ts";
import { memoryWorld, tallyEvent } from "../../tests/support/world.ts";
import { DecideReplySchema, Outcome as OutcomeCode } from "../proto/gen/reply_pb.ts";
import { type Runtime, start } from "../mod.ts";
import { httpApp, type HttpOptions } from "./http.ts";
import { seedOf } from "../../tests/support/seed.ts";

const quiet = { info() {}, warn() {}, error: (...line: unknown[]) => console.error(...line) };
const world = { clock: systemClock(), random: systemRandom(), log: quiet };
const other = { ...tally, name: "other" };
const topology = { pipelines: [tally, other], decisions: { both: ["tally", "other"] } };

const JSON_TYPE = { "content-type": "application/json" };
const PROTOBUF_TYPE = { "content-type": "application/x-protobuf" };

function post(app: Hono, path: string, body: BodyInit, headers: Record<string, string> = JSON_TYPE) {
  return app.request(path, { method: "POST", body, headers });
}

/** The problem of a response, after the checks that hold for each of them. */
async function problem(response: Response | Promise<Response>, status: number, code: string) {
  const answer = await response;
  const text = await answer.text();
  assert.equal(answer.status, status, text);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  const body = JSON.parse(text);
  assert.equal(body.type, `urn:millrace:problem:${code}`);
  assert.equal(body.status, status);
  assert.ok(body.title && body.detail && body.instance);
  return { ...body, headers: answer.headers };
}

const records = async (response: Response) =>
  (await response.text()).trimEnd().split("\n").map((line) => JSON.parse(line));

describe("the HTTP edge over a running tally", () => {
  const abort = new AbortController();
  let runtime: Runtime;
  let app: Hono;

  before(async () => {
    runtime = await start(topology, memoryWorld(), abort.signal, { kernels: readKernel });
    await runtime.ready;
    app = httpApp(runtime, { ...world, eventBytesMax: 2048, batchEventsMax: 5000 });
  });
  after(() => runtime.stop());

  it("answers an event in JSON with verdict, named figures, position and kernel", async () => {
    const response = await post(app, "/v1/tally/decide", JSON.stringify({ key: "a", amount: 5 }));
    assert.equal(response.status, 200);
    const body = await response.json();
    assert.deepEqual(Object.keys(body).sort(), [
      "duplicate",
      "durable",
      "figures",
      "kernel",
      "position",
      "reasons",
      "status",
      "verdict",
    ]);
    assert.deepEqual(body.figures, { COUNT: 1, SUM: 5 });
    assert.equal(body.durable, true);
    assert.equal(body.duplicate, false);
    assert.match(body.kernel, /^[0-9a-f]{64}$/);
    assert.equal(body.position.partition, 0);
    assert.ok(body.position.frame >= 1);
  });

  it("answers a binary event with a binary reply", async () => {
    const response = await post(
      app,
      "/v1/tally/decide",
      tallyEvent("b", 7) as Uint8Array<ArrayBuffer>,
      PROTOBUF_TYPE,
    );
    assert.equal(response.headers.get("content-type"), "application/x-protobuf");
    const reply = fromBinary(DecideReplySchema, new Uint8Array(await response.arrayBuffer()));
    assert.equal(reply.outcome, OutcomeCode.DECIDED);
    assert.deepEqual(reply.decision!.figures.map(({ value }) => value), [1n, 7n]);
    assert.equal(reply.kernel.length, 32);
    assert.equal(reply.durable, true);
  });

  it("keeps int64 exact: strings of any size, numbers where they are exact, unsafe numbers refused", async () => {
    const big = await post(app, "/v1/tally/decide", '{"key":"int64","amount":"9007199254740993"}');
    assert.equal((await big.json()).figures.SUM, "9007199254740993");
    const inexact = post(app, "/v1/tally/decide", '{"key":"int64","amount":9007199254740993}');
    assert.match((await problem(inexact, 400, "inexact-number")).detail, /"amount".*Write it as a string/);
    const beyond = post(app, "/v1/tally/decide", '{"key":"int64","amount":"9223372036854775808"}');
    await problem(beyond, 400, "wrong-schema");
  });

  it("gives a repeated Idempotency-Key the first answer, and refuses it for another event", async () => {
    const send = (amount: number) =>
      post(app, "/v1/tally/decide", JSON.stringify({ key: "idem", amount }), {
        ...JSON_TYPE,
        "idempotency-key": '"abc-1"',
      });
    const first = await (await send(3)).json();
    const second = await (await send(3)).json();
    assert.equal(second.duplicate, true);
    assert.deepEqual({ ...second, duplicate: false }, first);
    await problem(send(4), 422, "id-reused");
  });

  it("answers for a decision group with each pipeline's own answer", async () => {
    const body = await (await post(app, "/v1/both/decide", JSON.stringify({ key: "g", amount: 1 }))).json();
    assert.deepEqual(body.answers.map((each: { pipeline: string }) => each.pipeline), ["tally", "other"]);
    assert.deepEqual(body.answers.map((each: { figures: { SUM: number } }) => each.figures.SUM), [1, 1]);
  });

  it("takes many events as NDJSON, bad ones among them, and answers each in order", async () => {
    const body =
      '{"key":"n","amount":1}\n\nnot json\r\n{"key":"n","amount":"x"}\n{"amount":4}\n{"key":"n","amount":5}';
    const answer = await post(app, "/v1/tally/events", body, { "content-type": "application/x-ndjson" });
    assert.equal(answer.status, 200);
    const items = await records(answer);
    assert.deepEqual(items.map(({ index, status }) => [index, status]), [
      [0, "decided"],
      [1, "invalid"],
      [2, "invalid"],
      [3, "refused"],
      [4, "decided"],
    ]);
    assert.deepEqual(items[4].figures, { COUNT: 2, SUM: 6 });
    assert.equal(items[3].problem.type, "urn:millrace:problem:no-key");
  });

  it("takes many events as a JSON array and as length-delimited messages", async () => {
    const list = Array.from({ length: 3000 }, (_, i) => ({ key: `list-${i % 7}`, amount: i }));
    const items = await records(await post(app, "/v1/tally/events", JSON.stringify(list)));
    assert.equal(items.length, 3000);
    assert.ok(items.every(({ index, status }, i) => index === i && status === "decided"));

    const writer = new BinaryWriter();
    for (let i = 0; i < 300; i++) writer.bytes(tallyEvent("delimited", i));
    const answer = await post(
      app,
      "/v1/tally/events",
      writer.finish() as Uint8Array<ArrayBuffer>,
      PROTOBUF_TYPE,
    );
    const reader = new BinaryReader(new Uint8Array(await answer.arrayBuffer()));
    let last = create(DecideReplySchema);
    let count = 0;
    for (; reader.pos < reader.len; count++) last = fromBinary(DecideReplySchema, reader.bytes());
    assert.equal(count, 300);
    assert.deepEqual(last.decision!.figures.map(({ value }) => value), [300n, 44850n]);
  });

  it("makes a batch that is sent twice harmless when it has an Idempotency-Key", async () => {
    const headers = { "content-type": "application/x-ndjson", "idempotency-key": "batch-7" };
    const body = '{"key":"twice","amount":1}\n{"key":"twice","amount":2}\n';
    await records(await post(app, "/v1/tally/events", body, headers));
    const again = await records(await post(app, "/v1/tally/events", body, headers));
    assert.deepEqual(again.map(({ duplicate }) => duplicate), [true, true]);
    assert.deepEqual(again.map(({ figures }) => figures.SUM), [1, 3]);
  });

  it("ends a batch that breaks off with the problem, after the answers of what came before", async () => {
    const writer = new BinaryWriter().bytes(tallyEvent("cut", 1)).bytes(tallyEvent("cut", 2));
    const whole = writer.finish();
    const answer = await post(app, "/v1/tally/events", whole.slice(0, -2), {
      ...PROTOBUF_TYPE,
      accept: "application/x-ndjson",
    });
    const items = await records(answer);
    assert.deepEqual(items.map(({ status }) => status), ["decided", "invalid"]);
    assert.equal(items[1].problem.type, "urn:millrace:problem:bad-delimiter");
    const many = await records(
      await post(app, "/v1/tally/events", '{"key":"m","amount":1}\n'.repeat(5001), {
        "content-type": "application/x-ndjson",
      }),
    );
    assert.equal(many.length, 5001);
    assert.equal(many[5000].problem.type, "urn:millrace:problem:too-many-events");
  });

  it("tells the state of a key from the actor", async () => {
    await post(app, "/v1/tally/decide", JSON.stringify({ key: "sta/te é", amount: 9 }));
    const response = await app.request(`/v1/tally/state/${encodeURIComponent("sta/te é")}`);
    assert.deepEqual(await response.json(), { key: "sta/te é", count: 1, sum: 9 });
    await problem(app.request("/v1/tally/state/nobody"), 404, "unknown-key");
    await problem(app.request("/v1/tally/state/%FF"), 400, "bad-key");
    await problem(app.request("/v1/both/state/a"), 404, "is-a-group");
  });

  it("keeps what the kernel rejects as dead letters, paged, and sends one again on request", async () => {
    const malformed = new Uint8Array([...tallyEvent("dead", 1), 0x10, 0x01, 0x22, 0x02, 0xc3, 0x28]); // bad UTF-8 note
    const rejected = await problem(
      post(app, "/v1/tally/decide", malformed, { ...PROTOBUF_TYPE, accept: "application/json" }),
      422,
      "rejected",
    );
    assert.match(rejected.detail, new RegExp(`${rejected.reason}, a text in it is not UTF-8`));
    await problem(
      post(app, "/v1/tally/decide", malformed, { ...PROTOBUF_TYPE, accept: "*/json, application/json" }),
      422,
      "rejected",
    );
    const page = await (await app.request("/v1/tally/dead-letters?limit=1")).json();
    assert.equal(page.deadLetters.length, 1);
    assert.equal(page.deadLetters[0].reason, rejected.reason);
    const next = await (await app.request(page.next)).json();
    assert.equal(next.deadLetters.length, 1);
    const { text } = page.deadLetters[0].position;
    await problem(app.request(`/v1/tally/dead-letters/${text}/redrive`, { method: "POST" }), 422, "rejected");
    await problem(
      app.request("/v1/tally/dead-letters/0.9999.0/redrive", { method: "POST" }),
      404,
      "no-dead-letter",
    );
    await problem(app.request("/v1/tally/dead-letters/x/redrive", { method: "POST" }), 400, "bad-position");
    await problem(app.request("/v1/tally/dead-letters?limit=0"), 400, "bad-limit");
    await problem(app.request("/v1/tally/dead-letters?after=1"), 400, "bad-position");
  });

  it("tells health, readiness and metrics", async () => {
    assert.equal((await app.request("/healthz")).status, 200);
    const ready = await app.request("/readyz");
    assert.equal(ready.status, 200);
    assert.equal((await ready.json()).partitions.length, 2);
    const text = await (await app.request("/metrics")).text();
    assert.match(text, /millrace_events_total\{pipeline="tally",partition="0"\} \d{4}/);
    assert.match(text, /millrace_answers_total\{pipeline="tally",answer="rejected"\} \d/);
    assert.match(text, /millrace_answer_seconds_bucket\{le="0.1",pipeline="tally"\} \d/);
    const frames = /millrace_frames_total\{pipeline="tally",partition="0"\} (\d+)/.exec(text)![1];
    assert.match(
      text,
      new RegExp(
        `millrace_append_seconds_bucket\\{le="\\+Inf",pipeline="tally",partition="0"\\} ${frames}\n`,
      ),
    );
  });

  it("tells how its sources are doing", async () => {
    const sources = [{ stream: "IN", pipeline: "tally", applied: 7, error: "it is gone" }];
    const ready = await httpApp(runtime, { ...world, sources }).request("/readyz");
    assert.deepEqual((await ready.json()).sources, sources);
  });

  it("says what is wrong with a request, and goes on", async () => {
    const decide = (body: BodyInit, headers = JSON_TYPE as Record<string, string>) =>
      post(app, "/v1/tally/decide", body, headers);
    await problem(post(app, "/v1/nope/decide", "{}"), 404, "unknown-pipeline");
    await problem(app.request("/v2"), 404, "not-found");
    const method = await problem(app.request("/v1/tally/decide"), 405, "method-not-allowed");
    assert.equal(method.headers.get("allow"), "POST");
    await problem(decide("{}", { "content-type": "text/plain" }), 415, "unsupported-type");
    await problem(decide("{}", {}), 415, "unsupported-type");
    await problem(decide("{}", { ...JSON_TYPE, "content-encoding": "gzip" }), 415, "unsupported-type");
    await problem(decide("{}", { ...JSON_TYPE, accept: "text/html" }), 406, "not-acceptable");
    await problem(decide("{"), 400, "invalid-json");
    await problem(decide(""), 400, "invalid-json");
    await problem(decide("[1]"), 400, "wrong-schema");
    await problem(decide('{"key":7}'), 400, "wrong-schema");
    assert.match((await problem(decide('{"key":"a","amont":1}'), 400, "wrong-schema")).detail, /"amont"/);
    await problem(decide('{"key":"a","amount":1.5}'), 400, "inexact-number");
    await problem(decide(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), 400, "invalid-utf8");
    await problem(decide('{"key":""}'), 422, "no-key");
    assert.match((await problem(decide("{}"), 422, "no-key")).detail, /its key is key: not empty/);
    await problem(
      decide(tallyEvent("k", 1).slice(0, 2) as Uint8Array<ArrayBuffer>, {
        ...PROTOBUF_TYPE,
        accept: "application/json",
      }),
      422,
      "no-key",
    );
    await problem(decide(`{"key":"${"k".repeat(2000)}"}`), 422, "no-key");
    await problem(decide(`{"key":"a","note":"${"n".repeat(3000)}"}`), 413, "body-too-large");
    await problem(decide('{"key":"a"}', { ...JSON_TYPE, "idempotency-key": "" }), 400, "bad-idempotency-key");
    await problem(
      decide('{"key":"a"}', { ...JSON_TYPE, "idempotency-key": "i".repeat(257) }),
      400,
      "bad-idempotency-key",
    );
    assert.equal((await decide('{"key":"still here","amount":1}')).status, 200);
  });

  it("counts the bytes of a body whose length is not said", async () => {
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1000)) });
    const response = app.request("/v1/tally/decide", {
      method: "POST",
      body: endless,
      headers: PROTOBUF_TYPE,
      duplex: "half",
    } as RequestInit);
    await problem(response, 413, "body-too-large");
  });

  it("keeps the sender's request id and trace context", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const ask = (headers: Record<string, string>) => app.request("/healthz", { headers });
    const kept = await ask({ "x-request-id": "mine-1", traceparent });
    assert.equal(kept.headers.get("x-request-id"), "mine-1");
    assert.equal(kept.headers.get("traceparent"), traceparent);
    const replaced = await ask({ "x-request-id": "no good", traceparent: "00-0-0-00" });
    assert.notEqual(replaced.headers.get("x-request-id"), "no good");
    assert.equal(replaced.headers.get("traceparent"), null);
    assert.equal(replaced.headers.get("x-content-type-options"), "nosniff");
  });

  it("answers a few thousand random bodies without an error of its own, and still decides", async () => {
    const seed = seedOf(process.env, 1);
    console.log(`seed ${seed} (MILLRACE_SEED)`);
    let state = seed;
    const next = (below: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
    const samples = [
      tallyEvent("key", 123456789n, "note"),
      new TextEncoder().encode('{"key":"a","amount":"5","at":1700000000000000,"note":"x"}'),
      new TextEncoder().encode('[{"key":"a"},{"key":"b","amount":-1}]\n{"key":null}\n'),
      new TextEncoder().encode("[".repeat(1500)),
    ];
    const types = ["application/json", "application/x-ndjson", "application/x-protobuf"];
    for (let round = 0; round < 4000; round++) {
      const body = samples[next(samples.length)].slice() as Uint8Array<ArrayBuffer>;
      for (let n = next(6); n > 0; n--) body[next(body.length)] = next(256);
      const path = `/v1/${["tally", "both"][next(2)]}/${["decide", "events"][next(2)]}`;
      const response = await post(app, path, body.slice(0, 1 + next(body.length)), {
        "content-type": types[next(3)],
      });
      await response.arrayBuffer();
      assert.ok(response.status < 500, `seed ${seed}, round ${round}: ${response.status} ${path}`);
    }
    const fine = await post(app, "/v1/tally/decide", JSON.stringify({ key: "after the storm", amount: 5 }));
    assert.deepEqual((await fine.json()).figures, { COUNT: 1, SUM: 5 });
  });
});

describe("the HTTP edge over a runtime in trouble", () => {
  const appOf = (script: Script, options: Partial<HttpOptions> = {}) =>
    httpApp(fakeRuntime(topology, script), { ...world, ...options });
  const body = JSON.stringify({ key: "a", amount: 1 });

  it("answers 429 with Retry-After before it reads the body when the mailbox is full", async () => {
    const app = appOf({ admits: () => ({ open: false, retryAfterMs: 1500 }) });
    let read = false;
    const stream = new ReadableStream({ pull: () => void (read = true) }, { highWaterMark: 0 });
    const response = app.request("/v1/tally/decide", {
      method: "POST",
      body: stream,
      headers: JSON_TYPE,
      duplex: "half",
    } as RequestInit);
    const { headers } = await problem(response, 429, "mailbox-full");
    assert.equal(headers.get("retry-after"), "2");
    assert.equal(read, false);
    await problem(post(app, "/v1/both/events", "[]"), 429, "mailbox-full");
  });

  it("answers 503 while it recovers, and /readyz tells how far it is", async () => {
    const app = appOf({ state: "starting", admits: () => ({ open: false, retryAfterMs: 1000 }) });
    const { headers } = await problem(post(app, "/v1/tally/decide", body), 503, "unavailable");
    assert.equal(headers.get("retry-after"), "1");
    const ready = await app.request("/readyz");
    assert.equal(ready.status, 503);
    assert.equal((await ready.json()).partitions[0].recovery.share, 0.25);
    assert.equal((await app.request("/healthz")).status, 200);
  });

  it("answers 503 and asks for the same id again when the outcome is not known", async () => {
    const app = appOf({ outcome: () => ({ kind: "unknown", cause: new Error("ledger away") }) });
    const { detail } = await problem(post(app, "/v1/tally/decide", body), 503, "outcome-unknown");
    assert.match(detail, /same Idempotency-Key/);
  });

  it("lets the strictest verdict of a group stand, and a rejection before any verdict", async () => {
    const strict = appOf({ outcome: (pipeline) => decided(pipeline === "other" ? 3 : 1) });
    const answer = await (await post(strict, "/v1/both/decide", body)).json();
    assert.equal(answer.verdict, "DECLINE");
    assert.equal(answer.pipeline, "other");
    const position = { partition: 0, frame: 3, event: 1 };
    const rejecting = appOf({
      outcome: (pipeline) =>
        pipeline === "tally" ? { kind: "rejected", position, reason: 6, duplicate: false } : decided(3),
    });
    const { reason, position: at } = await problem(post(rejecting, "/v1/both/decide", body), 422, "rejected");
    assert.equal(reason, "TOO_NEW");
    assert.deepEqual(at, position);
  });

  it("keeps a batch waiting while the mailbox is full, and loses nothing", async () => {
    let refusals = 0;
    const app = appOf({
      outcome: (_pipeline, _payload, count) => count === 2 && refusals++ < 3 ? "full" : decided(1),
    });
    const items = await records(await post(app, "/v1/tally/events", `[${body},${body},${body},${body}]`));
    assert.deepEqual(items.map(({ status }) => status), ["decided", "decided", "decided", "decided"]);
    assert.equal(refusals, 4);
  });

  it("asks for a token where it was given one, of everything but health and readiness", async () => {
    const app = appOf({}, { token: "s3cret" });
    const bearer = (authorization: string) =>
      post(app, "/v1/tally/decide", body, { ...JSON_TYPE, authorization });
    for (
      const wrong of [
        "",
        "s3cret",
        "Basic s3cret",
        "Bearer",
        "Bearer s3cre",
        "Bearer s3cret2",
        "Bearer s3cret x",
      ]
    ) {
      const { headers } = await problem(bearer(wrong), 401, "unauthorized");
      assert.match(headers.get("www-authenticate")!, /^Bearer/);
    }
    await problem(app.request("/metrics"), 401, "unauthorized");
    assert.equal((await bearer("Bearer s3cret")).status, 200);
    assert.equal((await bearer("bearer s3cret")).status, 200);
    assert.equal((await app.request("/healthz")).status, 200);
    assert.equal((await app.request("/readyz")).status, 200);
  });

  it("refuses at start a group whose pipelines take different messages", () => {
    const odd = { ...tally, name: "odd", input: DecideReplySchema, key: ["pipeline"] };
    const runtime = fakeRuntime({ pipelines: [tally, odd], decisions: { mixed: ["tally", "odd"] } });
    assert.throws(() => httpApp(runtime, world), /Cannot serve decision group "mixed".*same input message/);
  });
});
