/** The ledger contract on JetStream, on a real nats-server, and what only this ledger has to show. */
import { after, before, describe, it } from "@std/testing/bdd";
import assert from "node:assert/strict";
import { systemClock } from "../../runtime/adapters/clock.ts";
import { natsLink } from "../../runtime/adapters/jetstream/connection.ts";
import { jetstreamLedger } from "../../runtime/adapters/jetstream/ledger.ts";
import { openJetStream } from "../../runtime/adapters/jetstream/mod.ts";
import type { Durability, Ledger } from "../../runtime/world/ledger.ts";
import { type NatsServer, startNats, startNatsCluster } from "../support/nats.ts";
import { appendAll, collect, ledgerContract, type LedgerPlace, message, numbers, stored } from "./ledger.ts";

const clock = systemClock();

async function place(url: string, remove: () => Promise<void>, durability: Durability): Promise<LedgerPlace> {
  const closers = new Map<Ledger, () => Promise<void>>();
  const open = async () => {
    const link = await natsLink({ servers: url });
    const serverSync = durability === "process" ? "default" : "always";
    const ledger = await jetstreamLedger({ link, clock, prefix: "contract", durability, serverSync });
    closers.set(ledger, () => link.close());
    return ledger;
  };
  return await Promise.resolve({
    open,
    crash: (ledger) => closers.get(ledger)!(),
    async remove() {
      for (const close of closers.values()) await close();
      await remove();
    },
  });
}

ledgerContract("JetStream R1, process", async () => {
  const server = await startNats();
  return place(server.url, server.close, "process");
});

ledgerContract("JetStream R1, fsync", async () => {
  const server = await startNats({ syncInterval: "always" });
  return place(server.url, server.close, "fsync");
});

ledgerContract("JetStream R3, quorum-fsync", async () => {
  const servers = await startNatsCluster({ syncInterval: "always" });
  const remove = async () => {
    for (const server of servers) await server.close();
  };
  return place(servers[0].url, remove, "quorum-fsync");
});

describe("the JetStream ledger", () => {
  let server: NatsServer;
  before(async () => {
    server = await startNats();
  });
  after(() => server.close());
  const options = () => ({ natsUrl: server.url, prefix: "own" });

  it("refuses a profile that the server was not declared to give, and names the setting", async () => {
    for (const durability of ["bounded", "fsync", "quorum-fsync"] as const) {
      await assert.rejects(openJetStream({ ...options(), durability }, clock), /sync_interval|replica/);
    }
  });

  it("refuses quorum-fsync on a single server", async () => {
    const link = await natsLink({ servers: server.url });
    const profile = { durability: "quorum-fsync", serverSync: "always" } as const;
    const ledger = await jetstreamLedger({ link, clock, prefix: "quorum", ...profile });
    await assert.rejects(ledger.open("alone-0"), /cluster|replica/);
    await link.close();
  });

  it("says which server it cannot reach, and how to start one", async () => {
    const nowhere = { natsUrl: "nats://127.0.0.1:1", prefix: "x", durability: "process" } as const;
    await assert.rejects(openJetStream(nowhere, clock), /127\.0\.0\.1:1.*Start a nats-server/);
  });

  it("calls an append unknown when the server dies under it, and reads back afterwards what is stored", async () => {
    const world = await openJetStream({ ...options(), durability: "process" }, clock);
    const chain = await world.ledger.open("dying-0");
    await appendAll(chain, 1, 20);
    const flying = numbers(21, 28).map((i) => chain.append(i - 1, message(i)));
    await server.kill();
    const outcomes = await Promise.all(flying);
    for (const { kind } of outcomes) assert.ok(kind === "stored" || kind === "unknown", kind);
    await server.restart();
    const acknowledged = 20 + outcomes.filter(({ kind }) => kind === "stored").length;
    const { last } = await chain.extent();
    assert.ok(last >= acknowledged, `acknowledged ${acknowledged}, stored ${last}`);
    assert.deepEqual(await collect(chain.read(1)), numbers(1, last).map(stored));
    assert.equal((await chain.append(last, message(last + 1))).kind, "stored");
    await world.close();
  });
});
