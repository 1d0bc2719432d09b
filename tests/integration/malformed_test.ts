/**
 * Malformed input: 100,000 damaged events and bodies through the runtime, HTTP and NATS, and a fixed corpus.
 * Each has its answer, none is an error of the server's own, nothing restarts or is quarantined, memory does
 * not grow by more than 64 MiB, and good events are decided as before.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { setImmediate } from "node:timers";
import { describe, it } from "@std/testing/bdd";
import { create, toBinary } from "@bufbuild/protobuf";
import { fraud } from "../../actors/payments/payments.ts";
import { PaymentEventSchema } from "../../actors/payments/gen/payment_pb.ts";
import { type Seeded, seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { tally } from "../../actors/tally/tally.ts";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { memoryNetwork } from "../../runtime/adapters/memory/network.ts";
import { systemRandom } from "../../runtime/adapters/random.ts";
import { httpApp } from "../../runtime/ingress/http.ts";
import { serveNats } from "../../runtime/ingress/nats.ts";
import type { Outcome, Runtime } from "../../runtime/mod.ts";
import { collectGarbage } from "../support/memory.ts";
import { keyBytes, memoryWorld, running, tallyEvent, tallyState } from "../support/world.ts";

const EVENTS = 80_000;
const BODIES = 15_000;
const REQUESTS = 5_000;
const GROWTH_BYTES_MAX = 64 * 1024 * 1024;
const seed = seedOf(process.env, 1);
const topology = { pipelines: [{ ...tally, partitions: 2 }, fraud] };
const TEXT = new TextEncoder();

const payment = toBinary(
  PaymentEventSchema,
  create(PaymentEventSchema, {
    event: {
      case: "payment",
      value: {
        card: "4319400000000001",
        bin: "431940",
        amount: 1200n,
        currency: "INR",
        at: 1_700_000_000_000_000n,
        merchant: "grocery_pos-1",
        category: "grocery_pos",
      },
    },
  }),
);

const JSON_SAMPLES = [
  '{"key":"a","amount":"5","at":1700000000000000,"note":"x"}',
  '{"payment":{"card":"4319400000000001","bin":"431940","amount":"1200","currency":"INR","at":"1700000000000000"}}',
  `{"key":${"[".repeat(500)}${"]".repeat(500)}}`,
  '{"key":"\\ud800","amount":1e400,"__proto__":{"x":1},"constructor":null}',
];

/** What once broke a parser somewhere. */
const CORPUS: (string | Uint8Array)[] = [
  "",
  " ",
  "null",
  "[]",
  '"text"',
  "-0",
  "{",
  '{"key":}',
  '{"key":"a","key":"b"}',
  '{"key":null,"amount":null}',
  '{"amount":"9223372036854775808","key":"a"}',
  '{"amount":9007199254740993,"key":"a"}',
  '{"amount":"-9223372036854775809","key":"a"}',
  '{"amount":1.5,"key":"a"}',
  '{"amount":"0x10","key":"a"}',
  '{"amount":NaN,"key":"a"}',
  '{"key":"a","amount":1}garbage',
  '{"key":"a","unknown":1}',
  `{"key":"${"k".repeat(100_000)}","amount":1}`,
  `${"[".repeat(100_000)}`,
  `${'{"a":'.repeat(20_000)}`,
  '{"__proto__":{"key":"a"},"amount":1}',
  '{"toString":1,"key":"a"}',
  "\ufeff{}",
  Uint8Array.of(0xff, 0xfe, 0x00),
  Uint8Array.of(0xc0, 0x80),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0x0a),
  Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f),
  Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
  Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80),
  Uint8Array.of(0x0b, 0x0b, 0x0b, 0x0c),
  Uint8Array.of(0x00, 0x00),
  Uint8Array.of(0x0e, 0x01),
  Uint8Array.of(0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01),
  new Uint8Array(70_000),
];

describe(`malformed input (seed ${seed})`, () => {
  it(`${EVENTS} damaged events are decided or rejected, and none stops the runtime`, async () => {
    const random = seeded(`events ${seed}`);
    await surviving(async (runtime) => {
      const kinds = new Map<string, number>();
      for (let i = 0; i < EVENTS; i++) {
        const [name, sample] = random.pick(
          [["tally", tallyEvent("key", 7, "note")], ["fraud", payment]] as const,
        );
        const event = damaged(random, sample);
        let kind: string | undefined;
        const admission = runtime.offer(name, event, {}, (outcome) => {
          count(kinds, outcome.kind);
          if (outcome.kind === "unknown") throw outcome.cause;
        });
        if (admission !== "admitted") kind = admission;
        if (admission === "full") {
          i--;
          await new Promise((resolve) => setImmediate(resolve));
        } else if (kind) count(kinds, kind);
        if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      for (const kind of ["decided", "rejected", "no-key"]) {
        assert.ok(kinds.get(kind)! > 1000, `few were ${kind}`);
      }
    });
  });

  it(`${BODIES} damaged bodies over HTTP, and a corpus, have an answer that is no error of the server`, async () => {
    const random = seeded(`bodies ${seed}`);
    const errors: unknown[] = [];
    const log = { info() {}, warn() {}, error: (...line: unknown[]) => void errors.push(line) };
    await surviving(async (runtime) => {
      const app = httpApp(runtime, {
        clock: systemClock(),
        random: systemRandom(),
        log,
        eventBytesMax: 65_536,
      });
      const types = ["application/json", "application/x-ndjson", "application/x-protobuf"];
      const send = async (body: Uint8Array, path: string, type: string) => {
        const headers = { "content-type": type };
        const response = await app.request(path, {
          method: "POST",
          headers,
          body: body as Uint8Array<ArrayBuffer>,
        });
        await response.arrayBuffer();
        assert.ok(response.status < 500, `${response.status} for ${path} ${body.slice(0, 100)}`);
      };
      const paths = ["tally", "fraud"].flatMap((name) => [`/v1/${name}/decide`, `/v1/${name}/events`]);
      for (const each of CORPUS) {
        const body = typeof each === "string" ? TEXT.encode(each) : each;
        for (const path of paths) for (const type of types) await send(body, path, type);
      }
      const samples = [
        ...JSON_SAMPLES.map((text) => TEXT.encode(text)),
        payment,
        tallyEvent("key", 7, "note"),
      ];
      for (let i = 0; i < BODIES; i++) {
        await send(damaged(random, random.pick(samples)), random.pick(paths), random.pick(types));
      }
    });
    assert.deepEqual(errors, []);
  });

  it(`${REQUESTS} damaged requests over NATS have an answer that is no error of the server`, async () => {
    const random = seeded(`requests ${seed}`);
    const network = memoryNetwork({ clock: systemClock() });
    await surviving(async (runtime) => {
      const served = await serveNats(runtime, network, {
        log: { info() {}, warn() {}, error: console.error },
      });
      for (let i = 0; i < REQUESTS; i++) {
        const name = random.pick(["tally", "fraud"]);
        const json = random.chance(0.5);
        const sample = json
          ? TEXT.encode(random.pick(JSON_SAMPLES))
          : name === "tally"
          ? tallyEvent("k", 1)
          : payment;
        const headers: Record<string, string> = json ? { "Content-Type": "application/json" } : {};
        const reply = await network.request(`millrace.${name}.decide.x`, damaged(random, sample), headers);
        assert.ok(Number(reply.headers["Nats-Service-Error-Code"] ?? 200) < 500);
      }
      await served.close();
    });
  });
});

/** Runs `use` on a runtime that must come out of it whole, and decide as before. */
async function surviving(use: (runtime: Runtime) => Promise<void>): Promise<void> {
  await running(topology, memoryWorld(), async (runtime) => {
    const decide = () => runtime.submit("tally", tallyEvent("sound", 1));
    for (let i = 0; i < 50; i++) await decide();
    const before = heapBytes();
    await use(runtime);
    const grown = heapBytes() - before;
    const after: Outcome = await decide();
    assert.equal(after.kind, "decided");
    assert.equal(tallyState(await runtime.query("tally", keyBytes("sound")))!.count, 51n);
    for (const { restarts, counts, lastError } of runtime.status().partitions) {
      assert.deepEqual([restarts, counts.quarantined, lastError], [0, 0, undefined]);
    }
    assert.ok(grown < GROWTH_BYTES_MAX + keptBytes(runtime), `memory grew by ${grown} bytes`);
  });
}

/** What the ledger in memory keeps of it all is no growth of the runtime's. */
function keptBytes(runtime: Runtime): number {
  return 2 * runtime.status().partitions.reduce((sum, { counts }) => sum + counts.frameBytes, 0);
}

function heapBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A copy with bytes changed, dropped, doubled or moved, and often cut. */
function damaged(random: Seeded, sample: Uint8Array): Uint8Array {
  let bytes = sample.slice();
  for (let n = random.int(0, 4); n > 0 && bytes.length > 0; n--) {
    const at = random.int(0, bytes.length - 1);
    switch (random.int(0, 4)) {
      case 0:
        bytes[at] = random.int(0, 255);
        break;
      case 1:
        bytes[at] ^= 1 << random.int(0, 7);
        break;
      case 2:
        bytes = Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(random.int(at, bytes.length)));
        break;
      case 3:
        bytes = Uint8Array.of(
          ...bytes.subarray(0, at),
          ...bytes.subarray(0, random.int(0, 20)),
          ...bytes.subarray(at),
        );
        break;
      case 4:
        bytes[at] = random.pick([0x00, 0x7f, 0x80, 0xff]);
    }
  }
  return random.chance(0.2) ? bytes.subarray(0, random.int(0, bytes.length)) : bytes;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
