/** The sink contract on webhooks: a web server that checks signatures and remembers ids, as it is told to. */
import { describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import type { SinkDeadLetters } from "../../runtime/mod.ts";
import { openSink, openWebhook } from "./sink_places.ts";
import { batches, goOn, type Seen, sinkContract, type SinkPlace } from "./sinks.ts";

const SECRET = `whsec_${btoa("a secret of thirty-two bytes, yes")}`;

sinkContract("a webhook", {
  rows: "output",
  steps: ["send", "position", "stored"],
  atomic: false,
  make: () => place(),
});

interface Received {
  readonly id: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

interface HookPlace extends SinkPlace {
  readonly config: { kind: "webhook"; url: string; folder: string; secret: string };
  /** Every request, repeats included. */
  readonly received: Received[];
  /** What to answer; default 204. */
  answer: (request: Received) => number | "hang up";
  remember(): Map<string, string>;
}

async function place(): Promise<HookPlace> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-sink-"));
  const received: Received[] = [];
  const taken = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const got = await read(request);
    received.push(got);
    const answer = hook.answer(got);
    if (answer === "hang up") return void response.destroy();
    if (answer < 300) {
      // Throws, and so hangs up, when the signature is not right.
      for (const secret of config.secret.split(" ")) new Webhook(secret).verify(got.body, got.headers);
      assert.equal(got.headers["idempotency-key"], got.id);
      assert.equal(taken.get(got.id) ?? got.body, got.body, "a repeat is the same, byte for byte");
      taken.set(got.id, got.body);
    }
    response.writeHead(answer, { "retry-after": "0" }).end("thank you");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=secret`;
  const config = { kind: "webhook", url, folder, secret: SECRET } as const;
  const hook: HookPlace = {
    config,
    received,
    answer: () => 204,
    remember: () => taken,
    open: (step) => openSink(config, step),
    seen: () => Promise.resolve([...taken.values()].map(seenOf)),
    async remove() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
  return hook;
}

async function read(request: IncomingMessage): Promise<Received> {
  const parts: Uint8Array[] = [];
  for await (const part of request) parts.push(part);
  const headers = request.headers as Record<string, string>;
  return { id: headers["webhook-id"], body: new TextDecoder().decode(concat(parts)), headers };
}

function concat(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function seenOf(body: string): Seen {
  const { type, key, position: { partition, frame, output }, data } = JSON.parse(body);
  assert.equal(type, "tally.output");
  return { partition, frame, output, key, payload: data };
}

describe("a webhook", () => {
  it("tries again when the server is busy, broken or gone, with the same id, and doubles nothing", async () => {
    const hook = await place();
    const answers = [503, 429, "hang up", 409, 500] as const;
    const tries = new Map<string, number>();
    hook.answer = ({ id }) => {
      const count = tries.get(id) ?? 0;
      tries.set(id, count + 1);
      return answers[count] ?? 200;
    };
    const sink = await hook.open();
    await goOn(sink, batches(0, [1]));
    assert.equal(hook.remember().size, 5);
    assert.equal(hook.received.length, 5 * (answers.length + 1));
    assert.deepEqual(await sink.deadLetters!.list(10), []);
    await sink.close();
    await hook.remove();
  });

  it("keeps what is not taken as dead letters, goes on, and sends them again when it is told to", async () => {
    const hook = await place();
    hook.answer = ({ id }) => id === "tally-0-1-2" ? 422 : id === "tally-0-1-3" ? 500 : 200;
    const sink = await openWebhook(hook.config, { triesMax: 3 });
    await goOn(sink, batches(0, [1, 2]));
    assert.equal(hook.remember().size, 8);
    assert.equal(hook.received.filter(({ id }) => id === "tally-0-1-2").length, 1, "422 will not change");
    assert.equal(hook.received.filter(({ id }) => id === "tally-0-1-3").length, 3);
    await sink.close();

    const again = await openWebhook(hook.config, {});
    const letters: SinkDeadLetters = again.deadLetters!;
    assert.deepEqual(await letters.list(10), [
      { id: "tally-0-1-2", reason: "it answered 422", tries: 1 },
      { id: "tally-0-1-3", reason: "it answered 500", tries: 3 },
    ]);
    assert.deepEqual((await letters.list(1)).map(({ id }) => id), ["tally-0-1-2"]);
    assert.equal(await letters.redrive("tally-0-1-2"), "refused");
    assert.equal((await letters.list(10))[0].tries, 2);
    hook.answer = () => 200;
    for (const { id } of await letters.list(10)) assert.equal(await letters.redrive(id), "taken");
    assert.equal(await letters.redrive("tally-0-1-2"), "unknown");
    assert.deepEqual(await letters.list(10), []);
    assert.equal(hook.remember().size, 10);
    await again.close();
    await hook.remove();
  });

  it("sends the outputs of a key one after the other, though some are tried again", async () => {
    const hook = await place();
    let count = 0;
    hook.answer = () => count++ % 3 === 0 ? 503 : 200;
    const sink = await hook.open();
    await goOn(sink, batches(0, [1, 2, 3, 4, 5, 6]));
    const byKey = new Map<string, number[]>();
    for (const { key, frame, output } of [...hook.remember().values()].map(seenOf)) {
      byKey.set(key, [...byKey.get(key) ?? [], frame * 10 + output]);
    }
    assert.equal(byKey.size, 4);
    for (const order of byKey.values()) assert.deepEqual(order, [...order].sort((a, b) => a - b));
    await sink.close();
    await hook.remove();
  });

  it("signs with every secret while they are exchanged", async () => {
    const hook = await place();
    const secret = `${SECRET} whsec_${btoa("another secret of thirty-two by.")}`;
    const sink = await openWebhook({ ...hook.config, secret }, {});
    await goOn(sink, batches(0, [1]));
    for (const { headers } of hook.received) assert.equal(headers["webhook-signature"].split(" ").length, 2);
    assert.equal(hook.remember().size, 5, "the server knows the first of them");
    await sink.close();
    await hook.remove();
  });

  it("follows no redirect, and stops waiting when it is closed", async () => {
    const hook = await place();
    hook.answer = () => 302;
    const sink = await openWebhook(hook.config, {});
    await goOn(sink, batches(0, [1]));
    assert.equal((await sink.deadLetters!.list(10)).length, 5);
    hook.answer = () => 503;
    const slow = await openWebhook(hook.config, { backoff: { firstMs: 1e9, lastMs: 1e9 } });
    const position = (await slow.position(0))!;
    const [, batch] = batches(0, [1, 2]);
    const committing = slow.commit({ ...batch, after: position });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await slow.close();
    await assert.rejects(committing, /it is being closed/);
    await sink.close();
    await hook.remove();
  });

  it("says what is wrong with an address or a secret, and shows neither's hidden part", async () => {
    const config = { kind: "webhook", url: "ftp://x", folder: tmpdir(), secret: SECRET } as const;
    await assert.rejects(openWebhook(config, {}), /must be an http or https address/);
    const bad = { ...config, url: "https://x/y?token=hidden", secret: "" };
    await assert.rejects(openWebhook(bad, {}), (error: Error) => {
      assert.match(error.message, /Cannot use the secret of webhook https:\/\/x\/y: .*openssl/);
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    });
  });
});
