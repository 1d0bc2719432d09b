import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import process from "node:process";
import { tally } from "../../actors/tally/tally.ts";
import { fakeRuntime } from "../../tests/support/fake_runtime.ts";
import { systemClock } from "../adapters/clock.ts";
import { systemRandom } from "../adapters/random.ts";
import { httpApp } from "./http.ts";
import { rateLimiter } from "./rate_limit.ts";
import { seedOf } from "../../tests/support/seed.ts";

/** A clock that stands until it is moved. */
function standing() {
  let now = 5_000_000;
  return {
    clock: { ...systemClock(), monotonic: () => now },
    pass: (micros: number) => void (now += micros),
  };
}

describe("a client's rate", () => {
  it("is a bucket: a burst at once, then as many as come back, each client for itself", () => {
    const { clock, pass } = standing();
    const take = rateLimiter({ perSecond: 10, burst: 3 }, clock);
    const ofA = Array.from({ length: 5 }, () => take("a").retryAfterMs);
    assert.deepEqual(ofA, [0, 0, 0, 100, 100]);
    assert.equal(take("b").retryAfterMs, 0);
    pass(99_000);
    assert.equal(take("a").retryAfterMs, 1);
    pass(1_000);
    assert.equal(take("a").retryAfterMs, 0);
    assert.equal(take("a").retryAfterMs, 100);
    pass(10_000_000);
    assert.deepEqual(take("a").headers, {
      "ratelimit-policy": '"client";q=3;w=1',
      ratelimit: '"client";r=2;t=1',
    });
  });

  it("lets through no more than rate and burst allow, over any stretch of time", () => {
    const seed = seedOf(process.env, 1);
    console.log(`seed ${seed} (MILLRACE_SEED)`);
    let state = seed;
    const random = () => (state = Math.imul(state ^ 0x9e3779b9, 0x85ebca6b) >>> 0) / 2 ** 32;
    for (let round = 0; round < 20; round++) {
      const perSecond = 1 + Math.floor(random() * 1000), burst = 1 + Math.floor(random() * 50);
      const { clock, pass } = standing();
      const take = rateLimiter({ perSecond, burst }, clock);
      const passed: number[] = [];
      let now = 0;
      for (let i = 0; i < 2000; i++) {
        const micros = Math.floor(random() * 3e6 / perSecond);
        pass(micros);
        now += micros;
        if (take("a").retryAfterMs === 0) passed.push(now);
      }
      for (let i = 0; i < passed.length; i += 7) {
        for (let j = i; j < passed.length; j += 13) {
          const most = burst + (passed[j] - passed[i]) * perSecond / 1e6 + 1e-6;
          assert.ok(j - i + 1 <= most, `${j - i + 1} of ${most} in ${passed[j] - passed[i]} µs`);
        }
      }
    }
  });

  it("is told in each answer, and beyond it 429 comes before the body is read", async () => {
    const { clock } = standing();
    const options = { clock, random: systemRandom(), log: { info() {}, warn() {}, error() {} } };
    const runtime = fakeRuntime({ pipelines: [tally] });
    const app = httpApp(runtime, { ...options, rate: { perSecond: 1, burst: 2, header: "x-client" } });
    const ask = (client: string, body: BodyInit) =>
      app.request("/v1/tally/decide", {
        method: "POST",
        body,
        headers: { "content-type": "application/json", "x-client": client },
        ...({ duplex: "half" } as RequestInit),
      });
    const first = await ask("a", '{"key":"a","amount":1}');
    assert.equal(first.status, 200);
    assert.equal(first.headers.get("ratelimit"), '"client";r=1;t=1');
    const bad = await ask("a", "nonsense");
    assert.equal(bad.status, 400);
    assert.equal(bad.headers.get("ratelimit"), '"client";r=0;t=2');
    let read = false;
    const body = new ReadableStream({ pull: () => void (read = true) }, { highWaterMark: 0 });
    const refused = await ask("a", body);
    assert.equal(refused.status, 429);
    assert.equal((await refused.json()).type, "urn:millrace:problem:rate-limited");
    assert.equal(refused.headers.get("retry-after"), "1");
    assert.equal(refused.headers.get("ratelimit-policy"), '"client";q=2;w=2');
    assert.equal(read, false, "the body was read");
    assert.equal(runtime.offered.length, 1);
    assert.equal((await ask("b", '{"key":"a","amount":1}')).status, 200);
    assert.equal((await app.request("/healthz", { headers: { "x-client": "a" } })).status, 200);
  });

  it("is the peer's where no header names the client", async () => {
    const { clock } = standing();
    const options = { clock, random: systemRandom(), log: { info() {}, warn() {}, error() {} } };
    const app = httpApp(fakeRuntime({ pipelines: [tally] }), {
      ...options,
      rate: { perSecond: 1, burst: 1 },
    });
    const ask = (remoteAddress: string) =>
      app.request("/metrics", { headers: { "x-client": String(Math.random()) } }, {
        incoming: { socket: { remoteAddress } },
      });
    assert.equal((await ask("10.0.0.1")).status, 200);
    assert.equal((await ask("10.0.0.1")).status, 429);
    assert.equal((await ask("10.0.0.2")).status, 200);
  });
});
