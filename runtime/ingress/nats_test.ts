import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { tally } from "../../actors/tally/tally.ts";
import { fakeRuntime } from "../../tests/support/fake_runtime.ts";
import { keyBytes, memoryWorld, running, tallyEvent } from "../../tests/support/world.ts";
import { systemClock } from "../adapters/clock.ts";
import { type MemoryNetwork, memoryNetwork } from "../adapters/memory/network.ts";
import { DecideReplySchema, Outcome as OutcomeCode } from "../proto/gen/reply_pb.ts";
import type { Runtime } from "../mod.ts";
import { serveNats } from "./nats.ts";
import { decideSubject, keyToken } from "./subject.ts";

const topology = { pipelines: [tally, { ...tally, name: "other" }], decisions: { both: ["tally", "other"] } };
const log = { info() {}, warn() {}, error() {} };

async function serving(runtime: Runtime, use: (network: MemoryNetwork) => Promise<void>): Promise<void> {
  const network = memoryNetwork({ clock: systemClock() });
  const served = await serveNats(runtime, network, { log });
  await use(network);
  await served.close();
  await assert.rejects(network.request("millrace.tally.decide.a", new Uint8Array(0)), /nobody serves/);
}

const subject = (pipeline: string, key: string) => decideSubject(pipeline, keyToken(keyBytes(key)));
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const JSON_TYPE = { "Content-Type": "application/json" };

describe("the NATS edge", () => {
  it("answers an encoded event with a DecideReply", async () => {
    await running(topology, memoryWorld(), (runtime) =>
      serving(runtime, async (network) => {
        const { payload, headers } = await network.request(subject("tally", "a"), tallyEvent("a", 5));
        const reply = fromBinary(DecideReplySchema, payload);
        assert.equal(reply.outcome, OutcomeCode.DECIDED);
        assert.equal(reply.decision!.figures[1].value, 5n);
        assert.equal(reply.position!.event, 0);
        assert.equal(headers["Nats-Service-Error"], undefined);
      }));
  });

  it("answers JSON with JSON, and a decision group with each one's answer", async () => {
    await running(topology, memoryWorld(), (runtime) =>
      serving(runtime, async (network) => {
        const { payload } = await network.request(
          subject("both", "a"),
          json({ key: "a", amount: 5 }),
          JSON_TYPE,
        );
        const body = JSON.parse(new TextDecoder().decode(payload));
        assert.deepEqual(body.answers.map((each: { pipeline: string }) => each.pipeline), ["tally", "other"]);
        const binary = await network.request(subject("both", "a"), tallyEvent("a", 1));
        const reply = fromBinary(DecideReplySchema, binary.payload);
        assert.deepEqual(reply.answers.map(({ pipeline }) => pipeline), ["tally", "other"]);
      }));
  });

  it("gives a repeated id the first answer", async () => {
    await running(topology, memoryWorld(), (runtime) =>
      serving(runtime, async (network) => {
        const ask = () =>
          network.request(subject("tally", "a"), tallyEvent("a", 5), { "Nats-Msg-Id": "m-1" });
        await ask();
        const reply = fromBinary(DecideReplySchema, (await ask()).payload);
        assert.equal(reply.duplicate, true);
        assert.equal(reply.decision!.figures[0].value, 1n);
        const other = await network.request(subject("tally", "a"), tallyEvent("a", 6), {
          "Nats-Msg-Id": "m-1",
        });
        assert.equal(other.headers["Nats-Service-Error-Code"], "422");
      }));
  });

  it("answers bad input with a problem, in the body and in the service error headers, and goes on", async () => {
    await running(topology, memoryWorld(), (runtime) =>
      serving(runtime, async (network) => {
        const noKey = await network.request(subject("tally", "a"), new Uint8Array([0xff, 0xff]));
        assert.equal(noKey.headers["Nats-Service-Error-Code"], "422");
        assert.equal(
          fromBinary(DecideReplySchema, noKey.payload).problem!.type,
          "urn:millrace:problem:no-key",
        );
        const wrong = await network.request(subject("tally", "a"), json({ kéy: "ü" }), JSON_TYPE);
        assert.equal(wrong.headers["Nats-Service-Error-Code"], "400");
        assert.match(wrong.headers["Nats-Service-Error"], /^[\x20-\x7e]+$/);
        assert.equal(wrong.headers["Content-Type"], "application/problem+json");
        const fine = await network.request(subject("tally", "a"), tallyEvent("a", 1));
        assert.equal(fromBinary(DecideReplySchema, fine.payload).outcome, OutcomeCode.DECIDED);
      }));
  });

  it("refuses while the mailbox is full, with when to come back", async () => {
    const runtime = fakeRuntime(topology, { admits: () => ({ open: false, retryAfterMs: 700 }) });
    await serving(runtime, async (network) => {
      const { payload, headers } = await network.request(subject("tally", "a"), tallyEvent("a", 1));
      assert.equal(headers["Nats-Service-Error-Code"], "429");
      assert.equal(fromBinary(DecideReplySchema, payload).problem!.retryAfterMs, 700);
    });
  });
});

describe("a key as a subject token", () => {
  it("stands for itself where it can, and never holds what a subject gives a meaning", () => {
    assert.equal(keyToken(keyBytes("acc-1_A9")), "acc-1_A9");
    assert.equal(keyToken(keyBytes("a.b *>\u0000%")), "a%2Eb%20%2A%3E%00%25");
    assert.equal(keyToken(new Uint8Array(0)), "%");
  });
});
