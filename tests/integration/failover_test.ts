/**
 * Standbys: an owner is killed, stopped or cut off under load, and a process that follows its ledger finds that out
 * and takes over, again and again; nothing acknowledged is lost or doubled, and one process serves. How long it takes
 * is tests/bench/failover.ts. MILLRACE_LONG=50 kills that often.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers";
import { describe, it } from "@std/testing/bdd";
import { seeded } from "../../actors/random.ts";
import { seedOf } from "../support/seed.ts";
import { startNats } from "../support/nats.ts";
import { type Proxy, startProxy } from "./proxy.ts";
import { amount, CONFIG, System } from "./system.ts";
import { pauseWhere } from "./write_lock.ts";

const FAILOVERS = amount(4);
const KEYS = 5_000;
/** Longer than an owner may be silent. */
const QUIET_MS = 5_000;
const seed = seedOf(process.env, 1);
const random = seeded(`failover ${seed}`);

describe(`a standby (seed ${seed})`, () => {
  for (const ledger of ["sqlite", "jetstream"] as const) {
    it(`on ${ledger} takes over when the owner is killed, ${FAILOVERS} times: nothing acknowledged is lost`, async () => {
      await onLedger(ledger, async (system) => {
        let owner = await system.start();
        for (let failover = 0; failover < FAILOVERS; failover++) {
          await system.answered(random.int(1_000, 3_000));
          const successor = await system.standby();
          await owner.kill();
          owner = await system.tookOver(successor);
        }
        await system.answered(500);
      });
    });

    it(`on ${ledger} takes over when the owner is stopped, which is fenced off when it goes on`, async () => {
      await onLedger(ledger, async (system) => {
        const owner = await system.start();
        await system.answered(500);
        const successor = await system.standby();
        await system.answered(random.int(1, 500));
        if (ledger === "sqlite") await pauseWhere(owner, "between commits", system.config.data);
        else owner.pause();
        await system.tookOver(successor);
        await system.answered(500);
        owner.resume();
        system.askAlso(owner);
        await system.answered(500);
        await owner.ended();
        assert.match(owner.said(), REPLACED);
      });
    });

    it(`on ${ledger} has another beside it: one of them takes over, and the other one after it`, async () => {
      await onLedger(ledger, async (system) => {
        const owner = await system.start();
        const standbys = await Promise.all([system.standby(), system.standby()]);
        await system.answered(random.int(1, 500));
        await owner.kill();
        const first = await Promise.race(standbys.map((each) => each.serves.then(() => each)));
        const second = standbys.find((each) => each !== first)!;
        await system.tookOver(first);
        await system.answered(1_000);
        assert.equal(await Promise.race([second.serves.then(() => "both serve"), quiet()]), "quiet");
        await first.kill();
        await system.tookOver(second);
        await system.answered(500);
      });
    });
  }

  it("on jetstream takes over when the owner is cut off, which is fenced off when it is back", async () => {
    await onLedger("jetstream", async (system, natsUrl, { proxy, url }) => {
      const owner = await system.start({ natsUrl: url });
      await system.answered(500);
      const successor = await system.standby({ natsUrl });
      proxy.begin("partition");
      await system.tookOver(successor);
      await system.answered(500);
      proxy.heal();
      system.askAlso(owner);
      await owner.ended();
      assert.match(owner.said(), REPLACED);
    });
  });

  it("on jetstream that is cut off itself lets the owner be, and follows again when it is back", async () => {
    await onLedger("jetstream", async (system, natsUrl, { proxy, url }) => {
      const owner = await system.start({ natsUrl });
      await system.answered(500);
      const standby = await system.standby({ natsUrl: url });
      proxy.begin("partition");
      assert.equal(await Promise.race([standby.serves.then(() => "it serves"), quiet()]), "quiet");
      await system.answered(500);
      proxy.heal();
      await system.answered(500);
      await owner.kill();
      await system.tookOver(standby);
      await system.answered(500);
    });
  });
});

const REPLACED = /another owner|another process took over/i;

function quiet(): Promise<"quiet"> {
  return new Promise((resolve) => setTimeout(() => resolve("quiet"), QUIET_MS));
}

/** At the end nothing acknowledged may be lost, doubled, reordered or changed. */
async function onLedger(
  ledger: "sqlite" | "jetstream",
  use: (system: System, natsUrl: string, line: { proxy: Proxy; url: string }) => Promise<void>,
): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), "millrace-failover-"));
  const server = ledger === "jetstream" ? await startNats() : undefined;
  const natsUrl = server?.url ?? "";
  const proxy = await startProxy(() => server?.port ?? 0, random);
  const load = { keys: KEYS, window: 500, onFenced: "stop" } as const;
  const system = new System({ ...CONFIG, ledger, data, natsUrl }, random, load);
  try {
    await use(system, natsUrl, { proxy, url: `nats://127.0.0.1:${proxy.port}` });
    const { events } = await system.settle();
    assert.ok(events > 500);
  } finally {
    await system.end();
    await proxy.close();
    await server?.close();
    await rm(data, { recursive: true, force: true });
  }
}
