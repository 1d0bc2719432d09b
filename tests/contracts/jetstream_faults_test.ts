/** What a real nats-server does to its ledger's writers: killed, paused, full, taken over, or wrongly set up. */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { type NatsLink, natsLink } from "../../runtime/adapters/jetstream/connection.ts";
import { jetstreamLedger, type JetStreamLedgerOptions } from "../../runtime/adapters/jetstream/ledger.ts";
import type { Appended, Chain, Ledger } from "../../runtime/world/ledger.ts";
import { type NatsServer, startNats } from "../support/nats.ts";
import { appendAll, collect, message, numbers, stored } from "./ledger.ts";

const clock = systemClock();
const KILLS = 5;

describe("JetStream's faults", () => {
  let server: NatsServer;
  let link: NatsLink;
  before(async () => {
    server = await startNats();
    link = await natsLink({ servers: server.url });
  });
  after(async () => {
    await link.close();
    await server.close();
  });
  const open = (options: Partial<JetStreamLedgerOptions> = {}): Promise<Ledger> =>
    jetstreamLedger({ link, clock, prefix: "faults", ...options });

  it(`loses nothing acknowledged over ${KILLS} kills of the server, and doubles nothing`, async () => {
    const chain = await (await open()).open("killed-0");
    let acknowledged = 0;
    for (let round = 0; round < KILLS; round++) {
      let answers = 0, isOver = false;
      const load = loadUntilBroken(chain, () => answers++).finally(() => isOver = true);
      while (!isOver && answers < 20 + 15 * round) await clock.sleep(1);
      await server.kill("SIGKILL");
      acknowledged = Math.max(acknowledged, await load);
      await server.restart();
      const { last } = await chain.extent();
      assert.ok(last >= acknowledged, `round ${round}: ${acknowledged} acknowledged, ${last} stored`);
      assert.deepEqual(await collect(chain.read(1)), numbers(1, last).map(stored));
    }
    assert.ok(acknowledged > KILLS, `only ${acknowledged} appends were made`);
  });

  it("calls an append unknown when the server is paused, and the fence settles it afterwards", async () => {
    const chain = await (await open({ timeoutMs: 2_000 })).open("paused-0");
    await appendAll(chain, 1, 3);
    await server.pause();
    const outcome = await chain.append(3, message(4));
    server.resume();
    assert.equal(outcome.kind, "unknown");
    // Whether the late append got in or not: one of the two at this place, never both.
    const again = await chain.append(3, message(4));
    assert.ok(again.kind === "fenced" || again.kind === "stored", again.kind);
    assert.deepEqual(await collect(chain.read(1)), numbers(1, 4).map(stored));
  });

  it("fails an append while there is no connection, without waiting", async () => {
    const chain = await (await open()).open("away-0");
    await appendAll(chain, 1, 1);
    await server.kill();
    await broken(link);
    const outcome = await chain.append(1, message(2));
    assert.equal(outcome.kind, "failed");
    assert.match(
      outcome.kind === "failed" ? outcome.cause.message : "",
      /no connection.*Start a nats-server/,
    );
    await server.restart();
    assert.deepEqual(await chain.extent(), { first: 1, last: 1 });
    assert.equal((await chain.append(1, message(2))).kind, "stored");
  });

  it("tries another connection where one is taken and never answered", async () => {
    const lines: Socket[] = [];
    const listener = createServer((line) => {
      lines.push(line);
      line.on("error", () => {});
      if (lines.length === 2) return; // as of a server that is killed in this moment
      const beyond = connect(server.port, "127.0.0.1");
      beyond.on("error", () => {});
      line.pipe(beyond).pipe(line);
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const { port } = listener.address() as AddressInfo;
    const through = await natsLink({ servers: `nats://127.0.0.1:${port}` });
    lines[0].destroy();
    await broken(through);
    for (let waits = 0; !through.connected; waits++) {
      assert.ok(waits < 2, "it waits for the answer that never comes");
      await through.ready();
    }
    assert.ok(lines.length >= 3);
    await through.close();
    for (const line of lines) line.destroy();
    listener.close();
  });

  it("fails appends beyond the space a chain may take, and what is in flight behind them", async () => {
    const chain = await (await open({ chainBytesMax: 200_000 })).open("full-0");
    const large = new Uint8Array(90_000);
    assert.equal((await chain.append(0, large)).kind, "stored");
    assert.equal((await chain.append(1, large)).kind, "stored");
    const outcomes = await Promise.all([
      chain.append(2, large),
      chain.append(3, large),
      chain.append(4, large),
    ]);
    assert.deepEqual(outcomes.map(({ kind }) => kind), ["failed", "failed", "failed"]);
    assert.match(
      JSON.stringify(outcomes.map((it) => it.kind === "failed" && it.cause.message)),
      /maximum bytes/,
    );
    assert.deepEqual(await chain.extent(), { first: 1, last: 2 });
    await chain.purge(1);
    assert.equal((await chain.append(2, large)).kind, "stored");
  });

  it("opens a new chain when appends reach it, however late word of it comes to our server", async () => {
    const own = await natsLink({ servers: server.url });
    const publish = own.nc.publish.bind(own.nc);
    let early = 3;
    own.nc.publish = (subject, payload, options) => {
      const isAstray = subject.startsWith("millrace.ledger.") && early-- > 0;
      publish(isAstray ? "where.nobody.listens" : subject, payload, options);
    };
    const ledger = await open({ link: own });
    const chain = await ledger.open("late-0");
    assert.deepEqual(await chain.append(0, message(1)), { kind: "stored", sequence: 1 });
    assert.ok(early < 0, "no append went astray");
    await own.close();
  });

  it("bounds what is in flight", async () => {
    const chain = await (await open()).open("bounded-0");
    const outcomes = await Promise.all(numbers(1, 1100).map((i) => chain.append(i - 1, message(i))));
    assert.equal(outcomes.filter(({ kind }) => kind === "stored").length, 1024);
    assert.equal(outcomes.filter(({ kind }) => kind === "failed").length, 1100 - 1024);
  });

  it("refuses a stream that would not keep the ledger's promises, and says what is wrong with it", async () => {
    await link.jsm.streams.add({
      name: "MILLRACE_faults_wrong-0",
      subjects: ["millrace.ledger.faults.wrong-0"],
      retention: RetentionPolicy.Limits,
      storage: StorageType.Memory,
      discard: DiscardPolicy.Old,
      max_age: 3_600_000_000_000,
    });
    const ledger = await open();
    await assert.rejects(
      ledger.open("wrong-0"),
      /Cannot open chain wrong-0 .*storage is memory, not file.*discard is old, not new.*max_age.*another prefix/,
    );
  });

  it("keeps ledgers of different prefixes apart, also where one prefix begins another", async () => {
    const one = await open({ prefix: "same" });
    const two = await open({ prefix: "sameagain" });
    await appendAll(await one.open("apart-0"), 1, 2);
    await appendAll(await two.open("apart-0"), 1, 5);
    await two.open("apart-1");
    assert.deepEqual(await one.chains(), ["apart-0"]);
    assert.deepEqual(await two.chains(), ["apart-0", "apart-1"]);
    assert.deepEqual(await (await one.open("apart-0")).extent(), { first: 1, last: 2 });
  });
});

/** Appends with eight in flight until one is not stored; gives the last sequence acknowledged. */
async function loadUntilBroken(chain: Chain, onStored: () => void): Promise<number> {
  let { last } = await chain.extent();
  let acknowledged = 0;
  const window: Promise<Appended>[] = [];
  while (true) {
    window.push(chain.append(last, message(++last)));
    if (window.length < 8) continue;
    const outcome = await window.shift()!;
    if (outcome.kind !== "stored") break;
    acknowledged = outcome.sequence;
    onStored();
  }
  for (const outcome of await Promise.all(window)) {
    assert.notEqual(outcome.kind, "stored", "nothing behind an append that was not stored is stored");
  }
  return acknowledged;
}

async function broken(link: NatsLink): Promise<void> {
  while (link.connected) await clock.sleep(5);
}
