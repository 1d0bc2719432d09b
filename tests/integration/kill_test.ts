/** kill -9 of the runtime, and of a real nats-server, under load: nothing acknowledged is lost or doubled. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { seeded, seedOf } from "../../actors/random.ts";
import type { LedgerConfig } from "../../deploy/config.ts";
import { startNats } from "../support/nats.ts";
import { Killed } from "./killed.ts";

const KILLS = 10;
const seed = seedOf(process.env, 1);
const BASE = {
  durability: "process",
  natsUrl: "",
  natsCredentials: "",
  natsSync: "default",
  prefix: "millrace",
  logLevel: "silent",
} as unknown as LedgerConfig;

describe(`kill -9 (seed ${seed})`, () => {
  it(`of the runtime on SQLite, ${KILLS} times: nothing lost, nothing doubled`, async () => {
    const data = await mkdtemp(join(tmpdir(), "millrace-kill-"));
    const random = seeded(`kill sqlite ${seed}`);
    const killed = new Killed({ ...BASE, ledger: "sqlite", data }, random);
    try {
      await killed.start();
      for (let kill = 0; kill < KILLS; kill++) {
        await killed.answered(random.int(1, 3000));
        await killed.kill();
        await killed.start();
      }
      await killed.drain();
      await killed.kill();
      assert(await killed.verify() > KILLS);
    } finally {
      await killed.kill().catch(() => {});
      await rm(data, { recursive: true, force: true });
    }
  });

  for (const half of ["first", "second"]) {
    it(`of the runtime and of nats-server, ${KILLS / 2} times each (${half} half): nothing lost or doubled`, async () => {
      const server = await startNats();
      const random = seeded(`kill jetstream ${seed} ${half}`);
      const killed = new Killed({ ...BASE, ledger: "jetstream", data: "", natsUrl: server.url }, random);
      try {
        await killed.start();
        for (let kill = 0; kill < KILLS / 2; kill++) {
          await killed.answered(random.int(1, 3000));
          await killed.kill();
          await killed.start();
          await killed.answered(random.int(1, 3000));
          await server.kill();
          await server.restart();
        }
        await killed.drain();
        await killed.kill();
        assert(await killed.verify() > KILLS);
      } finally {
        await killed.kill().catch(() => {});
        await server.close();
      }
    });
  }
});
