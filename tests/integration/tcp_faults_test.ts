/**
 * A bad network between the runtime and a real nats-server, under load: each kind of fault, then its relief.
 * Nothing acknowledged is lost, doubled or reordered, and answers come again. MILLRACE_LONG=500 does each kind
 * that often.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { startNats } from "../support/nats.ts";
import { startProxy, TCP_FAULTS } from "./proxy.ts";
import { amount, CONFIG, System } from "./system.ts";

const ROUNDS = amount(1);
const FAULT_MS = 1_200;
const seed = seedOf(process.env, 1);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe(`the network to the ledger (seed ${seed})`, () => {
  for (const fault of TCP_FAULTS) {
    it(`may have ${fault}, ${ROUNDS} times: nothing acknowledged is lost or doubled, and answers come again`, async () => {
      const server = await startNats();
      const random = seeded(`tcp ${fault} ${seed}`);
      const proxy = await startProxy(() => server.port, random);
      const natsUrl = `nats://127.0.0.1:${proxy.port}`;
      const system = new System({ ...CONFIG, ledger: "jetstream", natsUrl }, random);
      try {
        await system.start();
        for (let round = 0; round < ROUNDS; round++) {
          await system.answered(random.int(1, 1000));
          const before = proxy.hits;
          proxy.begin(fault);
          await pause(random.int(FAULT_MS / 4, FAULT_MS));
          for (let waits = 0; proxy.hits === before && waits < 6_000; waits++) await pause(10);
          assert.ok(proxy.hits > before, "the fault met something");
          proxy.heal();
          await system.answered(500);
        }
        // The ledger is read back from the server itself.
        await system.settle(`nats://127.0.0.1:${server.port}`);
      } finally {
        await system.kill();
        await proxy.close();
        await server.close();
      }
    });
  }
});
