/**
 * An owner is killed under load and another process, already running, takes over: with state from a checkpoint
 * and a tail of frames, again and again; nothing acknowledged is lost. How long it takes is tests/bench/failover.ts.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { seeded, seedOf } from "../../actors/random.ts";
import { startNats } from "../support/nats.ts";
import { amount, CONFIG, type Owner, System } from "./system.ts";

const FAILOVERS = amount(4);
const KEYS = 5_000;
const seed = seedOf(process.env, 1);

describe(`an owner is killed and another process takes over (seed ${seed})`, () => {
  for (const ledger of ["sqlite", "jetstream"] as const) {
    it(`on ${ledger}, ${FAILOVERS} times: it serves what the first one knew, nothing acknowledged is lost`, async () => {
      const data = await mkdtemp(join(tmpdir(), "millrace-failover-"));
      const server = ledger === "jetstream" ? await startNats() : undefined;
      const random = seeded(`failover ${ledger} ${seed}`);
      const config = { ...CONFIG, ledger, data, natsUrl: server?.url ?? "" };
      const system = new System(config, random, { keys: KEYS, window: 500 });
      try {
        let owner: Owner = await system.start();
        for (let failover = 0; failover < FAILOVERS; failover++) {
          await system.answered(random.int(1_000, 3_000));
          const successor = await system.standby();
          await Promise.all([owner.kill(), system.handOver(successor)]);
          owner = successor;
        }
        const { events } = await system.settle();
        assert.ok(events > FAILOVERS * 1_000);
      } finally {
        await system.kill();
        await server?.close();
        await rm(data, { recursive: true, force: true });
      }
    });
  }
});
