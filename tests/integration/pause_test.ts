/**
 * An owner that is stopped (SIGSTOP: a long pause of its machine) while another takes over, and goes on later
 * where it was: it steps down, and nothing of what it had in flight counts.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "@std/testing/bdd";
import { seeded, seedOf } from "../../actors/random.ts";
import type { LedgerConfig } from "../../deploy/config.ts";
import { startNats } from "../support/nats.ts";
import { amount, CONFIG, System } from "./system.ts";

const ROUNDS = amount(3);
const seed = seedOf(process.env, 1);

describe(`an owner that is stopped while another takes over (seed ${seed})`, () => {
  it("on JetStream: steps down when it goes on, nothing is lost or doubled", async () => {
    const server = await startNats();
    try {
      await relay({ ...CONFIG, ledger: "jetstream", natsUrl: server.url }, "jetstream");
    } finally {
      await server.close();
    }
  });

  it("on SQLite: steps down when it goes on, nothing is lost or doubled", async () => {
    const data = await mkdtemp(join(tmpdir(), "millrace-pause-"));
    try {
      await relay({ ...CONFIG, ledger: "sqlite", data }, "sqlite");
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});

async function relay(config: LedgerConfig, what: string): Promise<void> {
  const random = seeded(`pause ${what} ${seed}`);
  const system = new System(config, random, { onFenced: "stop" });
  try {
    let owner = await system.start();
    for (let round = 0; round < ROUNDS; round++) {
      await system.answered(random.int(1, 1500));
      owner.pause();
      const successor = await system.start();
      await system.answered(random.int(1, 500));
      owner.resume();
      // It may have been idle when it was stopped: it learns of its successor when it next appends.
      system.askAlso(owner);
      await system.answered(500);
      await owner.ended();
      assert.match(owner.said(), /another owner|fenced|Cannot append/i);
      owner = successor;
    }
    await system.settle();
  } finally {
    await system.kill();
  }
}
