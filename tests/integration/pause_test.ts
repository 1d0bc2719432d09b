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
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import type { LedgerConfig } from "../../deploy/config.ts";
import { startNats } from "../support/nats.ts";
import { amount, CONFIG, type Owner, System } from "./system.ts";
import { pauseWhere } from "./write_lock.ts";

const ROUNDS = amount(3);
const seed = seedOf(process.env, 1);

describe(`an owner that is stopped while another takes over (seed ${seed})`, () => {
  it("on JetStream: steps down when it goes on, nothing is lost or doubled", async () => {
    const server = await startNats();
    try {
      const config = { ...CONFIG, ledger: "jetstream", natsUrl: server.url } as const;
      await relay(config, "jetstream", (owner) => owner.pause());
    } finally {
      await server.close();
    }
  });

  it("on SQLite: steps down when it goes on, nothing is lost or doubled", () =>
    onSqlite((config) =>
      relay(config, "sqlite", (owner) => pauseWhere(owner, "between commits", config.data))
    ));

  it("on SQLite within a commit: holds up whoever takes over, which says so, until it goes on or is killed", () =>
    onSqlite(async (config) => {
      const system = new System({ ...config, logLevel: "warn" }, seeded(`lock ${seed}`), {
        onFenced: "stop",
      });
      try {
        for (const end of ["goes on", "is killed"]) {
          const owner = await system.start();
          await system.answered(500);
          await pauseWhere(owner, "within a commit", config.data);
          const successor = system.successor();
          await system.says(/Another process holds .*ledger\.db/, successor);
          if (end === "goes on") owner.resume();
          else await owner.kill();
          await system.tookOver(successor);
          await system.answered(500);
        }
        await system.settle();
      } finally {
        await system.end();
      }
    }));
});

async function onSqlite(use: (config: LedgerConfig) => Promise<void>): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), "millrace-pause-"));
  try {
    await use({ ...CONFIG, ledger: "sqlite", data });
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

async function relay(
  config: LedgerConfig,
  what: string,
  pause: (owner: Owner) => Promise<void> | void,
): Promise<void> {
  const random = seeded(`pause ${what} ${seed}`);
  const system = new System(config, random, { onFenced: "stop" });
  try {
    let owner = await system.start();
    for (let round = 0; round < ROUNDS; round++) {
      await system.answered(random.int(1, 1500));
      await pause(owner);
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
