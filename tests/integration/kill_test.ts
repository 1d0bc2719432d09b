/**
 * kill -9 of the runtime and of real nats-servers, under load: lost = duplicated = out of order = 0, and every
 * repeat of an id has the first answer. MILLRACE_LONG=1000 kills that often in each.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { startNats, startNatsCluster } from "../support/nats.ts";
import { amount, CONFIG, System } from "./system.ts";

const SQLITE_KILLS = amount(8);
const R1_KILLS = amount(8);
const R3_KILLS = amount(4);
/** Most answers between two kills. */
const BETWEEN = 2_500;
const seed = seedOf(process.env, 1);

describe(`kill -9 (seed ${seed})`, () => {
  it(`of the runtime on SQLite, ${SQLITE_KILLS} times: nothing acknowledged is lost or doubled`, async () => {
    const data = await mkdtemp(join(tmpdir(), "millrace-kill-"));
    const random = seeded(`kill sqlite ${seed}`);
    const system = new System({ ...CONFIG, ledger: "sqlite", data }, random);
    try {
      await system.start();
      for (let kill = 0; kill < SQLITE_KILLS; kill++) {
        await system.answered(random.int(1, BETWEEN));
        await system.kill();
        await system.start();
      }
      assert((await system.settle()).events > SQLITE_KILLS);
    } finally {
      await system.kill();
      await rm(data, { recursive: true, force: true });
    }
  });

  it(`of the runtime and of nats-server, ${R1_KILLS} times: nothing acknowledged is lost or doubled`, async () => {
    const server = await startNats();
    const random = seeded(`kill jetstream ${seed}`);
    const system = new System({ ...CONFIG, ledger: "jetstream", natsUrl: server.url }, random);
    try {
      await system.start();
      for (let kill = 0; kill < R1_KILLS; kill++) {
        await system.answered(random.int(1, BETWEEN));
        if (kill % 2 === 0) {
          await system.kill();
          await system.start();
        } else {
          await server.kill();
          await server.restart();
        }
      }
      assert((await system.settle()).events > R1_KILLS);
    } finally {
      await system.kill();
      await server.close();
    }
  });

  it(`of the runtime and of each of three nats-servers, ${R3_KILLS} times: nothing acknowledged is lost`, async () => {
    const servers = await startNatsCluster({ syncInterval: "always" });
    const random = seeded(`kill cluster ${seed}`);
    const natsUrl = servers.map(({ url }) => url).join(",");
    const quorum = { ledger: "jetstream", durability: "quorum-fsync", natsSync: "always", natsUrl } as const;
    const system = new System({ ...CONFIG, ...quorum }, random);
    try {
      await system.start();
      for (let kill = 0; kill < R3_KILLS; kill++) {
        await system.answered(random.int(1, BETWEEN / 5));
        if (kill % 3 === 2) {
          await system.kill();
          await system.start();
        } else {
          const server = servers[random.int(0, 2)];
          await server.kill();
          await system.answered(random.int(1, BETWEEN / 5)); // two of three go on
          await server.restart();
        }
      }
      assert((await system.settle()).events > R3_KILLS);
    } finally {
      await system.kill();
      for (const server of servers) await server.close();
    }
  });

  it("of the runtime while 10,000 keys are each asked again and again: each has one effect", async () => {
    const data = await mkdtemp(join(tmpdir(), "millrace-kill-"));
    const random = seeded(`kill repeats ${seed}`);
    const options = { keys: 10_000, window: 500, repeats: 0.5 };
    const system = new System({ ...CONFIG, ledger: "sqlite", data }, random, options);
    try {
      await system.start();
      while (system.planned.length < 10_000) {
        await system.answered(2_500);
        await system.kill();
        await system.start();
      }
      const { events } = await system.settle();
      assert(system.told.length > events * 1.3, `${system.told.length} answers to ${events} events`);
    } finally {
      await system.kill();
      await rm(data, { recursive: true, force: true });
    }
  });
});
